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
	}
	if coin() {
		c.Host.Rootless = podman.Set(true, podman.Origin{})
		c.Host.UIDs = podman.IDMap{{Inside: 0, Outside: 1001, Size: 1}, {Inside: 1, Outside: 100000, Size: 65536}}
		maps = []podman.IDMap{c.Host.UIDs, {{Inside: 0, Outside: 100000, Size: 65536}},
			{{Inside: 0, Outside: 100000, Size: 33}, {Inside: 33, Outside: 1001, Size: 1}}}
	}
	c.Namespaces.UIDs = podman.Set(maps[r.IntN(len(maps))], podman.Origin{})
	c.Process.UID = podman.Set([]uint32{0, 33}[r.IntN(2)], podman.Origin{})
	c.Confinement.NoNewPrivileges, c.Confinement.Privileged = podman.Set(coin(), podman.Origin{}),
		podman.Set(r.IntN(4) == 0, podman.Origin{})
	c.Files.ReadOnly = podman.Set(coin(), podman.Origin{})
	c.Confinement.Seccomp = podman.Set([]string{"", "unconfined"}[r.IntN(2)], podman.Origin{})
	if coin() {
		c.Confinement.Unmasked = podman.Set([]string{[]string{"ALL", "/proc/kcore"}[r.IntN(2)]}, podman.Origin{})
	}
	c.Capabilities.Bounding.Value = nil
	for _, name := range podman.AllCapabilities() {
		if r.IntN(6) == 0 {
			c.Capabilities.Bounding.Value = append(c.Capabilities.Bounding.Value, name)
		}
	}
	for _, mode := range []*podman.Setting[string]{&c.Namespaces.PID, &c.Namespaces.IPC, &c.Network.Mode} {
		*mode = podman.Set([]string{"private", "host"}[r.IntN(2)], podman.Origin{})
	}
	for _, source := range []string{"/etc", "/srv/data", "/run/podman/podman.sock", "/run/user/1001/podman/podman.sock",
		"/home/me", "/", "/run/dbus"} {
		if r.IntN(5) == 0 {
			c.Files.Mounts.Value = append(c.Files.Mounts.Value, podman.Mount{Type: "bind", Source: source,
				Destination: "/" + source, Writable: coin(), Recursive: true})
		}
	}
	if r.IntN(4) == 0 {
		c.Files.Devices = podman.Set([]podman.Device{{Path: []string{"/dev/sda", "/dev/fuse"}[r.IntN(2)]}},
			podman.Origin{})
	}
	if r.IntN(4) == 0 {
		c.Files.DeviceRules = podman.Set([]string{"b *:* rwm"}, podman.Origin{})
	}
	c.Network.Ports = podman.Set([]podman.Port{{Address: []string{"", "127.0.0.1"}[r.IntN(2)], Host: 80}},
		podman.Origin{})
	c.Limits = podman.Limits{Memory: podman.Set(int64(r.IntN(2)), podman.Origin{}),
		PIDs: podman.Set(int64(r.IntN(2)), podman.Origin{})}
	return c
}

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
	{"a mount read-only", func(c *podman.Container, r *rand.Rand) {
		if list := slices.Clone(c.Files.Mounts.Value); len(list) > 0 {
			list[r.IntN(len(list))].Writable = false
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
