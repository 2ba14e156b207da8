package rules

import "github.com/podlint/podlint/podman"

var networkHost = hostNamespace(Rule{
	ID:   "network-host",
	Step: "take %s off the host's network", Title: "The container is on the host's network", Severity: High,
	Why: `On the host's network a container talks to everything that listens on loopback, where services trust
everyone who asks, and to abstract sockets; it listens on any port without one being published, and no network of
Podman's keeps it from others.`,
	Remedy: "Publish the ports that are needed (`--publish=127.0.0.1:8080:80`); for socket activation hand the " +
		"socket over.",
	CIS: "5.10",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#network-mode-net"},
}, networkNamespace, func(c *podman.Container) (Severity, string) {
	message := "reaches what listens on the host's loopback and its abstract sockets, and listens where it likes"
	switch uid := c.Process.UID; {
	case isolated(c), rootless(c):
		return Medium, message
	case uid.Known() && uid.Value == 0 && c.Identity(0) == podman.IdentityRoot:
		return High, message + ", as the host's root"
	}
	return Medium, message
})
