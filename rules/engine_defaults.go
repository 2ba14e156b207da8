package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var engineDefaults = Rule{
	ID:       "engine-defaults",
	Title:    "containers.conf weakens every container",
	Severity: Medium,
	Why: `What containers.conf takes away is missing from every container of the machine, and shows in none of them:
neither the command line nor the unit says so.`,
	Remedy: "Take the setting out of containers.conf and its drop-ins, and give what one container needs to that one.",
	CIS:    "2.x",
	See:    []string{"https://github.com/containers/common/blob/main/docs/containers.conf.5.md"},
	CheckHost: func(h *podman.Host) []Finding {
		if !h.Engine.Known() {
			return nil
		}
		var found []Finding
		e, origin := h.Engine.Value, h.Engine.Origin
		add := func(severity Severity, cause, value, message string) {
			found = append(found,
				Finding{Message: "containers.conf: " + message, Severity: severity, Confidence: Certain, Cause: cause,
					Evidence: []Evidence{{cause, value, origin}},
					Fix:      Fix{Summary: "take " + cause + " out of containers.conf"}})
		}
		if e.Privileged {
			add(Critical, "privileged", "true", "every container is privileged (Podman 5)")
		}
		var more []string
		for _, name := range e.Capabilities {
			// What Podman gave by default before 4.0 is old rather than chosen.
			if !slices.Contains(podman.DefaultCapabilities(), name) {
				more = append(more, name)
			}
		}
		if len(more) > 0 {
			add(Medium, "default_capabilities", shortNames(more), "every container gets "+shortNames(more)+
				" besides Podman's own capabilities")
		}
		if e.Seccomp == "unconfined" {
			add(High, "seccomp_profile", e.Seccomp, "no container has a seccomp filter")
		}
		if !e.Labels && h.SELinux.Known() && h.SELinux.Value {
			add(High, "label", "false", "SELinux confines no container")
		}
		if e.PIDs <= 0 {
			add(Medium, "pids_limit", fmt.Sprint(e.PIDs), "no container has a limit of processes")
		}
		if len(e.HostNamespaces) > 0 {
			add(High, "namespaces", strings.Join(e.HostNamespaces, ", "), "every container shares the host's "+
				"namespaces: "+strings.Join(e.HostNamespaces, ", "))
		}
		return found
	},
}
