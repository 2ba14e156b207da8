package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestForeignCommands holds that no word of a definition starts a command of the CI system that reads podlint's output:
// neither a name nor a comment, in no format, in no diff and in no error.
func TestForeignCommands(t *testing.T) {
	own := regexp.MustCompile(`^::(error|warning|notice) `) // of the format github
	command := regexp.MustCompile(`(?i)^\s*::[a-z]|##\[|##vso\[`)
	dir := t.TempDir()
	for name, words := range map[string]string{
		"a.container": "::stop-commands::zz", "b.container": "##vso[task.setvariable variable=PATH]/tmp/evil",
		"c.container": "##[add-mask]x", "d.container": "  ::set-env name=X::y", "e.container": "@octocat",
	} {
		text := "[Container]\nImage=docker.io/library/x:1\nContainerName=" + words + "\n# " + words + "\nLabel=\"a=" +
			words + "\"\nNoSuchKey=" + words + "\nExec=\\\n  " + words + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Names of files that are there stand in the headers of a diff, and long ones move what follows to a line of its own.
	for _, name := range []string{"a\n::error::pwned\n.container", "##[error]g.container", "##vso[task]h.container",
		"@octocat.container"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("[Container]\nImage=docker.io/library/x:1\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("COLUMNS", "60")
	// A name of a file that is not there is told in an error.
	runs := [][]string{
		{"check", dir, "::error::x"}, {"fix", dir}, {"fix", dir, "--drop-in"}, {"fix", "##[error]x"}, {"::error::x"},
		{"check", "-v", dir},
	}
	for n := range 60 {
		runs = append(runs, []string{"check", "/" + strings.Repeat("a", n) + " ::error::pwned"})
	}
	for _, format := range formats {
		runs = append(runs, []string{"check", dir, "--format", format})
	}
	for _, args := range runs {
		_, out, errs := invoke(t, append(args, "--config", "none")...)
		if out+errs == "" {
			t.Errorf("%q says nothing", args)
		}
		for line := range strings.Lines(out + errs) {
			if command.MatchString(own.ReplaceAllString(line, "")) {
				t.Errorf("%q: %q", args, line)
			}
			if slices.Contains(args, "markdown") && strings.Contains(line, "@octocat") && !strings.Contains(line, "`") {
				t.Errorf("a mention: %q", line)
			}
		}
	}
}
