package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/fix/prove"
	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// proveFlags holds the flags of `podlint prove`.
type proveFlags struct {
	fixFlags
	prove   prove.Options
	probe   string
	limit   time.Duration
	copyMiB int64
	dryRun  bool
}

func (a *app) proveCommand() *cobra.Command {
	flags := proveFlags{}
	cmd := &cobra.Command{
		Use:   "prove NAME|UNIT",
		Short: "Try the fixes on a throw-away copy and report the tightest set that still runs",
		Long: `Prove makes copies of a container, hardened by what podlint fix would do, and finds the tightest set of
fixes with which a copy is still healthy. Where a fix breaks it, prove finds out by which exception it holds:
written paths become tmpfs, capabilities are added back, and only then is the fix left out.

A copy is called podlint-proof-… and labelled; it has no published port, the same secrets, and throw-away overlays
over the directories that it may write (a copy of these where it has a user namespace of its own). It has an internal
network of its own, so that it takes no work from the original; --network shared puts it into the original's. The
original is read and never touched. Every copy is removed, also after Ctrl-C; a copy of a killed podlint ends by
itself, and the next prove removes it.

A copy is healthy when --probe succeeds in it, when --probe-url answers, or else when its health check passes,
or it still runs after --for, and its log shows no denial that the unchanged copy's log does not show. The
better the probe, the better the proof. It is not copied where a copy would disturb somebody: on the host's
network, in another's namespace or pod, with devices, privileged, with an engine's socket; --force copies all
the same.`,
		Example: `  podlint prove web
  podlint prove web --probe-url http://container:80/
  podlint prove db --probe "pg_isready -q"
  podlint prove --write /etc/containers/systemd/web.container`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("prove takes one container, or one unit")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.prove(cmd, &flags, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.probe, "probe", "", "a `command` that is run in a copy and exits with 0 once it is healthy")
	f.StringVar(&flags.prove.URL, "probe-url", "", "an `address` that answers once a copy is healthy; the host "+
		"\"container\" is the copy")
	f.DurationVar(&flags.prove.For, "for", 10*time.Second, "how long a copy without a probe or health check has to run")
	f.DurationVar(&flags.prove.Patience, "patience", 30*time.Second, "how long to wait for a copy to become healthy")
	f.DurationVar(&flags.limit, "limit", 15*time.Minute, "how long all of it may take")
	f.StringVar(&flags.prove.Memory, "copy-memory", "1g", "the most memory that a copy may take, as podman run "+
		"--memory; empty for no limit")
	f.Int64Var(&flags.copyMiB, "copy-limit", 100, "how many `MiB` of a volume are copied at most, where an overlay "+
		"is not possible")
	f.StringVar(&flags.prove.Network, "network", prove.NetworkIsolated, "isolated: copies have a `network` of their "+
		"own; shared: that of the original, where they do real work")
	f.BoolVar(&flags.prove.Force, "force", false, "copy even containers that podlint refuses to copy")
	f.BoolVar(&flags.dryRun, "dry-run", false, "print the commands that would be run, and run none that changes "+
		"anything")
	f.BoolVar(&flags.write, "write", false, "write the verified fixes into the unit")
	f.StringVar(&flags.podman, "podman", "", "the `version` of the Podman that reads the unit, instead of this "+
		"machine's")
	flags.choice(cmd)
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "say which commands are run")
	return cmd
}

// proof is what is to be proven, with where its result goes.
type proof struct {
	subject prove.Subject
	// untried holds the findings that a copy cannot prove.
	untried []fix.Left
	// unit is the file of a unit, its text and its findings, which are the subject's in the same order; empty for none.
	unit     string
	text     []byte
	findings []*rules.Finding
	// image is what a proof is about.
	image string
}

