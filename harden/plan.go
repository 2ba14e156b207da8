package harden

import (
	"fmt"
	"slices"

	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// Subject is a container with what was found in it and counts.
type Subject struct {
	Container *podman.Container
	Findings  []*rules.Finding
	// Accepted names the rules of which something was found that does not count.
	Accepted []string
}

// Standing is how exposed containers are, all together.
type Standing struct {
	// Exposure is the sum of what is known.
	Exposure float64
	// Reach counts the containers of each level.
	Reach map[rules.Level]int
}

// Step is one change of several containers: what ends the findings of a rule.
type Step struct {
	Rule *rules.Rule
	// What says it, as "take the engine's socket away from 7 containers".
	What string
	// Subjects holds the indices of the containers that change.
	Subjects []int
	// Before and After is how things stand without and with the step, those before it made.
	Before, After Standing
}

// Plan is the changes that take away the most exposure, the first the most.
type Plan struct {
	Steps []Step
	// Unknown counts the containers whose reach is not known, which no sum counts.
	Unknown int
	// Before is how things stand now, and After with every step.
	Before, After Standing
}

// rating is what a container is now and what it would be with each rule's fixes.
type rating struct {
	reach    rules.Level
	exposure float64
	known    bool
}

func rate(c *podman.Container) rating {
	reach := rules.ReachOf(c)
	exposure, known := rules.Exposure(c, reach)
	return rating{reach.Level, exposure, known}
}

// least is what a step must take away, all containers together, to be worth a line.
const least = 0.1

// New makes a plan of at most so many steps: each time the rule whose fixes take away the most exposure, over all
// containers that have its findings. What a step uncovers, such as the capabilities of a container that was privileged,
// judge finds.
func New(subjects []Subject, steps int, judge func(*podman.Container) []rules.Finding) *Plan {
	p := newPlanner(subjects)
	p.judge = judge
	plan := &Plan{Before: p.standing()}
	for _, now := range p.now {
		if !now.known {
			plan.Unknown++
		}
	}
	for range steps {
		best := p.best()
		if best == nil {
			break
		}
		step := Step{Rule: best, Before: p.standing(), Subjects: p.take(best)}
		step.What, step.After = phrase(best, len(step.Subjects)), p.standing()
		plan.Steps = append(plan.Steps, step)
	}
	plan.After = p.standing()
	return plan
}

type planner struct {
	models []*podman.Container
	now    []rating
	// order holds the rules that something was found by, in the order in which they were first seen, and findings what
	// each found, by container.
	order    []*rules.Rule
	findings map[string]map[int][]*rules.Finding
	// tried holds what each container would be, by rule; what changes in a container clears its entries.
	tried []map[string]*attempt
	// seen holds the rules that have a finding in each container, or had, whether it counts or not.
	seen  []map[string]bool
	judge func(*podman.Container) []rules.Finding
}

type attempt struct {
	model *podman.Container
	rating
}

func newPlanner(subjects []Subject) *planner {
	p := &planner{findings: map[string]map[int][]*rules.Finding{}}
	for i, s := range subjects {
		p.models, p.now = append(p.models, s.Container), append(p.now, rate(s.Container))
		p.tried = append(p.tried, map[string]*attempt{})
		seen := map[string]bool{}
		for _, rule := range s.Accepted {
			seen[rule] = true
		}
		p.seen = append(p.seen, seen)
		for _, f := range s.Findings {
			seen[f.Rule.ID] = true
			p.add(i, f)
		}
	}
	return p
}

// add adds a finding of a container.
func (p *planner) add(i int, f *rules.Finding) {
	of := p.findings[f.Rule.ID]
	if of == nil {
		of = map[int][]*rules.Finding{}
		p.findings[f.Rule.ID] = of
		at := slices.IndexFunc(p.order, func(r *rules.Rule) bool { return r.Severity < f.Rule.Severity })
		if at < 0 {
			at = len(p.order)
		}
		p.order = slices.Insert(p.order, at, f.Rule) // of equal ones the severest is first
	}
	of[i] = append(of[i], f)
}

func (p *planner) standing() Standing {
	s := Standing{Reach: map[rules.Level]int{}}
	for _, now := range p.now {
		s.Reach[now.reach]++
		if now.known {
			s.Exposure += now.exposure
		}
	}
	return s
}

// with returns what a container would be with a rule's fixes, nil where they change nothing that is known.
func (p *planner) with(i int, rule *rules.Rule) *attempt {
	if a, done := p.tried[i][rule.ID]; done {
		return a
	}
	model, changed := p.models[i], false
	for _, f := range p.findings[rule.ID][i] {
		if after, ok := Apply(model, f); ok {
			model, changed = after, true
		}
	}
	var a *attempt
	if changed && p.now[i].known {
		if r := rate(model); r.known {
			a = &attempt{model, r}
		}
	}
	p.tried[i][rule.ID] = a
	return a
}

// best returns the rule whose fixes take away the most now, nil where none takes away enough.
func (p *planner) best() *rules.Rule {
	var best *rules.Rule
	most := least
	for _, rule := range p.order {
		gain := 0.0
		for i := range p.findings[rule.ID] {
			if a := p.with(i, rule); a != nil {
				gain += p.now[i].exposure - a.exposure
			}
		}
		const rounding = 1e-6
		if gain > most-rounding && (best == nil || gain > most+rounding) {
			best, most = rule, gain
		}
	}
	return best
}

// take makes a rule's changes and returns the containers that changed.
func (p *planner) take(rule *rules.Rule) (changed []int) {
	for i := range p.models {
		if a := p.with(i, rule); a != nil {
			p.models[i], p.now[i], p.tried[i] = a.model, a.rating, map[string]*attempt{}
			changed = append(changed, i)
		}
	}
	delete(p.findings, rule.ID)
	p.order = slices.DeleteFunc(p.order, func(r *rules.Rule) bool { return r.ID == rule.ID })
	for _, i := range changed {
		found := p.judge(p.models[i])
		for n := range found {
			if f := &found[n]; !p.seen[i][f.Rule.ID] {
				p.add(i, f)
			}
		}
		for n := range found {
			p.seen[i][found[n].Rule.ID] = true
		}
	}
	return changed
}

// Counts reports whether a rule's fixes have a part in how far somebody gets.
func Counts(rule *rules.Rule) bool { return rule.Step != "" && rule.Check != nil }

// phrase says what a step does to so many containers.
func phrase(rule *rules.Rule, n int) string {
	containers := word.Count(n, "container", "containers")
	if rule.Step != "" {
		return fmt.Sprintf(rule.Step, containers)
	}
	return "end " + rule.ID + " in " + containers
}
