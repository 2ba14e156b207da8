package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var tmpfsExec = Rule{
	ID:       "tmpfs-exec",
	Title:    "Programs can be run from a tmpfs",
	Severity: Low,
	Why: `A tmpfs is what is left to write to in a hardened container, so it is where an attacker's tools land.
Mounted noexec they cannot be started from there. Podman mounts a tmpfs nosuid and nodev by itself, but not noexec.`,
	Remedy: "Add the option: `--tmpfs=/path:rw,noexec,nosuid,nodev,size=64m`. The size keeps it from eating the " +
		"memory.",
	Profile: Standard,
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#tmpfs-fs"},
	Check: func(c *podman.Container) []Finding {
		if !c.Files.Tmpfs.Known() {
			return nil
		}
		var found []Finding
		for _, t := range c.Files.Tmpfs.Value {
			var missing []string
			for _, option := range []string{"noexec", "nosuid", "nodev"} {
				if !slices.Contains(t.Options, option) {
					missing = append(missing, option)
				}
			}
			if len(missing) == 0 {
				continue
			}
			found = append(found, Finding{
				Message: fmt.Sprintf("the tmpfs on %s is mounted without %s: what is dropped there can be run",
					t.Destination, strings.Join(missing, ", ")), Severity: Low, Confidence: Certain,
				Cause:    t.Destination,
				Evidence: []Evidence{{"tmpfs", t.Destination + ":" + strings.Join(t.Options, ","), t.Origin}},
				Fix: Fix{Summary: fmt.Sprintf("mount it with noexec: --tmpfs=%s:rw,noexec,nosuid,nodev", t.Destination),
					Drop:        true,
					Replacement: []Change{{Flag: "--tmpfs=" + hardenedTmpfs(t)}}},
			})
		}
		return found
	},
}

// hardenedTmpfs writes a tmpfs as --tmpfs takes it, with the options that it lacks.
func hardenedTmpfs(t podman.Tmpfs) string {
	options := []string{"rw", "noexec", "nosuid", "nodev"}
	for _, o := range t.Options {
		if !slices.Contains([]string{"rw", "exec", "suid", "dev", "noexec", "nosuid", "nodev"}, o) {
			options = append(options, o)
		}
	}
	if slices.Contains(t.Options, "ro") {
		options = options[1:]
	}
	return t.Destination + ":" + strings.Join(options, ",")
}
