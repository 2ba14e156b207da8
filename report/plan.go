package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// Plan is the few changes that take away the most exposure, each over all containers that need it.
type Plan struct {
	Steps []PlanStep `json:"steps"`
	// Unknown counts the containers whose reach is not known: no sum counts them.
	Unknown int `json:"unknown"`
	// Before is how things stand now, After with every step made.
	Before Standing `json:"before"`
	After  Standing `json:"after"`
}

// PlanStep is one change of several containers.
type PlanStep struct {
	// Rule is the rule whose findings it ends, and Change says what it does.
	Rule       string          `json:"rule"`
	Change     string          `json:"change"`
	Containers []PlanContainer `json:"containers"`
	// Command holds the words of the command that edits what defines the containers, but for those ByHand.
	Command []string `json:"command,omitempty"`
	// ByHand names the containers that nothing podlint can edit defines.
	ByHand []string `json:"by-hand,omitempty"`
	// Before and After is how things stand without and with the step, those before it made.
	Before Standing `json:"before"`
	After  Standing `json:"after"`
}

// PlanContainer is a container that a step changes, with the file that defines it, empty where none is known.
type PlanContainer struct {
	Name string `json:"name"`
	File string `json:"file,omitempty"`
}

// Standing is how exposed all containers are together.
type Standing struct {
	// Exposure is the sum of the containers' exposures, as far as they are known.
	Exposure float64 `json:"exposure"`
	// Reach is how many containers have each level of reach.
	Reach map[string]int `json:"reach"`
}

// PlanText writes the plan of a report alone, for people.
func PlanText(w io.Writer, r *Report, style Style) error {
	t := &textWriter{to: w, style: style, palette: newPalette(style.Color), report: r}
	t.header()
	t.plan()
	t.errors("errors", r.Errors)
	return t.err
}

// PlanJSON writes the plan of a report alone, for programs.
func PlanJSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(safe.JSON{To: w})
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	plan := *r.Plan
	plan.Steps = notNil(plan.Steps)
	return e.Encode(struct {
		Format  string   `json:"format"`
		Version int      `json:"version"`
		Tool    Tool     `json:"tool"`
		Sources []Source `json:"sources"`
		Plan
		Errors   []Error `json:"errors"`
		Complete bool    `json:"complete"`
	}{"podlint-plan", 1, r.Tool, notNil(r.Sources), plan, notNil(r.Errors), r.Complete})
}

// plan writes the plan.
func (t *textWriter) plan() {
	p := t.report.Plan
	if p == nil {
		return
	}
	if len(p.Steps) == 0 {
		t.print("\n", t.palette.bold("Plan"), ": no change that podlint knows takes exposure away.\n")
		t.unrated(p)
		return
	}
	t.print("\n", t.palette.bold("Plan"), t.palette.dim("   what takes away the most, step by step"), "\n")
	const indent = 5
	for i, s := range p.Steps {
		t.print(fmt.Sprintf("  %d  ", i+1), t.wrapped(s.Change+": "+difference(s.Before, s.After), indent,
			t.palette.bold), "\n")
		if len(s.Command) > 0 {
			t.print(strings.Repeat(" ", indent), t.commandLine(s.Command, indent), "\n")
		}
		if len(s.ByHand) > 0 {
			t.print(strings.Repeat(" ", indent), t.wrapped("by hand, since nothing that podlint can edit makes it: "+
				names(s.ByHand, manyNames), indent, t.palette.dim), "\n")
		}
	}
	t.print("  ", t.wrapped("With all of it: "+difference(p.Before, p.After)+".", 2, t.palette.dim), "\n")
	t.unrated(p)
}

// unrated says that some containers are in no sum.
func (t *textWriter) unrated(p *Plan) {
	if p.Unknown > 0 {
		t.print("  ", t.wrapped(fmt.Sprintf("%s with an unknown reach %s in no sum.",
			word.Count(p.Unknown, "container", "containers"), map[bool]string{true: "is", false: "are"}[p.Unknown == 1]),
			2, t.palette.dim), "\n")
	}
}

// difference says what becomes of the worst level of reach that changes, and of the exposure.
func difference(before, after Standing) string {
	var parts []string
	for _, level := range rules.Levels() {
		name := level.String()
		if from, to := before.Reach[name], after.Reach[name]; to < from {
			parts = append(parts, fmt.Sprintf("%d → %d %s", from, to, name))
			break
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("exposure %.1f → %.1f", before.Exposure, after.Exposure)), ", ")
}

// commandLine writes a command so that it can be pasted: a line that is too long goes on behind a backslash.
func (t *textWriter) commandLine(words []string, indent int) string {
	var lines []string
	line := ""
	for _, w := range words {
		w = safe.Whole(command.Quote(w))
		switch {
		case line == "":
			line = w
		case t.style.Width > 0 && indent+len([]rune(line))+1+len([]rune(w))+len(" \\") > t.style.Width:
			lines = append(lines, line+" \\")
			line = "  " + w
		default:
			line += " " + w
		}
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = t.palette.fix(lines[i])
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}
