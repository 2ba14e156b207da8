package rules

import (
	"github.com/podlint/podlint/podman"
)

var memoryLimit = Rule{
	ID:       "memory-limit",
	Step:     "limit the memory of %s",
	Title:    "Memory is not limited",
	Severity: Low,
	Untried:  "how much it needs shows only under load",
	Why: `A container that leaks, or is made to, takes the host's memory until the kernel kills something, which
need not be it.`,
	Remedy: "Give it what it needs and some more: `--memory=512m`; in a Quadlet unit `Memory=` from Podman 5.5 on, " +
		"or `MemoryMax=` in [Service].",
	CIS:     "5.11",
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#memory-m-number-unit"},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		m := c.Limits.Memory
		if !m.Known() || m.Value > 0 {
			return nil
		}
		return violated(m, violation{
			Message:  "may take all the memory of the host" + limitsDropped(c),
			Severity: Low,
			Setting:  "memory",
			Value:    "unlimited",
			Fix: Fix{
				Summary: "limit its memory to what it needs and some more",
				Changes: []Change{{Flag: "--memory=512m"}},
			},
		})
	},
}
