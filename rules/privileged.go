package rules

import (
	"github.com/podlint/podlint/podman"
)

var privileged = Rule{
	ID:       "privileged",
	Step:     "leave --privileged out of %s",
	Title:    "The container is privileged",
	Severity: Critical,
	Why: `--privileged takes every fence down at once: all capabilities, which --cap-drop does not take away again,
every device of the host, no seccomp filter, no SELinux or AppArmor confinement, /proc and /sys unmasked. Root
in such a container mounts the host's disk and is root on the host; no bug is needed.`,
	Remedy: "Leave `--privileged` out and give what the service really needs by name: `--cap-add`, " +
		"`--device`, `--security-opt`.",
	CIS:             "5.5",
	See:             []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#privileged"},
	RootlessMatters: true,
	Drift:           []podman.Drift{podman.DriftPrivileged},
	Check: func(c *podman.Container) []Finding {
		p := c.Confinement.Privileged
		if !p.Known() || !p.Value {
			return nil
		}
		const gives = "every capability, every device, no seccomp filter, /proc unmasked"
		severity, message := Critical, gives+": root in it is root on the host"
		switch {
		case !c.Host.Rootless.Known():
			severity, message = High, gives
		case isolated(c):
			severity, message = High, gives+"; only its user namespace is left between it and the host"
		case rootless(c):
			severity, message = High,
				gives+": in it one is the account that runs Podman, with every door to the kernel open"
		}
		return violated(p, violation{
			Message:  message,
			Severity: severity,
			Setting:  "privileged",
			Value:    "true",
			Fix: Fix{
				Summary: "leave --privileged out and add by name the capabilities and devices that the service needs",
				Drop:    true,
			},
		})
	},
}
