// Package jinja finds what a template fills in, in the Jinja that Ansible, and by the same marks other tools, make
// definitions from. Nothing is evaluated: an expression is unknown, and what a control line decides about is uncertain.
//
// What stands in a template's place has its length, so that a place in the one is the same place in the other.
package jinja

import (
	"regexp"
	"strings"
)

// Kind is a kind of mark.
type Kind uint8

// The kinds of marks.
const (
	// Expression is {{ … }}: a value.
	Expression Kind = iota
	// Control is {% … %}: a condition, a loop, an assignment.
	Control
	// Comment is {# … #}.
	Comment
)

// Mark is a part of a text that a template fills in or goes by: from its first byte to the one behind it.
type Mark struct {
	From, To int
	Kind     Kind
	// Word is the first word of a control: if, for, endif.
	Word string
}

var ends = map[string]string{"{{": "}}", "{%": "%}", "{#": "#}"}

// Unknown reports whether a value is only known when a template is filled in.
func Unknown(text string) bool {
	return strings.Contains(text, "{{") || strings.Contains(text, "{%")
}

// Marks returns the marks of a text in their order. One without an end is none; of what stands between raw and endraw
// nothing is.
func Marks(text string) []Mark {
	var list []Mark
	raw := false
	ended := map[string]bool{} // the ends that do not follow any more: asked for once
	for at := 0; ; {
		next := strings.IndexByte(text[at:], '{')
		if next < 0 || at+next+2 > len(text) {
			return list
		}
		at += next
		start := text[at : at+2]
		end, ok := ends[start]
		if !ok || ended[start] {
			at++
			continue
		}
		length := closed(text[at+2:], end, start != "{#")
		if length < 0 {
			ended[start] = true
			at++
			continue
		}
		m := Mark{From: at, To: at + 2 + length + 2}
		switch start {
		case "{%":
			m.Kind = Control
			if words := strings.Fields(strings.Trim(text[at+2:m.To-2], "-+ \t\r\n")); len(words) > 0 {
				m.Word = words[0]
			}
		case "{#":
			m.Kind = Comment
		}
		if raw && m.Word != "endraw" {
			at += 2
			continue
		}
		raw = m.Word == "raw"
		list, at = append(list, m), m.To
	}
}

// closed returns how far the end is, which does not stand in a string, and -1 where there is none.
func closed(text, end string, strs bool) int {
	const longest = 4096 // a string that goes on for longer is an apostrophe
	quote := byte(0)
	for i := 0; i+1 < min(len(text), longest); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && text[i:i+2] == end:
			return i
		case quote == 0 && strs && (c == '"' || c == '\''):
			quote = c
		}
	}
	return strings.Index(text, end) // an apostrophe of a text without a second one
}

// block returns the index of the mark that ends what a control begins, -1 for one that begins nothing.
func block(marks []Mark, i int) int {
	depth := 0
	for j := i; j < len(marks); j++ {
		switch word := marks[j].Word; {
		case strings.HasPrefix(word, "end"):
			if depth--; depth <= 0 {
				return j
			}
		case begins(word):
			depth++
		case j == i:
			return -1
		}
	}
	return -1
}

func begins(word string) bool {
	switch word {
	case "if", "for", "macro", "call", "filter", "block", "raw":
		return true
	}
	return false
}

// Script returns a shell script with a variable in place of each expression. A control on lines of its own is left out,
// and what it decides about stays, as what an if of the shell decides about does; within a command it is a variable,
// together with all that it decides about.
func Script(text string) string {
	if !Unknown(text) && !strings.Contains(text, "{#") {
		return text
	}
	out := []byte(text)
	marks := Marks(text)
	for i := 0; i < len(marks); i++ {
		m := marks[i]
		end := m
		last := -1
		if m.Kind == Control && begins(m.Word) && m.Word != "raw" {
			if last = block(marks, i); last >= 0 {
				end = marks[last]
			}
		}
		switch {
		case m.Kind == Comment, m.Word == "raw", m.Word == "endraw":
			blank(out[m.From:m.To])
		case m.Kind == Expression, m.Word == "include":
			variable(out[m.From:m.To])
		case last >= 0 && !strings.Contains(text[m.From:end.To], "\n"):
			variable(out[m.From:end.To])
			i = last
		case last >= 0 && continues(out[:m.From]):
			hidden(out, m, end)
			i = last
		default:
			blank(out[m.From:m.To])
		}
	}
	return string(out)
}

