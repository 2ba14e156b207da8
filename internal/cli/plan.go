package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// planSteps is how many changes a plan has.
const planSteps = 5

// manyContainers is how many containers are too many for a block each.
const manyContainers = 8

// manyNames and manyFiles are how many targets a command of a plan names; of more, it names what they are in.
const manyNames, manyFiles = 12, 4

// planFlags holds the flags of `podlint plan`.
type planFlags struct {
	scanFlags
	rootless, rootful bool
	steps             int
	format            string
}

func (a *app) planCommand() *cobra.Command {
	flags := planFlags{}
	cmd := &cobra.Command{
		Use:   "plan [TARGET ...]",
		Short: "The few changes that take away the most exposure",
		Long: `Plan says which few changes take away the most exposure, over all containers of the service, or over
the targets: containers, files or directories. Each change is that of a rule, over every container that has its
findings; for each it says how many containers reach how far before and after, the sum of their exposures, and the
command that edits what defines them. It only reads.

Reach and exposure after a change are worked out as scan and check do, for the container with the change. A change
counts only where the rule that asks for it finds nothing any more. What is waived is left out. Whether a service still
works with a change is not known here: podlint prove tries it on a copy.

Exit status: 0 the plan was made, 2 wrong usage, no service or a file that could not be read, 3 the scan is incomplete
or was interrupted.`,
		Example: `  podlint plan                           every container
  podlint plan /etc/containers/systemd   definitions
  podlint plan web db --format json`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.plan(cmd, &flags, args) },
	}
	f := cmd.Flags()
	f.IntVar(&flags.steps, "steps", planSteps, "how many `changes`, at most")
	f.BoolVar(&flags.rootless, "rootless", false, "the definitions are for rootless Podman")
	f.BoolVar(&flags.rootful, "rootful", false, "the definitions are for rootful Podman")
	flags.choice(cmd)
	flags.connection(cmd)
	formatFlag(cmd, &flags.format)
	return cmd
}

// plan makes a plan for the targets.
func (a *app) plan(cmd *cobra.Command, flags *planFlags, targets []string) error {
	flags.failOn, flags.least = "none", "info"
	if err := a.prepare(cmd, &flags.output, rules.Parameters{}); err != nil {
		return err
	}
	switch {
	case flags.rootless && flags.rootful:
		return &usageError{errors.New("--rootless and --rootful exclude each other")}
	case flags.steps < 1:
		return &usageError{errors.New("--steps must be at least 1")}
	case flags.format != "text" && flags.format != "json":
		return &usageError{fmt.Errorf("--format: %q must be one of text, json", flags.format)}
	}
	paths, names := byKind(targets)
	var models lint.Models
	flags.linter.Keep = models.Keep
	result := flags.linter.NewReport()
	bar := startProgress(a.Err, flags.quiet)
	if len(names) > 0 || len(paths) == 0 {
		flags.service.Now, flags.service.Machine, flags.service.Log = a.now, a.machine, func(string, ...any) {}
		if err := a.scanService(cmd.Context(), &flags.scanFlags, live.Selection{Names: names}, result, bar); err != nil {
			bar.end()
			return err
		}
	}
	if len(paths) > 0 {
		set, wrong := definition.Open(paths, definition.Options{Rootless: modeOf(flags.rootless, flags.rootful),
			Now: a.now(), Stopped: func() bool { return cmd.Context().Err() != nil }})
		for _, p := range wrong {
			result.Add(p)
		}
		flags.linter.Check(cmd.Context(), set, result, bar.show)
		result.Definitions = len(names) == 0
	}
	flags.linter.Finish(result)
	bar.end()
	flags.planFor(cmd, result, &models, flags.steps, paths)
	if flags.format == "json" {
		a.tell(result.Errors)
	}
	out := bufio.NewWriter(a.Out)
	err := errors.Join(writePlan(out, flags.format, result,
		report.Style{Color: wantsColor(a.Out, flags.color), Width: width(a.Out)}), out.Flush())
	if err == nil {
		a.end(&flags.output, result)
	}
	return err
}

func writePlan(out *bufio.Writer, format string, r *report.Report, style report.Style) error {
	if format == "json" {
		return report.PlanJSON(out, r)
	}
	return report.PlanText(out, r, style)
}

// byKind parts targets into paths and names of containers.
func byKind(targets []string) (paths, names []string) {
	for _, target := range targets {
		if _, err := os.Lstat(target); err == nil || strings.ContainsAny(target, "/") ||
			filepath.Ext(target) != "" && isDefinition(target) {
			paths = append(paths, target)
		} else {
			names = append(names, target)
		}
	}
	return paths, names
}

// planFor puts the plan into a report. The paths are those that were read.
func (o *output) planFor(cmd *cobra.Command, r *report.Report, m *lint.Models, steps int, paths []string) {
	options := passedOn(cmd, "config", "rootless", "rootful", "url", "connection", "identity", "tls-cert", "tls-key",
		"tls-ca")
	r.Plan = o.linter.Plan(r, m, steps, func(rule string, names, files []string) []string {
		words := append([]string{"podlint", "fix", "--rule", rule}, options...)
		if len(names) > manyNames {
			words, names = append(words, "--containers"), nil
		}
		if len(files) > manyFiles && !slices.ContainsFunc(files, func(file string) bool {
			return slices.Contains(r.Given, file)
		}) {
			files = paths
		}
		for _, target := range append(names, files...) {
			if strings.HasPrefix(target, "-") {
				target = "./" + target
			}
			words = append(words, target)
		}
		return words
	})
}

// passedOn returns those of some flags that were given, to be given to another command.
func passedOn(cmd *cobra.Command, names ...string) (words []string) {
	for _, name := range names {
		flag := cmd.Flags().Lookup(name)
		switch {
		case flag == nil || !flag.Changed:
		case flag.Value.Type() == "bool":
			words = append(words, "--"+name)
		default:
			words = append(words, "--"+name, secret.Mask(flag.Value.String()))
		}
	}
	return words
}

// overviewFlags are those that choose between the overview and the details.
type overviewFlags struct {
	overview, full bool
}

func (f *overviewFlags) add(cmd *cobra.Command) {
	const of = " (the default above eight containers, unless they are named)"
	cmd.Flags().BoolVar(&f.overview, "overview", false, "in text, say what the containers have in common, and what "+
		"takes away the most exposure"+of)
	cmd.Flags().BoolVar(&f.full, "full", false, "in text, write each container with its findings, however many there are")
}

// view prepares the text report, which is an overview of many containers, and keeps what its plan needs.
func (o *output) view(cmd *cobra.Command, f overviewFlags, named bool) (finish func(r *report.Report, paths []string),
	err error) {
	if f.overview && f.full {
		return nil, &usageError{errors.New("--overview and --full exclude each other")}
	}
	o.style.Options = passedOn(cmd, "config", "url", "connection", "identity", "tls-cert", "tls-key", "tls-ca")
	if f.full || !f.overview && (named || o.verbose) || !o.writes("text") || o.after != nil {
		return func(*report.Report, []string) {}, nil
	}
	models := &lint.Models{}
	o.linter.Keep = models.Keep
	return func(r *report.Report, paths []string) {
		if o.style.Overview = f.overview || models.Len() > manyContainers; o.style.Overview {
			o.planFor(cmd, r, models, planSteps, paths)
		}
	}, nil
}
