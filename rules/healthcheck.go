package rules

import (
	"github.com/podlint/podlint/podman"
)

var healthcheck = Rule{
	ID:       "healthcheck",
	Title:    "No health check",
	Severity: Low,
	Why: `Without a health check a container counts as healthy as long as its process lives, and podman auto-update
has nothing to tell a bad update by: with one, and --sdnotify=healthy, it goes back by itself.`,
	Remedy: "Say how to ask it: `--health-cmd='curl -fs http://localhost/'`. In a Quadlet unit add `Notify=healthy` " +
		"so that systemd waits for it.",
	CIS:     "5.27",
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-healthcheck.1.html"},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		h := c.Lifecycle.Health
		if !h.Known() || h.Value == "check" || c.RunsOnce() {
			return nil
		}
		fix := Fix{Summary: "say how to ask whether it works: --health-cmd=COMMAND"}
		if h.Value == "none" {
			return violated(h, violation{
				Message:  "its health check is switched off",
				Severity: Low,
				Setting:  "health check",
				Value:    "none",
				Fix:      fix,
			})
		}
		found := violated(h, violation{
			Message:  "has no health check: nothing notices when it stops working",
			Severity: Low,
			Setting:  "health check",
			Value:    "",
			Fix:      fix,
		})
		// the image may bring one, which Podman uses only of images in Docker's format
		if c.Definition.Syntax != "" && c.ID == "" {
			found[0].Severity, found[0].Confidence = Info, Derived
			found[0].Message = "defines no health check, and few images bring one"
		}
		if c.AutoUpdated() && !c.RollsBack() {
			found[0].Message += "; podman auto-update, which it is labelled for, could not tell a bad image and go back"
		}
		return found
	},
}
