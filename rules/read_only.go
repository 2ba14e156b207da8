package rules

import "github.com/podlint/podlint/podman"

var readOnly = Rule{
	ID:       "read-only",
	Step:     "make the root filesystem of %s read-only",
	Title:    "The root filesystem is writable",
	Severity: Medium,
	Kind:     FixReadOnly,
	Why: `Whoever takes over a process can replace the service's own programs, drop tools beside them and leave
something behind that survives a restart of the container. On a read-only root filesystem there is nowhere to write
but the volumes and tmpfs that the service was given.`,
	Remedy: "Run with `--read-only`. Podman then puts a tmpfs on /run, /tmp and /var/tmp by itself; give every other " +
		"path that the " +
		"service writes to a volume or a `--tmpfs`. `podman diff NAME` lists what it has written so far.",
	CIS:     "5.13",
	Profile: Standard,
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#read-only"},
	Drift:   []podman.Drift{podman.DriftReadOnly},
	Check: func(c *podman.Container) []Finding {
		ro := c.Files.ReadOnly
		if !ro.Known() || ro.Value {
			return nil
		}
		return violated(ro, violation{
			Message:  "the root filesystem is writable: what is planted there survives a restart",
			Severity: Medium,
			Setting:  "read-only",
			Value:    "false",
			Fix: Fix{
				Summary: "make the root filesystem read-only, with a tmpfs or a volume for each path the service " +
					"writes to",
				Changes: []Change{{Flag: "--read-only"}},
			},
		})
	},
}
