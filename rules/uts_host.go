package rules

import "github.com/podlint/podlint/podman"

var utsHost = hostNamespace(Rule{
	ID: "uts-host", Title: "The container shares the host's name", Severity: Low,
	Why: `In the host's UTS namespace a container that holds SYS_ADMIN renames the host, on which certificates, logs
and clusters rely.`,
	Remedy:  "Leave `--uts=host` out; `--hostname` gives a container the name that it needs.",
	CIS:     "5.21",
	Profile: Standard,
	See:     []string{"https://man7.org/linux/man-pages/man7/uts_namespaces.7.html"},
}, utsNamespace, func(*podman.Container) (Severity, string) {
	return Low, "has the host's name for its own, to change if it holds SYS_ADMIN"
})
