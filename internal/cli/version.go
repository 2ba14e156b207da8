package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/internal/version"
	"github.com/podlint/podlint/podman/command"
)

// versionLine is what `podlint version` and `podlint --version` print.
func versionLine() string {
	return fmt.Sprintf("podlint %s (%s, flags of podman %s)\n", version.String(), runtime.Version(),
		command.TableVersion)
}

func (a *app) versionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(_ *cobra.Command, _ []string) error {
			about := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				Podman  string `json:"podmanFlags"`
			}{version.String(), runtime.Version(), command.TableVersion}
			return a.describe(format, about, func() {
				fmt.Fprint(a.Out, versionLine())
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}
