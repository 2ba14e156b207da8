package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// fixFlags holds the flags of `podlint fix`.
type fixFlags struct {
	scanFlags
	rootless, rootful bool
	diff, write       bool
	all, dropIn       bool
	podman            string
}

func (a *app) fixCommand() *cobra.Command {
	flags := fixFlags{}
	cmd := &cobra.Command{
		Use:   "fix TARGET ...",
		Short: "Print the hardened definition, or write it",
		Long: `Fix turns findings into edits of what was written: a Quadlet unit, a script, Kubernetes YAML, a compose file. Comments, order and
spelling stay as they are. A target is a file, a directory, or a container: of one that a unit on this machine made the unit is
edited, of another the command line that it was made with is printed, hardened and quoted for a shell.

Each edit is marked: "safe" cannot take anything from the service that it relies on, "needs trying" might; podlint prove tries these
on a throw-away copy. Without --write nothing is changed. --write makes the safe edits, --write --all every one. What only the
owner can decide is named and left.`,
		Example: `  podlint fix web.container                 what would change
  podlint fix --write --all web.container   change it
  podlint fix --drop-in --write --all web.container
  podlint fix web                           the command line of a container, hardened`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("fix takes files, directories or containers"), cmd.CommandPath()}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.fix(cmd, &flags, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.diff, "diff", false, "print the edits as a diff (the default)")
	f.BoolVar(&flags.write, "write", false, "make the safe edits")
	f.BoolVar(&flags.all, "all", false, "with --write, make the edits too that need trying")
	f.BoolVar(&flags.dropIn, "drop-in", false, "leave units alone and put what changes into NAME.container.d/"+fix.DropInName)
	f.BoolVar(&flags.rootless, "rootless", false, "the definitions are for rootless Podman")
	f.BoolVar(&flags.rootful, "rootful", false, "the definitions are for rootful Podman")
	f.StringVar(&flags.podman, "podman", "", "the `version` of the Podman that reads the definitions, such as 4.9; keys that it does not know become PodmanArgs")
	f.StringSliceVar(&flags.only, "rule", nil, "fix only what these `rules` find")
	f.StringSliceVar(&flags.skip, "skip", nil, "leave what these `rules` find")
	f.StringVar(&flags.profile, "profile", "", "which `rules` to use: baseline, standard (the default) or strict")
	f.StringVar(&flags.configFile, "config", "", "the configuration's `file` instead of the podlint.toml that is found, or none")
	f.BoolVar(&flags.noColor, "no-color", false, "no colour (as NO_COLOR does)")
	f.StringVar(&flags.service.URL, "url", "", "the `address` of the Podman service")
	f.StringVar(&flags.service.Connection, "connection", "", "the `name` of a connection (podman system connection list)")
	_ = cmd.RegisterFlagCompletionFunc("rule", completeRules)
	_ = cmd.RegisterFlagCompletionFunc("skip", completeRules)
	return cmd
}

// fix edits what defines the targets.
func (a *app) fix(cmd *cobra.Command, flags *fixFlags, targets []string) error {
	flags.failOn, flags.least = "none", "info"
	if err := flags.check(cmd, rules.Parameters{}); err != nil {
		err = asUsage(err)
		var usage *usageError
		if errors.As(err, &usage) {
			usage.command = cmd.CommandPath()
		}
		return err
	}
	switch {
	case flags.rootless && flags.rootful:
		return &usageError{errors.New("--rootless and --rootful exclude each other"), cmd.CommandPath()}
	case flags.all && !flags.write:
		return &usageError{errors.New("--all says what --write writes"), cmd.CommandPath()}
	case flags.diff && flags.write:
		return &usageError{errors.New("--diff and --write exclude each other"), cmd.CommandPath()}
	}
	var paths, names []string
	for _, target := range targets {
		if _, err := os.Lstat(target); err == nil || strings.ContainsAny(target, "/") || filepath.Ext(target) != "" && isDefinition(target) {
			paths = append(paths, target)
		} else {
			names = append(names, target)
		}
	}
	var plans []plan
	if len(names) > 0 {
		found, err := a.plansOfContainers(cmd, flags, names)
		if err != nil {
			return err
		}
		plans = append(plans, found...)
	}
	if len(paths) > 0 {
		found, failed := a.plansOfFiles(cmd, flags, paths)
		if failed {
			a.status = statusUsage
		}
		plans = append(plans, found...)
	}
	for i := range plans {
		if err := a.carryOut(flags, &plans[i]); err != nil {
			a.complain(err)
			a.status = statusUsage
		}
	}
	if len(plans) == 0 && a.status == 0 {
		fmt.Fprintln(a.out, "nothing to fix")
	}
	return nil
}

