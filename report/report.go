// Package report writes what a scan found: as text for people, as JSON for programs, as SARIF for code-scanning
// services. It decides nothing; what it is given is what it says.
package report

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// Report is what one run has found.
type Report struct {
	Tool              Tool
	Started, Finished time.Time
	// Host and Account are the machine and the account whose Podman was asked, empty where they are not known.
	Host, Account string
	Sources       []Source
	// Containers holds every container that was read, in the order of their names.
	Containers []Container
	// Findings holds those of all containers.
	Findings []rules.Finding
	// Hidden holds those below Least, the severity from which findings are shown: they count all the same.
	Hidden []rules.Finding
	Least  rules.Severity
	// Errors holds what could not be read.
	Errors []Error
	// Warnings holds what was read and is odd, such as a key that Podman does not know.
	Warnings []Error
	// Plan is the changes that take away the most exposure, nil where nobody asked for it.
	Plan *Plan
	// Fixed holds what a baseline knows and is not found any more.
	Fixed []Fixed
	// Configuration holds what decided beside the options: each file with what it changes.
	Configuration []Configuration
	// Skipped holds the files and directories that were passed over.
	Skipped []Skipped
	// Given names what was read from standard input as if it were a file.
	Given []string
	// Definitions is set where files were read rather than a service.
	Definitions bool
	// Unreadable is set where a file could not be read.
	Unreadable bool
	// Empty is set where that there was nothing to lint is an error, which is among Errors.
	Empty bool
	// Complete is false where something was not read.
	Complete bool
	// Rules is the catalogue that was used.
	Rules []rules.Rule
	// FailOn is the severity from which findings fail the run, 0 for none.
	FailOn rules.Severity
}

// Fixed is a finding of a baseline that is not found any more.
type Fixed struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Container   string `json:"container"`
}

// Configuration is a file that has a say in what counts, and what it changes. What is judged may have brought it along.
type Configuration struct {
	// Kind is "configuration", "baseline", "waivers" or "ignored".
	Kind string `json:"kind"`
	File string `json:"file"`
	// Effect says what it changes, such as "3 rules off, fail-on none".
	Effect string `json:"effect"`
	// Idle is set where it changes nothing.
	Idle bool `json:"-"`
}

// String writes it in one line.
func (c Configuration) String() string { return c.Kind + ": " + c.File + ", " + c.Effect }

// Skipped is a file or a directory that was passed over, and why.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	// By is the file that says so, empty for none.
	By string `json:"by,omitempty"`
}

// Tool is the program that wrote the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Source is a service or a file that containers were read from.
type Source struct {
	// Kind is "podman" for a service.
	Kind string `json:"kind"`
	// URI is the service's address, without a password.
	URI string `json:"uri"`
	// Podman is the service's version.
	Podman string `json:"podman,omitempty"`
	// Rootless is nil where it is not known.
	Rootless *bool `json:"rootless,omitempty"`
}

// Container is what a report says about a container besides the findings.
type Container struct {
	Name    string      `json:"name"`
	ID      string      `json:"id"`
	Image   string      `json:"image"`
	Kind    podman.Kind `json:"kind"`
	State   string      `json:"state"`
	Pod     string      `json:"pod,omitempty"`
	Unit    string      `json:"unit,omitempty"`
	Started time.Time   `json:"-"`
	// Location is where it is defined, nil where no file is known.
	Location *location `json:"location,omitempty"`
	// Assumed says what was assumed of the Podman that it is for, and by what, where something speaks for it.
	Assumed string `json:"assumed,omitempty"`
	// Changed names what the definition says otherwise than the container that runs.
	Changed []string `json:"changed,omitempty"`
	// Reach is how far someone gets who takes the container over, nil for Podman's own.
	Reach *Reach `json:"reach,omitempty"`
	// Exposure rates it from 0.0 to 10.0, nil where the reach is not known.
	Exposure *float64 `json:"exposure,omitempty"`
	// Provenance is whose an image's files are, nil for what is no image.
	Provenance *Provenance `json:"provenance,omitempty"`
	// Definition is the same with the language.
	Definition podman.Definition `json:"-"`
}

// Reach is a level with the chain that leads there.
type Reach struct {
	Level rules.Level `json:"level"`
	Why   []string    `json:"why"`
}

