package machine

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPodmanVersion reads what programs that play Podman print.
func TestPodmanVersion(t *testing.T) {
	for script, want := range map[string]string{
		"echo podman version 5.4.2":                "5.4.2",
		"echo podman version 4.9.4-rhel":           "4.9.4-rhel",
		"echo docker version 29":                   "",
		"echo podman version dev":                  "",
		"echo podman version 5.4.2; exit 125":      "",
		"printf 'podman version 5.4.2\\nand more'": "",
	} {
		dir := t.TempDir()
		program := filepath.Join(dir, "podman")
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
		t.Setenv("PATH", dir+":/usr/bin:/bin")
		if got := PodmanVersion(t.Context()); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if got := PodmanVersion(t.Context()); got != "" {
		t.Errorf("without a podman: %q", got)
	}
}
