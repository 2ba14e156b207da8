package quadlet

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/containers/podman/v5/pkg/systemd/parser"

	"github.com/podlint/podlint/podman"
)

// unit is a unit file with its drop-ins: what Podman's parser makes of it, and where each of its assignments stands.
//
// Podman's own parser (pkg/systemd/parser) keeps no positions, and joins continuation lines in quadratic time. So the
// lines are read here, by the same rules, and handed to its UnitFile; a fuzz test holds the two readings together.
type unit struct {
	name, path  string
	assignments []assignment
	// sections holds where each section's header stands, the first one of the main file where there is one.
	sections map[string]podman.Origin
	order    []string // of sections
	files    []string // that were read
}

// assignment is one KEY=VALUE of a unit.
type assignment struct {
	section, key, value string
	origin              podman.Origin // of the key
	pieces              []piece       // of the value, in their order
	end                 int           // the last of its lines
}

// piece is a part of a value that stands in one line.
type piece struct {
	offset       int // in the value
	line, column int
}

// at returns where a byte of the value stands.
func (a *assignment) at(offset int) podman.Origin {
	origin := a.origin
	for _, p := range a.pieces {
		if p.offset > offset {
			break
		}
		origin.Line, origin.Column = p.line, p.column+offset-p.offset
	}
	return origin
}

// add reads the lines of a file and appends them, as Podman merges a drop-in.
func (u *unit) add(file string, data []byte) []podman.Problem {
	u.files = append(u.files, file)
	var problems []podman.Problem
	if before, _, found := bytes.Cut(data, []byte{0}); found { // systemd ends a line there, Podman's generator does not
		return []podman.Problem{{Origin: podman.Origin{File: file, Line: bytes.Count(before, []byte("\n")) + 1},
			Message: "not a text file: its NUL byte is read by systemd as the end of a line, and by Podman's " +
				"generator as a character", Hint: "remove it"}}
	}
	section, seen, templated := "", false, false
	var joined strings.Builder // the logical line so far
	var pieces []piece
	start, lineNumber := 0, 0
	data = bytes.TrimSuffix(data, []byte("\n"))
	for rest := data; rest != nil; {
		raw, after, more := bytes.Cut(rest, []byte("\n"))
		rest = after
		if !more {
			rest = nil
		}
		lineNumber++
		line := strings.TrimSpace(string(raw))
		comment := line == "" || line[0] == '#' || line[0] == ';'
		if comment && joined.Len() > 0 {
			continue // a comment among continuation lines
		}
		if !comment {
			continued := strings.HasSuffix(line, `\`)
			if continued {
				line = line[:len(line)-1]
			}
			if joined.Len() == 0 {
				start, pieces = lineNumber, pieces[:0:0]
			}
			indent := bytes.Index(raw, []byte(line))
			pieces = append(pieces, piece{joined.Len(), lineNumber, max(indent, 0) + 1})
			joined.WriteString(line)
			if continued && more {
				continue
			}
			line = joined.String()
			joined.Reset()
		} else {
			start = lineNumber
		}
		if comment || line == "" {
			continue
		}
		fail := func(format string, args ...any) []podman.Problem {
			return append(problems, podman.Problem{Origin: podman.Origin{File: file, Line: start, Column: 1},
				Message: fmt.Sprintf(format, args...),
				Hint:    "Podman's generator rejects the whole unit because of this line"})
		}
		if name, ok := header(line); ok {
			if !validSection(name) {
				return fail("%q is no name of a section", name)
			}
			section, seen = name, true
			if _, ok := u.sections[name]; !ok {
				u.sections[name] = podman.Origin{File: file, Line: start, Column: pieces[0].column}
				u.order = append(u.order, name)
			}
			continue
		}
		if isTemplate(line) {
			if !templated {
				problems = append(problems,
					podman.Problem{Origin: podman.Origin{File: file, Line: start, Column: 1}, Warning: true,
						Message: "a line of a template, not of a unit", Hint: "such lines are passed over, what " +
							"stands between them counts; check what the template makes to be sure"})
			}
			templated = true
			continue
		}
		equals := strings.IndexByte(line, '=')
		if line[0] == '#' || line[0] == ';' { // only after an empty continuation
			continue
		}
		if equals <= 0 {
			return fail("neither KEY=VALUE, a [Section] nor a # comment")
		}
		if !seen {
			return fail("KEY=VALUE before the first [Section]")
		}
		keyEnd := equals
		for keyEnd > 0 && unicode.IsSpace(rune(line[keyEnd-1])) {
			keyEnd--
		}
		if key := line[:keyEnd]; key == "" || key[0] == ' ' {
			return fail("a value without a key")
		}
		from := equals + 1
		for from < len(line) && unicode.IsSpace(rune(line[from])) {
			from++
		}
		a := assignment{section: section, key: line[:keyEnd], value: line[from:],
			origin: podman.Origin{File: file, Line: start, Column: pieces[0].column, Field: line[:keyEnd]},
			end:    lineNumber}
		for i, p := range pieces {
			if i+1 < len(pieces) && pieces[i+1].offset <= from {
				continue
			}
			if p.offset < from {
				p.column += from - p.offset
				p.offset = from
			}
			p.offset -= from
			a.pieces = append(a.pieces, p)
		}
		u.assignments = append(u.assignments, a)
	}
	return problems
}

// isTemplate reports whether a line is a statement of a template from which the unit is made: Jinja's, Handlebars',
// ERB's.
func isTemplate(line string) bool {
	for _, sign := range []string{"{{", "{%", "{#", "<%"} {
		if strings.HasPrefix(line, sign) {
			return true
		}
	}
	return false
}

func header(line string) (string, bool) {
	if line[0] != '[' {
		return "", false
	}
	end := strings.IndexByte(line, ']')
	if end < 0 || strings.Trim(line[end+1:], " \t") != "" {
		return "", false
	}
	return line[1:end], true
}

func validSection(name string) bool {
	if name == "" {
		return false
	}
	for _, c := range name {
		if c == '[' || unicode.IsControl(c) {
			return false
		}
	}
	return true
}

// parsed returns the unit as Podman's code takes it.
func (u *unit) parsed() *parser.UnitFile {
	file := parser.NewUnitFile()
	file.Filename, file.Path = u.name, u.path
	for _, section := range u.order {
		file.Add(section, "podlint", "")
		file.Unset(section, "podlint")
	}
	for i := range u.assignments {
		a := &u.assignments[i]
		file.Add(a.section, a.key, a.value)
	}
	return file
}

// effective returns the assignments of a key that count: those after the last empty one.
func (u *unit) effective(section, key string) []*assignment {
	var found []*assignment
	for i := range u.assignments {
		a := &u.assignments[i]
		if a.section != section || a.key != key {
			continue
		}
		if a.value == "" {
			found = found[:0]
			continue
		}
		found = append(found, a)
	}
	return found
}

// last returns a key's last assignment, nil without one.
func (u *unit) last(section, key string) *assignment {
	for i := len(u.assignments) - 1; i >= 0; i-- {
		if a := &u.assignments[i]; a.section == section && a.key == key {
			return a
		}
	}
	return nil
}

// drop removes a key.
func (u *unit) drop(section, key string) {
	kept := u.assignments[:0]
	for _, a := range u.assignments {
		if a.section != section || a.key != key {
			kept = append(kept, a)
		}
	}
	u.assignments = kept
}
