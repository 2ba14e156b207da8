package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman/live/livetest"
)

// sastFormed holds what GitLab's schema of security reports asks for (15.0, sast-report-format.json).
func sastFormed(t *testing.T, out string) {
	t.Helper()
	type tool struct {
		ID, Name, Version string
		Vendor            struct{ Name string }
	}
	var r struct {
		Version string
		Scan    struct {
			Analyzer, Scanner *tool
			Type, Status      string
			Start             string `json:"start_time"`
			End               string `json:"end_time"`
			Messages          []struct{ Level, Value string }
		}
		Vulnerabilities []struct {
			ID, Name, Description, Severity, Solution string
			Identifiers                               []struct{ Type, Name, Value string }
			Links                                     []struct{ URL string }
			Location                                  struct {
				File  string
				Start int `json:"start_line"`
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	stamp := regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$`)
	if !strings.HasPrefix(r.Version, "15.") || r.Scan.Type != "sast" || !stamp.MatchString(r.Scan.Start) ||
		!stamp.MatchString(r.Scan.End) || r.Scan.Status != "success" && r.Scan.Status != "failure" {
		t.Errorf("gitlab-sast: %+v", r.Scan)
	}
	for _, tool := range []*tool{r.Scan.Analyzer, r.Scan.Scanner} {
		if tool == nil || tool.ID == "" || tool.Name == "" || tool.Version == "" || tool.Vendor.Name == "" {
			t.Errorf("gitlab-sast: %+v", tool)
		}
	}
	for _, m := range r.Scan.Messages {
		if !slices.Contains([]string{"info", "warn", "fatal"}, m.Level) || m.Value == "" {
			t.Errorf("gitlab-sast: %+v", m)
		}
	}
	seen := map[string]bool{}
	for _, v := range r.Vulnerabilities {
		const longestName, longestSolution = 255, 7000
		if seen[v.ID] || v.ID == "" || v.Name == "" || len(v.Name) > longestName || v.Location.File == "" ||
			v.Location.Start < 1 || len(v.Solution) > longestSolution || len(v.Identifiers) == 0 ||
			!slices.Contains([]string{"Info", "Low", "Medium", "High", "Critical"}, v.Severity) {
			t.Errorf("gitlab-sast: %+v", v)
		}
		seen[v.ID] = true
		for _, i := range v.Identifiers {
			if i.Type == "" || i.Name == "" || i.Value == "" {
				t.Errorf("gitlab-sast: %+v", v)
			}
		}
		for _, link := range v.Links {
			if !strings.HasPrefix(link.URL, "http") {
				t.Errorf("gitlab-sast: %+v", link)
			}
		}
	}
}

// metricsFormed holds what node_exporter's textfile collector and OpenMetrics both ask for: each family has its HELP
// and TYPE once, before its samples, no sample is there twice or has a timestamp, and the text ends with a newline.
func metricsFormed(t *testing.T, out string) {
	t.Helper()
	sample := regexp.MustCompile(`^([a-z_]+)(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})? [0-9.]+$`)
	family, families, samples := "", map[string]bool{}, map[string]bool{}
	lines := strings.Split(out, "\n")
	if n := len(lines); n < 3 || lines[n-1] != "" || lines[n-2] != "# EOF" {
		t.Error("openmetrics: it does not end with # EOF and a newline")
		return
	}
	for _, line := range lines[:len(lines)-2] {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "# HELP "):
			if family = words[2]; families[family] {
				t.Errorf("openmetrics: %s is there twice", family)
			}
			families[family] = true
		case strings.HasPrefix(line, "# TYPE "):
			if words[2] != family || words[3] != "gauge" {
				t.Errorf("openmetrics: %s", line)
			}
		default:
			m := sample.FindStringSubmatch(line)
			if m == nil || m[1] != family {
				t.Errorf("openmetrics: %s: %s", family, line)
			}
			key, _, _ := strings.Cut(line, "} ")
			if samples[key] {
				t.Errorf("openmetrics: twice: %s", line)
			}
			samples[key] = true
		}
	}
	for _, name := range []string{"podlint_findings", "podlint_containers", "podlint_exposure_max",
		"podlint_rule_findings", "podlint_scan_complete", "podlint_last_run_timestamp_seconds",
		"podlint_scan_duration_seconds", "podlint_info"} {
		if !families[name] {
			t.Errorf("openmetrics: no %s", name)
		}
	}
}

// TestPlatforms holds the formats for platforms over what real services answered.
func TestPlatforms(t *testing.T) {
	for _, name := range livetest.Names() {
		url := livetest.Serve(t, livetest.Load(t, name))
		for _, format := range []string{"gitlab-sast", "openmetrics", "jsonl", "junit", "codequality"} {
			_, out, errs := scanAt(t, url, "--format", format)
			if errs != "" {
				t.Errorf("%s, %s: %s", name, format, errs)
			}
			wellFormed(t, format, out)
		}
	}
}

// TestMetrics holds that metrics count what JSON counts, that no container is a label unless asked, and that what was
// not read is not complete.
func TestMetrics(t *testing.T) {
	dir := planned(t)
	t.Chdir(dir)
	_, out, _ := checkAt(t, "", ".", "--format", "json")
	var r struct{ Summary struct{ Critical, High int } }
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	_, out, _ = checkAt(t, "", ".", "--format", "openmetrics")
	for severity, n := range map[string]int{"critical": r.Summary.Critical, "high": r.Summary.High} {
		want := `podlint_findings{severity="` + severity + `",status="open"} ` + itoa(n) + "\n"
		if !strings.Contains(out, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(out, "sock0") {
		t.Error("a container is a label")
	}
	file := filepath.Join(t.TempDir(), "podlint.prom")
	if status, _, errs := checkAt(t, "", ".", "--format", "openmetrics="+file, "--metrics-per-container"); status != 1 {
		t.Errorf("status %d, %s", status, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), `podlint_container_exposure{container="systemd-sock0",file=`) {
		t.Errorf("%v, no container in it", err)
	}
	metricsFormed(t, string(text))
	if _, out, _ := checkAt(t, "", "absent.container", "--format", "openmetrics"); !strings.Contains(out,
		"podlint_scan_complete 0\n") {
		t.Errorf("what was not read is complete:\n%s", out)
	}
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// TestJSONLines holds that there is a line for each finding, with the host, the account and the container's exposure.
func TestJSONLines(t *testing.T) {
	t.Chdir(planned(t))
	_, out, _ := checkAt(t, "", ".", "--format", "json")
	want := len(parseReport(t, out).Findings)
	_, out, _ = checkAt(t, "", ".", "--format", "jsonl")
	n := 0
	for line := range strings.Lines(out) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"type", "time", "podlint", "host", "account", "rule", "severity", "container",
			"message", "fingerprint", "status", "reach"} {
			if _, ok := l[key]; !ok {
				t.Errorf("no %s in %s", key, line)
			}
		}
		n++
	}
	if n != want {
		t.Errorf("%d lines for %d findings", n, want)
	}
}

// TestJUnitSchema holds that JUnit has only what Jenkins' schema knows (xunit-plugin, junit-10.xsd).
func TestJUnitSchema(t *testing.T) {
	known := map[string]string{
		"testsuites": "name time tests failures errors",
		"testsuite":  "name tests failures errors group time skipped timestamp hostname id package file log url",
		"testcase":   "name time classname group", "failure": "type message", "error": "type message",
		"skipped": "type message", "system-out": "",
	}
	t.Chdir("../../testdata/definitions")
	_, out, _ := checkAt(t, "", ".", "--format", "junit", "--min-severity", "medium")
	element := regexp.MustCompile(`<([a-z-]+)((?: [a-z]+="[^"]*")*)/?>`)
	attribute := regexp.MustCompile(` ([a-z]+)="`)
	for _, e := range element.FindAllStringSubmatch(out, -1) {
		attributes, ok := known[e[1]]
		if !ok {
			t.Errorf("an element %s", e[1])
		}
		for _, a := range attribute.FindAllStringSubmatch(e[2], -1) {
			if !slices.Contains(strings.Fields(attributes), a[1]) {
				t.Errorf("%s has %s", e[1], a[1])
			}
		}
	}
	if !strings.Contains(out, `<testcase name="hidden"`) || !strings.Contains(out, " without a finding\"") {
		t.Error("what is hidden, or passed, is not in it")
	}
}
