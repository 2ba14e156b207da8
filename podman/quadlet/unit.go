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
	if before, _, found := bytes.Cut(data, []byte{0}); found { // systemd ends a line there, Podman's generator does not
		return []podman.Problem{{Origin: podman.Origin{File: file, Line: bytes.Count(before, []byte("\n")) + 1},
			Message: "not a text file: its NUL byte is read by systemd as the end of a line, and by Podman's " +
				"generator as a character", Hint: "remove it"}}
	}
	var problems []podman.Problem
	section, templated := "", false
	for _, l := range logicalLines(data) {
		origin := podman.Origin{File: file, Line: l.first, Column: 1}
		if name, ok := header(l.text); ok && validSection(name) {
			section = name
			if _, ok := u.sections[name]; !ok {
				origin.Column = l.pieces[0].column
				u.sections[name] = origin
				u.order = append(u.order, name)
			}
			continue
		}
		if isTemplate(l.text) {
			if !templated {
				problems = append(problems, podman.Problem{Origin: origin, Warning: true,
					Message: "a line of a template, not of a unit", Hint: "such lines are passed over, what " +
						"stands between them counts; check what the template makes to be sure"})
			}
			templated = true
			continue
		}
		if why := l.wrong(section); why != "" {
			return append(problems, podman.Problem{Origin: origin, Message: why,
				Hint: "Podman's generator rejects the whole unit because of this line"})
		}
		u.assignments = append(u.assignments, l.assignment(file, section))
	}
	return problems
}

// logicalLine is a line of a unit with the lines that continue it, without comments.
type logicalLine struct {
	text        string
	pieces      []piece
	first, last int // the lines of the file, from 1
}

// logicalLines returns the lines that say something. A comment among continued lines is none of them.
func logicalLines(data []byte) []logicalLine {
	var list []logicalLine
	var joined strings.Builder // the logical line so far
	var now logicalLine
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	for i, raw := range lines {
		line := strings.TrimSpace(string(raw))
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		bare := strings.TrimSuffix(line, `\`)
		if joined.Len() == 0 {
			now = logicalLine{first: i + 1}
		}
		indent := bytes.Index(raw, []byte(bare))
		now.pieces = append(now.pieces, piece{joined.Len(), i + 1, max(indent, 0) + 1})
		joined.WriteString(bare)
		if bare != line && i+1 < len(lines) {
			continue
		}
		now.text, now.last = joined.String(), i+1
		joined.Reset()
		if now.text != "" && now.text[0] != '#' && now.text[0] != ';' { // such only after an empty continuation
			list = append(list, now)
		}
	}
	return list
}

// wrong returns why the line is no assignment of a section, empty where it is one.
func (l *logicalLine) wrong(section string) string {
	equals := strings.IndexByte(l.text, '=')
	name, isHeader := header(l.text)
	switch {
	case isHeader:
		return fmt.Sprintf("%q is no name of a section", name)
	case equals <= 0:
		return "neither KEY=VALUE, a [Section] nor a # comment"
	case section == "":
		return "KEY=VALUE before the first [Section]"
	}
	if key := strings.TrimRightFunc(l.text[:equals], unicode.IsSpace); key == "" || key[0] == ' ' {
		return "a value without a key"
	}
	return ""
}

// assignment returns the assignment that the line is.
func (l *logicalLine) assignment(file, section string) assignment {
	equals := strings.IndexByte(l.text, '=')
	key := strings.TrimRightFunc(l.text[:equals], unicode.IsSpace)
	value := strings.TrimLeftFunc(l.text[equals+1:], unicode.IsSpace)
	from := len(l.text) - len(value)
	a := assignment{section: section, key: key, value: value, end: l.last,
		origin: podman.Origin{File: file, Line: l.first, Column: l.pieces[0].column, Field: key}}
	for i, p := range l.pieces {
		if i+1 < len(l.pieces) && l.pieces[i+1].offset <= from {
			continue
		}
		if p.offset < from {
			p.column += from - p.offset
			p.offset = from
		}
		p.offset -= from
		a.pieces = append(a.pieces, p)
	}
	return a
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
