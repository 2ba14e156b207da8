package report

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// The SARIF types are podlint's own. The library for it (owenrumney/go-sarif) writes some twenty empty lists with every
// result and wraps property bags so that GitHub does not find security-severity in them; and what is needed is small. A
// test validates what is written against the standard's own schema.

type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifRule struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	ShortDescription sarifMessage    `json:"shortDescription"`
	FullDescription  sarifMessage    `json:"fullDescription"`
	Help             sarifMessage    `json:"help"`
	HelpURI          string          `json:"helpUri,omitempty"`
	Default          sarifLevel      `json:"defaultConfiguration"`
	Properties       sarifProperties `json:"properties"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifProperties struct {
	Tags             []string `json:"tags,omitempty"`
	Precision        string   `json:"precision,omitempty"`
	SecuritySeverity string   `json:"security-severity,omitempty"`
	Severity         string   `json:"severity,omitempty"`
	Confidence       string   `json:"confidence,omitempty"`
}

type sarifResult struct {
	RuleID        string            `json:"ruleId"`
	RuleIndex     int               `json:"ruleIndex"`
	Level         string            `json:"level"`
	Message       sarifMessage      `json:"message"`
	Locations     []sarifLocation   `json:"locations"`
	Fingerprints  map[string]string `json:"partialFingerprints"`
	Properties    sarifProperties   `json:"properties"`
	Fixes         []sarifFix        `json:"fixes,omitempty"`
	Suppressions  []sarifSuppressed `json:"suppressions,omitempty"`
	BaselineState string            `json:"baselineState,omitempty"`
}

type sarifSuppressed struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}

type sarifFix struct {
	Description sarifMessage  `json:"description"`
	Changes     []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	Artifact     sarifArtifact      `json:"artifactLocation"`
	Replacements []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	Deleted  sarifRegion  `json:"deletedRegion"`
	Inserted sarifContent `json:"insertedContent"`
}

type sarifContent struct {
	Text string `json:"text"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifLogical struct {
	Name               string `json:"name"`
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Start         string              `json:"startTimeUtc"`
	End           string              `json:"endTimeUtc"`
	ExitCode      int                 `json:"exitCode"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string       `json:"level"`
	Message sarifMessage `json:"message"`
}

// sarifLevels and securitySeverities are what GitHub shows for a severity.
var (
	sarifLevels = map[rules.Severity]string{rules.Critical: "error", rules.High: "error",
		rules.Medium: "warning", rules.Low: "note", rules.Info: "note"}
	securitySeverities = map[rules.Severity]string{rules.Critical: "9.5", rules.High: "8.0", rules.Medium: "5.5",
		rules.Low: "3.0", rules.Info: "0.5"}
)

// mostResults is how many results GitHub keeps of a run (docs.github.com, "SARIF results exceed one or more limits").
const mostResults = 5000

// sarifResults returns the findings to write: all of them or, of too many, the worst of those that count.
func (r *Report) sarifResults() []*rules.Finding {
	list := make([]*rules.Finding, len(r.Findings))
	for i := range r.Findings {
		list[i] = &r.Findings[i]
	}
	if len(list) <= mostResults {
		return list
	}
	counts := func(f *rules.Finding) int {
		if f.Waived == "" && !f.Baseline {
			return int(f.Severity)
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b *rules.Finding) int { return counts(b) - counts(a) })
	return list[:mostResults]
}

// SARIF writes the report as SARIF 2.1.0. Every result has a file, since GitHub refuses a run with one that has none: a
// live container that no unit defines has a path of its own, podman/HOST/NAME.
func SARIF(w io.Writer, r *Report) error {
	out := &listWriter{to: safe.JSON{To: w}}
	out.rawString(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json",` +
		`"version":"2.1.0","runs":[{"tool":{"driver":{`)
	out.field("name", r.Tool.Name)
	out.field("semanticVersion", strings.TrimPrefix(r.Tool.Version, "v"))
	out.field("informationUri", "https://github.com/podlint/podlint")
	index := map[string]int{}
	described := make([]sarifRule, len(r.Rules))
	for i := range r.Rules {
		described[i] = ruleAsSARIF(&r.Rules[i])
		index[r.Rules[i].ID] = i
	}
	out.rawString(`"rules":`)
	out.value(described)
	out.rawString("}},\n")
	results := r.sarifResults()
	list(out, "results", len(results), func(i int) any { return r.findingAsSARIF(results[i], index) })
	invocation := sarifInvocation{
		Successful: r.Complete && !r.Unreadable, ExitCode: r.ExitStatus(),
		Start: r.Started.UTC().Format(time.RFC3339), End: r.Finished.UTC().Format(time.RFC3339),
	}
	if left := len(r.Findings) - len(results); left > 0 {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"warning", sarifMessage{
			Text: fmt.Sprintf("%d results are left out, the least severe ones: GitHub keeps %d of a run", left,
				mostResults)}})
	}
	for _, c := range r.Configuration {
		invocation.Notifications = append(invocation.Notifications,
			sarifNotification{"note", sarifMessage{Text: c.String()}})
	}
	for _, e := range r.Warnings {
		invocation.Notifications = append(invocation.Notifications,
			sarifNotification{"warning", sarifMessage{Text: e.Target + ": " + e.Message}})
	}
	for _, e := range r.Errors {
		invocation.Notifications = append(invocation.Notifications,
			sarifNotification{"error", sarifMessage{Text: e.Target + ": " + e.Message}})
	}
	out.rawString(`"invocations":`)
	out.value([]sarifInvocation{invocation})
	out.rawString(",\n\"columnKind\":\"utf16CodeUnits\"}]}\n")
	return out.err
}

