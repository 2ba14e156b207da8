package definition

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWhatHoldsScripts holds which files in a directory are read for the command lines in them, and that what cannot be
// read there is a warning, but in a script.
func TestWhatHoldsScripts(t *testing.T) {
	const run = "podman run --privileged --name w docker.io/library/nginx:1.27\n"
	files := map[string]string{
		"deploy": "#!/bin/sh\n" + run, "bin/start-1.2": "#!/usr/bin/env -S bash -e\n" + run, ".profile": "#!/bin/sh\n" + run,
		"run.web+x": "#!/bin/sh\n" + run, "run.web": "#!/bin/sh\n" + run, "tool+x": "#!/usr/bin/python3\n" + run,
		"notes": run, "empty": "", "ignored/x": "#!/bin/sh\n" + run, ".gitignore": "ignored\n",
		"Makefile": "r:\n\t" + run, "a.mk": "r:\n\t" + run, "GNUmakefile": "r:\n\t" + run, "justfile": "r:\n  " + run,
		"a.just": "r:\n  " + run, "Taskfile.yml": "tasks:\n  r: " + run, "sub/Makefile": "r:\n\tpodman run )\n",
		".devcontainer/devcontainer.json": "{\"image\": \"i\", // x\n \"privileged\": true,}",
		"x/.devcontainer.json":            "{\"image\": podman: [", "broken": "#!/bin/sh\npodman run )\n",
		".github/workflows/a.yml": "jobs:\n  w:\n    container:\n      image: i\n      options: --privileged\n",
		".git/hooks/post-commit":  "#!/bin/sh\n" + run, ".git/HEAD": "x",
	}
	dir := t.TempDir()
	for name, text := range files {
		mode := os.FileMode(0o644)
		if short, ok := strings.CutSuffix(name, "+x"); ok {
			name, mode = short+".run", 0o755
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	set, problems := Open([]string{dir}, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, path := range set.Paths() {
		r := set.Read(path)
		name, _ := filepath.Rel(dir, path)
		for _, c := range r.Containers {
			p := c.Confinement.Privileged.Origin
			got = append(got, fmt.Sprintf("%s %d:%d", name, p.Line, p.Column))
			if p.File != path {
				t.Errorf("%s: --privileged is in %s", name, p.File)
			}
		}
		for _, p := range r.Problems {
			kind := map[bool]string{true: "warning", false: "error"}[p.Warning]
			got = append(got, fmt.Sprintf("%s %s %d", name, kind, p.Origin.Line))
		}
	}
	want := []string{".devcontainer/devcontainer.json 2:16", ".github/workflows/a.yml 5:16", ".profile 2:12",
		"GNUmakefile 2:13", "Makefile 2:13", "Taskfile.yml 2:17", "a.just 2:14", "a.mk 2:13", "bin/start-1.2 2:12",
		"broken error 2", "deploy 2:12", "justfile 2:14", "run.web.run 2:12", "sub/Makefile warning 2",
		"x/.devcontainer.json warning 0"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
