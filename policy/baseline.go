package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/rules"
)

// Baseline is the findings of a day, which do not count any more: only what is new does.
type Baseline struct {
	// Known holds what was found then, by fingerprint.
	Known []Known
	// File is where it was read, for a report.
	File string
}

// Known is a finding of a baseline. All but the fingerprint is for people who read the file.
type Known struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Container   string `json:"container"`
	// Severity is the worst that is known: a finding that is worse is new.
	Severity string `json:"severity"`
}

type baselineFile struct {
	Format   string  `json:"format"`
	Version  int     `json:"version"`
	Findings []Known `json:"findings"`
}

const (
	baselineFormat  = "podlint-baseline"
	baselineVersion = 2
)

// ErrOldBaseline says that a baseline is of a version that did not tell a finding from a worse one.
var ErrOldBaseline = hint.With(errors.New("a baseline of version 1, which does not tell a finding from a worse one of "+
	"the same place"), "bring it up to date with podlint baseline update, and look at what it then accepts")

// ParseBaseline reads a baseline.
func ParseBaseline(data []byte) (*Baseline, error) {
	var f baselineFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("not a podlint baseline: %w", err)
	}
	switch {
	case f.Format == baselineFormat && f.Version == 1:
		return &Baseline{Known: f.Findings}, ErrOldBaseline
	case f.Format != baselineFormat || f.Version != baselineVersion || f.Findings == nil:
		return nil, errors.New("not a baseline of a version that this podlint knows")
	}
	for _, k := range f.Findings {
		if _, err := rules.ParseSeverity(k.Severity); err != nil {
			return nil, fmt.Errorf("not a podlint baseline: finding %s: %w", k.Fingerprint, err)
		}
	}
	return &Baseline{Known: f.Findings}, nil
}

// Renew returns a baseline of version 1 as one of this version: with those of the findings that it knows.
func (b *Baseline) Renew(findings []rules.Finding) *Baseline {
	left := make(map[string]int, len(b.Known))
	for _, k := range b.Known {
		left[k.Fingerprint]++
	}
	var known []rules.Finding
	for i := range findings {
		if old := findings[i].OldFingerprint(); left[old] > 0 {
			left[old]--
			known = append(known, findings[i])
		}
	}
	return NewBaseline(known)
}

// NewBaseline returns the baseline of the findings that are open.
func NewBaseline(findings []rules.Finding) *Baseline {
	b := &Baseline{}
	for i := range findings {
		if f := &findings[i]; f.Waived == "" {
			b.Known = append(b.Known, Known{f.Fingerprint, f.Rule.ID, f.Container, f.Severity.String()})
		}
	}
	return b
}

// JSON writes the baseline, one finding a line and always in the same order, so that changes of it can be read.
func (b *Baseline) JSON() []byte {
	known := slices.Clone(b.Known)
	slices.SortFunc(known, func(a, b Known) int {
		return strings.Compare(a.Container+"\x00"+a.Rule+"\x00"+a.Fingerprint, b.Container+"\x00"+b.Rule+"\x00"+
			b.Fingerprint)
	})
	var out strings.Builder
	fmt.Fprintf(&out, "{\"format\":%q,\"version\":%d,\"findings\":[", baselineFormat, baselineVersion)
	for i, k := range known {
		if i > 0 {
			out.WriteByte(',')
		}
		line, err := json.Marshal(k)
		if err != nil {
			continue // strings can be marshalled
		}
		out.WriteString("\n")
		out.Write(line)
	}
	out.WriteString("\n]}\n")
	return []byte(out.String())
}

// Mark marks the findings that the baseline knows, as bad as they are, and returns what it knows that is not found any
// more. Containers that were not looked at are not said to be fixed: seen tells which were.
func (b *Baseline) Mark(findings []rules.Finding, seen func(container string) bool) (fixed []Known) {
	// Two files may define a container of one name, so a fingerprint may appear several times: a third is new.
	left := make(map[string]int, len(b.Known))
	worst := make(map[string][]rules.Severity, len(b.Known))
	for _, k := range b.Known {
		left[k.Fingerprint]++
		severity, _ := rules.ParseSeverity(k.Severity) // 0, which accepts nothing, for one that is not valid
		worst[k.Fingerprint] = append(worst[k.Fingerprint], severity)
	}
	for _, severities := range worst {
		slices.Sort(severities)
	}
	for i := range findings {
		f := &findings[i]
		if left[f.Fingerprint] > 0 {
			left[f.Fingerprint]--
		}
		of := worst[f.Fingerprint]
		if n := slices.IndexFunc(of, func(s rules.Severity) bool { return s >= f.Severity }); n >= 0 {
			worst[f.Fingerprint] = slices.Delete(of, n, n+1)
			f.Baseline = f.Waived == ""
		}
	}
	for _, k := range slices.Backward(b.Known) {
		if left[k.Fingerprint] > 0 && seen(k.Container) {
			left[k.Fingerprint]--
			fixed = append(fixed, k)
		}
	}
	slices.Reverse(fixed)
	return fixed
}

// Without returns the baseline without what was fixed.
func (b *Baseline) Without(fixed []Known) *Baseline {
	left := slices.Clone(b.Known)
	for _, m := range fixed {
		if i := slices.Index(left, m); i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return &Baseline{Known: left}
}
