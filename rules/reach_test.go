package rules

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
)

func TestReach(t *testing.T) {
	bind := func(source string, writable bool) podman.Mount {
		return podman.Mount{Type: "bind", Source: source, Destination: "/m", Writable: writable, Recursive: true}
	}
	mapped := podman.Set(podman.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}, podman.Origin{})
	rootless := func(c *podman.Container) {
		c.Host.Rootless = podman.Set(true, podman.Origin{})
		c.Host.UIDs = podman.IDMap{{Inside: 0, Outside: 1001, Size: 1}, {Inside: 1, Outside: 100000, Size: 65536}}
		c.Host.GIDs = c.Host.UIDs
		c.Namespaces.UIDs = podman.DefaultTo(c.Host.UIDs, podman.Origin{})
		c.Namespaces.GIDs = c.Namespaces.UIDs
	}
	for _, test := range []struct {
		name   string
		change func(*podman.Container)
		want   Level
		why    string
	}{
		{"root as it comes", func(*podman.Container) {}, EscapeToRoot, "UID 0 inside is UID 0 on the host"},
		{"another user, setuid programs",
			func(c *podman.Container) { c.Process.UID = podman.Set(uint32(33), podman.Origin{}) }, EscapeToRoot,
			"setuid"},
		{"another user", func(c *podman.Container) {
			c.Process.UID = podman.Set(uint32(33), podman.Origin{})
			c.Confinement.NoNewPrivileges = podman.Set(true, podman.Origin{})
		}, EscapeToUser, "UID 33 inside is UID 33 on the host"},
		{"mapped", func(c *podman.Container) { c.Namespaces.UIDs = mapped }, Contained, "a range of its own"},
		{"mapped, whoever it is", func(c *podman.Container) {
			c.Namespaces.UIDs, c.Process.UID = mapped, podman.Setting[uint32]{}
		}, Contained, "a range of its own"},
		{"whoever it is", func(c *podman.Container) {
			c.Process.UID = podman.Setting[uint32]{}
			c.Confinement.NoNewPrivileges = podman.Set(true, podman.Origin{})
		}, ReachUnknown, "the image's choice"},
		{"mapping unknown", func(c *podman.Container) { c.Namespaces.UIDs = podman.Setting[podman.IDMap]{} },
			ReachUnknown, "not known"},
		{"privileged", func(c *podman.Container) { c.Confinement.Privileged = podman.Set(true, podman.Origin{}) },
			HostRoot, "mounts the host's disk"},
		{"privileged, mapped", func(c *podman.Container) {
			c.Confinement.Privileged, c.Namespaces.UIDs = podman.Set(true, podman.Origin{}), mapped
		}, Contained, ""},
		{"socket", func(c *podman.Container) { c.Files.Mounts.Value = []podman.Mount{bind("/run/podman", false)} },
			HostRoot, "podman.sock"},
		{"bus", func(c *podman.Container) {
			c.Files.Mounts.Value = []podman.Mount{bind("/run/dbus/system_bus_socket", false)}
		}, HostRoot, "systemd"},
		{"etc", func(c *podman.Container) { c.Files.Mounts.Value = []podman.Mount{bind("/etc", true)} }, HostRoot,
			"/etc is mounted writable"},
		{"etc read-only", func(c *podman.Container) { c.Files.Mounts.Value = []podman.Mount{bind("/etc", false)} },
			EscapeToRoot, ""},
		{"data", func(c *podman.Container) { c.Files.Mounts.Value = []podman.Mount{bind("/srv/data", true)} },
			EscapeToRoot, ""},
		{"etc, mapped", func(c *podman.Container) {
			c.Files.Mounts.Value, c.Namespaces.UIDs = []podman.Mount{bind("/etc", true)}, mapped
		}, Contained, ""},
		{"SYS_ADMIN", func(c *podman.Container) { c.Capabilities.Bounding.Value = []string{"CAP_SYS_ADMIN"} }, HostRoot,
			"core_pattern"},
		{"SYS_PTRACE", func(c *podman.Container) { c.Capabilities.Bounding.Value = []string{"CAP_SYS_PTRACE"} },
			EscapeToRoot, ""},
		{"SYS_PTRACE, the host's processes", func(c *podman.Container) {
			c.Capabilities.Bounding.Value, c.Namespaces.PID = []string{"CAP_SYS_PTRACE"},
				podman.Set("host", podman.Origin{})
		}, HostRoot, "takes over any process"},
		{"unmasked", func(c *podman.Container) {
			c.Confinement.Unmasked = podman.Set([]string{"ALL"},
				podman.Origin{})
		}, HostRoot, "/proc/sys"},
		{"disk", func(c *podman.Container) {
			c.Files.Devices = podman.Set([]podman.Device{{Path: "/dev/sda"}}, podman.Origin{})
		}, HostRoot, "/dev/sda"},
		{"tun", func(c *podman.Container) {
			c.Files.Devices = podman.Set([]podman.Device{{Path: "/dev/net/tun"}}, podman.Origin{})
		}, EscapeToRoot, ""},
		{"device rule without MKNOD",
			func(c *podman.Container) { c.Files.DeviceRules = podman.Set([]string{"a *:* rwm"}, podman.Origin{}) },
			EscapeToRoot, ""},
		{"device rule", func(c *podman.Container) {
			c.Files.DeviceRules, c.Capabilities.Bounding.Value = podman.Set([]string{"a *:* rwm"}, podman.Origin{}),
				[]string{"CAP_MKNOD"}
		}, HostRoot, "MKNOD"},
		{"rootless", rootless, EscapeToUser, "the account that runs Podman"},
		{"rootless, socket", func(c *podman.Container) {
			rootless(c)
			c.Files.Mounts.Value = []podman.Mount{bind("/run/user/1001/podman/podman.sock", false)}
		}, HostUser, "its Podman's socket"},
		{"rootless, root's socket", func(c *podman.Container) {
			rootless(c)
			c.Files.Mounts.Value = []podman.Mount{bind("/run/podman/podman.sock", false)}
		}, EscapeToUser, ""},
		{"rootless, home", func(c *podman.Container) {
			rootless(c)
			c.Files.Mounts.Value = []podman.Mount{bind("/home/me", true)}
		}, HostUser, "shell and keys"},
		{"rootless, as another", func(c *podman.Container) {
			rootless(c)
			c.Process.UID, c.Confinement.NoNewPrivileges = podman.Set(uint32(33), podman.Origin{}),
				podman.Set(true, podman.Origin{})
		}, Contained, ""},
	} {
		c := soft()
		test.change(c)
		got := ReachOf(c)
		if got.Level != test.want || !strings.Contains(strings.Join(got.Why, "; "), test.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", test.name, got.Level, strings.Join(got.Why, "; "), test.want,
				test.why)
		}
	}
}

