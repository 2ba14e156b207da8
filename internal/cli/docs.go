package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/examples"
)

func (a *app) docsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "docs [DIRECTORY]",
		Short: "Write the documentation: a page for each rule, the tables, man pages",
		Long: `Docs writes the documentation that is made from podlint itself into a directory ("docs" where none is
named): a page for each rule with its examples and what podlint says of them, the catalogue, what becomes of each item
of the CIS Docker Benchmark, how reach and exposure are worked out, and a man page for each command. Existing files
are overwritten.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "docs"
			if len(args) == 1 {
				dir = args[0]
			}
			files, err := a.documentation()
			if err != nil {
				return err
			}
			for name, text := range files {
				file := filepath.Join(dir, name)
				const readable, enterable = 0o644, 0o755
				if err := os.MkdirAll(filepath.Dir(file), enterable); err != nil {
					return err
				}
				if err := os.WriteFile(file, []byte(text), readable); err != nil {
					return err
				}
			}
			fmt.Fprintf(a.Out, "%s: %d files\n", safe.Text(dir), len(files))
			return nil
		},
	}
}

// documentation returns what docs writes, by the names of the files.
func (a *app) documentation() (map[string]string, error) {
	catalogue := rules.All(rules.Parameters{})
	files := map[string]string{"rules/README.md": catalogueTable(catalogue), "cis.md": cisTable(catalogue),
		"reach.md": reachPage()}
	for i := range catalogue {
		files["rules/"+catalogue[i].ID+".md"] = a.rulePage(&catalogue[i])
	}
	err := manPages(a.rootCommand(), files)
	return files, err
}

// manPages makes a page for each command. They have no date of their own, so that they are the same on every day.
func manPages(cmd *cobra.Command, files map[string]string) error {
	cmd.DisableAutoGenTag = true
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			if err := manPages(sub, files); err != nil {
				return err
			}
		}
	}
	var b bytes.Buffer
	epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	err := doc.GenMan(cmd, &doc.GenManHeader{Section: "1", Source: "podlint", Manual: "podlint", Date: &epoch}, &b)
	files["man/"+strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"] = b.String()
	return err
}

const generated = "<!-- Written by `podlint docs`; the source is the rules' own. -->\n\n"

func catalogueTable(catalogue []rules.Rule) string {
	var b strings.Builder
	b.WriteString(generated + "# The rules\n\n" +
		`Severities are for a rootful Podman without a user namespace; a finding states that for its container.
The profile is the least strict one that a rule is part of: ` + "`baseline`, `standard` (the default) or `strict`" + `.

| rule | severity | profile | CIS | flags |
| --- | --- | --- | --- | --- |
`)
	for i := range catalogue {
		r := &catalogue[i]
		fmt.Fprintf(&b, "| [`%s`](%s.md) | %s | %s | %s | %s |\n", r.ID, r.ID, r.Severity, r.Profile, r.CIS, r.Title)
	}
	return b.String()
}

func cisTable(catalogue []rules.Rule) string {
	var b strings.Builder
	b.WriteString(generated + `# CIS Docker Benchmark 1.6.0

What becomes of each item of section 5, and of those of sections 2 and 4 that a rule is about, for containers of
Podman. The items are put into podlint's own words.

| item | asks for | podlint |
| --- | --- | --- |
`)
	for _, item := range rules.CISItems() {
		var by []string
		for i := range catalogue {
			if r := &catalogue[i]; r.CIS == item.Number {
				by = append(by, fmt.Sprintf("[`%s`](rules/%s.md)", r.ID, r.ID))
			}
		}
		what := strings.Join(by, ", ")
		if item.Why != "" {
			what = "No rule. " + item.Why
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", item.Number, item.Title, what)
	}
	return b.String()
}

func reachPage() string {
	return generated + "# Reach and exposure\n\n## Reach\n\n" + reachText() + "\n## Exposure\n\n" + exposureText()
}

// reachText is the lattice in Markdown, which reads as text too.
func reachText() string {
	var b strings.Builder
	b.WriteString(unwrapped(`How far someone gets who controls a container's processes. podlint looks for a way out
