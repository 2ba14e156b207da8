package rules

import (
	"slices"

	"github.com/podlint/podlint/podman"
)

var groupsKept = Rule{
	ID:       "groups-kept",
	Step:     "take the account's groups away from %s",
	Title:    "The user's supplementary groups are kept",
	Severity: Low,
	Why: `With keep-groups the container's process is in every group of the account that runs Podman: docker, disk,
adm or wheel among them, whose files and sockets it may then open.`,
	Remedy: "Give the service's account the files it needs, or the one group by number (`--group-add=GID`, with a " +
		"mapping for it).",
	Profile: Standard,
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#group-add-group-keep-groups"},
	Check: func(c *podman.Container) []Finding {
		g := c.Process.Groups
		if !g.Known() || !slices.Contains(g.Value, podman.KeepGroups) {
			return nil
		}
		return violated(g, violation{
			Message:  "is in every group of the account that runs Podman",
			Severity: Low,
			Setting:  "group-add",
			Value:    "keep-groups",
			Fix:      Fix{Summary: "leave keep-groups out", Drop: true},
		})
	},
}
