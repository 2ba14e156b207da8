package definition

import (
	"os"
	"slices"
	"syscall"

	"github.com/podlint/podlint/podman"
)

// sourceFiles returns who may write and read what a container is defined in: its files and those that its variables
// come from.
func sourceFiles(c *podman.Container, files []string) []podman.SourceFile {
	var found []podman.SourceFile
	add := func(path string, environment bool) {
		if path == "" || slices.ContainsFunc(found, func(f podman.SourceFile) bool { return f.Path == path }) {
			return
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return
		}
		f := podman.SourceFile{Path: path, Mode: uint32(info.Mode().Perm()), Environment: environment}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			f.Owner = stat.Uid
		}
		found = append(found, f)
	}
	if c.Definition.Syntax != podman.SyntaxQuadlet && c.Definition.Origin.File != "" {
		add(c.Definition.Origin.File, false)
	}
	for _, file := range files {
		add(file, false)
	}
	for _, v := range c.Environment.Value {
		add(v.Origin.File, true)
	}
	return found
}
