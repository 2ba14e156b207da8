package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Peer is what the relations between containers need of one of them. A scan keeps no more of each container than this,
// so that its memory hardly grows with their number.
type Peer struct {
	// Name, ID, Pod and Kind are the container's.
	Name, ID, Pod string
	Kind          podman.Kind
	// Host is the machine that it runs on.
	Host *podman.Host

	unit       string
	definition *podman.Definition // nil where no file is known
	// namespaces holds the mode of each kind of namespace, by the rule about it, empty where it is not known.
	namespaces [namespaceKinds]string
	// joining is the container itself, without what may be large, where it joins another's namespace, else nil.
	joining *podman.Container
	// users is the map of a container with users of its own on the host, else unknown.
	users podman.Setting[podman.IDMap]
	// defaultNetwork is where it says that it is on the default network, nil where it is not.
	defaultNetwork *podman.Origin
	// mounts holds what it mounts from the host, volumes among it, but not what its pod does, whose infra container has
	// it too.
	mounts []podman.Mount
	// label tells by whose SELinux label the files are labelled that it mounts with :Z.
	label string
}

// PeerOf returns what the relations need of a container.
func PeerOf(c *podman.Container) *Peer {
	r := &Peer{Name: c.Name, ID: c.ID, Pod: c.Pod, Kind: c.Kind, Host: c.Host, unit: c.Unit}
	if c.Definition.Syntax != "" || c.Definition.Origin.File != "" {
		definition := c.Definition
		r.definition = &definition
	}
	joins := false
	for kind, mode := range namespaceModes {
		s := mode(c)
		if s.Known() {
			r.namespaces[kind] = s.Value
		}
		joins = joins || joined(s.Value) != ""
	}
	if joins {
		r.joining = WithoutTexts(c)
	}
	if own := c.OwnUsers(); c.Kind == podman.KindContainer && own.Known() && own.Value && !c.Namespaces.PlaceholderIDs {
		r.users = c.Namespaces.UIDs
	}
	if onDefaultNetwork(c) {
		origin := c.Network.Names.Origin
		r.defaultNetwork = &origin
	}
	for _, m := range c.Files.Mounts.Value {
		if (m.Type == "bind" || m.Type == "volume") && m.Source != "" && (!m.Origin.OfPod || c.Kind == podman.KindInfra) {
			r.mounts = append(r.mounts, m)
		}
	}
	r.label = labelOf(c)
	return r
}

// labelOf tells containers apart by the SELinux label that their files get with :Z. One without a label of its own
// shares that of all others without; one that joins another's IPC or PID namespace, as a pod's members do, has the
// other's (podman pkg/specgen/generate, setLabelOpts); one that asks for a level has that.
func labelOf(c *podman.Container) string {
	is := func(s podman.Setting[string], value string) bool { return s.Known() && s.Value == value }
	ipc, pid := c.Namespaces.IPC, c.Namespaces.PID
	if isPrivileged(c) || is(c.Confinement.Label, "disable") || is(ipc, "host") || is(pid, "host") {
		return "none"
	}
	for _, mode := range []podman.Setting[string]{ipc, pid} {
		if target := joined(mode.Value); mode.Known() && target != "" {
			return "container " + target
		}
	}
	switch {
	case c.Confinement.LabelLevel.Known() && c.Confinement.LabelLevel.Value != "":
		return "level " + sortedLevel(c.Confinement.LabelLevel.Value)
	case c.ID != "":
		return "container " + c.ID
	case c.Pod != "" && c.SharesLabel:
		return "pod " + c.Pod
	case c.Kind == podman.KindInfra:
		return "pod " + c.Name
	}
	return "container " + c.Name
}

// sortedLevel writes an SELinux level, "s0:c100,c200", with its categories in order.
func sortedLevel(level string) string {
	sensitivity, categories, _ := strings.Cut(level, ":")
	list := strings.Split(categories, ",")
	slices.Sort(list)
	return sensitivity + ":" + strings.Join(slices.Compact(list), ",")
}

// WithoutTexts returns a container without what may be large and only the search for secrets looks at.
func WithoutTexts(c *podman.Container) *podman.Container {
	light := *c
	light.Environment, light.ConfigStrings, light.Image.ConfigStrings,
		light.Process.Command = podman.Setting[[]podman.Variable]{}, podman.Setting[[]podman.ConfigString]{},
		podman.Setting[[]podman.ConfigString]{}, podman.Setting[[]podman.Sensitive]{}
	light.Namespaces.Processes = nil
	light.FromUnit, light.CreateCommand = nil, podman.Setting[[]podman.Sensitive]{}
	return &light
}

// container returns as much of the container as a finding says about it.
func (r *Peer) container() *podman.Container {
	c := &podman.Container{Name: r.Name, ID: r.ID, Pod: r.Pod, Kind: r.Kind, Host: r.Host, Unit: r.unit}
	if r.definition != nil {
		c.Definition = *r.definition
	}
	return c
}

// others names the containers besides one, the first few of many: it does not go through all of them for each.
func others(all []*Peer, but *Peer) string {
	const shown = 3
	var names []string
	for _, c := range all {
		if c.Name != but.Name {
			names = append(names, c.Name)
		}
		if len(names) == shown {
			break
		}
	}
	if more := len(all) - 1 - len(names); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}
