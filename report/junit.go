package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	File      string      `xml:"file,attr,omitempty"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as test results: a suite for each container, a case for each rule. A finding at or above the
// severity that fails the run is a failure, one below it is the case's output; what is waived or in the baseline is
// skipped; what could not be read is an error.
func JUnit(w io.Writer, r *Report) error {
	out := junitSuites{Name: "podlint", Time: fmt.Sprintf("%.3f", r.Finished.Sub(r.Started).Seconds())}
	stamp := r.Started.UTC().Format(time.RFC3339)
	of := byContainer(r)
	for _, c := range append([]Container{{}}, r.Containers...) {
		found := of[c.key()]
		if !c.isLinted() && len(found) == 0 {
			continue
		}
		suite := junitSuite{Name: safe.Text(c.Name), Timestamp: stamp}
		if c.Name == "" {
			suite.Name = "the host"
		}
		if c.Definition.Origin.File != "" {
			suite.File = safe.Text(c.Definition.Origin.File)
		}
		seen := map[string]bool{}
		for _, f := range found {
			seen[f.Rule.ID] = true
			suite.add(r.junitCase(suite.Name, f))
		}
		for i := range r.Rules {
			if rule := &r.Rules[i]; !seen[rule.ID] && rule.Check != nil && c.isLinted() {
				suite.add(junitCase{Name: rule.ID, Class: suite.Name})
			}
		}
		out.add(suite)
	}
	if len(r.Errors)+len(r.Configuration) > 0 {
		suite := junitSuite{Name: "podlint", Timestamp: stamp}
		for _, c := range r.Configuration {
			suite.add(junitCase{Name: safe.Text(c.Kind + ": " + c.File), Class: "podlint", Out: safe.Text(c.String())})
		}
		for _, e := range r.Errors {
			suite.add(junitCase{Name: safe.Text(e.Target), Class: "podlint",
				Error: &junitMessage{Message: safe.Text(e.Message), Text: safe.Text(e.Hint)}})
		}
		out.add(suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", " ")
	if err := encoder.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Report) junitCase(suite string, f *rules.Finding) junitCase {
	name := f.Rule.ID
	if f.Cause != "" {
		name += " (" + safe.Text(f.Cause) + ")"
	}
	c := junitCase{Name: name, Class: suite, Line: f.Location.Line}
	if f.Location.File != "" {
		c.File = safe.Text(f.Location.File)
	}
	remedy := safe.Text(f.Fix.Summary)
	if changes := f.Fix.In(f.Definition.Syntax, r.podman()); len(changes) > 0 {
		remedy = safe.Text(strings.Join(changes, "  "))
	}
	message := &junitMessage{Message: f.Severity.String() + ": " + safe.Text(f.Message), Type: f.Severity.String(),
		Text: remedy}
	switch {
	case f.Waived != "":
		c.Skipped = &junitMessage{Message: "waived: " + safe.Text(f.Waived)}
	case f.Baseline:
		c.Skipped = &junitMessage{Message: "in the baseline"}
	case r.FailOn > 0 && f.Severity >= r.FailOn:
		c.Failure = message
	default:
		c.Out = message.Message + "\n" + remedy
	}
	return c
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func (o *junitSuites) add(s junitSuite) {
	o.Suites = append(o.Suites, s)
	o.Tests, o.Failures, o.Errors, o.Skipped = o.Tests+s.Tests, o.Failures+s.Failures, o.Errors+s.Errors, o.Skipped+
		s.Skipped
}
