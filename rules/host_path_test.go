package rules

import (
	"testing"

	"github.com/podlint/podlint/podman"
)

// TestSensitive holds which paths of the host give something away, to who may write them and to who may only read.
func TestSensitive(t *testing.T) {
	for source, want := range map[string]string{
		"~": "rw", "%h": "rw", "$HOME": "rw", "${HOME}": "rw", "/home/bob": "rw", "/root": "rw", "~/.ssh": "rw",
		"${HOME}/.ssh/id_ed25519": "rw", "/home/bob/.gnupg": "rw", "~/.config": "rw", "%h/.config/systemd/user": "w",
		"~/.bashrc": "w", "$HOME/.local/bin": "w", "/root/.bashrc": "rw", "~/data": "", "%h/.config/app": "",
		"/home/bob/music": "", "/homes/bob": "", "$HOMEDIR": "", "/root/data": "",
		"/etc/containers/systemd": "w", "/etc/containers": "w", "/etc/hosts": "", "/etc/shadow": "rw",
		"/var/lib/containerd": "rw", "/var/lib/libvirt": "rw", "/var/lib/kubelet": "rw", "/var/lib/incus": "rw",
		"/var/lib/libvirtual": "", "/srv": "",
	} {
		got := ""
		if sensitive(source, false) != "" {
			got = "r"
		}
		if sensitive(source, true) != "" {
			got += "w"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// TestHostSockets holds which sockets are a door to the host, and how wide.
func TestHostSockets(t *testing.T) {
	for source, want := range map[string]Severity{
		"/var/run/libvirt/libvirt-sock": High, "/run/libvirt": High, "/var/snap/lxd/common/lxd/unix.socket": High,
		"/var/lib/incus/unix.socket": High, "/run/snapd.socket": High, "/run/user/1000/wayland-0": Medium,
		"/run/user/1000/pulse/native": Medium, "/run/user/1000/pipewire-0": Medium, "/run/user/1000/bus": High,
		"/run/user/1000/app.sock": 0, "/srv/app/unix.socket": 0, "/run/mysqld/mysqld.sock": 0,
	} {
		if _, _, got := hostSocketBehind(podman.Mount{Type: "bind", Source: source}); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}
