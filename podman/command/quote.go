package command

import "strings"

// Quote writes a word for a shell: as it is where it has nothing that a shell reads, else in single quotes.
func Quote(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%^"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Join writes words as a command line for a shell.
func Join(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}

// FormatMultiline writes a podman command line for a shell, one option a line.
func FormatMultiline(words []string) string {
	made, err := Parse(words)
	if err != nil {
		return Join(words) + "\n"
	}
	starts := map[int]bool{made.ImageIndex: true}
	for _, o := range made.Options {
		starts[o.Index] = true
	}
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case starts[i]:
			b.WriteString(" \\\n  ")
		default:
			b.WriteString(" ")
		}
		b.WriteString(Quote(w))
	}
	return b.String() + "\n"
}
