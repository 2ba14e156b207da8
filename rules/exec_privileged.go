package rules

import (
	"github.com/podlint/podlint/podman"
)

var execPrivileged = Rule{
	ID:       "exec-privileged",
	Title:    "A privileged session is open in the container",
	Severity: Medium,
	Why: `podman exec --privileged gives its process every capability, even in a container that has dropped all of
them. While it is open, what runs in the container can attack it and take them over.`,
	Remedy:          "End the session; `podman exec --user=root` without --privileged does for most of what is needed.",
	CIS:             "5.23",
	See:             []string{"https://docs.podman.io/en/latest/markdown/podman-exec.1.html"},
	RootlessMatters: true,
	Check: func(c *podman.Container) []Finding {
		p := c.Process.PrivilegedExec
		if !p.Known() || !p.Value || isPrivileged(c) {
			return nil
		}
		severity, bound := lowered(c, Medium)
		return violated(p, violation{
			Message:  "a session of podman exec --privileged is open in it, with every capability" + bound,
			Severity: severity,
			Setting:  "exec",
			Value:    "privileged",
			Fix:      Fix{Summary: "end the session"},
		})
	},
}
