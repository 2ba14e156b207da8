package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// codeQualityIssue is an entry of GitLab's report (docs.gitlab.com, "Code Quality report format").
type codeQualityIssue struct {
	Description string              `json:"description"`
	CheckName   string              `json:"check_name"`
	Fingerprint string              `json:"fingerprint"`
	Severity    string              `json:"severity"`
	Location    codeQualityLocation `json:"location"`
}

type codeQualityLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

var codeQualitySeverities = map[rules.Severity]string{
	rules.Critical: "blocker", rules.High: "critical", rules.Medium: "major", rules.Low: "minor", rules.Info: "info",
}

// CodeQuality writes the open findings as GitLab's Code Quality report. One about a live container has the container
// for its path.
func CodeQuality(w io.Writer, r *Report) error {
	var open []*rules.Finding
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived == "" && !f.Baseline {
			open = append(open, f)
		}
	}
	out := &listWriter{to: safe.JSON{To: w}}
	out.rawString("[")
	times := map[string]int{}
	for i, f := range open {
		if i > 0 {
			out.rawString(",")
		}
		out.rawString("\n")
		issue := codeQualityIssue{
			Description: fmt.Sprintf("%s: %s. Fix: %s", safe.Text(f.Container), safe.Text(f.Message),
				safe.Text(f.Fix.Summary)),
			CheckName: f.Rule.ID, Severity: codeQualitySeverities[f.Severity],
		}
		issue.Location.Path, issue.Location.Lines.Begin = strings.TrimPrefix(f.Location.File, "./"),
			max(f.Location.Line, 1)
		if f.Location.File == "" {
			issue.Location.Path = "container/" + f.Container
		}
		if f.Container == "" {
			issue.Description = strings.TrimPrefix(issue.Description, ": ")
			issue.Location.Path = "host"
		}
		// GitLab drops an issue whose fingerprint it has seen; containers of one name in two files have the same.
		place := issue.Location.Path + "\x00" + f.Fingerprint
		times[place]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", place, times[place]))
		issue.Fingerprint = hex.EncodeToString(sum[:16])
		out.value(issue)
	}
	for i, c := range r.Configuration {
		if i > 0 || len(open) > 0 {
			out.rawString(",")
		}
		out.rawString("\n")
		issue := codeQualityIssue{Description: safe.Text(c.String()), CheckName: "configuration",
			Severity: codeQualitySeverities[rules.Info]}
		issue.Location.Path, issue.Location.Lines.Begin = c.File, 1
		sum := sha256.Sum256([]byte(c.Kind + "\x00" + c.File))
		issue.Fingerprint = hex.EncodeToString(sum[:16])
		out.value(issue)
	}
	out.rawString("\n]\n")
	return out.err
}
