package rules

import (
	"slices"

	"github.com/podlint/podlint/podman"
)

var hostRootful = Rule{
	ID:       "host-rootful",
	Title:    "Root's Podman runs what an ordinary account could",
	Severity: Info,
	Why: `Under a rootful Podman a bug in the runtime is root on the host. A container that needs no device, no host
namespace and no port below 1024 runs as well under an account of its own, where the same bug is that account.`,
	Remedy:  "Move it to a service account: its unit to ~/.config/containers/systemd, `loginctl enable-linger ACCOUNT`.",
	CIS:     "2.1",
	See:     []string{"https://github.com/containers/podman/blob/main/docs/tutorials/rootless_tutorial.md"},
	Drift:   []podman.Drift{podman.DriftPrivileged},
	Profile: Strict,
	Check: func(c *podman.Container) []Finding {
		r := c.Host.Rootless
		if c.Kind != podman.KindContainer || r.State != podman.StateSet || r.Value || isolated(c) || needsRoot(c) {
			return nil
		}
		return violated(r, violation{
			Message:  "asks for nothing that only root's Podman can give",
			Severity: Info,
			Setting:  "rootless",
			Value:    "false",
			Fix:      Fix{Summary: "run it under an account of its own"},
		})
	},
}

// needsRoot reports whether a container has, or may have, something that a rootless Podman cannot give.
func needsRoot(c *podman.Container) bool {
	known := c.Confinement.Privileged.Known() && c.Network.Mode.Known() && c.Files.Mounts.Known() &&
		c.Capabilities.Bounding.Known()
	if !known || isPrivileged(c) || c.Network.Mode.Value == "host" || c.Namespaces.PID.Value == "host" ||
		len(c.Files.Devices.Value) > 0 || len(c.Files.DeviceRules.Value) > 0 {
		return true
	}
	for _, p := range c.Network.Ports.Value {
		if p.Host > 0 && p.Host < 1024 {
			return true
		}
	}
	for _, m := range c.Files.Mounts.Value {
		if m.Type == "bind" {
			return true // whose it is is not known
		}
	}
	for _, name := range c.Capabilities.Bounding.Value {
		if !slices.Contains(podman.DefaultCapabilities(), name) && !slices.Contains(c.Host.DefaultCapabilities, name) {
			return true
		}
	}
	return false
}
