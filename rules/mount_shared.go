package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

var mountShared = Rule{
	ID:       "mount-shared",
	Title:    "Mount propagation is shared with the host",
	Severity: Medium,
	Why: `With shared propagation what the container mounts below the directory appears on the host too. A process
that may mount puts a filesystem of its own over the host's files.`,
	Remedy:          "Leave `shared` and `rshared` out; `rslave` lets the host's mounts in and none out.",
	CIS:             "5.20",
	See:             []string{"https://docs.kernel.org/filesystems/sharedsubtree.html"},
	RootlessMatters: true,
	Drift:           []podman.Drift{podman.DriftMounts},
	OnPod:           true,
	Check: func(c *podman.Container) []Finding {
		if !c.Files.Mounts.Known() || rootless(c) || !c.Host.Rootless.Known() {
			return nil // a rootless Podman has a mount namespace of its own, out of which nothing gets
		}
		var found []Finding
		for _, m := range c.Files.Mounts.Value {
			if m.Propagation != "shared" && m.Propagation != "rshared" {
				continue
			}
			severity, bound := lowered(c, Medium)
			f := mountFinding(m, severity,
				fmt.Sprintf("what it mounts below %s appears on the host%s", m.Destination, bound))
			f.Fix.Summary = "mount it without " + m.Propagation
			f.Fix.Part = m.Propagation
			found = append(found, f)
		}
		return found
	},
}