that needs no bug, and where there is none says whom an escape through a bug of the runtime or the kernel would make.
From the worst:`) + "\n\n")
	for _, l := range rules.Levels() {
		fmt.Fprintf(&b, "* `%s`: whoever takes the container over %s.\n", l, l.Meaning())
	}
	b.WriteString("\n" +
		unwrapped(`Who the processes can become comes first: their UID through every user namespace on the way; without
no-new-privileges the container's root too, which a setuid program of the image makes of any of them; with SETUID every
UID that is mapped into the container. To files and sockets they are also whom DAC_OVERRIDE, CHOWN and FOWNER make them,
and members of their groups. A way out that needs no bug is one of these: the container is privileged; an engine's
socket, the system's bus or systemd's is mounted; a path of the host's own is mounted writable, or stays writable below
a mount that is read-only; SYS_ADMIN, SYS_MODULE, DAC_READ_SEARCH, SYS_RAWIO, BPF with PERFMON, or SYS_PTRACE with the
host's PID namespace, where no user namespace is in between; /proc/sys unmasked; a disk or the machine's memory among
the devices, or a volume that is a disk; the processes of another container that has such a way. For an ordinary account
of the host: its own Podman's socket, its session's bus, its home mounted writable, SYS_PTRACE over the processes of a
rootless Podman. Where a setting decides that the service does not tell, the reach is unknown, with the
reason.`) + "\n\n")
	b.WriteString(unwrapped(`It is monotone: hardening a setting never makes a container reach further. A property
test over generated containers holds that (rules/reach_test.go).`) + "\n")
	return b.String()
}

// exposureText is the formula in Markdown.
func exposureText() string {
	var b strings.Builder
	b.WriteString(unwrapped("A number from 0.0 to 10.0, in the spirit of `systemd-analyze security`:") + "\n\n")
	b.WriteString("    exposure = base(reach) + 2 × (sum of the weights of what is soft) / (sum of all weights)\n\n")
	b.WriteString(unwrapped(`with the base 0 for contained, 2 for escape-to-user, 4 for escape-to-root, 6 for
