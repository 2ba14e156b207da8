package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// output holds the flags of every command that reports findings.
type output struct {
	formats        []string
	file           string
	failOn, least  string
	only, skip     []string
	profile        string
	noColor        bool
	quiet, verbose bool

	// What check makes of them:
	failOnSeverity rules.Severity
	leastSeverity  rules.Severity
	destinations   []destination
	selectedRules  []rules.Rule
}

// destination is one format and where it goes, "-" for standard output.
type destination struct {
	format, file string
}

// formats are the names that --format takes.
var formats = []string{"text", "json", "sarif", "github"}

func (o *output) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&o.formats, "format", "f", nil, "how to report: text, json, sarif or github; FORMAT=FILE writes to a file, and may be given several times")
	f.StringVarP(&o.file, "output", "o", "", "write the report to this `file` instead of standard output")
	f.StringVar(&o.failOn, "fail-on", "medium", "end with status 1 from this `severity` on: critical, high, medium, low, info or none")
	f.StringVar(&o.least, "min-severity", "info", "leave out findings below this `severity`")
	f.StringSliceVar(&o.only, "rule", nil, "use only these `rules`")
	f.StringSliceVar(&o.skip, "skip", nil, "do not use these `rules`")
	f.StringVar(&o.profile, "profile", "standard", "which rules to use: baseline, standard or strict; --rule names others")
	f.BoolVar(&o.noColor, "no-color", false, "no colour (as NO_COLOR does)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no report on standard output, only the exit status and errors")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show the evidence of each finding, and what podlint does")
	complete := func(values ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	severities := []string{"critical", "high", "medium", "low", "info"}
	_ = cmd.RegisterFlagCompletionFunc("format", complete(formats...))
	_ = cmd.RegisterFlagCompletionFunc("fail-on", complete(append(severities, "none")...))
	_ = cmd.RegisterFlagCompletionFunc("min-severity", complete(severities...))
	_ = cmd.RegisterFlagCompletionFunc("rule", completeRules)
	_ = cmd.RegisterFlagCompletionFunc("skip", completeRules)
}

// check reads the flags' values.
func (o *output) check(catalogue []rules.Rule) error {
	var err error
	if o.failOn != "none" {
		if o.failOnSeverity, err = rules.ParseSeverity(o.failOn); err != nil {
			return fmt.Errorf("--fail-on: %w, or none", err)
		}
	}
	if o.leastSeverity, err = rules.ParseSeverity(o.least); err != nil {
		return fmt.Errorf("--min-severity: %w", err)
	}
	for _, id := range slices.Concat(o.only, o.skip) {
		if _, err := find(catalogue, id); err != nil {
			return err
		}
	}
	profile, err := rules.ParseProfile(o.profile)
	if err != nil {
		return fmt.Errorf("--profile: %w", err)
	}
	o.selectedRules = slices.DeleteFunc(slices.Clone(catalogue), func(r rules.Rule) bool {
		if len(o.only) > 0 {
			return !slices.Contains(o.only, r.ID) || slices.Contains(o.skip, r.ID)
		}
		return r.Profile > profile || slices.Contains(o.skip, r.ID)
	})
	return o.chooseDestinations()
}

func (o *output) chooseDestinations() error {
	given := o.formats
	if len(given) == 0 {
		given = []string{"text"}
	}
	taken := map[string]bool{}
	for _, f := range given {
		name, file, hasFile := strings.Cut(f, "=")
		if !slices.Contains(formats, name) {
			return fmt.Errorf("--format: %q is none of %s", name, strings.Join(formats, ", "))
		}
		if hasFile && file == "" {
			return fmt.Errorf("--format: %s= needs a file's name", name)
		}
		if !hasFile {
			file = "-"
			if o.file != "" {
				file = o.file
			}
		}
		if taken[file] {
			if file == "-" {
				return errors.New("--format: only one format can go to standard output; write the others as FORMAT=FILE")
			}
			return fmt.Errorf("--format: two formats cannot both go to %s", file)
		}
		taken[file] = true
		o.destinations = append(o.destinations, destination{name, file})
	}
	if o.file != "" && !taken[o.file] {
		return errors.New("--output: every --format has a file of its own already")
	}
	return nil
}

// write writes the report in every format that was asked for.
func (o *output) write(std streams, r *report.Report) error {
	var errs []error
	for _, d := range o.destinations {
		if d.file != "-" {
			errs = append(errs, o.writeFile(d, r))
			continue
		}
		if o.quiet {
			continue
		}
		buffered := bufio.NewWriter(std.out)
		err := o.format(buffered, d.format, r, report.Style{Color: wantsColor(std.out, o.noColor), Width: width(std.out), Verbose: o.verbose})
		errs = append(errs, errors.Join(err, buffered.Flush()))
	}
	return errors.Join(errs...)
}

// onTerminal reports whether the text report goes to a terminal.
func (o *output) onTerminal(stdout io.Writer) bool {
	_, ok := terminal(stdout)
	return ok && !o.quiet && slices.Contains(o.destinations, destination{"text", "-"})
}

// writeFile puts a report in place of a file in one step, so that nobody reads half of one. What is no plain file, such as
// /dev/stdout or a pipe, is written to as it is.
func (o *output) writeFile(d destination, r *report.Report) error {
	info, err := os.Stat(d.file)
	if err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(d.file, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		defer file.Close()
		return o.buffered(file, d.format, r)
	}
	target := d.file
	if resolved, err := filepath.EvalSymlinks(target); err == nil {
		target = resolved
	}
	temporary, err := os.CreateTemp(filepath.Dir(target), ".podlint-report-")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	defer os.Remove(temporary.Name())
	mode := os.FileMode(0o644)
	if info != nil {
		mode = info.Mode().Perm()
	}
	err = errors.Join(o.buffered(temporary, d.format, r), temporary.Chmod(mode), temporary.Close())
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.Rename(temporary.Name(), target); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (o *output) buffered(w io.Writer, format string, r *report.Report) error {
	buffered := bufio.NewWriter(w)
	err := o.format(buffered, format, r, report.Style{Verbose: o.verbose})
	return errors.Join(err, buffered.Flush())
}

func (o *output) format(w io.Writer, name string, r *report.Report, style report.Style) error {
	switch name {
	case "json":
		return report.JSON(w, r)
	case "sarif":
		return report.SARIF(w, r)
	case "github":
		return report.GitHub(w, r)
	default:
		return report.Text(w, r, style)
	}
}
