package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/kube"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/podman/quadlet"
	"github.com/podlint/podlint/podman/registry"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/rules/secret"
)

// checkFlags holds the flags of `podlint check`.
type checkFlags struct {
	output
	rootless, rootful bool
	markdown          bool
	stdinName         string
	// policy and registries are the files that say what the machine accepts, empty for this machine's own.
	policy, registries string
}

func (a *app) checkCommand(after func(*output, *report.Report) error) *cobra.Command {
	flags := checkFlags{output: output{after: after}}
	cmd := &cobra.Command{
		Use:   "check PATH ...",
		Short: "Lint definitions: units, YAML, compose files, scripts",
		Long: `Check reads the files that define containers and reports what leaves them soft, with the line to change. It needs no Podman.

It reads Quadlet units (.container, .pod, .kube, .volume, .network, .image, .build, with their drop-ins), Kubernetes YAML as
podman kube play takes it, compose files, and the podman command lines in shell scripts, .service units, CI YAML and, with
--markdown, Markdown. Directories are walked; what is no definition, and what .gitignore leaves out, is passed over. A path
of - is standard input, whose kind --stdin-name tells.

Whether a unit is for rootless or rootful Podman follows from where it lies (/etc/containers/systemd, ~/.config/containers/
systemd); elsewhere --rootless or --rootful says so, else rootful is assumed, and findings that depend on it tell.

A finding is waived by a comment in the line above the setting or the section that it is about, with the reason:
  # podlint: ignore=read-only writes its own plugins`,
		Example: `  podlint check /etc/containers/systemd
  podlint check --rootless ~/.config/containers/systemd
  podlint check . --format github               annotations in a pull request
  podlint check - --stdin-name web.container < web.container`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("check takes the files or directories to read"), cmd.CommandPath()}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			err := a.check(cmd, &flags, args)
			var usage *usageError
			if errors.As(err, &usage) {
				usage.command = cmd.CommandPath()
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.rootless, "rootless", false, "the definitions are for rootless Podman")
	f.BoolVar(&flags.rootful, "rootful", false, "the definitions are for rootful Podman")
	f.BoolVar(&flags.markdown, "markdown", false, "read the code blocks of Markdown files too")
	f.StringVar(&flags.policy, "policy", "", "the signature policy's `file` (policy.json) of the machine that the definitions are for, instead of this one's")
	f.StringVar(&flags.registries, "registries", "", "the registries.conf `file` of that machine, instead of this one's")
	f.StringVar(&flags.stdinName, "stdin-name", "", "the `name` that standard input would have as a file")
	flags.flags(cmd)
	return cmd
}

func (a *app) check(cmd *cobra.Command, flags *checkFlags, paths []string) error {
	ctx := cmd.Context()
	if err := flags.check(cmd, rules.Parameters{}); err != nil {
		return asUsage(err)
	}
	stdin := slices.Contains(paths, "-")
	switch {
	case flags.rootless && flags.rootful:
		return &usageError{err: errors.New("--rootless and --rootful exclude each other")}
	case stdin && flags.stdinName == "":
		return &usageError{err: errors.New("standard input needs --stdin-name to tell what it is")}
	case !stdin && flags.stdinName != "":
		return &usageError{err: errors.New("--stdin-name: standard input is not among the paths; add -")}
	}
	result := &report.Report{
		Tool: report.Tool{Name: "podlint", Version: version()}, Started: a.now(), Rules: flags.selectedRules,
		FailOn: flags.failOnSeverity, Complete: true, Definitions: true,
	}
	l := &linter{flags: flags, catalogue: flags.catalogue, now: a.now()}
	if a.machine {
		l.proofs = readProofs(proofsPath())
	}
	if err := l.trust(a.machine); err != nil {
		return err
	}
	if stdin {
		paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == "-" })
		data, err := readAll(a.In)
		if err != nil {
			return fmt.Errorf("reading standard input: %w", err)
		}
		l.given = map[string][]byte{flags.stdinName: data}
	}
	shown := startProgress(a.Err, flags.quiet)
	shown.name("reading files")
	l.run(ctx, paths, result, shown.set)
	shown.end()
	if ctx.Err() != nil {
		result.Complete = false
		result.Errors = append(result.Errors, report.Error{Target: "podlint", Message: context.Cause(ctx).Error()})
	}
	result.Finished = a.now()
	flags.finish(result)
	if !slices.Contains(flags.destinations, destination{"text", "-"}) || flags.quiet { // the text report has them
		a.tell(slices.Concat(result.Errors, result.Warnings))
	}
	if err := flags.write(a.Streams, result); err != nil {
		return err
	}
	a.end(&flags.output, result)
	return nil
}

