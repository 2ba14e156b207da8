package rules

import (
	"github.com/podlint/podlint/podman"
)

var pidsLimit = Rule{
	ID:       "pids-limit",
	Step:     "limit the processes of %s",
	Title:    "The number of processes is not limited",
	Severity: Low,
	Why: `A fork bomb in the container takes every process of the host, and nobody can log in to stop it. Podman's
default of 2048 prevents that; here it was taken away.`,
	Remedy: "Leave `--pids-limit=0` out, or give a number: `--pids-limit=100`.",
	CIS:    "5.29",
	See:    []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#pids-limit-limit"},
	Check: func(c *podman.Container) []Finding {
		p := c.Limits.PIDs
		if !p.Known() || p.Value > 0 {
			return nil
		}
		return violated(p, violation{
			Message:  "may start as many processes as the host has room for" + limitsDropped(c),
			Severity: Low,
			Setting:  "pids-limit",
			Value:    "unlimited",
			Fix: Fix{
				Summary: "limit its processes",
				Changes: []Change{{Flag: "--pids-limit=512"}},
			},
		})
	},
}