func (a *app) prove(cmd *cobra.Command, flags *proveFlags, target string) error {
	flags.failOn, flags.least = "none", "info"
	if err := a.prepare(cmd, &flags.output, rules.Parameters{}); err != nil {
		return err
	}
	if n := flags.prove.Network; n != prove.NetworkIsolated && n != prove.NetworkShared {
		return &usageError{fmt.Errorf("--network: %q must be one of isolated, shared", n)}
	}
	if !isVersion(flags.podman) {
		return &usageError{fmt.Errorf("--podman: %q is no version such as 5.4", flags.podman)}
	}
	if flags.probe != "" {
		if flags.prove.Probe = strings.Fields(flags.probe); len(flags.prove.Probe) == 0 {
			return &usageError{errors.New("--probe: a command")}
		}
	}
	program, err := exec.LookPath("podman")
	if err != nil {
		return hint.With(errors.New("there is no podman program here"), "prove makes containers on this machine; "+
			"install podman")
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), flags.limit,
		fmt.Errorf("it takes longer than %s (--limit)", flags.limit))
	defer cancel()
	engine := &prove.Engine{Program: []string{program}}
	if flags.verbose {
		engine.Log = func(line string) { fmt.Fprintf(a.Err, "podlint: %s\n", safe.Whole(line)) }
	}
	var it *proof
	if isDefinition(target) {
		it, err = a.proofOfUnit(ctx, engine, flags, target)
	} else {
		it, err = a.proofOfContainer(ctx, engine, flags, target)
	}
	if err != nil {
		return err
	}
	rootless, err := engine.Rootless(ctx)
	if err != nil {
		return err
	}
	if flags.podman == "" {
		if flags.podman, err = engine.Version(ctx); err != nil {
			return err
		}
	}
	flags.prove.MapMounts = "idmap"
	if rootless {
		flags.prove.MapMounts = "U"
	}
	if flags.dryRun {
		engine.Dry = func(line string) { fmt.Fprintln(a.Out, pasteable(line)) }
	} else if gone := engine.Sweep(ctx); len(gone) > 0 {
		fmt.Fprintf(a.Err, "removed what an earlier run has left: %s\n", safe.Text(strings.Join(gone, ", ")))
	}
	if len(it.subject.Findings) == 0 {
		fmt.Fprintf(a.Out, "%s: there is nothing that a copy could prove\n", safe.Text(it.subject.Name))
		a.sayLeft(it.untried)
		return nil
	}
	flags.prove.CopyLimit = flags.copyMiB << 20
	flags.prove.Step = func(what string, ok bool, took time.Duration) {
		word := "healthy"
		if !ok {
			word = "unhealthy"
		}
		if !flags.quiet && engine.Dry == nil {
			fmt.Fprintf(a.Err, "  %-9s %5.1f s  %s\n", word, took.Seconds(), safe.Text(what))
		}
	}
	flags.prove.Notice = func(text string) { fmt.Fprintf(a.Err, "podlint: %s\n", safe.Text(text)) }
	result, err := prove.Prove(ctx, engine, it.subject, flags.prove)
	switch {
	case errors.Is(err, prove.ErrUnhealthy):
		return hint.With(fmt.Errorf("%s: %w", it.subject.Name, err), "give --probe or --probe-url that succeeds on "+
			"the original, or more --patience")
	case errors.Is(err, prove.ErrFlaky):
		return hint.With(fmt.Errorf("%s: %w", it.subject.Name, err), "give --probe or --probe-url that tells sooner, "+
			"or a longer --for")
	case err != nil:
		return fmt.Errorf("%s: %w", it.subject.Name, err)
	case engine.Dry != nil:
		return nil
	}
	return a.sayProof(flags, engine, it, result)
}

// split parts the findings that a copy can prove from the others.
func (it *proof) split(path string, text []byte, findings []*rules.Finding) {
	out := fix.File(path, text, findings, "")
	it.untried = append(it.untried, out.Left...)
	for _, d := range out.Done {
		if why := d.Finding.Rule.Untried; why != "" {
			it.untried = append(it.untried, fix.Left{Finding: d.Finding, Why: why})
			continue
		}
		it.subject.Findings = append(it.subject.Findings, d.Finding)
	}
}