// TestReachKinds holds whom a container's processes can become and what they can do, by the kernel's rules: the IDs of
// the whole map, capabilities of a process that is not root, groups, masks.
func TestReachKinds(t *testing.T) {
	set := func(m podman.IDMap) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Namespaces.UIDs, c.Namespaces.GIDs = podman.Set(m, podman.Origin{}), podman.Set(m, podman.Origin{})
		}
	}
	gids := func(m podman.IDMap) func(*podman.Container) {
		return func(c *podman.Container) { c.Namespaces.GIDs = podman.Set(m, podman.Origin{}) }
	}
	user := func(uid uint32) func(*podman.Container) {
		return func(c *podman.Container) { c.Process.UID = podman.Set(uid, podman.Origin{}) }
	}
	group := func(gid uint32) func(*podman.Container) {
		return func(c *podman.Container) { c.Process.GID = podman.Set(gid, podman.Origin{}) }
	}
	bounding := func(names ...string) func(*podman.Container) {
		return func(c *podman.Container) { c.Capabilities.Bounding = podman.Set(names, podman.Origin{}) }
	}
	// service is a user who is not root, without setuid programs, to whom some capabilities were added by name.
	service := func(names ...string) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Process.UID = podman.Set(uint32(33), podman.Origin{})
			c.Confinement.NoNewPrivileges = podman.Set(true, podman.Origin{})
			c.Capabilities.Effective = podman.Set(names, podman.Origin{})
			c.Capabilities.Bounding = podman.Set(append(podman.DefaultCapabilities(), names...), podman.Origin{})
		}
	}
	bind := func(source string, writable bool) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Files.Mounts = podman.Set([]podman.Mount{{Type: "bind", Source: source, Destination: "/m", Recursive: true,
				Writable: writable}}, podman.Origin{})
		}
	}
	unmask := func(masked []string, patterns ...string) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Confinement.Unmasked, c.Confinement.Masked = podman.Set(patterns, podman.Origin{}), masked
		}
	}
	keepID := podman.IDMap{{Inside: 0, Outside: 100000, Size: 1001}, {Inside: 1001, Outside: 1001, Size: 1},
		{Inside: 1002, Outside: 101001, Size: 64535}}
	rootHole := podman.IDMap{{Inside: 0, Outside: 100000, Size: 1000}, {Inside: 1000, Outside: 0, Size: 1},
		{Inside: 1001, Outside: 101001, Size: 64535}}
	userHole := podman.IDMap{{Inside: 0, Outside: 100000, Size: 1000}, {Inside: 1000, Outside: 1000, Size: 1}}
	own := podman.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}
	disk := podman.IDMap{{Inside: 0, Outside: 6, Size: 1}, {Inside: 1, Outside: 100001, Size: 65535}}
	onto := func(uid uint32) podman.IDMap {
		return podman.IDMap{{Inside: 0, Outside: uid, Size: 1}, {Inside: 1, Outside: 100001, Size: 65535}}
	}
	const socket, home = "/run/podman/podman.sock", "/home/alice"
	keepRoot := all(rootlessly, set(keepID))
	for _, test := range []struct {
		name     string
		change   func(*podman.Container)
		want     Level
		findings string // rule:severity of those named in watched, in the catalogue's order
	}{
		{"keep-id, root inside, the account's home", all(keepRoot, bind(home, true)), HostUser,
			"uid-map:medium host-path:high"},
		{"the same without capabilities", all(keepRoot, bounding(), bind(home, true)), Contained, "host-path:medium"},
		{"the same with DAC_OVERRIDE alone", all(keepRoot, bounding("CAP_DAC_OVERRIDE"), bind(home, true)), HostUser,
			"uid-map:medium host-path:high"},
		{"keep-id, root inside, the account's socket", all(keepRoot, bind("/run/user/1001/podman/podman.sock", false)),
			HostUser, "uid-map:medium engine-socket:high"},
		{"keep-id, root inside", keepRoot, EscapeToUser, "uid-map:medium"},
		{"keep-id, nobody, setuid programs", all(keepRoot, user(65534), bind(home, true)), HostUser,
			"uid-map:medium host-path:high"},
		{"keep-id, nobody, none", all(keepRoot, user(65534), bind(home, true), func(c *podman.Container) {
			c.Confinement.NoNewPrivileges = podman.Set(true, podman.Origin{})
		}), Contained, "host-path:medium"},
		{"capabilities are not known", all(keepRoot, func(c *podman.Container) {
			c.Capabilities.Bounding = podman.Setting[[]string]{}
		}), ReachUnknown, ""},
		{"a hole for root", all(set(rootHole), bind("/etc", true)), HostRoot, "uid-map:high host-path:critical"},
		{"a hole for root, nothing mounted", set(rootHole), EscapeToRoot, "uid-map:high"},
		{"a hole for root, no capabilities", all(set(rootHole), bounding()), Contained, ""},
		{"a hole for an account", set(userHole), EscapeToUser, "uid-map:medium"},
		{"root is an account", set(onto(1000)), EscapeToUser, "uid-map:medium"},
		{"root is a service's account", set(onto(33)), EscapeToUser, "uid-map:medium"},
		{"a hole for root's group", all(set(own), gids(rootHole), bounding("CAP_SETGID")), EscapeToUser,
			"uid-map:medium"},
		{"a hole for root's group, and its socket",
			all(set(own), gids(rootHole), bounding("CAP_SETGID"), bind(socket, false)), HostRoot,
			"uid-map:medium engine-socket:critical"},
		{"the group disk", all(set(own), gids(disk), group(0)), EscapeToUser, "uid-map:medium"},
		{"a user, SETUID, /etc", all(service("CAP_SETUID"), bind("/etc", true)), HostRoot,
			"uid-map:high host-path:critical"},
		{"a user, DAC_OVERRIDE, /etc", all(service("CAP_DAC_OVERRIDE"), bind("/etc", true)), HostRoot,
			"uid-map:high host-path:critical"},
		{"a user, CHOWN, /etc", all(service("CAP_CHOWN"), bind("/etc", true)), HostRoot,
			"uid-map:high host-path:critical"},
		{"a user, DAC_OVERRIDE, root's socket", all(service("CAP_DAC_OVERRIDE"), bind(socket, false)), HostRoot,
			"uid-map:high engine-socket:critical"},
		{"a user, DAC_READ_SEARCH", service("CAP_DAC_READ_SEARCH"), HostRoot, "uid-map:high"},
		{"a user, SYS_MODULE", service("CAP_SYS_MODULE"), HostRoot, "uid-map:high"},
		{"a user, SYS_ADMIN", service("CAP_SYS_ADMIN"), HostRoot, "uid-map:high"},
		{"a user, KILL, /etc", all(service("CAP_KILL"), bind("/etc", true)), EscapeToUser, "uid-map:medium host-path:high"},
		{"a user, SYS_MODULE, mapped", all(service("CAP_SYS_MODULE"), set(own)), Contained, ""},
		{"a user, SETUID, mapped", all(service("CAP_SETUID"), set(own), bind("/etc", true)), Contained,
			"host-path:medium"},
		{"a capability outside of the bounding set", all(service("CAP_SYS_MODULE"), bounding()), EscapeToUser,
			"uid-map:medium"},
		{"a user in root's group, its socket", all(service(), group(0), bind(socket, false)), HostRoot,
			"uid-map:high engine-socket:critical"},
		{"a user given root's group, its socket", all(service(), group(1000), bind(socket, false),
			func(c *podman.Container) { c.Process.Groups = podman.Set([]string{"0"}, podman.Origin{}) }), HostRoot,
			"uid-map:high engine-socket:critical"},
		{"a user of another group, root's socket", all(service(), group(1000), bind(socket, false)), EscapeToUser,
			"uid-map:medium engine-socket:high"},
		{"root's groups are kept", all(service(), set(own), bind(socket, false), func(c *podman.Container) {
			c.Process.Groups = podman.Set([]string{podman.KeepGroups}, podman.Origin{})
		}), HostRoot, "groups-kept:low engine-socket:critical"},
		{"SYS_MODULE in a user namespace of its own", all(set(onto(0)), bounding("CAP_SYS_MODULE")), EscapeToRoot,
			"uid-map:high"},
		{"/proc/sys by a glob", unmask(nil, "/proc/s*"), HostRoot, "proc-unmasked:high uid-map:high"},
		{"/proc/sys in a list", unmask(nil, "/proc/kcore", "/proc/sys"), HostRoot, "proc-unmasked:high uid-map:high"},
		{"everything, /proc/sys masked again", unmask([]string{"/proc/sys"}, "ALL"), EscapeToRoot,
			"proc-unmasked:medium uid-map:high"},
		{"everything, /proc masked again", unmask([]string{"/proc"}, "ALL"), EscapeToRoot,
			"proc-unmasked:medium uid-map:high"},
		{"everything, a path masked that is none", unmask([]string{"proc/sys"}, "ALL"), HostRoot,
			"proc-unmasked:high uid-map:high"},
		{"paths separated by a comma", unmask(nil, "/proc/kcore,/proc/sys"), EscapeToRoot, "uid-map:high"},
		{"a path that is not there", unmask(nil, "/proc/nonexistent"), EscapeToRoot, "uid-map:high"},
		{"a path below one that is read-only", unmask(nil, "/proc/sys/kernel"), EscapeToRoot, "uid-map:high"},
		{"/proc/sys, as a user", all(service(), unmask(nil, "/proc/sys")), EscapeToUser,
			"proc-unmasked:high uid-map:medium"},
		{"masks that are not known", func(c *podman.Container) { c.ID = "x" }, ReachUnknown, "uid-map:high"},
		{"masks that are not known, mapped", all(set(own), func(c *podman.Container) { c.ID = "x" }), Contained, ""},
		{"masks that are not known, another way", all(bind(socket, false), func(c *podman.Container) { c.ID = "x" }),
			HostRoot, "uid-map:high engine-socket:critical"},
	} {
		c := soft()
		c.Process.GID = podman.Set(uint32(0), podman.Origin{})
		test.change(c)
		got := ReachOf(c)
		watched := []string{"uid-map", "host-path", "engine-socket", "groups-kept", "proc-unmasked"}
		var findings []string
		for _, rule := range All(Parameters{}) {
			if slices.Contains(watched, rule.ID) {
				for _, f := range Check([]Rule{rule}, c) {
					findings = append(findings, rule.ID+":"+f.Severity.String())
				}
			}
		}
		if got.Level != test.want || strings.Join(findings, " ") != test.findings {
			t.Errorf("%s: %s (%s), want %s; findings %q, want %q", test.name, got.Level, strings.Join(got.Why, "; "),
				test.want, findings, test.findings)
		}
	}
}

