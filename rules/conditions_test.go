package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules/secret"
)

// rootlessly makes a container one of a rootless Podman's.
func rootlessly(c *podman.Container) {
	c.Host.Rootless = podman.Set(true, podman.Origin{})
	c.Host.UIDs = podman.IDMap{{Inside: 0, Outside: 1001, Size: 1}, {Inside: 1, Outside: 100000, Size: 65536}}
	c.Host.GIDs = c.Host.UIDs
	c.Namespaces.UIDs, c.Namespaces.GIDs = podman.DefaultTo(c.Host.UIDs, podman.Origin{}),
		podman.DefaultTo(c.Host.UIDs, podman.Origin{})
}

// mapped gives a container users of its own.
func mapped(c *podman.Container) {
	c.Namespaces.UIDs = podman.Set(podman.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}, podman.Origin{})
	c.Namespaces.GIDs = c.Namespaces.UIDs
}

// updated labels a container for auto-update.
func updated(policy, image string, more func(*podman.Container)) func(*podman.Container) {
	return func(c *podman.Container) {
		c.Image.Name, c.Image.Written = image, podman.Set(image, podman.Origin{})
		c.Lifecycle.AutoUpdate = podman.Set(policy, podman.Origin{})
		if more != nil {
			more(c)
		}
	}
}

// notify says who tells systemd that the container is up, and what health check there is.
func notify(mode, health string) func(*podman.Container) {
	return func(c *podman.Container) {
		c.Lifecycle.Notify, c.Lifecycle.Health = podman.Set(mode, podman.Origin{}), podman.Set(health, podman.Origin{})
	}
}

// latest gives a container an image, with what its registry has.
func latest(digest, created string) func(*podman.Container) {
	return func(c *podman.Container) {
		c.Image.Name, c.Image.Digest, c.Image.Digests = "quay.io/x/y:1", "sha256:a", []string{"sha256:index"}
		c.Image.Built = podman.Set(time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC), podman.Origin{})
		l := podman.Latest{Digest: digest}
		if created != "" {
			l.Created, _ = time.Parse(time.DateOnly, created)
		}
		c.Image.Latest = podman.Set(l, podman.Field("registry"))
	}
}

// all does several changes.
func all(changes ...func(*podman.Container)) func(*podman.Container) {
	return func(c *podman.Container) {
		for _, change := range changes {
			change(c)
		}
	}
}

