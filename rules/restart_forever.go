package rules

import (
	"github.com/podlint/podlint/podman"
)

var restartForever = Rule{
	ID:       "restart-forever",
	Title:    "The restart policy has no limit",
	Severity: Info,
	Untried:  "a copy is not restarted",
	Why: `A service that crashes at once is started again without end: an exploit that needs many tries gets them, and
nobody notices. systemd stops after five starts in ten seconds and says so.`,
	Remedy:  "Use a Quadlet unit with `Restart=on-failure`, or `--restart=on-failure:5`.",
	CIS:     "5.15",
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#restart-policy"},
	Profile: Strict,
	Check: func(c *podman.Container) []Finding {
		r := c.Lifecycle.Restart
		forever := r.Value == "always" || r.Value == "unless-stopped" ||
			r.Value == "on-failure" && c.Lifecycle.Retries == 0
		if !r.Known() || !forever || r.State == podman.StateDefault || c.Unit != "" {
			return nil
		}
		return violated(r, violation{
			Message:  "is started again for ever, however often it crashes",
			Severity: Info,
			Setting:  "restart",
			Value:    r.Value,
			Fix: Fix{
				Summary: "let systemd start it (a Quadlet unit), or stop after five tries",
				Changes: []Change{{Flag: "--restart=on-failure:5"}},
			},
		})
	},
}
