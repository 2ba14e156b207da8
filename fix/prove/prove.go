// Package prove tries hardened copies of a container until the tightest one is found that still runs.
//
// A copy has a name and a label of podlint's own, no published port, its image and its secrets as the original has them, and over each
// directory that it may write a throw-away overlay, or where a user namespace forbids that a copy of it. The original is read and never
// touched. Every copy is removed when it has been looked at; one that a killed podlint has left is removed by the next run, which knows it by
// its label.
package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// Subject is what is to be proven.
type Subject struct {
	// Name is the container's name, or the unit's.
	Name string
	// Text is the command line that makes it, laid out for a shell, and Path the name that its findings have for their file.
	Text, Path string
	// Findings are those that can be fixed; each names Path as its definition's file.
	Findings []*rules.Finding
	// Image is what copies are made of: the original's image by its ID.
	Image string
	// Capabilities are those that the original may have, without "CAP_".
	Capabilities []string
	// Written holds the paths that the original has written outside of its volumes.
	Written []string
}

// Options say how to prove.
type Options struct {
	// Probe is a command that is run in a copy and succeeds when it is well, URL an address that answers then; a host of "container" stands for
	// the copy's address. Where there is neither, the image's or container's health check counts, else that it still runs after For.
	Probe []string
	URL   string
	For   time.Duration
	// Patience is how long a copy may take to get well.
	Patience time.Duration
	// MapMounts is the option that makes mounts readable for a container with users of its own: "idmap", or "U" for a rootless Podman, whose
	// kernel does not let it map mounts.
	MapMounts string
	// Memory is the most that a copy may take, as --memory has it; empty for no limit.
	Memory string
	// CopyLimit is how many bytes of a volume are copied at most.
	CopyLimit int64
	// Force copies what podlint would rather not.
	Force bool
	// Step is told what is tried next, and how it went.
	Step func(what string, ok bool, took time.Duration)
}

// Result is the tightest set that runs.
type Result struct {
	// Kept holds, for each finding in the subject's order, whether its fix holds.
	Kept []bool
	// Capabilities are what has to be added back, Tmpfs the paths that need a tmpfs.
	Capabilities, Tmpfs []string
	// MapMounts is the option that mounts need with users of the container's own: "idmap" or "U".
	MapMounts string
	// Why says what fails without an exception: by a capability's name, or a rule's ID where its fix is left out.
	Why map[string]string
	// Copies is how many were made, Took how long it all took.
	Copies int
	Took   time.Duration
}

// ErrSick says that a copy without any change does not get well, so that nothing can be proven.
var ErrSick = errors.New("a copy as it is does not get well")

// ErrUnsteady says that copies which were well at first did not stay so, so that nothing is proven.
var ErrUnsteady = errors.New("copies that are well do not stay so")

// recipe is what is changed in one copy.
type recipe struct {
	on     []bool
	caps   []string
	tmpfs  []string
	mounts string // the option that mounts get with users of its own
}

func (r recipe) with(i int) recipe {
	on := slices.Clone(r.on)
	on[i] = true
	return recipe{on, slices.Clone(r.caps), slices.Clone(r.tmpfs), r.mounts}
}

// prover proves one subject.
type prover struct {
	engine  *Engine
	subject Subject
	opts    Options
	result  Result
	// denied holds the lines that the copy without any change logs.
	denied map[string]bool
	// processes holds those that the copy without any change runs.
	processes map[string]bool
}

// Prove finds the tightest set of fixes with which a copy still gets well.
func Prove(ctx context.Context, engine *Engine, subject Subject, opts Options) (*Result, error) {
	p := &prover{engine: engine, subject: subject, opts: opts, result: Result{Why: map[string]string{}}}
	begun := time.Now()
	if reason := refusal(subject.Text); reason != "" && !opts.Force {
		return nil, fmt.Errorf("it is not copied: %s", reason)
	}
	nothing := recipe{on: make([]bool, len(subject.Findings)), mounts: opts.MapMounts}
	plain, err := p.try(ctx, "a copy as it is", nothing)
	if err != nil {
		return nil, err
	}
	if !plain.well {
		return nil, fmt.Errorf("%w: %s", ErrSick, plain.why)
	}
	written := podman.WrittenDirectories(slices.Concat(plain.written, subject.Written))

	var kept recipe
	for again := false; ; again = true {
		p.result.Why = map[string]string{}
		if kept, err = p.tightest(ctx, nothing, written); err != nil {
			return nil, err
		}
		// A copy that dies a moment after it was looked at was called well. So the result is looked at for longer, and where it does not last,
		// every copy is.
		const longer = 3
		p.opts.For *= longer
		last, err := p.try(ctx, "the tightest set once more, for longer", kept)
		switch {
		case err != nil:
			return nil, err
		case !last.well && again:
			return nil, fmt.Errorf("%w: %s", ErrUnsteady, last.why)
		}
		if last.well {
			break
		}
	}
	p.result.Kept, p.result.Capabilities, p.result.Tmpfs, p.result.MapMounts = kept.on, kept.caps, kept.tmpfs, kept.mounts
	p.result.Took = time.Since(begun)
	return &p.result, nil
}

