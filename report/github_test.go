package report

import (
	"bytes"
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