// linter reads definitions and judges them.
type linter struct {
	flags     *checkFlags
	catalogue []rules.Rule
	now       time.Time
	// given holds files that are not read, by the names that they would have: standard input, an example of the documentation.
	given map[string][]byte
	// overlay holds texts that are read in place of files' own.
	overlay map[string][]byte
	// fold is set where a unit's drop-ins are to be read as its last lines.
	fold bool

	proofs     proofs
	policy     podman.Setting[podman.Policy]
	registries podman.Setting[map[string]podman.Registry]

	// hosts holds the machines that definitions are for, by what is known of whether their Podman is rootless.
	hosts sync.Map
	tree  *tree
	units *quadlet.Reader
	kubes map[string]kube.Options // by the absolute path of the YAML that a .kube unit plays
	// related holds what the rules about relations need of each container, and waivers those that such findings may have.
	related []*rules.Relative
	waivers []policy.Waiver
}

// outcome is what one file gave.
type outcome struct {
	containers []report.Container
	findings   []rules.Finding
	problems   []podman.Problem
	related    []*rules.Relative
	waivers    []policy.Waiver
}

// run lints the files, several at once, and puts what comes of them into the report in the order of their paths.
func (l *linter) run(ctx context.Context, paths []string, result *report.Report, progress func(done, total int)) {
	tree, errs := walk(paths, l.wanted)
	for _, err := range errs {
		path, message, _ := strings.Cut(err.Error(), ": ")
		result.Add(podman.Problem{Origin: podman.Origin{File: path}, Message: message})
	}
	for _, name := range slices.Sorted(maps.Keys(l.given)) {
		tree.files = append(tree.files, name)
		tree.named[name] = true
	}
	l.tree = tree
	l.units = quadlet.NewReader(quadlet.Files{Read: l.read, List: l.list, Dirs: tree.dirs, Find: tree.find})
	if l.fold {
		l.foldDropIns()
	}

	l.findKubes()

	const batch = 256 // what waits for its turn in the report is bounded
	outcomes := make([]outcome, len(tree.files))
	for from := 0; from < len(tree.files) && ctx.Err() == nil; from += batch {
		to := min(from+batch, len(tree.files))
		var group sync.WaitGroup
		next := make(chan int)
		for range runtime.GOMAXPROCS(0) {
			group.Go(func() {
				for i := range next {
					outcomes[i] = l.lint(tree.files[i])
				}
			})
		}
		for i := from; i < to && ctx.Err() == nil; i++ {
			next <- i
		}
		close(next)
		group.Wait()
		for i := from; i < to; i++ {
			l.put(result, &outcomes[i])
		}
		progress(to, len(tree.files))
	}
	l.relate(result)
	result.Sources = append(result.Sources, report.Source{Kind: "files", URI: strings.Join(slices.Concat(paths, slices.Sorted(maps.Keys(l.given))), " ")})
}

func (l *linter) put(result *report.Report, o *outcome) {
	result.Containers = append(result.Containers, o.containers...)
	l.related = append(l.related, o.related...)
	l.waivers = append(l.waivers, o.waivers...)
	l.flags.keep(result, o.findings)
	for _, p := range o.problems {
		result.Add(p)
	}
	*o = outcome{}
}

// relate judges what is between the containers of all files: those for rootless Podman and those for root's by themselves.
func (l *linter) relate(result *report.Report) {
	var findings []rules.Finding
	for _, rootless := range []bool{false, true} {
		var group []*rules.Relative
		for _, c := range l.related {
			if c.Host.Rootless.Value == rootless {
				group = append(group, c)
			}
		}
		findings = append(findings, rules.Relate(l.flags.selectedRules, group)...)
	}
	policy.Apply(l.waivers, findings)
	for _, p := range policy.Unused(l.waivers, l.usedRules(true)) {
		result.Add(p)
	}
	quote(findings, texts{l.read, map[string][]byte{}})
	l.flags.keep(result, findings)
	if len(findings) > 0 {
		result.Sort()
	}
}

