package rules

import (
	"github.com/podlint/podlint/podman"
)

var cpuLimit = Rule{
	ID:       "cpu-limit",
	Title:    "CPU time is not limited",
	Severity: Info,
	Untried:  "how much it needs shows only under load",
	Why: `A container that was taken over mines coins on every core. A limit keeps the rest of the machine answering,
and makes the misuse less worth while.`,
	Remedy:  "Give it the cores that it needs: `--cpus=1`; in a Quadlet unit `CPUQuota=` in [Service].",
	CIS:     "5.12",
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#cpus-number"},
	Profile: Strict,
	Check: func(c *podman.Container) []Finding {
		l := c.Limits.CPU
		if !l.Known() || l.Value {
			return nil
		}
		return violated(l, violation{
			Message:  "may use every core of the host" + limitsDropped(c),
			Severity: Info,
			Setting:  "cpus",
			Value:    "unlimited",
			Fix: Fix{
				Summary: "limit its CPU time", Changes: []Change{{Flag: "--cpus=1"}},
			},
		})
	},
}
