package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// Markdown writes the report as a CI job's summary: a table of the containers, then the findings of each, folded away.
func Markdown(w io.Writer, r *Report) error {
	var b strings.Builder
	counts := r.Count()
	fmt.Fprintf(&b, "## podlint: %s\n\n", verdict(r))
	if len(r.Containers) > 0 {
		b.WriteString("| container | reach | exposure | critical | high | medium | low | info |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	}
	of := byContainer(r)
	for _, c := range r.Containers {
		if !c.judged() && len(of[c.key()]) == 0 {
			continue
		}
		reach, exposure := "", ""
		if c.Reach != nil {
			reach = c.Reach.Level.String()
		}
		if c.Exposure != nil {
			exposure = fmt.Sprintf("%.1f", *c.Exposure)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |", code(c.Name), reach, exposure)
		for _, s := range severities {
			n := 0
			for _, f := range of[c.key()] {
				if f.Severity == s && f.Waived == "" && !f.Baseline {
					n++
				}
			}
			if n == 0 {
				b.WriteString(" |")
			} else {
				fmt.Fprintf(&b, " %d |", n)
			}
		}
		b.WriteString("\n")
	}
	total := make([]string, 0, len(severities))
	for _, s := range severities {
		if n := counts[s]; n > 0 {
			total = append(total, fmt.Sprintf("%d %s", n, s))
		}
	}
	if n := r.waived(); n > 0 {
		total = append(total, fmt.Sprintf("%d waived", n))
	}
	if n := r.old(); n > 0 {
		total = append(total, fmt.Sprintf("%d in the baseline", n))
	}
	if n := len(r.Mended); n > 0 {
		total = append(total, fmt.Sprintf("%d mended since the baseline", n))
	}
	if len(total) > 0 {
		fmt.Fprintf(&b, "\n%s.\n", strings.Join(total, ", "))
	}
	keys := []Container{{}}
	keys = append(keys, r.Containers...)
	for _, c := range keys {
		found := of[c.key()]
		if len(found) == 0 {
			continue
		}
		title := code(c.Name)
		if c.Name == "" {
			title = "the host"
		}
		fmt.Fprintf(&b, "\n<details><summary>%s: %s</summary>\n\n", htmlText(strings.Trim(title, "`")), plural(len(found), "finding"))
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
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Severity, code(f.Rule.ID), what, remedyMarkdown(f, r.podman()))
		}
		b.WriteString("\n</details>\n")
	}
	for _, list := range []struct {
		title  string
		errors []Error
	}{{"Not read", r.Errors}, {"Noticed", r.Warnings}} {
		if len(list.errors) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n", list.title)
		for _, e := range list.errors {
			fmt.Fprintf(&b, "- %s: %s\n", code(e.Target), md(e.Message))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
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
