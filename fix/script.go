package fix

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/quadlet"
)

// scriptDocument reads the command line of a script, or of a .service unit, that stands at a place; nil where there is
// none.
func scriptDocument(path string, text []byte, place podman.Origin) *document {
	calls := (command.Script{File: path, Text: string(text)}).Calls
	if ext := filepath.Ext(path); ext == ".service" || ext == ".conf" {
		calls = func() []command.Call { return serviceCalls(path, text) }
	}
	for _, call := range calls() {
		for i, w := range call.Words {
			if w.Origin.Line != place.Line || w.Origin.Column != place.Column || w.Text != "run" && w.Text != "create" ||
				w.Given {
				continue
			}
			if commented(text, call.Spans) {
				return nil
			}
			return callDocument(path, text, &call, i)
		}
	}
	return nil
}

// serviceCalls returns the podman command lines of a .service unit. What a shell is given there is none of them.
func serviceCalls(path string, text []byte) []command.Call {
	assignments, _ := quadlet.Assignments(path, text)
	var calls []command.Call
	for _, a := range assignments {
		if a.Section != "Service" || !strings.HasPrefix(a.Key, "ExecStart") {
			continue
		}
		words, spans := make([]command.Word, len(a.Words)), make([][2]int, len(a.Words))
		for i, w := range a.Words {
			words[i] = command.Word{Text: w.Text, Origin: podman.Origin{File: path, Line: w.Line, Column: w.Column}}
			if i == 0 {
				words[i].Text = strings.TrimLeft(w.Text, "-@:+!|")
			}
			spans[i] = [2]int{offsetOf(text, w.Line, w.Column), offsetOf(text, w.Line, w.EndColumn)}
		}
		if call, ok := command.CallIn(words, spans); ok {
			calls = append(calls, call)
		}
	}
	return calls
}

// callDocument makes a document of a command line whose subcommand is the word with an index.
func callDocument(path string, text []byte, call *command.Call, subcommand int) *document {
	d := &document{path: path, text: text, place: call.Spans[subcommand][1], separator: " "}
	if subcommand+1 < len(call.Spans) { // one option a line stays so
		between := string(text[call.Spans[subcommand][1]:call.Spans[subcommand+1][0]])
		continued := strings.Contains(strings.ReplaceAll(between, "\r", ""), "\\\n")
		if continued && strings.Trim(between, " \t\r\n\\") == "" {
			d.separator = between
		}
	}
	for _, o := range call.Options {
		if o.Index < subcommand { // podman's own
			continue
		}
		if w := call.Words[o.ValueIndex]; w.Given || call.Words[o.Index].Given {
			at, span := offsetOf(text, w.Origin.Line, w.Origin.Column), call.Spans[o.ValueIndex]
			if o.Name != "env" || at < span[0] || at >= span[1] || call.Words[o.Index].Given && o.Index != o.ValueIndex {
				d.ofVariables = append(d.ofVariables, w.Origin)
				continue
			}
		}
		d.occurrences = append(d.occurrences, occurrence{
			flag: o.Name, value: o.Value, group: -1,
			from: call.Spans[o.Index][0], to: call.Spans[o.ValueIndex][1],
			wordFrom: call.Spans[o.ValueIndex][0], wordTo: call.Spans[o.ValueIndex][1],
		})
	}
	return d
}

// commented reports whether there is a comment among the words of a command line: where it ends is not certain enough
// to edit around it.
func commented(text []byte, spans [][2]int) bool {
	for i := 1; i < len(spans); i++ {
		from, to := spans[i-1][1], spans[i][0] // several words may be the value of one variable
		if from < to && bytes.IndexByte(text[from:to], '#') >= 0 {
			return true
		}
	}
	return false
}