// TestReachGiven holds what a container gets by its mounts and devices.
func TestReachGiven(t *testing.T) {
	mount := func(m podman.Mount) func(*podman.Container) {
		return func(c *podman.Container) {
			if m.Type == "" {
				m.Type = "bind"
			}
			m.Destination = "/m"
			c.Files.Mounts = podman.Set([]podman.Mount{m}, podman.Origin{})
		}
	}
	dev := func(d podman.Device) func(*podman.Container) {
		return func(c *podman.Container) { c.Files.Devices = podman.Set([]podman.Device{d}, podman.Origin{}) }
	}
	access := func(gid, mode uint32) podman.Setting[podman.Access] {
		return podman.Set(podman.Access{GID: gid, Mode: mode}, podman.Origin{})
	}
	// user is a service's user without setuid programs, in group 998.
	user := func(c *podman.Container) {
		c.Process.UID, c.Process.GID = podman.Set(uint32(33), podman.Origin{}), podman.Set(uint32(998), podman.Origin{})
		c.Confinement.NoNewPrivileges = podman.Set(true, podman.Origin{})
	}
	free := func(c *podman.Container) { c.Files.AnyDevice = podman.Set(true, podman.Origin{}) }
	rule := func(text string) func(*podman.Container) {
		return func(c *podman.Container) { c.Files.DeviceRules = podman.Set([]string{text}, podman.Origin{}) }
	}
	mknod := func(c *podman.Container) {
		c.Capabilities.Bounding = podman.Set([]string{"CAP_MKNOD"}, podman.Origin{})
	}
	missing := func(c *podman.Container) { c.Files.Missing = "what it mounts from holder is not known" }
	for _, test := range []struct {
		name     string
		change   func(*podman.Container)
		want     Level
		findings string
	}{
		{"a link to /run", mount(podman.Mount{Source: "/run", Written: "/srv/link-run", Recursive: true}), HostRoot,
			"engine-socket:critical"},
		{"a link to /etc", mount(podman.Mount{Source: "/etc", Written: "/srv/link-etc", Writable: true}), HostRoot,
			"host-path:critical"},
		{"a link to a disk", dev(podman.Device{Path: "/dev/vda", Written: "/srv/link-vda", Block: true}), HostRoot,
			"device:high"},
		{"a disk of another name", dev(podman.Device{Path: "/srv/disk", Block: true}), HostRoot, "device:high"},
		{"a disk by way of ..", dev(podman.Device{Path: "/dev/../dev/vda"}), HostRoot, "device:high"},
		{"the host, read-only", mount(podman.Mount{Source: "/", Recursive: true}), HostRoot,
			"engine-socket:critical host-path:critical"},
		{"the host, read-only all the way", mount(podman.Mount{Source: "/", Recursive: true, ReadOnlyBelow: true}),
			HostRoot, "engine-socket:critical host-path:medium"},
		{"the host, read-only and nothing below it", mount(podman.Mount{Source: "/"}), EscapeToRoot, "host-path:medium"},
		{"/sys, read-only", mount(podman.Mount{Source: "/sys", Recursive: true}), EscapeToRoot, "host-path:critical"},
		{"a tree, read-only, a tmpfs below it",
			mount(podman.Mount{Source: "/srv/tree", Recursive: true, WritableBelow: []string{"/srv/tree/sub"}}),
			EscapeToRoot, ""},
		{"/var, read-only, a disk of its own below it",
			mount(podman.Mount{Source: "/var", Recursive: true, WritableBelow: []string{"/var/lib/containers"}}), HostRoot,
			"host-path:critical"},
		{"/var, read-only", mount(podman.Mount{Source: "/var", Recursive: true, WritableBelow: []string{}}), EscapeToRoot,
			"host-path:medium"},
		{"a volume that is a disk",
			mount(podman.Mount{Type: "volume", Name: "v", Source: "/x/volumes/v/_data", Disk: "/dev/loop0", Writable: true}),
			HostRoot, "device:high"},
		{"a volume that is a disk, mapped",
			all(mapped, mount(podman.Mount{Type: "volume", Name: "v", Disk: "/dev/loop0", Writable: true})), Contained, ""},
		{"/dev", mount(podman.Mount{Source: "/dev", Writable: true, Recursive: true}), EscapeToRoot, "host-path:medium"},
		{"/dev, no cgroup", all(free, mount(podman.Mount{Source: "/dev", Writable: true, Recursive: true})), HostRoot,
			"host-path:critical"},
		{"a disk mounted", mount(podman.Mount{Source: "/dev/vda"}), EscapeToRoot, ""},
		{"a disk mounted, no cgroup", all(free, mount(podman.Mount{Source: "/dev/vda"})), HostRoot, "device:high"},
		{"a disk mounted, a rule", all(rule("b 254:0 rwm"), mount(podman.Mount{Source: "/dev/vda"})), HostRoot,
			"device:high device:high"},
		{"a rule without a device", rule("b 254:0 rwm"), EscapeToRoot, ""},
		{"a rule, MKNOD", all(rule("b 254:0 rwm"), mknod), HostRoot, "device:high"},
		{"a rule, MKNOD, mapped", all(rule("b 254:0 rwm"), mknod, mapped), Contained, ""},
		{"a socket of its group", all(user, mount(podman.Mount{Source: "/run/docker.sock", Access: access(998, 0o660)})),
			HostRoot, "engine-socket:critical"},
		{"a socket of another group",
			all(user, mount(podman.Mount{Source: "/run/docker.sock", Access: access(997, 0o660)})), EscapeToUser,
			"engine-socket:high"},
		{"a socket of its group, closed to it",
			all(user, mount(podman.Mount{Source: "/run/docker.sock", Access: access(998, 0o600)})), EscapeToUser,
			"engine-socket:high"},
		{"a socket for everybody",
			all(user, mapped, mount(podman.Mount{Source: "/run/podman/podman.sock", Access: access(0, 0o666)})), HostRoot,
			"engine-socket:critical"},
		{"what others mount is not known", missing, ReachUnknown, ""},
		{"what others mount is not known, mapped", all(missing, mapped), Contained, ""},
		{"what others mount is not known, a disk", all(missing, dev(podman.Device{Path: "/dev/sda"})), HostRoot,
			"device:high"},
	} {
		c := soft()
		test.change(c)
		got := ReachOf(c)
		var findings []string
		for _, rule := range All(Parameters{}) {
			if slices.Contains([]string{"host-path", "engine-socket", "device"}, rule.ID) {
				for _, f := range Check([]Rule{rule}, c) {
					findings = append(findings, rule.ID+":"+f.Severity.String())
				}
			}
		}
		if got.Level != test.want || strings.Join(findings, " ") != test.findings {
			t.Errorf("%s: %s (%s), want %s; findings %q, want %q", test.name, got.Level, strings.Join(got.Why, "; "),
				test.want, findings, test.findings)
		}
	}
}

