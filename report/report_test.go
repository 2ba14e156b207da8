package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// hostile is a name as an attacker would choose it: it ends lines, cells and elements, moves the cursor, turns the
// direction of writing and gives commands to CI systems.
const hostile = "x\r\n::error::a\x1b[2J\u202e|`<script>alert(1)</script>\"'&##vso[task.complete]@everyone"

// sample is a report of every kind of thing, named by an attacker.
func sample() *Report {
	rule := rules.All(rules.Parameters{})[0]
	origin := podman.Origin{File: "dir with space/ä.container", Line: 3, Column: 2}
	finding := func(severity rules.Severity) rules.Finding {
		return rules.Finding{
			Rule: &rule, Severity: severity, Confidence: rules.Certain, Container: hostile, Message: hostile,
			Location: origin, Definition: podman.Definition{Syntax: podman.SyntaxQuadlet, Origin: origin},
			Quote: hostile, Fingerprint: strings.Repeat("0", 32),
			Evidence: []rules.Evidence{{Setting: hostile, Value: hostile, Origin: origin}},
			Fix:      rules.Fix{Summary: hostile, Changes: []rules.Change{{Flag: "--read-only"}}},
			Edits: []rules.Edit{{File: origin.File, Start: rules.Place{Line: 3, Column: 1},
				End: rules.Place{Line: 4, Column: 1}, Text: "ReadOnly=true\n"}},
		}
	}
	waived, known := finding(rules.Medium), finding(rules.Low)
	waived.Waived, known.Baseline = hostile, true
	r := &Report{
		Tool: Tool{Name: "podlint", Version: "1.2.3"}, Started: time.Unix(0, 0).UTC(), Finished: time.Unix(60, 0).UTC(),
		Rules: []rules.Rule{rule}, FailOn: rules.Medium, Complete: true,
		Sources:    []Source{{Kind: "podman", URI: "unix:///run/" + hostile, Podman: "5.4.2"}},
		Containers: []Container{{Name: hostile, Image: hostile, Kind: podman.KindContainer, State: "running"}},
		Findings:   []rules.Finding{finding(rules.Critical), finding(rules.High), waived, known},
	}
	r.Add(podman.Problem{Origin: origin, Message: hostile, Hint: hostile})
	r.Add(podman.Problem{Origin: origin, Message: "DB_PASSWORD=Zq319Xv7Kp2Lm9Rt4", Warning: true})
	r.Fail(hostile, errors.New(hostile))
	return r
}

var formats = map[string]func(io.Writer, *Report) error{
	"json": JSON, "sarif": SARIF, "github": GitHub, "markdown": Markdown, "junit": JUnit, "codequality": CodeQuality,
	"html": HTML, "text": func(w io.Writer, r *Report) error { return Text(w, r, Style{Width: 80, Verbose: true}) },
	"line": Line, "gitlab-sast": GitLabSAST, "jsonl": JSONLines,
	"openmetrics": func(w io.Writer, r *Report) error { return OpenMetrics(w, r, true) },
	"overview":    func(w io.Writer, r *Report) error { return Text(w, r, Style{Width: 80, Overview: true}) },
	"colour":      func(w io.Writer, r *Report) error { return Text(w, r, Style{Width: 160, Color: true}) },
}

var codeSpan = regexp.MustCompile("`[^`\\n]*`")

// TestHostileNames holds that no format passes a foreign word on that does something: to a terminal, a browser, a CI
// system; and that none shows a secret that a message quotes.
func TestHostileNames(t *testing.T) {
	for name, write := range formats {
		var out bytes.Buffer
		if err := write(&out, sample()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text := out.String()
		if name == "markdown" { // between backticks Markdown knows nothing
			text = codeSpan.ReplaceAllString(text, "")
		}
		never := []string{"\r", "\u202e", "\x1b[2J", "<script>alert", "Zq319Xv7Kp2Lm9Rt4"}
		switch name {
		case "json", "sarif", "codequality", "gitlab-sast", "jsonl": // a program's string, which is escaped and decoded
			never = []string{"\r", "\x1b", "Zq319Xv7Kp2Lm9Rt4"}
		case "text", "colour", "github", "overview", "line", "openmetrics":
			never = append(never, "##vso[")
			never = slices.DeleteFunc(never, func(s string) bool { return s == "<script>alert" })
		}
		for _, s := range never {
			if strings.Contains(text, s) {
				t.Errorf("%s: %q is in it", name, s)
			}
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(strings.TrimLeft(line, " \t"), "::error::a") {
				t.Errorf("%s: a command of GitHub's: %q", name, line)
			}
		}
	}
}

// TestWellFormed holds that the formats for programs are what they say they are.
func TestWellFormed(t *testing.T) {
	for _, name := range []string{"json", "sarif", "codequality", "gitlab-sast"} {
		var out bytes.Buffer
		var parsed any
		if err := formats[name](&out, sample()); err != nil || json.Unmarshal(out.Bytes(), &parsed) != nil {
			t.Errorf("%s: %v, no JSON", name, err)
		}
	}
	var out bytes.Buffer
	if err := JUnit(&out, sample()); err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(&out); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal("JUnit:", err)
		}
	}
}

