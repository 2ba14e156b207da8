package lint

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/harden"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// Models holds what a plan needs of the containers that were judged. Its Keep is for Linter.Keep.
type Models struct{ list []model }

// planRules returns the rules that are used and count in a plan.
func (l *Linter) planRules() []rules.Rule {
	return slices.DeleteFunc(slices.Clone(l.Rules), func(r rules.Rule) bool { return !harden.Counts(&r) })
}

type model struct {
	container *podman.Container
	// editable is whether fix has something to edit: a file, or the command line that it was made with.
	editable bool
}

// Keep keeps a container without what may be large.
func (m *Models) Keep(c *podman.Container) {
	if c.Kind != podman.KindContainer {
		return
	}
	light := rules.WithoutTexts(c)
	light.Namespaces.Processes = c.Namespaces.Processes // which have a part in how far it reaches
	editable := c.FromUnit != nil || c.CreateCommand.Known() && len(c.CreateCommand.Value) > 0
	if c.ID == "" {
		editable = c.Definition.Origin.File != "" && !embedded(c.Definition)
	}
	m.list = append(m.list, model{light, editable})
}

// embedded reports whether a definition is a command line in a file of another kind, in which nothing is edited.
func embedded(d podman.Definition) bool {
	switch filepath.Ext(d.Origin.File) {
	case ".yml", ".yaml", ".md", ".markdown":
		return d.Syntax == podman.SyntaxCommand
	}
	return false
}

// Plan returns the changes that take away the most exposure, at most so many, by what counts in a report. fix returns
// the command that edits definitions for a rule: those of containers by name, and files.
func (l *Linter) Plan(r *report.Report, m *Models, steps int,
	fix func(rule string, names, files []string) []string) *report.Plan {
	type key struct{ name, file string }
	slices.SortFunc(m.list, func(a, b model) int { // a service's come in any order
		x, y := a.container, b.container
		return cmp.Or(strings.Compare(x.Definition.Origin.File, y.Definition.Origin.File),
			strings.Compare(x.Name, y.Name), strings.Compare(x.ID, y.ID))
	})
	found, accepted := map[key][]*rules.Finding{}, map[key][]string{}
	for i := range r.Findings {
		f := &r.Findings[i]
		k := key{f.Container, f.Definition.Origin.File}
		if f.Waived == "" && !f.Baseline {
			found[k] = append(found[k], f)
		} else {
			accepted[k] = append(accepted[k], f.Rule.ID)
		}
	}
	subjects := make([]harden.Subject, len(m.list))
	for i, kept := range m.list {
		k := key{kept.container.Name, kept.container.Definition.Origin.File}
		subjects[i] = harden.Subject{Container: kept.container, Findings: found[k], Accepted: accepted[k]}
	}
	used := l.planRules()
	made := harden.New(subjects, steps, func(c *podman.Container) []rules.Finding {
		return l.Config.Adjust(rules.Check(used, c), l.Profile, r.Started)
	})
	plan := &report.Plan{Unknown: made.Unknown, Before: standing(made.Before), After: standing(made.After)}
	for _, step := range made.Steps {
		s := report.PlanStep{Rule: step.Rule.ID, Change: step.What, Before: standing(step.Before),
			After: standing(step.After)}
		var names, files []string
		for _, i := range step.Subjects {
			kept := m.list[i]
			c := kept.container
			s.Containers = append(s.Containers, report.PlanContainer{Name: c.Name, File: c.Definition.Origin.File})
			switch {
			case !kept.editable || !inWords(c, subjects[i].Findings, step.Rule.ID):
				s.ByHand = append(s.ByHand, c.Name)
			case c.ID != "":
				names = append(names, c.Name)
			case !slices.Contains(files, c.Definition.Origin.File):
				files = append(files, c.Definition.Origin.File)
			}
		}
		slices.Sort(names)
		slices.Sort(files)
		if len(names)+len(files) > 0 {
			s.Command = fix(step.Rule.ID, names, files)
		}
		plan.Steps = append(plan.Steps, s)
	}
	return plan
}

// inWords reports whether the definition of a container takes what a rule's fixes add: YAML has no words for some of
// it, and what is a pod's is on no command line of a container.
func inWords(c *podman.Container, found []*rules.Finding, rule string) bool {
	syntax := c.Definition.Syntax
	yaml := syntax == podman.SyntaxKube || syntax == podman.SyntaxCompose
	return !slices.ContainsFunc(found, func(f *rules.Finding) bool {
		return f.Rule.ID == rule && slices.ContainsFunc(f.Fix.Changes, func(change rules.Change) bool {
			return yaml && !change.Knows(syntax) || change.OfPod && !yaml && syntax != podman.SyntaxQuadlet
		})
	})
}

func standing(s harden.Standing) report.Standing {
	const tenths = 10
	made := report.Standing{Exposure: float64(int(s.Exposure*tenths+0.5)) / tenths, Reach: map[string]int{}}
	for level, n := range s.Reach {
		made.Reach[level.String()] = n
	}
	return made
}

// Len returns how many containers are kept.
func (m *Models) Len() int { return len(m.list) }