// TestHostNotKnown holds that nothing is guessed of a container whose service did not say what it is.
func TestHostNotKnown(t *testing.T) {
	c := soft()
	c.ID, c.Host = "x", &podman.Host{Podman: "4.3.1"}
	c.Namespaces.UIDs, c.Namespaces.GIDs = podman.Setting[podman.IDMap]{}, podman.Setting[podman.IDMap]{}
	c.Namespaces.Cgroup = podman.Set("host", podman.Origin{})
	c.Capabilities.Bounding = podman.Set([]string{"CAP_MKNOD", "CAP_NET_RAW", "CAP_SYS_ADMIN"}, podman.Origin{})
	c.Files.Mounts.Value = []podman.Mount{{Type: "bind", Source: "/etc", Destination: "/e", Writable: true},
		{Type: "bind", Source: "/srv", Destination: "/s", Propagation: "rshared"}}
	if got := ReachOf(c); got.Level != ReachUnknown || !strings.Contains(strings.Join(got.Why, " "), "not known") {
		t.Errorf("reach %s (%s)", got.Level, got.Why)
	}
	var got []string
	for _, rule := range All(Parameters{}) {
		if slices.Contains([]string{"cgroup-host", "cap-dangerous", "root-user", "uid-map", "host-path", "mount-shared"},
			rule.ID) {
			for _, f := range Check([]Rule{rule}, c) {
				got = append(got, rule.ID+":"+f.Severity.String()+" "+f.Cause)
			}
		}
	}
	if want := "cap-dangerous:low CAP_SYS_ADMIN, host-path:low /e"; strings.Join(got, ", ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.Host.CgroupVersion = "v2"
	if len(Check([]Rule{cgroupHost}, c)) != 1 {
		t.Error("cgroup-host is silent on cgroup v2")
	}
}

// TestFalseAlarms holds what gives nothing and of which nothing is said.
func TestFalseAlarms(t *testing.T) {
	mount := func(m podman.Mount) func(*podman.Container) {
		return func(c *podman.Container) {
			m.Type, m.Destination, m.Recursive = "bind", "/m", true
			c.Files.Mounts = podman.Set([]podman.Mount{m}, podman.Origin{})
		}
	}
	access := func(uid uint32) podman.Setting[podman.Access] {
		return podman.Set(podman.Access{UID: uid, Mode: 0o600}, podman.Origin{})
	}
	network := func(mode string, ports ...podman.Port) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Network.Mode, c.Network.Ports = podman.Set(mode, podman.Origin{}), podman.Set(ports, podman.Origin{})
		}
	}
	publishAll := func(id string) func(*podman.Container) {
		return func(c *podman.Container) {
			c.ID, c.Network.PublishAll = id, podman.Set(true, podman.Origin{})
		}
	}
	port := podman.Port{Host: 25, Container: 25, Count: 1, Protocol: "tcp"}
	shared := podman.Mount{Source: "/srv/shared", Propagation: "rshared"}
	for _, test := range []struct {
		name   string
		change func(*podman.Container)
		want   Level
		rules  string // those of the ones watched that say something
	}{
		{"root's socket, rootless", all(rootlessly, mount(podman.Mount{Source: "/run/podman"})), EscapeToUser, ""},
		{"the account's socket", all(rootlessly, mount(podman.Mount{Source: "/run/user/1001/podman"})), HostUser, ""},
		{"another account's socket", all(rootlessly, mount(podman.Mount{Source: "/run/user/1002/podman"})), EscapeToUser,
			""},
		{"all sockets, rootless", all(rootlessly, mount(podman.Mount{Source: "/run"})), HostUser, ""},
		{"a socket elsewhere, the account's",
			all(rootlessly, mount(podman.Mount{Source: "/srv/podman.sock", Access: access(1001)})), HostUser, ""},
		{"a socket elsewhere, root's",
			all(rootlessly, mount(podman.Mount{Source: "/srv/podman.sock", Access: access(0)})), EscapeToUser, ""},
		{"rshared", mount(shared), EscapeToRoot, "mount-shared"},
		{"rshared, rootless", all(rootlessly, mount(shared)), EscapeToUser, ""},
		{"a port", network("bridge", port), EscapeToRoot, "port-exposed port-privileged"},
		{"a port without a network", network("none", port), EscapeToRoot, ""},
		{"a port on another's network", network("container:x", port), EscapeToRoot, ""},
		{"a port on a network by its path", network("ns:/run/netns/x", port), EscapeToRoot, ""},
		{"every port of an image that has none", all(network("bridge"), publishAll("x")), ReachUnknown, ""},
		{"every port of an image", all(network("bridge", port), publishAll("x")), ReachUnknown,
			"port-exposed port-privileged"},
		{"every port of an image that is not known", all(network("bridge"), publishAll("")), EscapeToRoot, "port-exposed"},
	} {
		c := soft()
		test.change(c)
		var said []string
		for _, rule := range All(Parameters{}) {
			if slices.Contains([]string{"mount-shared", "port-exposed", "port-privileged"}, rule.ID) &&
				len(Check([]Rule{rule}, c)) > 0 {
				said = append(said, rule.ID)
			}
		}
		if got := ReachOf(c); got.Level != test.want || strings.Join(said, " ") != test.rules {
			t.Errorf("%s: %s (%s), want %s; said by %q, want %q", test.name, got.Level, strings.Join(got.Why, "; "),
				test.want, said, test.rules)
		}
	}
}

