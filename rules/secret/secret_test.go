package secret

import (
	"os"
	"strings"
	"testing"
)

// line is one row of the corpus.
type line struct {
	secret bool
	kind   string
	text   string
}

func corpus(t testing.TB) []line {
	t.Helper()
	data, err := os.ReadFile("testdata/corpus.txt")
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
		if !ok || label != "secret" && label != "clean" || kind != "env" && kind != "args" {
			t.Fatalf("corpus.txt: cannot read %q", row)
		}
		lines = append(lines, line{label == "secret", kind, text})
	}
	return lines
}

func found(l line) bool {
	if l.kind == "args" {
		return len(InWords(strings.Split(l.text, `\t`))) > 0
	}
	name, value, _ := strings.Cut(l.text, "=")
	_, ok := InPair(name, value)
	return ok
}

func TestCorpus(t *testing.T) {
	var truePositives, falsePositives, missed int
	lines := corpus(t)
	for _, l := range lines {
		switch ok := found(l); {
		case ok && l.secret:
			truePositives++
		case ok:
			falsePositives++
			t.Logf("false alarm: %s", l.text)
		case l.secret:
			missed++
			t.Logf("missed: %s", l.text)
		}
	}
	precision := float64(truePositives) / float64(truePositives+falsePositives)
	recall := float64(truePositives) / float64(truePositives+missed)
	t.Logf("%d lines: precision %.3f, recall %.3f", len(lines), precision, recall)
	if len(lines) < 200 || precision < 0.97 || recall < 0.95 {
		t.Errorf("%d lines (at least 200), precision %.3f (at least 0.97), recall %.3f (at least 0.95)", len(lines), precision, recall)
	}
}

func BenchmarkInPair(b *testing.B) {
	lines := corpus(b)
	for i := 0; b.Loop(); i++ {
		found(lines[i%len(lines)])
	}
}

func FuzzInPair(f *testing.F) {
	for _, l := range corpus(f) {
		name, value, _ := strings.Cut(l.text, "=")
		f.Add(name, value)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		m, ok := InPair(name, value)
		if ok && (m.What == "" || m.Confidence == 0) {
			t.Errorf("an empty match: %+v", m)
		}
		if !ok && m != (Match{}) {
			t.Errorf("no match, yet %+v", m)
		}
		for range InWords([]string{name, value}) {
		}
	})
}

// TestInWordsIsStable holds that of several secrets in one word it is always the first that is named.
func TestInWordsIsStable(t *testing.T) {
	for range 50 {
		if m := InWords([]string{"sh", "-c", "app --password=swordfish --token=abcdefgh --secret=ijklmnop"})[2]; m.Name != "password" {
			t.Fatalf("the first is %q", m.Name)
		}
	}
}