// isLinted reports whether it is what rules look at, rather than what Podman makes for itself.
func (c Container) isLinted() bool {
	return c.Kind == podman.KindContainer || c.Kind == podman.KindImage
}

// count returns how many containers there are: resources are none.
func (r *Report) count() int {
	n := 0
	for _, c := range r.Containers {
		if c.Kind != podman.KindResource {
			n++
		}
	}
	return n
}

// key tells containers apart: two files may define the same name.
func (c Container) key() containerKey { return containerKey{c.Name, c.Definition.Origin.File} }

type containerKey struct{ name, file string }

func keyOf(f *rules.Finding) containerKey {
	return containerKey{f.Container, f.Definition.Origin.File}
}

// Error is something that could not be read.
type Error struct {
	Target  string `json:"target"`
	Message string `json:"message"`
	// Hint says what to do about it, empty for nothing.
	Hint string `json:"hint,omitempty"`
	// Location is where it is, nil where there is no file.
	Location *location `json:"location,omitempty"`
}

// HintAfter returns the hint to show below an entry of a list, empty for none: consecutive entries with the same hint
// show it once, after the last.
func HintAfter(list []Error, i int) string {
	if i+1 < len(list) && list[i+1].Hint == list[i].Hint {
		return ""
	}
	return list[i].Hint
}

// Add adds what a reader of definitions has found wrong.
func (r *Report) Add(p podman.Problem) {
	if r.list(&p); !p.Warning {
		r.Unreadable = true
	}
}

// Missed adds what could not be read of a service: the report is incomplete then, unless it is only a warning.
func (r *Report) Missed(p *podman.Problem) {
	if r.list(p); !p.Warning {
		r.Complete = false
	}
}

// list adds a problem to the errors or to the warnings. A message of a library may quote what it could not read, so
// that secrets in it are masked.
func (r *Report) list(p *podman.Problem) {
	e := Error{Target: p.Place(), Message: secret.Mask(p.Text()), Hint: p.Advice()}
	if p.Origin.File != "" {
		e.Location = located(p.Origin)
	}
	if p.Warning {
		r.Warnings = append(r.Warnings, e)
	} else {
		r.Errors = append(r.Errors, e)
	}
}

// Fail says that something was not read and that the report is incomplete.
func (r *Report) Fail(target string, err error) {
	r.Missed(&podman.Problem{Target: target, Err: err})
}

// Warn names something that could not be looked at, which does not make the report incomplete.
func (r *Report) Warn(target string, err error) {
	r.Missed(&podman.Problem{Target: target, Err: err, Warning: true})
}

// Interrupted says that the run ended before it was complete, and why.
func (r *Report) Interrupted(why error) {
	r.Fail("podlint", why)
}

// Describe returns what a report says about a container.
func Describe(c *podman.Container) Container {
	image := c.Image.Name
	if image == "" {
		image = c.Image.ID
	}
	var changed []string
	if c.FromUnit != nil {
		for _, drift := range podman.Differences(c, c.FromUnit) {
			changed = append(changed, string(drift))
		}
	}
	described := Container{Changed: changed, Name: c.Name, ID: c.ID, Image: image, Kind: c.Kind, State: c.State,
		Pod: c.Pod, Unit: c.Unit, Started: c.Started,
		Location: located(c.Definition.Origin), Definition: c.Definition}
	if c.Host.Rootless.Origin.File != "" {
		described.Assumed = c.Host.Assumption()
	}
	described.Provenance = provenanceOf(c)
	if c.Kind == podman.KindContainer {
		reach := rules.ReachOf(c)
		described.Reach = &Reach{reach.Level, notNil(reach.Why)}
		if exposure, ok := rules.Exposure(c, reach); ok {
			described.Exposure = &exposure
		}
	}
	return described
}

// Sort puts containers in the order of their names and findings in that of their containers, worst first, so that a
// report is the same on every run.
func (r *Report) Sort() {
	if r.Definitions { // they come in the order of the files
		place := make(map[containerKey]int, len(r.Containers))
		for i, c := range r.Containers {
			place[c.key()] = i
		}
		slices.SortStableFunc(r.Findings, func(a, b rules.Finding) int {
			return cmp.Or(cmp.Compare(place[keyOf(&a)], place[keyOf(&b)]), cmp.Compare(b.Severity, a.Severity))
		})
		return
	}
	slices.SortStableFunc(r.Containers, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Findings, func(a, b rules.Finding) int {
		return cmp.Or(strings.Compare(a.Container, b.Container), cmp.Compare(b.Severity, a.Severity))
	})
}