// isDefinition reports whether a name is a definition's by its ending.
func isDefinition(name string) bool {
	switch filepath.Ext(name) {
	case ".container", ".pod", ".kube", ".volume", ".network", ".image", ".build", ".service", ".sh", ".bash", ".yaml", ".yml":
		return true
	}
	return false
}

// plan is what is to become of a file, or of a container's command line.
type plan struct {
	path          string
	before, after []byte
	done          []fix.Done
	left          []fix.Left
	// container is set for a command line, which is printed and not written.
	container string
	// notes says what the container was seen to do.
	notes []string
}

// plansOfFiles lints files and plans the edits of each.
func (a *app) plansOfFiles(cmd *cobra.Command, flags *fixFlags, paths []string) (plans []plan, failed bool) {
	check := &checkFlags{output: flags.output, rootless: flags.rootless, rootful: flags.rootful}
	result := &report.Report{Started: a.now(), Rules: flags.selectedRules, Complete: true, Definitions: true}
	l := &linter{flags: check, catalogue: flags.catalogue, now: a.now()}
	if a.machine {
		l.proofs = readProofs(proofsPath())
	}
	l.run(cmd.Context(), paths, result, func(int, int) {})
	for _, e := range result.Errors {
		fmt.Fprintf(a.err, "podlint: %s: %s\n", report.Safe(e.Target), report.Safe(e.Message))
	}
	return a.plansOf(result.Findings, l.read, flags.podman), result.Unreadable
}