// usedRules returns which of the rules that are used look at relations, or which do not.
func (l *linter) usedRules(relations bool) func(rule string) bool {
	return func(rule string) bool {
		return slices.ContainsFunc(l.flags.selectedRules, func(r rules.Rule) bool { return r.ID == rule && (r.Relate != nil) == relations })
	}
}

// read reads a file of the tree, or one that was given.
func (l *linter) read(path string) ([]byte, error) {
	if data, ok := l.overlay[path]; ok {
		return data, nil
	}
	if data, ok := l.given[path]; ok {
		return data, nil
	}
	return readRegular(path)
}

// host is the machine that a definition is for.
func (l *linter) host(path string) *podman.Host {
	rootless := podman.Setting[bool]{State: podman.Default}
	switch {
	case l.flags.rootless:
		rootless = podman.Read(true, "--rootless")
	case l.flags.rootful:
		rootless = podman.Read(false, "--rootful")
	default:
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		for _, place := range []struct {
			dir      string
			rootless bool
		}{
			{"/etc/containers/systemd/users/", true}, {"/usr/share/containers/systemd/users/", true}, {"/.config/containers/systemd/", true},
			{"/etc/systemd/user/", true}, {"/.config/systemd/user/", true}, {"/etc/systemd/system/", false},
			{"/etc/containers/systemd/", false}, {"/usr/share/containers/systemd/", false}, {"/run/containers/systemd/", false},
		} {
			if strings.Contains(path, place.dir) {
				rootless = podman.Read(place.rootless, "the file's place")
				break
			}
		}
	}
	// Definitions of one place share a host: there may be thousands.
	if known, ok := l.hosts.Load(rootless); ok {
		return known.(*podman.Host)
	}
	host := podman.AssumedHost(rootless, l.now)
	host.Policy, host.Registries = l.policy, l.registries
	known, _ := l.hosts.LoadOrStore(rootless, host)
	return known.(*podman.Host)
}

// trust reads what the machine accepts: the files that were named, else this machine's.
func (l *linter) trust(machine bool) error {
	if machine || l.flags.policy != "" {
		if l.policy = live.Policy(l.flags.policy); l.flags.policy != "" && !l.policy.Known() {
			return fmt.Errorf("--policy: %s is no signature policy that can be read", l.flags.policy)
		}
	}
	if machine || l.flags.registries != "" {
		if l.registries = registry.Registries(l.flags.registries); l.flags.registries != "" && !l.registries.Known() {
			return fmt.Errorf("--registries: %s is no registries.conf that can be read", l.flags.registries)
		}
	}
	return nil
}

// lint reads one file and judges what it defines.
func (l *linter) lint(path string) outcome {
	data, err := l.read(path)
	if err != nil {
		return outcome{problems: []podman.Problem{{Origin: podman.Origin{File: path}, Message: err.Error()}}}
	}
	d := l.define(path, data)
	o := outcome{problems: d.problems}
	if d.nothing && l.tree.named[path] {
		o.problems = append(o.problems, podman.Problem{Origin: podman.Origin{File: path}, Message: "there is no container in it that podlint knows of", Warning: true})
	}
	l.judge(&o, d.containers, d.files, map[string][]byte{path: data})
	return o
}

// judge runs the rules and applies the waivers that stand in the files.
func (l *linter) judge(o *outcome, containers []*podman.Container, files []string, known map[string][]byte) {
	read := texts{l.read, known}
	var findings []rules.Finding
	for _, c := range containers {
		c.Definition.Files = sourceFiles(c, files)
		if written := c.Image.Written; l.registries.Known() && written.Known() && !strings.ContainsAny(written.Value, "/.$%") {
			if full := registry.Alias(written.Value, l.flags.registries); full != "" {
				c.Image.Name = full
			}
		}
		o.containers = append(o.containers, report.Describe(c))
		o.related = append(o.related, rules.Related(c))
		found := rules.Check(l.flags.selectedRules, c)
		l.proofs.mark(c, found, func() (string, bool) {
			text, ok := read.of(c.Definition.Origin.File)
			return string(text), ok && c.Definition.Syntax == podman.SyntaxQuadlet
		})
		findings = append(findings, found...)
	}
	var waivers []policy.Waiver
	for _, file := range files {
		text, ok := read.of(file)
		if !ok {
			continue
		}
		found, problems := policy.Waivers(file, string(text), func(rule string) error { _, err := rules.Find(l.catalogue, rule); return err })
		waivers = append(waivers, found...)
		o.problems = append(o.problems, problems...)
	}
	policy.Apply(waivers, findings)
	if len(containers) > 0 {
		o.problems = append(o.problems, policy.Unused(waivers, l.usedRules(false))...)
		o.waivers = waivers
	}
	quote(findings, read)
	o.findings = append(o.findings, findings...)
}