// continues reports whether the line before the one that a text ends in is continued.
func continues(before []byte) bool {
	line := strings.TrimRight(string(before[max(0, len(before)-1000):]), " \t")
	if !strings.HasSuffix(line, "\n") {
		return false
	}
	return strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), `\`)
}

// hidden puts a variable in place of lines of a command that are between two controls.
func hidden(out []byte, from, to Mark) {
	at := from.From
	for line := range strings.SplitSeq(string(out[from.From:to.To]), "\n") {
		piece := out[at : at+len(line)]
		at += len(line) + 1
		blank(piece)
		if len(piece) > 0 {
			piece[len(piece)-1] = '\\'
		}
	}
	variable(out[from.From : from.To-1])
	out[from.To-1] = '\\'
}

func blank(piece []byte) {
	for i := range piece {
		if piece[i] != '\n' {
			piece[i] = ' '
		}
	}
}

func variable(piece []byte) {
	for i := range piece {
		piece[i] = 'x'
	}
	copy(piece, "${")
	piece[len(piece)-1] = '}'
}

// Line is a line of a template.
type Line struct {
	// Text is the line with expressions in which nothing stands that ends a word.
	Text string
	// Uncertain is set where the line is there or not, by a condition or a loop.
	Uncertain bool
}

// substitution is what autoconf and its kind put a value for.
var substitution = regexp.MustCompile(`@[A-Za-z_][A-Za-z0-9_]+@`)

// Lines returns the lines of a template, whose controls are left out, and by what stands in them for each expression
// what was written.
func Lines(text string) (lines []Line, written map[string]string) {
	out := []byte(text)
	written = map[string]string{}
	uncertain := map[int]bool{} // offsets of lines
	depth, from := 0, 0
	marks := Marks(text)
	for _, m := range marks {
		if depth > 0 {
			between(text, from, m.From, uncertain)
		}
		from = m.To
		switch {
		case m.Kind == Expression:
			for i := m.From + 2; i < m.To-2; i++ {
				if !isWord(out[i]) && out[i] != '\n' {
					out[i] = '_'
				}
			}
			written[string(out[m.From:m.To])] = text[m.From:m.To]
			if depth > 0 {
				between(text, m.From, m.To, uncertain)
			}
			continue
		case strings.HasPrefix(m.Word, "end"):
			depth = max(0, depth-1)
		case begins(m.Word) && m.Word != "raw":
			depth++
		}
		blank(out[m.From:m.To])
	}
	for _, at := range substitution.FindAllIndex(out, -1) {
		was := string(out[at[0]:at[1]])
		copy(out[at[0]:], "{{")
		copy(out[at[1]-2:], "}}")
		written[string(out[at[0]:at[1]])] = was
	}
	at := 0
	for line := range strings.SplitSeq(string(out), "\n") {
		next := at + len(line) + 1
		if strings.TrimSpace(line) == "" && at < len(text) && strings.Contains(text[at:min(next-1, len(text))], "{") {
			line = ""
		}
		lines = append(lines, Line{Text: line, Uncertain: uncertain[at]})
		at = next
	}
	return lines, written
}

func isWord(c byte) bool {
	return c == '_' || c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
		c >= 0x80
}

// between notes the lines that a part of a text has something of.
func between(text string, from, to int, lines map[int]bool) {
	start := strings.LastIndexByte(text[:from], '\n') + 1
	for at := from; at < to; {
		end := to
		if n := strings.IndexByte(text[at:to], '\n'); n >= 0 {
			end = at + n
		}
		if strings.TrimSpace(text[at:end]) != "" {
			lines[start] = true
		}
		at = end + 1
		start = at
	}
}
