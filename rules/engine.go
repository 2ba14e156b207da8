package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Check runs rules over a container and returns their findings, worst first. Podman's own containers are not judged,
// but a pod's infra container by the rules on what a pod shares: it runs nothing that anybody chose.
func Check(catalogue []Rule, c *podman.Container) []Finding {
	if c.Kind == podman.KindService {
		return nil
	}
	var found []Finding
	var outdated []podman.Drift
	if c.FromUnit != nil {
		outdated = podman.Differences(c, c.FromUnit)
	}
	for i := range catalogue {
		rule := &catalogue[i]
		if rule.Check == nil || c.Kind == podman.KindInfra && !rule.OnInfra && (!rule.OnPod || c.ID != "") ||
			c.Kind == podman.KindResource && !rule.OnResource {
			continue
		}
		found = append(found, stamped(rule, c, rule.Check(c), outdated)...)
	}
	worstFirst(found)
	return found
}

// CheckPeers runs the rules about the relations between containers over all of them, and returns their findings.
func CheckPeers(catalogue []Rule, all []*Peer) []Finding {
	var found []Finding
	for i := range catalogue {
		rule := &catalogue[i]
		if rule.CheckPeers == nil {
			continue
		}
		for _, f := range rule.CheckPeers(all) {
			found = append(found, stamped(rule, f.Subject.container(), []Finding{f}, nil)...)
		}
	}
	worstFirst(found)
	return found
}

// CheckHost runs the rules about the machine.
func CheckHost(catalogue []Rule, host *podman.Host) []Finding {
	var found []Finding
	for i := range catalogue {
		if rule := &catalogue[i]; rule.CheckHost != nil {
			found = append(found, stamped(rule, &podman.Container{Host: host}, rule.CheckHost(host), nil)...)
		}
	}
	worstFirst(found)
	return found
}

func worstFirst(found []Finding) {
	slices.SortStableFunc(found, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
}

// stamped fills in what a rule does not say about its findings: whose they are, where they are, what identifies them.
func stamped(rule *Rule, c *podman.Container, found []Finding, outdated []podman.Drift) []Finding {
	if len(found) == 0 {
		return nil
	}
	causes := map[string]int{}
	written := definedCauses(rule, c.FromUnit)
	for i := range found {
		f := &found[i]
		f.Rule, f.Subject = rule, nil
		f.Container, f.Definition = c.Name, c.Definition
		if causes[f.Cause]++; causes[f.Cause] > 1 { // the same flag given twice
			f.Cause = fmt.Sprintf("%s#%d", f.Cause, causes[f.Cause])
		}
		for _, e := range f.Evidence { // a default counts, and may be overruled where the definition is used
			if e.Origin.Unless != "" && f.Confidence == Certain {
				f.Confidence = Derived
				f.Message += " (unless " + e.Origin.Unless + " is set)"
			}
		}
		f.identify(c)
		if c.FromUnit != nil {
			at, ok := written[f.Cause]
			switch {
			case ok:
				f.Location = at
			case len(outdated) > 0 && len(f.Fix.Changes) > 0 && rule.silencedBy(outdated):
				f.Message += "; the unit was changed after the container was made and says otherwise"
				f.Fix = Fix{Summary: "restart " + c.Unit + ", which makes the container again"}
				f.Location = c.Definition.Origin
			default:
				f.Location = c.Definition.Origin
			}
		}
		if f.Location.File == "" && c.Definition.Origin.File != "" { // a live container that a unit made
			f.Location = c.Definition.Origin
		}
		if rule.RootlessMatters && c.Definition.Syntax != "" && c.Host.Rootless.State == podman.StateDefault {
			mode := "rootful"
			if c.Host.Rootless.Value {
				mode = "rootless"
			}
			f.Message += " (" + mode + " assumed)"
			f.Evidence = append(f.Evidence, Evidence{"Podman", c.Host.Assumption(), podman.Origin{}})
			if c.Host.Rootless.Value {
				f.Confidence = min(f.Confidence, Derived)
			}
		}
	}
	return found
}

// identify fills in where a finding is written, and with that whose it is: the container's, or its pod's.
func (f *Finding) identify(c *podman.Container) {
	for _, e := range f.Evidence {
		if e.Origin.File != "" {
			f.Location = e.Origin
			break
		}
	}
	owner := c.Name
	if f.Location.OfPod {
		if c.Kind != podman.KindInfra {
			owner = c.Pod
		}
		f.Pod = owner
	}
	f.Fingerprint = fingerprint(f.Rule.ID, owner, f.Cause, f.extent())
}

// extent returns how far the cause goes: what the rule says, else what the evidence says of ports, devices, switches
// and images.
func (f *Finding) extent() string {
	if f.Extent != "" {
		return f.Extent
	}
	var values []string
	for _, e := range f.Evidence {
		switch e.Setting {
		case "port", "device", "sysctl":
			values = append(values, e.Value)
		case "image": // of whatever version
			name, _, _ := strings.Cut(e.Value, "@")
			if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
				name = name[:colon]
			}
			values = append(values, name)
		}
	}
	slices.Sort(values)
	return strings.Join(values, " ")
}

