package rules

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var ignoredSetting = Rule{
	ID:       "ignored-setting",
	Title:    "A setting has no effect under Podman",
	Severity: Low, OnResource: true,
	Why: `A definition that was written for Kubernetes or for another section says something that Podman passes over
without a word. Whoever reads it believes in a protection that is not there.`,
	Remedy: "Leave the setting out, or write what Podman reads in its place.",
	See: []string{"https://github.com/containers/podman/blob/main/docs/kubernetes_support.md",
		"https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html"},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		var found []Finding
		for _, i := range slices.Concat(c.Ignored, withoutEffect(c)) {
			severity := Info
			if i.Protects {
				severity = Low
			}
			fix := "leave it out"
			if i.Instead != "" {
				fix = i.Instead
			}
			found = append(found, Finding{Message: i.Setting + " has no effect: " + i.Why, Severity: severity,
				Confidence: Certain, Cause: i.Setting, Evidence: []Evidence{{"ignored", i.Setting, i.Origin}},
				Fix: Fix{Summary: fix}})
		}
		return found
	},
}

// withoutEffect returns the settings that others of the same container take the effect from.
func withoutEffect(c *podman.Container) []podman.Ignored {
	if c.Definition.Syntax == "" { // of a live container it is not known who set what
		return nil
	}
	var found []podman.Ignored
	if rules := c.Files.DeviceRules; rules.Known() && len(rules.Value) > 0 && !reachesDevices(c) {
		found = append(found, podman.Ignored{Setting: "--device-cgroup-rule", Origin: rules.Origin,
			Why:     "without a device in the container, or MKNOD to make one, there is nothing to open",
			Instead: "add the device itself with --device, or leave the rule out"})
	}
	if ports := c.Network.Ports; ports.Known() && len(ports.Value) > 0 && c.SharesHost(podman.NamespaceNetwork) {
		found = append(found, podman.Ignored{Setting: "--publish", Origin: ports.Value[0].Origin, Protects: true,
			Why:     "on the host's network every port that the service listens on is open, whatever is published",
			Instead: "leave the host's network, or let the service itself listen on the address that is meant"})
	}
	return found
}

// reachesDevices reports whether a container has, or may have, the file of a device that a cgroup rule could be about.
func reachesDevices(c *podman.Container) bool {
	mayMake := !c.Capabilities.Bounding.Known() || slices.Contains(c.Capabilities.Bounding.Value, "CAP_MKNOD")
	if mayMake || isPrivileged(c) || !c.Files.Devices.Known() || len(c.Files.Devices.Value) > 0 {
		return true
	}
	return slices.ContainsFunc(c.Files.Mounts.Value, func(m podman.Mount) bool {
		return m.Type == "bind" && (m.Source == "/" || m.Source == "/dev" || strings.HasPrefix(m.Source, "/dev/") ||
			!strings.HasPrefix(m.Source, "/"))
	}) || !c.Files.Mounts.Known()
}
