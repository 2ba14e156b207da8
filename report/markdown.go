package report

import (
	"fmt"
	"io"
	"slices"
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
	containers := slices.Clone(r.Containers)
	slices.SortStableFunc(containers, func(x, y Container) int {
		return block{findings: counting(of[x.key()])}.compare(block{findings: counting(of[y.key()])})
	})
	markdownTable(&b, containers, of)
	if total := r.totals(newPalette(false)); len(total) > 0 {
		fmt.Fprintf(&b, "\n%s.\n", strings.Join(total, ", "))
	}
	for _, c := range r.Configuration {
		fmt.Fprintf(&b, "\n%s: %s, %s\n", c.Kind, code(c.File), c.Effect)
	}
	markdownProblems(&b, "Errors", r.Errors)
	markdownProblems(&b, "Warnings", r.Warnings)
	left := 0
	for _, c := range append([]Container{{}}, containers...) {
		found := of[c.key()]
		if len(found) == 0 {
			continue
		}
		var part strings.Builder
		markdownFindings(&part, r, c.Name, found)
		if left > 0 || b.Len()+part.Len() > summarySize {
			left++
			continue
		}
		b.WriteString(part.String())
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nThe findings of %s are left out, the least severe ones: GitHub takes no summary above 1 MiB.\n",
			word.Count(left, "container", "containers"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const (
	// summarySize is how large a job's summary gets: GitHub refuses one above 1 MiB (docs.github.com, "Step isolation and
	// limits").
	summarySize = 1000 << 10
	// tableSize is how much of that the table of the containers takes, and listSize each list of problems.
	tableSize, listSize = summarySize / 2, summarySize / 8
)

// counting returns those of some findings that count.
func counting(found []*rules.Finding) (list []*rules.Finding) {
	for _, f := range found {
		if f.Waived == "" && !f.Baseline {
			list = append(list, f)
		}
	}
	return list
}

// markdownTable writes a row for each container with the number of its findings of each severity.
func markdownTable(b *strings.Builder, containers []Container, of map[containerKey][]*rules.Finding) {
	if len(containers) > 0 {
		b.WriteString("| container | reach | exposure | critical | high | medium | low | info |\n" +
			"| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	}
	left := 0
	for _, c := range containers {
		found := of[c.key()]
		if !c.isLinted() && len(found) == 0 {
			continue
		}
		if b.Len() > tableSize {
			left++
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
	if left > 0 {
		fmt.Fprintf(b, "\n%s more, which have less severe findings or none.\n", word.Count(left, "container", "containers"))
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
	from := b.Len()
	for i, e := range list {
		if b.Len()-from > listSize {
			fmt.Fprintf(b, "- … %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(b, "- %s: %s\n", code(e.Target), md(e.Message))
	}
}

func remedyMarkdown(f *rules.Finding, version string) string {
	var parts []string
	for _, change := range f.Fix.Words(f.Definition.Syntax, version) {
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