// TestSARIFEdits holds that SARIF offers the edits of a finding, and counts columns as it says.
func TestSARIFEdits(t *testing.T) {
	var out bytes.Buffer
	if err := SARIF(&out, sample()); err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Runs []struct {
			ColumnKind string
			Results    []struct {
				Fixes []struct {
					ArtifactChanges []struct {
						ArtifactLocation struct{ URI string }
						Replacements     []struct {
							DeletedRegion   struct{ StartLine, StartColumn, EndLine, EndColumn int }
							InsertedContent struct{ Text string }
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &parsed); err != nil {
		t.Fatal(err)
	}
	run := parsed.Runs[0]
	if run.ColumnKind != "utf16CodeUnits" || len(run.Results) != 4 {
		t.Fatalf("%s, %d results", run.ColumnKind, len(run.Results))
	}
	change := run.Results[0].Fixes[0].ArtifactChanges[0]
	edit := change.Replacements[0]
	if change.ArtifactLocation.URI != "dir%20with%20space/%C3%A4.container" ||
		edit.InsertedContent.Text != "ReadOnly=true\n" ||
		edit.DeletedRegion.StartLine != 3 || edit.DeletedRegion.EndLine != 4 || edit.DeletedRegion.EndColumn != 1 {
		t.Errorf("%+v", change)
	}
}

// TestCounts holds what counts: neither what is waived nor what is in the baseline, and the exit status that follows.
func TestCounts(t *testing.T) {
	r := sample()
	counts := r.Count()
	if counts[rules.Critical] != 1 || counts[rules.High] != 1 || counts[rules.Medium] != 0 || counts[rules.Low] != 0 {
		t.Error(counts)
	}
	for name, tt := range map[string]struct {
		change func(r *Report)
		want   int
	}{
		"a file that cannot be read":  {func(r *Report) { r.Complete = true }, 2},
		"a container that was missed": {func(*Report) {}, 3},
		"findings":                    {func(r *Report) { r.Unreadable, r.Complete = false, true }, 1},
		"none that counts":            {func(r *Report) { r.Unreadable, r.Complete, r.FailOn = false, true, 0 }, 0},
		"only waived and known ones": {func(r *Report) {
			r.Unreadable, r.Complete, r.Findings = false, true,
				r.Findings[2:]
		}, 0},
		"below what it is to fail for": {func(r *Report) { r.Unreadable, r.Complete, r.Findings = false, true, nil },
			0},
	} {
		r := sample()
		tt.change(r)
		if got := r.ExitStatus(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// TestWindow holds what is shown of a quoted line that does not fit, and that the pointer stays below its word.
func TestWindow(t *testing.T) {
	const line = "a: {image: docker.io/library/nginx:1.27, privileged: true, ports: [8080:80]}"
	for name, tt := range map[string]struct {
		at, room int
		want     string
	}{
		"it fits":         {41, 100, line},
		"no width":        {41, 0, line},
		"at the start":    {0, 30, "a: {image: docker.io/library/…"},
		"in the middle":   {41, 30, "…nx:1.27, privileged: true, p…"},
		"near the end":    {66, 30, "…eged: true, ports: [8080:80]}"},
		"points nowhere":  {-1, 30, "a: {image: docker.io/library/…"},
		"wide characters": {3, 30, "ä日本語"},
	} {
		text := line
		if name == "wide characters" {
			text = tt.want
		}
		got, at := window(text, tt.at, tt.room)
		if got != tt.want || tt.at < 0 && at >= 0 {
			t.Errorf("%s: %q", name, got)
		}
		if tt.at > 0 && []rune(got)[at] != []rune(text)[tt.at] {
			t.Errorf("%s: it points at %q, not at %q", name, []rune(got)[at], []rune(text)[tt.at])
		}
	}
}
