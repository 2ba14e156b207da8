package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/version"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/policy"
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
	configFile     string
	configFrom     string
	baseline       string
	color          colorMode
	quiet, verbose bool
	// allowEmpty is whether it is fine that there is nothing to lint.
	allowEmpty bool
	// perContainer is whether metrics name the containers.
	perContainer bool

	// What prepare makes of them:
	destinations []destination
	linter       *lint.Linter
	// style is how the text report is drawn, as far as the command decides it.
	style report.Style
	// after is called with the finished report in place of writing it, where set.
	after func(*output, *report.Report) error
}

// destination is one format and where it goes, "-" for standard output.
type destination struct {
	format, file string
}

// formats are the names that --format takes.
var formats = []string{"text", "line", "json", "sarif", "github", "markdown", "junit", "codequality", "gitlab-sast",
	"jsonl", "openmetrics", "html"}

// choice adds the flags that say which rules are used.
func (o *output) choice(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.only, "rule", nil, "use only these `rules`")
	f.StringSliceVar(&o.skip, "skip", nil, "do not use these `rules`")
	f.StringVar(&o.profile, "profile", "", "which `rules` to use: baseline, standard (the default) or strict; --rule "+
		"names others")
	f.StringVar(&o.configFile, "config", "", "the configuration's `file` instead of the podlint.toml that is found, "+
		"or none")
	o.color = colorAuto
	f.Var(&o.color, "color", "when text has colour: auto (on a terminal), always or never, whatever NO_COLOR and "+
		"FORCE_COLOR say")
	f.Var(noColor{&o.color}, "no-color", "no colour, as --color=never")
	f.Lookup("no-color").NoOptDefVal = "true"
	_ = cmd.RegisterFlagCompletionFunc("color",
		cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("rule", completeRules)
	_ = cmd.RegisterFlagCompletionFunc("skip", completeRules)
	_ = cmd.RegisterFlagCompletionFunc("profile",
		cobra.FixedCompletions([]string{"baseline", "standard", "strict"}, cobra.ShellCompDirectiveNoFileComp))
}

func (o *output) flags(cmd *cobra.Command) {
	o.choice(cmd)
	f := cmd.Flags()
	f.StringArrayVarP(&o.formats, "format", "f", nil, "how to report: text, line, json, jsonl, sarif, github, "+
		"markdown, junit, codequality, gitlab-sast, openmetrics or html; FORMAT=FILE writes to a file, and may "+
		"be given several times")
	f.StringVarP(&o.file, "output", "o", "", "write the report to this `file` instead of standard output")
	f.StringVar(&o.failOn, "fail-on", "medium", "exit with status 1 if a finding has at least this `severity`: "+
		"critical, high, medium, low, info or none")
	f.StringVar(&o.least, "min-severity", "info", "leave out findings below this `severity`")
	f.StringVar(&o.configFrom, "config-from", "", "take the configuration, the baseline and the waivers as they are in "+
		"`REV`, a commit such as origin/main, so that a change does not bring its own; or the configuration from a FILE")
	f.StringVar(&o.baseline, "baseline", "", "ignore findings that are listed in this baseline `file`")
	f.BoolVar(&o.allowEmpty, "allow-empty", false, "succeed where there is nothing to lint: no definition, no container "+
		"that the filters leave, no rule that --skip leaves; else that is an error")
	f.BoolVar(&o.perContainer, "metrics-per-container", false, "in openmetrics, the exposure of each container by its "+
		"name too")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no report on standard output, only the exit status and errors")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show the evidence of each finding, and what podlint does")
	complete := func(values ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	severities := []string{"critical", "high", "medium", "low", "info"}
	_ = cmd.RegisterFlagCompletionFunc("format", complete(formats...))
	_ = cmd.RegisterFlagCompletionFunc("fail-on", complete(append(severities, "none")...))
	_ = cmd.RegisterFlagCompletionFunc("min-severity", complete(severities...))
}

// prepare reads the configuration and the flags' values, which count more.
func (a *app) prepare(cmd *cobra.Command, o *output, p rules.Parameters) error {
	if err := o.chooseDestinations(); err != nil {
		return &usageError{err}
	}
	if err := a.markUnfinished(o); err != nil {
		return err
	}
	config, revision, err := o.configuration(cmd.Context())
	if err != nil {
		return err
	}
	choice := lint.Choice{Only: o.only, Skip: o.skip, Profile: o.profile, Parameters: p}
	given := cmd.Flags().Lookup
	if flag := given("fail-on"); flag == nil || flag.Changed {
		choice.FailOn = o.failOn
	}
	if flag := given("min-severity"); flag == nil || flag.Changed {
		choice.Least = o.least
	}
	if o.linter, err = lint.New(config, choice); err != nil {
		return asUsage(err)
	}
	if len(o.linter.Rules) == 0 && !o.allowEmpty {
		return &usageError{errors.New("no rule is left: nothing would be found, whatever there is")}
	}
	if o.baseline != "" && o.after == nil {
		if revision != nil {
			o.linter.Baseline, err = policy.ReadBaselineFrom(cmd.Context(), revision, o.baseline)
		} else {
			o.linter.Baseline, err = policy.ReadBaseline(o.baseline)
		}
		if err != nil {
			return err
		}
	}
	if revision != nil {
		known := func(rule string) error { _, err := rules.Find(o.linter.Catalogue, rule); return err }
		o.linter.Accepts = func(w *policy.Waiver) bool { return revision.Has(cmd.Context(), w, known) }
	}
	o.linter.Tool.Version, o.linter.Now = version.String(), a.now
	if a.machine {
		o.linter.Proofs = lint.ReadProofs(lint.ProofsPath())
	}
	return nil
}

