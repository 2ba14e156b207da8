package packages

import (
	"os/exec"
	"strings"
	"testing"
)

// TestCompareDebian holds the awkward ones: epochs, tildes, rebuilds, numbers of any length.
func TestCompareDebian(t *testing.T) {
	for _, pair := range [][2]string{
		{"2.0-1", "1:1.0-1"}, {"3.0~rc1-1", "3.0-1"}, {"1.0-1", "1.0-1+b1"}, {"1.0-1+deb12u9", "1.0-1+deb12u10"},
		{"99999999999999999998-1", "99999999999999999999-1"}, {"1.5-1+deb12u1", "2.0-1~bpo12+1"}, {"1.0a", "1.0+"},
		{"1.0~~", "1.0~"}, {"1.0~", "1.0"}, {"1.0", "1.0a"},
	} {
		if CompareDebian(pair[0], pair[1]) >= 0 || CompareDebian(pair[1], pair[0]) <= 0 {
			t.Errorf("%s is older than %s", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"1.0", "1.0-0"}, {"0:1", "1"}, {"1.01", "1.1"}} {
		if CompareDebian(pair[0], pair[1]) != 0 {
			t.Errorf("%s and %s are the same", pair[0], pair[1])
		}
	}
}

// FuzzCompareDebian compares with dpkg itself, where there is one.
func FuzzCompareDebian(f *testing.F) {
	for _, s := range []string{"1:1.0-1", "3.0~rc1-1", "1.0-1+b1", "1.0-1+deb12u9", "0-0", "1a~-0~", "1.0.0-~"} {
		f.Add(s, "1.0-1")
	}
	dpkg, err := exec.LookPath("dpkg")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := CompareDebian(a, b)
		if CompareDebian(b, a) != -got {
			t.Fatalf("%q, %q: not symmetric", a, b)
		}
		if err != nil || !isVersion(a) || !isVersion(b) {
			return
		}
		for word, want := range map[string]bool{"lt": got < 0, "eq": got == 0, "gt": got > 0} {
			ran := exec.Command(dpkg, "--compare-versions", a, word, b).Run()
			if (ran == nil) != want {
				t.Fatalf("%q %s %q: dpkg says %v, podlint %d", a, word, b, ran == nil, got)
			}
		}
	})
}

// isVersion reports whether dpkg would take it without a word.
func isVersion(v string) bool {
	epoch, upstream, revision := partDebian(v)
	const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~"
	return len(epoch) < 9 && strings.Trim(epoch, "0123456789") == "" && (epoch != "" || !strings.Contains(v, ":")) &&
		upstream != "" && isDigit(upstream[0]) && strings.Trim(upstream, signs+"-") == "" &&
		strings.Trim(revision, signs) == "" && (revision != "" || !strings.HasSuffix(v, "-"))
}
