package lint

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
	// ofPods holds what was found in the definitions of pods, once for each member.
	ofPods []rules.Finding
	// judged holds what each file gave, by path, where edits are proposed, which are judged beside that.
	judged map[string]judged
	// stuck counts the files that took too long.
	stuck atomic.Int32
}

// outcome is what one file gave.
type outcome struct {
	containers []report.Container
	findings   []rules.Finding
	problems   []podman.Problem
	peers      []*rules.Peer
	waivers    []policy.Waiver
	// ofPods holds those findings that are about a pod, which other members, in other files, have too.
	ofPods []rules.Finding
	// kept holds the containers themselves, where somebody wants them.
	kept []*podman.Container
	// read holds the texts that the findings are quoted from.
	read    texts
	skipped *report.Skipped
	done    bool
}

// Check lints the definitions of a set, several at once, and puts what comes of them into the report in the order of
// their paths. It ends early, with an incomplete report, where ctx does.
func (l *Linter) Check(ctx context.Context, set *definition.Set, result *report.Report, progress Progress) {
	result.Definitions = true
	c := &check{Linter: l, set: set, result: result, judged: map[string]judged{}}
	paths := set.Paths()
	const batch = 256 // what waits for its turn in the report is bounded
	read := 0
	for from := 0; from < len(paths) && ctx.Err() == nil && c.stuck.Load() < mostStuck; from += batch {
		to := min(from+batch, len(paths))
		for i, o := range c.batch(ctx, paths[from:to]) {
			if o.done {
				read++
			}
			if o.done && l.Propose {
				c.judged[paths[from+i]] = o.judged()
			}
			c.put(&o)
		}
		progress("reading files", to, len(paths))
	}
	for _, s := range set.Skipped() {
		result.Skipped = append(result.Skipped, report.Skipped{Path: s.Path, Reason: s.Why, By: s.By})
	}
	slices.SortFunc(result.Skipped, func(a, b report.Skipped) int { return strings.Compare(a.Path, b.Path) })
	c.relate(ctx)
	if l.Propose {
		c.propose(ctx)
	}
	result.Sources = append(result.Sources, report.Source{Kind: "files", URI: set.Source()})
	switch {
	case ctx.Err() != nil:
		result.Interrupted(fmt.Errorf("%w after %d of %d files", context.Cause(ctx), read, len(paths)))
	case c.stuck.Load() >= mostStuck:
		result.Interrupted(fmt.Errorf("too many files take too long: ended after %d of %d files", read, len(paths)))
	}
}

const (
	// fileTime is how long one file may take: thousands of times what the slowest takes that somebody wrote.
	fileTime = 30 * time.Second
	// mostStuck is how many files may be left behind that took longer; what reads them goes on in the background.
	mostStuck = 8
)

// within lints a file for as long as it may take. Whatever happens in that, the others are linted.
func (c *check) within(ctx context.Context, path string) outcome {
	done := make(chan outcome, 1)
	wrong := func(format string, args ...any) outcome {
		return outcome{problems: []podman.Problem{{Origin: podman.Origin{File: path},
			Message: fmt.Sprintf(format, args...), Hint: "leave the file out to see the rest, and please report it"}}}
	}
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- wrong("podlint fails on this file: %v", p)
			}
		}()
		o := c.lint(c.set, path)
		quote(o.findings, o.read)
		quote(o.ofPods, o.read)
		o.done = true
		done <- o
	}()
	limit := c.FileTime
	if limit == 0 {
		limit = fileTime
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case o := <-done:
		return o
	case <-timer.C:
		c.stuck.Add(1)
		return wrong("not read: it takes longer than %s", limit)
	case <-ctx.Done():
		return outcome{}
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
				outcomes[i] = c.within(ctx, paths[i])
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
	for _, kept := range o.kept {
		c.Keep(kept)
	}
	c.peers = append(c.peers, o.peers...)
	c.waivers = append(c.waivers, o.waivers...)
	c.ofPods = append(c.ofPods, o.ofPods...)
	c.keep(c.result, o.findings)
	for _, p := range o.problems {
		c.result.Add(p)
	}
	if o.skipped != nil {
		c.result.Skipped = append(c.result.Skipped, *o.skipped)
	}
}

// relations judges containers beside one another: those for rootless Podman and those for root's each by themselves.
// What is only assumed to be for one counts as for the other where that is assumed of others.
func (l *Linter) relations(peers []*rules.Peer) []rules.Finding {
	var findings []rules.Finding
	guessed := slices.ContainsFunc(peers, func(p *rules.Peer) bool {
		return p.Host.Rootless.State == podman.StateDefault && !p.Host.Rootless.Value
	})
	for _, rootless := range []bool{false, true} {
		var group []*rules.Peer
		for _, peer := range peers {
			r := peer.Host.Rootless
			if (r.Value && (r.State != podman.StateDefault || !guessed)) == rootless {
				group = append(group, peer)
			}
		}
		findings = append(findings, rules.CheckPeers(l.Rules, group)...)
	}
	return findings
}

// Await returns what a function returns, and whether it did before the context ended; else the function is left behind,
// and must not write what others read.
func Await[T any](ctx context.Context, call func() T) (value T, ok bool) {
	if ctx.Err() != nil {
		return value, false
	}
	done := make(chan T, 1)
	go func() { done <- call() }()
	select {
	case value = <-done:
		return value, true
	case <-ctx.Done():
		return value, false
	}
}

// propose gives each finding the edits that end it, where there is time for all of them.
func (c *check) propose(ctx context.Context) {
	proposed, ok := Await(ctx, func() []rules.Finding {
		findings := slices.Clone(c.result.Findings)
		planner := fix.Planner{Read: c.set.Text, Lint: c.newEdited(c.set, c.judged).Lint}
		planner.Propose(findings)
		return findings
	})
	if ok {
		c.result.Findings = proposed
	}
}

// relate judges the containers of all files beside one another, where there is time for it.
func (c *check) relate(ctx context.Context) {
	findings, whole := Await(ctx, func() []rules.Finding {
		found := c.relations(c.peers)
		quote(found, texts{c.set.Text, map[string][]byte{}})
		return found
	})
	findings = append(findings, rules.OncePerPod(c.ofPods)...)
	policy.Apply(c.waivers, findings)
	if whole { // else a waiver may be one of what was not looked for
		for _, p := range policy.Unused(c.waivers, c.uses) {
			c.result.Add(p)
		}
	}
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
		if l.Keep != nil {
			o.kept = append(o.kept, c)
		}
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
		for i := range found {
			if w := &found[i]; l.Accepts == nil || l.Accepts(w) {
				waivers = append(waivers, *w)
				continue
			}
			o.problems = append(o.problems, podman.Problem{Origin: found[i].Origin, Warning: true,
				Message: "this waiver does not count: what --config-from names does not have it"})
		}
		o.problems = append(o.problems, problems...)
	}
	policy.Apply(waivers, findings)
	if len(d.Containers) > 0 {
		o.waivers = waivers
	}
	for i := range findings {
		if findings[i].Pod != "" {
			o.ofPods = append(o.ofPods, findings[i])
		} else {
			o.findings = append(o.findings, findings[i])
		}
	}
	return o
}
