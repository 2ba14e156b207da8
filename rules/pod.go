package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// OncePerPod returns findings about what pods' definitions say, each of which every member has, and the pod itself,
// once for each setting: the worst of them, which names the other members.
func OncePerPod(findings []Finding) []Finding {
	type setting struct {
		rule, pod, cause string
		at               podman.Origin
	}
	groups := map[setting][]Finding{}
	var order []setting
	for _, f := range findings {
		s := setting{f.Rule.ID, f.Pod, f.Cause, f.Location}
		if groups[s] == nil {
			order = append(order, s)
		}
		groups[s] = append(groups[s], f)
	}
	var once []Finding
	for _, s := range order {
		group := groups[s]
		worst := slices.MaxFunc(group, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(a.Severity, b.Severity), -compareBool(a.Container == s.pod, b.Container == s.pod),
				-strings.Compare(a.Container, b.Container))
		})
		var also []string
		for _, f := range group {
			if f.Container != worst.Container && f.Container != s.pod && !slices.Contains(also, f.Container) {
				also = append(also, f.Container)
			}
		}
		slices.Sort(also)
		if worst.Container != s.pod {
			worst.Message += " (set by its pod" + forOthers(also) + ")"
		}
		once = append(once, worst)
	}
	return once
}

// forOthers names the first few of the other members.
func forOthers(names []string) string {
	const shown = 3
	switch more := len(names) - shown; {
	case len(names) == 0:
		return ""
	case more > 0:
		return fmt.Sprintf(", for %s and %d more too", strings.Join(names[:shown], ", "), more)
	}
	return ", for " + strings.Join(names, ", ") + " too"
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
