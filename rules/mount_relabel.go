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
		type use struct{ source, name string }
		users, seen := map[string][]*Peer{}, map[use]bool{}
		for _, c := range all {
			for _, m := range c.mounts {
				// Of two definitions of one name one takes the other's place: they are not there at once.
				if by := (use{m.Source, c.Name}); !seen[by] && !strings.ContainsAny(m.Source, "$%{") {
					seen[by] = true
					users[m.Source] = append(users[m.Source], c)
				}
			}
		}
		var found []Finding
		for _, c := range all {
			for _, m := range c.mounts {
				if m.Relabel != "Z" || len(users[m.Source]) < 2 || c.Host.SELinux.Known() && !c.Host.SELinux.Value {
					continue
				}
				f := mountFinding(m, Medium,
					fmt.Sprintf(":Z on %s takes it from %s", m.Source, others(users[m.Source], c)))
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
