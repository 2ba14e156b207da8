package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var mountRelabel = Rule{
	ID:       "mount-relabel",
	Title:    "Relabelling takes files from the host or from another container",
	Severity: High,
	Why: `:z and :Z give every file below the source a label for containers. On a system directory or a home the
host's own services lose access, and every container gains it: /etc relabelled is a host that does not boot. :Z on a
path that two containers use locks out the one that started first.`,
	Remedy: "Mount a directory of the service's own. For one that several containers share, use `:z`.",
	See: []string{
		"https://docs.podman.io/en/latest/markdown/podman-run.1.html#volume-v-source-volume-host-dir-container-dir-options",
	},
	Drift: []podman.Drift{podman.DriftMounts},
	OnPod: true,
	Check: func(c *podman.Container) []Finding {
		if !c.Files.Mounts.Known() {
			return nil
		}
		var found []Finding
		for _, m := range c.Files.Mounts.Value {
			if m.Relabel == "" || m.Type != "bind" || !isSystemDirectory(m.Source) {
				continue
			}
			f := mountFinding(m, High, fmt.Sprintf(":%s relabels %s for containers: the host's own services lose it, "+
				"every container gains it", m.Relabel, m.Source))
			if c.Host.SELinux.Known() && !c.Host.SELinux.Value {
				continue // nothing is relabelled there
			}
			if !c.Host.SELinux.Known() {
				f.Confidence = Derived
				f.Message += " (where the host has SELinux)"
			}
			f.Fix.Summary = "mount a directory of the service's own, or leave the label alone"
			f.Fix.Part = m.Relabel
			found = append(found, f)
		}
		return found
	},
	CheckPeers: func(all []*Peer) []Finding {
		users := usersOf(all)
		var found []Finding
		for _, c := range all {
			for _, m := range c.mounts {
				if m.Relabel != "Z" || c.Host.SELinux.Known() && !c.Host.SELinux.Value {
					continue
				}
				losing := users.losing(m.Source, c)
				if losing == "" {
					continue
				}
				f := mountFinding(m, Medium, fmt.Sprintf(":Z on %s takes it from %s", m.Source, losing))
				f.Subject, f.Cause = c, m.Destination+" shared"
				f.Confidence = Derived
				f.Fix.Summary = "use :z for what several containers share"
				f.Fix.Part, f.Fix.Becomes = m.Relabel, "z"
				found = append(found, f)
			}
		}
		return found
	},
}

// mountUsers holds who mounts what.
type mountUsers struct {
	bySource map[string][]*Peer
	// named holds the users of a path by their names: of two definitions of one name one takes the other's place, so
	// that only one of them counts.
	named map[[2]string]*Peer
	// others holds the first few users of a path that have another label than one, and how many there are.
	others map[[2]string]labelled
}

type labelled struct {
	first []*Peer
	count int
}

func usersOf(all []*Peer) *mountUsers {
	u := &mountUsers{map[string][]*Peer{}, map[[2]string]*Peer{}, map[[2]string]labelled{}}
	for _, c := range all {
		for _, m := range c.mounts {
			by := [2]string{m.Source, c.Name}
			if u.named[by] == nil && !strings.ContainsAny(m.Source, "$%{") {
				u.named[by] = c
				u.bySource[m.Source] = append(u.bySource[m.Source], c)
			}
		}
	}
	return u
}

// losing names those who mount a path and have another SELinux label than a container that relabels it with :Z, the
// first few of many; empty for none.
func (u *mountUsers) losing(source string, c *Peer) string {
	const shown = 3
	key := [2]string{source, c.label}
	found, known := u.others[key]
	if !known {
		for _, other := range u.bySource[source] {
			if other.label == c.label {
				continue
			}
			if found.count++; found.count <= shown+1 {
				found.first = append(found.first, other)
			}
		}
		u.others[key] = found
	}
	var names []string
	for _, other := range found.first {
		if other.Name != c.Name && len(names) < shown {
			names = append(names, other.Name)
		}
	}
	if same := u.named[[2]string{source, c.Name}]; same != nil && same.label != c.label {
		found.count--
	}
	if more := found.count - len(names); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}
