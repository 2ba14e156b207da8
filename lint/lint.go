// Package lint gets from containers to a report: it runs the rules over live containers and definitions, and applies
// waivers, the configuration, the baseline and what proofs have shown.
package lint

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// Choice says which rules are used and what counts. Its zero value is the configuration's own choice, and the standard
// profile where that has none.
type Choice struct {
	// Only holds the IDs of the rules to use, whatever their profile; empty for those of the profile.
	Only []string
	// Skip holds the IDs of rules that are not used.
	Skip []string
	// Profile, FailOn ("none" for never) and Least are the names of a profile and of severities, empty for the
	// configuration's.
	Profile, FailOn, Least string
	// Parameters count more than the configuration's.
	Parameters rules.Parameters
}

// Linter judges containers. Its fields are not changed while it is used, so several goroutines may use it at once.
type Linter struct {
	// Config is the configuration that counts.
	Config *policy.Config
	// Catalogue holds every rule, those of the configuration among them, and Rules those that are used.
	Catalogue, Rules []rules.Rule
	// Profile is the profile that the configuration's sections are measured by.
	Profile rules.Profile
	// Least is the severity below which findings are left out, FailOn that from which on the report fails, 0 for never.
	Least, FailOn rules.Severity
	// Baseline holds the findings that do not count, nil for none.
	Baseline *policy.Baseline
	// Proofs holds what was proven on this machine.
	Proofs Proofs
	// Propose is set where Check gives each finding the edits that end it. Each file is linted twice more for that.
	Propose bool
	// Keep is given each container that is judged, one at a time, where it is not nil.
	Keep func(*podman.Container)
	// Tool is the program that a report names.
	Tool report.Tool
	// Now tells the time.
	Now func() time.Time
	// Accepts tells which waivers of the definitions' own comments count, nil for all.
	Accepts func(w *policy.Waiver) bool
	// configFailOn is set where the configuration's severity fails the run, or would.
	configFailOn bool
	// FileTime is how long one file may take, 0 for half a minute.
	FileTime time.Duration
}

// New returns the linter for a choice. An error names the field of the choice that is wrong by its flag.
func New(config *policy.Config, c Choice) (*Linter, error) {
	l := &Linter{Config: config, Catalogue: config.Catalogue(c.Parameters), Profile: rules.Standard, Now: time.Now}
	l.Tool.Name = "podlint"
	var err error
	if config.Profile != nil {
		l.Profile = *config.Profile
	}
	if c.Profile != "" {
		if l.Profile, err = rules.ParseProfile(c.Profile); err != nil {
			return nil, fmt.Errorf("--profile: %w", err)
		}
	}
	if err := l.severities(c); err != nil {
		return nil, err
	}
	for _, id := range slices.Concat(c.Only, c.Skip) {
		if _, err := rules.Find(l.Catalogue, id); err != nil {
			return nil, err
		}
	}
	l.Rules = slices.DeleteFunc(slices.Clone(l.Catalogue), func(r rules.Rule) bool {
		if len(c.Only) > 0 {
			return !slices.Contains(c.Only, r.ID) || slices.Contains(c.Skip, r.ID)
		}
		return !config.Uses(&r, l.Profile) || slices.Contains(c.Skip, r.ID)
	})
	if len(c.Only) > 0 { // asked for by name, whatever their profile
		l.Profile = rules.Strict
	}
	return l, nil
}

// severities takes the severities of the choice, else those of the configuration, else the defaults.
func (l *Linter) severities(c Choice) error {
	failOn := "medium"
	l.configFailOn = c.FailOn == ""
	switch {
	case c.FailOn != "":
		failOn = c.FailOn
	case l.Config.FailOn != nil:
		failOn = *l.Config.FailOn
	}
	var err error
	if failOn != "none" {
		if l.FailOn, err = rules.ParseSeverity(failOn); err != nil {
			return fmt.Errorf("--fail-on: %w, or none", err)
		}
	}
	l.Least = rules.Info
	if l.Config.MinSeverity != nil {
		l.Least = *l.Config.MinSeverity
	}
	if c.Least != "" {
		if l.Least, err = rules.ParseSeverity(c.Least); err != nil {
			return fmt.Errorf("--min-severity: %w", err)
		}
	}
	return nil
}

