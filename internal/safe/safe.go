// Package safe makes foreign words fit to be shown: names, labels, files and answers of a service, which an attacker
// may have written. Whether a secret is in them is rules/secret's to say.
package safe

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes an attacker's words fit for a terminal and a log: control characters, invalid UTF-8, invisible characters
// and those that turn the direction of writing are shown as escapes, and what is longer than a line is cut. Nothing in
// it is a command for the CI system that reads the log.
func Text(text string) string {
	const longest = 240
	return printable(text, longest)
}

// Whole is Text for what must not be cut, such as a line to paste.
func Whole(text string) string { return printable(text, len(text)) }

func printable(text string, longest int) string {
	var b strings.Builder
	count := 0
	for i, r := range text {
		if count++; count > longest {
			b.WriteString("…")
			break
		}
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case hidden(r):
			escape(&b, r)
		default:
			b.WriteRune(r)
		}
	}
	return withoutCommands(b.String())
}

// workflowCommand matches what GitHub takes for a command at the beginning of a line, blanks before it or not
// (docs.github.com, "Workflow commands for GitHub Actions"). Any word counts: where a line is wrapped, each may begin
// one. An IPv6 address such as ::1 is none.
var workflowCommand = regexp.MustCompile(`(^|\s)::([A-Za-z])`)

// logCommand matches the beginning of a command that GitHub (##[group]) and Azure Pipelines (##vso[task.setvariable])
// take anywhere in a line, in capitals or not.
var logCommand = regexp.MustCompile(`(?i)##(\[|vso\[)`)

// withoutCommands shows the character that makes text a command of a CI system as an escape.
func withoutCommands(text string) string {
	if strings.Contains(text, "::") {
		text = workflowCommand.ReplaceAllString(text, `$1\x3a:$2`)
	}
	if strings.Contains(text, "##") {
		text = logCommand.ReplaceAllString(text, `#\x23$1`)
	}
	return text
}

func escape(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\t':
		b.WriteString(`\t`)
	case r == '\r':
		b.WriteString(`\r`)
	case r < 0x100:
		fmt.Fprintf(b, `\x%02x`, r)
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// hidden reports whether a character does something to a terminal or cannot be seen.
func hidden(r rune) bool {
	if r < 0x7f { // most of them, in a hundredth of the time
		return r < ' '
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp) ||
		// the Hangul fillers, which are letters without a shape
		r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0
}

// JSON passes JSON on with every hidden character in its strings as a \u escape: encoding/json leaves the upper
// control characters, some of which terminals obey, as they are, and CI systems read commands in strings (##[). Outside
// of strings JSON has no such characters but the white space that is kept.
type JSON struct{ To io.Writer }

// Write implements io.Writer.
func (w JSON) Write(p []byte) (int, error) {
	if bytes.IndexFunc(p, unprintable) < 0 && !bytes.Contains(p, []byte("##")) {
		return w.To.Write(p)
	}
	var b bytes.Buffer
	for _, r := range logCommand.ReplaceAllString(string(p), `#\u0023$1`) {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	if _, err := w.To.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

func unprintable(r rune) bool { return hidden(r) && r != '\n' && r != '\t' && r != '\r' }
