package rules

import (
	"math"

	"github.com/podlint/podlint/podman"
)

// Exposure rates a container from 0.0 to 10.0, in the spirit of `systemd-analyze security`. It is false where the reach
// is not known. The formula:
//
//	exposure = base(reach) + 2 × (sum of the weights of what is not hardened) / (sum of all weights)
//
// with the base 0 for contained, 2 for escape-to-user, 4 for escape-to-root, 6 for host-user, 8 for host-root: how far
// one gets counts first, how much is in the way counts within. What is not known counts as hardened, so that hardening
// never raises it.
func Exposure(c *podman.Container, reach Reach) (float64, bool) {
	if reach.Level == ReachUnknown {
		return 0, false
	}
	soft, all := 0.0, 0.0
	for _, w := range weights {
		all += w.Weight
		soft += w.Weight * w.soft(c)
	}
	const step = 2
	value := step*float64(reach.Level-Contained) + step*soft/all
	return math.Round(value*10) / 10, true
}

// Weight is one entry of the formula.
type Weight struct {
	// What says what counts, and Weight how much.
	What   string
	Weight float64
	// soft returns how much of it is not hardened, from 0 to 1.
	soft func(*podman.Container) float64
}

// Weights returns the formula's entries, for the documentation.
func Weights() []Weight { return append([]Weight(nil), weights...) }

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func is[T comparable](s podman.Setting[T], value T) float64 {
	return one(s.Known() && s.Value == value)
}

var weights = []Weight{
	{"privileged", 3, func(c *podman.Container) float64 { return one(isPrivileged(c)) }},
	{"capabilities kept, by their share of all", 3, func(c *podman.Container) float64 {
		if !c.Capabilities.Bounding.Known() {
			return 0
		}
		return min(1, float64(len(c.Capabilities.Bounding.Value))/float64(len(podman.AllCapabilities())))
	}},
	{"no seccomp filter", 2, func(c *podman.Container) float64 {
		return max(one(isPrivileged(c)), is(c.Confinement.Seccomp, "unconfined"))
	}},
	{"setuid programs can raise privileges", 2,
		func(c *podman.Container) float64 { return is(c.Confinement.NoNewPrivileges, false) }},
	{"the root filesystem is writable", 2, func(c *podman.Container) float64 { return is(c.Files.ReadOnly, false) }},
	{"runs as UID 0 inside", 2, func(c *podman.Container) float64 { return is(c.Process.UID, 0) }},
	{"no user namespace of its own", 2, func(c *podman.Container) float64 { return is(c.OwnUsers(), false) }},
	{"the host's network", 2, func(c *podman.Container) float64 { return is(c.Network.Mode, "host") }},
	{"the host's PID namespace", 1, func(c *podman.Container) float64 { return is(c.Namespaces.PID, "host") }},
	{"the host's IPC namespace", 1, func(c *podman.Container) float64 { return is(c.Namespaces.IPC, "host") }},
	{"/proc or /sys unmasked", 1, func(c *podman.Container) float64 {
		return one(isPrivileged(c) || len(c.Confinement.OpenPaths()) > 0)
	}},
	{"an engine's socket", 2, func(c *podman.Container) float64 {
		return mounts(c, func(m podman.Mount) bool { socket, _ := socketBehind(m); return socket != "" })
	}},
	{"a path of the host's own, writable", 2, func(c *podman.Container) float64 {
		return mounts(c, func(m podman.Mount) bool {
			return m.Writable && m.Type != "image" && sensitive(hostPath(m.Source), true) != "" || len(writableSystem(m)) > 0
		})
	}},
	{"a device of the host", 1, func(c *podman.Container) float64 {
		return one(isPrivileged(c) || c.Files.Devices.Known() && len(c.Files.Devices.Value) > 0)
	}},
	{"a port on every address", 1, func(c *podman.Container) float64 {
		if c.Network.Follows.Known() && c.Network.Follows.Value {
			return 1
		}
		if !c.Network.Ports.Known() {
			return 0
		}
		for _, p := range c.Network.Ports.Value {
			if everyAddress(p.Address) {
				return 1
			}
		}
		return 0
	}},
	{"memory without a limit", 0.5, func(c *podman.Container) float64 { return is(c.Limits.Memory, 0) }},
	{"processes without a limit", 0.5, func(c *podman.Container) float64 {
		return one(c.Limits.PIDs.Known() && c.Limits.PIDs.Value <= 0)
	}},
}

func mounts(c *podman.Container, bad func(podman.Mount) bool) float64 {
	if !c.Files.Mounts.Known() {
		return 0
	}
	for _, m := range c.Files.Mounts.Value {
		if bad(m) {
			return 1
		}
	}
	return 0
}