// quote gives each finding the line that it is about, its secrets masked. Of a line with a single key only the key is
// shown; a line in which a rule found a secret and that has no such key is not shown.
func quote(findings []rules.Finding, texts texts) {
	type place struct {
		file string
		line int
	}
	secrets := map[place]bool{}
	for i := range findings {
		if f := &findings[i]; f.Rule.ID == "plaintext-secret" {
			secrets[place{f.Location.File, f.Location.Line}] = true
		}
	}
	lines, masked := map[string][]string{}, map[string][]string{}
	for i := range findings {
		f := &findings[i]
		at := f.Location
		if at.Line == 0 || at.File == f.Definition.Origin.File && at.Line == f.Definition.Origin.Line && at.Column == f.Definition.Origin.Column {
			continue
		}
		text, ok := texts.of(at.File)
		if !ok {
			continue
		}
		if lines[at.File] == nil {
			lines[at.File] = strings.Split(string(text), "\n")
			masked[at.File] = strings.Split(secret.Mask(string(text)), "\n")
		}
		if at.Line > len(lines[at.File]) {
			continue
		}
		line := strings.TrimRight(lines[at.File][at.Line-1], " \t\r")
		safe := strings.TrimRight(masked[at.File][at.Line-1], " \t\r")
		name, value, _ := strings.Cut(line, "=")
		_, named := secret.InPair(name, value) // Secret= too, which is a unit's key and holds a name, but may be a variable
		if holds := secrets[place{at.File, at.Line}]; holds || named || safe != line {
			key, _, ok := strings.Cut(safe, "=")
			_, bad := secret.InText(key)
			switch {
			case ok && !bad && !strings.ContainsAny(strings.TrimSpace(key), " \t"):
				line = key + "=" + secret.Masked
				if at.Column > len(key)+1 {
					f.Location.Column = len(key) + 2
				}
			case safe == line || holds:
				continue
			default:
				f.Location.Column = columnIn(safe, line, at.Column)
				line = safe
			}
		}
		const widest = 160
		if len(line) > widest {
			if at.Column > widest {
				continue
			}
			line = strings.ToValidUTF8(line[:widest], "") + "…"
		}
		f.Quote = line
	}
}

// columnIn returns the column of a masked line for one of the line itself: behind the first mask that is where the mask
// begins.
func columnIn(masked, line string, column int) int {
	same := 0
	for same < len(masked) && same < len(line) && masked[same] == line[same] {
		same++
	}
	return min(column, same+1)
}

// texts holds the contents of files that have been read, and reads others.
type texts struct {
	read  func(path string) ([]byte, error)
	known map[string][]byte
}

func (t texts) of(path string) ([]byte, bool) {
	if text, ok := t.known[path]; ok {
		return text, text != nil
	}
	text, err := t.read(path)
	if err != nil {
		text = nil
	}
	t.known[path] = text
	return text, text != nil
}

// sourceFiles returns who may write and read what a container is defined in: its files and those that variables come from.
func sourceFiles(c *podman.Container, files []string) []podman.SourceFile {
	var found []podman.SourceFile
	add := func(path string, environment bool) {
		if path == "" || slices.ContainsFunc(found, func(f podman.SourceFile) bool { return f.Path == path }) {
			return
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return
		}
		f := podman.SourceFile{Path: path, Mode: uint32(info.Mode().Perm()), Environment: environment}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			f.Owner = stat.Uid
		}
		found = append(found, f)
	}
	if c.Definition.Syntax != podman.SyntaxQuadlet && c.Definition.Origin.File != "" {
		add(c.Definition.Origin.File, false)
	}
	for _, file := range files {
		add(file, false)
	}
	for _, v := range c.Environment.Value {
		add(v.Origin.File, true)
	}
	return found
}
