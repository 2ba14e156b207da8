package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

func (a *app) imageCommand() *cobra.Command {
	flags := scanFlags{}
	cmd := &cobra.Command{
		Use:   "image IMAGE ...",
		Short: "Lint images: secrets, setuid programs, age, signs that a build cannot be repeated",
		Long: `Image reads images of a Podman service by themselves: their configuration and history, and their layers as the service streams them.
Nothing is unpacked here, and what a later layer has removed is found in the one that brought it. Each finding names the layer
and the path.`,
		Example: `  podlint image localhost/shop:1
  podlint image --profile strict registry.example.org/shop/web:1.4 --format json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("image takes the names of images"), cmd.CommandPath()}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.images(cmd, &flags, args) },
	}
	flags.connection(cmd)
	cmd.Flags().DurationVar(&flags.imageAge, "image-age", rules.DefaultImageAge, "how old an image may be")
	flags.flags(cmd)
	return cmd
}

// images lints images one after the other: each is a stream of its own size.
func (a *app) images(cmd *cobra.Command, flags *scanFlags, names []string) error {
	var parameters rules.Parameters
	if cmd.Flags().Changed("image-age") {
		parameters.ImageAge = flags.imageAge
	}
	if err := flags.check(cmd, parameters); err != nil {
		return usageOf(cmd, err)
	}
	flags.service.Now, flags.service.Machine = a.now, a.machine
	flags.service.Log = func(string, ...any) {}
	service, err := live.Connect(cmd.Context(), flags.service)
	if err != nil {
		return err
	}
	defer service.Close()
	result := &report.Report{
		Tool: report.Tool{Name: "podlint", Version: version()}, Started: a.now(), Rules: flags.selectedRules, FailOn: flags.failOnSeverity, Complete: true,
	}
	result.Sources = append(result.Sources, report.Source{Kind: "podman", URI: service.URI})
	shown := startProgress(a.Err, flags.quiet)
	look := live.Looker{Wants: secret.MayHold, Bytes: secret.WantedBytes, Secret: secret.InFile}
	for i, name := range names {
		shown.name("reading " + name + ", MiB")
		c, err := service.Image(cmd.Context(), name, look, func(bytes int64) { shown.set(int(bytes>>20), 0) })
		if err != nil {
			var hinted *live.Error
			if errors.As(err, &hinted) && len(names) == 1 {
				shown.end()
				return err
			}
			result.Errors = append(result.Errors, report.Error{Target: name, Message: err.Error()})
			result.Complete = false
			continue
		}
		if i == 0 {
			result.Sources[0].Podman = c.Host.Podman
			if c.Host.Rootless.Known() {
				result.Sources[0].Rootless = &c.Host.Rootless.Value
			}
		}
		result.Containers = append(result.Containers, report.Describe(c))
		flags.keep(result, rules.Check(flags.selectedRules, c))
		if c.Image.Content.Value.Truncated {
			result.Warnings = append(result.Warnings, report.Error{Target: name, Message: "it holds more than podlint keeps: not everything is named"})
		}
	}
	shown.end()
	result.Finished = a.now()
	flags.finish(result)
	result.Sort()
	if !flags.onTerminal(a.Out) { // where the report shows them
		a.tell(result.Errors)
	}
	if err := flags.write(a.Streams, result); err != nil {
		return err
	}
	a.end(&flags.output, result)
	return nil
}