func ruleAsSARIF(rule *rules.Rule) sarifRule {
	text := rule.Why + "\n\n" + rule.Remedy
	markdown := text
	if len(rule.See) > 0 {
		markdown += "\n\n* <" + strings.Join(rule.See, ">\n* <") + ">"
	}
	tags := []string{"security", "podman"}
	if rule.CIS != "" {
		tags = append(tags, "CIS-Docker-1.6.0/"+rule.CIS)
	}
	s := sarifRule{
		ID: rule.ID, Name: camel(rule.ID), ShortDescription: sarifMessage{Text: rule.Title},
		FullDescription: sarifMessage{Text: rule.Why},
		Help:            sarifMessage{text, markdown}, Default: sarifLevel{sarifLevels[rule.Severity]},
		Properties: sarifProperties{Tags: tags, Precision: "high", SecuritySeverity: securitySeverities[rule.Severity]},
	}
	if len(rule.See) > 0 {
		s.HelpURI = rule.See[0]
	}
	return s
}

func (r *Report) findingAsSARIF(f *rules.Finding, index map[string]int) sarifResult {
	text := fmt.Sprintf("Container %s: %s.", safe.Text(f.Container), safe.Text(f.Message))
	if f.Fix.Summary != "" {
		text += " Fix: " + f.Fix.Summary + "."
	}
	at := sarifLocation{Logical: []sarifLogical{{f.Container, "container/" + f.Container, "resource"}}}
	if f.Container == "" {
		text = strings.Replace(text, "Container : ", "The host: ", 1)
		at.Logical[0] = sarifLogical{"host", "host", "resource"}
	}
	at.Physical = &sarifPhysical{Artifact: sarifArtifact{uri(r.artifact(f))}, Region: &sarifRegion{StartLine: 1}}
	if f.Location.File != "" {
		if f.Location.Line > 0 {
			at.Physical.Region = &sarifRegion{StartLine: f.Location.Line, StartColumn: f.Location.Column}
			if f.Start.Line > 0 {
				at.Physical.Region.StartColumn = f.Start.Column
			}
		}
	}
	result := sarifResult{
		RuleID: f.Rule.ID, RuleIndex: index[f.Rule.ID], Level: sarifLevels[f.Severity],
		Message:   sarifMessage{Text: text},
		Locations: []sarifLocation{at}, Fingerprints: map[string]string{"podlint/v1": f.Fingerprint},
		Properties: sarifProperties{SecuritySeverity: securitySeverities[f.Severity], Severity: f.Severity.String(),
			Confidence: f.Confidence.String()},
	}
	if len(f.Edits) > 0 {
		result.Fixes = []sarifFix{{Description: sarifMessage{Text: f.Fix.Summary}, Changes: sarifChanges(f.Edits)}}
	}
	if f.Baseline {
		result.BaselineState = "unchanged"
	}
	if f.Waived != "" {
		result.Suppressions = []sarifSuppressed{{"inSource", f.Waived}}
	}
	return result
}

// artifact returns the file that a finding is about, or the path that stands for a live container or its host.
func (r *Report) artifact(f *rules.Finding) string {
	if f.Location.File != "" {
		return f.Location.File
	}
	parts := []string{"podman"}
	for _, part := range []string{r.Host, f.Container} {
		if part != "" {
			parts = append(parts, strings.ReplaceAll(part, "/", "_"))
		}
	}
	return strings.Join(parts, "/")
}

// sarifChanges writes edits of one file.
func sarifChanges(edits []rules.Edit) []sarifChange {
	change := sarifChange{Artifact: sarifArtifact{uri(edits[0].File)}}
	for _, e := range edits {
		change.Replacements = append(change.Replacements, sarifReplacement{
			sarifRegion{StartLine: e.Start.Line, StartColumn: e.Start.Column, EndLine: e.End.Line,
				EndColumn: e.End.Column}, sarifContent{e.Text},
		})
	}
	return []sarifChange{change}
}

// uri writes a path as a URI: a relative one stays relative, for GitHub to find in the repository.
func uri(path string) string {
	return (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}

// camel writes a rule's ID as the one word that SARIF wants for a name.
func camel(id string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(id, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
