package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// OpenMetrics writes what is to be watched over time, in the text format that Prometheus, OpenMetrics and
// node_exporter's textfile collector all read: gauges without timestamps. Containers are not labels unless they are
// asked for, since each would be a series of its own.
func OpenMetrics(w io.Writer, r *Report, perContainer bool) error {
	m := &metrics{out: bufio.NewWriter(w)}
	m.family("podlint_info", "The podlint that wrote this, and the Podman that it asked.")
	m.sample("podlint_info", 1, "version", r.Tool.Version, "podman", r.podman())
	m.family("podlint_scan_complete", "1 where everything was read, else 0.")
	m.sample("podlint_scan_complete", number(r.Complete && !r.Unreadable))
	m.family("podlint_last_run_timestamp_seconds", "When the scan ended.")
	m.sample("podlint_last_run_timestamp_seconds", float64(r.Finished.Unix()))
	m.family("podlint_scan_duration_seconds", "How long the scan took.")
	m.sample("podlint_scan_duration_seconds", r.Finished.Sub(r.Started).Seconds())
	r.findingMetrics(m)
	r.containerMetrics(m, perContainer)
	if len(r.Configuration) > 0 {
		m.family("podlint_configuration", "Files that have a say in what counts, and what they change.")
		for _, c := range r.Configuration {
			m.sample("podlint_configuration", 1, "kind", c.Kind, "file", c.File, "effect", c.Effect)
		}
	}
	m.print("# EOF\n")
	if m.err != nil {
		return m.err
	}
	return m.out.Flush()
}

// findingMetrics counts the findings, by severity and by rule.
func (r *Report) findingMetrics(m *metrics) {
	statuses := []string{"open", "waived", "baseline", "hidden"}
	counts := map[string]map[rules.Severity]int{}
	for _, status := range statuses {
		counts[status] = map[rules.Severity]int{}
	}
	ofRule := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Waived != "":
			counts["waived"][f.Severity]++
		case f.Baseline:
			counts["baseline"][f.Severity]++
		default:
			counts["open"][f.Severity]++
			ofRule[f.Rule.ID]++
		}
	}
	for i := range r.Hidden {
		if f := &r.Hidden[i]; f.Waived == "" && !f.Baseline {
			counts["hidden"][f.Severity]++
		}
	}
	m.family("podlint_findings", "The findings, by severity and status: open ones count.")
	for _, status := range statuses {
		for _, s := range severities {
			m.sample("podlint_findings", float64(counts[status][s]), "severity", s.String(), "status", status)
		}
	}
	m.family("podlint_rule_findings", "The open findings of each rule that was used.")
	for i := range r.Rules {
		m.sample("podlint_rule_findings", float64(ofRule[r.Rules[i].ID]), "rule", r.Rules[i].ID)
	}
}

// containerMetrics counts the containers by how far an attacker gets, and says how exposed the worst is.
func (r *Report) containerMetrics(m *metrics, perContainer bool) {
	levels := map[rules.Level]int{}
	worst := 0.0
	for _, c := range r.Containers {
		if c.Reach == nil {
			continue
		}
		levels[c.Reach.Level]++
		if c.Exposure != nil {
			worst = max(worst, *c.Exposure)
		}
	}
	m.family("podlint_containers", "The containers, by how far somebody gets who takes one over.")
	for _, level := range rules.Levels() {
		m.sample("podlint_containers", float64(levels[level]), "reach", level.String())
	}
	m.family("podlint_exposure_max", "The exposure of the most exposed container, from 0 to 10.")
	m.sample("podlint_exposure_max", worst)
	if !perContainer {
		return
	}
	m.family("podlint_container_exposure", "The exposure of each container, from 0 to 10.")
	known := map[string]bool{}
	for _, c := range r.Containers {
		key := c.Name + "\x00" + c.Definition.Origin.File
		if c.Exposure == nil || known[key] {
			continue
		}
		known[key] = true
		m.sample("podlint_container_exposure", *c.Exposure, "container", c.Name, "file", c.Definition.Origin.File,
			"reach", c.Reach.Level.String())
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// metrics writes families of samples. It keeps the first error.
type metrics struct {
	out *bufio.Writer
	err error
}

func (m *metrics) print(text string) {
	if m.err == nil {
		_, m.err = m.out.WriteString(text)
	}
}

func (m *metrics) family(name, help string) {
	m.print(fmt.Sprintf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name))
}

// sample writes a value with its labels, names and values by turns; a label without a value is left out.
func (m *metrics) sample(name string, value float64, labels ...string) {
	var pairs []string
	for i := 0; i+1 < len(labels); i += 2 {
		if labels[i+1] != "" {
			text := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(safe.Text(labels[i+1]))
			pairs = append(pairs, labels[i]+`="`+text+`"`)
		}
	}
	if len(pairs) > 0 {
		name += "{" + strings.Join(pairs, ",") + "}"
	}
	m.print(name + " " + strconv.FormatFloat(value, 'f', -1, 64) + "\n")
}
