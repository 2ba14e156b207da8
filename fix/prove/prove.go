// Package prove tries hardened copies of a container until the tightest set of fixes is found with which it still runs.
//
// A copy has a name and a label of podlint's own, no published port, no name, address or label of the original's, its
// image and its secrets, and a throw-away overlay over each directory that it may write, or a copy of it where a user
// namespace forbids that. It is in an internal network that podlint makes, unless the caller shares the original's. The
// original is read and never touched. Every copy is removed when it has been looked at. Podman ends a copy whose
// podlint was killed, and the next run removes it, which knows it by its label.
package prove

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	// Text is the command line that makes it, laid out for a shell, and Path the name that its findings have for their
	// file.
	Text, Path string
	// Findings are those that can be fixed; each names Path as its definition's file.
	Findings []*rules.Finding
	// Container is what is known of the container, for what a copy of it could do; nil for nothing.
	Container *podman.Container
	// Image is what copies are made of: the original's image by its ID.
	Image string
	// Capabilities are those that the original may have, without "CAP_".
	Capabilities []string
	// Written holds the paths that the original has written outside of its volumes.
	Written []string
	// Secrets holds values that no output may show, besides those that are found in Text and in its environment files.
	Secrets []string
}

// The values of Options.Network.
const (
	// NetworkIsolated puts copies into an internal network of their own.
	NetworkIsolated = "isolated"
	// NetworkShared puts copies into the networks of the original, where they reach what it reaches.
	NetworkShared = "shared"
)

// Options say how to prove.
type Options struct {
	// Probe is run in the copy and must exit 0 once it is healthy; URL must answer, and its host "container" is the
	// copy's address. Without both, the image's or container's health check counts, else that it still runs after For.
	Probe []string
	URL   string
	For   time.Duration
	// Patience is how long to wait for a copy to become healthy.
	Patience time.Duration
	// Network is NetworkIsolated or NetworkShared; empty for the first.
	Network string
	// MapMounts is the option that makes mounts readable for a container with users of its own: "idmap", or "U" for a
	// rootless Podman, whose kernel does not let it map mounts.
	MapMounts string
	// Memory is the limit of a copy, as --memory has it; empty for no limit.
	Memory string
	// CopyLimit is the maximum number of bytes of a volume that are copied.
	CopyLimit int64
	// Force copies even containers that podlint refuses to copy.
	Force bool
	// Step receives what was tried, and whether the copy was healthy.
	Step func(what string, healthy bool, took time.Duration)
	// Notice receives what a copy cannot have, before the first one is made, and what could not be removed.
	Notice func(text string)
}

// Result is the tightest set of fixes with which copies are healthy.
type Result struct {
	// Kept holds, for each finding in the subject's order, whether its fix is verified.
	Kept []bool
	// Capabilities are what has to be added back, Tmpfs the paths that need a tmpfs.
	Capabilities, Tmpfs []string
	// MapMounts is the option that mounts need with users of the container's own: "idmap" or "U".
	MapMounts string
	// Why says what fails without an exception: by a capability's name, or a rule's ID where its fix breaks the
	// service.
	Why map[string]string
	// NotTried says, by a rule's ID, why no copy with its fix could be made. That says nothing of the service.
	NotTried map[string]string
	// Copies is how many were made, Took how long it all took.
	Copies int
	Took   time.Duration
}

// ErrUnhealthy says that the unmodified copy never became healthy, so that nothing can be proven.
var ErrUnhealthy = errors.New("the unmodified copy never became healthy")

// ErrFlaky says that copies which were healthy at first did not stay healthy, so that nothing is proven.
var ErrFlaky = errors.New("copies that are healthy do not stay healthy")

// ErrNotTried says that Podman could not make a copy.
var ErrNotTried = errors.New("not tried, because Podman cannot make a copy")

// candidate is what is changed in one copy.
type candidate struct {
	on     []bool
	caps   []string
	tmpfs  []string
	mounts string // the option that mounts get with users of its own
}

func (c candidate) with(i int) candidate {
	on := slices.Clone(c.on)
	on[i] = true
	return candidate{on, slices.Clone(c.caps), slices.Clone(c.tmpfs), c.mounts}
}

// prover proves one subject.
type prover struct {
	engine  *Engine
	subject Subject
	opts    Options
	result  Result
	// dir is a directory that only this account can enter, for what copies read of the host; network is theirs.
	dir, network string
	// current is the name of the copy that is made, volumes are those made for it, files counts the copies of files.
	current string
	volumes []string
	files   int
	// denied holds the lines that the unmodified copy logs.
	denied map[string]bool
	// started is how long the unmodified copy took to be healthy.
	started time.Duration
	// processes holds those that the unmodified copy runs.
	processes map[string]bool
}

