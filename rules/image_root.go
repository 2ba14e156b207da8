package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

var imageRoot = Rule{
	ID:       "image-root",
	Title:    "The image runs as root by default",
	Severity: Medium,
	Why: `Whoever starts a container of the image and says nothing else runs it as root. A USER of its own makes the
safe way the one that needs no thought.`,
	Remedy: "Give it a user with a number of its own: `USER 10001:10001`.",
	CIS:    "4.1",
	See:    []string{"https://docs.podman.io/en/latest/markdown/podman-build.1.html"},
	Drift:  []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		u := c.Image.User
		if !u.Known() {
			return nil
		}
		name, _, _ := strings.Cut(u.Value, ":")
		if name != "" && name != "root" && strings.Trim(name, "0") != "" {
			return nil
		}
		message := "it has no USER: a container of it runs as root"
		if name != "" {
			message = "its USER is " + u.Value + ": a container of it runs as root"
		}
		return violated(u, violation{
			Message:  message,
			Severity: Medium,
			Setting:  "USER",
			Value:    u.Value,
			Fix:      Fix{Summary: "give it a USER with a number of its own"},
		})
	},
}
