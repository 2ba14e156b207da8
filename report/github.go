package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// shownByGitHub is how many annotations of a level GitHub shows of a step, the first ones (docs.github.com, "Limits on
// annotations"): what comes later is not shown at all.
const shownByGitHub = 10

// annotation is a workflow command.
type annotation struct {
	properties []string
	message    string
}

// GitHub writes the report as workflow commands, which GitHub shows as annotations of the lines in a pull request
// (docs.github.com, "Workflow commands for GitHub Actions"): the worst first, as many as are shown. What is left is in
// the log, a line each, and the last notice counts it. What is not podlint's own can neither end a command nor start
// another.
func GitHub(w io.Writer, r *Report) error {
	levels := []string{"error", "warning", "notice"}
	of := map[string][]annotation{}
	for _, e := range r.Errors {
		of["error"] = append(of["error"], problemAnnotation(&e))
	}
	for _, c := range r.Configuration {
		of["notice"] = append(of["notice"], annotation{[]string{"title=podlint"}, safe.Text(c.String())})
	}
	for _, f := range r.worstFirst() {
		level := "notice"
		switch {
		case f.Severity >= rules.High:
			level = "error"
		case f.Severity == rules.Medium:
			level = "warning"
		}
		of[level] = append(of[level], r.findingAnnotation(f))
	}
	for _, e := range r.Warnings {
		of["warning"] = append(of["warning"], problemAnnotation(&e))
	}
	over := func(level string, most int) int { return max(0, len(of[level])-most) }
	left, notices := over("error", shownByGitHub)+over("warning", shownByGitHub), shownByGitHub
	if left+over("notice", notices) > 0 { // one is for the count
		notices--
	}
	left += over("notice", notices)
	out := bufio.NewWriter(w)
	var rest []string
	for _, level := range levels {
		most := shownByGitHub
		if level == "notice" {
			most = notices
		}
		for i, a := range of[level] {
			if i < most {
				fmt.Fprintf(out, "::%s %s::%s\n", level, strings.Join(a.properties, ","), data(a.message))
			} else {
				rest = append(rest, level+": "+strings.Join(a.properties, " ")+": "+strings.ReplaceAll(a.message, "\n", " "))
			}
		}
	}
	if left > 0 {
		fmt.Fprintf(out, "::notice title=podlint::%d more in the log: GitHub shows %d of a level\n", left,
			shownByGitHub)
		for _, line := range rest {
			fmt.Fprintf(out, "podlint %s\n", safe.Whole(line))
		}
	}
	return out.Flush()
}

// worstFirst returns the findings that count, in the order of their severity.
func (r *Report) worstFirst() []*rules.Finding {
	var list []*rules.Finding
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived == "" && !f.Baseline {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b *rules.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return list
}

func (r *Report) findingAnnotation(f *rules.Finding) annotation {
	var at []string
	if f.Location.File != "" {
		at = append(at, "file="+property(f.Location.File))
		if f.Location.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d", f.Location.Line))
		}
		if f.Location.Column > 0 {
			at = append(at, fmt.Sprintf("col=%d", f.Location.Column))
		}
	}
	at = append(at, "title="+property("podlint "+f.Rule.ID+" ("+f.Severity.String()+")"))
	message := safe.Text(f.Container) + ": " + safe.Text(f.Message)
	if changes := f.Fix.Words(f.Definition.Syntax, r.podman()); len(changes) > 0 {
		message += "\n→ " + safe.Text(strings.Join(changes, "  "))
	} else if f.Fix.Summary != "" {
		message += "\n→ " + safe.Text(f.Fix.Summary)
	}
	return annotation{at, message}
}

func problemAnnotation(e *Error) annotation {
	var at []string
	if e.Location != nil {
		at = append(at, "file="+property(e.Location.File))
		if e.Location.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d", e.Location.Line))
		}
	}
	return annotation{append(at, "title=podlint"), safe.Text(e.Message)}
}

// data escapes a workflow command's text.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes the value of a workflow command's property.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(safe.Text(s))
}
