package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// mountFinding is a finding about one mount.
func mountFinding(m podman.Mount, severity Severity, message string) Finding {
	return Finding{
		Message: message, Severity: severity, Confidence: Certain, Cause: m.Destination, Extent: mountExtent(m),
		Evidence: []Evidence{{"mount", mountText(m), m.Origin}},
		Fix:      Fix{Summary: "leave the mount of " + written(m) + " out", Drop: true},
	}
}

// mountText writes a mount as evidence: what was given, what that leads to, where it is in the container.
func mountText(m podman.Mount) string {
	source := m.Source
	if m.Written != "" {
		source = m.Written + " (" + m.Source + ")"
	}
	if m.Type == "volume" && m.Name != "" {
		source = "volume " + m.Name + " (" + m.Source + ")"
	}
	return source + " → " + m.Destination
}

// written returns a mount's source as it was given.
func written(m podman.Mount) string {
	if m.Written != "" {
		return m.Written
	}
	return m.Source
}

// writablePaths returns the paths of the host that a mount lets a container write to: its source, or what is mounted
// below one that is read-only, which that does not reach. What is mounted below the root directory of every machine is
// known without looking.
func writablePaths(m podman.Mount) []string {
	source := hostPath(m.Source)
	switch {
	case m.Type == "image":
		return nil
	case m.Writable:
		return []string{source}
	case !m.Recursive || m.ReadOnlyBelow:
		return nil
	case m.WritableBelow != nil:
		return m.WritableBelow
	case m.Type == "bind" && source == "/":
		return []string{"/dev", "/proc", "/run", "/sys"}
	case m.Type == "bind" && source == "/sys":
		return []string{"/sys/fs/cgroup"}
	}
	return nil
}

// writableSystem returns those paths of a read-only mount that stay writable and are the system's.
func writableSystem(m podman.Mount) []string {
	if m.Writable {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(writablePaths(m)), func(p string) bool {
		return !strings.HasPrefix(p, "/") || sensitive(p, true) == ""
	})
}

// disksAllowed reports whether nothing but a file's permissions keeps a container from a disk whose file it has: it is
// in no cgroup, or a rule of its own lets it.
func disksAllowed(c *podman.Container) bool {
	if c.Files.AnyDevice.Known() && c.Files.AnyDevice.Value || isPrivileged(c) {
		return true
	}
	return c.Files.DeviceRules.Known() && slices.ContainsFunc(c.Files.DeviceRules.Value, allowsDisks)
}

// allowsDisks reports whether a rule of --device-cgroup-rule lets a container use block devices.
func allowsDisks(rule string) bool {
	return strings.HasPrefix(rule, "a") || strings.HasPrefix(rule, "b")
}

// mountExtent says where a mount is from and whether it can be written. Of what is not the system's only the last name
// counts: the rest is where the definitions have been put, which is another place on every machine.
func mountExtent(m podman.Mount) string {
	source, mode := m.Source, "read-only"
	if !isSystemDirectory(source) {
		source = path.Base(source)
	}
	if m.Writable {
		mode = "writable"
	} else if len(writableSystem(m)) > 0 {
		mode = "writable below"
	}
	return source + " " + mode
}
