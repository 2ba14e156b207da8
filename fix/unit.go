package fix

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/quadlet"
)

// unitDocument reads a unit; nil for what is none.
func unitDocument(path string, text []byte, version string) *document {
	assignments, ok := quadlet.Assignments(path, text)
	if !ok {
		return nil
	}
	section := quadlet.Section(path)
	if strings.HasSuffix(path, ".conf") { // a drop-in: DIRECTORY/NAME.container.d/x.conf, or container.d
		section = "Container"
		if strings.Contains(path, "pod.d/") {
			section = "Pod"
		}
	}
	d := &document{path: path, text: text, version: version, isUnit: true,
		place: endOfSection(text, assignments, section)}
	for i, a := range assignments {
		reset := slices.ContainsFunc(assignments[i+1:], func(b quadlet.Assignment) bool {
			return b.Section == section && b.Key == a.Key && b.Value == "" && quadlet.Repeats(a.Key)
		})
		if a.Section != section || a.Value == "" || reset {
			continue
		}
		g := group{key: a.Key, from: offsetOf(text, a.Line, 1), to: offsetOf(text, a.EndLine+1, 1),
			sole: len(a.Words) == 1}
		span := func(w quadlet.Word) (int, int) {
			return offsetOf(text, w.Line, w.Column), offsetOf(text, w.Line, w.EndColumn)
		}
		add := func(flag, value string, first, last quadlet.Word) {
			o := occurrence{flag: flag, value: value, group: len(d.groups)}
			o.from, _ = span(first)
			o.wordFrom, o.wordTo = span(last)
			o.to = o.wordTo
			if g.sole {
				o.from = min(o.from, offsetOf(text, a.Line, a.Column))
			}
			d.occurrences = append(d.occurrences, o)
		}
		switch flag := quadlet.FlagOf(a.Key); {
		case a.Key == "PodmanArgs":
			var words []string
			for _, w := range a.Words {
				words = append(words, w.Text)
			}
			options, err := command.Flags(words, section == "Pod")
			if err != nil {
				continue
			}
			for _, o := range options {
				add(o.Name, o.Value, a.Words[o.Index], a.Words[o.ValueIndex])
			}
		case flag == "":
			continue
		default:
			for _, w := range a.Words {
				add(flag, quadlet.OptionOf(a.Key, w.Text), w, w)
			}
		}
		d.groups = append(d.groups, g)
	}
	return d
}

// endOfSection returns the offset of the line behind the last assignment of a section, or behind its header.
func endOfSection(text []byte, assignments []quadlet.Assignment, section string) int {
	last := 0
	for _, a := range assignments {
		if a.Section == section {
			last = max(last, a.EndLine)
		}
	}
	if last == 0 {
		for i, line := range strings.Split(string(text), "\n") {
			if strings.TrimSpace(line) == "["+section+"]" {
				last = i + 1
			}
		}
	}
	return offsetOf(text, last+1, 1)
}
