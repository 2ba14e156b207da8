package secret

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// line is one row of the corpus.
type line struct {
	secret bool
	// kind says where the text is found: in a variable (env), a label (label), the words of a command line (args), or in
	// a command that a shell is given (shell).
	kind string
	text string
}

// corpus reads the labelled lines of a file below testdata.
func corpus(t testing.TB, file string) []line {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	for row := range strings.Lines(string(data)) {
		row = strings.TrimSuffix(row, "\n")
		if strings.HasPrefix(row, "#") {
			continue
		}
		label, rest, _ := strings.Cut(row, " ")
		kind, text, ok := strings.Cut(rest, " ")
		if !ok || label != "secret" && label != "clean" ||
			!slices.Contains([]string{"env", "label", "args", "shell"}, kind) {
			t.Fatalf("%s: cannot read %q", file, row)
		}
		lines = append(lines, line{label == "secret", kind, text})
	}
	return lines
}

// found reports whether the package finds a secret in a line, in the way that its callers look for one.
func found(l line) bool {
	switch l.kind {
	case "args":
		return len(DetectArgs(strings.Split(l.text, `\t`))) > 0
	case "shell":
		return len(DetectArgs([]string{"CMD-SHELL", l.text})) > 0
	}
	name, value, _ := strings.Cut(l.text, "=")
	m, ok := DetectPair(name, value)
	if l.kind == "label" { // labels are full of identifiers
		if !ok {
			m, ok = DetectText(name)
		}
		return ok && m.Confidence > Guess
	}
	return ok
}

// TestCorpus holds the precision and recall of both halves. The held-out half shows how the package does on lines that
// it was not written against: log its figures, never its lines.
func TestCorpus(t *testing.T) {
	for _, half := range []struct {
		file              string
		lines             int
		precision, recall float64
	}{
		{"tuning.txt", 1600, 0.97, 0.95},
		{"heldout.txt", 1000, 0.97, 0.95},
	} {
		t.Run(half.file, func(t *testing.T) {
			var truePositives, falsePositives, missed int
			lines := corpus(t, half.file)
			for _, l := range lines {
				ok := found(l)
				switch {
				case ok && l.secret:
					truePositives++
				case ok:
					falsePositives++
				case l.secret:
					missed++
				}
				if ok != l.secret && half.file == "tuning.txt" {
					t.Logf("secret: %t, found: %t: %s %s", l.secret, ok, l.kind, l.text)
				}
			}
			precision := float64(truePositives) / float64(truePositives+falsePositives)
			recall := float64(truePositives) / float64(truePositives+missed)
			t.Logf("%d lines: precision %.3f, recall %.3f", len(lines), precision, recall)
			if len(lines) < half.lines || precision < half.precision || recall < half.recall {
				t.Errorf("%d lines, precision %.3f, recall %.3f; want at least %d, %.2f, %.2f",
					len(lines), precision, recall, half.lines, half.precision, half.recall)
			}
		})
	}
}
