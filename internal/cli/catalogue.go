package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

// catalogueRule is a rule as `podlint rules --format json` and `podlint explain --format json` write it.
type catalogueRule struct {
	ID         string         `json:"id"`
	Title      string         `json:"title"`
	Severity   rules.Severity `json:"severity"`
	Profile    rules.Profile  `json:"profile"`
	Why        string         `json:"why"`
	Remedy     string         `json:"remedy"`
	CIS        string         `json:"cis,omitempty"`
	References []string       `json:"references"`
}

func asCatalogue(r *rules.Rule) catalogueRule {
	return catalogueRule{r.ID, r.Title, r.Severity, r.Profile, unwrapped(r.Why), r.Remedy, r.CIS, r.See}
}

// unwrapped joins the lines of a paragraph.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }

func (a *app) rulesCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules",
		Args:  noArguments,
		RunE: func(_ *cobra.Command, _ []string) error {
			catalogue := rules.All(rules.Parameters{})
			all, width := make([]catalogueRule, len(catalogue)), 0
			for i := range catalogue {
				all[i] = asCatalogue(&catalogue[i])
				width = max(width, len(all[i].ID))
			}
			return a.describe(format, all, func() {
				for _, r := range all {
					fmt.Fprintf(a.Out, "%-*s  %-8s  %s\n", width, r.ID, r.Severity, r.Title)
				}
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

func (a *app) explainCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "explain RULE|reach|exposure",
		Short: "Say why a rule matters and what to do; or how reach and exposure are worked out",
		Example: `  podlint explain cap-drop-all
  podlint explain reach`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("explain takes the name of one rule")}
			}
			return nil
		},
		ValidArgsFunction: completeRules,
		RunE: func(_ *cobra.Command, args []string) error {
			if topic := map[string]string{"reach": reachText(), "exposure": exposureText()}[args[0]]; topic != "" &&
				format == "text" {
				explainTopic(a.Out, topic)
				return nil
			}
			rule, err := rules.Find(rules.All(rules.Parameters{}), args[0])
			if err != nil {
				return &usageError{err}
			}
			return a.describe(format, asCatalogue(rule), func() { a.explain(rule) })
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// describe writes what a command that only describes has to say, in the format that was asked for.
func (a *app) describe(format string, value any, text func()) error {
	switch format {
	case "json":
		return writeJSON(a.Out, value)
	case "text":
		text()
		return nil
	default:
		return &usageError{fmt.Errorf("--format: %q must be one of text, json", format)}
	}
}

func formatFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", "text", "text or json")
	_ = cmd.RegisterFlagCompletionFunc("format",
		cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// readable is how many columns a paragraph may take: as many as the terminal has, within reason.
func readable(w io.Writer) int {
	columns := width(w)
	const widest = 100
	if columns == 0 || columns > widest {
		return widest
	}
	return columns
}

// explain prints a rule: why, what to do, in which words, and by what change its bad example becomes the good one.
func (a *app) explain(r *rules.Rule) {
	w, columns := a.Out, readable(a.Out)
	fmt.Fprintf(w, "%s (%s, profile %s): %s\n\n", r.ID, r.Severity, r.Profile, r.Title)
	fmt.Fprintf(w, "%s\n\n%s\n", fill(r.Why, columns), fill(r.Remedy, columns))
	bad, good := a.example(r, "bad"), a.example(r, "good")
	if words := inWords(bad.fix()); words != nil {
		fmt.Fprintln(w)
		for _, line := range words {
			text := line[1]
			if line[2] != "" {
				text = strings.TrimSpace(text + "  (" + line[2] + ")")
			}
			fmt.Fprintf(w, "  %-11s %s\n", line[0], text)
		}
	}
	if bad != nil && good != nil {
		fmt.Fprintf(w, "\nAn example that is flagged, and what makes it good:\n\n%s", between(bad, good))
		for _, f := range bad.report.Findings {
			fmt.Fprintf(w, "\n  %s: %s\n", f.Severity, safe.Text(f.Message))
			break
		}
	}
	if r.CIS != "" {
		fmt.Fprintf(w, "\nCIS Docker Benchmark 1.6.0: %s\n", r.CIS)
	}
	if len(r.See) > 0 {
		fmt.Fprintf(w, "\nSee %s\n", strings.Join(r.See, "\n    "))
	}
}

// between shows the lines in which a bad and a good example differ, after the section's header.
func between(bad, good *example) string {
	lines := func(e *example) []string {
		var all []string
		for _, name := range e.names() {
			all = append(all, strings.Split(strings.TrimRight(string(e.files[name]), "\n"), "\n")...)
		}
		return all
	}
	before, after := lines(bad), lines(good)
	var b strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			b.WriteString("  - " + line + "\n")
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			b.WriteString("  + " + line + "\n")
		}
	}
	return b.String()
}

// explainTopic prints Markdown: its paragraphs filled, its lists and tables as they are.
func explainTopic(w io.Writer, markdown string) {
	columns := readable(w)
	for block := range strings.SplitSeq(strings.TrimRight(markdown, "\n"), "\n\n") {
		switch {
		case strings.HasPrefix(block, "|"):
			for line := range strings.SplitSeq(block, "\n") {
				if cells := strings.Split(strings.Trim(line, "| "), " | "); len(cells) == 2 &&
					!strings.HasPrefix(cells[0], "---") {
					fmt.Fprintf(w, "  %-7s %s\n", cells[0], cells[1])
				}
			}
		case strings.HasPrefix(block, "*"), strings.HasPrefix(block, " "):
			fmt.Fprintln(w, strings.ReplaceAll(block, "`", ""))
		default:
			fmt.Fprintln(w, fill(strings.ReplaceAll(block, "`", ""), columns))
		}
		fmt.Fprintln(w)
	}
}

// hanging writes a text behind a head, its further lines below its first where a terminal is narrower.
func hanging(w io.Writer, head, text string) {
	columns := width(w)
	indent := utf8.RuneCountInString(head)
	const least = 20
	if columns-indent < least {
		fmt.Fprintln(w, strings.TrimRight(head+text, " "))
		return
	}
	fmt.Fprintln(w, strings.TrimRight(head+
		strings.ReplaceAll(fill(text, columns-indent), "\n", "\n"+strings.Repeat(" ", indent)), " "))
}

// fill sets a paragraph in lines of at most so many columns.
func fill(text string, columns int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
		case column+1+len(word) > columns:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("%s takes no arguments", cmd.Name())}
	}
	return nil
}

func completeRules(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, r := range rules.All(rules.Parameters{}) {
		names = append(names, r.ID+"\t"+r.Title)
	}
	return slices.Clip(names), cobra.ShellCompDirectiveNoFileComp
}