// NewReport returns the report that a run begins with.
func (l *Linter) NewReport() *report.Report {
	return &report.Report{Tool: l.Tool, Started: l.Now(), Rules: l.Rules, FailOn: l.FailOn, Least: l.Least,
		Complete: true}
}

// Finish compares the report with the baseline and says which waivers of the configuration are out of date.
func (l *Linter) Finish(r *report.Report) {
	r.Finished = l.Now()
	for _, p := range l.Config.Failures() {
		r.Add(p)
	}
	for _, p := range l.Config.Stale(l.uses, r.Started) {
		r.Add(p)
	}
	if l.Baseline != nil {
		all := slices.Concat(r.Findings, r.Hidden)
		fixed := l.Baseline.Mark(all, SeenIn(r))
		copy(r.Hidden, all[copy(r.Findings, all):])
		for _, k := range fixed {
			r.Fixed = append(r.Fixed, report.Fixed{Fingerprint: k.Fingerprint, Rule: k.Rule, Container: k.Container})
		}
	}
	r.Configuration = l.configuration(r)
}

// configuration says which files had a say in what counts, and what they changed.
func (l *Linter) configuration(r *report.Report) []report.Configuration {
	var list []report.Configuration
	if l.Config.File != "" {
		effect := l.Config.Effect(l.configFailOn)
		list = append(list, report.Configuration{Kind: "configuration", File: l.Config.File, Effect: effect,
			Idle: effect == policy.NoEffect})
	}
	if l.Baseline != nil {
		known := 0
		for i := range r.Findings {
			if r.Findings[i].Baseline {
				known++
			}
		}
		list = append(list, report.Configuration{Kind: "baseline", File: l.Baseline.File,
			Effect: count(known, "finding") + " accepted"})
	}
	waived, ignored := map[string]int{}, map[string]int{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived != "" && f.WaivedIn != l.Config.File {
			waived[f.WaivedIn]++
		}
	}
	for _, s := range r.Skipped {
		if s.By != "" {
			ignored[s.By]++
		}
	}
	for _, file := range slices.Sorted(maps.Keys(waived)) {
		list = append(list, report.Configuration{Kind: "waivers", File: file,
			Effect: count(waived[file], "finding") + " waived"})
	}
	for _, file := range slices.Sorted(maps.Keys(ignored)) {
		list = append(list, report.Configuration{Kind: "ignored", File: file,
			Effect: count(ignored[file], "path") + " passed over"})
	}
	return list
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// SeenIn tells which containers a report is about, by name. What is about the host, which has no name, was looked at by
// every scan.
func SeenIn(r *report.Report) func(container string) bool {
	seen := map[string]bool{"": !r.Definitions}
	for _, c := range r.Containers {
		seen[c.Name] = true
	}
	return func(container string) bool { return seen[container] }
}

// Judge returns what is wrong with a container, as the configuration has it.
func (l *Linter) Judge(c *podman.Container) []rules.Finding {
	return l.Config.Adjust(rules.Check(l.Rules, c), l.Profile, l.Now())
}

// keep puts findings into the report, as the configuration has them; those below the least severity are not shown.
func (l *Linter) keep(r *report.Report, findings []rules.Finding) {
	for _, f := range l.Config.Adjust(findings, l.Profile, r.Started) {
		if f.Severity >= l.Least {
			r.Findings = append(r.Findings, f)
		} else {
			r.Hidden = append(r.Hidden, f)
		}
	}
}

// uses reports whether a rule is used.
func (l *Linter) uses(rule string) bool {
	return slices.ContainsFunc(l.Rules, func(r rules.Rule) bool { return r.ID == rule })
}

// Progress is told how far a run has come: what is counted, how many are done, and of how many, 0 where that is not
// known.
type Progress func(what string, done, total int)
