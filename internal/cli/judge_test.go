package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const looseConfig = "fail-on = \"none\"\nmin-severity = \"critical\"\n[rules]\nprivileged = \"off\"\n" +
	"read-only = \"off\"\nuid-map = \"off\"\n"

// TestReportsNameConfiguration holds that every report names what decided beside the options, and what it switched off.
func TestReportsNameConfiguration(t *testing.T) {
	files := map[string]string{"a.container": openUnit, "podlint.toml": looseConfig, ".git/HEAD": "x",
		".gitignore": "b.container\n", "b.container": openUnit,
		"c.container": "# podlint: ignore=host-path it is meant\n[Container]\nImage=docker.io/library/x:1\nUser=0\n" +
			"Volume=/etc:/e\n"}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(writeTree(t, files))
	outputs := map[string]string{}
	want := []string{"podlint.toml", "3 rules off, fail-on none, min-severity critical", "c.container",
		"1 finding waived", ".gitignore", "1 path passed over"}
	for _, format := range formats {
		status, out, errs := invoke(t, "check", ".", "-f", format)
		if status != 0 {
			t.Errorf("%s: status %d, %s", format, status, errs)
		}
		for _, text := range want {
			if !strings.Contains(out, text) {
				t.Errorf("%s: %q is not in\n%s", format, text, out)
			}
		}
		outputs[format] = out
	}
	_, out, _ := invoke(t, "check", ".", "--fail-on", "medium", "--min-severity", "info")
	if !strings.Contains(out, "configuration: podlint.toml, 3 rules off, min-severity critical") {
		t.Error(out)
	}
	if _, out, _ = invoke(t, "check", ".", "--config", "none"); strings.Contains(out, "configuration:") {
		t.Error(out)
	}
	t.Chdir(here)
	for format, out := range outputs {
		wellFormed(t, format, out)
	}
}

// TestConfigFrom holds that the configuration, the baseline and the waivers are taken from the base of a change,
// whatever the change brings along.
func TestConfigFrom(t *testing.T) {
	const accepted = "# podlint: ignore=privileged it is meant\n" + openUnit
	dir := writeTree(t, map[string]string{"a.container": openUnit, "b.container": accepted, "sub/x.container": openUnit,
		"podlint.toml": "[rules]\nhealthcheck = \"off\"\n"})
	t.Chdir(dir)
	git(t, dir, "init", "-q", "-b", "main")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "x")
	if status, _, errs := invoke(t, "baseline", "write", "check", "a.container"); status != 0 {
		t.Fatal(errs)
	}
	writeBelow(t, dir, map[string]string{"podlint.toml": looseConfig, "a.container": accepted, "origin/main": "x",
		"main": looseConfig, "c.container": accepted})
	// What a repository may run is not run.
	for key, value := range map[string]string{"core.fsmonitor": "touch ran", "core.hooksPath": ".",
		"core.pager": "touch ran"} {
		git(t, dir, "config", key, value)
	}
	t.Setenv("GIT_DIR", filepath.Join(t.TempDir(), "none"))
	count := func(args ...string) (int, map[string]int, string) {
		status, out, errs := invoke(t, append([]string{"check", ".", "-f", "json", "--rule", "privileged,healthcheck"},
			args...)...)
		var r struct {
			Findings []struct{ Rule, Status string }
		}
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v: %s%s", err, out, errs)
		}
		found := map[string]int{}
		for _, f := range r.Findings {
			found[f.Rule+" "+f.Status]++
		}
		return status, found, out
	}
	if status, found, _ := count(); status != 0 || len(found) > 0 {
		t.Errorf("with the change's own: status %d, %v", status, found)
	}
	for _, where := range []string{".", "sub"} {
		t.Chdir(filepath.Join(dir, where))
		status, out, errs := invoke(t, "check", dir, "-f", "json", "--config-from", "main")
		if status != 1 || strings.Contains(out, `"healthcheck"`) || strings.Count(out, `"rule":"privileged"`) != 4 ||
			strings.Count(out, `"status":"waived"`) != 1 || !strings.Contains(out, "podlint.toml of main") ||
			!strings.Contains(out, "1 rule off") || strings.Count(errs, "this waiver does not count") != 2 {
			t.Errorf("%s: status %d, %s\n%s", where, status, errs, out)
		}
	}
	t.Chdir(dir)
	if _, err := os.Stat("ran"); err == nil {
		t.Error("what the repository's configuration names was run")
	}
	for args, says := range map[string]string{
		"--config-from=main --baseline=podlint-baseline.json": "main has no podlint-baseline.json",
		"--config-from=nothing":                               "there is no such commit",
		"--config-from=--help":                                "there is no such commit",
		"--config-from=HEAD --config=none":                    "exclude each other",
		"--config-from=./nothing.toml":                        "nothing.toml",
	} {
		if status, _, errs := invoke(t, append([]string{"check", "."}, strings.Fields(args)...)...); status != 2 ||
			!strings.Contains(errs, says) {
			t.Errorf("%s: status %d, %s", args, status, errs)
		}
	}
	base := filepath.Join(writeTree(t, map[string]string{"base.toml": "[rules]\nprivileged = \"off\"\n"}), "base.toml")
	if _, out, errs := invoke(t, "check", ".", "--config-from", base); !strings.Contains(out, "1 rule off") {
		t.Errorf("%s\n%s", errs, out)
	}
}

