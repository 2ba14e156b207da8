package fix

import (
	"bytes"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// scriptDocument reads the command line of a script that stands at a place; nil where there is none.
func scriptDocument(path string, text []byte, place podman.Origin) *document {
	for _, call := range (command.Script{File: path, Text: string(text)}).Calls() {
		for i, w := range call.Words {
			if w.Origin.Line != place.Line || w.Origin.Column != place.Column || w.Text != "run" && w.Text != "create" {
				continue
			}
			if commented(text, call.Spans) {
				return nil
			}
			d := &document{path: path, text: text, place: call.Spans[i][1], separator: " "}
			if i+1 < len(call.Spans) { // one option a line stays so
				between := string(text[call.Spans[i][1]:call.Spans[i+1][0]])
				continued := strings.Contains(strings.ReplaceAll(between, "\r", ""), "\\\n")
				if continued && strings.Trim(between, " \t\r\n\\") == "" {
					d.separator = between
				}
			}
			for _, o := range call.Options {
				if o.Index < i { // podman's own, before the subcommand
					continue
				}
				d.occurrences = append(d.occurrences, occurrence{
					flag: o.Name, value: o.Value, group: -1,
					from: call.Spans[o.Index][0], to: call.Spans[o.ValueIndex][1],
					wordFrom: call.Spans[o.ValueIndex][0], wordTo: call.Spans[o.ValueIndex][1],
				})
			}
			return d
		}
	}
	return nil
}

// commented reports whether there is a comment among the words of a command line: where it ends is not certain enough
// to edit around it.
func commented(text []byte, spans [][2]int) bool {
	for i := 1; i < len(spans); i++ {
		if bytes.IndexByte(text[spans[i-1][1]:spans[i][0]], '#') >= 0 {
			return true
		}
	}
	return false
}
