package fix

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podlint/podlint/internal/safe"
)

// TestDiff holds the diff on changes at the ends and in the middle.
func TestDiff(t *testing.T) {
	before := "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n"
	after := "A\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\n"
	want := "--- a/x\n+++ b/x\n@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n d\n@@ -11,3 +11,4 @@\n k\n l\n m\n+n\n"
	if got, exact := Diff("x", []byte(before), []byte(after), safe.Whole, false); got != want || !exact {
		t.Errorf("exact %v, got\n%s", exact, got)
	}
}

// TestDiffApplies holds that git apply and patch make of a file what the diff says, whatever its last line and its
// endings.
func TestDiffApplies(t *testing.T) {
	for name, c := range map[string]struct{ before, after string }{
		"no-newline.container": {"[Container]\nImage=x\nReadOnly=false", "[Container]\nImage=x\nReadOnly=true\n"},
		"without.container":    {"[Container]\nImage=x\nReadOnly=false", "[Container]\nImage=x\nReadOnly=true"},
		"crlf.container":       {"[Container]\r\nImage=x\r\n", "[Container]\r\nImage=x\r\nReadOnly=true\r\n"},
		"with blank.sh":        {"podman run \\\n\t--privileged \\\n\tx\n", "podman run \\\n\t--read-only \\\n\tx\n"},
		"sub/one-line.sh":      {"podman run x", "podman run --read-only x"},
	} {
		text, exact := Diff(name, []byte(c.before), []byte(c.after), safe.Whole, false)
		if !exact {
			t.Errorf("%s: the diff is not exact", name)
		}
		for _, tool := range [][]string{{"git", "apply", "-"}, {"patch", "-s", "-p1", "--binary"}} {
			t.Run(name+"/"+tool[0], func(t *testing.T) {
				if _, err := exec.LookPath(tool[0]); err != nil {
					t.Skipf("there is no %s here to apply the diff with", tool[0])
				}
				dir := t.TempDir()
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(tool[0], tool[1:]...)
				cmd.Dir, cmd.Stdin = dir, strings.NewReader(text)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s\n%s", err, out, text)
				}
				if got, err := os.ReadFile(path); !bytes.Equal(got, []byte(c.after)) {
					t.Errorf("%v, got %q", err, got)
				}
			})
		}
	}
}

// TestDiffOfNewFile holds how a drop-in that does not exist yet is shown.
func TestDiffOfNewFile(t *testing.T) {
	want := "--- /dev/null\n+++ b/x.d/50-podlint.conf\n@@ -0,0 +1,1 @@\n+[Container]\n"
	if got, _ := Diff("x.d/50-podlint.conf", nil, []byte("[Container]\n"), safe.Whole, false); got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestDiffNotExact holds that a diff in which something is masked or escaped says so.
func TestDiffNotExact(t *testing.T) {
	for _, before := range []string{"Environment=DB_PASSWORD=horse-battery\n", "# \x1b[2J\n", "::error::x\n"} {
		text, exact := Diff("x", []byte(before), []byte(before+"a\n"), safe.Whole, false)
		if exact || strings.Contains(text, before) {
			t.Errorf("exact %v:\n%s", exact, text)
		}
	}
	if text, exact := Diff("a\n::error::x", []byte("a\n"), nil, safe.Whole, false); exact ||
		strings.Contains(text, "\n::") {
		t.Errorf("exact %v:\n%s", exact, text)
	}
}
