package cli

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

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/live"
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
		Long: `Fix turns findings into edits of what was written: a Quadlet unit, a script, Kubernetes YAML, a compose
file. Comments, order and spelling stay as they are. A target is a file, a directory, or a container: of one that a
unit on this machine made the unit is edited, of another the command line that it was made with is printed, hardened
and quoted for a shell.

Each edit is marked: "safe" cannot take anything from the service that it relies on, "needs trying" might; podlint
prove tries these on a throw-away copy. Without --write nothing is changed. --write makes the safe edits, --write
--all every one. What only the owner can decide is named and left.

Every edit is verified: the edited text is linted again. An edit that does not end its finding, or brings a new one,
is named as failed and not made. Exit status: 0 for done, 1 where an edit failed, 2 for wrong usage or unreadable
input, 3 for a container that could not be read.`,
		Example: `  podlint fix web.container                 what would change
  podlint fix --write --all web.container   change it
  podlint fix --drop-in --write --all web.container
  podlint fix web                           the command line of a container, hardened`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("fix takes files, directories or containers")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.fix(cmd, &flags, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.diff, "diff", false, "print the edits as a diff (the default)")
	f.BoolVar(&flags.write, "write", false, "make the safe edits")
	f.BoolVar(&flags.all, "all", false, "with --write, make the edits too that need trying")
	f.BoolVar(&flags.dropIn, "drop-in", false, "leave units alone and put what changes into NAME.container.d/"+
		fix.DropInName)
	f.BoolVar(&flags.rootless, "rootless", false, "the definitions are for rootless Podman")
	f.BoolVar(&flags.rootful, "rootful", false, "the definitions are for rootful Podman")
	f.StringVar(&flags.podman, "podman", "", "the `version` of the Podman that reads the definitions, such as 4.9; "+
		"keys that it does not know become PodmanArgs")
	flags.choice(cmd)
	flags.connection(cmd)
	return cmd
}