// TestConfigOfOthers holds whose configuration is taken: that of the account and of root, where nobody else can have
// put it.
func TestConfigOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can make another user's file")
		return
	}
	tests := []struct {
		name        string
		change      func(dir, file string) error
		refused     string
		environment string
	}{
		{name: "own", change: func(string, string) error { return nil }},
		{name: "another's file", change: func(_, file string) error { return os.Chown(file, 65533, 65533) },
			refused: "belongs to another user"},
		{name: "another's directory", change: func(dir, _ string) error { return os.Chown(dir, 65533, 65533) },
			refused: "lies in a directory that belongs to another user"},
		{name: "the group's file", change: func(_, file string) error { return os.Chmod(file, 0o664) },
			refused: "may be written by its group"},
		{name: "the group's directory", change: func(dir, _ string) error { return os.Chmod(dir, 0o775) },
			refused: "lies in a directory that its group may write to"},
		{name: "everybody's file", change: func(_, file string) error { return os.Chmod(file, 0o666) },
			refused: "may be written by everybody"},
		{name: "everybody's directory", change: func(dir, _ string) error { return os.Chmod(dir, 0o777) },
			refused: "everybody may put one"},
		{name: "own in /tmp", change: func(dir, _ string) error { return os.Chmod(dir, 0o777|os.ModeSticky) }},
		{name: "for whom sudo runs", change: func(_, file string) error { return os.Chown(file, 65533, 65533) },
			environment: "65533"},
		{name: "a link elsewhere", change: func(dir, file string) error {
			if err := os.Rename(file, filepath.Join(dir, "../elsewhere.toml")); err != nil {
				return err
			}
			return os.Symlink("../elsewhere.toml", file)
		}, refused: "is a link out of its directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(writeTree(t, map[string]string{"tree/a.container": openUnit,
				"tree/podlint.toml": looseConfig}), "tree")
			if err := tt.change(dir, filepath.Join(dir, "podlint.toml")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("SUDO_UID", tt.environment)
			t.Chdir(dir)
			status, _, errs := invoke(t, "check", ".")
			if tt.refused == "" && status != 0 || tt.refused != "" && (status != 2 || !strings.Contains(errs, tt.refused) ||
				!strings.Contains(errs, "--config")) {
				t.Errorf("status %d, %s", status, errs)
			}
			if status, _, errs = invoke(t, "check", ".", "--config", "podlint.toml"); status != 0 {
				t.Errorf("named: status %d, %s", status, errs)
			}
		})
	}
}
