package rules

import "github.com/podlint/podlint/podman"

var ipcHost = hostNamespace(Rule{
	ID:   "ipc-host",
	Step: "take %s out of the host's IPC namespace", Title: "The container shares memory with the host", Severity: Medium,
	Why: `In the host's IPC namespace a container reads and writes the shared memory, semaphores and message queues of
the host's processes, as far as their permissions let its UID.`,
	Remedy: "Leave `--ipc=host` out; containers that work together share one with `--ipc=container:NAME`, or a pod.",
	CIS:    "5.17",
	See:    []string{"https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html"},
}, ipcNamespace, func(c *podman.Container) (Severity, string) {
	severity, bound := lowered(c, Medium)
	return severity, "reads and writes the shared memory of the host's processes" + bound
})