// Counts is how many findings there are of each severity.
type Counts map[rules.Severity]int

// Count counts the findings that are neither waived nor in the baseline.
func (r *Report) Count() Counts {
	counts := Counts{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived == "" && !f.Baseline {
			counts[r.Findings[i].Severity]++
		}
	}
	return counts
}

// waived counts the findings that are.
func (r *Report) waived() int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Waived != "" {
			n++
		}
	}
	return n
}

// baselined counts those that are in the baseline.
func (r *Report) baselined() int {
	n := 0
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived == "" && f.Baseline {
			n++
		}
	}
	return n
}

// totals says how many findings there are of each kind, leaving out what there is none of.
func (r *Report) totals(p palette) []string {
	var total []string
	counts := r.Count()
	for _, s := range severities {
		if n := counts[s]; n > 0 {
			total = append(total, p.severity[s](fmt.Sprintf("%d %s", n, s)))
		}
	}
	if n := r.waived(); n > 0 {
		total = append(total, fmt.Sprintf("%d waived", n))
	}
	if n := r.baselined(); n > 0 {
		total = append(total, fmt.Sprintf("%d in the baseline", n))
	}
	if n := len(r.Fixed); n > 0 {
		total = append(total, p.good(fmt.Sprintf("%d fixed since the baseline", n)))
	}
	if n := r.hidden(); n > 0 {
		total = append(total, fmt.Sprintf("%d hidden below %s", n, r.Least))
	}
	return append(total, r.passedOver()...)
}

// accepted returns the containers in which something is found that does not count, or is not shown: they are not clean.
func (r *Report) accepted() map[containerKey]bool {
	keys := map[containerKey]bool{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived != "" || f.Baseline {
			keys[keyOf(f)] = true
		}
	}
	for i := range r.Hidden {
		keys[keyOf(&r.Hidden[i])] = true
	}
	return keys
}

// hidden counts the findings that count and are not shown.
func (r *Report) hidden() int {
	n := 0
	for i := range r.Hidden {
		if f := &r.Hidden[i]; f.Waived == "" && !f.Baseline {
			n++
		}
	}
	return n
}

// passedOver counts the files that were not read, by what says so, and names the configuration that has a say.
func (r *Report) passedOver() (list []string) {
	ignored, others := map[string]int{}, 0
	for _, s := range r.Skipped {
		if s.By == "" {
			others++
		} else {
			ignored[filepath.Base(s.By)]++
		}
	}
	for _, by := range slices.Sorted(maps.Keys(ignored)) {
		list = append(list, word.Count(ignored[by], "path", "paths")+" ignored by "+safe.Text(by))
	}
	if others > 0 {
		list = append(list, word.Count(others, "path", "paths")+" passed over")
	}
	for _, c := range r.Configuration {
		if c.Kind == "configuration" && !c.Idle {
			list = append(list, safe.Text(filepath.Base(c.File)+" ("+c.Effect+")"))
		}
	}
	return list
}

// Fails reports whether a finding is at or above the severity that fails the run, shown or not.
func (r *Report) Fails() bool {
	fails := func(f rules.Finding) bool { return r.fails(&f) }
	return slices.ContainsFunc(r.Findings, fails) || slices.ContainsFunc(r.Hidden, fails)
}

// fails reports whether a finding fails the run.
func (r *Report) fails(f *rules.Finding) bool {
	return r.FailOn != 0 && f.Severity >= r.FailOn && f.Waived == "" && !f.Baseline
}

// ExitStatus is the status that podlint ends with after this report: 3 where it is incomplete, 2 where a file could not
// be read, else 1 where it fails.
func (r *Report) ExitStatus() int {
	switch {
	case !r.Complete:
		return 3
	case r.Unreadable:
		return 2
	case r.Fails():
		return 1
	default:
		return 0
	}
}

// severities lists them, worst first.
var severities = []rules.Severity{rules.Critical, rules.High, rules.Medium, rules.Low, rules.Info}
