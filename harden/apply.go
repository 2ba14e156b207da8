// Package harden says what a container would be with a change, and which few changes of many containers take away the
// most exposure. It changes nothing but its own copies.
package harden

import (
	"maps"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// Apply returns the container as it would be with the fix of a finding. It is false where that cannot be told, and
// where the finding's rule would find the same again: what is not known to end a finding is not counted.
func Apply(c *podman.Container, f *rules.Finding) (*podman.Container, bool) {
	after := *c
	after.Namespaces.Joins = maps.Clone(c.Namespaces.Joins)
	changed := false
	if f.Fix.Drop {
		changed = drop(&after, f)
	}
	for _, change := range f.Fix.Changes {
		changed = add(&after, change.Flag) || changed
	}
	if !changed || f.Rule.Check == nil {
		return nil, false
	}
	for _, still := range f.Rule.Check(&after) {
		if still.Cause == cause(f) {
			return nil, false
		}
	}
	return &after, true
}

// cause is a finding's cause without the number that the engine gives the second of two alike.
func cause(f *rules.Finding) string {
	text, _, _ := strings.Cut(f.Cause, "#")
	return text
}

// drop takes away the options that a finding rests on.
func drop(c *podman.Container, f *rules.Finding) bool {
	if len(f.Evidence) == 0 {
		return false
	}
	private := func(s *podman.Setting[string], kind podman.NamespaceKind, mode string) bool {
		*s = podman.DefaultTo(mode, s.Origin)
		delete(c.Namespaces.Joins, kind)
		return true
	}
	switch f.Evidence[0].Setting {
	case "mount":
		return dropMount(c, cause(f))
	case "device":
		return dropDevice(c, cause(f))
	case "capabilities":
		return dropCapability(c, f)
	case "privileged":
		return dropPrivileged(c)
	case "port":
		return bindPorts(c, f.Fix.Replacement)
	case "group-add":
		c.Process.Groups.Value = without(c.Process.Groups.Value, podman.KeepGroups)
	case "seccomp":
		c.Confinement.Seccomp = podman.DefaultTo("", c.Confinement.Seccomp.Origin)
	case "unmask":
		c.Confinement.Unmasked = podman.DefaultTo([]string{}, c.Confinement.Unmasked.Origin)
	case "pid":
		return private(&c.Namespaces.PID, podman.NamespacePID, "private")
	case "ipc":
		return private(&c.Namespaces.IPC, podman.NamespaceIPC, "shareable")
	case "network":
		mode := "bridge"
		if c.Host.Rootless.Value {
			mode = "pasta"
		}
		return f.Evidence[0].Value == "host" && private(&c.Network.Mode, podman.NamespaceNetwork, mode)
	default: // what has no part in how far somebody gets
		return false
	}
	return true
}

func dropMount(c *podman.Container, destination string) bool {
	before := len(c.Files.Mounts.Value)
	c.Files.Mounts.Value = slices.DeleteFunc(slices.Clone(c.Files.Mounts.Value),
		func(m podman.Mount) bool { return m.Destination == destination })
	return len(c.Files.Mounts.Value) < before
}

func dropDevice(c *podman.Container, name string) bool {
	before := len(c.Files.Devices.Value) + len(c.Files.DeviceRules.Value)
	c.Files.Devices.Value = slices.DeleteFunc(slices.Clone(c.Files.Devices.Value),
		func(d podman.Device) bool { return d.Path == name })
	c.Files.DeviceRules.Value = without(c.Files.DeviceRules.Value, name)
	return len(c.Files.Devices.Value)+len(c.Files.DeviceRules.Value) < before || dropMount(c, name)
}

// dropCapability takes one capability away, or every one that was added where the fix drops all.
func dropCapability(c *podman.Container, f *rules.Finding) bool {
	held := &c.Capabilities
	if f.Fix.Part == "" {
		held.Requested = podman.Set([]string{}, held.Requested.Origin)
		return true
	}
	name := podman.Capability(f.Fix.Part)
	held.Bounding.Value = without(held.Bounding.Value, name)
	held.Effective.Value = without(held.Effective.Value, name)
	held.Requested.Value = without(held.Requested.Value, name)
	return true
}

// dropPrivileged leaves the capabilities that Podman gives by itself and those that were asked for; false where either
// is not known.
func dropPrivileged(c *podman.Container) bool {
	held := &c.Capabilities
	if !held.Requested.Known() || c.Host.DefaultCapabilities == nil {
		return false
	}
	c.Confinement.Privileged = podman.DefaultTo(false, c.Confinement.Privileged.Origin)
	names := slices.Concat(c.Host.DefaultCapabilities, held.Requested.Value)
	slices.Sort(names)
	held.Bounding = podman.Set(slices.Compact(names), held.Bounding.Origin)
	held.Effective = podman.Set(held.Requested.Value, held.Effective.Origin)
	return true
}

// bindPorts binds what is published on every address as the replacements have it.
func bindPorts(c *podman.Container, replacements []rules.Change) bool {
	changed := false
	ports := slices.Clone(c.Network.Ports.Value)
	for _, r := range replacements {
		made, ok := fromFlag(c, r.Flag)
		if !ok {
			return false
		}
		for _, bound := range made.Network.Ports.Value {
			for i, p := range ports {
				if p.Host == bound.Host && p.Container == bound.Container && p.Protocol == bound.Protocol {
					ports[i].Address, changed = bound.Address, true
				}
			}
		}
	}
	c.Network.Ports.Value = ports
	return changed
}

// add gives a container what a flag of podman run does: Podman's own words are read by what reads command lines.
func add(c *podman.Container, flag string) bool {
	made, ok := fromFlag(c, flag)
	if !ok {
		return false
	}
	name, value, _ := strings.Cut(flag, "=")
	switch name {
	case "--userns":
		n := &c.Namespaces
		n.User, n.UIDs, n.GIDs = made.Namespaces.User, made.Namespaces.UIDs, made.Namespaces.GIDs
		n.PlaceholderIDs = made.Namespaces.PlaceholderIDs
	case "--user":
		c.Process.User, c.Process.UID, c.Process.GID = made.Process.User, made.Process.UID, made.Process.GID
	case "--cap-drop":
		if value != "ALL" {
			return false
		}
		held := &c.Capabilities
		names := slices.Clone(held.Requested.Value) // none where it is not known: what is to be added back is a change
		held.Bounding = podman.Set(names, held.Bounding.Origin)
		held.Effective, held.Requested = podman.Set(names, held.Effective.Origin), podman.Set(names, held.Requested.Origin)
	case "--cap-add":
		held := &c.Capabilities
		for _, s := range []*podman.Setting[[]string]{&held.Bounding, &held.Effective, &held.Requested} {
			names := slices.Concat(s.Value, made.Capabilities.Requested.Value)
			slices.Sort(names)
			s.Value = slices.Compact(names)
		}
	case "--security-opt":
		if !strings.HasPrefix(value, "no-new-privileges") {
			return false
		}
		c.Confinement.NoNewPrivileges = made.Confinement.NoNewPrivileges
	case "--read-only":
		c.Files.ReadOnly = made.Files.ReadOnly
	case "--memory":
		c.Limits.Memory = made.Limits.Memory
	case "--pids-limit":
		c.Limits.PIDs = made.Limits.PIDs
	default:
		return false
	}
	return true
}

// fromFlag returns the container that podman run makes with one flag.
func fromFlag(c *podman.Container, flag string) (*podman.Container, bool) {
	line := []command.Word{{Text: "podman"}, {Text: "run"}, {Text: flag}, {Text: "image"}}
	made := command.Lines([][]command.Word{line}, c.Host)
	if len(made.Containers) != 1 || len(made.Problems) > 0 {
		return nil, false
	}
	return made.Containers[0], true
}

// without returns a list without an item; the list itself stays as it is.
func without(list []string, item string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
}
