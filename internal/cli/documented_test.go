package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"mvdan.cc/sh/v3/shell"
)

const repository = "../.."

// handWritten returns the Markdown pages that people write: those of the repository's root and of docs that do not
// begin as a generated page does.
func handWritten(t testing.TB) []string {
	t.Helper()
	var pages []string
	for _, page := range markdownFiles(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte(generated)) {
			pages = append(pages, page)
		}
	}
	return pages
}

// markdownFiles returns every Markdown file of the repository outside testdata.
func markdownFiles(t testing.TB) []string {
	t.Helper()
	var pages []string
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			pages = append(pages, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// TestDocumentedOutput runs the commands of every console block and compares what they print with what the page shows.
// The blocks of a page share one copy of testdata/demo/units, so that a command sees what an earlier one has written.
func TestDocumentedOutput(t *testing.T) {
	block := regexp.MustCompile("(?ms)^```console\n(.*?)^```$")
	demo, err := filepath.Abs(filepath.Join(repository, "testdata/demo/units"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, page := range handWritten(t) {
		page, err := filepath.Abs(page)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "demo")
			if err := os.CopyFS(dir, os.DirFS(demo)); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			t.Setenv("HOME", t.TempDir())
			t.Setenv("XDG_CONFIG_HOME", "")
			t.Setenv("COLUMNS", "100")
			got := block.ReplaceAllStringFunc(string(text), func(shown string) string {
				blocks++
				return "```console\n" + replay(t, block.FindStringSubmatch(shown)[1]) + "```"
			})
			switch {
			case got == string(text):
			case *update:
				if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("the output is different (go test ./internal/cli -update writes it):\n%s",
					cmp.Diff(string(text), got))
			}
		})
	}
	if blocks == 0 {
		t.Error("no page shows any output")
	}
}

// replay runs the commands of a console block and returns the block with what they print now.
func replay(t *testing.T, block string) string {
	var b strings.Builder
	status := 0
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		b.WriteString(line)
		args, err := shell.Fields(command, func(name string) string {
			if name == "?" {
				return fmt.Sprint(status)
			}
			return ""
		})
		if err != nil || len(args) == 0 {
			t.Fatalf("%s: %v", command, err)
		}
		switch args[0] {
		case "podlint":
			ctx, cancel := context.WithTimeout(t.Context(), tooLong)
			a := &app{Streams: Streams{bytes.NewReader(nil), &b, &b}, now: func() time.Time { return captured }}
			status = a.run(ctx, args[1:])
			cancel()
		case "cat":
			for _, name := range args[1:] {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				b.Write(text)
			}
		case "echo":
			fmt.Fprintln(&b, strings.Join(args[1:], " "))
		default:
			t.Fatalf("%s: a console block runs podlint, cat and echo only", command)
		}
	}
	return b.String()
}

// TestDocumentedCommands holds that every podlint command on a page exists and knows the options that it is given.
func TestDocumentedCommands(t *testing.T) {
	inline := regexp.MustCompile("`(podlint [^`]*)`")
	line := regexp.MustCompile(`(?m)^(?:\$ )?(podlint .*)$`)
	fence := regexp.MustCompile("(?ms)^```.*?^```$")
	end := regexp.MustCompile(` [#<>|&;]| \.\.\.`)
	commands := 0
	for _, page := range handWritten(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		prose := fence.ReplaceAllString(string(text), "")
		found := inline.FindAllStringSubmatch(prose, -1)
		for _, block := range fence.FindAllString(string(text), -1) {
			found = append(found, line.FindAllStringSubmatch(block, -1)...)
		}
		for _, f := range found {
			command := f[1]
			if at := end.FindStringIndex(command); at != nil {
				command = command[:at[0]]
			}
			args, err := shell.Fields(command, func(string) string { return "" })
			if err != nil {
				t.Errorf("%s: %s: %v", page, f[1], err)
				continue
			}
			root := (&app{now: time.Now}).rootCommand()
			root.InitDefaultHelpFlag()
			root.InitDefaultVersionFlag()
			root.InitDefaultCompletionCmd("completion")
			cmd, rest, err := root.Find(args[1:])
			if err == nil && cmd == root && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				err = fmt.Errorf("there is no command %q", rest[0])
			}
			if err == nil {
				cmd.InitDefaultHelpFlag()
				err = cmd.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: `%s`: %v", page, f[1], err)
			}
			commands++
		}
	}
	if commands == 0 {
		t.Error("no page names a command")
	}
}

// TestLinks holds that every link between the Markdown files of the repository leads to a file, a directory or a
// heading that exists, and that docs/README.md leads to every page beside it.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence := regexp.MustCompile("(?ms)^```.*?^```$")
	code := regexp.MustCompile("`[^`\n]*`")
	anchors := map[string][]string{}
	index := map[string]bool{}
	for _, page := range markdownFiles(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		plain := code.ReplaceAllString(fence.ReplaceAllString(string(text), ""), "")
		for _, found := range link.FindAllStringSubmatch(plain, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(found[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if page == filepath.Join(repository, "docs/README.md") {
				index[target] = true
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s leads nowhere", page, found[1])
				continue
			}
			if anchor == "" {
				continue
			}
			if anchors[target] == nil {
				anchors[target] = headings(t, target)
			}
			if !slices.Contains(anchors[target], anchor) {
				t.Errorf("%s: %s leads to none of the headings %q", page, found[1], anchors[target])
			}
		}
	}
	pages, _ := filepath.Glob(filepath.Join(repository, "docs/*.md"))
	for _, page := range pages {
		if filepath.Base(page) != "README.md" && !index[page] {
			t.Errorf("docs/README.md does not lead to %s", page)
		}
	}
}

// headings returns the anchors that GitHub gives the headings of a page.
func headings(t testing.TB, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^```.*?^```$")
	heading := regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	dropped := regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	seen := map[string]int{}
	var all []string
	for _, found := range heading.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
		anchor := strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")
		if n := seen[anchor]; n > 0 {
			all = append(all, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			all = append(all, anchor)
		}
		seen[anchor]++
	}
	return all
}

// TestDocumentedLines holds that a line of the pages that people write has at most 120 columns; a row of a
// table, and code that cannot be broken, may be longer.
func TestDocumentedLines(t *testing.T) {
	const widest = 120
	for _, page := range handWritten(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			if n := len([]rune(line)); n > widest && !code && !strings.HasPrefix(line, "|") {
				t.Errorf("%s:%d has %d columns", page, i+1, n)
			}
		}
	}
}
