package rules

// CISItem is an item of the CIS Docker Benchmark 1.6.0 and what podlint makes of it. The titles are podlint's own
// words.
type CISItem struct {
	Number, Title string
	// Why says why no rule looks at it, for Podman; empty where one does.
	Why string
}

// CISItems returns every item of section 5 (container runtime), and those of the sections on the daemon and on images
// that a rule is about. Which rules these are is said by their field CIS.
func CISItems() []CISItem {
	return []CISItem{
		{"2.1", "run the daemon as another user than root, if possible", ""},
		{"2.5", "no insecure registries", ""},
		{"2.7", "TLS for a daemon on TCP", ""},
		{"2.x", "the daemon's defaults for containers", ""},
		{"4.1", "a user of the container's own in the image", ""},
		{"4.2", "base images that are trusted", ""},
		{"4.5", "content trust", ""},
		{"4.8", "no setuid and setgid permissions in images", ""},
		{"4.10", "no secrets in images", ""},
		{"5.1", "no swarm mode where it is not needed", "Podman has no swarm mode."},
		{"5.2", "an AppArmor profile", ""},
		{"5.3", "SELinux options", ""},
		{"5.4", "kernel capabilities are restricted", ""},
		{"5.5", "no privileged containers", ""},
		{"5.6", "no sensitive host directories", ""},
		{"5.7", "no sshd", ""},
		{"5.8", "no privileged ports", ""},
		{"5.9", "only needed ports are open", "Which ports a service needs is known to its owner; `port-exposed` and " +
			"`port-privileged` flag what can be judged of a port by itself."},
		{"5.10", "the host's network namespace is not shared", ""},
		{"5.11", "memory is limited", ""},
		{"5.12", "CPU is limited or weighed", ""},
		{"5.13", "a read-only root filesystem", ""},
		{"5.14", "ports are bound to one interface of the host", ""},
		{"5.15", "restarts are limited", ""},
		{"5.16", "the host's process namespace is not shared", ""},
		{"5.17", "the host's IPC namespace is not shared", ""},
		{"5.18", "no host devices", ""},
		{"5.19", "the default ulimits are overridden where needed", "Podman gives every container ulimits from " +
			"containers.conf; what a service needs of them is not known to a linter, and what a fork bomb does is " +
			"bounded by `pids-limit`."},
		{"5.20", "mounts are not shared", ""},
		{"5.21", "the host's UTS namespace is not shared", ""},
		{"5.22", "seccomp is on", ""},
		{"5.23", "no privileged exec", ""},
		{"5.24", "no exec as root", "An exec as root holds what the container's own bounding set allows, which " +
			"`cap-drop-all` and `uid-map` judge; the item is about an administrator's habit, of which only open " +
			"sessions show."},
		{"5.25", "the cgroup is the container's own", ""},
		{"5.26", "no additional privileges can be acquired", ""},
		{"5.27", "health is checked", ""},
		{"5.28", "the latest version of the image runs", ""},
		{"5.29", "the PIDs cgroup limit is used", ""},
		{"5.30", "the default bridge is not used", ""},
		{"5.31", "the host's user namespace is not shared", ""},
		{"5.32", "the engine's socket is not mounted", ""},
	}
}
