package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

var rootUser = Rule{
	ID:       "root-user",
	Step:     "run %s as a user that is not root",
	Title:    "The process runs as root",
	Severity: High,
	Kind:     FixUser,
	Manual:   "only the owner knows as which user the image can run",
	Why: `UID 0 of a container without a user namespace is UID 0 of the host. Every file of the host's that gets into
the container, by a mount or by a bug of the runtime or the kernel, is then the attacker's to read and write.`,
	Remedy: "Run as a service user (`--user=UID:GID`, or `USER` in the image), or map the container's root to an " +
		"unprivileged range with " +
		"`--userns=auto`. Best do both.",
	CIS:             "4.1",
	Profile:         Standard,
	See:             []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#user-u-user-group"},
	RootlessMatters: true,
	Drift:           []podman.Drift{podman.DriftUser, podman.DriftUserNamespace},
	Check: func(c *podman.Container) []Finding {
		uid := c.Process.UID
		if !uid.Known() || uid.Value != 0 {
			return nil
		}
		severity, message := High, ""
		host := c.HostUID(0)
		switch c.Identity(0) {
		case podman.IdentityRoot:
			message = "runs as UID 0, which is UID 0 on the host"
		case podman.IdentityHost:
			severity, message = Medium, fmt.Sprintf("runs as UID 0, which is UID %d on the host", host.Value)
		case podman.IdentityEngine:
			severity, message = Medium, "runs as UID 0, which is "+onHost(c, host.Value)+"the account that runs Podman"
		case podman.IdentitySubordinate:
			severity, message = Low, "runs as UID 0 of its own user namespace"
			if !c.Namespaces.PlaceholderIDs {
				message += fmt.Sprintf(", UID %d on the host", host.Value)
			}
		default: // whose that is on the host is not known
			return nil
		}
		if user := c.Process.User.Value; user != "" && user != "0" && user != "root" {
			message = fmt.Sprintf("user %s %s", user, message)
		}
		return violated(uid, violation{
			Message:  message,
			Severity: severity,
			Setting:  "user",
			Value:    userOrDefault(c),
			Fix: Fix{
				Summary: "run as a service user, or in a user namespace",
				Changes: []Change{{Flag: "--user=10001:10001"}},
			},
		})
	},
}

// userOrDefault writes the container's user as evidence.
func userOrDefault(c *podman.Container) string {
	if c.Process.User.Value == "" {
		return "root (nothing set)"
	}
	return c.Process.User.Value
}
