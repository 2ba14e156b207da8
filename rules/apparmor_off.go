package rules

import (
	"github.com/podlint/podlint/podman"
)

var apparmorOff = Rule{
	ID:       "apparmor-off",
	Title:    "AppArmor does not confine the container",
	Severity: Medium,
	Why: `Podman's AppArmor profile keeps a container from writing to /proc and /sys, from mounting and from tracing
what is not its own. Unconfined, root in it meets one fence less.`,
	Remedy: "Leave `apparmor=unconfined` out, or name a profile of the service's own.",
	CIS:    "5.2",
	See:    []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#security-opt-option"},
	Check: func(c *podman.Container) []Finding {
		a, host := c.Confinement.AppArmor, c.Host.AppArmor
		if !a.Known() || a.Value != "unconfined" || isPrivileged(c) || host.Known() && !host.Value {
			return nil
		}
		severity, message := Medium, "AppArmor is switched off for it"
		if isolated(c) || rootless(c) {
			severity = Low
		}
		found := violated(a, violation{
			Message:  message,
			Severity: severity,
			Setting:  "apparmor",
			Value:    "unconfined",
			Fix:      Fix{Summary: "leave apparmor=unconfined out", Drop: true},
		})
		if !host.Known() {
			found[0].Message += ", where the host has AppArmor"
			found[0].Confidence = Derived
		}
		return found
	},
}