// plansOf groups findings by the file that they are about and plans its edits.
func (a *app) plansOf(findings []rules.Finding, read func(string) ([]byte, error), version string) []plan {
	type key struct{ file, container string }
	groups := map[key][]*rules.Finding{}
	var order []key
	for i := range findings {
		f := &findings[i]
		file := f.Definition.Origin.File
		if f.Waived != "" || file == "" {
			continue
		}
		if strings.HasSuffix(f.Location.File, ".conf") && f.Definition.Syntax == podman.SyntaxQuadlet { // a drop-in sets it
			file = f.Location.File
		}
		k := key{file, f.Container}
		if f.Definition.Syntax == podman.SyntaxKube || f.Definition.Syntax == podman.SyntaxCompose {
			k.container = "" // a pod's settings stand above its containers
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	// The last container of a file first: what stands above does not move then.
	slices.SortStableFunc(order, func(a, b key) int {
		return cmp.Or(strings.Compare(a.file, b.file), cmp.Compare(groups[b][0].Definition.Origin.Line, groups[a][0].Definition.Origin.Line),
			cmp.Compare(groups[b][0].Definition.Origin.Column, groups[a][0].Definition.Origin.Column))
	})
	var plans []plan
	for _, k := range order {
		if n := len(plans); n == 0 || plans[n-1].path != k.file {
			text, err := read(k.file)
			if err != nil {
				continue
			}
			plans = append(plans, plan{path: k.file, before: text, after: text})
		}
		p := &plans[len(plans)-1]
		out := fix.File(k.file, p.after, groups[k], version)
		p.after = out.After
		p.done, p.left = append(p.done, out.Done...), append(p.left, out.Left...)
	}
	return plans
}

// plansOfContainers reads containers and plans the edits of their units, or of the command lines that they were made with.
func (a *app) plansOfContainers(cmd *cobra.Command, flags *fixFlags, names []string) ([]plan, error) {
	flags.service.Now, flags.service.Machine, flags.service.Log = a.now, a.machine, func(string, ...any) {}
	flags.service.Timeout, flags.service.Concurrency = defaultTimeout, defaultConcurrency
	service, err := live.Connect(cmd.Context(), flags.service)
	if err != nil {
		return nil, err
	}
	defer service.Close()
	units := newUnitFinder(service.URI)
	var plans []plan
	var known proofs
	if a.machine {
		known = readProofs(proofsPath())
	}
	_, problems, err := service.Containers(cmd.Context(), live.Selection{Names: names}, func(int, int) {}, func(c *podman.Container) {
		units.define(c)
		found := flags.config.Adjust(rules.Check(flags.selectedRules, c), flags.usedProfile, a.now())
		known.mark(c, found, func() (string, bool) { return "", false })
		notes := fix.WithEvidence(c, service.Evidence(cmd.Context(), c), found)
		if c.Defined != nil {
			own := flags.config.Adjust(rules.Check(flags.selectedRules, c.Defined), flags.usedProfile, a.now())
			of := a.plansOf(matched(found, own), readRegular, cmp.Or(flags.podman, c.Host.Podman))
			if len(of) > 0 {
				of[0].notes = notes
			}
			plans = append(plans, of...)
			return
		}
		p := commandPlan(c, found)
		p.notes = notes
		plans = append(plans, p)
	})
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		fmt.Fprintf(a.err, "podlint: %s: %s\n", report.Safe(p.Target), report.Safe(p.Err.Error()))
		a.status = statusIncomplete
	}
	slices.SortFunc(plans, func(a, b plan) int { return strings.Compare(a.container+a.path, b.container+b.path) })
	return plans, nil
}

// matched returns, of what is found in a live container, what its definition shows too, with the definition's places; what only the live one
// shows keeps its changes and is placed where the definition stands.
func matched(found, defined []rules.Finding) []rules.Finding {
	var list []rules.Finding
	for _, f := range found {
		for _, d := range defined {
			if d.Rule.ID == f.Rule.ID && d.Cause == f.Cause {
				d.Message, d.Severity, d.Waived = f.Message, f.Severity, f.Waived
				d.Fix.Changes, d.Fix.Safe, d.Fix.MountOption, d.Proven = f.Fix.Changes, f.Fix.Safe, f.Fix.MountOption, f.Proven // what the live one needs
				f = d
				break
			}
		}
		list = append(list, f)
	}
	return list
}

// commandPlan hardens the command line that a container was made with.
func commandPlan(c *podman.Container, found []rules.Finding) plan {
	p := plan{container: c.Name, path: c.Name}
	give := func(why string) plan {
		for i := range found {
			p.left = append(p.left, fix.Left{Finding: &found[i], Why: why})
		}
		return p
	}
	if !c.CreateCommand.Known() || len(c.CreateCommand.Value) == 0 {
		return give("the container has no recorded command line: it was made over the API, by kube play or by compose")
	}
	words := make([]string, len(c.CreateCommand.Value))
	for i, w := range c.CreateCommand.Value {
		words[i] = w.Reveal()
	}
	text := layOut(words)
	containers, _ := command.Script{File: c.Name, Text: text}.Read(c.Host)
	if len(containers) != 1 {
		return give("podlint cannot read the command line that it was made with")
	}
	defined := containers[0]
	var list []*rules.Finding
	for i, f := range matched(found, rules.Check(rulesOf(found), defined)) {
		f.Definition = defined.Definition
		found[i] = f
		list = append(list, &found[i])
	}
	p.before = []byte(text)
	out := fix.File(c.Name, p.before, list, "")
	p.after, p.done, p.left = out.After, out.Done, out.Left
	return p
}

func rulesOf(found []rules.Finding) []rules.Rule {
	var list []rules.Rule
	seen := map[string]bool{}
	for i := range found {
		if r := found[i].Rule; !seen[r.ID] {
			seen[r.ID] = true
			list = append(list, *r)
		}
	}
	return list
}

// layOut writes a command line for a shell, one option a line.
func layOut(words []string) string {
	made, err := command.Parse(words)
	if err != nil {
		return command.Join(words) + "\n"
	}
	starts := map[int]bool{made.ImageIndex: true}
	for _, o := range made.Options {
		starts[o.Index] = true
	}
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case starts[i]:
			b.WriteString(" \\\n  ")
		default:
			b.WriteString(" ")
		}
		b.WriteString(command.Quote(w))
	}
	return b.String() + "\n"
}

