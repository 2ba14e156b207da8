package cli

import (
	"strings"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules/secret"
)

// pasteable masks the secrets of a command line that is printed to be pasted, and makes it fit for a terminal. A
// variable with a secret is passed by its name alone, so that Podman takes its value from the environment of the shell.
func pasteable(text string) string {
	lines, masked := strings.Split(text, "\n"), strings.Split(secret.Mask(text), "\n")
	for i, line := range lines {
		if masked[i] == line {
			continue
		}
		trimmed := strings.TrimLeft(line, " ")
		indent, tail := line[:len(line)-len(trimmed)], ""
		if strings.HasSuffix(trimmed, " \\") {
			trimmed, tail = strings.TrimSuffix(trimmed, " \\"), " \\"
		}
		lines[i] = strings.TrimSuffix(masked[i], tail) + tail
		for _, flag := range []string{"--env=", "--env ", "-e=", "-e "} {
			pair, ok := strings.CutPrefix(strings.ReplaceAll(trimmed, "'", ""), flag)
			if name, _, assigned := strings.Cut(pair, "="); ok && assigned && secret.Mask(name) == name {
				lines[i] = indent + "--env=" + name + tail
			}
		}
	}
	for i, line := range lines {
		lines[i] = safe.Whole(line)
	}
	return strings.Join(lines, "\n")
}
