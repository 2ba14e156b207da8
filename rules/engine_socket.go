package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/podlint/podlint/podman"
)

var engineSocket = Rule{
	ID:       "engine-socket",
	Step:     "take the engine's socket away from %s",
	Title:    "A container engine's socket is mounted",
	Severity: Critical,
	Why: `Whoever can talk to Podman's, Docker's, containerd's or CRI-O's socket can start a privileged container with
the host's root directory in it: a root shell with extra steps. A read-only mount does not help, since a socket is
spoken to and not written. A mount of a directory above the socket hands it over just the same.`,
	Remedy: "Leave the mount out. A service that only watches containers can be given a filtering proxy that lets " +
		"through the few " +
		"requests it needs, or its events by other means.",
	CIS: "5.32",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-system-service.1.html",
		"https://docs.docker.com/engine/security/protect-access/"},
	RootlessMatters: true,
	Drift:           []podman.Drift{podman.DriftMounts},
	OnPod:           true,
	Manual:          "only the owner knows whether the service works without the mount",
	Check: func(c *podman.Container) []Finding {
		mounts := c.Files.Mounts
		if !mounts.Known() {
			return nil
		}
		var found []Finding
		for _, m := range mounts.Value {
			socket, direct := socketBehind(m)
			if socket == "" {
				continue
			}
			if own, ok := c.Host.UIDs.Outside(0); ok && !direct && rootless(c) &&
				below("/run/user", hostPath(m.Source)) {
				socket = fmt.Sprintf("/run/user/%d/podman/podman.sock", own) // nearer at hand than root's
				if c.Namespaces.PlaceholderIDs {
					socket = "/run/user/UID/podman/podman.sock"
				}
			}
			severity, reach := socketReach(c, m, socket, direct)
			message, confidence := fmt.Sprintf("%s is mounted: %s", socket, reach), Certain
			if !direct {
				message, confidence = fmt.Sprintf("%s of the host is mounted, %s included: %s", m.Source, socket,
					reach), Derived
			}
			f := mountFinding(m, severity, message)
			f.Confidence, f.Extent = confidence, socket
			found = append(found, f)
		}
		return found
	},
}

// engineSockets holds where the engines' services listen, /var/run written as /run.
var engineSockets = []string{
	"/run/podman/podman.sock",
	"/run/docker.sock",
	"/run/containerd/containerd.sock",
	"/run/crio/crio.sock",
	"/run/k3s/containerd/containerd.sock",
	"/run/cri-dockerd.sock",
}

// socketBehind returns the engine socket that a mount brings along, empty for none, and whether it is the mount itself.
func socketBehind(m podman.Mount) (socket string, direct bool) {
	if m.Type == "image" {
		return "", false
	}
	source := hostPath(m.Source)
	switch path.Base(source) {
	case "podman.sock", "docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock":
		return m.Source, true
	}
	if source == "/" && !m.Recursive { // /run is a filesystem of its own and does not come along
		return "", false
	}
	for _, socket := range engineSockets {
		if below(socket, source) {
			return socket, false
		}
	}
	// /run/user, /run/user/UID and /run/user/UID/podman hold the sockets of users' own services.
	if rest, ok := strings.CutPrefix(source+"/", "/run/user/"); ok {
		uid, inside, _ := strings.Cut(rest, "/")
		if inside == "" || inside == "podman/" {
			if uid == "" {
				uid = "UID"
			}
			return "/run/user/" + uid + "/podman/podman.sock", false
		}
	}
	return "", false
}

// socketReach says what the socket gives this container, and how bad that is.
func socketReach(c *podman.Container, m podman.Mount, socket string, direct bool) (Severity, string) {
	ofUser := strings.HasPrefix(hostPath(socket), "/run/user/")
	if !c.Host.Rootless.Known() {
		return Medium, "who may connect to it acts as whoever runs the engine"
	}
	p := startsWith(c)
	letIn := !ofUser && !rootless(c) && socketLetsIn(c, &p, m, socket, direct) != ""
	switch {
	case letIn && (isolated(c) || p.files != podman.IdentityRoot):
		return Critical, "its permissions let the container in, which is root on the host, no bug needed"
	case isolated(c):
		return Medium, "only its user namespace and the socket's permissions keep it from the engine"
	case rootless(c) && ofUser:
		return High, "access to it is access as the account that runs Podman, no bug needed"
	case rootless(c):
		return Medium, "who may connect to it is root on the host"
	case c.Process.UID.Known() && c.Process.UID.Value != 0 && !ofUser && p.files == podman.IdentityRoot:
		return Critical, fmt.Sprintf("UID %d has access to it, which is root on the host, no bug needed",
			c.Process.UID.Value)
	case c.Process.UID.Known() && c.Process.UID.Value != 0:
		return High, fmt.Sprintf("UID %d is root on the host if the socket's permissions let it in",
			c.Process.UID.Value)
	case ofUser:
		return Critical,
			"access to it is access as the account whose Podman it is, and root in the container has that access"
	default:
		return Critical, "access to it is root on the host, no bug needed"
	}
}
