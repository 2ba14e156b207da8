package command

import (
	"sort"
	"strings"
)

// stretch is a part of a text that is made of another one.
type stretch struct {
	// at is the offset in what is made, and from that of what it is made of.
	at, from int
	// whole is set where all of it is made of what is there.
	whole bool
}

// layout makes a script of parts of another text.
type layout struct {
	text      strings.Builder
	stretches []stretch
}

// add adds text that is written at an offset; where whole is set it stands for what is written there.
func (l *layout) add(text string, from int, whole bool) {
	if text != "" {
		l.stretches = append(l.stretches, stretch{l.text.Len(), from, whole})
		l.text.WriteString(text)
	}
}

// find returns the offset in the other text of what is at an offset of what was made.
func (l *layout) find(offset int) int {
	i := sort.Search(len(l.stretches), func(i int) bool { return l.stretches[i].at > offset }) - 1
	if i < 0 {
		return 0
	}
	if s := l.stretches[i]; !s.whole {
		return s.from + offset - s.at
	}
	return l.stretches[i].from
}

// script returns what was made as a script of a file. The lines are those of the text that it is made of, whose
// places in the file at gives, nil where it is the file.
func (l *layout) script(file string, lines []int, at func(line, column int) (int, int)) Script {
	made := l.text.String()
	own := lineOffsets(made)
	return Script{File: file, Text: made, At: func(line, column int) (int, int) {
		offset := l.find(own[min(max(line, 1), len(own))-1] + column - 1)
		line = sort.SearchInts(lines, offset+1)
		column = offset - lines[line-1] + 1
		if at != nil {
			return at(line, column)
		}
		return line, column
	}}
}

// assigned is what a file assigns to a variable of its own, outside of any shell.
type assigned struct {
	text string
	from int
	// adds is set where it goes behind what was there, maybe where it is not always assigned, and opaque where what it
	// assigns is not known.
	adds, maybe, opaque bool
}

// nowhere is where a value is that is not in the text which scripts are made of.
const nowhere = -1

// templates puts the values of a file's own variables into scripts. What is not known becomes a variable of the shell
// that nothing assigns.
type templates struct {
	variables map[string][]assigned
	// own holds those of one recipe, which count before the others.
	own map[string][]assigned
	// spent is how many bytes values have made.
	spent int
	// expand puts values into a text that is written at an offset.
	expand func(l *layout, text string, from, depth int)
}

func (t *templates) named(name string) []assigned {
	if own, ok := t.own[name]; ok {
		return own
	}
	return t.variables[name]
}

// mostMade bounds what is made of a script.
const mostMade = 1 << 16

// value adds a variable's value in a place, and returns false where it is not known.
func (t *templates) value(l *layout, name string, place, depth int) bool {
	list := t.named(name)
	const deepest, most = 20, 1 << 22
	if len(list) == 0 || t.spent > most || len(list) > mostAssignments || depth > deepest || l.text.Len() > mostMade {
		return false
	}
	for i, a := range list {
		if a.maybe || a.opaque || a.adds != (i > 0) {
			return false
		}
	}
	for i, a := range list {
		if l.text.Len() > mostMade {
			return false
		}
		if a.from == nowhere {
			a.from = place
		}
		if i > 0 {
			l.add(" ", a.from, true)
		}
		t.spent += len(a.text) + 1
		t.expand(l, a.text, a.from, depth+1)
	}
	return true
}

// unknown adds a variable of the shell in place of what is not known. It says which engine it may be.
func (t *templates) unknown(l *layout, name, written string, from int) {
	found := engineMentioned(written)
	list := t.named(name)
	for _, a := range list[:min(mostAssignments, len(list))] {
		if found == "" {
			found = engineMentioned(a.text)
		}
	}
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
	plain = strings.TrimLeft(plain, "0123456789")
	if strings.Trim(plain, "_") == "" {
		plain = "unknown"
	}
	const longest = 60
	plain = plain[:min(len(plain), longest)]
	if found != "" {
		plain += ":-" + found
	}
	l.add("${"+plain+"}", from, true)
}
