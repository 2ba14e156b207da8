package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

const baselineName = "podlint-baseline.json"

func (a *app) baselineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Write or update a baseline: the findings of a day, to gate only new ones",
		Long: `A baseline holds what was found on a day. With --baseline FILE, scan and check go on to report these
findings to programs, but only new ones count: for the exit status, and in the text.

A finding that is worse than the one in the baseline is new: another directory mounted at the same place, a mount that
can be written now, another kind of secret, a higher severity.

"write" writes a new one from what is found now. "update" removes from it what has been fixed, and adds nothing; a
baseline of version 1, which did not tell a finding from a worse one, becomes one of this version.

Exit status: 0 the baseline was written; any other status, it was not.`,
		Example: `  podlint baseline write check .                 podlint-baseline.json
  podlint baseline update scan
  podlint check . --baseline podlint-baseline.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &usageError{fmt.Errorf("baseline has no command %q: write or update%s", args[0],
				meant(rules.Nearest(args[0], []string{"write", "update"})))}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, update := range []bool{false, true} {
		name, short := "write", "Write a new baseline from what scan or check finds now"
		if update {
			name, short = "update", "Remove what has been fixed from a baseline"
		}
		sub := &cobra.Command{
			Use: name, Short: short,
			Args: func(_ *cobra.Command, _ []string) error {
				return &usageError{errors.New("baseline " + name + " takes scan or check, with what these take")}
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
		old, err := policy.ReadBaseline(path)
		switch {
		case errors.Is(err, policy.ErrOldBaseline):
			b = old.Renew(r.Findings)
		case err != nil:
			return err
		default:
			b = old.Without(old.Mark(r.Findings, lint.SeenIn(r)))
		}
		fmt.Fprintf(a.Out, "%s: %d findings, %d fixed and removed\n", safe.Text(path), len(b.Known),
			len(old.Known)-len(b.Known))
	} else {
		fmt.Fprintf(a.Out, "%s: %d findings\n", safe.Text(path), len(b.Known))
	}
	const mode = 0o666
	err := files.Write(path, mode, func(w io.Writer) error { _, err := w.Write(b.JSON()); return err })
	if err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	return nil
}