// proofOfContainer reads a container and what makes it.
func (a *app) proofOfContainer(ctx context.Context, engine *prove.Engine, flags *proveFlags,
	name string) (*proof, error) {
	flags.service.Now, flags.service.Machine, flags.service.Log = a.now, a.machine, func(string, ...any) {}
	flags.service.Timeout, flags.service.Concurrency = live.DefaultTimeout, live.DefaultConcurrency
	service, err := live.Connect(ctx, flags.service)
	if err != nil {
		return nil, err
	}
	defer service.Close()
	installed := definition.NewInstalled(service.URI)
	var c *podman.Container
	_, problems, err := service.Containers(ctx, live.Selection{Names: []string{name}}, func(int, int) {},
		func(found *podman.Container) { c = found })
	switch {
	case err != nil:
		return nil, err
	case len(problems) > 0:
		return nil, fmt.Errorf("%s: %w", problems[0].Target, problems[0].Err)
	case c == nil:
		return nil, fmt.Errorf("there is no container %s any more", name)
	case !c.CreateCommand.Known():
		return nil, hint.With(fmt.Errorf("%s has no recorded command line to make a copy by", c.Name),
			"it was made over the API, by kube play or by compose; prove its unit instead")
	}
	if rootless, err := engine.Rootless(ctx); err != nil {
		return nil, err
	} else if c.Host.Rootless.Known() && c.Host.Rootless.Value != rootless || strings.Contains(service.URI,
		"://") && !strings.HasPrefix(service.URI, "unix:") {
		return nil, hint.With(fmt.Errorf("%s is of another Podman (%s) than the one that copies would be made with",
			c.Name, service.URI), "run podlint prove on its machine, as the account that runs it")
	}
	installed.Define(c)
	it := &proof{image: c.Image.ID}
	it.subject = prove.Subject{Name: c.Name, Path: c.Name,
		Text: command.FormatMultiline(podman.RevealAll(c.CreateCommand.Value)), Container: c, Image: c.Image.ID,
		Capabilities: shortCapabilities(c.Capabilities.Bounding.Value)}
	containers := command.Script{File: c.Name, Text: it.subject.Text}.Read(c.Host).Containers
	if len(containers) != 1 {
		return nil, fmt.Errorf("%s: podlint cannot read the command line that it was made with", c.Name)
	}
	found := flags.linter.Judge(c)
	for i := range found { // what else it needs is tried; which account its image has for it cannot be
		if found[i].Rule.Kind == rules.FixUser {
			fix.WithEvidence(c, service.Evidence(ctx, c), found[i:i+1])
		}
	}
	it.split(c.Name, []byte(it.subject.Text), fix.Placed(found, containers[0]))
	it.subject.Written = engine.Written(ctx, c.ID)
	if c.FromUnit != nil && c.Definition.Syntax == podman.SyntaxQuadlet {
		own := fix.Matched(found, rules.Check(flags.linter.Rules, c.FromUnit))
		if err := it.inUnit(c.Definition.Origin.File, own); err != nil {
			return nil, err
		}
	}
	return it, nil
}

