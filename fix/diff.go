package fix

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/rules/secret"
)

// MaskedNote is the first line of a diff in which something is masked. To patch it is text before the diff.
const MaskedNote = "# secrets are masked: patch cannot apply this diff, --write changes the file"

// Diff returns the unified diff of two texts, with three lines around each change; coloured where asked for. What may be
// a secret is masked, and the name and each line are shown as safe makes them.
func Diff(name string, before, after []byte, safe func(string) string, color bool) string {
	old, new := lines(before), lines(after)
	shownOld, shownNew := lines([]byte(secret.Mask(string(before)))), lines([]byte(secret.Mask(string(after))))
	ops := compare(old, new)
	masked := false
	shown := func(o operation) string {
		line := ""
		if o.kind == '+' {
			line = shownNew[o.new]
		} else {
			line = shownOld[o.old]
		}
		masked = masked || line != o.text
		return safe(line)
	}
	var b strings.Builder
	paint := func(code, text string) {
		if color {
			fmt.Fprintf(&b, "\x1b[%sm%s\x1b[0m\n", code, text)
		} else {
			b.WriteString(text + "\n")
		}
	}
	paint("1", "--- "+safe(name))
	paint("1", "+++ "+safe(name))
	const around = 3
	for i := 0; i < len(ops); {
		for i < len(ops) && ops[i].kind == ' ' {
			i++
		}
		if i == len(ops) {
			break
		}
		start, end, quiet := max(i-around, 0), i, 0
		for j := i; j < len(ops) && quiet <= 2*around; j++ {
			if ops[j].kind == ' ' {
				quiet++
			} else {
				quiet, end = 0, j+1
			}
		}
		end = min(end+around, len(ops))
		hunk := ops[start:end]
		was, is := 0, 0
		for _, o := range hunk {
			if o.kind != '+' {
				was++
			}
			if o.kind != '-' {
				is++
			}
		}
		paint("36", fmt.Sprintf("@@ -%d,%d +%d,%d @@", hunk[0].old+1, was, hunk[0].new+1, is))
		for _, o := range hunk {
			switch o.kind {
			case '-':
				paint("31", "-"+shown(o))
			case '+':
				paint("32", "+"+shown(o))
			default:
				b.WriteString(" " + shown(o) + "\n")
			}
		}
		i = end
	}
	if masked {
		return MaskedNote + "\n" + b.String()
	}
	return b.String()
}

func lines(text []byte) []string {
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// operation is one line of a diff, with how many lines of either text stand before it.
type operation struct {
	kind     byte
	text     string
	old, new int
}

// compare finds the longest common subsequence of lines between what both texts begin and end with. What lies between
// is what edits touch, a few lines; where it is much, it is taken as replaced.
func compare(old, new []string) []operation {
	var ops []operation
	head := 0
	for head < len(old) && head < len(new) && old[head] == new[head] {
		ops = append(ops, operation{' ', old[head], head, head})
		head++
	}
	tail := 0
	for tail < len(old)-head && tail < len(new)-head && old[len(old)-1-tail] == new[len(new)-1-tail] {
		tail++
	}
	a, b := old[head:len(old)-tail], new[head:len(new)-tail]
	const most = 4 << 20
	i, j := 0, 0
	if len(a)*len(b) <= most {
		table := longest(a, b)
		for i < len(a) && j < len(b) {
			switch {
			case a[i] == b[j]:
				ops = append(ops, operation{' ', a[i], head + i, head + j})
				i, j = i+1, j+1
			case table[i+1][j] >= table[i][j+1]:
				ops = append(ops, operation{'-', a[i], head + i, head + j})
				i++
			default:
				ops = append(ops, operation{'+', b[j], head + i, head + j})
				j++
			}
		}
	}
	for ; i < len(a); i++ {
		ops = append(ops, operation{'-', a[i], head + i, head + j})
	}
	for ; j < len(b); j++ {
		ops = append(ops, operation{'+', b[j], head + i, head + j})
	}
	for k := range tail {
		ops = append(ops, operation{' ', old[len(old)-tail+k], len(old) - tail + k, len(new) - tail + k})
	}
	return ops
}

// longest returns, for each two lines, how long the longest common subsequence from there on is.
func longest(a, b []string) [][]int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	return table
}