// TestConditions holds, for the rules whose severity or words depend on the case, each case: what the rule says of a
// container, whole.
func TestConditions(t *testing.T) {
	bind := func(m podman.Mount) func(*podman.Container) {
		return func(c *podman.Container) {
			m.Type, m.Recursive, m.Destination = "bind", true, "/m"
			c.Files.Mounts = podman.Set([]podman.Mount{m}, podman.Field("Mounts"))
		}
	}
	uid := func(n uint32) func(*podman.Container) {
		return func(c *podman.Container) { c.Process.UID = podman.Set(n, podman.Origin{}) }
	}
	dev := func(path, permissions string) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Files.Devices = podman.Set([]podman.Device{{Path: path, Permissions: permissions}}, podman.Origin{})
		}
	}
	devRule := func(rule string) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Files.DeviceRules = podman.Set([]string{rule}, podman.Origin{})
			c.Capabilities.Bounding = podman.Set([]string{"CAP_MKNOD"}, podman.Origin{})
		}
	}
	ports := func(list ...podman.Port) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Network.Mode, c.Network.Ports = podman.Set("bridge", podman.Origin{}), podman.Set(list, podman.Origin{})
		}
	}
	image := func(name, written string) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Image.Name = name
			if written != "" {
				c.Image.Written = podman.Set(written, podman.Origin{})
			}
		}
	}
	set := func(change func(*podman.Container)) func(*podman.Container) { return change }
	policy := func(p podman.Policy) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Host.Policy = podman.Set(p, podman.Origin{File: "/etc/containers/policy.json"})
		}
	}
	insecure := func(prefix string) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Host.Registries = podman.Set(map[string]podman.Registry{prefix: {Insecure: true}}, podman.Origin{})
		}
	}
	for _, test := range []struct {
		name   string
		change func(*podman.Container)
		rule   string
		want   string // "severity: message", several joined by " | "
	}{
		{"seccomp off",
			set(func(c *podman.Container) { c.Confinement.Seccomp = podman.Set("unconfined", podman.Origin{}) }),
			"seccomp-off", "high, high: every system call of the host's kernel is open to it, those included that " +
				"most escapes went through"},
		{"seccomp off, rootless",
			all(rootlessly,
				func(c *podman.Container) { c.Confinement.Seccomp = podman.Set("unconfined", podman.Origin{}) }),
			"seccomp-off", "medium, high: every system call of the host's kernel is open to it, those included that " +
				"most escapes went through"},
		{"seccomp off, mapped",
			all(mapped, func(c *podman.Container) {
				c.Confinement.Seccomp = podman.Set("unconfined",
					podman.Origin{})
			}), "seccomp-off", "medium, high: every system call of the host's kernel is open to it, those included " +
				"that most escapes went through"},
		{"apparmor off, the host has it", func(c *podman.Container) {
			c.Confinement.AppArmor, c.Host.AppArmor = podman.Set("unconfined", podman.Origin{}),
				podman.Set(true, podman.Origin{})
		}, "apparmor-off", "medium, high: AppArmor is switched off for it"},
		{"apparmor off, rootless", all(rootlessly, func(c *podman.Container) {
			c.Confinement.AppArmor, c.Host.AppArmor = podman.Set("unconfined", podman.Origin{}),
				podman.Set(true, podman.Origin{})
		}), "apparmor-off", "low, high: AppArmor is switched off for it"},
		{"apparmor off, the host is not known",
			func(c *podman.Container) { c.Confinement.AppArmor = podman.Set("unconfined", podman.Origin{}) },
			"apparmor-off", "medium, medium: AppArmor is switched off for it, where the host has AppArmor"},
		{"apparmor off, the host has none", func(c *podman.Container) {
			c.Confinement.AppArmor, c.Host.AppArmor = podman.Set("unconfined", podman.Origin{}),
				podman.Set(false, podman.Origin{})
		}, "apparmor-off", ""},
		{"selinux off, the host has it", func(c *podman.Container) {
			c.Confinement.Label, c.Host.SELinux = podman.Set("disable", podman.Origin{}),
				podman.Set(true, podman.Origin{})
		}, "selinux-off", "high, high: SELinux is switched off for it: out of the container, nothing labels its " +
			"process as one"},
		{"selinux off, rootless", all(rootlessly, func(c *podman.Container) {
			c.Confinement.Label, c.Host.SELinux = podman.Set("disable", podman.Origin{}),
				podman.Set(true, podman.Origin{})
		}), "selinux-off", "medium, high: SELinux is switched off for it: out of the container, nothing labels its " +
			"process as one"},
		{"selinux off, the host is not known",
			func(c *podman.Container) { c.Confinement.Label = podman.Set("spc_t", podman.Origin{}) }, "selinux-off",
			"medium, medium: runs with the type spc_t, which SELinux does not confine (where the host has SELinux)"},
		{"all of /proc unmasked", func(c *podman.Container) {
			c.Confinement.Unmasked = podman.Set([]string{"/proc/*"},
				podman.Origin{})
		}, "proc-unmasked", "high, high: all of /proc and /sys is open: kernel keys, timers, sysrq and sysctls of " +
			"the host"},
		{"one path unmasked", func(c *podman.Container) {
			c.Confinement.Unmasked = podman.Set([]string{"/proc/kcore"}, podman.Origin{})
		}, "proc-unmasked", "medium, high: /proc/kcore of the host's kernel can be seen in it"},
		{"the bus", bind(podman.Mount{Source: "/run/dbus/system_bus_socket"}), "host-socket", "high, high: " +
			"/run/dbus/system_bus_socket is mounted: access to the system bus is access to its services, systemd " +
			"included"},
		{"the bus, as another user", all(uid(33), bind(podman.Mount{Source: "/run/dbus/system_bus_socket"})),
			"host-socket", "medium, high: /run/dbus/system_bus_socket is mounted: access to the system bus is access " +
				"to its services, systemd included"},
		{"a device of the vendor's", dev("nvidia.com/gpu=all", ""), "device", "medium, high: nvidia.com/gpu=all is " +
			"in it: a device of the vendor's choice, with its driver"},
		{"tun", dev("/dev/net/tun", "rw"), "device",
			"low, high: /dev/net/tun is in it: its driver in the host's kernel"},
		{"tun, rootless", all(rootlessly, dev("/dev/net/tun", "rw")), "device", "low, high: /dev/net/tun is in it: " +
			"its driver in the host's kernel, as far as the account that runs Podman may use it"},
		{"a disk, to read", dev("/dev/sda", "r"), "device", "high, high: /dev/sda is in it: the filesystem on it, " +
			"past every permission"},
		{"hardware", dev("/dev/ttyUSB0", ""), "device", "medium, high: /dev/ttyUSB0 is in it: the hardware, and its " +
			"driver in the host's kernel"},
		{"every device", devRule("a *:* rwm"), "device", "high, high: the rule a *:* rwm lets it use every such " +
			"device of the host"},
		{"every block device", devRule("b *:* rwm"), "device", "high, high: the rule b *:* rwm lets it use every " +
			"such device of the host"},
		{"every character device", devRule("c *:* rwm"), "device", "high, high: the rule c *:* rwm lets it use every " +
			"such device of the host"},
		{"disks", devRule("b 8:* r"), "device", "high, high: the rule b 8:* r lets it use disks of the host"},
		{"a kind of device", devRule("c 188:* rw"), "device", "medium, high: the rule c 188:* rw lets it use devices " +
			"of the host"},
		{"device rules that are not known",
			func(c *podman.Container) { c.Files.DeviceRules.Value = []string{"a *:* rwm"} }, "device", ""},
		{"the host's network, as root",
			func(c *podman.Container) { c.Network.Mode = podman.Set("host", podman.Origin{}) }, "network-host",
			"high, high: reaches what listens on the host's loopback and its abstract sockets, and listens where it " +
				"likes, as the host's root"},
		{"the host's network, as another",
			all(uid(33), func(c *podman.Container) { c.Network.Mode = podman.Set("host", podman.Origin{}) }),
			"network-host", "medium, high: reaches what listens on the host's loopback and its abstract sockets, and " +
				"listens where it likes"},
		{"the host's network, mapped",
			all(mapped, func(c *podman.Container) { c.Network.Mode = podman.Set("host", podman.Origin{}) }),
			"network-host", "medium, high: reaches what listens on the host's loopback and its abstract sockets, and " +
				"listens where it likes"},
		{"the host's network, rootless",
			all(rootlessly, func(c *podman.Container) { c.Network.Mode = podman.Set("host", podman.Origin{}) }),
			"network-host", "medium, high: reaches what listens on the host's loopback and its abstract sockets, and " +
				"listens where it likes"},
		{"a port", ports(podman.Port{Host: 8080, Container: 80, Count: 1, Protocol: "tcp"}), "port-exposed",
			"medium, high: port 8080 is open on every address of the host"},
		{"ports of both protocols", ports(podman.Port{Host: 53, Container: 53, Count: 1, Protocol: "tcp"},
			podman.Port{Host: 53, Container: 53, Count: 1, Protocol: "udp"}), "port-exposed",
			"medium, high: ports 53, 53/udp are open on every address of the host"},
		{"ports in the order of their numbers", ports(
			podman.Port{Host: 8080, Container: 80, Count: 1, Protocol: "tcp"},
			podman.Port{Host: 143, Container: 143, Count: 1, Protocol: "tcp"},
			podman.Port{Host: 25, Container: 25, Count: 1, Protocol: "tcp"}), "port-exposed",
			"medium, high: ports 25, 143, 8080 are open on every address of the host"},
		{"privileged ports in the order of their numbers", ports(
			podman.Port{Host: 143, Container: 143, Count: 1, Protocol: "tcp"},
			podman.Port{Host: 25, Container: 25, Count: 1, Protocol: "tcp"}),
			"port-privileged", "low, high: publishes privileged host port 25, 143"},
		{"a range of Podman's choice", ports(podman.Port{Container: 8000, Count: 10}), "port-exposed",
			"medium, high: port for 8000-8009 is open on every address of the host"},
		{"a port of Podman's choice", ports(podman.Port{Container: 80, Count: 1, Protocol: "udp"}), "port-exposed",
			"medium, high: port for 80/udp is open on every address of the host"},
		{"a range", ports(podman.Port{Host: 8000, Container: 9000, Count: 10, Protocol: "tcp"}), "port-exposed",
			"medium, high: port 8000-8009 is open on every address of the host"},
		{"a port on loopback", ports(podman.Port{Address: "127.0.0.1", Host: 8080, Container: 80, Count: 1,
			Protocol: "tcp"}), "port-exposed", ""},
		{"a short name that was completed", image("docker.io/library/nginx:1", "nginx:1"), "image-short-name",
			"low, high: nginx:1 names no registry: here it was docker.io/library/nginx:1, elsewhere it may be another"},
		{"a short name that was built here", image("localhost/nginx:1", "nginx:1"), "image-short-name", ""},
		{"a short name", image("nginx:1", "nginx:1"), "image-short-name", "medium, high: nginx:1 names no registry: " +
			"whichever registry answers first supplies the image"},
		{"no tag", image("quay.io/x/y", "quay.io/x/y"), "image-unpinned", "info, high: the tag is latest, since no " +
			"tag is given: what runs changes under it"},
		{"latest, over the API", image("quay.io/x/y:latest", ""), "image-unpinned", "info, high: the tag is latest: " +
			"what runs changes under it"},
		{"a version", image("quay.io/x/y:1.2", "quay.io/x/y:1.2"), "image-unpinned", ""},
		{"no signature asked for",
			all(image("quay.io/x/y:1", ""), policy(podman.Policy{Default: "insecureAcceptAnything"})), "image-unsigned",
			"medium, high: /etc/containers/policy.json lets it in unsigned, by its default"},
		{"no signature asked for of a registry",
			all(image("quay.io/x/y:1", ""),
				policy(podman.Policy{Default: "reject",
					Docker: map[string]string{"quay.io": "insecureAcceptAnything"}})), "image-unsigned",
			"medium, high: /etc/containers/policy.json lets it in unsigned, by its entry for quay.io"},
		{"no signature asked for of any",
			all(image("quay.io/x/y:1", ""),
				policy(podman.Policy{Default: "reject", Docker: map[string]string{"": "insecureAcceptAnything"}})),
			"image-unsigned", "medium, high: /etc/containers/policy.json lets it in unsigned, by its entry for all " +
				"of docker"},
		{"updated", updated("registry", "quay.io/x/y:1", nil), "auto-update", ""},
		{"updated, by a digest", updated("registry", "quay.io/x/y@sha256:"+strings.Repeat("0", 64), nil), "auto-update",
			"low, high: auto-update is registry, and a digest does not move: it finds nothing newer"},
		{"updated, by a short name", updated("registry", "y:1", nil), "auto-update", "low, high: auto-update is " +
			"registry, and Podman makes no such container of a short name: y:1"},
		{"updated locally, by a short name", updated("local", "y:1", nil), "auto-update", ""},
		{"updated, without a unit",
			updated("registry", "quay.io/x/y:1",
				func(c *podman.Container) { c.Lifecycle.UpdateUnit = podman.Set("", podman.Origin{}) }), "auto-update",
			"low, high: auto-update is registry, and no systemd unit makes the container: podman auto-update fails " +
				"for it"},
		{"updated, in a pod without a unit", updated("registry", "quay.io/x/y:1", func(c *podman.Container) {
			c.Unit, c.Lifecycle.UpdateUnit = "x.service", podman.Set("", podman.Origin{})
		}), "auto-update", "low, high: auto-update is registry, and no systemd unit makes its pod: podman " +
			"auto-update fails for it"},
		{"updated, with a unit",
			updated("registry", "quay.io/x/y:1",
				func(c *podman.Container) { c.Lifecycle.UpdateUnit = podman.Set("x.service", podman.Origin{}) }),
			"auto-update", ""},
		{"updated, built here", updated("registry", "localhost/y:1", nil), "auto-update", "low, high: auto-update is " +
			"registry, and no registry has it: podman auto-update finds nothing newer for localhost/y:1"},
		{"updated locally, built here", updated("local", "localhost/y:1", nil), "auto-update", ""},
		{"updated in a way of one's own", updated("always", "quay.io/x/y:1", nil), "auto-update", "low, high: " +
			"auto-update is always: podman auto-update does not know it and fails for the container"},
		{"updated, the health check has no say", updated("registry", "quay.io/x/y:1", notify("conmon", "check")),
			"auto-update", "info, high: auto-update is registry, and its health check has no say in it: it goes back " +
				"only from an image that does not start"},
		{"updated, the health check has a say", updated("registry", "quay.io/x/y:1", notify("healthy", "check")),
			"auto-update", ""},
		{"updated, it says itself that it is up", updated("registry", "quay.io/x/y:1", notify("container", "check")),
			"auto-update", ""},
		{"updated, without a health check that could have a say",
			updated("registry", "quay.io/x/y:1", notify("ignore", "")), "auto-update", ""},
		{"updated, the timer is off",
			updated("registry", "quay.io/x/y:1",
				func(c *podman.Container) { c.Host.UpdateTimer = podman.Set(false, podman.Origin{}) }), "auto-update",
			"low, high: auto-update is registry, and podman-auto-update.timer is not on, without which it does " +
				"nothing by itself"},
		{"updated, the timer is on", updated("registry", "quay.io/x/y:1",
			func(c *podman.Container) { c.Host.UpdateTimer = podman.Set(true, podman.Origin{}) }), "auto-update", ""},
		{"updated, without a health check",
			updated("registry", "quay.io/x/y:1", all(notify("conmon", ""), func(c *podman.Container) { c.ID = "1" })),
			"healthcheck", "low, high: has no health check: nothing notices when it stops working; podman " +
				"auto-update, which it is labelled for, could not tell a bad image and go back"},
		{"updated, it says itself that it is up, without a health check",
			updated("registry", "quay.io/x/y:1",
				all(notify("container", ""), func(c *podman.Container) { c.ID = "1" })), "healthcheck",
			"low, high: has no health check: nothing notices when it stops working"},
		{"auto-update switched off", updated("disabled", "quay.io/x/y:1", nil), "auto-update", "low, high: " +
			"auto-update is disabled: nothing pulls newer images and recreates the container"},
		{"not updated", updated("", "quay.io/x/y:1", nil), "auto-update", "low, high: nothing pulls newer images and " +
			"recreates the container"},
		{"not updated, by a digest", updated("", "quay.io/x/y@sha256:"+strings.Repeat("0", 64), nil), "auto-update",
			""},
		{"the registry has a newer one", latest("sha256:b", "2026-10-20"), "stale-image", "medium, high: 13 days " +
			"behind: it was built on 2026-10-07, the registry's quay.io/x/y:1 is from 2026-10-20"},
		{"the registry has a newer one than an image without a name", all(latest("sha256:b", "2026-10-20"),
			func(c *podman.Container) { c.Image.Digests = nil }), "stale-image", ""},
		{"the registry has another one", latest("sha256:b", "2026-01-01"), "stale-image", "medium, high: the " +
			"registry has another image behind quay.io/x/y:1 now"},
		{"the registry has the same", latest("sha256:a", ""), "stale-image", ""},
		{"the registry has the same, by its index", latest("sha256:index", ""), "stale-image", ""},
		{"a signature asked for",
			all(image("quay.io/x/y:1", ""),
				policy(podman.Policy{Default: "insecureAcceptAnything",
					Docker: map[string]string{"quay.io/x": "sigstoreSigned"}})), "image-unsigned", ""},
		{"no signature asked for, built here", all(image("localhost/x:1", ""),
			policy(podman.Policy{Default: "insecureAcceptAnything"})), "image-unsigned", ""},
		{"the policy is not known", image("quay.io/x/y:1", ""), "image-unsigned", ""},
		{"an insecure registry", all(image("registry.example.org/x:1", ""), insecure("registry.example.org")),
			"registry-insecure", "high, high: its image comes from registry.example.org, which registries.conf calls " +
				"insecure"},
		{"another insecure registry", all(image("registry.example.org/x:1", ""), insecure("other.example.org")),
			"registry-insecure", ""},
		{"an insecure registry on this machine", all(image("localhost:5000/x:1", ""), insecure("localhost:5000")),
			"registry-insecure", ""},
		{"system files given away", bind(podman.Mount{Source: "/etc", Writable: true, Chown: true}), "mount-chown",
			"high, high: :U gives every file below /etc to the container's user at each start"},
		{"data given away", bind(podman.Mount{Source: "/srv/x", Writable: true, Chown: true}), "mount-chown",
			"medium, high: :U gives every file below /srv/x to the container's user at each start"},
		{"data given away, rootless",
			all(rootlessly, bind(podman.Mount{Source: "/srv/x", Writable: true, Chown: true})), "mount-chown",
			"low, high: :U gives every file below /srv/x to the container's user at each start"},
		{"relabelled, the host is not known", bind(podman.Mount{Source: "/etc", Relabel: "Z"}), "mount-relabel",
			"high, medium: :Z relabels /etc for containers: the host's own services lose it, every container gains " +
				"it (where the host has SELinux)"},
		{"relabelled, the host has SELinux",
			all(func(c *podman.Container) { c.Host.SELinux = podman.Set(true, podman.Origin{}) },
				bind(podman.Mount{Source: "/etc", Relabel: "z"})), "mount-relabel", "high, high: :z relabels /etc " +
				"for containers: the host's own services lose it, every container gains it"},
		{"relabelled, the host has none",
			all(func(c *podman.Container) { c.Host.SELinux = podman.Set(false, podman.Origin{}) },
				bind(podman.Mount{Source: "/etc", Relabel: "z"})), "mount-relabel", ""},
		{"/etc, mapped", all(mapped, bind(podman.Mount{Source: "/etc", Writable: true})), "host-path",
			"medium, high: /etc is mounted writable, though as a user who owns nothing there: accounts, keys and " +
				"units are in it"},
		{"/etc read-only, mapped", all(mapped, bind(podman.Mount{Source: "/etc"})), "host-path", "low, high: /etc is " +
			"mounted read-only, though as a user who owns nothing there: accounts, keys and units are in it"},
		{"/etc, whoever it is", all(func(c *podman.Container) { c.Process.UID = podman.Setting[uint32]{} },
			bind(podman.Mount{Source: "/etc", Writable: true})), "host-path", "high, high: /etc is mounted writable, " +
			"and UID 0 inside is UID 0 here: accounts, keys and units are in it"},
		{"a home, rootless", all(rootlessly, bind(podman.Mount{Source: "/home/me", Writable: true})), "host-path",
			"high, high: /home/me is mounted writable as the account that owns it: its owner's keys and shell are in it"},
		{"a home read-only, rootless", all(rootlessly, bind(podman.Mount{Source: "/home/me"})), "host-path",
			"medium, high: /home/me is mounted read-only as the account that owns it: its owner's keys and shell are " +
				"in it"},
		{"/usr read-only", bind(podman.Mount{Source: "/usr"}), "host-path", ""},
		{"/usr", bind(podman.Mount{Source: "/usr", Writable: true}), "host-path", "critical, high: /usr is mounted " +
			"writable and UID 0 inside is UID 0 here: the host's programs are in it"},
		{"the accounts", bind(podman.Mount{Source: "/etc/passwd", Writable: true}), "host-path", "critical, high: " +
			"/etc/passwd is mounted writable and UID 0 inside is UID 0 here: what the host trusts is in it"},
		{"the accounts read-only", bind(podman.Mount{Source: "/etc/passwd"}), "host-path", ""},
		{"a service's own settings", bind(podman.Mount{Source: "/etc/shop", Writable: true}), "host-path", ""},
		{"two secrets as variables",
			func(c *podman.Container) { c.SecretVariables = podman.Set([]string{"a", "b"}, podman.Origin{}) },
			"secret-env", "low, high: secrets a, b are variables, which every process of it inherits"},
		{"one secret as a variable",
			func(c *podman.Container) { c.SecretVariables = podman.Set([]string{"a"}, podman.Origin{}) }, "secret-env",
			"low, high: secret a is a variable, which every process of it inherits"},
		{"a secret in the history", func(c *podman.Container) {
			c.Image.ConfigStrings = podman.Set([]podman.ConfigString{{Place: "history",
				Words: []podman.Sensitive{"/bin/sh", "-c", "curl", "--token=abc", "-u", "me:hunter2pass", "x"}}},
				podman.Origin{})
		}, "secret-in-image", "high, medium: the image's history holds a value whose name says that it is secret " +
			"(token)"},
		{"a secret among the image's variables", func(c *podman.Container) {
			c.Image.ConfigStrings = podman.Set([]podman.ConfigString{{Place: "variable", Name: "API_TOKEN",
				Words: []podman.Sensitive{"9f8e7d6c5b4a39281706f5e4d3c2b1a0"}}}, podman.Origin{})
		}, "secret-in-image", "high, medium: the image's variable API_TOKEN holds a value whose name says that it is " +
			"secret"},
		{"five capabilities at once", func(c *podman.Container) {
			c.Capabilities.Requested = podman.Set([]string{"CAP_NET_RAW", "CAP_SYSLOG", "CAP_SYS_TIME",
				"CAP_SYS_RESOURCE", "CAP_SYS_MODULE"}, podman.Origin{})
			c.Capabilities.Bounding = c.Capabilities.Requested
		}, "cap-dangerous", "high, high: holds 5 capabilities that reach beyond the container: SYS_MODULE, SYS_TIME, " +
			"SYSLOG, NET_RAW, SYS_RESOURCE"},
		{"a secret in an argument of a file", func(c *podman.Container) {
			c.ConfigStrings = podman.Set([]podman.ConfigString{{Place: "argument",
				Words: []podman.Sensitive{"x", "--password=hunter2pass"}, Origin: podman.Origin{File: "a", Line: 3}}},
				podman.Origin{})
		}, "plaintext-secret", "high, medium: argument 2 holds a value whose name says that it is secret (password) " +
			"at a:3"},
		{"a secret in the health check", func(c *podman.Container) {
			c.ConfigStrings = podman.Set([]podman.ConfigString{{Place: "health check",
				Words:  []podman.Sensitive{"CMD", "--password=hunter2pass"},
				Origin: podman.Field("Config.Healthcheck")}}, podman.Origin{})
		}, "plaintext-secret", "high, medium: health check 2 holds a value whose name says that it is secret " +
			"(password) at Config.Healthcheck.Test[1]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := soft()
			test.change(c)
			var got []string
			for _, f := range Check(All(Parameters{}), c) {
				if f.Rule.ID == test.rule {
					at := ""
					if o := f.Evidence[0].Origin; f.Rule.ID == "plaintext-secret" {
						at = " at " + o.String()
					}
					got = append(got, fmt.Sprintf("%s, %s: %s%s", f.Severity, f.Confidence, f.Message, at))
				}
			}
			if text := strings.Join(got, " | "); text != test.want {
				t.Errorf("got\n%s\nwant\n%s", text, test.want)
			}
		})
	}
}

