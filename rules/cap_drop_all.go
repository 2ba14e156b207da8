package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/podman"
)

var capDropAll = Rule{
	ID:       "cap-drop-all",
	Step:     "drop every capability that nobody asked for from %s",
	Title:    "Default capabilities are not dropped",
	Severity: Medium,
	Kind:     FixCapabilities,
	Why: `Podman gives a container eleven capabilities by default, whatever it does: to override file permissions, to
change owners, to become any user. The bounding set is what counts: a process that is not root holds none of them, but
gets them back through any setuid or file-capability program in the image.`,
	Remedy: "Run with `--cap-drop=ALL` and add back by name what the service cannot do without; most " +
		"services need none.",
	CIS: "5.4",
	See: []string{"https://man7.org/linux/man-pages/man7/capabilities.7.html",
		"https://docs.podman.io/en/latest/markdown/podman-run.1.html#cap-drop-capability"},
	RootlessMatters: true,
	Drift:           []podman.Drift{podman.DriftCapabilities, podman.DriftPrivileged},
	Check: func(c *podman.Container) []Finding {
		bounding, requested := c.Capabilities.Bounding, c.Capabilities.Requested
		if !bounding.Known() || isPrivileged(c) { // privileged names it: there is no dropping from it
			return nil
		}
		var kept []string
		confidence := Certain
		if requested.Known() {
			for _, name := range bounding.Value {
				if !slices.Contains(requested.Value, name) {
					kept = append(kept, name)
				}
			}
		} else {
			// Without the command line, who asked for a capability is not known. Only the whole default set tells:
			// nobody has dropped anything.
			if len(c.Host.DefaultCapabilities) == 0 {
				return nil
			}
			for _, name := range c.Host.DefaultCapabilities {
				if !slices.Contains(bounding.Value, name) {
					return nil
				}
			}
			kept, confidence = c.Host.DefaultCapabilities, Derived
		}
		if len(kept) == 0 {
			return nil
		}
		severity, bound := Medium, ""
		switch {
		case !c.Host.Rootless.Known():
			severity = Low
		case isolated(c):
			severity, bound = Low, ", though only inside its own user namespace"
		case rootless(c):
			severity, bound = Low, ", though only over what the account that runs Podman owns"
		}
		changes := []Change{{Flag: "--cap-drop=ALL"}}
		if requested.Known() && len(requested.Value) > 0 {
			names := strings.ReplaceAll(strings.Join(requested.Value, ","), "CAP_", "")
			changes = append(changes, Change{Flag: "--cap-add=" + names})
		}
		found := violated(bounding, violation{
			Message: fmt.Sprintf("keeps %s nobody asked for%s", word.Count(len(kept), "capability", "capabilities"),
				bound),
			Severity: severity,
			Setting:  "capabilities",
			Value:    shortNames(kept),
			Fix: Fix{
				Summary: "drop every capability and add back by name what the service needs",
				Changes: changes,
			},
		})
		found[0].Confidence = confidence
		return found
	},
}
