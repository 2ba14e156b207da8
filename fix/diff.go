package fix

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/podlint/podlint/rules/secret"
)

// NotForPatch says why the diff of a file cannot be given to patch or git apply.
const NotForPatch = "secrets are masked, or unprintable characters escaped, in this diff: " +
	"patch and git apply cannot use it; --write changes the file"

// Diff returns the unified diff of two texts of a file, in the form that git apply and patch -p1 read, coloured where
// asked for. A text that is nil is that of a file that does not exist. What may be a secret is masked, and the name and
// each line are shown as safe makes them; exact is false where that changed something, so that the diff does not apply.
func Diff(name string, before, after []byte, safe func(string) string, color bool) (text string, exact bool) {
	raw := diff.Diff("old", before, "new", after)
	if raw == nil {
		return "", true
	}
	_, raw, _ = bytes.Cut(raw, []byte("+++ new\n")) // a line that no other tool writes, and headers without the name
	w := diffWriter{safe: safe, color: color, exact: true}
	w.header("--- ", "a/", name, before == nil)
	w.header("+++ ", "b/", name, after == nil)
	old, new := maskedLines(before), maskedLines(after)
	var atOld, atNew int // 0-based lines of either text that come next
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		switch line[0] {
		case '@':
			var size int
			_, _ = fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &atOld, &size, &atNew, &size)
			atOld, atNew = max(atOld-1, 0), max(atNew-1, 0)
			w.paint("36", line)
		case '-':
			w.line("31", line, old[atOld])
			atOld++
		case '+':
			w.line("32", line, new[atNew])
			atNew++
		case ' ':
			w.line("", line, old[atOld])
			atOld, atNew = atOld+1, atNew+1
		default: // "\ No newline at end of file"
			w.paint("", line)
		}
	}
	return w.text.String(), w.exact
}

func maskedLines(text []byte) []string { return strings.Split(secret.Mask(string(text)), "\n") }

// diffWriter writes the lines of a diff fit to be shown.
type diffWriter struct {
	text  strings.Builder
	safe  func(string) string
	color bool
	exact bool
}

// paint writes a line.
func (w *diffWriter) paint(code, line string) {
	if w.color && code != "" {
		line = "\x1b[" + code + "m" + line + "\x1b[0m"
	}
	w.text.WriteString(line + "\n")
}

// header names the file. A name with a blank ends in a tab, as git and patch expect it.
func (w *diffWriter) header(mark, prefix, name string, absent bool) {
	if absent {
		w.paint("1", mark+"/dev/null")
		return
	}
	shown := w.safe(name)
	w.exact = w.exact && shown == name
	line := mark + prefix + strings.TrimPrefix(shown, "/")
	if strings.Contains(shown, " ") {
		line += "\t"
	}
	w.paint("1", line)
}

// line writes a line of one of the texts, masked. Tabs and the carriage return of an ending are left as they are: they
// do no harm, and a diff without them does not apply.
func (w *diffWriter) line(code, line, masked string) {
	ending := ""
	if s, ok := strings.CutSuffix(masked, "\r"); ok {
		masked, ending = s, "\r"
	}
	fields := strings.Split(masked, "\t")
	for i, field := range fields {
		fields[i] = w.safe(field)
	}
	shown := line[:1] + strings.Join(fields, "\t") + ending
	w.exact = w.exact && shown == line
	w.paint(code, shown)
}
