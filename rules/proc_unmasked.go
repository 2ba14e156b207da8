package rules

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var procUnmasked = Rule{
	ID:       "proc-unmasked",
	Step:     "mask /proc and /sys again in %s",
	Title:    "Kernel files in /proc and /sys are unmasked",
	Severity: High,
	Why: `Podman hides what in /proc and /sys is the whole machine's and not the container's: kernel memory, keys,
timers, firmware, and makes switches such as /proc/sysrq-trigger read-only. Unmasked, root in the container reads and
flips them.`,
	Remedy:          "Leave `unmask` out, or name the one path that the service needs.",
	See:             []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#security-opt-option"},
	RootlessMatters: true,
	Check: func(c *podman.Container) []Finding {
		u, open := c.Confinement.Unmasked, c.Confinement.OpenPaths()
		if len(open) == 0 || isPrivileged(c) {
			return nil
		}
		full, message := Medium, strings.Join(open, ", ")+" of the host's kernel can be seen in it"
		switch {
		case slices.ContainsFunc(u.Value, func(p string) bool { return strings.EqualFold(p, "all") || p == "/proc/*" }):
			full, message = High, "all of /proc and /sys is open: kernel keys, timers, sysrq and sysctls of the host"
			if len(c.Confinement.Masked) > 0 {
				message = strings.Join(open, ", ") + " of the host's kernel are open in it"
				if !c.Confinement.KernelSwitches() {
					full = Medium
				}
			}
		case c.Confinement.KernelSwitches():
			full, message = High, strings.Join(open, ", ")+" of the host's kernel can be written to in it"
		}
		severity, bound := lowered(c, full)
		return violated(u, violation{
			Message:  message + bound,
			Severity: severity,
			Setting:  "unmask",
			Value:    strings.Join(u.Value, ":"),
			Fix:      Fix{Summary: "leave unmask out, or name the one path that is needed", Drop: true},
		})
	},
}