// TestHostConditions holds the same for the rules about the machine.
func TestHostConditions(t *testing.T) {
	plain := podman.EngineDefaults{Capabilities: podman.DefaultCapabilities(), Labels: true, PIDs: 2048}
	engine := func(change func(*podman.EngineDefaults)) func(*podman.Host) {
		return func(h *podman.Host) {
			e := plain
			change(&e)
			h.Engine = podman.Set(e, podman.Field("containers.conf"))
		}
	}
	ids := func(ranges ...podman.SubIDs) func(*podman.Host) {
		return func(h *podman.Host) { h.SubUIDs = podman.Set(ranges, podman.Field("/etc/subuid")) }
	}
	r := func(user string, start, size uint32) podman.SubIDs {
		return podman.SubIDs{User: user, Start: start, Size: size, Origin: podman.Origin{File: "/etc/subuid"}}
	}
	for _, test := range []struct {
		name   string
		change func(*podman.Host)
		want   string
	}{
		{"nothing is known", func(h *podman.Host) { h.Engine.Value = podman.EngineDefaults{Privileged: true} }, ""},
		{"as it comes", engine(func(*podman.EngineDefaults) {}), ""},
		{"privileged", engine(func(e *podman.EngineDefaults) { e.Privileged = true }), "critical containers.conf: " +
			"every container is privileged (Podman 5)"},
		{"a capability more",
			engine(func(e *podman.EngineDefaults) {
				e.Capabilities = append(podman.DefaultCapabilities(),
					"CAP_SYS_ADMIN")
			}), "medium containers.conf: every container gets SYS_ADMIN besides Podman's own capabilities"},
		{"no seccomp", engine(func(e *podman.EngineDefaults) { e.Seccomp = "unconfined" }), "high containers.conf: " +
			"no container has a seccomp filter"},
		{"no labels", func(h *podman.Host) {
			engine(func(e *podman.EngineDefaults) { e.Labels = false })(h)
			h.SELinux = podman.Set(true, podman.Origin{})
		}, "high containers.conf: SELinux confines no container"},
		{"no labels, no SELinux", engine(func(e *podman.EngineDefaults) { e.Labels = false }), ""},
		{"no limit of processes", engine(func(e *podman.EngineDefaults) { e.PIDs = 0 }), "medium containers.conf: no " +
			"container has a limit of processes"},
		{"the host's namespaces", engine(func(e *podman.EngineDefaults) { e.HostNamespaces = []string{"pid"} }),
			"high containers.conf: every container shares the host's namespaces: pid"},
		{"ranges beside each other", ids(r("a", 100000, 65536), r("b", 165536, 65536)), ""},
		{"ranges that overlap", ids(r("b", 165535, 65536), r("a", 100000, 65536)), "high /etc/subuid: the IDs of a " +
			"and b overlap from 165535 on"},
		{"two ranges of one account", ids(r("a", 100000, 65536), r("a", 100000, 65536)), ""},
		{"a wide range, not the nearest", ids(r("a", 100000, 1000000), r("a", 150000, 10), r("b", 500000, 65536)),
			"high /etc/subuid: the IDs of a and b overlap from 500000 on"},
		{"ranges that are not known",
			func(h *podman.Host) { h.SubUIDs.Value = []podman.SubIDs{r("a", 1, 9), r("b", 1, 9)} }, ""},
		{"TCP", func(h *podman.Host) { h.API = podman.Set("tcp", podman.Origin{}) }, "critical the service was " +
			"reached over TCP without TLS: everyone who reaches the port is root on that machine"},
		{"TCP, rootless", func(h *podman.Host) {
			h.API, h.Rootless = podman.Set("tcp", podman.Origin{}), podman.Set(true, podman.Origin{})
		}, "high the service was reached over TCP without TLS: everyone who reaches the port is the account that " +
			"runs it"},
		{"TLS", func(h *podman.Host) { h.API = podman.Set("tls", podman.Origin{}) }, ""},
	} {
		h := *soft().Host
		test.change(&h)
		var got []string
		for _, f := range CheckHost(All(Parameters{}), &h) {
			got = append(got, f.Severity.String()+" "+f.Message)
		}
		if text := strings.Join(got, " | "); text != test.want {
			t.Errorf("%s: got %q, want %q", test.name, text, test.want)
		}
	}
}

