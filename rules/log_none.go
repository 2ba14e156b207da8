package rules

import (
	"github.com/podlint/podlint/podman"
)

var logNone = Rule{
	ID:       "log-none",
	Title:    "Logging is disabled",
	Severity: Low,
	Why:      `Without logs nobody sees an attack while it goes on, nor how it went afterwards.`,
	Remedy:   "Leave `--log-driver=none` out: journald, Podman's default, limits what it keeps by itself.",
	See:      []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#log-driver-driver"},
	Check: func(c *podman.Container) []Finding {
		l := c.Lifecycle.LogDriver
		if !l.Known() || l.Value != "none" {
			return nil
		}
		return violated(l, violation{
			Message:  "its logs are thrown away: an attack leaves no trace",
			Severity: Low,
			Setting:  "log-driver",
			Value:    "none",
			Fix: Fix{
				Summary: "keep its logs", Safe: true,
				Changes: []Change{{Flag: "--log-driver=journald"}},
			},
		})
	},
}
