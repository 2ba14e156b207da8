package report

import (
	"bufio"
	"fmt"
	"io"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// pathOf returns the file that a finding is about; a container that no file is known for has a path of its own.
func pathOf(f *rules.Finding) string {
	switch {
	case f.Location.File != "":
		return f.Location.File
	case f.Container == "":
		return "podman"
	}
	return "podman/" + f.Container
}

// Line writes what counts a line each, as compilers do: FILE:LINE:COLUMN: SEVERITY: CONTAINER: MESSAGE [RULE]. Columns
// count bytes. A container that no file is known for has the path podman/NAME; what could not be read is an error, what
// is odd a warning, and each file that has a say in what counts an info.
func Line(w io.Writer, r *Report) error {
	out := bufio.NewWriter(w)
	put := func(file string, line, column int, severity, message, code string) {
		fmt.Fprintf(out, "%s:%d:%d: %s: %s [%s]\n", safe.Text(file), max(line, 1), max(column, 1), severity,
			safe.Text(message), code)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived != "" || f.Baseline {
			continue
		}
		name := f.Container
		if name == "" {
			name = "the host"
		}
		put(pathOf(f), f.Location.Line, f.Location.Column, f.Severity.String(), name+": "+f.Message, f.Rule.ID)
	}
	for _, list := range []struct {
		severity string
		errors   []Error
	}{{"error", r.Errors}, {"warning", r.Warnings}} {
		for _, e := range list.errors {
			if e.Location != nil {
				put(e.Location.File, e.Location.Line, e.Location.Column, list.severity, e.Message, "podlint")
			} else {
				put(e.Target, 0, 0, list.severity, e.Message, "podlint")
			}
		}
	}
	for _, c := range r.Configuration {
		put(c.File, 0, 0, rules.Info.String(), c.String(), "podlint")
	}
	return out.Flush()
}
