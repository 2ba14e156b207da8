package rules

import (
	"iter"
	"strings"

	"github.com/podlint/podlint/podman"
)

// hostNamespace makes the rule for one kind of namespace that a container shares with the host: by itself, or with a
// container that does.
func hostNamespace(r Rule, kind namespaceKind, judge func(*podman.Container) (Severity, string)) Rule {
	mode := namespaceModes[kind]
	name, _, _ := strings.Cut(r.ID, "-")
	flag := map[string]string{"pid": "--pid", "ipc": "--ipc", "network": "--network", "uts": "--uts",
		"cgroup": "--cgroupns"}[name]
	r.RootlessMatters, r.OnInfra = true, false
	find := func(c *podman.Container, s podman.Setting[string], value, through string) []Finding {
		severity, message := judge(c)
		return violated(s, violation{
			Message:  message + through,
			Severity: severity,
			Setting:  name,
			Value:    value,
			Fix:      Fix{Summary: "leave " + flag + "=host out", Drop: true},
		})
	}
	r.Check = func(c *podman.Container) []Finding {
		s := mode(c)
		if s.Known() && podman.NamespaceKind(name).IsHost(s.Value) {
			return find(c, s, s.Value, "")
		}
		join := c.Namespaces.Joins[podman.NamespaceKind(name)]
		if !s.Known() || join.Mode != "host" {
			return nil
		}
		through := "; it joins the namespace of a process of the host"
		advice := "give it a namespace of its own"
		if join.Container != "" {
			through = "; it joins " + join.Container + ", which has the host's"
			advice = "leave " + flag + "=host out of " + join.Container + ", or do not join it"
		}
		found := find(c, s, s.Value, through)
		found[0].Fix = Fix{Summary: advice}
		return found
	}
	r.CheckPeers = func(all []*Peer) []Finding {
		var found []Finding
		for c, target := range joinsHost(all, kind) {
			if _, followed := c.joining.Namespaces.Joins[podman.NamespaceKind(name)]; followed {
				continue // Check has judged it
			}
			s := mode(c.joining)
			for _, f := range find(c.joining, s, s.Value, "; it joins "+target.Name+", which has the host's") {
				f.Subject = c
				f.Fix = Fix{Summary: "leave " + flag + "=host out of " + target.Name + ", or do not join it"}
				found = append(found, f)
			}
		}
		return found
	}
	return r
}

// joinsHost returns the containers that have the host's namespace of a kind since they join another one's, in their
// order, each with the one at the end.
func joinsHost(all []*Peer, kind namespaceKind) iter.Seq2[*Peer, *Peer] {
	return func(yield func(*Peer, *Peer) bool) {
		known := map[string]*Peer{}
		for _, c := range all {
			known[c.Name] = c
			if c.ID != "" {
				known[c.ID] = c
			}
		}
		for _, c := range all {
			if c.Kind != podman.KindContainer || c.joining == nil {
				continue
			}
			target := c
			for range 16 { // as long as one container joins another; a circle ends too
				next := known[joined(target.namespaces[kind])]
				if next == nil {
					break
				}
				target = next
			}
			if target != c && target.namespaces[kind] == "host" && !yield(c, target) {
				return
			}
		}
	}
}

// namespaceKind is a kind of namespace that a container may share with the host.
type namespaceKind int

const (
	pidNamespace namespaceKind = iota
	ipcNamespace
	networkNamespace
	utsNamespace
	cgroupNamespace
	namespaceKinds
)

// namespaceModes is where a container says whose namespace of a kind it has.
var namespaceModes = [namespaceKinds]func(*podman.Container) podman.Setting[string]{
	pidNamespace:     func(c *podman.Container) podman.Setting[string] { return c.Namespaces.PID },
	ipcNamespace:     func(c *podman.Container) podman.Setting[string] { return c.Namespaces.IPC },
	networkNamespace: func(c *podman.Container) podman.Setting[string] { return c.Network.Mode },
	utsNamespace:     func(c *podman.Container) podman.Setting[string] { return c.Namespaces.UTS },
	cgroupNamespace: func(c *podman.Container) podman.Setting[string] {
		// On v1 nobody chose it; whether it is v1 a service that does not answer does not tell.
		if c.Host.CgroupVersion == "v1" || c.ID != "" && c.Host.CgroupVersion == "" {
			return podman.Setting[string]{}
		}
		return c.Namespaces.Cgroup
	},
}

// joined returns the name or ID of the container whose namespace a mode takes, empty for none.
func joined(mode string) string {
	name, ok := strings.CutPrefix(mode, "container:")
	if !ok {
		return ""
	}
	return name
}