// Prove finds the tightest set of fixes with which a copy is still healthy.
func Prove(ctx context.Context, engine *Engine, subject Subject, opts Options) (*Result, error) {
	p := &prover{engine: engine, subject: subject, opts: opts}
	p.result = Result{Why: map[string]string{}, NotTried: map[string]string{}}
	begun := time.Now()
	engine.HideSecrets(subject.Secrets...)
	engine.HideSecrets(p.knownSecrets(ctx)...)
	if reason := refusal(&subject); reason != "" && !opts.Force {
		return nil, errors.New(engine.Redact("it is not copied: " + reason))
	}
	if engine.Dry == nil {
		dir, err := engine.privateDir()
		if err != nil {
			return nil, err
		}
		p.dir = dir
		defer os.RemoveAll(dir)
	}
	for _, text := range p.restrictions() {
		p.notice(text)
	}
	removeNetwork, err := p.isolate(ctx)
	defer removeNetwork()
	if err != nil {
		return nil, err
	}
	unmodified := candidate{on: make([]bool, len(subject.Findings)), mounts: opts.MapMounts}
	first, err := p.first(ctx, unmodified)
	if err != nil {
		return nil, err
	}
	kept, err := p.lasting(ctx, unmodified, podman.WrittenDirectories(slices.Concat(first.written, subject.Written)))
	if err != nil {
		return nil, err
	}
	p.result.Kept, p.result.Capabilities, p.result.Tmpfs, p.result.MapMounts = kept.on, kept.caps, kept.tmpfs,
		kept.mounts
	p.result.Took = time.Since(begun)
	return &p.result, nil
}

// first tries the unmodified copy, once more without a network where the first one cannot have its own.
func (p *prover) first(ctx context.Context, unmodified candidate) (result, error) {
	r, err := p.try(ctx, "an unmodified copy", unmodified)
	if err == nil && r.notTried && p.network != "none" {
		reason := r.reason
		before := p.network
		p.network = "none"
		if r, err = p.try(ctx, "an unmodified copy without a network", unmodified); err == nil && r.notTried {
			p.network = before
		} else {
			p.notice("copies have no network at all: " + reason)
		}
	}
	switch {
	case err != nil:
		return r, err
	case r.notTried:
		return r, fmt.Errorf("%w: %s", ErrNotTried, r.reason)
	case !r.healthy:
		return r, fmt.Errorf("%w: %s", ErrUnhealthy, r.reason)
	}
	return r, nil
}

// lasting finds the tightest set with which a copy is healthy for longer than the moment it was looked at.
func (p *prover) lasting(ctx context.Context, unmodified candidate, written []string) (candidate, error) {
	for again := false; ; again = true {
		p.result.Why, p.result.NotTried = map[string]string{}, map[string]string{}
		kept, err := p.tightest(ctx, unmodified, written)
		if err != nil {
			return kept, err
		}
		// A copy that dies right after it was looked at was called healthy. So the final set is watched for longer,
		// and if it does not last, every copy is.
		const longer = 3
		p.opts.For *= longer
		last, err := p.try(ctx, "the tightest set once more, for longer", kept)
		switch {
		case err != nil:
			return kept, err
		case last.healthy:
			return kept, nil
		case last.notTried:
			return kept, fmt.Errorf("%w: %s", ErrNotTried, last.reason)
		case again:
			return kept, fmt.Errorf("%w: %s", ErrFlaky, last.reason)
		}
	}
}

// restrictions says what a copy cannot have, and what leaves a copy, for who runs the proof.
func (p *prover) restrictions() []string {
	made, err := command.Parse(p.originalWords())
	if err != nil {
		return nil
	}
	var found []string
	names := func(option string) string {
		var values []string
		for _, o := range made.All(option) {
			values = append(values, o.Value)
		}
		return strings.Join(values, ", ")
	}
	networks := names("network")
	switch {
	case networks == "none":
	case p.opts.Network == NetworkShared && networks == "":
		found = append(found, "copies share the original's network: what they send leaves this machine")
	case p.opts.Network == NetworkShared:
		found = append(found, "copies share the original's networks ("+networks+"): they can take jobs, write to "+
			"databases and"+
			" send mail as the original does")
	case networks == "":
		found = append(found, "copies have an internal network of their own: they reach nothing outside;"+
			" --network shared takes that risk")
	default:
		found = append(found, "copies have an internal network of their own: nothing in "+networks+
			" is reachable; --network shared takes that risk")
	}
	if secrets := names("secret"); secrets != "" {
		found = append(found, "copies get the original's secrets: "+secrets)
	}
	if hostname := names("hostname"); hostname != "" {
		found = append(found, "copies do not have the hostname "+hostname)
	}
	if len(made.All("health-log-destination")) > 0 {
		found = append(found, "copies do not write the health log")
	}
	return found
}