// TestUnitFiles holds what is said of the files that define a container.
func TestUnitFiles(t *testing.T) {
	secret := podman.Variable{Name: "DB_PASSWORD", Value: "hunter2-9f3Kq7", Owner: podman.OwnerUser,
		Origin: podman.Origin{File: "/etc/x.env"}}
	for _, test := range []struct {
		name      string
		file      podman.SourceFile
		installed bool
		variable  podman.Variable
		want      string
	}{
		{"a unit for all to write", podman.SourceFile{Path: "/etc/x.container", Mode: 0o666}, false, podman.Variable{},
			"high /etc/x.container may be written by everybody on the machine, who so decide what runs"},
		{"a unit as it should be", podman.SourceFile{Path: "/etc/x.container", Mode: 0o644}, true, podman.Variable{},
			""},
		{"secrets for all to read", podman.SourceFile{Path: "/etc/x.env", Mode: 0o644, Environment: true}, true, secret,
			"medium /etc/x.env holds secrets, and everybody on the machine may read it"},
		{"secrets in a repository", podman.SourceFile{Path: "/etc/x.env", Mode: 0o644, Environment: true}, false,
			secret, ""},
		{"secrets of its own", podman.SourceFile{Path: "/etc/x.env", Mode: 0o600, Environment: true}, true, secret, ""},
		{"no secrets", podman.SourceFile{Path: "/etc/x.env", Mode: 0o644, Environment: true}, true,
			podman.Variable{Name: "TZ", Value: "UTC", Origin: podman.Origin{File: "/etc/x.env"}}, ""},
		{"secrets of another file", podman.SourceFile{Path: "/etc/y.env", Mode: 0o644, Environment: true}, true, secret,
			""},
		{"root's unit, another's file", podman.SourceFile{Path: "/etc/x.container", Mode: 0o644, Owner: 1000}, true,
			podman.Variable{}, "high /etc/x.container is owned by UID 1000, who so decides what root runs"},
	} {
		for _, defined := range []bool{false, true} {
			c := soft()
			c.Environment.Value = []podman.Variable{test.variable}
			c.Definition.Files, c.Definition.Installed = []podman.SourceFile{test.file}, test.installed
			if defined { // a live container that the unit made
				live := soft()
				live.FromUnit = c
				c = live
			}
			got := ""
			for _, f := range Check(All(Parameters{}), c) {
				if f.Rule.ID == "unit-writable" {
					got += f.Severity.String() + " " + f.Message
				}
			}
			if got != test.want {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
		}
	}
}

// TestRootfulNeeds holds what makes a container need root's Podman.
func TestRootfulNeeds(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*podman.Container)
		found  bool
	}{
		"nothing": {func(*podman.Container) {}, true},
		"a low port": {func(c *podman.Container) {
			c.Network.Ports = podman.Set([]podman.Port{{Host: 80}},
				podman.Origin{})
		}, false},
		"a high port": {func(c *podman.Container) {
			c.Network.Ports = podman.Set([]podman.Port{{Host: 1024}},
				podman.Origin{})
		}, true},
		"a port of its luck": {func(c *podman.Container) {
			c.Network.Ports = podman.Set([]podman.Port{{Host: 0}},
				podman.Origin{})
		}, true},
		"a directory": {func(c *podman.Container) {
			c.Files.Mounts = podman.Set([]podman.Mount{{Type: "bind"}}, podman.Origin{})
		}, false},
		"a volume": {func(c *podman.Container) {
			c.Files.Mounts = podman.Set([]podman.Mount{{Type: "volume"}}, podman.Origin{})
		}, true},
		"a capability": {func(c *podman.Container) { c.Capabilities.Bounding.Value = []string{"CAP_NET_ADMIN"} },
			false},
		"rootless": {rootlessly, false},
		"mapped":   {mapped, false},
	} {
		c := soft()
		c.Network.Mode = podman.Set("bridge", podman.Origin{})
		test.change(c)
		found := false
		for _, f := range Check(All(Parameters{}), c) {
			found = found || f.Rule.ID == "host-rootful"
		}
		if found != test.found {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// related returns what the relations need of containers.
func related(list []*podman.Container) []*Peer {
	var all []*Peer
	for _, c := range list {
		all = append(all, PeerOf(c))
	}
	return all
}

// TestNeighbours holds whom a container is said to share a network and a mount with.
func TestNeighbours(t *testing.T) {
	on := func(name string, networks ...string) *podman.Container {
		c := soft()
		c.Name, c.ID = name, "id-"+name
		c.Network.Mode, c.Network.Names = podman.Set("bridge", podman.Origin{}), podman.Set(networks, podman.Origin{})
		return c
	}
	say := func(list ...*podman.Container) string {
		var got []string
		for _, f := range CheckPeers(All(Parameters{}), related(list)) {
			if f.Rule.ID == "default-network" {
				got = append(got, f.Container+": "+f.Message)
			}
		}
		return strings.Join(got, "; ")
	}
	if got := say(on("a", "podman"), on("b", "own")); got != "" {
		t.Errorf("alone on the network: %s", got)
	}
	if got := say(on("a", "podman"), on("b", "podman", "own")); got != "a: is on the default network, where it "+
		"reaches b; b: is on the default network, where it reaches a" {
		t.Errorf("two: %s", got)
	}
	if got := say(on("a", "podman"), on("b", "podman"), on("c", "podman"), on("d", "podman"),
		on("e", "podman")); !strings.HasPrefix(got, "a: is on the default network, where it reaches b, c, d and 1 "+
		"more; b: is on the default network, where it reaches a, c, d and 1 more") {
		t.Errorf("five: %s", got)
	}
	if got := say(on("a", "podman"), on("b", "podman"), on("c", "podman"), on("d", "podman")); !strings.HasPrefix(got,
		"a: is on the default network, where it reaches b, c, d; ") {
		t.Errorf("four: %s", got)
	}
}

// TestOnLoopback holds how a port is written that fix binds to the loopback address.
func TestOnLoopback(t *testing.T) {
	for want, p := range map[string]podman.Port{
		"127.0.0.1:8080:80":          {Host: 8080, Container: 80, Count: 1, Protocol: "tcp"},
		"127.0.0.1::80":              {Container: 80, Count: 1, Protocol: "tcp"},
		"127.0.0.1:53:53/udp":        {Host: 53, Container: 53, Count: 1, Protocol: "udp"},
		"127.0.0.1:80:80":            {Host: 80, Container: 80, Count: 1},
		"127.0.0.1:8000-8009:90-99":  {Host: 8000, Container: 90, Count: 10, Protocol: "tcp"},
		"127.0.0.1::90-99/udp":       {Container: 90, Count: 10, Protocol: "udp"},
		"127.0.0.1:8000-8009:9-18":   {Host: 8000, Container: 9, Count: 10, Protocol: "tcp"},
		"127.0.0.1:65535:65535/sctp": {Host: 65535, Container: 65535, Count: 1, Protocol: "sctp"},
		"127.0.0.1:65534-65535:1-2":  {Host: 65534, Container: 1, Count: 2, Protocol: "tcp"},
	} {
		if got := onLoopback(p); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestTrusted holds which images come from a registry that is trusted.
func TestTrusted(t *testing.T) {
	for name, found := range map[string]bool{
		"quay.io/x/y:1": false, "docker.io/library/nginx:1": false, "docker.io/other/nginx:1": true,
		"quay.io.example.org/x": true, "localhost/x": false, "nginx": false,
	} {
		c := soft()
		c.Image.Name = name
		got := false
		for _, f := range Check(All(Parameters{Registries: []string{"quay.io", "docker.io/library/"}}), c) {
			got = got || f.Rule.ID == "image-untrusted"
		}
		if got != found {
			t.Errorf("%s: found %v", name, got)
		}
	}
}

// TestTmpfsOptions holds what fix makes of a tmpfs.
func TestTmpfsOptions(t *testing.T) {
	for want, options := range map[string][]string{
		"/x:rw,noexec,nosuid,nodev":         nil,
		"/x:rw,noexec,nosuid,nodev,size=1m": {"exec", "suid", "size=1m", "rw"},
		"/x:noexec,nosuid,nodev,ro":         {"ro", "nodev"},
	} {
		if got := hardenedTmpfs(podman.Tmpfs{Destination: "/x", Options: options}); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestImageRules holds what is said of an image's layers.
func TestImageRules(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	one := func(f podman.ImageFile) func(*podman.Container) {
		return func(c *podman.Container) { c.Image.Content.Value.Files = []podman.ImageFile{f} }
	}
	for _, test := range []struct {
		name   string
		change func(*podman.Container)
		want   string
	}{
		{"without fault", func(*podman.Container) {}, ""},
		{"not looked at", func(c *podman.Container) {
			c.Image = podman.Image{}
			c.Image.Content.Value = &podman.ImageContent{Files: []podman.ImageFile{{Secret: "x"}}}
		}, ""},
		{"a key", one(podman.ImageFile{Path: "/k", Layer: 2, Secret: "a private key"}), "high image-secret-file: /k " +
			"holds a private key (layer 2)"},
		{"a sample of a key", one(podman.ImageFile{Path: "/usr/lib/x/test/k", Layer: 2, Secret: "a private key"}),
			"info image-secret-file: /usr/lib/x/test/k holds a private key, a sample that everybody has by its place " +
				"(layer 2)"},
		{"the hash of a password", one(podman.ImageFile{Path: "/etc/shadow", Layer: 1, Secret: secret.PasswordHash}),
			"medium image-secret-file: /etc/shadow holds the hash of an account's password (layer 1)"},
		{"a git history", one(podman.ImageFile{Path: "/x/.git/HEAD", Layer: 1, Secret: secret.RepositoryHistory}),
			"medium image-secret-file: /x/.git/HEAD holds the history of a git repository, with whatever was ever " +
				"committed to it (layer 1)"},
		{"a key that is gone", one(podman.ImageFile{Path: "/k", Layer: 2, Secret: "a private key", Gone: true}),
			"high image-secret-file: /k holds a private key; a later layer takes it away, and it is in this one all " +
				"the same (layer 2)"},
		{"setuid", one(podman.ImageFile{Path: "/su", Layer: 1, Mode: 0o4755}), "low image-setuid: /su runs as UID 0, " +
			"no matter who starts it (layer 1)"},
		{"setuid, for all to write", one(podman.ImageFile{Path: "/su", Layer: 1, Mode: 0o4757, UID: 5}),
			"high image-setuid: /su runs as UID 5, no matter who starts it, and everybody may write it (layer 1)"},
		{"setgid", one(podman.ImageFile{Path: "/wall", Layer: 1, Mode: 0o2755, GID: 5}), "low image-setuid: /wall " +
			"runs as GID 5, no matter who starts it (layer 1)"},
		{"a setgid directory", one(podman.ImageFile{Path: "/d", Layer: 1, Mode: 0o2775, Directory: true}), ""},
		{"file capabilities", one(podman.ImageFile{Path: "/ping", Layer: 1, Mode: 0o755, Capability: true}),
			"low image-setuid: /ping has file capabilities, which every user who runs it gets (layer 1)"},
		{"a directory for all", one(podman.ImageFile{Path: "/d", Layer: 1, Mode: 0o777, Directory: true}),
			"low image-writable: everybody may put files into /d, and in place of others' (layer 1)"},
		{"a directory for all, sticky", one(podman.ImageFile{Path: "/tmp", Layer: 1, Mode: 0o1777, Directory: true}),
			""},
		{"a file for all", one(podman.ImageFile{Path: "/f", Layer: 1, Mode: 0o666}), "low image-writable: everybody " +
			"may write /f (layer 1)"},
		{"a device for all", one(podman.ImageFile{Path: "/dev/null", Layer: 1, Mode: 0o666}), ""},
		{"a machine ID", one(podman.ImageFile{Path: "/etc/machine-id", Layer: 1, Leftover: "a machine ID"}),
			"low image-unreproducible: the build has left a machine ID in it: /etc/machine-id (layer 1)"},
		{"a machine ID that is gone",
			one(podman.ImageFile{Path: "/etc/machine-id", Layer: 1, Leftover: "a machine ID", Gone: true}), ""},
		{"logs", func(c *podman.Container) {
			c.Image.Content.Value.Files = []podman.ImageFile{{Path: "/var/log/b", Layer: 1, Leftover: "a log"},
				{Path: "/var/log/a", Layer: 2, Leftover: "a log"}}
		}, "info image-unreproducible: the build has left a log in it: /var/log/b (layer 1) and 1 more"},
		{"a file of a later day",
			func(c *podman.Container) { c.Image.Content.Value.Newest = podman.ImageFile{Path: "/f", Dated: day(1)} },
			"info image-unreproducible: /f is from 2026-10-31 00:00:00, later than the image's own date of " +
				"2026-10-25 00:00:00"},
		{"a file of the same day",
			func(c *podman.Container) { c.Image.Content.Value.Newest = podman.ImageFile{Path: "/f", Dated: day(7)} },
			""},
		{"no USER", func(c *podman.Container) { c.Image.User.Value = "" }, "medium image-root: it has no USER: a " +
			"container of it runs as root"},
		{"USER root", func(c *podman.Container) { c.Image.User.Value = "root:x" }, "medium image-root: its USER is " +
			"root:x: a container of it runs as root"},
		{"USER 00", func(c *podman.Container) { c.Image.User.Value = "00" }, "medium image-root: its USER is 00: a " +
			"container of it runs as root"},
		{"variables of the host", func(c *podman.Container) {
			c.Image.HostVariables = podman.Set([]string{"TOKEN", "AWS_*", "C", "D", "E", "F"}, podman.Field("Env[1]"))
		}, "high image-env-host: the image asks for the host's TOKEN, AWS_*, C, D, E and 1 more: Podman before 5.8.6 " +
			"hands them over"},
		{"no variable of the host", func(c *podman.Container) {
			c.Image.HostVariables = podman.Set([]string{}, podman.Field("Env"))
		}, ""},
		{"old", func(c *podman.Container) { c.Image.Built.Value = day(40) }, "medium image-old: it was built 40 " +
			"days ago"},
		{"an old base", func(c *podman.Container) { c.Image.Content.Value.Base = day(90) }, "medium image-old: its " +
			"base is 90 days old"},
		{"a base of a fixed date", func(c *podman.Container) { c.Image.Content.Value.Base = time.Unix(0, 0) }, ""},
		{"a fixed date", func(c *podman.Container) {
			c.Image.Built, c.Image.Content.Value.Base = podman.Setting[time.Time]{}, day(90)
		}, ""},
		{"a container of it",
			func(c *podman.Container) { c.Kind, c.Image.Content.Value.Base = podman.KindContainer, day(90) }, ""},
	} {
		c := &podman.Container{Name: "x", Kind: podman.KindImage, Host: &podman.Host{Now: now}}
		c.Image = podman.Image{ID: "1", Name: "localhost/x:1", User: podman.Set("10001", podman.Origin{}),
			Built: podman.Set(day(7), podman.Origin{}),
			Content: podman.Set(&podman.ImageContent{Created: day(7), Base: day(8),
				Newest: podman.ImageFile{Path: "/f", Dated: day(8)}}, podman.Field("layers"))}
		test.change(c)
		var got []string
		for _, f := range Check(All(Parameters{}), c) {
			got = append(got, f.Severity.String()+" "+f.Rule.ID+": "+f.Message)
		}
		slices.Sort(got)
		if text := strings.Join(got, " | "); text != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, text, test.want)
		}
	}
}

// TestSamples holds which keys of an image count as samples: those that packages ship for their tests and
// documentation.
func TestSamples(t *testing.T) {
	for path, want := range map[string]bool{
		"/usr/lib/python3.11/test/keycert.pem": true, "/usr/share/doc/openssl/examples/key.pem": true,
		"/usr/local/lib/python3/tests/x.pem": true, "/app/node_modules/x/test/key.pem": true,
		"/srv/venv/site-packages/x/testdata/key.pem": true, "/app/test/key.pem": false, "/usr/lib/app/key.pem": false,
		"/app/node_modules/x/key.pem": false, "/test/node_modules/key.pem": false,
		"/root/.ssh/id_rsa": false, "/usr/lib/test": false,
	} {
		if isSample(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}
