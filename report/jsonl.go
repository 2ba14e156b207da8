package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/podlint/podlint/internal/safe"
)

// lineHead is what every line of JSONLines begins with.
type lineHead struct {
	// Type is "finding", or "error", "warning" or "configuration" for what else a report says.
	Type    string `json:"type"`
	Time    string `json:"time"`
	Version string `json:"podlint"`
	// Host and Account are the machine and the account whose Podman it is, empty where they are not known.
	Host    string `json:"host"`
	Account string `json:"account"`
	Source  string `json:"source,omitempty"`
	Podman  string `json:"podman,omitempty"`
}

// findingLine is a finding with how exposed its container is.
type findingLine struct {
	lineHead
	finding
	Reach    string   `json:"reach,omitempty"`
	Exposure *float64 `json:"exposure,omitempty"`
}

// JSONLines writes an object a line, without an order that matters, for what collects logs: each finding as in the JSON
// report, waived ones with their status, and what could not be read. Each says which host and account it is about.
func JSONLines(w io.Writer, r *Report) error {
	head := lineHead{Time: r.Finished.UTC().Format(time.RFC3339), Version: r.Tool.Version, Host: r.Host,
		Account: r.Account}
	if len(r.Sources) > 0 {
		head.Source, head.Podman = r.Sources[0].URI, r.Sources[0].Podman
	}
	e := json.NewEncoder(safe.JSON{To: w})
	e.SetEscapeHTML(false)
	of := map[containerKey]*Container{}
	for i := range r.Containers {
		of[r.Containers[i].key()] = &r.Containers[i]
	}
	version := r.podman()
	head.Type = "finding"
	for i := range r.Findings {
		f := &r.Findings[i]
		line := findingLine{lineHead: head, finding: asJSON(f, version)}
		if c := of[keyOf(f)]; c != nil && c.Reach != nil {
			line.Reach, line.Exposure = c.Reach.Level.String(), c.Exposure
		}
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	for _, list := range []struct {
		kind   string
		errors []Error
	}{{"error", r.Errors}, {"warning", r.Warnings}} {
		head.Type = list.kind
		for _, problem := range list.errors {
			if err := e.Encode(struct {
				lineHead
				Error
			}{head, problem}); err != nil {
				return err
			}
		}
	}
	head.Type = "configuration"
	for _, c := range r.Configuration {
		if err := e.Encode(struct {
			lineHead
			Configuration
		}{head, c}); err != nil {
			return err
		}
	}
	return nil
}