// knownSecrets returns the values of the subject that are secret: those in its command line, of its environment files
// and of its Podman secrets, if Podman shows them (4.7 does).
func (p *prover) knownSecrets(ctx context.Context) []string {
	words := p.originalWords()
	found := append(commandSecrets(words), SecretParts(p.subject.Text)...)
	made, err := command.Parse(words)
	if err != nil {
		return found
	}
	for _, o := range made.All("env-file") {
		const most = 1 << 20
		if info, err := os.Stat(o.Value); err != nil || !info.Mode().IsRegular() || info.Size() > most {
			continue
		}
		data, err := os.ReadFile(o.Value)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			found = append(found, PairSecrets(name, value)...)
		}
	}
	for _, o := range made.All("secret") {
		name, _, _ := strings.Cut(o.Value, ",")
		name = strings.TrimPrefix(name, "source=")
		data, err := p.engine.query(ctx, "secret", "inspect", "--showsecret", "--format", "{{.SecretData}}", name)
		if err == nil {
			found = append(found, strings.TrimSuffix(data, "\n"))
		}
	}
	return found
}

// tightest finds the tightest set, from what has no fix at all.
func (p *prover) tightest(ctx context.Context, unmodified candidate, written []string) (candidate, error) {
	all := unmodified
	for i := range p.subject.Findings {
		all = all.with(i)
	}
	if p.has(rules.FixReadOnly) {
		all.tmpfs = written
	}
	first, err := p.try(ctx, "every fix at once", all)
	if err != nil {
		return unmodified, err
	}
	kept := all
	if !first.healthy {
		if kept, err = p.build(ctx, unmodified, written); err != nil {
			return unmodified, err
		}
	}
	if kept, err = p.fewerCapabilities(ctx, kept); err != nil {
		return unmodified, err
	}
	return p.fewerTmpfs(ctx, kept)
}

func (p *prover) has(kind rules.FixKind) bool {
	return slices.ContainsFunc(p.subject.Findings, func(f *rules.Finding) bool { return f.Rule.Kind == kind })
}

