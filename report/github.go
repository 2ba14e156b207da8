package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// GitHub writes the report as workflow commands, which GitHub shows as annotations of the lines in a pull request
// (docs.github.com, "Workflow commands for GitHub Actions"). What is not podlint's own can neither end a command nor
// start another.
func GitHub(w io.Writer, r *Report) error {
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived != "" || f.Baseline {
			continue
		}
		level := "notice"
		switch {
		case f.Severity >= rules.High:
			level = "error"
		case f.Severity == rules.Medium:
			level = "warning"
		}
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
		if changes := f.Fix.In(f.Definition.Syntax, r.podman()); len(changes) > 0 {
			message += "\n→ " + safe.Text(strings.Join(changes, "  "))
		} else if f.Fix.Summary != "" {
			message += "\n→ " + safe.Text(f.Fix.Summary)
		}
		fmt.Fprintf(&b, "::%s %s::%s\n", level, strings.Join(at, ","), data(message))
	}
	for _, list := range []struct {
		level  string
		errors []Error
	}{{"error", r.Errors}, {"warning", r.Warnings}} {
		for _, e := range list.errors {
			at := "title=podlint"
			if e.Location != nil {
				at = "file=" + property(e.Location.File)
				if e.Location.Line > 0 {
					at += fmt.Sprintf(",line=%d", e.Location.Line)
				}
				at += ",title=podlint"
			}
			fmt.Fprintf(&b, "::%s %s::%s\n", list.level, at, data(safe.Text(e.Message)))
		}
	}
	for _, c := range r.Configuration {
		fmt.Fprintf(&b, "::notice title=podlint::%s\n", data(safe.Text(c.String())))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// data escapes a workflow command's text.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes the value of a workflow command's property.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(safe.Text(s))
}
