package cli

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman/live/livetest"
)

// TestProblemMatcher holds that the matcher that is shipped takes each line of --format line, once, with the right
// severity, and that nothing counts that is waived.
func TestProblemMatcher(t *testing.T) {
	text, err := os.ReadFile("../../deploy/problem-matcher.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		ProblemMatcher []struct {
			Severity string
			Pattern  []struct{ Regexp string }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	patterns := map[string]*regexp.Regexp{}
	for _, m := range file.ProblemMatcher {
		patterns[m.Severity] = regexp.MustCompile(m.Pattern[0].Regexp)
	}
	as := map[string]string{"critical": "error", "high": "error", "error": "error", "medium": "warning",
		"warning": "warning", "low": "notice", "info": "notice"}
	t.Chdir("../../testdata/definitions")
	_, out, _ := checkAt(t, "", "--format", "line", "--profile", "strict", ".")
	if strings.Contains(out, "waived.container:") && strings.Contains(out, "[read-only]\n") &&
		strings.Contains(out, "planted-") {
		t.Error("what is waived counts")
	}
	_, live, _ := scanAt(t, livetest.Serve(t, livetest.Load(t, "podman-5-rootful")), "--format", "line")
	if !strings.Contains(live, "podman/socket-root:1:1: critical: socket-root: ") {
		t.Errorf("a live container has no path of its own:\n%.2000s", live)
	}
	seen := map[string]bool{}
	for _, line := range slices.Concat(strings.Split(strings.TrimSpace(out), "\n"),
		strings.Split(strings.TrimSpace(live), "\n")) {
		_, rest, _ := strings.Cut(line, ": ")
		severity, _, _ := strings.Cut(rest, ":")
		seen[severity] = true
		for name, pattern := range patterns {
			if got, want := pattern.MatchString(line), name == as[severity]; got != want {
				t.Errorf("%s takes it: %v\n%s", name, got, line)
			}
		}
	}
	for severity := range as {
		if !seen[severity] && severity != "critical" {
			t.Errorf("no line is %s", severity)
		}
	}
}