// inUnit finds, for each finding that is proven, the one of the unit.
func (it *proof) inUnit(path string, own []rules.Finding) error {
	text, err := files.Read(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	it.unit, it.text = path, text
	for _, f := range it.subject.Findings {
		i := slices.IndexFunc(own, func(o rules.Finding) bool { return o.Rule.ID == f.Rule.ID && o.Cause == f.Cause })
		if i < 0 {
			it.findings = append(it.findings, f)
			continue
		}
		it.findings = append(it.findings, &own[i])
	}
	return nil
}

// proofOfUnit reads a unit that need not run.
func (a *app) proofOfUnit(ctx context.Context, engine *prove.Engine, flags *proveFlags, path string) (*proof, error) {
	if filepath.Ext(path) != ".container" {
		return nil, hint.With(fmt.Errorf("%s: prove takes a .container unit or a container's name", path),
			"make a container of it, and prove that")
	}
	rootless, err := engine.Rootless(ctx)
	if err != nil {
		return nil, err
	}
	set, _ := definition.Open([]string{path},
		definition.Options{Rootless: podman.Set(rootless, podman.Field("podman info")), Now: a.now()})
	unit, err := set.Unit(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range unit.Problems {
		if p := &unit.Problems[i]; !p.Warning {
			return nil, p
		}
	}
	if unit.Container == nil || len(unit.Words) == 0 {
		return nil, fmt.Errorf("%s defines no container", path)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".container")
	it := &proof{subject: prove.Subject{Name: name, Path: name, Text: command.FormatMultiline(unit.Words),
		Container: unit.Container, Capabilities: shortCapabilities(unit.Container.Capabilities.Bounding.Value)}}
	if it.image, err = engine.ImageID(ctx, unit.Container.Image.Name); err != nil {
		return nil, hint.With(fmt.Errorf("%s: its image %s is not here", path, unit.Container.Image.Name),
			"podman pull it first")
	}
	it.subject.Image = it.image
	containers := command.Script{File: name, Text: it.subject.Text}.Read(unit.Container.Host).Containers
	if len(containers) != 1 {
		return nil, fmt.Errorf("%s: podlint cannot read the command line that it makes", path)
	}
	found := flags.linter.Judge(unit.Container)
	it.split(name, []byte(it.subject.Text), fix.Placed(found, containers[0]))
	return it, it.inUnit(path, found)
}

func shortCapabilities(names []string) []string {
	short := make([]string, len(names))
	for i, n := range names {
		short[i] = podman.ShortCapability(n)
	}
	return short
}

// sayProof reports what holds, and prints or writes the hardened definition.
func (a *app) sayProof(flags *proveFlags, engine *prove.Engine, it *proof, r *prove.Result) error {
	holds := 0
	for _, k := range r.Kept {
		if k {
			holds++
		}
	}
	fmt.Fprintf(a.Out, "%s: %d of %d fixes verified, tried on %d copies in %s; the original was not touched\n",
		safe.Text(it.subject.Name), holds, len(r.Kept), r.Copies, r.Took.Round(time.Second))
	for i, f := range it.subject.Findings {
		if reason := r.NotTried[f.Rule.ID]; !r.Kept[i] && reason != "" {
			hanging(a.Out, fmt.Sprintf("  untried %-18s ", f.Rule.ID),
				safe.Text("not tried, because "+engine.Redact(reason)))
			continue
		}
		if !r.Kept[i] {
			hanging(a.Out, fmt.Sprintf("  breaks  %-18s ", f.Rule.ID), safe.Text(engine.Redact(r.Why[f.Rule.ID])))
			continue
		}
		exceptions := map[rules.FixKind][]string{rules.FixCapabilities: r.Capabilities,
			rules.FixReadOnly: r.Tmpfs}[f.Rule.Kind]
		what := ""
		switch {
		case len(exceptions) > 0:
			what = "except " + strings.Join(exceptions, ", ")
		case f.Rule.Kind == rules.FixIDMap && prove.Mounts(it.subject.Text) && r.MapMounts == "U":
			what = "its mounts with :U, which gives the files on the host to the container's user"
		case f.Rule.Kind == rules.FixIDMap && prove.Mounts(it.subject.Text):
			what = "its mounts with :" + r.MapMounts
		}
		hanging(a.Out, fmt.Sprintf("  holds   %-18s ", f.Rule.ID), safe.Text(what))
		for _, e := range exceptions {
			if why := r.Why[e]; why != "" {
				hanging(a.Out, "            ", safe.Text(e)+": without it, "+safe.Text(engine.Redact(why)))
			}
		}
	}
	a.sayLeft(it.untried)
	fmt.Fprintln(a.Out)
	if err := a.store(it, r); err != nil {
		fmt.Fprintf(a.Err, "podlint: the proof is not kept: %s\n", safe.Text(err.Error()))
	}
	if it.unit == "" {
		out := prove.Apply(it.subject.Path, []byte(it.subject.Text), it.subject.Findings, r, "")
		fmt.Fprint(a.Out, engine.Redact(pasteable(string(out.After))))
		if flags.write {
			return hint.With(errors.New("there is no unit to write to"), "paste the command line above, or prove the "+
				"unit's file")
		}
		return nil
	}
	out := prove.Apply(it.unit, it.text, it.findings, r, flags.podman)
	if bytes.Equal(out.After, it.text) {
		return nil
	}
	if !flags.write {
		shown := func(line string) string { return safe.Whole(engine.Redact(line)) }
		text, exact := fix.Diff(it.unit, it.text, out.After, shown, wantsColor(a.Out, flags.color))
		fmt.Fprint(a.Out, text)
		if !exact {
			fmt.Fprintf(a.Err, "podlint: %s: %s\n", safe.Text(it.unit), fix.NotForPatch)
		}
		return nil
	}
	if err := files.Replace(&files.Change{Dir: filepath.Dir(it.unit), Name: filepath.Base(it.unit), Before: it.text,
		After: out.After}); err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%s: written\n", safe.Text(it.unit))
	return nil
}

func (a *app) sayLeft(left []fix.Left) {
	for _, l := range left {
		hanging(a.Out, fmt.Sprintf("  untried %-18s ", l.Finding.Rule.ID), safe.Text(secret.Mask(l.Why)))
	}
}

// store keeps what was proven, in place of an older proof of the same container.
func (a *app) store(it *proof, r *prove.Result) error {
	p := lint.StoredProof{
		Container: it.subject.Name, Definition: lint.ProofHash(it.subject.Text), Image: it.image,
		When: a.now().UTC().Truncate(time.Second), Fixes: []lint.StoredFix{},
	}
	if it.unit != "" {
		p.Unit = lint.ProofHash(string(it.text))
	}
	for i, finding := range it.subject.Findings {
		if !r.Kept[i] && r.NotTried[finding.Rule.ID] != "" { // it says nothing of the fix
			continue
		}
		if !r.Kept[i] {
			why := secret.Mask(r.Why[finding.Rule.ID])
			p.Breaks = append(p.Breaks, lint.StoredFix{Rule: finding.Rule.ID, Cause: finding.Cause, Why: why})
			continue
		}
		fix := prove.Adjusted(finding, r)
		p.Fixes = append(p.Fixes, lint.StoredFix{
			Rule: finding.Rule.ID, Cause: finding.Cause, Changes: fix.Changes, MountOption: fix.MountOption,
			User: finding.Rule.Kind == rules.FixUser,
		})
	}
	return lint.StoreProof(lint.ProofsPath(), &p)
}
