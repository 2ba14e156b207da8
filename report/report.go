// Package report writes what a scan found: as text for people, as JSON for programs, as SARIF for code-scanning services.
// It decides nothing; what it is given is what it says.
package report

import (
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// Report is what one run has found.
type Report struct {
	Tool              Tool
	Started, Finished time.Time
	Sources           []Source
	// Containers holds every container that was read, in the order of their names.
	Containers []Container
	// Findings holds those of all containers.
	Findings []rules.Finding
	// Errors holds what could not be read.
	Errors []Error
	// Complete is false where something was not read.
	Complete bool
	// Rules is the catalogue that was used.
	Rules []rules.Rule
	// FailOn is the severity from which findings fail the run, 0 for none.
	FailOn rules.Severity
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
}

// Error is something that could not be read.
type Error struct {
	Target  string `json:"target"`
	Message string `json:"message"`
}

// Describe returns what a report says about a container.
func Describe(c *podman.Container) Container {
	image := c.Image.Name
	if image == "" {
		image = c.Image.ID
	}
	return Container{Name: c.Name, ID: c.ID, Image: image, Kind: c.Kind, State: c.State, Pod: c.Pod, Unit: c.Unit, Started: c.Started}
}

// Sort puts containers in the order of their names and findings in that of their containers, worst first, so that a
// report is the same on every run.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Containers, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Findings, func(a, b rules.Finding) int { return strings.Compare(a.Container, b.Container) })
}

// Counts is how many findings there are of each severity.
type Counts map[rules.Severity]int

// Count counts the findings.
func (r *Report) Count() Counts {
	counts := Counts{}
	for i := range r.Findings {
		counts[r.Findings[i].Severity]++
	}
	return counts
}

// Fails reports whether a finding is at or above the severity that fails the run.
func (r *Report) Fails() bool {
	if r.FailOn == 0 {
		return false
	}
	return slices.ContainsFunc(r.Findings, func(f rules.Finding) bool { return f.Severity >= r.FailOn })
}

// ExitStatus is the status that podlint ends with after this report: 3 where it is incomplete, else 1 where it fails.
func (r *Report) ExitStatus() int {
	switch {
	case !r.Complete:
		return 3
	case r.Fails():
		return 1
	default:
		return 0
	}
}

// severities lists them, worst first.
var severities = []rules.Severity{rules.Critical, rules.High, rules.Medium, rules.Low, rules.Info}
