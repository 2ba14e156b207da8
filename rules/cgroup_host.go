package rules

import "github.com/podlint/podlint/podman"

var cgroupHost = hostNamespace(Rule{
	ID: "cgroup-host", Title: "The container sees the host's cgroups", Severity: Low,
	Why: `In the host's cgroup namespace a container sees the tree of all units and containers with their names. On
cgroup v1, which has no other by default, root in it has used release_agent to run programs on the host.`,
	Remedy:  "Leave `--cgroupns=host` out. On cgroup v1 it is Podman's default: boot with cgroup v2.",
	CIS:     "5.25",
	Profile: Standard,
	See:     []string{"https://man7.org/linux/man-pages/man7/cgroup_namespaces.7.html"},
}, cgroupNamespace, func(*podman.Container) (Severity, string) {
	return Low, "sees the cgroups of the whole host, with the names of every unit and container"
})