// build adds one fix after the other, those first that break least, and keeps those with which the copy stays healthy.
func (p *prover) build(ctx context.Context, from candidate, written []string) (candidate, error) {
	kept := from
	order := make([]int, len(p.subject.Findings))
	for i := range order {
		order[i] = i
	}
	rank := func(i int) int {
		switch p.subject.Findings[i].Rule.Kind {
		case rules.FixReadOnly:
			return 2
		case rules.FixCapabilities:
			return 3
		case rules.FixIDMap:
			return 4
		case rules.FixUser:
			return 5 // last: a user that the image does not know breaks most
		default:
			return 1
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	for _, i := range order {
		f := p.subject.Findings[i]
		next := kept.with(i)
		if f.Fix.Safe { // it takes nothing away
			kept = next
			continue
		}
		if f.Rule.Kind == rules.FixReadOnly {
			next.tmpfs = written
		}
		tried, err := p.try(ctx, f.Rule.ID, next)
		if err != nil {
			return kept, err
		}
		switch {
		case tried.healthy:
			kept = next
			continue
		case f.Rule.Kind == rules.FixIDMap && next.mounts == "idmap" && Mounts(p.subject.Text):
			next.mounts = "U"
			given, err := p.try(ctx, f.Rule.ID+", its mounts given to it", next)
			if err != nil {
				return kept, err
			}
			if given.healthy {
				kept = next
				continue
			}
		case f.Rule.Kind == rules.FixCapabilities:
			found, ok, err := p.capabilities(ctx, next)
			if err != nil {
				return kept, err
			}
			if ok {
				kept = found
				continue
			}
		}
		if tried.notTried {
			p.result.NotTried[f.Rule.ID] = tried.reason
			continue
		}
		p.result.Why[f.Rule.ID] = tried.reason
	}
	return kept, nil
}

// capabilities finds which of the original's capabilities have to be added back. It halves the list, so that many that
// the copy does not need are dropped together.
func (p *prover) capabilities(ctx context.Context, r candidate) (candidate, bool, error) {
	have := slices.Clone(p.subject.Capabilities)
	slices.Sort(have)
	r.caps = have
	whole, err := p.try(ctx, "cap-drop-all, and every capability added back", r)
	if err != nil || !whole.healthy {
		return r, false, err
	}
	var needed func(some, others []string) ([]string, error)
	needed = func(some, others []string) ([]string, error) {
		if len(some) == 0 {
			return nil, nil
		}
		fewer := r
		fewer.caps = others
		tried, err := p.try(ctx, "without "+strings.Join(some, ", "), fewer)
		if err != nil {
			return nil, err
		}
		switch {
		case tried.healthy:
			return nil, nil
		case len(some) == 1:
			p.result.Why[some[0]] = tried.reason
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
	return r, err == nil && last.healthy, err
}

// fewerCapabilities drops each capability that the copy does not need, now that it may run as another user.
func (p *prover) fewerCapabilities(ctx context.Context, r candidate) (candidate, error) {
	for _, name := range slices.Clone(r.caps) {
		if !p.changesUser(r) {
			return r, nil
		}
		fewer := candidate{r.on, without(r.caps, name), r.tmpfs, r.mounts}
		tried, err := p.try(ctx, "as that user without "+name, fewer)
		if err != nil {
			return r, err
		}
		if tried.healthy {
			r = fewer
		} else {
			p.result.Why[name] = tried.reason
		}
	}
	return r, nil
}

// changesUser reports whether a candidate runs as another user than the original.
func (p *prover) changesUser(r candidate) bool {
	for i, f := range p.subject.Findings {
		if r.on[i] && f.Rule.Kind == rules.FixUser {
			return true
		}
	}
	return false
}

// fewerTmpfs drops each tmpfs that the copy does not need.
func (p *prover) fewerTmpfs(ctx context.Context, r candidate) (candidate, error) {
	if len(r.tmpfs) == 0 {
		return r, nil
	}
	bare := candidate{r.on, r.caps, nil, r.mounts}
	tried, err := p.try(ctx, "read-only without a tmpfs", bare)
	if err != nil {
		return r, err
	}
	if tried.healthy {
		return bare, nil
	}
	if len(r.tmpfs) == 1 {
		p.result.Why[r.tmpfs[0]] = tried.reason
		return r, nil
	}
	for _, path := range slices.Clone(r.tmpfs) {
		fewer := candidate{r.on, r.caps, without(r.tmpfs, path), r.mounts}
		tried, err := p.try(ctx, "read-only without a tmpfs on "+path, fewer)
		if err != nil {
			return r, err
		}
		if tried.healthy {
			r = fewer
		} else {
			p.result.Why[path] = tried.reason
		}
	}
	return r, nil
}

// Apply returns the text of a definition with the verified fixes: cap-drop-all's with the capabilities that are needed,
// read-only's with the tmpfs.
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
	switch f.Rule.Kind {
	case rules.FixCapabilities:
		if len(r.Capabilities) > 0 {
			add(rules.Change{
				Flag: "--cap-add=" + strings.Join(r.Capabilities, ","),
			})
		}
	case rules.FixIDMap:
		changed.MountOption = r.MapMounts
	case rules.FixReadOnly:
		for _, path := range r.Tmpfs {
			value := path + ":rw,nosuid,nodev,noexec"
			add(rules.Change{Flag: "--tmpfs=" + value})
		}
	default: // the others need nothing else
	}
	return changed
}

// words returns the command line of a candidate, before what makes it a copy.
func (p *prover) words(c candidate) []string {
	out := Apply(p.subject.Path, []byte(p.subject.Text), p.subject.Findings, &Result{
		Kept: c.on, Capabilities: c.caps, Tmpfs: c.tmpfs, MapMounts: c.mounts,
	}, "")
	return wordsOf(p.subject.Path, string(out.After))
}

func (p *prover) originalWords() []string { return wordsOf(p.subject.Path, p.subject.Text) }

// wordsOf returns the words of the first podman command line in a text.
func wordsOf(path, text string) []string {
	calls := command.Script{File: path, Text: text}.Calls()
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
	return len(calls) > 0 && slices.ContainsFunc(calls[0].Options, func(o command.Option) bool {
		return o.Name == "volume" || o.Name == "mount"
	})
}

func without(list []string, item string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
}
