package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

// Edit is a change of a file that a finding's fix comes down to.
type Edit struct {
	File string
	// Line and Column are where the text to replace starts, EndLine and EndColumn where it ends, 1-based and exclusive.
	Line, Column, EndLine, EndColumn int
	// Text is what is put there.
	Text string
}

// Edit returns the edit that ends the finding, and nil where that takes more than one insertion or the replacement of
// one line: a value to take away, YAML, a pod's own unit, a continued line.
func (f *Finding) Edit(version string) *Edit {
	place := f.Definition.Origin
	if len(f.Fix.Changes) == 0 || place.File == "" || place.Line == 0 {
		return nil
	}
	words := f.Fix.In(f.Definition.Syntax, version)
	switch f.Definition.Syntax {
	case podman.SyntaxQuadlet:
		if f.Location.File != place.File {
			return nil
		}
		if f.Location.Line == place.Line { // nothing is written yet: the keys go below the section's header
			return &Edit{place.File, place.Line + 1, 1, place.Line + 1, 1, strings.Join(words, "\n") + "\n"}
		}
		// The key is there with another value: the line is replaced, if the quoted line is all of it and of one key.
		key, _, _ := strings.Cut(words[0], "=")
		written, _, _ := strings.Cut(f.Quote, "=")
		if len(words) != 1 || strings.TrimSpace(written) != key || strings.HasSuffix(f.Quote, `\`) ||
			strings.HasSuffix(f.Quote, "…") {
			return nil
		}
		return &Edit{place.File, f.Location.Line, 1, f.Location.Line + 1, 1, words[0] + "\n"}
	case podman.SyntaxCommand:
		if f.Location.Line != place.Line || f.Location.Column != place.Column {
			return nil
		}
		for _, w := range words {
			if strings.ContainsAny(w, " '\"$`\\;&|<>(){}*?[]#~") {
				return nil
			}
		}
		end := place.Column + len(place.Field)
		return &Edit{place.File, place.Line, end, place.Line, end, " " + strings.Join(words, " ")}
	default:
		return nil
	}
}
