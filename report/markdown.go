package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/rules"
)

// Markdown writes the report as a CI job's summary: a table of the containers, then the findings of each, folded away.
func Markdown(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## podlint: %s\n\n", verdict(r))
	of := byContainer(r)
	markdownTable(&b, r, of)
	if total := r.totals(newPalette(false)); len(total) > 0 {
		fmt.Fprintf(&b, "\n%s.\n", strings.Join(total, ", "))
	}
	for _, c := range r.Configuration {
		fmt.Fprintf(&b, "\n%s: %s, %s\n", c.Kind, code(c.File), c.Effect)
	}
	for _, c := range append([]Container{{}}, r.Containers...) {
		if found := of[c.key()]; len(found) > 0 {
			markdownFindings(&b, r, c.Name, found)
		}
	}
	markdownProblems(&b, "Errors", r.Errors)
	markdownProblems(&b, "Warnings", r.Warnings)
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownTable writes a row for each container with the number of its findings of each severity.
func markdownTable(b *strings.Builder, r *Report, of map[containerKey][]*rules.Finding) {
	if len(r.Containers) > 0 {
		b.WriteString("| container | reach | exposure | critical | high | medium | low | info |\n" +
			"| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	}
	for _, c := range r.Containers {
		found := of[c.key()]
		if !c.isLinted() && len(found) == 0 {
			continue
		}
		reach, exposure := "", ""
		if c.Reach != nil {
			reach = c.Reach.Level.String()
		}
		if c.Exposure != nil {
			exposure = fmt.Sprintf("%.1f", *c.Exposure)
		}
		fmt.Fprintf(b, "| %s | %s | %s |", code(c.Name), reach, exposure)
		counts := count(found)
		for _, s := range severities {
			if n := counts[s]; n > 0 {
				fmt.Fprintf(b, " %d", n)
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
}

// count counts the findings of each severity that are neither waived nor in the baseline.
func count(found []*rules.Finding) Counts {
	counts := Counts{}
	for _, f := range found {
		if f.Waived == "" && !f.Baseline {
			counts[f.Severity]++
		}
	}
	return counts
}

func markdownFindings(b *strings.Builder, r *Report, container string, found []*rules.Finding) {
	title := "the host"
	if container != "" {
		title = strings.Trim(code(container), "`")
	}
	fmt.Fprintf(b, "\n<details><summary>%s: %s</summary>\n\n", htmlText(title),
		word.Count(len(found), "finding", "findings"))
	b.WriteString("| severity | rule | what | change |\n| --- | --- | --- | --- |\n")
	for _, f := range found {
		what := md(f.Message)
		if f.Location.File != "" {
			what += " (" + code(short(f.Location)) + ")"
		}
		switch {
		case f.Waived != "":
			what += " — waived: " + md(f.Waived)
		case f.Baseline:
			what += " — in the baseline"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", f.Severity, code(f.Rule.ID), what, remedyMarkdown(f, r.podman()))
	}
	b.WriteString("\n</details>\n")
}

func markdownProblems(b *strings.Builder, title string, list []Error) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n", title)
	for _, e := range list {
		fmt.Fprintf(b, "- %s: %s\n", code(e.Target), md(e.Message))
	}
}

func remedyMarkdown(f *rules.Finding, version string) string {
	var parts []string
	for _, change := range f.Fix.In(f.Definition.Syntax, version) {
		parts = append(parts, code(change))
	}
	if len(parts) == 0 {
		return md(f.Fix.Summary)
	}
	return strings.Join(parts, " ")
}

// verdict says in a few words how a run ended.
func verdict(r *Report) string {
	if r.Empty {
		return "nothing to lint"
	}
	switch r.ExitStatus() {
	case 0:
		return "passed"
	case 1:
		return "findings at or above " + r.FailOn.String()
	case 2:
		return "not everything could be read"
	default:
		return "incomplete"
	}
}

// byContainer groups the findings.
func byContainer(r *Report) map[containerKey][]*rules.Finding {
	of := map[containerKey][]*rules.Finding{}
	for i := range r.Findings {
		f := &r.Findings[i]
		of[keyOf(f)] = append(of[keyOf(f)], f)
	}
	return of
}

// md makes foreign words fit for Markdown: what is markup is escaped, HTML too, and nothing begins a line.
func md(s string) string {
	var b strings.Builder
	for _, r := range safe.Text(s) {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@': // a mention
			b.WriteString("&#64;")
		case r < utf8.RuneSelf && strings.ContainsRune("\\`*_{}[]()#+-.!|~:", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code sets foreign words as code. In a table's cell a bar ends the cell even there, and a backtick ends the code.
func code(s string) string {
	s = strings.NewReplacer("`", "'", "|", "¦").Replace(safe.Text(s))
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func htmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;").Replace(s)
}