// TestReachJoined holds what a container gains by the processes that it sees, of the host's and of others.
func TestReachJoined(t *testing.T) {
	holder := soft()
	holder.Name, holder.Files.Mounts.Value = "holder", []podman.Mount{{Type: "bind", Source: "/etc", Writable: true}}
	strong := soft()
	strong.Capabilities.Bounding = podman.Set([]string{"CAP_SYS_MODULE"}, podman.Origin{})
	joined := func(other *podman.Container) func(*podman.Container) {
		return func(c *podman.Container) {
			c.Namespaces.PID = podman.Set("container:holder", podman.Origin{})
			c.Namespaces.Joins = map[podman.NamespaceKind]podman.Join{
				podman.NamespacePID: {Mode: "private", Container: "holder"}}
			c.Namespaces.Processes = []*podman.Container{other}
		}
	}
	through := func(c *podman.Container) {
		c.Namespaces.PID = podman.Set("container:holder", podman.Origin{})
		c.Namespaces.Joins = map[podman.NamespaceKind]podman.Join{
			podman.NamespacePID: {Mode: "host", Container: "holder"}}
	}
	host := func(c *podman.Container) { c.Namespaces.PID = podman.Set("host", podman.Origin{}) }
	caps := func(names ...string) func(*podman.Container) {
		return func(c *podman.Container) { c.Capabilities.Bounding = podman.Set(names, podman.Origin{}) }
	}
	for _, test := range []struct {
		name   string
		change func(*podman.Container)
		want   Level
		why    string
		pid    bool // whether pid-host says something
	}{
		{"the host's by another's", all(through, caps("CAP_SYS_PTRACE")), HostRoot, "takes over any process", true},
		{"the host's by another's, nothing to take over with", through, EscapeToRoot, "no capability more", true},
		{"the host's", host, EscapeToRoot, "no capability more", true},
		{"the host's, one of root's to take over", all(host, func(c *podman.Container) {
			c.Namespaces.Takeable = podman.Set(true, podman.Origin{})
		}), HostRoot, "takes over a process of root's", true},
		{"the first process's by its path", all(caps("CAP_SYS_PTRACE"), func(c *podman.Container) {
			c.Namespaces.PID = podman.Set("ns:/proc/1/ns/pid", podman.Origin{})
		}), HostRoot, "takes over any process", true},
		{"the host's, rootless, SYS_PTRACE", all(rootlessly, host, caps("CAP_SYS_PTRACE")), HostUser, "Podman itself", true},
		{"the host's, rootless", all(rootlessly, host), EscapeToUser, "", true},
		{"the host's, rootless, users of its own", all(rootlessly, host, mapped, caps("CAP_SYS_PTRACE")), Contained, "",
			true},
		{"another's, the same capabilities", joined(holder), HostRoot, "every capability of theirs", false},
		{"another's, fewer capabilities", all(joined(holder), caps("CAP_KILL")), EscapeToRoot, "", false},
		{"another's, SYS_PTRACE", all(joined(holder), caps("CAP_SYS_PTRACE")), HostRoot, "with SYS_PTRACE", false},
		{"another's that is stronger", joined(strong), EscapeToRoot, "", false},
		{"another's, users of its own", all(joined(holder), mapped, caps("CAP_SYS_PTRACE")), Contained, "", false},
	} {
		c := soft()
		test.change(c)
		got := ReachOf(c)
		if got.Level != test.want || !strings.Contains(strings.Join(got.Why, "; "), test.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", test.name, got.Level, strings.Join(got.Why, "; "), test.want, test.why)
		}
		if found := Check([]Rule{pidHost}, c); (len(found) > 0) != test.pid {
			t.Errorf("%s: pid-host %v", test.name, found)
		}
	}
}

