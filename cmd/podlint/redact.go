package main

import (
	"strings"

	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules/secret"
)

// redactedLines hides what may be a secret in a text that is shown: of such a line only the key is left.
func redactedLines(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = redactedLine(line)
	}
	return []byte(strings.Join(lines, "\n"))
}

func redactedLine(line string) string {
	values, whole := secretsIn(line)
	if whole {
		key, _, ok := strings.Cut(line, "=")
		if _, bad := secret.InText(key); !ok || bad || strings.ContainsAny(strings.TrimSpace(key), " \t") {
			return "[redacted]"
		}
		return report.Printable(key) + "=[redacted]"
	}
	for _, v := range values {
		line = strings.ReplaceAll(line, v, "[redacted]")
	}
	return report.Printable(line)
}

// secretsIn returns the words of a line, or the values in them, that are secrets or look like it. Where that cannot be told by words, since
// there are quotes with spaces in them, the whole line is.
func secretsIn(line string) (values []string, whole bool) {
	words := strings.Fields(line)
	for i, w := range words {
		bare := strings.Trim(w, `"',`)
		if strings.HasPrefix(bare, "Secret=") || strings.HasPrefix(bare, "--secret=") || i > 0 && words[i-1] == "--secret" {
			words[i] = "" // the name of one, not one
		}
	}
	for i := range secret.InWords(words) {
		if _, value, ok := strings.Cut(words[i], "="); ok && value != "" {
			values = append(values, strings.Trim(value, `"'`))
		} else {
			values = append(values, strings.Trim(words[i], `"'`))
		}
	}
	pair := func(name, value string) {
		name, value = strings.Trim(strings.TrimSpace(name), `"'-`), strings.Trim(strings.TrimSpace(value), `"',`)
		if _, found := secret.InPair(name, value); found && value != "" {
			values = append(values, value)
		}
	}
	if strings.ContainsAny(line, `"'`) { // a value may go on behind a space
		words = append(words, strings.TrimSpace(line))
	}
	for _, w := range words {
		if strings.HasPrefix(w, "Secret=") || strings.HasPrefix(w, "--secret") {
			continue
		}
		name, value, ok := strings.Cut(w, "=")
		if ok {
			pair(name, value)
			if inner, rest, ok := strings.Cut(value, "="); ok { // Environment=NAME=value, --env=NAME=value
				pair(inner, rest)
			}
		}
		if name, value, ok := strings.Cut(w, ": "); ok { // YAML
			pair(name, value)
		}
	}
	return values, len(values) > 0 && strings.ContainsAny(line, `"'`)
}

// redactedCommand leaves out of a command line to paste what is a secret: a variable's value is taken from the shell's own environment.
func redactedCommand(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if values, _ := secretsIn(line); len(values) == 0 {
			continue
		}
		trimmed := strings.TrimLeft(line, " ")
		indent, tail := line[:len(line)-len(trimmed)], ""
		if strings.HasSuffix(trimmed, " \\") {
			trimmed, tail = strings.TrimSuffix(trimmed, " \\"), " \\"
		}
		for _, flag := range []string{"--env=", "--env ", "-e=", "-e "} {
			if pair, ok := strings.CutPrefix(strings.ReplaceAll(trimmed, "'", ""), flag); ok {
				name, _, _ := strings.Cut(pair, "=")
				lines[i] = indent + "--env=" + name + tail
			}
		}
		if lines[i] == line {
			lines[i] = indent + redactedLine(trimmed) + tail
		}
	}
	return strings.Join(lines, "\n")
}

// shellSafe makes a command line fit for a terminal; its lines stay lines.
func shellSafe(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = report.Printable(line)
	}
	return strings.Join(lines, "\n")
}
