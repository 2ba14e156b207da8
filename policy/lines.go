package policy

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// lines knows the lines of the keys in a TOML file. The TOML library tells them for invalid TOML only.
type lines struct {
	file   string
	text   string
	keys   map[string]podman.Origin   // by the dotted key, the first one
	arrays map[string][]podman.Origin // the headers of arrays of tables
}

func newLines(file, text string) *lines {
	l := &lines{file, text, map[string]podman.Origin{}, map[string][]podman.Origin{}}
	table := ""
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		at := podman.Origin{File: file, Line: i + 1, Column: strings.Index(line, trimmed) + 1}
		switch {
		case strings.HasPrefix(trimmed, "[["):
			table, _, _ = strings.Cut(strings.TrimPrefix(trimmed, "[["), "]]")
			table = unquoted(table)
			l.arrays[table] = append(l.arrays[table], at)
			l.first(table, at)
		case strings.HasPrefix(trimmed, "["):
			table, _, _ = strings.Cut(strings.TrimPrefix(trimmed, "["), "]")
			table = unquoted(table)
			l.first(table, at)
		default:
			key, _, ok := strings.Cut(trimmed, "=")
			if !ok || strings.HasPrefix(trimmed, "#") {
				continue
			}
			key = unquoted(key)
			if table != "" {
				key = table + "." + key
			}
			l.first(key, at)
		}
	}
	return l
}

// tooNested returns the line on which TOML is nested deeper than any configuration, 0 for none: the TOML library takes
// memory that grows with the square of the depth.
func tooNested(text string) int {
	const deepest, longestKey = 20, 50
	line, depth, dots := 1, 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\n':
			line, dots = line+1, 0
		case '#':
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return 0
			}
			i += end - 1
		case '"', '\'':
			end := stringEnd(text[i:])
			line += strings.Count(text[i:i+end], "\n")
			i += end - 1
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		case '.':
			dots++
		}
		if depth > deepest || dots > longestKey {
			return line
		}
	}
	return 0
}

// stringEnd returns how long the TOML string is that a text starts with.
func stringEnd(text string) int {
	quote := text[:1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text, triple) {
		quote = triple
	}
	for i := len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote)
		case text[i] == '\n' && len(quote) == 1: // not closed
			return i
		}
	}
	return len(text)
}

func (l *lines) first(key string, at podman.Origin) {
	if _, ok := l.keys[key]; !ok {
		l.keys[key] = at
	}
}

func unquoted(key string) string {
	parts := strings.Split(key, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(p), `"'`)
	}
	return strings.Join(parts, ".")
}

// of returns where a key is written, or the table that it is in.
func (l *lines) of(key ...string) podman.Origin {
	for n := len(key); n > 0; n-- {
		if at, ok := l.keys[strings.Join(key[:n], ".")]; ok {
			return at
		}
	}
	return podman.Origin{File: l.file}
}

// nth returns where the header of an array's table is, the first being 0.
func (l *lines) nth(array string, n int) podman.Origin {
	if list := l.arrays[array]; n < len(list) {
		return list[n]
	}
	return l.of(array)
}

// within returns where a key of an array's nth table is written: the first such line between its header and the next
// one.
func (l *lines) within(array string, n int, key string) podman.Origin {
	from := l.nth(array, n)
	all := strings.Split(l.text, "\n")
	end := len(all)
	for _, headers := range l.arrays {
		for _, at := range headers {
			if at.Line > from.Line && at.Line-1 < end {
				end = at.Line - 1
			}
		}
	}
	start := min(max(from.Line, 0), len(all))
	i := slices.IndexFunc(all[start:max(start, end)], func(line string) bool {
		name, _, ok := strings.Cut(strings.TrimSpace(line), "=")
		return ok && strings.TrimSpace(name) == key
	})
	if i < 0 {
		return from
	}
	line := all[start+i]
	return podman.Origin{File: l.file, Line: start + i + 1, Column: len(line) - len(strings.TrimLeft(line, " \t")) + 1}
}