// carryOut prints a plan, or writes it.
func (a *app) carryOut(flags *fixFlags, p *plan) error {
	if flags.write && p.container == "" && !flags.all {
		p.keepSafe(flags)
	}
	target, before, after := p.path, p.before, p.after
	if flags.dropIn && p.container == "" && filepath.Ext(p.path) == ".container" && !bytes.Equal(before, after) {
		var err error
		target = filepath.Join(p.path+".d", fix.DropInName)
		if before, err = readRegular(target); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: %w", target, err)
		}
		after = fix.DropIn(p.path, before, p.before, p.after)
	}
	color := wantsColor(a.out, flags.noColor)
	switch {
	case p.container != "" && len(p.done) > 0:
		fmt.Fprintf(a.out, "# %s\n%s", report.Safe(p.container), shellSafe(redactedCommand(string(p.after))))
	case bytes.Equal(before, after):
	case flags.write:
		if err := writeInPlace(target, before, after); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s: written\n", report.Safe(target))
	default:
		fmt.Fprint(a.out, fix.Diff(target, redactedLines(before), redactedLines(after), color))
	}
	a.say(p)
	return nil
}

// keepSafe plans again with the safe edits only.
func (p *plan) keepSafe(flags *fixFlags) {
	type key struct {
		container string
		line      int
	}
	by := map[key][]*rules.Finding{}
	var order []key
	var left []fix.Left
	for _, d := range p.done { // as they were planned: the last container of a script first
		f := d.Finding
		if !f.Fix.Safe {
			left = append(left, fix.Left{Finding: f, Why: "it needs trying (podlint prove), or --all"})
			continue
		}
		k := key{f.Container, f.Definition.Origin.Line}
		if f.Definition.Syntax == podman.SyntaxKube || f.Definition.Syntax == podman.SyntaxCompose {
			k = key{}
		}
		if by[k] == nil {
			order = append(order, k)
		}
		by[k] = append(by[k], f)
	}
	p.after, p.done, p.left = p.before, nil, append(p.left, left...)
	for _, k := range order {
		out := fix.File(p.path, p.after, by[k], flags.podman)
		p.after = out.After
		p.done, p.left = append(p.done, out.Done...), append(p.left, out.Left...)
	}
}

// say lists what was done and what was left, each once.
func (a *app) say(p *plan) {
	if len(p.done)+len(p.left) == 0 {
		return
	}
	fmt.Fprintf(a.err, "%s\n", report.Safe(p.path))
	for _, note := range p.notes {
		fmt.Fprintf(a.err, "  %-12s  %s\n", "seen", report.Safe(note))
	}
	secrets := false
	of := func(*rules.Finding) string { return "" }
	names := map[string]bool{}
	for _, d := range p.done {
		names[d.Finding.Container] = true
	}
	if len(names) > 1 {
		of = func(f *rules.Finding) string { return f.Container + ": " }
	}
	for _, d := range p.done {
		mark := "needs trying"
		switch {
		case d.Finding.Proven != "":
			mark = "proven"
		case d.Finding.Fix.Safe:
			mark = "safe"
		}
		what := strings.Join(d.Words, "  ")
		if what == "" {
			what = "without " + strings.Join(d.Dropped, ", ")
		}
		fmt.Fprintf(a.err, "  %-12s  %-18s %s\n", mark, d.Finding.Rule.ID, report.Safe(of(d.Finding)+what))
		secrets = secrets || d.Finding.Rule.ID == "plaintext-secret"
	}
	for _, l := range p.left {
		fmt.Fprintf(a.err, "  %-12s  %-18s %s\n", "left", l.Finding.Rule.ID, report.Safe(of(l.Finding)+l.Why))
	}
	if secrets {
		fmt.Fprintf(a.err, "  first make the secrets: podman secret create NAME FILE; and change them, they have been seen\n")
	}
}

// redactedLines hides what may be a secret in a text that is shown: of such a line only the key is left.
func redactedLines(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = redactedLine(line)
	}
	return []byte(strings.Join(lines, "\n"))
}

func redactedLine(line string) string {
	values, whole := secretsIn(line)
	if whole {
		key, _, ok := strings.Cut(line, "=")
		if _, bad := secret.InText(key); !ok || bad || strings.ContainsAny(strings.TrimSpace(key), " \t") {
			return "[redacted]"
		}
		return report.Printable(key) + "=[redacted]"
	}
	for _, v := range values {
		line = strings.ReplaceAll(line, v, "[redacted]")
	}
	return report.Printable(line)
}

