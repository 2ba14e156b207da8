package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// Schema is the JSON Schema of the JSON report.
//
//go:embed schema.json
var Schema []byte

// finding is a finding as the JSON report writes it.
type finding struct {
	Rule        string           `json:"rule"`
	Severity    rules.Severity   `json:"severity"`
	Confidence  rules.Confidence `json:"confidence"`
	Container   string           `json:"container"`
	Message     string           `json:"message"`
	Evidence    []evidence       `json:"evidence"`
	Location    *location        `json:"location,omitempty"`
	Fix         fix              `json:"fix"`
	References  []string         `json:"references"`
	Fingerprint string           `json:"fingerprint"`
	Status      string           `json:"status"`
	Reason      string           `json:"reason,omitempty"`
	Proven      string           `json:"proven,omitempty"`
	Breaks      string           `json:"breaks,omitempty"`
}

type evidence struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	Origin  string `json:"origin"`
}

type location struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

type fix struct {
	Summary string   `json:"summary"`
	Flags   []string `json:"flags"`
	Quadlet []string `json:"quadlet"`
	// Edits are in the language of the definition; columns count UTF-16 code units.
	Edits []edit `json:"edits,omitempty"`
}

type edit struct {
	File        string `json:"file"`
	StartLine   int    `json:"startLine"`
	StartColumn int    `json:"startColumn"`
	EndLine     int    `json:"endLine"`
	EndColumn   int    `json:"endColumn"`
	Text        string `json:"text"`
}

type summary struct {
	Containers int  `json:"containers"`
	Critical   int  `json:"critical"`
	High       int  `json:"high"`
	Medium     int  `json:"medium"`
	Low        int  `json:"low"`
	Info       int  `json:"info"`
	Waived     int  `json:"waived"`
	Baseline   int  `json:"baseline,omitempty"`
	Hidden     int  `json:"hidden,omitempty"`
	Complete   bool `json:"complete"`
}

func located(o podman.Origin) *location {
	if o.File == "" {
		return nil
	}
	return &location{o.File, o.Line, o.Column}
}

// JSON writes the report as version 1 of podlint's JSON, one container and one finding a line. It writes as it goes:
// the report is never in memory a second time.
func JSON(w io.Writer, r *Report) error {
	out := &listWriter{to: safe.JSON{To: w}}
	out.rawString(`{"format":"podlint","version":1,`)
	out.field("tool", r.Tool)
	out.field("started", r.Started.UTC().Format(time.RFC3339Nano))
	out.field("finished", r.Finished.UTC().Format(time.RFC3339Nano))
	out.field("sources", notNil(r.Sources))
	list(out, "containers", len(r.Containers), func(i int) any { return r.Containers[i] })
	version := r.podman()
	list(out, "findings", len(r.Findings), func(i int) any { return asJSON(&r.Findings[i], version) })
	list(out, "errors", len(r.Errors), func(i int) any { return r.Errors[i] })
	if len(r.Warnings) > 0 {
		list(out, "warnings", len(r.Warnings), func(i int) any { return r.Warnings[i] })
	}
	if len(r.Configuration) > 0 {
		list(out, "configuration", len(r.Configuration), func(i int) any { return r.Configuration[i] })
	}
	if len(r.Skipped) > 0 {
		list(out, "skipped", len(r.Skipped), func(i int) any { return r.Skipped[i] })
	}
	if len(r.Fixed) > 0 {
		list(out, "mended", len(r.Fixed), func(i int) any { return r.Fixed[i] })
	}
	n := r.Count()
	out.rawString(`"summary":`)
	out.value(summary{r.count(), n[rules.Critical], n[rules.High], n[rules.Medium], n[rules.Low], n[rules.Info],
		r.waived(), r.baselined(), r.hidden(), r.Complete && !r.Unreadable})
	out.rawString("}\n")
	return out.err
}

// podman returns the version that fixes are written for: the first source's.
func (r *Report) podman() string {
	if len(r.Sources) == 0 {
		return ""
	}
	return r.Sources[0].Podman
}

func asJSON(f *rules.Finding, version string) finding {
	j := finding{
		Rule: f.Rule.ID, Severity: f.Severity, Confidence: f.Confidence, Container: f.Container, Message: f.Message,
		Evidence: make([]evidence, 0, len(f.Evidence)), Location: located(f.Location),
		Fix:        fix{f.Fix.Summary, f.Fix.Flags(), f.Fix.In(podman.SyntaxQuadlet, version), nil},
		References: notNil(f.Rule.See), Fingerprint: f.Fingerprint, Status: "open", Proven: f.Proven,
		Breaks: safe.Text(f.Breaks),
	}
	if f.Waived != "" {
		j.Status, j.Reason = "waived", f.Waived
	} else if f.Baseline {
		j.Status = "baseline"
	}
	for _, e := range f.Edits {
		j.Fix.Edits = append(j.Fix.Edits, edit{e.File, e.Start.Line, e.Start.Column, e.End.Line, e.End.Column, e.Text})
	}
	for _, e := range f.Evidence {
		j.Evidence = append(j.Evidence, evidence{e.Setting, e.Value, e.Origin.String()})
	}
	return j
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// listWriter writes a JSON object whose lists have an element a line. It keeps the first error.
type listWriter struct {
	to  io.Writer
	err error
}

func (w *listWriter) rawString(s string) {
	if w.err == nil {
		_, w.err = io.WriteString(w.to, s)
	}
}

func (w *listWriter) value(v any) {
	if w.err != nil {
		return
	}
	data, err := json.Marshal(v)
	if err != nil {
		w.err = err
		return
	}
	_, w.err = w.to.Write(data)
}

func (w *listWriter) field(name string, v any) {
	w.rawString(fmt.Sprintf("%q:", name))
	w.value(v)
	w.rawString(",\n")
}

func list(w *listWriter, name string, n int, element func(int) any) {
	w.rawString(fmt.Sprintf("%q:[", name))
	for i := range n {
		if i > 0 {
			w.rawString(",")
		}
		w.rawString("\n")
		w.value(element(i))
	}
	w.rawString("],\n")
}
