package fix

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/podlint/podlint/rules"
)

// TestEditsOf holds that the edits between two texts make one of the other, from the last to the first, and what they
// replace.
func TestEditsOf(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after string
		want          int // how many
		text          string
	}{
		"nothing":                {"a\nb\n", "a\nb\n", 0, ""},
		"a line more":            {"a\nb\n", "a\nx\nb\n", 1, "x\n"},
		"a line less":            {"a\nb\nc\n", "a\nc\n", 1, ""},
		"at the end, no newline": {"a\nb", "a\nb\nc\n", 1, "\nc\n"},
		"a piece": {"podman run -e A=ä𝄞 img\n", "podman run --read-only -e A=ä𝄞 img\n", 1,
			"-read-only -"},
		"behind a wide character":   {"-l ä𝄞 x\n", "-l ä𝄞 y\n", 1, "y"},
		"characters of like bytes":  {"ä\n", "ö\n", 1, "ö"},
		"two places":                {"a\nb\nc\nd\n", "a\nx\nc\nd\ne\n", 2, "x"},
		"all of it":                 {"a\n", "", 1, ""},
		"out of nothing":            {"", "a\n", 1, "a\n"},
		"lines with one in between": {"a\nb\nc\n", "b\nc\nd\n", 2, ""},
	} {
		edits := editsOf("f", []byte(tt.before), []byte(tt.after))
		if len(edits) != tt.want || tt.want > 0 && edits[0].Text != tt.text {
			t.Errorf("%s: %+v", name, edits)
		}
		text := tt.before
		for i := len(edits) - 1; i >= 0; i-- {
			text = text[:offsetIn(text, edits[i].Start)] + edits[i].Text + text[offsetIn(text, edits[i].End):]
		}
		if text != tt.after {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// offsetIn finds a place in a text as a reader of SARIF does.
func offsetIn(text string, at rules.Place) int {
	lines := strings.SplitAfter(text, "\n")
	before := strings.Join(lines[:at.Line-1], "")
	units := utf16.Encode([]rune(text[len(before):]))
	return len(before) + len(string(utf16.Decode(units[:at.Column-1])))
}
