package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

var mountChown = Rule{
	ID:       "mount-chown",
	Title:    "Mounting changes the owner of files on the host",
	Severity: Medium,
	Why: `:U gives every file below the source to the container's user, each time it starts. On a path of the host
that others use too they lose it, and what an attacker put there for them becomes theirs to plant.`,
	Remedy: "Give the directory to the right user once, or use a volume of Podman's own; idmapped mounts (`:idmap`) " +
		"leave the host's owners as they are.",
	See: []string{
		"https://docs.podman.io/en/latest/markdown/podman-run.1.html#volume-v-source-volume-host-dir-container-dir-options",
	},
	Drift: []podman.Drift{podman.DriftMounts},
	OnPod: true,
	Check: func(c *podman.Container) []Finding {
		if !c.Files.Mounts.Known() {
			return nil
		}
		var found []Finding
		for _, m := range c.Files.Mounts.Value {
			if !m.Chown || m.Type != "bind" {
				continue
			}
			severity := Low
			if isSystemDirectory(m.Source) {
				severity = High
			} else if !rootless(c) {
				severity = Medium
			}
			f := mountFinding(m, severity, fmt.Sprintf(":U gives every file below %s to the container's user at each "+
				"start", m.Source))
			f.Fix.Summary = "mount it without :U and give it to the right user once"
			f.Fix.Part = "U"
			found = append(found, f)
		}
		return found
	},
}
