package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/rules"
)

func (a *app) imageCommand() *cobra.Command {
	flags := scanFlags{}
	cmd := &cobra.Command{
		Use:   "image IMAGE ...",
		Short: "Lint images: secrets, setuid programs, age, signs that a build cannot be repeated",
		Long: `Image reads images of a Podman service by themselves: their configuration and history, and their layers
as the service streams them. Nothing is unpacked here, and what a later layer has removed is found in the one that
brought it. Each finding names the layer and the path. It only reads.

Exit status: 0 no finding at or above --fail-on, 1 findings at or above it, 2 wrong usage or no service, 3 incomplete.`,
		Example: `  podlint image localhost/shop:1
  podlint image --profile strict registry.example.org/shop/web:1.4 --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("image takes the names of images")}
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
	if err := a.prepare(cmd, &flags.output, parameters); err != nil {
		return err
	}
	flags.service.Now, flags.service.Machine = a.now, a.machine
	flags.service.Log = func(string, ...any) {}
	service, err := live.Connect(cmd.Context(), flags.service)
	if err != nil {
		return err
	}
	defer service.Close()
	result := flags.linter.NewReport()
	bar := startProgress(a.Err, flags.quiet)
	err = flags.linter.Images(cmd.Context(), service, names, result, bar.show)
	bar.end()
	if err != nil {
		return err
	}
	flags.linter.Finish(result)
	return a.finish(&flags.output, result)
}