// tightest finds the tightest set, from what has no fix at all.
func (p *prover) tightest(ctx context.Context, nothing recipe, written []string) (recipe, error) {
	all := nothing
	for i := range p.subject.Findings {
		all = all.with(i)
	}
	if p.has("read-only") {
		all.tmpfs = written
	}
	first, err := p.try(ctx, "every fix at once", all)
	if err != nil {
		return nothing, err
	}
	kept := all
	if !first.well {
		if kept, err = p.build(ctx, nothing, written); err != nil {
			return nothing, err
		}
	}
	if kept, err = p.fewerCapabilities(ctx, kept); err != nil {
		return nothing, err
	}
	return p.fewerTmpfs(ctx, kept)
}

func (p *prover) has(rule string) bool {
	return slices.ContainsFunc(p.subject.Findings, func(f *rules.Finding) bool { return f.Rule.ID == rule })
}

// build adds one fix after the other, those first that break least, and keeps those with which the copy stays well.
func (p *prover) build(ctx context.Context, from recipe, written []string) (recipe, error) {
	kept := from
	order := make([]int, len(p.subject.Findings))
	for i := range order {
		order[i] = i
	}
	rank := func(i int) int {
		switch p.subject.Findings[i].Rule.ID {
		case "read-only":
			return 2
		case "cap-drop-all":
			return 3
		case "uid-map", "uid-map-shared":
			return 4
		case "root-user", "user-nobody":
			return 5 // last: a user that the image does not know breaks most
		}
		return 1
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	for _, i := range order {
		f := p.subject.Findings[i]
		next := kept.with(i)
		if f.Fix.Safe { // it takes nothing away
			kept = next
			continue
		}
		if f.Rule.ID == "read-only" {
			next.tmpfs = written
		}
		tried, err := p.try(ctx, f.Rule.ID, next)
		if err != nil {
			return kept, err
		}
		switch {
		case tried.well:
			kept = next
			continue
		case f.Rule.ID == "uid-map" && next.mounts == "idmap" && Mounts(p.subject.Text):
			next.mounts = "U"
			given, err := p.try(ctx, "uid-map, its mounts given to it", next)
			if err != nil {
				return kept, err
			}
			if given.well {
				kept = next
				continue
			}
		case f.Rule.ID == "cap-drop-all":
			found, ok, err := p.capabilities(ctx, next)
			if err != nil {
				return kept, err
			}
			if ok {
				kept = found
				continue
			}
		}
		p.result.Why[f.Rule.ID] = tried.why
	}
	return kept, nil
}

// capabilities finds which of the original's capabilities have to be added back, by halves: those of which the copy is well without are let
// go together.
func (p *prover) capabilities(ctx context.Context, r recipe) (recipe, bool, error) {
	have := slices.Clone(p.subject.Capabilities)
	slices.Sort(have)
	r.caps = have
	whole, err := p.try(ctx, "cap-drop-all, and every capability added back", r)
	if err != nil || !whole.well {
		return r, false, err
	}
	var needed func(some, others []string) ([]string, error)
	needed = func(some, others []string) ([]string, error) {
		if len(some) == 0 {
			return nil, nil
		}
		without := r
		without.caps = others
		tried, err := p.try(ctx, "without "+strings.Join(some, ", "), without)
		if err != nil {
			return nil, err
		}
		switch {
		case tried.well:
			return nil, nil
		case len(some) == 1:
			p.result.Why[some[0]] = tried.why
			return some, nil
		}
		half := len(some) / 2
		first, err := needed(some[:half], slices.Concat(others, some[half:]))
		if err != nil {
			return nil, err
		}
		second, err := needed(some[half:], slices.Concat(others, first))
		return slices.Concat(first, second), err
	}
	caps, err := needed(have, nil)
	if err != nil {
		return r, false, err
	}
	slices.Sort(caps)
	r.caps = caps
	last, err := p.try(ctx, "cap-drop-all with what it needs", r)
	return r, err == nil && last.well, err
}

// fewerCapabilities lets go of each capability that the copy is well without, now that it may run as another user.
func (p *prover) fewerCapabilities(ctx context.Context, r recipe) (recipe, error) {
	for _, name := range slices.Clone(r.caps) {
		if !p.changesUser(r) {
			return r, nil
		}
		fewer := recipe{r.on, slices.DeleteFunc(slices.Clone(r.caps), func(c string) bool { return c == name }), r.tmpfs, r.mounts}
		tried, err := p.try(ctx, "as that user without "+name, fewer)
		if err != nil {
			return r, err
		}
		if tried.well {
			r = fewer
		} else {
			p.result.Why[name] = tried.why
		}
	}
	return r, nil
}

// changesUser reports whether a recipe runs as another user than the original.
func (p *prover) changesUser(r recipe) bool {
	for i, f := range p.subject.Findings {
		if r.on[i] && (f.Rule.ID == "root-user" || f.Rule.ID == "user-nobody") {
			return true
		}
	}
	return false
}

// fewerTmpfs lets go of each tmpfs that the copy is well without.
func (p *prover) fewerTmpfs(ctx context.Context, r recipe) (recipe, error) {
	if len(r.tmpfs) == 0 {
		return r, nil
	}
	bare := recipe{r.on, r.caps, nil, r.mounts}
	tried, err := p.try(ctx, "read-only without a tmpfs", bare)
	if err != nil {
		return r, err
	}
	if tried.well {
		return bare, nil
	}
	if len(r.tmpfs) == 1 {
		p.result.Why[r.tmpfs[0]] = tried.why
		return r, nil
	}
	for _, path := range slices.Clone(r.tmpfs) {
		fewer := recipe{r.on, r.caps, slices.DeleteFunc(slices.Clone(r.tmpfs), func(t string) bool { return t == path }), r.mounts}
		tried, err := p.try(ctx, "read-only without a tmpfs on "+path, fewer)
		if err != nil {
			return r, err
		}
		if tried.well {
			r = fewer
		} else {
			p.result.Why[path] = tried.why
		}
	}
	return r, nil
}

// Apply returns the text of a definition with the fixes that hold, and the findings that were given: cap-drop-all's with the capabilities
// that are needed, read-only's with the tmpfs.
func Apply(path string, text []byte, findings []*rules.Finding, r *Result, version string) fix.Outcome {
	var kept []*rules.Finding
	for i, f := range findings {
		if i < len(r.Kept) && r.Kept[i] {
			changed := *f
			changed.Fix = Adjusted(f, r)
			kept = append(kept, &changed)
		}
	}
	return fix.File(path, text, kept, version)
}

// Adjusted returns a finding's fix with the exceptions that were found.
func Adjusted(f *rules.Finding, r *Result) rules.Fix {
	changed := f.Fix
	add := func(c rules.Change) { changed.Changes = append(slices.Clip(changed.Changes), c) }
	switch f.Rule.ID {
	case "cap-drop-all":
		if len(r.Capabilities) > 0 {
			add(rules.Change{Flag: "--cap-add=" + strings.Join(r.Capabilities, ","), Key: "AddCapability=" + strings.Join(r.Capabilities, " "), Since: "4.4"})
		}
	case "uid-map", "uid-map-shared":
		changed.MountOption = r.MapMounts
	case "read-only":
		for _, path := range r.Tmpfs {
			value := path + ":rw,nosuid,nodev,noexec"
			add(rules.Change{Flag: "--tmpfs=" + value, Key: "Tmpfs=" + value, Since: "4.5"})
		}
	}
	return changed
}

// words returns the command line of a copy, before what makes it a copy.
func (p *prover) words(r recipe) []string {
	out := Apply(p.subject.Path, []byte(p.subject.Text), p.subject.Findings, &Result{Kept: r.on, Capabilities: r.caps, Tmpfs: r.tmpfs, MapMounts: r.mounts}, "")
	calls := command.Script{File: p.subject.Path, Text: string(out.After)}.Calls()
	if len(calls) == 0 {
		return nil
	}
	words := make([]string, len(calls[0].Words))
	for i, w := range calls[0].Words {
		words[i] = w.Text
	}
	return words
}

// Mounts reports whether a command line mounts anything.
func Mounts(text string) bool {
	calls := command.Script{Text: text}.Calls()
	return len(calls) > 0 && slices.ContainsFunc(calls[0].Options, func(o command.Option) bool { return o.Name == "volume" || o.Name == "mount" })
}
