package fix

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// Propose gives each finding that a plan ends the edits that end it alone. Edits that fail their verification, or need
// a choice, are proposed for none.
func (p *Planner) Propose(findings []rules.Finding) {
	for _, plan := range p.Plans(findings) {
		for _, d := range plan.Done {
			alone := File(plan.Path, plan.Before, []*rules.Finding{d.Finding}, p.Version)
			edits := editsOf(plan.Path, plan.Before, alone.After)
			if !slices.ContainsFunc(edits, func(e rules.Edit) bool { return secret.Mask(e.Text) != e.Text }) {
				d.Finding.Edits = edits
			}
		}
	}
}

// mostLines bounds how many lines of two texts are compared with one another.
const mostLines = 500

// editsOf returns the edits that make one text of another: whole lines, and of a single line the piece that differs.
func editsOf(path string, before, after []byte) []rules.Edit {
	a, b := bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n"))
	first := 0
	for first < len(a) && first < len(b) && bytes.Equal(a[first], b[first]) {
		first++
	}
	last := 0
	for last < len(a)-first && last < len(b)-first && bytes.Equal(a[len(a)-1-last], b[len(b)-1-last]) {
		last++
	}
	a, b = a[first:len(a)-last], b[first:len(b)-last]
	if len(a) > mostLines || len(b) > mostLines {
		return []rules.Edit{editOf(path, first, a, b)}
	}
	var edits []rules.Edit
	same := commonLines(a, b)
	i, j := 0, 0
	for _, at := range append(same, [2]int{len(a), len(b)}) {
		if at[0] > i || at[1] > j {
			edits = append(edits, editOf(path, first+i, a[i:at[0]], b[j:at[1]]))
		}
		i, j = at[0]+1, at[1]+1
	}
	return edits
}

// commonLines returns the longest sequence of lines that two texts have in common, by their indices.
func commonLines(a, b [][]byte) (same [][2]int) {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i, x := range slices.Backward(a) {
		for j, y := range slices.Backward(b) {
			if bytes.Equal(x, y) {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case bytes.Equal(a[i], b[j]):
			same = append(same, [2]int{i, j})
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return same
}

// editOf replaces lines behind so many others; of lines that become others, only what differs between their ends.
func editOf(path string, behind int, old, wanted [][]byte) rules.Edit {
	x, y := bytes.Join(old, nil), bytes.Join(wanted, nil)
	head, tail := 0, 0
	if len(x) > 0 && len(y) > 0 {
		head, tail = commonEnds(x, y)
	}
	return rules.Edit{File: path, Start: placeIn(x[:head], behind), End: placeIn(x[:len(x)-tail], behind),
		Text: string(y[head : len(y)-tail])}
}

// commonEnds returns how many bytes two texts have in common at their beginning and at their end, whole characters.
func commonEnds(x, y []byte) (head, tail int) {
	for head < len(x) && head < len(y) && x[head] == y[head] {
		head++
	}
	for head > 0 && (head < len(x) && !utf8.RuneStart(x[head]) || head < len(y) && !utf8.RuneStart(y[head])) {
		head--
	}
	for tail < len(x)-head && tail < len(y)-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	for tail > 0 && !utf8.RuneStart(x[len(x)-tail]) {
		tail--
	}
	return head, tail
}

// placeIn returns the place behind a text that begins behind so many lines.
func placeIn(text []byte, behind int) rules.Place {
	line := bytes.Count(text, []byte("\n"))
	return rules.Place{Line: behind + 1 + line, Column: 1 + units(text[bytes.LastIndexByte(text, '\n')+1:])}
}

// units counts the UTF-16 code units of a text.
func units(text []byte) int {
	n := 0
	for _, r := range string(text) {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}
