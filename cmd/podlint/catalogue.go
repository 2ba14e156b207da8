package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/rules"
)

// catalogueRule is a rule as `podlint rules --format json` and `podlint explain --format json` write it.
type catalogueRule struct {
	ID         string         `json:"id"`
	Title      string         `json:"title"`
	Severity   rules.Severity `json:"severity"`
	Why        string         `json:"why"`
	Remedy     string         `json:"remedy"`
	CIS        string         `json:"cis,omitempty"`
	References []string       `json:"references"`
}

func asCatalogue(r *rules.Rule) catalogueRule {
	return catalogueRule{r.ID, r.Title, r.Severity, unwrapped(r.Why), r.Remedy, r.CIS, r.See}
}

// unwrapped joins the lines of a paragraph.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }

func (a *app) rulesCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			catalogue := rules.All(rules.Parameters{})
			all, width := make([]catalogueRule, len(catalogue)), 0
			for i := range catalogue {
				all[i] = asCatalogue(&catalogue[i])
				width = max(width, len(all[i].ID))
			}
			return a.describe(cmd, format, all, func() {
				for _, r := range all {
					fmt.Fprintf(a.out, "%-*s  %-8s  %s\n", width, r.ID, r.Severity, r.Title)
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
		Use:     "explain RULE",
		Short:   "Say why a rule matters and what to do",
		Example: "  podlint explain cap-drop-all",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("explain takes the name of one rule"), cmd.CommandPath()}
			}
			return nil
		},
		ValidArgsFunction: completeRules,
		RunE: func(cmd *cobra.Command, args []string) error {
			rule, err := rules.Find(rules.All(rules.Parameters{}), args[0])
			if err != nil {
				return &usageError{err, "podlint rules"}
			}
			return a.describe(cmd, format, asCatalogue(rule), func() { explain(a.out, rule) })
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// describe writes what a command that only describes has to say, in the format that was asked for.
func (a *app) describe(cmd *cobra.Command, format string, value any, text func()) error {
	switch format {
	case "json":
		return writeJSON(a.out, value)
	case "text":
		text()
		return nil
	default:
		return &usageError{fmt.Errorf("--format: %q is none of text, json", format), cmd.CommandPath()}
	}
}

func formatFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", "text", "text or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func explain(w io.Writer, r *rules.Rule) {
	columns := width(w)
	const widest = 100
	if columns == 0 || columns > widest {
		columns = widest
	}
	fmt.Fprintf(w, "%s (%s): %s\n\n", r.ID, r.Severity, r.Title)
	fmt.Fprintf(w, "%s\n\n%s\n", fill(r.Why, columns), fill(r.Remedy, columns))
	if r.CIS != "" {
		fmt.Fprintf(w, "\nCIS Docker Benchmark 1.6.0: %s\n", r.CIS)
	}
	if len(r.See) > 0 {
		fmt.Fprintf(w, "\nSee %s\n", strings.Join(r.See, "\n    "))
	}
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
		return &usageError{fmt.Errorf("%s takes no arguments", cmd.Name()), cmd.CommandPath()}
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
