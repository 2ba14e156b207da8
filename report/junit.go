package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/rules"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
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

// JUnit writes the report as test results, as Jenkins' schema has them (xunit-plugin, junit-10.xsd), which GitLab reads
// too: a suite for each file that defines containers, or each live container, with a case for each finding. One at or
// above the severity that fails the run is a failure, one below it is the case's output; what is waived or in the
// baseline is skipped; what could not be read is an error. The rules that found nothing are one case.
func JUnit(w io.Writer, r *Report) error {
	out := junitSuites{Name: "podlint", Time: fmt.Sprintf("%.3f", r.Finished.Sub(r.Started).Seconds())}
	stamp := r.Started.UTC().Format("2006-01-02T15:04:05")
	of := byContainer(r)
	hidden := map[containerKey][]*rules.Finding{}
	for i := range r.Hidden {
		f := &r.Hidden[i]
		hidden[keyOf(f)] = append(hidden[keyOf(f)], f)
	}
	at := map[string]int{}
	for _, c := range append([]Container{{}}, r.Containers...) {
		found := of[c.key()]
		if !c.isLinted() && len(found) == 0 {
			continue
		}
		suite := junitSuite{Name: safe.Text(c.Name), Timestamp: stamp}
		class := suite.Name
		switch file := c.Definition.Origin.File; {
		case c.Name == "":
			suite.Name, class = "the host", "the host"
		case r.Definitions && file != "":
			suite.Name, suite.File = safe.Text(file), safe.Text(file)
		case file != "":
			suite.File = safe.Text(file)
		}
		i, known := at[suite.Name]
		if !known || !r.Definitions {
			i = len(out.Suites)
			at[suite.Name] = i
			out.Suites = append(out.Suites, suite)
		}
		r.junitCases(&out.Suites[i], class, &c, found, hidden[c.key()])
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
		out.Suites = append(out.Suites, suite)
	}
	for _, s := range out.Suites {
		out.Tests, out.Failures, out.Errors = out.Tests+s.Tests, out.Failures+s.Failures, out.Errors+s.Errors
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

// junitCases adds what was found in a container, what is not shown, and how many rules found nothing.
func (r *Report) junitCases(suite *junitSuite, class string, c *Container, found, hidden []*rules.Finding) {
	seen := map[string]bool{}
	for _, f := range found {
		seen[f.Rule.ID] = true
		suite.add(r.junitCase(class, f))
	}
	if len(hidden) > 0 {
		message := fmt.Sprintf("%s below %s, not shown", word.Count(len(hidden), "finding", "findings"), r.Least)
		not := junitCase{Name: "hidden", Class: class, Skipped: &junitMessage{Message: message}}
		for _, f := range hidden {
			seen[f.Rule.ID] = true
			if r.fails(f) {
				not.Failure, not.Skipped = &junitMessage{Message: message, Type: r.FailOn.String()}, nil
			}
		}
		suite.add(not)
	}
	passed := 0
	for i := range r.Rules {
		if rule := &r.Rules[i]; !seen[rule.ID] && rule.Check != nil && c.isLinted() {
			passed++
		}
	}
	if passed > 0 {
		suite.add(junitCase{Name: word.Count(passed, "rule", "rules") + " without a finding", Class: class})
	}
}

func (r *Report) junitCase(suite string, f *rules.Finding) junitCase {
	name := f.Rule.ID
	if f.Cause != "" {
		name += " (" + safe.Text(f.Cause) + ")"
	}
	c := junitCase{Name: name, Class: suite}
	remedy := safe.Text(f.Fix.Summary)
	if changes := f.Fix.Words(f.Definition.Syntax, r.podman()); len(changes) > 0 {
		remedy = safe.Text(strings.Join(changes, "  "))
	}
	if f.Location.File != "" {
		remedy += "\n" + safe.Text(short(f.Location))
	}
	message := &junitMessage{Message: f.Severity.String() + ": " + safe.Text(f.Message), Type: f.Severity.String(),
		Text: remedy}
	switch {
	case f.Waived != "":
		c.Skipped = &junitMessage{Message: "waived: " + safe.Text(f.Waived)}
	case f.Baseline:
		c.Skipped = &junitMessage{Message: "in the baseline"}
	case r.fails(f):
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