// fix edits what defines the targets.
func (a *app) fix(cmd *cobra.Command, flags *fixFlags, targets []string) error {
	flags.failOn, flags.least = "none", "info"
	if err := a.prepare(cmd, &flags.output, rules.Parameters{}); err != nil {
		return err
	}
	switch {
	case flags.rootless && flags.rootful:
		return &usageError{errors.New("--rootless and --rootful exclude each other")}
	case flags.all && !flags.write:
		return &usageError{errors.New("--all says what --write writes")}
	case flags.diff && flags.write:
		return &usageError{errors.New("--diff and --write exclude each other")}
	}
	var paths, names []string
	for _, target := range targets {
		if _, err := os.Lstat(target); err == nil || strings.ContainsAny(target, "/") ||
			filepath.Ext(target) != "" && isDefinition(target) {
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
		fmt.Fprintln(a.Out, "nothing to fix")
	}
	return nil
}

// isDefinition reports whether a name is a definition's by its ending.
func isDefinition(name string) bool {
	switch filepath.Ext(name) {
	case ".container", ".pod", ".kube", ".volume", ".network", ".image", ".build", ".service", ".sh", ".bash", ".yaml",
		".yml":
		return true
	}
	return false
}

// plan is what is to become of a file, or of a container's command line.
type plan struct {
	path          string
	before, after []byte
	done          []fix.Done
	left, failed  []fix.Left
	// broken holds those that are left since their fix is known to break the service.
	broken []fix.Left
	// lint reads a text in place of the file's and returns what is found then.
	lint func(text []byte) ([]rules.Finding, error)
	// groups holds the findings as they are planned, each group with one reading of the text, for the Podman of that
	// version.
	groups  [][]*rules.Finding
	version string
	// container is set for a command line, which is printed and not written.
	container string
	// notes says what the container was seen to do.
	notes []string
}

// plansOfFiles lints files and plans the edits of each.
func (a *app) plansOfFiles(cmd *cobra.Command, flags *fixFlags, paths []string) (plans []plan, failed bool) {
	result := flags.linter.NewReport()
	set, wrong := definition.Open(paths, definition.Options{
		Rootless: modeOf(flags.rootless, flags.rootful), FoldDropIns: flags.dropIn, Now: a.now(),
	})
	for _, p := range wrong {
		result.Add(p)
	}
	flags.linter.Check(cmd.Context(), set, result, func(string, int, int) {})
	plans = a.plansOf(result.Findings, set.Text, flags.podman)
	verifiedBy(flags.linter, set, plans, flags.dropIn)
	a.tell(result.Errors)
	return plans, result.Unreadable
}

// plansOf groups findings by the file that they are about and plans its edits.
func (a *app) plansOf(findings []rules.Finding, read func(string) ([]byte, error), version string) []plan {
	var plans []plan
	for _, g := range groupsOf(findings) {
		if n := len(plans); n == 0 || plans[n-1].path != g.file {
			text, err := read(g.file)
			if err != nil {
				continue
			}
			plans = append(plans, plan{path: g.file, before: text, after: text, version: version})
		}
		p := &plans[len(plans)-1]
		hopeful, broken := parted(g.findings)
		p.broken = append(p.broken, broken...)
		p.left = append(p.left, broken...)
		p.groups = append(p.groups, hopeful)
		out := fix.File(g.file, p.after, hopeful, version)
		p.after = out.After
		p.done, p.left = append(p.done, out.Done...), append(p.left, out.Left...)
	}
	return plans
}

// fileFindings are findings that are edited together in a file.
type fileFindings struct {
	file     string
	findings []*rules.Finding
}

// groupsOf groups findings by the file that they are about and by container, the last container of a file first.
func groupsOf(findings []rules.Finding) []fileFindings {
	type key struct{ file, container string }
	groups := map[key][]*rules.Finding{}
	var order []key
	for i := range findings {
		f := &findings[i]
		file := f.Definition.Origin.File
		if f.Waived != "" || file == "" {
			continue
		}
		// which sets it
		if ext := filepath.Ext(f.Location.File); f.Definition.Syntax == podman.SyntaxQuadlet &&
			(ext == ".conf" || ext == ".pod") {
			file = f.Location.File
		}
		k := key{file, f.Container}
		if file != f.Definition.Origin.File || filepath.Ext(file) == ".pod" ||
			f.Definition.Syntax == podman.SyntaxKube || f.Definition.Syntax == podman.SyntaxCompose {
			k.container = "" // what is several containers' is edited for all of them at once
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	// The last container of a file first: what stands above does not move then.
	slices.SortStableFunc(order, func(a, b key) int {
		return cmp.Or(strings.Compare(a.file, b.file),
			cmp.Compare(groups[b][0].Definition.Origin.Line, groups[a][0].Definition.Origin.Line),
			cmp.Compare(groups[b][0].Definition.Origin.Column, groups[a][0].Definition.Origin.Column))
	})
	var list []fileFindings
	for _, k := range order {
		list = append(list, fileFindings{k.file, groups[k]})
	}
	return list
}

// plansOfContainers reads containers and plans the edits of their units, or of the command lines that they were made
// with.
func (a *app) plansOfContainers(cmd *cobra.Command, flags *fixFlags, names []string) ([]plan, error) {
	flags.service.Now, flags.service.Machine, flags.service.Log = a.now, a.machine, func(string, ...any) {}
	service, err := live.Connect(cmd.Context(), flags.service)
	if err != nil {
		return nil, err
	}
	defer service.Close()
	installed := definition.NewInstalled(service.URI)
	var plans []plan
	_, problems, err := service.Containers(cmd.Context(), live.Selection{Names: names}, func(int, int) {},
		func(c *podman.Container) {
			installed.Define(c)
			found := flags.linter.Judge(c)
			flags.linter.Proofs.MarkLive(c, found)
			notes := fix.WithEvidence(c, service.Evidence(cmd.Context(), c), found)
			if c.FromUnit != nil {
				own := flags.linter.Judge(c.FromUnit)
				of := a.plansOf(matched(found, own), files.Read, cmp.Or(flags.podman, c.Host.Podman))
				verifiedBy(flags.linter, a.setOf(c, of), of, flags.dropIn)
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
		fmt.Fprintf(a.Err, "podlint: %s: %s\n", safe.Text(p.Target), safe.Text(secret.Mask(p.Err.Error())))
		a.status = statusIncomplete
	}
	slices.SortFunc(plans, func(a, b plan) int { return strings.Compare(a.container+a.path, b.container+b.path) })
	return plans, nil
}

// setOf returns the definitions that the plans of a container's unit are verified in.
func (a *app) setOf(c *podman.Container, plans []plan) *definition.Set {
	var paths []string
	for i := range plans {
		paths = append(paths, plans[i].path)
	}
	set, _ := definition.Open(paths, definition.Options{Rootless: c.Host.Rootless, Now: a.now()})
	return set
}

// readDropIn reads the drop-in that podlint writes, nothing where there is none yet.
func readDropIn(path string) ([]byte, error) {
	text, err := files.Read(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

// matched returns, of what is found in a live container, what its definition shows too, with the definition's places;
// what only the live one shows keeps its changes and is placed where the definition stands.
func matched(found, defined []rules.Finding) []rules.Finding {
	var list []rules.Finding
	for _, f := range found {
		for _, d := range defined {
			if d.Rule.ID == f.Rule.ID && d.Cause == f.Cause {
				d.Message, d.Severity, d.Waived = f.Message, f.Severity, f.Waived
				// what the live one needs
				d.Fix.Changes, d.Fix.Safe, d.Fix.MountOption, d.Proven, d.Breaks = f.Fix.Changes, f.Fix.Safe,
					f.Fix.MountOption, f.Proven, f.Breaks
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
	text := command.FormatMultiline(podman.RevealAll(c.CreateCommand.Value))
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
	hopeful, broken := parted(list)
	p.broken, p.groups = broken, [][]*rules.Finding{hopeful}
	p.lint = func(text []byte) ([]rules.Finding, error) {
		made, problems := command.Script{File: c.Name, Text: string(text)}.Read(c.Host)
		if len(made) != 1 {
			return nil, fmt.Errorf("podlint cannot read the edited command line: %v", problems)
		}
		return rules.Check(rulesOf(found), made[0]), nil
	}
	p.settle(nil)
	return p
}

// parted sets apart the findings whose fix is known to break the service.
func parted(findings []*rules.Finding) (hopeful []*rules.Finding, broken []fix.Left) {
	for _, f := range findings {
		if f.Breaks != "" {
			broken = append(broken, fix.Left{Finding: f, Why: f.Breaks})
			continue
		}
		hopeful = append(hopeful, f)
	}
	return hopeful, broken
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

// statusEditFailed is the exit status of a fix of which an edit did not do what it is for.
const statusEditFailed = 1

// defaultMode is the mode of a file that podlint makes, less the umask.
const defaultMode = 0o666

// carryOut prints a plan, or writes it.
func (a *app) carryOut(flags *fixFlags, p *plan) error {
	if flags.write && p.container == "" && !flags.all {
		p.keepSafe()
	}
	target, before, after := p.path, p.before, p.after
	if flags.dropIn && p.container == "" && filepath.Ext(p.path) == ".container" && !bytes.Equal(before, after) {
		var err error
		target = filepath.Join(p.path+".d", fix.DropInName)
		if before, err = readDropIn(target); err != nil {
			return err
		}
		after = fix.DropIn(p.path, before, p.before, p.after)
	}
	color := wantsColor(a.Out, flags.noColor)
	switch {
	case p.container != "" && len(p.done) > 0:
		fmt.Fprintf(a.Out, "# %s\n%s", safe.Text(p.container), pasteable(string(p.after)))
	case bytes.Equal(before, after):
	case flags.write:
		if err := files.Replace(target, before, after, defaultMode); err != nil {
			return err
		}
		fmt.Fprintf(a.Out, "%s: written\n", safe.Text(target))
	default:
		a.printDiff(target, before, after, color)
	}
	a.say(p)
	if len(p.failed) > 0 && a.status == 0 {
		a.status = statusEditFailed
	}
	return nil
}

// printDiff prints what an edit changes in a file.
func (a *app) printDiff(path string, before, after []byte, color bool) {
	text, exact := fix.Diff(path, before, after, safe.Whole, color)
	fmt.Fprint(a.Out, text)
	if !exact {
		fmt.Fprintf(a.Err, "podlint: %s: %s\n", safe.Text(path), fix.NotForPatch)
	}
}

// keepSafe plans again with the safe edits only.
func (p *plan) keepSafe() {
	safe := map[*rules.Finding]bool{}
	for _, d := range p.done {
		if d.Finding.Fix.Safe {
			safe[d.Finding] = true
		} else {
			p.left = append(p.left, fix.Left{Finding: d.Finding, Why: "it needs trying (podlint prove), or --all"})
		}
	}
	left, failed := p.left, p.failed
	for i, group := range p.groups {
		p.groups[i] = slices.DeleteFunc(group, func(f *rules.Finding) bool { return !safe[f] })
	}
	p.settle(func(f *rules.Finding) bool { return f.Fix.Safe })
	for _, l := range p.left { // those of the first plan are named already
		if !slices.ContainsFunc(left, func(k fix.Left) bool { return sameFinding(k.Finding, l.Finding) }) {
			left = append(left, l)
		}
	}
	p.left, p.failed = left, append(failed, p.failed...)
}

// sameFinding reports whether findings of two readings of a file are the same.
func sameFinding(a, b *rules.Finding) bool {
	return a.Rule.ID == b.Rule.ID && a.Container == b.Container && a.Cause == b.Cause
}

// say lists what was done and what was left, each once.
func (a *app) say(p *plan) {
	if len(p.done)+len(p.left)+len(p.failed) == 0 {
		return
	}
	fmt.Fprintf(a.Err, "%s\n", safe.Text(p.path))
	for _, note := range p.notes {
		hanging(a.Err, fmt.Sprintf("  %-12s  ", "seen"), safe.Text(secret.Mask(note)))
	}
	secrets := false
	of := func(*rules.Finding) string { return "" }
	names := map[string]bool{}
	for _, d := range p.done {
		names[d.Finding.Container] = true
	}
	for _, l := range slices.Concat(p.left, p.failed) {
		names[l.Finding.Container] = true
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
		switch {
		case what != "":
		case len(d.Dropped) > 0:
			what = "without " + strings.Join(d.Dropped, ", ")
		default:
			what = "by the same change"
		}
		hanging(a.Err, fmt.Sprintf("  %-12s  %-18s ", mark, d.Finding.Rule.ID),
			safe.Text(of(d.Finding)+secret.Mask(what)))
		secrets = secrets || d.Finding.Rule.Kind == rules.FixSecret
	}
	notMade := func(mark string, list []fix.Left) {
		for _, l := range list {
			head := fmt.Sprintf("  %-12s  %-18s ", mark, l.Finding.Rule.ID)
			hanging(a.Err, head, safe.Text(of(l.Finding)+secret.Mask(l.Why)))
		}
	}
	notMade("left", p.left)
	notMade("failed", p.failed)
	if secrets {
		hanging(a.Err, "  ", "first make the secrets: podman secret create NAME FILE; and change them, they have "+
			"been seen")
	}
}
