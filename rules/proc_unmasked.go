package rules

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var procUnmasked = Rule{
	ID:       "proc-unmasked",
	Title:    "Kernel files in /proc and /sys are unmasked",
	Severity: High,
	Why: `Podman hides what in /proc and /sys is the whole machine's and not the container's: kernel memory, keys,
timers, firmware, and makes switches such as /proc/sysrq-trigger read-only. Unmasked, root in the container reads and
flips them.`,
	Remedy:          "Leave `unmask` out, or name the one path that the service needs.",
	See:             []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#security-opt-option"},
	RootlessMatters: true,
	Check: func(c *podman.Container) []Finding {
		u := c.Confinement.Unmasked
		if !u.Known() || len(u.Value) == 0 || isPrivileged(c) {
			return nil
		}
		full, message := Medium, strings.Join(u.Value, ", ")+" of the host's kernel can be seen in it"
		if slices.ContainsFunc(u.Value,
			func(p string) bool { return strings.EqualFold(p, "all") || p == "/proc/*" || p == "/sys/*" }) {
			full, message = High, "all of /proc and /sys is open: kernel keys, timers, sysrq and sysctls of the host"
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
