package rules

import (
	"cmp"
	"slices"

	"github.com/podlint/podlint/podman"
)

var uidMapShared = Rule{
	ID:       "uid-map-shared",
	Title:    "Two containers have the same users on the host",
	Severity: Low,
	Kind:     FixIDMap,
	Why: `Containers whose UIDs are mapped to the same range are the same users on the host: who escapes from one owns
the other's files and signals its processes. With a range each, they are strangers.`,
	Remedy:  "Use `--userns=auto`, which never gives a range twice, or give each container, or pod, a range of its own.",
	CIS:     "5.31",
	Profile: Standard,
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#userns-mode"},
	Drift:   []podman.Drift{podman.DriftUserNamespace},
	CheckPeers: func(all []*Peer) []Finding {
		type span struct {
			start, end uint64
			container  *Peer
		}
		var spans []span
		for _, c := range all {
			for _, r := range c.users.Value {
				spans = append(spans, span{uint64(r.Outside), uint64(r.Outside) + uint64(r.Size), c})
			}
		}
		slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
		// The members of a pod share its users by intent. Only the widest span so far can reach a later one; one pair
		// tells.
		partner := map[*Peer]*Peer{}
		var widest span
		for _, s := range spans {
			if widest.container != nil && s.start < widest.end && s.container.Name != widest.container.Name &&
				(s.container.Pod == "" || s.container.Pod != widest.container.Pod) {
				if partner[s.container] == nil {
					partner[s.container] = widest.container
				}
				if partner[widest.container] == nil {
					partner[widest.container] = s.container
				}
			}
			if s.end > widest.end {
				widest = s
			}
		}
		var found []Finding
		for _, c := range all {
			other := partner[c]
			if other == nil {
				continue
			}
			for _, f := range violated(c.users, violation{
				Message: "its users on the host are those of " + other.Name + " too: an escape from one reaches the " +
					"other",
				Severity: Low,
				Setting:  "UID map",
				Value:    c.users.Value.String(),
				Fix: Fix{
					Summary: "give it a range of its own",
					Changes: []Change{{Flag: "--userns=auto"}},
				},
			}) {
				f.Subject = c
				found = append(found, f)
			}
		}
		return found
	},
}