// TestExposureBounds holds the two ends of the scale.
func TestExposureBounds(t *testing.T) {
	worst := soft()
	worst.Confinement.Privileged = podman.Set(true, podman.Origin{})
	worst.Capabilities.Bounding.Value = podman.AllCapabilities()
	worst.Files.Mounts.Value = []podman.Mount{{Type: "bind", Source: "/", Writable: true, Recursive: true}}
	worst.Network.Mode, worst.Namespaces.PID, worst.Namespaces.IPC = podman.Set("host", podman.Origin{}),
		podman.Set("host", podman.Origin{}), podman.Set("host", podman.Origin{})
	worst.Network.Ports = podman.Set([]podman.Port{{}}, podman.Origin{})
	worst.Limits = podman.Limits{Memory: podman.Set(int64(0), podman.Origin{}),
		PIDs: podman.Set(int64(0), podman.Origin{})}
	if got, ok := Exposure(worst, ReachOf(worst)); !ok || got != 10 {
		t.Errorf("the worst container: %v, %v", got, ok)
	}
	best := soft()
	best.Process.UID, best.Confinement.NoNewPrivileges, best.Files.ReadOnly = podman.Set(uint32(33), podman.Origin{}),
		podman.Set(true, podman.Origin{}), podman.Set(true, podman.Origin{})
	best.Namespaces.UIDs = podman.Set(podman.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}, podman.Origin{})
	best.Capabilities.Bounding.Value = nil
	if got, ok := Exposure(best, ReachOf(best)); !ok || got != 0 {
		t.Errorf("the best container: %v, %v", got, ok)
	}
}