// secretsIn returns the words of a line, or the values in them, that are secrets or look like it. Where that cannot be told by words, since
// there are quotes with spaces in them, the whole line is.
func secretsIn(line string) (values []string, whole bool) {
	words := strings.Fields(line)
	for i, w := range words {
		bare := strings.Trim(w, `"',`)
		if strings.HasPrefix(bare, "Secret=") || strings.HasPrefix(bare, "--secret=") || i > 0 && words[i-1] == "--secret" {
			words[i] = "" // the name of one, not one
		}
	}
	for i := range secret.InWords(words) {
		if _, value, ok := strings.Cut(words[i], "="); ok && value != "" {
			values = append(values, strings.Trim(value, `"'`))
		} else {
			values = append(values, strings.Trim(words[i], `"'`))
		}
	}
	pair := func(name, value string) {
		name, value = strings.Trim(strings.TrimSpace(name), `"'-`), strings.Trim(strings.TrimSpace(value), `"',`)
		if _, found := secret.InPair(name, value); found && value != "" {
			values = append(values, value)
		}
	}
	if strings.ContainsAny(line, `"'`) { // a value may go on behind a space
		words = append(words, strings.TrimSpace(line))
	}
	for _, w := range words {
		if strings.HasPrefix(w, "Secret=") || strings.HasPrefix(w, "--secret") {
			continue
		}
		name, value, ok := strings.Cut(w, "=")
		if ok {
			pair(name, value)
			if inner, rest, ok := strings.Cut(value, "="); ok { // Environment=NAME=value, --env=NAME=value
				pair(inner, rest)
			}
		}
		if name, value, ok := strings.Cut(w, ": "); ok { // YAML
			pair(name, value)
		}
	}
	return values, len(values) > 0 && strings.ContainsAny(line, `"'`)
}

// redactedCommand leaves out of a command line to paste what is a secret: a variable's value is taken from the shell's own environment.
func redactedCommand(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if values, _ := secretsIn(line); len(values) == 0 {
			continue
		}
		trimmed := strings.TrimLeft(line, " ")
		indent, tail := line[:len(line)-len(trimmed)], ""
		if strings.HasSuffix(trimmed, " \\") {
			trimmed, tail = strings.TrimSuffix(trimmed, " \\"), " \\"
		}
		for _, flag := range []string{"--env=", "--env ", "-e=", "-e "} {
			if pair, ok := strings.CutPrefix(strings.ReplaceAll(trimmed, "'", ""), flag); ok {
				name, _, _ := strings.Cut(pair, "=")
				lines[i] = indent + "--env=" + name + tail
			}
		}
		if lines[i] == line {
			lines[i] = indent + redactedLine(trimmed) + tail
		}
	}
	return strings.Join(lines, "\n")
}

// shellSafe makes a command line fit for a terminal; its lines stay lines.
func shellSafe(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = report.Printable(line)
	}
	return strings.Join(lines, "\n")
}

// writeInPlace puts a new text in place of a file in one step, with its mode and owner; a new file is made where there was none. It refuses
// a link that leads out of the directory, and a file that is not what was read any more.
func writeInPlace(path string, before, after []byte) error {
	target := path
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		resolved, err := filepath.EvalSymlinks(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, pathless(err))
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return fmt.Errorf("%s: %w", path, pathless(err))
		}
		if relative, err := filepath.Rel(dir, resolved); err != nil || strings.HasPrefix(relative, "..") {
			return &hintedError{fmt.Errorf("%s is a link to %s, out of its directory: it is not written", path, resolved), "name that file, if it is the one to change"}
		}
		target = resolved
	}
	info, err := os.Stat(target)
	isNew := errors.Is(err, os.ErrNotExist)
	switch {
	case isNew && len(before) == 0:
		const enterable = 0o755
		if err := os.MkdirAll(filepath.Dir(target), enterable); err != nil {
			return fmt.Errorf("%s: %w", path, pathless(err))
		}
	case err != nil:
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	temporary, err := os.CreateTemp(filepath.Dir(target), ".podlint-fix-")
	if err != nil {
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(after)
	mode := os.FileMode(0o644)
	if info != nil {
		mode = info.Mode().Perm()
		err = errors.Join(err, sameOwner(temporary, info))
	}
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if now, err := readRegular(target); !isNew && (err != nil || !bytes.Equal(now, before)) {
		return &hintedError{fmt.Errorf("%s has changed since it was read: it is not written", path), "run podlint fix again"}
	}
	if err := os.Rename(temporary.Name(), target); err != nil {
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	return nil
}
