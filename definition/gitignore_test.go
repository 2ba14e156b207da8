package definition

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestIgnores holds podlint's reading of .gitignore to git's.
func TestIgnores(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal("git is not there to compare with")
	}
	patterns := []string{"*.a", "/top", "dir/", "a/b", "**/deep", "x/**/y", "z/**", "!keep.a", "q?.c", "[ab].d",
		"[!ab].e", `\#h`, `\!i`, "trail  ", "sub/*.f", "# comment", "", "*/one", "**/two/three", `sp\ `}
	paths := []string{"x.a", "keep.a", "s/keep.a", "top", "s/top", "dir/f", "s/dir/f", "a/b", "s/a/b", "deep",
		"s/t/deep", "x/y", "x/m/n/y", "z/1", "z/2/3", "q1.c", "q12.c", "a.d", "c.d", "a.e", "c.e", "#h", "!i", "trail",
		"sub/1.f", "sub/s/1.f", "s/one", "s/s/one", "two/three", "s/two/three", "plain", "sp "}
	dir := t.TempDir()
	if out, err := exec.Command(git, "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(strings.Join(patterns, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		_ = os.WriteFile(filepath.Join(dir, path), []byte("x"), 0o644) // some are directories already
	}
	var found []string
	tree, problems := walk([]string{dir}, func(string) bool { return true }, nil, func(string) bool { return true },
		func() bool { return false })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, path := range tree.files {
		if below, _ := filepath.Rel(dir, path); !strings.HasPrefix(below, ".git/") {
			found = append(found, below)
		}
	}
	command := exec.Command(git, "ls-files", "-z", "--others", "--exclude-standard")
	command.Dir = dir
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("podlint sees %q\ngit sees %q", found, want)
	}
}