// generated makes a container of arbitrary settings.
func generated(r *rand.Rand) *podman.Container {
	c := soft()
	coin := func() bool { return r.IntN(2) == 0 }
	maps := []podman.IDMap{
		podman.IdentityMap(), {{Inside: 0, Outside: 100000, Size: 65536}},
		{{Inside: 0, Outside: 0, Size: 1}, {Inside: 1, Outside: 100001, Size: 1000}},
		{{Inside: 0, Outside: 100000, Size: 33}, {Inside: 33, Outside: 33, Size: 1}},
		{{Inside: 0, Outside: 100000, Size: 1000}, {Inside: 1000, Outside: 0, Size: 1}},
		{{Inside: 0, Outside: 1000, Size: 1}, {Inside: 1, Outside: 100001, Size: 1000}},
	}
	if coin() {
		c.Host.Rootless = podman.Set(true, podman.Origin{})
		c.Host.UIDs = podman.IDMap{{Inside: 0, Outside: 1001, Size: 1}, {Inside: 1, Outside: 100000, Size: 65536}}
		maps = []podman.IDMap{c.Host.UIDs, {{Inside: 0, Outside: 100000, Size: 65536}},
			{{Inside: 0, Outside: 100000, Size: 33}, {Inside: 33, Outside: 1001, Size: 1}}}
	}
	c.Namespaces.UIDs = podman.Set(maps[r.IntN(len(maps))], podman.Origin{})
	c.Namespaces.GIDs = podman.Set(maps[r.IntN(len(maps))], podman.Origin{})
	c.Process.GID = podman.Set([]uint32{0, 33}[r.IntN(2)], podman.Origin{})
	if r.IntN(4) == 0 {
		c.Process.Groups = podman.Set([]string{[]string{podman.KeepGroups, "0"}[r.IntN(2)]}, podman.Origin{})
	}
	c.Process.UID = podman.Set([]uint32{0, 33}[r.IntN(2)], podman.Origin{})
	c.Confinement.NoNewPrivileges, c.Confinement.Privileged = podman.Set(coin(), podman.Origin{}),
		podman.Set(r.IntN(4) == 0, podman.Origin{})
	c.Files.ReadOnly = podman.Set(coin(), podman.Origin{})
	c.Confinement.Seccomp = podman.Set([]string{"", "unconfined"}[r.IntN(2)], podman.Origin{})
	if coin() {
		c.Confinement.Unmasked = podman.Set([]string{[]string{"ALL", "/proc/kcore", "/proc/s*"}[r.IntN(3)]}, podman.Origin{})
	}
	c.Capabilities.Bounding.Value = nil
	for _, name := range podman.AllCapabilities() {
		if r.IntN(6) == 0 {
			c.Capabilities.Bounding.Value = append(c.Capabilities.Bounding.Value, name)
		}
	}
	c.Capabilities.Effective = podman.Set([]string{}, podman.Origin{})
	for _, name := range podman.AllCapabilities() {
		if r.IntN(12) == 0 {
			c.Capabilities.Effective.Value = append(c.Capabilities.Effective.Value, name)
		}
	}
	for _, mode := range []*podman.Setting[string]{&c.Namespaces.PID, &c.Namespaces.IPC, &c.Network.Mode} {
		*mode = podman.Set([]string{"private", "host"}[r.IntN(2)], podman.Origin{})
	}
	for _, source := range []string{"/etc", "/srv/data", "/run/podman/podman.sock", "/run/user/1001/podman/podman.sock",
		"/home/me", "/", "/run/dbus", "/dev", "/sys", "/dev/sda"} {
		if r.IntN(5) == 0 {
			c.Files.Mounts.Value = append(c.Files.Mounts.Value, podman.Mount{Type: "bind", Source: source,
				Destination: "/" + source, Writable: coin(), Recursive: true, ReadOnlyBelow: coin()})
		}
	}
	if r.IntN(4) == 0 {
		c.Files.Devices = podman.Set([]podman.Device{{Path: []string{"/dev/sda", "/dev/fuse"}[r.IntN(2)]}},
			podman.Origin{})
	}
	if r.IntN(4) == 0 {
		c.Files.DeviceRules = podman.Set([]string{"b *:* rwm"}, podman.Origin{})
	}
	c.Files.AnyDevice = podman.Set(r.IntN(4) == 0, podman.Origin{})
	c.Network.Ports = podman.Set([]podman.Port{{Address: []string{"", "127.0.0.1"}[r.IntN(2)], Host: 80}},
		podman.Origin{})
	c.Limits = podman.Limits{Memory: podman.Set(int64(r.IntN(2)), podman.Origin{}),
		PIDs: podman.Set(int64(r.IntN(2)), podman.Origin{})}
	return c
}

