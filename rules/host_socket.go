package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/podlint/podlint/podman"
)

var hostSocket = Rule{
	ID:       "host-socket",
	Step:     "take the host's sockets away from %s",
	Title:    "A socket of the host's services is mounted",
	Severity: High,
	Why: `A socket is a door to the process behind it, and a read-only mount does not shut it. Over the system's D-Bus
and systemd one starts services as root, over a session's bus programs of the user, over X11 one reads every key that
is pressed, over an ssh-agent one logs in as its owner elsewhere.`,
	Remedy: "Leave the mount out. For logging use the log driver, for notifications `--sdnotify`; D-Bus can " +
		"be narrowed with xdg-dbus-proxy.",
	CIS: "",
	See: []string{"https://dbus.freedesktop.org/doc/dbus-daemon.1.html",
		"https://man7.org/linux/man-pages/man1/ssh-agent.1.html"},
	RootlessMatters: true,
	Drift:           []podman.Drift{podman.DriftMounts},
	OnPod:           true,
	Manual:          "only the owner knows whether the service works without the mount",
	Check: func(c *podman.Container) []Finding {
		if !c.Files.Mounts.Known() {
			return nil
		}
		var found []Finding
		for _, m := range c.Files.Mounts.Value {
			socket, gives, full := hostSocketBehind(m)
			if socket == "" {
				continue
			}
			severity, bound := lowered(c, full)
			if full == High && c.Process.UID.Known() && c.Process.UID.Value != 0 &&
				startsWith(c).user != podman.IdentityRoot {
				severity = min(severity, Medium)
			}
			found = append(found, mountFinding(m, severity, fmt.Sprintf("%s is mounted: %s%s", socket, gives, bound)))
		}
		return found
	},
}

// userRuntime returns the directory of an account's sockets that a path is below: /run/user/UID.
func userRuntime(source string) string {
	uid, _, _ := strings.Cut(strings.TrimPrefix(source, "/run/user/"), "/")
	return "/run/user/" + uid
}

// hostSocketBehind returns the socket of a service that a mount brings along, what it gives and how bad that is.
// Directories that hold an engine's socket are engine-socket's.
func hostSocketBehind(m podman.Mount) (socket, gives string, severity Severity) {
	if engine, _ := socketBehind(m); engine != "" || m.Type == "image" {
		return "", "", 0
	}
	source := hostPath(m.Source)
	const dbus, systemd, session = "access to the system bus is access to its services, systemd included",
		"through it, anything can be started as root", "whoever speaks to the session's bus acts as its user"
	const machines = "whoever may use it makes virtual machines or containers with any of the host's disks"
	const x11, agent = "access to the display shows its keys and screen",
		"through it, one can log in with its owner's keys"
	base := path.Base(source)
	switch {
	case source == "/run/dbus" || source == "/run/dbus/system_bus_socket":
		return m.Source, dbus, High
	case source == "/run/systemd" || source == "/run/systemd/private" ||
		strings.HasPrefix(source, "/run/systemd/private"):
		return m.Source, systemd, High
	case strings.HasPrefix(source, "/run/user/") && base == "bus":
		return m.Source, session, High
	case below(source, "/run/libvirt"), base == "unix.socket" && (strings.Contains(source, "/lxd") ||
		strings.Contains(source, "/incus")):
		return m.Source, machines, High
	case source == "/run/snapd.socket":
		return m.Source, "whoever may use it installs programs that run as root", High
	case strings.HasPrefix(source, "/run/user/") && (strings.HasPrefix(base, "wayland-") ||
		strings.HasPrefix(base, "pipewire-") || below(source, path.Join(userRuntime(source), "pulse"))):
		return m.Source, "access to the session shows what its user sees, says and hears", Medium
	case source == "/tmp/.X11-unix" || strings.HasPrefix(source, "/tmp/.X11-unix/"):
		return m.Source, x11, Medium
	case source == "/tmp":
		return m.Source + " of the host", "the sockets in it, X11's and ssh-agents', come along", Medium
	case strings.HasPrefix(source, "/tmp/ssh-"), strings.Contains(base, "ssh-agent"),
		strings.Contains(source, "SSH_AUTH_SOCK"), strings.HasPrefix(base, "S.gpg-agent"):
		return m.Source, agent, High
	}
	return "", "", 0
}
