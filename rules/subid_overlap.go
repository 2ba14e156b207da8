package rules

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/podlint/podlint/podman"
)

var subidOverlap = Rule{
	ID:       "subid-overlap",
	Title:    "Subordinate ID ranges overlap",
	Severity: High,
	Why: `The ranges in /etc/subuid are what keeps the containers of one account from those of another. Where two
overlap, a process of one account's container owns files of the other's, and signals its processes.`,
	Remedy: "Give each account a range of its own (`usermod --add-subuids=FIRST-LAST --del-subuids=FIRST-LAST " +
		"ACCOUNT`), then `podman system migrate`.",
	See: []string{"https://man7.org/linux/man-pages/man5/subuid.5.html"},
	CheckHost: func(h *podman.Host) []Finding {
		var found []Finding
		for _, ranges := range []podman.Setting[[]podman.SubIDs]{h.SubUIDs, h.SubGIDs} {
			if !ranges.Known() {
				continue
			}
			sorted := slices.Clone(ranges.Value)
			slices.SortStableFunc(sorted, func(a, b podman.SubIDs) int { return cmp.Compare(a.Start, b.Start) })
			end := func(r podman.SubIDs) uint64 { return uint64(r.Start) + uint64(r.Size) }
			for i := 1; i < len(sorted); i++ {
				// Of those that start before it, one that reaches so far, if there is one; it need not be the nearest.
				b := sorted[i]
				before := slices.IndexFunc(sorted[:i],
					func(a podman.SubIDs) bool { return a.User != b.User && end(a) > uint64(b.Start) })
				if before < 0 {
					continue
				}
				a := sorted[before]
				found = append(found, Finding{
					Message: fmt.Sprintf("%s: the IDs of %s and %s overlap from %d on", b.Origin.File, a.User, b.User,
						b.Start), Severity: High, Confidence: Certain,
					Cause: b.Origin.File + ":" + a.User + ":" + b.User,
					Evidence: []Evidence{{b.User, fmt.Sprintf("%d:%d", b.Start, b.Size), b.Origin},
						{a.User, fmt.Sprintf("%d:%d", a.Start, a.Size), a.Origin}},
					Fix: Fix{Summary: "give each account a range of its own, then podman system migrate"},
				})
			}
		}
		return found
	},
}
