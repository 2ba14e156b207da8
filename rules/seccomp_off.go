package rules

import (
	"github.com/podlint/podlint/podman"
)

var seccompOff = Rule{
	ID:       "seccomp-off",
	Step:     "give %s Podman's seccomp filter again",
	Title:    "No seccomp filter",
	Severity: High,
	Why: `Podman's filter keeps some fifty system calls from the container that services do not use and that most ways
out of a container have gone through: keyctl, userfaultfd, mount, bpf, kexec. Without it the kernel's whole surface
lies open.`,
	Remedy: "Leave `seccomp=unconfined` out. For the one call that is missing, give a profile of its own: " +
		"`--security-opt=seccomp=PATH`.",
	CIS: "5.22",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#security-opt-option",
		"https://man7.org/linux/man-pages/man2/seccomp.2.html"},
	Check: func(c *podman.Container) []Finding {
		s := c.Confinement.Seccomp
		if !s.Known() || s.Value != "unconfined" || isPrivileged(c) {
			return nil
		}
		// Neither a user namespace nor rootless mode makes the kernel's calls fewer: they make what is won less.
		severity, message := High,
			"every system call of the host's kernel is open to it, those included that most escapes went through"
		if isolated(c) || rootless(c) || !c.Host.Rootless.Known() {
			severity = Medium
		}
		return violated(s, violation{
			Message:  message,
			Severity: severity,
			Setting:  "seccomp",
			Value:    "unconfined",
			Fix: Fix{Summary: "leave seccomp=unconfined out: Podman's own profile lets services do what they do",
				Drop: true},
		})
	},
}