// definedCauses runs a rule over a container's definition and returns the places of what it finds, by cause.
func definedCauses(rule *Rule, defined *podman.Container) map[string]podman.Origin {
	if defined == nil || rule.Check == nil {
		return nil
	}
	at := map[string]podman.Origin{}
	for _, f := range rule.Check(defined) {
		at[f.Cause] = defined.Definition.Origin
		for _, e := range f.Evidence {
			if e.Origin.File != "" {
				at[f.Cause] = e.Origin
				break
			}
		}
	}
	return at
}

// silencedBy reports whether one of the settings is what the rule judges.
func (r *Rule) silencedBy(settings []podman.Drift) bool {
	return slices.ContainsFunc(r.Drift, func(s podman.Drift) bool { return slices.Contains(settings, s) })
}

// Validate reports what a catalogue lacks: every rule has its documentation and a name of its own.
func Validate(catalogue []Rule) error {
	seen := map[string]bool{}
	for _, r := range catalogue {
		switch {
		case r.ID == "" || r.ID != strings.ToLower(r.ID) || strings.ContainsAny(r.ID, "_ "):
			return fmt.Errorf("rule %q: its ID is not in lower case with dashes", r.ID)
		case seen[r.ID]:
			return fmt.Errorf("rule %s is in the catalogue twice", r.ID)
		case r.Title == "" || r.Why == "" || r.Remedy == "" || r.Severity == 0 ||
			r.Check == nil && r.CheckPeers == nil && r.CheckHost == nil:
			return fmt.Errorf("rule %s lacks a title, a reason, a remedy, a severity or a check", r.ID)
		}
		seen[r.ID] = true
	}
	return nil
}

// violation is what the usual finding says: one setting that is known and wrong.
type violation struct {
	// Message, Severity and Fix are the finding's.
	Message  string
	Severity Severity
	Fix      Fix
	// Setting and Value are the evidence, whose origin is the setting's.
	Setting, Value string
}

// violated returns the finding about a setting that is known and wrong.
func violated[T any](s podman.Setting[T], v violation) []Finding {
	return []Finding{{
		Message: v.Message, Severity: v.Severity, Confidence: Certain, Fix: v.Fix,
		Evidence: []Evidence{{Setting: v.Setting, Value: v.Value, Origin: s.Origin}},
	}}
}

// isPrivileged reports whether the container has all that --privileged gives.
func isPrivileged(c *podman.Container) bool {
	return c.Confinement.Privileged.Known() && c.Confinement.Privileged.Value
}

// isolated reports whether the container has a user namespace in which it is, and can become, nobody of the host's.
func isolated(c *podman.Container) bool {
	own := c.OwnUsers()
	if !own.Known() || !own.Value {
		return false
	}
	p := powersOf(c)
	return p.files == podman.IdentitySubordinate && p.missing == ""
}

// onHost begins to say who a UID of the host is, with its number where that is known.
func onHost(c *podman.Container, uid uint32) string {
	if c.Namespaces.PlaceholderIDs {
		return ""
	}
	return fmt.Sprintf("UID %d on the host: ", uid)
}

// rootless reports whether Podman is known to run as an ordinary user.
func rootless(c *podman.Container) bool {
	return c.Host.Rootless.Known() && c.Host.Rootless.Value
}

// lowered returns a severity for the case at hand: one step less where Podman is rootless, low where the container's
// users own nothing outside, each with the words that say why.
func lowered(c *podman.Container, full Severity) (Severity, string) {
	switch {
	case !c.Host.Rootless.Known(): // the least that it can be
		return min(full, Low), ", with rights that are not known"
	case isolated(c):
		return min(full, Low), ", within its own user namespace"
	case rootless(c):
		return max(full-1, min(full, Low)), ", with the rights of the account that runs Podman"
	}
	return full, ""
}
