package quadlet

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/podman/v5/pkg/systemd/quadlet"

	"github.com/podlint/podlint/podman"
)

// Assignment is one KEY=VALUE as it stands in a unit's text, for who edits it.
type Assignment struct {
	Section, Key, Value string
	// Line is the first of its lines and EndLine the last, 1-based.
	Line, EndLine int
	// Column is where the key stands, 1-based, in bytes.
	Column int
	// Words holds the words of a value that is a list of them, and the value as one word else.
	Words []Word
}

// Word is a word of a value.
type Word struct {
	// Text is the word as Podman's parser reads it.
	Text string
	// Line, Column and EndColumn say where it stands: 1-based, in bytes, the end exclusive. A word stands in one line.
	Line, Column, EndColumn int
}

// Assignments returns the assignments of a unit's text, in their order, and false where it is no unit.
func Assignments(path string, data []byte) ([]Assignment, bool) {
	u := &unit{name: filepath.Base(path), path: path, sections: map[string]podman.Origin{}}
	for _, p := range u.add(path, data) {
		if !p.Warning {
			return nil, false
		}
	}
	list := make([]Assignment, len(u.assignments))
	for i := range u.assignments {
		a := &u.assignments[i]
		list[i] = Assignment{Section: a.section, Key: a.key, Value: a.value, Line: a.origin.Line, EndLine: a.end,
			Column: a.origin.Column, Words: a.spans()}
	}
	return list, true
}

// spans returns the words of a value with where they stand.
func (a *assignment) spans() []Word {
	made, known := expansionOf(a.key)
	whole := func() []Word {
		at := a.at(0)
		last := a.at(max(len(a.value)-1, 0))
		end := last.Column + 1
		if last.Line != at.Line { // it goes on in other lines
			end = at.Column
		}
		return []Word{{Text: a.value, Line: at.Line, Column: at.Column, EndColumn: end}}
	}
	if known && made != eachWord && made != eachArg && made != eachPair || a.value == "" {
		return whole()
	}
	texts := splitAs(a.value, max(made, eachWord))
	starts, ends := wordBounds(a.value)
	if len(starts) != len(texts) {
		return whole()
	}
	list := make([]Word, len(texts))
	for i, text := range texts {
		at, last := a.at(starts[i]), a.at(ends[i]-1)
		list[i] = Word{Text: text, Line: at.Line, Column: at.Column, EndColumn: last.Column + 1}
	}
	return list
}

// expansionOf says what the generator makes of a key.
func expansionOf(key string) (expansion, bool) {
	switch key {
	case "PodmanArgs", "GlobalArgs", "ExecStart", "ExecStartPre", "Exec":
		return eachArg, true
	case "Group":
		return lastValue, true
	}
	for _, list := range keysOf {
		for _, k := range list {
			if k.key == key {
				return k.expansion, true
			}
		}
	}
	return lastValue, false
}

// FlagOf returns the flag that a key of [Container] or [Pod] becomes, empty for one that becomes none.
func FlagOf(key string) string {
	if key == "Group" {
		return "user"
	}
	for name, list := range keysOf {
		for _, k := range list {
			if k.key == key {
				return name
			}
		}
	}
	return ""
}

// OptionOf returns what a key's value means as that of the flag: NoNewPrivileges=true is
// --security-opt=no-new-privileges.
func OptionOf(key, value string) string {
	switch key {
	case "NoNewPrivileges":
		if !isTrue(value) {
			return "no-new-privileges=false"
		}
		return "no-new-privileges"
	case "SecurityLabelDisable":
		return "label=disable"
	case "SecurityLabelType":
		return "label=type:" + value
	case "SeccompProfile":
		return "seccomp=" + value
	case "AppArmor":
		return "apparmor=" + value
	case "Unmask":
		return "unmask=" + value
	case "Mask":
		return "mask=" + value
	case "AutoUpdate":
		return "io.containers.autoupdate=" + value
	}
	return value
}

// Repeats reports whether each assignment of a key adds to those before it; of others the last one counts.
func Repeats(key string) bool {
	made, known := expansionOf(key)
	return known && (made == eachValue || made == eachWord || made == eachArg || made == eachPair)
}

// Section returns the section of a unit that holds what becomes flags, empty for what is no unit.
func Section(path string) string { return sections[filepath.Ext(path)] }

// Headers returns the names of the sections that a text has headers of, whether it is a valid unit or not.
func Headers(data []byte) []string {
	var found []string
	for raw := range bytes.SplitSeq(data, []byte("\n")) {
		if line := strings.TrimSpace(string(raw)); line != "" {
			if name, ok := header(line); ok {
				found = append(found, name)
			}
		}
	}
	return found
}

// wordBounds returns the offsets at which the words of a value start and end.
func wordBounds(value string) (starts, ends []int) {
	starts = wordStarts(value)
	for i, start := range starts {
		end := len(value)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		ends = append(ends, start+len(strings.TrimRight(value[start:end], " \t\r\n")))
	}
	return starts, ends
}

// IsBare reports whether a text has nothing but what systemd reads of every unit, if anything: no assignment, or those
// of [Unit], [Service] and [Install]. Podman's generator makes a volume or a network of such a file.
func IsBare(path string, data []byte) bool {
	assignments, ok := Assignments(path, data)
	common := func(name string) bool {
		return name == quadlet.UnitGroup || name == quadlet.ServiceGroup || name == quadlet.InstallGroup ||
			name == quadlet.QuadletGroup
	}
	return ok && !slices.ContainsFunc(assignments, func(a Assignment) bool { return !common(a.Section) }) &&
		!slices.ContainsFunc(Headers(data), func(name string) bool { return !common(name) })
}
