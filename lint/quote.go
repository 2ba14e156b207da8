package lint

import (
	"strings"
	"unicode/utf16"

	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// quote gives each finding the line that it is about, its secrets masked. Of a line with a single key only the key is
// shown; a line in which a rule found a secret and that has no such key is not shown.
func quote(findings []rules.Finding, texts texts) {
	q := quoter{texts: texts, secrets: map[place]bool{}, lines: map[string][]string{}, masked: map[string][]string{}}
	for i := range findings {
		if f := &findings[i]; f.Rule.Kind == rules.FixSecret {
			q.secrets[place{f.Location.File, f.Location.Line}] = true
		}
	}
	for i := range findings {
		q.quote(&findings[i])
	}
}

// place is a line of a file.
type place struct {
	file string
	line int
}

// quoter holds the lines of the files that are quoted, as they are and masked.
type quoter struct {
	texts         texts
	secrets       map[place]bool
	lines, masked map[string][]string
}

func (q *quoter) quote(f *rules.Finding) {
	at, start := f.Location, f.Definition.Origin
	q.place(f)
	if at.Line == 0 || at.File == start.File && at.Line == start.Line && at.Column == start.Column {
		return
	}
	line, masked, ok := q.line(place{at.File, at.Line})
	if !ok {
		return
	}
	name, value, _ := strings.Cut(line, "=")
	// Secret= too, which is a unit's key and holds a name, but may be a variable
	_, named := secret.DetectPair(name, value)
	if holds := q.secrets[place{at.File, at.Line}]; holds || named || masked != line {
		if line, f.Location.Column, ok = shown(line, masked, at.Column, holds); !ok {
			f.Location.Column = at.Column
			return
		}
	}
	const widest = 160
	if len(line) > widest {
		if at.Column > widest {
			return
		}
		line = strings.ToValidUTF8(line[:widest], "") + "…"
	}
	f.Quote = line
}

// place fills in where a finding starts for formats that count UTF-16 code units.
func (q *quoter) place(f *rules.Finding) {
	at := f.Location
	if at.Line == 0 || at.Column == 0 {
		return
	}
	lines, ok := q.linesOf(at.File)
	if !ok || at.Line > len(lines) {
		return
	}
	line := lines[at.Line-1]
	column := 1
	for _, r := range line[:min(at.Column-1, len(line))] {
		column += max(utf16.RuneLen(r), 1)
	}
	f.Start = rules.Place{Line: at.Line, Column: column}
}

// linesOf returns the lines of a file.
func (q *quoter) linesOf(file string) ([]string, bool) {
	text, ok := q.texts.of(file)
	if ok && q.lines[file] == nil {
		q.lines[file] = strings.Split(string(text), "\n")
	}
	return q.lines[file], ok
}

// line returns a line without the blanks at its end, and the same with its secrets masked.
func (q *quoter) line(at place) (line, masked string, ok bool) {
	lines, ok := q.linesOf(at.file)
	if !ok || at.line > len(lines) {
		return "", "", false
	}
	if q.masked[at.file] == nil {
		q.masked[at.file] = strings.Split(secret.Mask(strings.Join(lines, "\n")), "\n")
	}
	const blanks = " \t\r"
	return strings.TrimRight(lines[at.line-1], blanks),
		strings.TrimRight(q.masked[at.file][at.line-1], blanks), true
}

// shown returns what may be seen of a line with a secret, and the column there of one of the line itself. Where a rule
// has found the secret (holds), only a single key may be.
func shown(line, masked string, column int, holds bool) (string, int, bool) {
	key, _, ok := strings.Cut(masked, "=")
	_, bad := secret.DetectText(key)
	switch {
	case ok && !bad && !strings.ContainsAny(strings.TrimSpace(key), " \t"):
		return key + "=" + secret.Masked, min(column, len(key)+2), true
	case masked == line || holds:
		return "", 0, false
	default:
		return masked, columnIn(masked, line, column), true
	}
}

// columnIn returns the column of a masked line for one of the line itself: behind the first mask that is where the mask
// begins.
func columnIn(masked, line string, column int) int {
	same := 0
	for same < len(masked) && same < len(line) && masked[same] == line[same] {
		same++
	}
	return min(column, same+1)
}

// texts holds the contents of files that have been read, and reads others.
type texts struct {
	read  func(path string) ([]byte, error)
	known map[string][]byte
}

func (t texts) of(path string) ([]byte, bool) {
	if text, ok := t.known[path]; ok {
		return text, text != nil
	}
	text, err := t.read(path)
	if err != nil {
		text = nil
	}
	t.known[path] = text
	return text, text != nil
}
