package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// sastSchema is the version of GitLab's schema of security reports that GitLabSAST writes.
const sastSchema = "15.0.7"

type sastReport struct {
	Version         string              `json:"version"`
	Scan            sastScan            `json:"scan"`
	Vulnerabilities []sastVulnerability `json:"vulnerabilities"`
}

type sastScan struct {
	Analyzer  sastTool      `json:"analyzer"`
	Scanner   sastTool      `json:"scanner"`
	Type      string        `json:"type"`
	StartTime string        `json:"start_time"`
	EndTime   string        `json:"end_time"`
	Status    string        `json:"status"`
	Messages  []sastMessage `json:"messages,omitempty"`
}

type sastTool struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Version string     `json:"version"`
	Vendor  sastVendor `json:"vendor"`
}

type sastVendor struct {
	Name string `json:"name"`
}

type sastMessage struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

type sastVulnerability struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Severity    string           `json:"severity"`
	Solution    string           `json:"solution,omitempty"`
	Identifiers []sastIdentifier `json:"identifiers"`
	Links       []sastLink       `json:"links,omitempty"`
	Location    sastLocation     `json:"location"`
}

type sastIdentifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type sastLink struct {
	URL string `json:"url"`
}

type sastLocation struct {
	File      string `json:"file"`
	StartLine int    `json:"start_line"`
	EndLine   int    `json:"end_line"`
	Class     string `json:"class,omitempty"`
}

// GitLabSAST writes the report as gl-sast-report.json, which GitLab's vulnerability report reads
// (gitlab.com/gitlab-org/security-products/security-report-schemas). What is waived or in the baseline is left out:
// GitLab would show it as open. What could not be read is a message, and the scan failed then.
func GitLabSAST(w io.Writer, r *Report) error {
	tool := sastTool{"podlint", "podlint", orUnknown(safe.Text(r.Tool.Version)), sastVendor{"podlint"}}
	const stamp = "2006-01-02T15:04:05"
	out := sastReport{Version: sastSchema, Vulnerabilities: []sastVulnerability{}, Scan: sastScan{Analyzer: tool,
		Scanner: tool, Type: "sast", StartTime: r.Started.UTC().Format(stamp), EndTime: r.Finished.UTC().Format(stamp),
		Status: "success"}}
	if !r.Complete || r.Unreadable {
		out.Scan.Status = "failure"
	}
	tell := func(level, text string) {
		out.Scan.Messages = append(out.Scan.Messages, sastMessage{level, safe.Text(text)})
	}
	for _, e := range r.Errors {
		tell("fatal", e.Target+": "+e.Message)
	}
	for _, e := range r.Warnings {
		tell("warn", e.Target+": "+e.Message)
	}
	for _, c := range r.Configuration {
		tell("info", c.String())
	}
	if n := r.hidden(); n > 0 {
		tell("warn", fmt.Sprintf("%d hidden below %s", n, r.Least))
	}
	known := map[string]int{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Waived == "" && !f.Baseline {
			known[f.Fingerprint]++
			out.Vulnerabilities = append(out.Vulnerabilities, r.sastVulnerability(f, known[f.Fingerprint]))
		}
	}
	e := json.NewEncoder(safe.JSON{To: w})
	e.SetIndent("", " ")
	return e.Encode(out)
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

// sastVulnerability writes a finding, the n-th of its fingerprint.
func (r *Report) sastVulnerability(f *rules.Finding, n int) sastVulnerability {
	severity := f.Severity.String()
	name := f.Container
	if name == "" {
		name = "the host"
	}
	v := sastVulnerability{
		ID: uuid(fmt.Sprint(f.Fingerprint, "/", n)), Name: f.Rule.Title,
		Description: safe.Text(name) + ": " + safe.Text(f.Message) + "\n\n" + strings.Join(strings.Fields(f.Rule.Why), " "),
		Severity:    strings.ToUpper(severity[:1]) + severity[1:], Solution: safe.Text(f.Fix.Summary),
		Identifiers: []sastIdentifier{{"podlint_rule", "podlint " + f.Rule.ID, f.Rule.ID}},
		Location:    sastLocation{safe.Text(pathOf(f)), max(f.Location.Line, 1), max(f.Location.Line, 1), safe.Text(name)},
	}
	if changes := f.Fix.Words(f.Definition.Syntax, r.podman()); len(changes) > 0 {
		v.Solution = safe.Text(strings.Join(changes, "  "))
	}
	if f.Rule.CIS != "" {
		v.Identifiers = append(v.Identifiers, sastIdentifier{"cis_docker", "CIS Docker Benchmark 1.6.0 " + f.Rule.CIS,
			f.Rule.CIS})
	}
	for _, address := range f.Rule.See {
		v.Links = append(v.Links, sastLink{address})
	}
	return v
}

// uuid writes a hash in the form of a UUID.
func uuid(text string) string {
	sum := sha256.Sum256([]byte(text))
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
