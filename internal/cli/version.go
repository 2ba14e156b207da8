package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/podman/command"
)

// release is set by the linker for released binaries: -ldflags="-X github.com/podlint/podlint/internal/cli.release=v1.2.3".
var release string

// version is the release, or what the Go toolchain recorded of the module and the commit.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// versionLine is what `podlint version` and `podlint --version` print.
func versionLine() string {
	return fmt.Sprintf("podlint %s (%s, flags of podman %s)\n", version(), runtime.Version(), command.TableVersion)
}

func (a *app) versionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			about := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				Podman  string `json:"podmanFlags"`
			}{version(), runtime.Version(), command.TableVersion}
			return a.describe(cmd, format, about, func() {
				fmt.Fprint(a.Out, versionLine())
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}
