package command

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

// EnvironmentFile reads a file that --env-file names: a NAME=VALUE a line, # before comments (podman-run(1)). A name
// without a value is taken from the environment of whoever runs Podman.
func EnvironmentFile(path string, data []byte) []podman.Variable {
	var found []podman.Variable
	line := 0
	for text := range strings.SplitSeq(string(data), "\n") {
		line++
		trimmed := strings.TrimLeft(text, " \t\r")
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		name, value, given := strings.Cut(strings.TrimRight(trimmed, "\r"), "=")
		v := podman.Variable{Name: name, Value: podman.Sensitive(value), Owner: podman.OwnerUser}
		if !given {
			v.Owner = podman.OwnerUnknown
		}
		v.Origin = podman.Origin{Field: "--env-file", File: path, Line: line, Column: len(text) - len(trimmed) + 1}
		found = append(found, v)
	}
	return found
}
