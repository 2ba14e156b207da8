package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/podman/machine"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// fixFlags holds the flags of `podlint fix`.
type fixFlags struct {
	scanFlags
	rootless, rootful bool
	diff, write       bool
	all, dropIn       bool
	containers        bool
	podman            string
	// unitsFor says which Podman the units among the files were written for, and which that is; empty where --podman
	// says so, and where there are none.
	unitsFor string
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
prove tries these on a throw-away copy. "manual" decides whether the service does its work at all: a mount, socket or
device that goes, a port on another address, another user. Without --write nothing is changed. --write makes the safe
edits, --write --all those that need trying too, and the manual ones only of rules that --rule names. What only the
owner can decide is named and left.

Keys of a unit are written as the Podman that reads it knows them: that of --podman, else this machine's, else 4.9, the
oldest with Quadlet in a distribution that is still supported.

Every edit is verified: the edited text is linted again. An edit that does not end its finding, or brings a new one,
is named as failed and not made. Exit status: 0 for done, 1 where an edit failed, 2 for wrong usage or unreadable
input, 3 for a container that could not be read.`,
		Example: `  podlint fix web.container                 what would change
  podlint fix --write --all web.container   change it
  podlint fix --drop-in --write --all web.container
  podlint fix web                           the command line of a container, hardened`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.fix(cmd, &flags, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.diff, "diff", false, "print the edits as a diff (the default)")
	f.BoolVar(&flags.write, "write", false, "make the safe edits")
	f.BoolVar(&flags.all, "all", false, "with --write, make the edits too that need trying")
	f.BoolVar(&flags.containers, "containers", false, "every container of the service, rather than targets")
	f.BoolVar(&flags.dropIn, "drop-in", false, "leave units alone and put what changes into NAME.container.d/"+
		fix.DropInName)
	f.BoolVar(&flags.rootless, "rootless", false, "the definitions are for rootless Podman")
	f.BoolVar(&flags.rootful, "rootful", false, "the definitions are for rootful Podman")
	f.StringVar(&flags.podman, "podman", "", "the `version` of the Podman that reads the definitions, such as 4.9; "+
		"keys that it does not know become PodmanArgs (this machine's by default)")
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
	case !isVersion(flags.podman):
		return &usageError{fmt.Errorf("--podman: %q is no version such as 5.4", flags.podman)}
	case flags.containers == (len(targets) > 0):
		return &usageError{errors.New("fix takes files, directories or containers, or --containers for every one")}
	case flags.diff && flags.write:
		return &usageError{errors.New("--diff and --write exclude each other")}
	}
	paths, names := byKind(targets)
	var plans []*fix.Plan
	if len(names) > 0 || flags.containers {
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
		if err := a.carryOut(flags, plans[i]); err != nil {
			a.complain(err)
			a.status = statusUsage
		}
	}
	if len(plans) == 0 && a.status == 0 {
		fmt.Fprintln(a.Out, "nothing to fix")
	}
	if flags.unitsFor != "" {
		hanging(a.Err, "  ", safe.Text("units are written for Podman "+flags.unitsFor+"; --podman names another"))
	}
	return nil
}

// editsUnit reports whether a plan edits a Quadlet unit.
func editsUnit(p *fix.Plan) bool {
	return !p.CommandLine && len(p.Done) > 0 && p.Done[0].Finding.Definition.Syntax == podman.SyntaxQuadlet
}

// unitsPodman returns the version of the Podman that units are written for where none is named, and which it is.
func (a *app) unitsPodman(cmd *cobra.Command) (version, which string) {
	if a.machine {
		if v := machine.PodmanVersion(cmd.Context()); v != "" && !rules.WithoutQuadlet(v) {
			return v, "this machine's"
		}
	}
	return rules.OldestQuadlet, "the oldest that distributions support"
}

// isVersion reports whether a text is a version of Podman, or empty.
func isVersion(text string) bool {
	_, ok := podman.ParseVersion(text)
	return ok || text == ""
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

// plansOfFiles lints files and plans the edits of each.
func (a *app) plansOfFiles(cmd *cobra.Command, flags *fixFlags, paths []string) (plans []*fix.Plan, failed bool) {
	result := flags.linter.NewReport()
	set, wrong := definition.Open(paths, definition.Options{
		Rootless: modeOf(flags.rootless, flags.rootful), FoldDropIns: flags.dropIn, Now: a.now(),
	})
	for _, p := range wrong {
		result.Add(p)
	}
	flags.linter.Check(cmd.Context(), set, result, func(string, int, int) {})
	version, which := flags.podman, ""
	if version == "" && slices.ContainsFunc(result.Findings, func(f rules.Finding) bool {
		return f.Definition.Syntax == podman.SyntaxQuadlet
	}) {
		version, which = a.unitsPodman(cmd)
	}
	plans = flags.planner(set, set.Text, version).Plans(result.Findings)
	if which != "" && slices.ContainsFunc(plans, editsUnit) {
		flags.unitsFor = version + ", " + which
	}
	a.tell(result.Errors)
	return plans, result.Unreadable
}

// planner returns what plans edits that are verified in a set of definitions.
func (f *fixFlags) planner(set *definition.Set, read func(string) ([]byte, error), version string) *fix.Planner {
	return &fix.Planner{Read: read, Lint: f.linter.NewEdited(set).Lint, Version: version, DropIn: f.dropIn}
}

// plansOfContainers reads containers and plans the edits of their units, or of the command lines that they were made
// with.
func (a *app) plansOfContainers(cmd *cobra.Command, flags *fixFlags, names []string) ([]*fix.Plan, error) {
	flags.service.Now, flags.service.Machine, flags.service.Log = a.now, a.machine, func(string, ...any) {}
	service, err := live.Connect(cmd.Context(), flags.service)
	if err != nil {
		return nil, err
	}
	defer service.Close()
	installed := definition.NewInstalled(service.URI)
	var plans []*fix.Plan
	_, problems, err := service.Containers(cmd.Context(), live.Selection{Names: names}, func(int, int) {},
		func(c *podman.Container) {
			installed.Define(c)
			found := flags.linter.Judge(c)
			flags.linter.Proofs.MarkLive(c, found)
			notes := fix.WithEvidence(c, service.Evidence(cmd.Context(), c), found)
			of := []*fix.Plan{}
			if c.FromUnit == nil {
				of = append(of, fix.CommandLine(c, found))
			} else {
				own := flags.linter.Judge(c.FromUnit)
				set := a.setOf(c)
				version := cmp.Or(flags.podman, c.Host.Podman)
				of = flags.planner(set, files.Read, version).Plans(fix.Matched(found, own))
			}
			if len(of) > 0 {
				of[0].Notes = notes
			}
			plans = append(plans, of...)
		})
	if err != nil {
		return nil, err
	}
	for i := range problems {
		a.complain(&problems[i])
		a.status = statusIncomplete
	}
	slices.SortFunc(plans, func(a, b *fix.Plan) int { return strings.Compare(a.Path, b.Path) })
	return plans, nil
}

// setOf returns the definitions that the plans of a container's unit are verified in: those of its directory.
func (a *app) setOf(c *podman.Container) *definition.Set {
	dir := filepath.Dir(c.FromUnit.Definition.Origin.File)
	set, _ := definition.Open([]string{dir}, definition.Options{Rootless: c.Host.Rootless, Now: a.now()})
	return set
}

// statusEditFailed is the exit status of a fix of which an edit did not do what it is for.
const statusEditFailed = 1

// carryOut prints a plan, or writes it.
func (a *app) carryOut(flags *fixFlags, p *fix.Plan) error {
	switch {
	case p.CommandLine:
	case flags.write && !flags.all:
		p.Keep(fix.OnlySafe)
	default:
		p.Keep(fix.Unnamed(flags.only))
	}
	target, before, after, err := p.Target(flags.dropIn)
	if err != nil {
		return err
	}
	switch {
	case p.CommandLine && len(p.Done) > 0:
		fmt.Fprintf(a.Out, "# %s\n%s", safe.Text(p.Path), pasteable(string(p.After)))
	case bytes.Equal(before, after):
	case flags.write:
		change := &files.Change{Dir: filepath.Dir(p.Path), Name: filepath.Base(p.Path), Before: before, After: after}
		if target != p.Path { // a drop-in tells as much as its unit, and to the same
			change.Name, change.Like = filepath.Join(change.Name+".d", fix.DropInName), change.Name
		}
		if err := files.Replace(change); err != nil {
			return err
		}
		fmt.Fprintf(a.Out, "%s: written\n", safe.Text(target))
	default:
		a.printDiff(target, before, after, wantsColor(a.Out, flags.color))
	}
	a.say(p, flags.only)
	if len(p.Failed) > 0 && a.status == 0 {
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

// say lists what was done and what was left, each once. The rules are those that were named.
func (a *app) say(p *fix.Plan, named []string) {
	if len(p.Done)+len(p.Left)+len(p.Failed) == 0 {
		return
	}
	fmt.Fprintf(a.Err, "%s\n", safe.Text(p.Path))
	for _, note := range p.Notes {
		hanging(a.Err, fmt.Sprintf("  %-12s  ", "seen"), safe.Text(secret.Mask(note)))
	}
	secrets, kube := false, false
	of := func(*rules.Finding) string { return "" }
	names := map[string]bool{}
	for _, d := range p.Done {
		names[d.Finding.Container] = true
	}
	for _, l := range slices.Concat(p.Left, p.Failed) {
		names[l.Finding.Container] = true
	}
	if len(names) > 1 {
		of = func(f *rules.Finding) string { return f.Container + ": " }
	}
	for _, d := range p.Done {
		mark := "needs trying"
		switch {
		case d.Finding.Proven != "":
			mark = "proven"
		case d.Finding.Fix.Safe:
			mark = "safe"
		case fix.Unnamed(named)(d.Finding) != "":
			mark = "manual"
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
		if d.Finding.Rule.Kind == rules.FixSecret {
			kube = kube || d.Finding.Definition.Syntax == podman.SyntaxKube
			secrets = secrets || d.Finding.Definition.Syntax != podman.SyntaxKube
		}
	}
	notMade := func(mark string, list []fix.Left) {
		for _, l := range list {
			head := fmt.Sprintf("  %-12s  %-18s ", mark, l.Finding.Rule.ID)
			if l.Manual() {
				head = fmt.Sprintf("  %-12s  %-18s ", "manual", l.Finding.Rule.ID)
			}
			hanging(a.Err, head, safe.Text(of(l.Finding)+secret.Mask(l.Why)))
		}
	}
	notMade("left", p.Left)
	notMade("failed", p.Failed)
	if secrets {
		hanging(a.Err, "  ", "first make the secrets: podman secret create NAME FILE; and change them, they have "+
			"been seen")
	}
	if kube { // what podman secret create makes of a value alone, a secretKeyRef cannot read
		hanging(a.Err, "  ", "first create the Secrets, with new values, for the old ones have been seen: podman kube play "+
			"a file outside of the repository with kind: Secret, metadata: {name: NAME}, stringData: {NAME: VALUE}")
	}
}
