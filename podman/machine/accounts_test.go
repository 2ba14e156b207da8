package machine

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOwners holds which accounts are said to have containers, and that nothing that an account puts in its home hangs
// podlint.
func TestOwners(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const below, file = "/.local/share/containers/storage/", "-containers/containers.json"
	write("etc/passwd", `root:x:0:0::/root:/bin/sh
alice:x:1001:1001::/home/alice:/bin/sh
bob:x:1002:1002::/home/bob:/bin/sh
carol:x:1003:1003::/home/carol:/bin/sh
dave:x:1004:1004::/home/dave:/bin/sh
erin:x:1005:1005::/home/erin:/bin/sh
nohome:x:1006:1006:::
short:x
`)
	write("root"+below+"overlay"+file, `[{"id":"r"}]`)
	write("home/alice"+below+"overlay"+file, `[{"id":"a"},{"id":"b"}]`)
	write("home/alice"+below+"vfs"+file, `[{"id":"c"}]`)
	write("home/bob"+below+"overlay"+file, `[]`)
	write("home/carol"+below+"overlay"+file, `{"not": "a list"`)
	pipe := filepath.Join(root, "home/dave"+below+"overlay"+file)
	if err := os.MkdirAll(filepath.Dir(pipe), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "home/erin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".local", filepath.Join(root, "home/erin/.local")); err != nil {
		t.Fatal(err)
	}
	write("proc/70/comm", "conmon\n")
	write("proc/71/comm", "sleep\n")
	want := []string{"alice (UID 1001) has 3 containers"}
	if uid := os.Getuid(); uid == 0 { // the monitor of process 70 is bob's
		if err := os.Chown(filepath.Join(root, "proc/70"), 1002, 1002); err != nil {
			t.Fatal(err)
		}
		want = append(want, "bob (UID 1002) has containers that run")
	}
	var got []string
	for _, o := range owners(root, NewPaths()) {
		if o.UID == 0 || o.UID == 1001 || o.UID == 1002 {
			got = append(got, o.String())
		} else if o.Name != "" {
			t.Errorf("%s", o)
		}
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("%q, want %q", got, want)
	}
}