// configuration reads the configuration, and returns the revision that it is from where --config-from names one.
func (o *output) configuration(ctx context.Context) (*policy.Config, *policy.Revision, error) {
	switch {
	case o.configFrom == "":
		config, err := policy.Load(o.configFile)
		return config, nil, err
	case o.configFile != "":
		return nil, nil, &usageError{errors.New("--config and --config-from exclude each other")}
	case !policy.IsRevision(o.configFrom):
		config, err := policy.Load(o.configFrom)
		return config, nil, err
	}
	revision, err := policy.OpenRevision(ctx, o.configFrom)
	if err != nil {
		return nil, nil, err
	}
	config, err := policy.LoadFrom(ctx, revision)
	return config, revision, err
}

// markUnfinished puts a report that says so in place of each older one, so that none is taken for this run's, however
// it ends. What is not there yet, or not a regular file, is left alone.
func (a *app) markUnfinished(o *output) error {
	if o.after != nil {
		return nil
	}
	r := &report.Report{Tool: report.Tool{Name: "podlint", Version: version.String()}, Started: a.now(),
		Finished: a.now()}
	r.Fail("podlint", errors.New("this run has not finished: what it found is not in this report"))
	for _, d := range o.destinations {
		if info, err := os.Stat(d.file); d.file == "-" || err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := o.writeFile(d, r); err != nil {
			return err
		}
	}
	return nil
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
			return fmt.Errorf("--format: %q must be one of %s%s", name, strings.Join(formats, ", "),
				meant(rules.Nearest(name, formats)))
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
func (o *output) write(std Streams, r *report.Report) error {
	if o.after != nil {
		return o.after(o, r)
	}
	var errs []error
	for _, d := range o.destinations {
		if d.file != "-" {
			errs = append(errs, o.writeFile(d, r))
			continue
		}
		if o.quiet {
			continue
		}
		buffered := bufio.NewWriter(std.Out)
		style := o.style
		style.Color, style.Width, style.Verbose = wantsColor(std.Out, o.color), width(std.Out), o.verbose
		err := o.format(buffered, d.format, r, style)
		errs = append(errs, errors.Join(err, buffered.Flush()))
	}
	return errors.Join(errs...)
}

// onTerminal reports whether the text report goes to a terminal.
func (o *output) onTerminal(stdout io.Writer) bool {
	_, ok := terminal(stdout)
	return ok && !o.quiet && slices.Contains(o.destinations, destination{"text", "-"})
}

// writes reports whether a format is among those that are written.
func (o *output) writes(format string) bool {
	return slices.ContainsFunc(o.destinations, func(d destination) bool { return d.format == format })
}

// writeFile puts a report in place of a file in one step, so that nobody reads half of one.
func (o *output) writeFile(d destination, r *report.Report) error {
	const mode = 0o666
	err := files.Write(d.file, mode, func(w io.Writer) error { return o.buffered(w, d.format, r) })
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (o *output) buffered(w io.Writer, format string, r *report.Report) error {
	buffered := bufio.NewWriter(w)
	style := o.style
	style.Verbose = o.verbose
	err := o.format(buffered, format, r, style)
	return errors.Join(err, buffered.Flush())
}

func (o *output) format(w io.Writer, name string, r *report.Report, style report.Style) error {
	switch name {
	case "line":
		return report.Line(w, r)
	case "json":
		return report.JSON(w, r)
	case "sarif":
		return report.SARIF(w, r)
	case "github":
		return report.GitHub(w, r)
	case "markdown":
		return report.Markdown(w, r)
	case "junit":
		return report.JUnit(w, r)
	case "codequality":
		return report.CodeQuality(w, r)
	case "gitlab-sast":
		return report.GitLabSAST(w, r)
	case "jsonl":
		return report.JSONLines(w, r)
	case "openmetrics":
		return report.OpenMetrics(w, r, o.perContainer)
	case "html":
		return report.HTML(w, r)
	default:
		return report.Text(w, r, style)
	}
}

// empty says in a report that there was nothing to lint, unless that is fine: it only looks clean.
func (o *output) empty(r *report.Report, target, message string) {
	if o.allowEmpty || !r.Complete || r.Unreadable || len(r.Containers) > 0 {
		return
	}
	r.Empty = true
	r.Add(podman.Problem{Origin: podman.Origin{File: target}, Message: message,
		Hint: "with --allow-empty that is no error"})
}
