package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/machine"
	"github.com/podlint/podlint/podman/registry"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// checkFlags holds the flags of `podlint check`.
type checkFlags struct {
	output
	overviewFlags
	rootless, rootful bool
	markdown          bool
	allowOutside      bool
	stdinName         string
	// edits is whether each finding is given the edits that end it.
	edits bool
	// timeout is for all of it, 0 for none.
	timeout time.Duration
	// policy and registries are the files that say what the machine accepts, empty for this machine's own.
	policy, registries string
}

func (a *app) checkCommand(after func(*output, *report.Report) error) *cobra.Command {
	flags := checkFlags{output: output{after: after}}
	cmd := &cobra.Command{
		Use:   "check PATH ...",
		Short: "Lint definitions: units, YAML, compose files, scripts",
		Long: `Check reads the files that define containers and reports what leaves them unhardened, with the line to
change. It needs no Podman.

It reads Quadlet units (.container, .pod, .kube, .volume, .network, .image, .build, .artifact, with their drop-ins,
.quadlets bundles and templates such as web.container.j2), Kubernetes YAML as podman kube play takes it, compose
files, Ansible's tasks, devcontainer.json, and the podman and docker command lines in shell scripts, .service units,
makefiles, justfiles, Taskfiles, CI YAML and, with --markdown, Markdown. Directories are walked; a file without an
extension is read where its first line names a shell. Files that define no container, and those that .gitignore
excludes and git does not track, are passed over: the last line counts them, --verbose lists them. A file with a
definition's ending that cannot be read is an error. The path - is standard input, which --stdin-name names.

The text is an overview above eight containers; --full shows the details. Either is in the order of what is worst.

Only files below the paths are read. What a definition names elsewhere (include, extends, env_file, EnvironmentFile,
.env) and symbolic links that lead elsewhere are errors or unknown, unless --allow-outside says so; the units in
/etc/containers/systemd and the other directories of this machine may name any file.

Whether a unit is for rootless or rootful Podman follows from its directory (/etc/containers/systemd,
~/.config/containers/systemd); elsewhere --rootless or --rootful says so. Where neither does, what is written in it, in
its pod and in the guides and scripts beside it speaks for rootless (UserNS=keep-id, %h, WantedBy=default.target,
systemctl --user), else rootful is assumed.

A finding is waived by a comment in the line above the setting or the section that it is about, with the reason:
  # podlint: ignore=read-only writes its own plugins

Exit status: 0 no finding at or above --fail-on, 1 findings at or above it, 2 wrong usage, or a file that could not be
read; the other files are linted.`,
		Example: `  podlint check /etc/containers/systemd
  podlint check --rootless ~/.config/containers/systemd
  podlint check . --format github               annotations in a pull request
  podlint check - --stdin-name web.container < web.container`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("check takes the files or directories to read")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.check(cmd, &flags, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.rootless, "rootless", false, "the definitions are for rootless Podman")
	f.BoolVar(&flags.rootful, "rootful", false, "the definitions are for rootful Podman")
	f.BoolVar(&flags.markdown, "markdown", false, "read the code blocks of Markdown files too")
	f.BoolVar(&flags.edits, "edits", false, "give each finding in JSON the edits that end it, as SARIF does")
	f.BoolVar(&flags.allowOutside, "allow-outside", false, "read files outside of the paths too, where definitions "+
		"name "+
		"them or symbolic links lead to them")
	f.DurationVar(&flags.timeout, "timeout", 0, "how long the run may take; what was read by then is reported (default "+
		"no limit)")
	f.StringVar(&flags.policy, "policy", "", "the signature policy's `file` (policy.json) of the machine that the "+
		"definitions are for, instead of this one's")
	f.StringVar(&flags.registries, "registries", "",
		"the registries.conf `file` of that machine, instead of this one's")
	f.StringVar(&flags.stdinName, "stdin-name", "", "the `name` that standard input would have as a file")
	flags.add(cmd)
	flags.flags(cmd)
	return cmd
}

func (a *app) check(cmd *cobra.Command, flags *checkFlags, paths []string) error {
	if err := a.prepare(cmd, &flags.output, rules.Parameters{}); err != nil {
		return err
	}
	ctx := cmd.Context()
	if flags.timeout > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, flags.timeout,
			fmt.Errorf("ended by --timeout=%s", flags.timeout))
		defer cancel()
		ctx = limited
	}
	stdin := slices.Contains(paths, "-")
	switch {
	case flags.timeout < 0:
		return &usageError{errors.New("--timeout must be greater than 0")}
	case flags.rootless && flags.rootful:
		return &usageError{errors.New("--rootless and --rootful exclude each other")}
	case stdin && flags.stdinName == "":
		return &usageError{errors.New("standard input needs --stdin-name to tell what it is")}
	case !stdin && flags.stdinName != "":
		return &usageError{errors.New("--stdin-name: standard input is not among the paths; add -")}
	}
	options := definition.Options{Rootless: modeOf(flags.rootless, flags.rootful), Markdown: flags.markdown,
		Now: a.now(), AllowOutside: flags.allowOutside, Stopped: func() bool { return ctx.Err() != nil }}
	if err := flags.trust(&options, a.machine); err != nil {
		return err
	}
	if stdin {
		paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == "-" })
		type input struct {
			data []byte
			err  error
		}
		in, ok := lint.Await(ctx, func() input {
			data, err := files.ReadAll(a.In)
			return input{data, err}
		})
		if !ok {
			return context.Cause(ctx)
		}
		if in.err != nil {
			return fmt.Errorf("reading standard input: %w", in.err)
		}
		options.Given = map[string][]byte{flags.stdinName: in.data}
	}
	finish, err := flags.view(cmd, flags.overviewFlags, false)
	if err != nil {
		return err
	}
	flags.linter.Propose = flags.edits || flags.writes("sarif")
	result := flags.linter.NewReport()
	if stdin {
		result.Given = []string{flags.stdinName}
	}
	bar := startProgress(a.Err, flags.quiet)
	type opened struct {
		set      *definition.Set
		problems []podman.Problem
	}
	found, ok := lint.Await(ctx, func() opened {
		set, problems := definition.Open(paths, options)
		return opened{set, problems}
	})
	set := found.set
	if ok {
		for _, p := range found.problems {
			result.Add(p)
		}
		flags.linter.Check(ctx, set, result, bar.show)
	} else { // whatever file system does not answer
		result.Definitions = true
		result.Interrupted(fmt.Errorf("%w while the directories were read", context.Cause(ctx)))
	}
	bar.end()
	flags.linter.Finish(result)
	a.place(result)
	if set == nil || !defines(set, result) {
		flags.empty(result, strings.Join(slices.Concat(paths, result.Given), " "), "no container is defined here")
	}
	finish(result, paths)
	if !slices.Contains(flags.destinations, destination{"text", "-"}) || flags.quiet { // the text report has them
		a.tell(slices.Concat(result.Errors, result.Warnings))
	}
	if err := flags.write(a.Streams, result); err != nil {
		return err
	}
	a.end(&flags.output, result)
	return nil
}

