// Package version knows which podlint this is.
package version

import "runtime/debug"

const module = "github.com/podlint/podlint"

// release is set by the linker for released binaries:
// -ldflags="-X github.com/podlint/podlint/internal/version.release=v1.2.3".
var release string

// String returns the release, else what the Go toolchain recorded of the module, else "(devel)". In a program that uses
// podlint as a library it is the version of the library.
func String() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	if info.Main.Path == module && info.Main.Version != "" {
		return info.Main.Version
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "(devel)"
}
