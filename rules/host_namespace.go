package rules

import (
	"iter"
	"strings"

	"github.com/podlint/podlint/podman"
)

// hostNamespace makes the rule for one kind of namespace that a container shares with the host: by itself, or with a
// container that does.
func hostNamespace(r Rule, kind namespaceKind, judge func(*podman.Container) (Severity, string)) Rule {
	h := sharedNamespace{kind: kind, judge: judge}
	h.name, _, _ = strings.Cut(r.ID, "-")
	h.flag = map[string]string{"pid": "--pid", "ipc": "--ipc", "network": "--network", "uts": "--uts",
		"cgroup": "--cgroupns"}[h.name]
	r.RootlessMatters, r.OnInfra = true, false
	r.Check, r.CheckPeers = h.check, h.checkPeers
	return r
}

// sharedNamespace judges who shares one kind of namespace with the host.
type sharedNamespace struct {
	kind       namespaceKind
	name, flag string
	judge      func(*podman.Container) (Severity, string)
}

// find returns the finding about a container; through says by which other one it shares the namespace.
func (h sharedNamespace) find(c *podman.Container, through, advice string) []Finding {
	s := namespaceModes[h.kind](c)
	severity, message := h.judge(c)
	fix := Fix{Summary: advice}
	if through == "" {
		fix = Fix{Summary: "leave " + h.flag + "=host out", Drop: true}
	}
	return violated(s, violation{
		Message:  message + through,
		Severity: severity,
		Setting:  h.name,
		Value:    s.Value,
		Fix:      fix,
	})
}

// joining is find for a container that joins another one, which has the host's namespace.
func (h sharedNamespace) joining(c *podman.Container, other string) []Finding {
	return h.find(c, "; it joins "+other+", which has the host's",
		"leave "+h.flag+"=host out of "+other+", or do not join it")
}

func (h sharedNamespace) check(c *podman.Container) []Finding {
	s := namespaceModes[h.kind](c)
	join := c.Namespaces.Joins[podman.NamespaceKind(h.name)]
	switch {
	case s.Known() && podman.NamespaceKind(h.name).IsHost(s.Value):
		found := h.find(c, "", "")
		if s.Value != "host" { // a process of the host's, by its number
			found[0].Fix.Summary = "give it a namespace of its own"
		}
		return found
	case !s.Known() || join.Mode != "host":
		return nil
	case join.Container != "":
		return h.joining(c, join.Container)
	}
	return h.find(c, "; it joins the namespace of a process of the host", "give it a namespace of its own")
}

func (h sharedNamespace) checkPeers(all []*Peer) []Finding {
	var found []Finding
	for c, target := range joinsHost(all, h.kind) {
		if _, followed := c.joining.Namespaces.Joins[podman.NamespaceKind(h.name)]; followed {
			continue // check has judged it
		}
		for _, f := range h.joining(c.joining, target.Name) {
			f.Subject = c
			found = append(found, f)
		}
	}
	return found
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
