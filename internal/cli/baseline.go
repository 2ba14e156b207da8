package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/policy"
)

const baselineName = "podlint-baseline.json"

func (a *app) baselineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Write or update a baseline: the findings of a day, to gate only new ones",
		Long: `A baseline holds what was found on a day. With --baseline FILE, scan and check go on to report these findings to programs, but
only new ones count: for the exit status, and in the text.

"write" writes a new one from what is found now. "update" takes out of it what is mended, and adds nothing: so a baseline only
ever gets shorter until somebody writes it anew.`,
		Example: `  podlint baseline write check .                 podlint-baseline.json
  podlint baseline update scan
  podlint check . --baseline podlint-baseline.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &usageError{fmt.Errorf("baseline has no command %q: write or update", args[0]), cmd.CommandPath()}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, update := range []bool{false, true} {
		name, short := "write", "Write a new baseline from what scan or check finds now"
		if update {
			name, short = "update", "Take out of a baseline what is mended"
		}
		sub := &cobra.Command{
			Use: name, Short: short,
			Args: func(cmd *cobra.Command, _ []string) error {
				return &usageError{errors.New("baseline " + name + " takes scan or check, with what these take"), cmd.CommandPath()}
			},
			RunE: func(*cobra.Command, []string) error { return nil },
		}
		after := func(o *output, r *report.Report) error { return a.writeBaseline(o, r, update) }
		sub.AddCommand(a.scanCommand(after), a.checkCommand(after))
		cmd.AddCommand(sub)
	}
	return cmd
}

// writeBaseline writes what a run found, or what is left of what an earlier one found, to the file of --baseline.
func (a *app) writeBaseline(o *output, r *report.Report, update bool) error {
	path := o.baseline
	if path == "" {
		path = baselineName
	}
	if r.ExitStatus() >= statusUsage {
		return errors.New("not everything could be read: the baseline is left as it is")
	}
	b := policy.NewBaseline(r.Findings)
	if update {
		old, err := readBaseline(path)
		if err != nil {
			return err
		}
		b = old.Without(old.Mark(r.Findings, seenIn(r)))
		fmt.Fprintf(a.Out, "%s: %d findings, %d mended and taken out\n", report.Safe(path), len(b.Known), len(old.Known)-len(b.Known))
	} else {
		fmt.Fprintf(a.Out, "%s: %d findings\n", report.Safe(path), len(b.Known))
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".podlint-baseline-")
	if err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	defer os.Remove(temporary.Name())
	const mode = 0o644
	_, err = temporary.Write(b.JSON())
	if err := errors.Join(err, temporary.Chmod(mode), temporary.Close()); err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	return os.Rename(temporary.Name(), path)
}

func readBaseline(path string) (*policy.Baseline, error) {
	data, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &hintedError{fmt.Errorf("there is no baseline %s", path), "podlint baseline write makes one"}
	}
	if err != nil {
		return nil, fmt.Errorf("the baseline %s: %w", path, err)
	}
	b, err := policy.ParseBaseline(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// seenIn tells which containers a report is about. What is about the host was looked at by every scan.
func seenIn(r *report.Report) func(container string) bool {
	seen := map[string]bool{"": !r.Definitions}
	for _, c := range r.Containers {
		seen[c.Name] = true
	}
	return func(container string) bool { return seen[container] }
}
