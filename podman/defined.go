package podman

import (
	"maps"
	"slices"
	"strings"
)

// Drift is a setting in which a live container is not what its definition says, by the name that reports show.
type Drift string

// The settings that are compared.
const (
	DriftPrivileged      Drift = "privileged"
	DriftNoNewPrivileges Drift = "no-new-privileges"
	DriftReadOnly        Drift = "read-only"
	DriftUser            Drift = "user"
	DriftUserNamespace   Drift = "user namespace"
	DriftCapabilities    Drift = "capabilities"
	DriftMounts          Drift = "mounts"
	DriftImage           Drift = "image"
)

// Differences names the settings in which a live container is not what its definition says now: the definition was
// changed after the container was made, or the container since. What is not known of either is no difference.
func Differences(live, defined *Container) []Drift {
	var names []Drift
	differ := func(name Drift, is bool) {
		if is {
			names = append(names, name)
		}
	}
	differ(DriftPrivileged, unequal(live.Confinement.Privileged, defined.Confinement.Privileged))
	differ(DriftNoNewPrivileges, unequal(live.Confinement.NoNewPrivileges, defined.Confinement.NoNewPrivileges))
	differ(DriftReadOnly, unequal(live.Files.ReadOnly, defined.Files.ReadOnly))
	differ(DriftUser, unequal(live.Process.UID, defined.Process.UID) && !defined.Namespaces.PlaceholderIDs)
	differ(DriftUserNamespace, unequal(live.OwnUsers(), defined.OwnUsers()))
	a, b := live.Capabilities.Bounding, defined.Capabilities.Bounding
	// The default set is the machine's own; only what was asked for is compared.
	if a.Known() && b.State == StateSet && !live.Confinement.Privileged.Value {
		asked := live.Capabilities.Requested
		differ(DriftCapabilities, asked.Known() && !sameSet(asked.Value, defined.Capabilities.Requested.Value) ||
			len(b.Value) < len(DefaultCapabilities()) && !sameSet(a.Value, b.Value))
	}
	if live.Files.Mounts.Known() && defined.Files.Mounts.Known() {
		differ(DriftMounts, !sameSet(destinations(live), destinations(defined)))
	}
	if before, after := live.Image.Name, defined.Image.Name; before != "" && strings.Contains(after, "/") &&
		!strings.ContainsAny(after, "$%{") {
		differ(DriftImage, withTag(before) != withTag(after))
	}
	return names
}

func unequal[T comparable](a, b Setting[T]) bool { return a.Known() && b.Known() && a.Value != b.Value }

func sameSet(a, b []string) bool {
	set := func(list []string) []string {
		m := map[string]bool{}
		for _, s := range list {
			m[s] = true
		}
		return slices.Sorted(maps.Keys(m))
	}
	return slices.Equal(set(a), set(b))
}

// destinations lists what was mounted by whoever defined the container: an image's own volumes have names of 64 digits.
func destinations(c *Container) []string {
	var list []string
	for _, m := range c.Files.Mounts.Value {
		const digits = 64
		if m.Type != "volume" || m.Name != "" && len(m.Name) != digits {
			list = append(list, strings.TrimSuffix(m.Destination, "/"))
		}
	}
	return list
}

// withTag completes an image's name with the tag that Podman takes for none.
func withTag(name string) string {
	if rest := name[strings.LastIndexByte(name, '/')+1:]; !strings.ContainsAny(rest, ":@") {
		return name + ":latest"
	}
	return name
}