host-user and 8 for host-root: how far one gets counts first, how much is in the way counts within. What is not known
to be soft counts as hard, so that hardening never raises it. There is none where the reach is not known.`) +
		"\n\n| weight | what counts |\n| --- | --- |\n")
	for _, w := range rules.Weights() {
		fmt.Fprintf(&b, "| %g | %s |\n", w.Weight, w.What)
	}
	return b.String()
}

// example is a definition of rules/examples and what podlint finds in it.
type example struct {
	files  map[string][]byte
	report *report.Report
}

// example lints a rule's good or bad example, by that rule alone. It is nil for a rule that no definition can show.
func (a *app) example(rule *rules.Rule, kind string) *example {
	entries, err := fs.ReadDir(examples.Files, rule.ID)
	if err != nil {
		return nil
	}
	e := &example{files: map[string][]byte{}}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), kind) {
			continue
		}
		if data, err := fs.ReadFile(examples.Files, path.Join(rule.ID, entry.Name())); err == nil {
			e.files[entry.Name()] = data
		}
	}
	if len(e.files) == 0 {
		return nil
	}
	l := &lint.Linter{
		Config: &policy.Config{}, Catalogue: []rules.Rule{*rule}, Rules: []rules.Rule{*rule}, Least: rules.Info,
		FailOn: rules.Medium,
		Tool:   report.Tool{Name: "podlint"}, Now: a.now,
	}
	e.report = l.NewReport()
	set, _ := definition.Open(nil, definition.Options{Rootless: modeOf(false, true), Given: e.files, Now: a.now()})
	l.Check(context.Background(), set, e.report, func(string, int, int) {})
	return e
}

// shown is what `podlint check` prints of an example.
func (e *example) shown() string {
	var b bytes.Buffer
	const columns = 100
	if err := report.Text(&b, e.report, report.Style{Width: columns}); err != nil {
		return ""
	}
	before, _, _ := strings.Cut(b.String(), "\nNext: ")
	return strings.TrimRight(before, "\n") + "\n"
}

// fix returns the fix of the example's first finding.
func (e *example) fix() rules.Fix {
	if e == nil || len(e.report.Findings) == 0 {
		return rules.Fix{}
	}
	return e.report.Findings[0].Fix
}

// dialects are the languages that a fix is shown in.
var dialects = []struct {
	name   string
	syntax podman.Syntax
}{{"podman run", podman.SyntaxCommand}, {"Quadlet", podman.SyntaxQuadlet}, {"Kubernetes", podman.SyntaxKube},
	{"compose", podman.SyntaxCompose}}

// inWords returns a fix in each language: the language's name, the words, and what is to be said of them.
func inWords(fix rules.Fix) [][3]string {
	var lines [][3]string
	if len(fix.Changes) == 0 {
		return nil
	}
	for _, d := range dialects {
		var words, notes []string
		for i, word := range fix.In(d.syntax, rules.NewestPodman) {
			c := fix.Changes[i]
			if _, since := c.Key(); d.syntax == podman.SyntaxQuadlet && since != "" && olderQuadlets(since) {
				notes = append(notes, "from Podman "+since+" on; before, PodmanArgs="+c.Flag)
			}
			if !c.Knows(d.syntax) && d.syntax != podman.SyntaxQuadlet {
				notes = append(notes, "has no word for "+c.Flag)
				continue
			}
			words = append(words, word)
		}
		lines = append(lines, [3]string{d.name, strings.Join(words, "  "), strings.Join(notes, "; ")})
	}
	return lines
}

// olderQuadlets reports whether there are Quadlets, the first of which came with 4.4, that do not know a key of a
// version.
func olderQuadlets(since string) bool { return since != "" && since != "4.4" }

func (a *app) rulePage(r *rules.Rule) string {
	var b strings.Builder
	b.WriteString(generated)
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n", r.ID, r.Title)
	fmt.Fprintf(&b, "Severity: %s, for a rootful Podman without a user namespace. Profile: %s.", r.Severity, r.Profile)
	if r.CIS != "" {
		fmt.Fprintf(&b, " CIS Docker Benchmark 1.6.0: [%s](../cis.md).", r.CIS)
	}
	fmt.Fprintf(&b, "\n\n## Why it matters\n\n%s\n\n## What to do\n\n%s\n", unwrapped(r.Why), unwrapped(r.Remedy))
	bad, good := a.example(r, "bad"), a.example(r, "good")
	if words := inWords(bad.fix()); words != nil {
		b.WriteString("\n| in | write |\n| --- | --- |\n")
		for _, w := range words {
			cell := w[2]
			if w[1] != "" {
				cell = strings.TrimSpace("`" + w[1] + "` " + w[2])
			}
			fmt.Fprintf(&b, "| %s | %s |\n", w[0], cell)
		}
	}
	b.WriteString("\n## Examples\n\n")
	if bad == nil || good == nil {
		b.WriteString("It shows in live containers and on machines, not in definitions.\n")
	} else {
		b.WriteString("One that is flagged:\n\n" + bad.fenced() + "\n```\n$ podlint check --rootful --rule " + r.ID +
			" " + strings.Join(bad.names(), " ") + "\n" + bad.shown() + "```\n\nOne that is not:\n\n" + good.fenced())
	}
	if len(r.See) > 0 {
		b.WriteString("\n## See\n\n")
		for _, address := range r.See {
			fmt.Fprintf(&b, "* <%s>\n", address)
		}
	}
	return b.String()
}

func (e *example) names() []string {
	var names []string
	for name := range e.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// fenced writes the files as code blocks of Markdown.
func (e *example) fenced() string {
	var b strings.Builder
	for _, name := range e.names() {
		language := "ini"
		if strings.HasSuffix(name, ".sh") {
			language = "sh"
		}
		fmt.Fprintf(&b, "```%s\n# %s\n%s```\n", language, name, e.files[name])
	}
	return b.String()
}