func coinFlip(r *rand.Rand) bool { return r.IntN(2) == 0 }

// hardenings are the changes of one setting that make a container harder.
var hardenings = []struct {
	name  string
	apply func(*podman.Container, *rand.Rand)
}{
	{"no-new-privileges", func(c *podman.Container, _ *rand.Rand) {
		c.Confinement.NoNewPrivileges = podman.Set(true, podman.Origin{})
	}},
	{"not privileged",
		func(c *podman.Container, _ *rand.Rand) { c.Confinement.Privileged = podman.Set(false, podman.Origin{}) }},
	{"read-only", func(c *podman.Container, _ *rand.Rand) { c.Files.ReadOnly = podman.Set(true, podman.Origin{}) }},
	{"seccomp", func(c *podman.Container, _ *rand.Rand) { c.Confinement.Seccomp = podman.Set("", podman.Origin{}) }},
	{"masked", func(c *podman.Container, _ *rand.Rand) {
		c.Confinement.Unmasked = podman.Set([]string{}, podman.Origin{})
	}},
	{"mapped", func(c *podman.Container, _ *rand.Rand) {
		c.Namespaces.UIDs = podman.Set(podman.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}, podman.Origin{})
	}},
	{"groups mapped", func(c *podman.Container, _ *rand.Rand) {
		c.Namespaces.GIDs = podman.Set(podman.IDMap{{Inside: 0, Outside: 100000, Size: 65536}}, podman.Origin{})
	}},
	{"no groups beside its own", func(c *podman.Container, _ *rand.Rand) {
		c.Process.Groups = podman.Set([]string{}, podman.Origin{})
	}},
	{"masked again", func(c *podman.Container, _ *rand.Rand) { c.Confinement.Masked = []string{"/proc/sys"} }},
	{"no capability made effective", func(c *podman.Container, _ *rand.Rand) {
		c.Capabilities.Effective = podman.Set([]string{}, podman.Origin{})
	}},
	{"a capability less", func(c *podman.Container, r *rand.Rand) {
		if list := c.Capabilities.Bounding.Value; len(list) > 0 {
			i := r.IntN(len(list))
			c.Capabilities.Bounding.Value = slices.Delete(slices.Clone(list), i, i+1)
		}
	}},
	{"a mount less", func(c *podman.Container, r *rand.Rand) {
		if list := c.Files.Mounts.Value; len(list) > 0 {
			i := r.IntN(len(list))
			c.Files.Mounts.Value = slices.Delete(slices.Clone(list), i, i+1)
		}
	}},
	{"in a cgroup", func(c *podman.Container, _ *rand.Rand) {
		c.Files.AnyDevice = podman.Set(false, podman.Origin{})
	}},
	{"a mount read-only", func(c *podman.Container, r *rand.Rand) {
		if list := slices.Clone(c.Files.Mounts.Value); len(list) > 0 {
			i := r.IntN(len(list))
			list[i].Writable, list[i].ReadOnlyBelow = false, list[i].ReadOnlyBelow || coinFlip(r)
			c.Files.Mounts.Value = list
		}
	}},
	{"no devices", func(c *podman.Container, _ *rand.Rand) {
		c.Files.Devices = podman.Set([]podman.Device{}, podman.Origin{})
	}},
	{"no device rules",
		func(c *podman.Container, _ *rand.Rand) { c.Files.DeviceRules = podman.Set([]string{}, podman.Origin{}) }},
	{"own processes",
		func(c *podman.Container, _ *rand.Rand) { c.Namespaces.PID = podman.Set("private", podman.Origin{}) }},
	{"own memory",
		func(c *podman.Container, _ *rand.Rand) { c.Namespaces.IPC = podman.Set("private", podman.Origin{}) }},
	{"own network", func(c *podman.Container, _ *rand.Rand) { c.Network.Mode = podman.Set("none", podman.Origin{}) }},
	{"no port", func(c *podman.Container, _ *rand.Rand) {
		c.Network.Ports = podman.Set([]podman.Port{}, podman.Origin{})
	}},
	{"limits", func(c *podman.Container, _ *rand.Rand) {
		c.Limits = podman.Limits{Memory: podman.Set(int64(1), podman.Origin{}),
			PIDs: podman.Set(int64(1), podman.Origin{})}
	}},
}

// TestMonotone holds that hardening one setting of whatever container raises neither its reach nor its exposure.
func TestMonotone(t *testing.T) {
	levels := map[Level]int{}
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 1))
		before := generated(r)
		reach := ReachOf(before)
		exposure, known := Exposure(before, reach)
		levels[reach.Level]++
		for _, h := range hardenings {
			after := *before
			h.apply(&after, r)
			now := ReachOf(&after)
			rating, still := Exposure(&after, now)
			if now.Level > reach.Level || known && still && rating > exposure {
				t.Fatalf("seed %d, %s: %s %v → %s %v (%q → %q)", seed, h.name, reach.Level, exposure, now.Level, rating,
					reach.Why, now.Why)
			}
		}
	}
	for _, level := range []Level{Contained, EscapeToUser, EscapeToRoot, HostUser, HostRoot} {
		if levels[level] == 0 {
			t.Errorf("no generated container reaches %s: %v", level, levels)
		}
	}
}
