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
		ofMember := func(f Finding) bool { return f.Container != s.pod }
		if slices.ContainsFunc(group, ofMember) { // who its members are is known, and for whom
			group = slices.DeleteFunc(group, func(f Finding) bool { return !ofMember(f) })
		}
		worst := slices.MaxFunc(group, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(a.Severity, b.Severity), -strings.Compare(a.Container, b.Container))
		})
		var also []string
		for _, f := range group {
			if f.Container != worst.Container && !slices.Contains(also, f.Container) {
				also = append(also, f.Container)
			}
		}
		slices.Sort(also)
		if ofMember(worst) {
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