// defines reports whether any file of a set is a definition, though maybe of no container.
func defines(set *definition.Set, r *report.Report) bool {
	return slices.ContainsFunc(set.Paths(), func(path string) bool {
		return !slices.ContainsFunc(r.Skipped, func(s report.Skipped) bool { return s.Path == path })
	})
}

// modeOf returns what --rootless and --rootful say, unknown for neither.
func modeOf(rootless, rootful bool) podman.Setting[bool] {
	switch {
	case rootless:
		return podman.Set(true, podman.Field("--rootless"))
	case rootful:
		return podman.Set(false, podman.Field("--rootful"))
	default:
		return podman.Setting[bool]{}
	}
}

// trust reads what the machine accepts: the files that were named, else this machine's.
func (f *checkFlags) trust(o *definition.Options, here bool) error {
	if here || f.policy != "" {
		if o.Policy = machine.Policy(f.policy); f.policy != "" && !o.Policy.Known() {
			return fmt.Errorf("--policy: %s cannot be read as a signature policy", f.policy)
		}
	}
	if here || f.registries != "" {
		o.RegistriesFile = f.registries
		if o.Registries = registry.Registries(f.registries); f.registries != "" && !o.Registries.Known() {
			return fmt.Errorf("--registries: %s cannot be read as a registries.conf", f.registries)
		}
	}
	return nil
}
