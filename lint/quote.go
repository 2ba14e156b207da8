package lint

import (
	"strings"

	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// quote gives each finding the line that it is about, its secrets masked. Of a line with a single key only the key is
// shown; a line in which a rule found a secret and that has no such key is not shown.
func quote(findings []rules.Finding, texts texts) {
	type place struct {
		file string
		line int
	}
	secrets := map[place]bool{}
	for i := range findings {
		if f := &findings[i]; f.Rule.Kind == rules.FixSecret {
			secrets[place{f.Location.File, f.Location.Line}] = true
		}
	}
	lines, masked := map[string][]string{}, map[string][]string{}
	for i := range findings {
		f := &findings[i]
		at := f.Location
		if at.Line == 0 || at.File == f.Definition.Origin.File && at.Line == f.Definition.Origin.Line && at.Column == f.Definition.Origin.Column {
			continue
		}
		text, ok := texts.of(at.File)
		if !ok {
			continue
		}
		if lines[at.File] == nil {
			lines[at.File] = strings.Split(string(text), "\n")
			masked[at.File] = strings.Split(secret.Mask(string(text)), "\n")
		}
		if at.Line > len(lines[at.File]) {
			continue
		}
		line := strings.TrimRight(lines[at.File][at.Line-1], " \t\r")
		safe := strings.TrimRight(masked[at.File][at.Line-1], " \t\r")
		name, value, _ := strings.Cut(line, "=")
		_, named := secret.DetectPair(name, value) // Secret= too, which is a unit's key and holds a name, but may be a variable
		if holds := secrets[place{at.File, at.Line}]; holds || named || safe != line {
			key, _, ok := strings.Cut(safe, "=")
			_, bad := secret.DetectText(key)
			switch {
			case ok && !bad && !strings.ContainsAny(strings.TrimSpace(key), " \t"):
				line = key + "=" + secret.Masked
				if at.Column > len(key)+1 {
					f.Location.Column = len(key) + 2
				}
			case safe == line || holds:
				continue
			default:
				f.Location.Column = columnIn(safe, line, at.Column)
				line = safe
			}
		}
		const widest = 160
		if len(line) > widest {
			if at.Column > widest {
				continue
			}
			line = strings.ToValidUTF8(line[:widest], "") + "…"
		}
		f.Quote = line
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
