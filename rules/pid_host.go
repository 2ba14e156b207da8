package rules

import "github.com/podlint/podlint/podman"

var pidHost = hostNamespace(Rule{
	ID:   "pid-host",
	Step: "take %s out of the host's PID namespace", Title: "The container sees every process of the host", Severity: High,
	Why: `In the host's PID namespace a container sees all processes with their arguments and environments, secrets in
them included, and signals those of its own UID. With SYS_PTRACE it reads and changes their memory.`,
	Remedy: "Leave `--pid=host` out. Monitoring gets the host's /proc mounted read-only, or runs on the host.",
	CIS:    "5.16",
	See:    []string{"https://man7.org/linux/man-pages/man7/pid_namespaces.7.html"},
}, pidNamespace, func(c *podman.Container) (Severity, string) {
	severity, bound := lowered(c, High)
	return severity, "sees every process of the host and may signal those of its own UID" + bound
})
