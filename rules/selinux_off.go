package rules

import (
	"github.com/podlint/podlint/podman"
)

var selinuxOff = Rule{
	ID:       "selinux-off",
	Title:    "SELinux does not confine the container",
	Severity: High,
	Why: `On a host with SELinux the label container_t is what stops most escapes: a process that got out may still
touch nothing but files labelled for containers. With label=disable, or the type spc_t, it is a process like any
other.`,
	Remedy: "Leave `label=disable` out and give mounted directories a label instead: `:z` where several containers " +
		"share one, `:Z` where not.",
	CIS: "5.3",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#security-opt-option",
		"https://github.com/containers/container-selinux"},
	Check: func(c *podman.Container) []Finding {
		label, host := c.Confinement.Label, c.Host.SELinux
		if !label.Known() || isPrivileged(c) || host.Known() && !host.Value {
			return nil
		}
		var message string
		switch label.Value {
		case "disable":
			message = "SELinux is switched off for it: out of the container, nothing labels its process as one"
		case "spc_t", "unconfined_t", "container_runtime_t":
			message = "runs with the type " + label.Value + ", which SELinux does not confine"
		default:
			return nil
		}
		severity := High
		if isolated(c) || rootless(c) {
			severity = Medium
		}
		found := violated(label, violation{
			Message:  message,
			Severity: severity,
			Setting:  "label",
			Value:    label.Value,
			Fix:      Fix{Summary: "leave it out and label what is mounted instead, with :z or :Z", Drop: true},
		})
		if !host.Known() { // a definition: what it asks for is known, what it will meet is not
			found[0].Message += " (where the host has SELinux)"
			found[0].Severity, found[0].Confidence = min(severity, Medium), Derived
		}
		return found
	},
}
