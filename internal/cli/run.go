package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/internal/version"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules/secret"
)

// The exit statuses that are not report.Report's to decide.
const (
	statusUsage      = 2
	statusIncomplete = 3
)

// Streams are the program's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is one run of the program.
type app struct {
	Streams
	// now tells the time: a test has one of its own.
	now func() time.Time
	// machine is whether the machine's own files count, such as containers.conf; a test replays another machine's
	// service.
	machine bool
	status  int
}

// errInterrupted is why a run ends that was told to by a signal.
var errInterrupted = errors.New("interrupted")

// Main runs podlint with the arguments after the program's name and returns its exit status.
func Main(ctx context.Context, args []string, std Streams) int {
	return (&app{Streams: std, now: time.Now, machine: true}).run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	// The libraries write to standard error, in the words of whoever answered, what their errors say too.
	log.SetOutput(io.Discard)
	logrus.SetOutput(io.Discard)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer restore()
	go func() {
		select {
		case <-signals.Done():
			cancel(errInterrupted)
			restore() // a second Ctrl-C ends the program at once
		case <-ctx.Done():
		}
	}()

	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case errors.Is(err, errInterrupted):
		a.complain(err)
		return statusIncomplete
	case err != nil:
		a.complain(hintedUsage(cmd, err))
		return statusUsage
	}
	return a.status
}

// usageError is a mistake in the arguments.
type usageError struct{ error }

// asUsage wraps err as a usageError, unless it is about the configuration or has a hint of its own.
func asUsage(err error) error {
	var config *policy.Error
	if _, hinted := hint.Of(err); hinted || errors.As(err, &config) {
		return err
	}
	return &usageError{err}
}

// hintedUsage gives a mistake in a command's arguments the hint where to read about them.
func hintedUsage(cmd *cobra.Command, err error) error {
	var usage *usageError
	if errors.As(err, &usage) {
		return hint.With(err, "see `"+cmd.CommandPath()+" --help`")
	}
	return err
}

// end takes the exit status from a report. Writing a baseline succeeds whatever was found.
func (a *app) end(o *output, r *report.Report) {
	if a.status = r.ExitStatus(); o.after != nil && a.status < statusUsage {
		a.status = 0
	}
}

// tell writes what could not be read, and what is odd, to standard error.
func (a *app) tell(list []report.Error) {
	for i, e := range list {
		a.printError(e.Target+": "+e.Message, report.HintAfter(list, i))
	}
}

// printError writes a message, and what to do about it, to standard error.
func (a *app) printError(message, advice string) {
	fmt.Fprintf(a.Err, "podlint: %s\n", safe.Text(secret.Mask(message)))
	if advice != "" {
		fmt.Fprintf(a.Err, "hint: %s\n", safe.Text(secret.Mask(advice)))
	}
}

// complain writes an error, and what to do about it, to standard error.
func (a *app) complain(err error) {
	var config *policy.Error
	if errors.As(err, &config) {
		for i := range config.Problems {
			a.printError(config.Problems[i].Error(), config.Problems[i].Advice())
		}
		return
	}
	advice, _ := hint.Of(err)
	a.printError(err.Error(), advice)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "podlint",
		Short: "The hardening linter for Podman",
		Long: `podlint inspects the containers that Podman runs or defines and reports what leaves them unhardened: a
writable root filesystem, default capabilities, root that is the host's root, stale images, secrets in clear text.
Each finding says why it matters for this container and which setting to change.

scan, check and image only read. fix changes files only with --write. prove starts throw-away copies of a container,
removes them, stores its proof, and changes a unit only with --write. baseline and docs write the files that they are
for.

Exit status: 0 no finding at or above --fail-on, 1 findings at or above it, 2 wrong usage, invalid configuration, no
service or a file that could not be read, 3 the scan is incomplete or was interrupted.`,
		Example: `  podlint scan                          lint every container
  podlint scan web --format json        one container, for programs
  podlint check .                       the units, YAML, compose files and scripts of a repository
  podlint explain cap-drop-all          why, and what to do`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			near := strings.Join(cmd.SuggestionsFor(args[0]), " or ")
			if near == "" {
				near = nearestCommand(cmd, args[0])
			}
			return &usageError{fmt.Errorf("there is no command %q%s", args[0], meant(near))}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.Version = version.String()
	root.SetVersionTemplate(versionLine())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &usageError{flagError(cmd, err)} })
	root.AddCommand(a.scanCommand(nil), a.checkCommand(nil), a.imageCommand(), a.planCommand(), a.fixCommand(),
		a.proveCommand(), a.baselineCommand(), a.configCommand(), a.rulesCommand(), a.explainCommand(), a.docsCommand(),
		a.versionCommand())
	return root
}
