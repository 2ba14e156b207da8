package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// many returns a report with so many findings of each severity, the mildest first, in as many containers.
func many(n int) *Report {
	r := &Report{Complete: true, FailOn: rules.Medium, Definitions: true, Rules: rules.All(rules.Parameters{})}
	for i := range n {
		origin := podman.Origin{File: fmt.Sprintf("dir/unit-%d.container", i), Line: 1, Column: 1}
		c := Container{Name: fmt.Sprintf("systemd-unit-%d", i), Kind: podman.KindContainer,
			Definition: podman.Definition{Syntax: podman.SyntaxQuadlet, Origin: origin}}
		r.Containers = append(r.Containers, c)
		for k, s := range slices.Backward(severities) {
			r.Findings = append(r.Findings, rules.Finding{Rule: &r.Rules[k], Severity: s, Container: c.Name,
				Message: "what is wrong with it, at some length: " + strings.Repeat("x", 100), Location: origin,
				Definition: c.Definition, Fingerprint: fmt.Sprintf("%032x", i*10+k)})
		}
	}
	return r
}

// TestGitHubLimits holds that what GitHub shows is the worst, that no level has more than it shows, and that nothing is
// left out without being counted.
func TestGitHubLimits(t *testing.T) {
	for _, n := range []int{1, 4, 5, 6, 10, 11, 40} {
		var out bytes.Buffer
		if err := GitHub(&out, many(n)); err != nil {
			t.Fatal(err)
		}
		counts, lines := map[string]int{}, 0
		for line := range strings.Lines(out.String()) {
			level, _, _ := strings.Cut(strings.TrimPrefix(line, "::"), " ")
			if !strings.HasPrefix(line, "::") {
				lines++
				continue
			}
			if counts[level]++; counts[level] > 10 {
				t.Errorf("%d containers: more than ten of %s", n, level)
			}
			if level == "error" && counts[level] <= min(n, 10) && !strings.Contains(line, "(critical)") {
				t.Errorf("%d containers: a critical finding is not first: %s", n, line)
			}
		}
		shown := counts["error"] + counts["warning"] + counts["notice"]
		if lines > 0 {
			if shown--; !strings.Contains(out.String(), fmt.Sprintf("::notice title=podlint::%d more in the log", lines)) {
				t.Errorf("%d containers: the %d in the log are not counted", n, lines)
			}
		}
		if shown+lines != 5*n {
			t.Errorf("%d containers: %d shown and %d in the log of %d findings", n, shown, lines, 5*n)
		}
	}
}

// TestSummarySize holds that a job's summary is smaller than GitHub takes, with the worst in it, and says what is not.
func TestSummarySize(t *testing.T) {
	r := many(3000)
	r.Findings = append(r.Findings, rules.Finding{Rule: &r.Rules[0], Severity: rules.Critical,
		Container: "systemd-unit-2999", Message: "twice as bad", Location: r.Containers[2999].Definition.Origin,
		Definition: r.Containers[2999].Definition})
	for range 5000 {
		r.Add(podman.Problem{Message: strings.Repeat("y", 100), Warning: true})
	}
	var out bytes.Buffer
	if err := Markdown(&out, r); err != nil {
		t.Fatal(err)
	}
	if out.Len() >= 1<<20 {
		t.Errorf("%d bytes", out.Len())
	}
	for _, want := range []string{"twice as bad", "containers are left out", "more"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in it", want)
		}
	}
	out.Reset()
	if err := Markdown(&out, many(20)); err != nil || strings.Contains(out.String(), "left out") {
		t.Errorf("%v: a small summary is cut", err)
	}
}

// TestSARIFLimits holds that GitHub takes every result: each has a file and a line, no more than it keeps are written,
// and those are the worst.
func TestSARIFLimits(t *testing.T) {
	r := many(1100)
	r.Host = "web1.example.org"
	for i := range r.Findings {
		if i%2 == 0 {
			r.Findings[i].Location = podman.Origin{}
		}
	}
	var out bytes.Buffer
	if err := SARIF(&out, r); err != nil {
		t.Fatal(err)
	}
	var run struct {
		Runs []struct {
			Results []struct {
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
				Properties struct{ Severity string }
			}
			Invocations []struct {
				ToolExecutionNotifications []struct{ Message struct{ Text string } }
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &run); err != nil {
		t.Fatal(err)
	}
	results := run.Runs[0].Results
	if len(results) != mostResults || results[0].Properties.Severity != "critical" ||
		!strings.Contains(out.String(), "500 results are left out") {
		t.Errorf("%d results, the first %s", len(results), results[0].Properties.Severity)
	}
	own := 0
	for _, result := range results {
		at := result.Locations[0].PhysicalLocation
		if at.ArtifactLocation.URI == "" || at.Region.StartLine < 1 {
			t.Fatalf("a result without a place: %+v", result)
		}
		if strings.HasPrefix(at.ArtifactLocation.URI, "podman/web1.example.org/systemd-unit-") {
			own++
		}
	}
	if own == 0 {
		t.Error("no live container has a path of its own")
	}
}
