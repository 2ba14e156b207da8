package lint

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// check is one run over a set of definitions.
type check struct {
	*Linter
	set    *definition.Set
	result *report.Report
	// peers holds what the rules about relations need of each container, and waivers those that such findings may have.
	peers   []*rules.Peer
	waivers []policy.Waiver
}

// outcome is what one file gave.
type outcome struct {
	containers []report.Container
	findings   []rules.Finding
	problems   []podman.Problem
	peers      []*rules.Peer
	waivers    []policy.Waiver
	// read holds the texts that the findings are quoted from.
	read    texts
	skipped *report.Skipped
}

// Check lints the definitions of a set, several at once, and puts what comes of them into the report in the order of
// their paths. It ends early, with an incomplete report, where ctx does.
func (l *Linter) Check(ctx context.Context, set *definition.Set, result *report.Report, progress Progress) {
	result.Definitions = true
	c := &check{Linter: l, set: set, result: result}
	paths := set.Paths()
	const batch = 256 // what waits for its turn in the report is bounded
	for from := 0; from < len(paths) && ctx.Err() == nil; from += batch {
		to := min(from+batch, len(paths))
		for _, o := range c.batch(ctx, paths[from:to]) {
			c.put(&o)
		}
		progress("reading files", to, len(paths))
	}
	for _, s := range set.Skipped() {
		result.Skipped = append(result.Skipped, report.Skipped{Path: s.Path, Reason: s.Why})
	}
	slices.SortFunc(result.Skipped, func(a, b report.Skipped) int { return strings.Compare(a.Path, b.Path) })
	c.relate()
	if l.Propose && ctx.Err() == nil {
		planner := fix.Planner{Read: set.Text, Lint: l.NewEdited(set).Lint}
		planner.Propose(result.Findings)
	}
	result.Sources = append(result.Sources, report.Source{Kind: "files", URI: set.Source()})
	if ctx.Err() != nil {
		result.Interrupted(context.Cause(ctx))
	}
}

// batch lints some files at once.
func (c *check) batch(ctx context.Context, paths []string) []outcome {
	outcomes := make([]outcome, len(paths))
	var group sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				outcomes[i] = c.lint(c.set, paths[i])
				quote(outcomes[i].findings, outcomes[i].read)
			}
		})
	}
	for i := 0; i < len(paths) && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	group.Wait()
	return outcomes
}

func (c *check) put(o *outcome) {
	c.result.Containers = append(c.result.Containers, o.containers...)
	c.peers = append(c.peers, o.peers...)
	c.waivers = append(c.waivers, o.waivers...)
	c.keep(c.result, o.findings)
	for _, p := range o.problems {
		c.result.Add(p)
	}
	if o.skipped != nil {
		c.result.Skipped = append(c.result.Skipped, *o.skipped)
	}
}

// relations judges containers beside one another: those for rootless Podman and those for root's each by themselves.
func (l *Linter) relations(peers []*rules.Peer) []rules.Finding {
	var findings []rules.Finding
	for _, rootless := range []bool{false, true} {
		var group []*rules.Peer
		for _, peer := range peers {
			if peer.Host.Rootless.Value == rootless {
				group = append(group, peer)
			}
		}
		findings = append(findings, rules.CheckPeers(l.Rules, group)...)
	}
	return findings
}

// relate judges the containers of all files beside one another.
func (c *check) relate() {
	findings := c.relations(c.peers)
	policy.Apply(c.waivers, findings)
	for _, p := range policy.Unused(c.waivers, c.usesFor(true)) {
		c.result.Add(p)
	}
	quote(findings, texts{c.set.Text, map[string][]byte{}})
	c.keep(c.result, findings)
	if len(findings) > 0 {
		c.result.Sort()
	}
}

// lint reads one file and judges what it defines, applying the waivers in the files that it is made of.
func (l *Linter) lint(set *definition.Set, path string) outcome {
	d := set.Read(path)
	read := texts{set.Text, map[string][]byte{path: d.Text}}
	o := outcome{problems: d.Problems, read: read}
	if d.Nothing != "" {
		o.skipped = &report.Skipped{Path: path, Reason: d.Nothing}
	}
	var findings []rules.Finding
	for _, c := range d.Containers {
		o.containers = append(o.containers, report.Describe(c))
		o.peers = append(o.peers, rules.PeerOf(c))
		found := rules.Check(l.Rules, c)
		l.Proofs.Mark(c, found, func() (string, bool) {
			text, ok := read.of(c.Definition.Origin.File)
			return string(text), ok && c.Definition.Syntax == podman.SyntaxQuadlet
		})
		findings = append(findings, found...)
	}
	var waivers []policy.Waiver
	known := func(rule string) error { _, err := rules.Find(l.Catalogue, rule); return err }
	for _, file := range d.Files {
		text, ok := read.of(file)
		if !ok {
			continue
		}
		found, problems := policy.Waivers(file, string(text), known)
		waivers = append(waivers, found...)
		o.problems = append(o.problems, problems...)
	}
	policy.Apply(waivers, findings)
	if len(d.Containers) > 0 {
		o.problems = append(o.problems, policy.Unused(waivers, l.usesFor(false))...)
		o.waivers = waivers
	}
	o.findings = findings
	return o
}
