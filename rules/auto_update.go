package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

var autoUpdate = Rule{
	ID:       "auto-update",
	Title:    "Nothing keeps the image fresh",
	Severity: Low,
	Why: `A hole that is mended in the image's packages stays open here until somebody pulls the image and makes the container again.
podman auto-update does both, every night, and rolls back what does not start.`,
	Remedy: "Set `AutoUpdate=registry` in the Quadlet unit (the label `io.containers.autoupdate=registry`) and switch on podman-auto-update.timer. " +
		"An image that is pinned by digest needs a bot that moves the digest.",
	See:      []string{"https://docs.podman.io/en/latest/markdown/podman-auto-update.1.html"},
	Settings: []string{"auto-update"},
	Profile:  Standard,
	Check: func(c *podman.Container) []Finding {
		u := c.Upkeep.AutoUpdate
		name := c.Image.Name
		if !u.Known() || name == "" || u.Value == "registry" || u.Value == "image" || u.Value == "local" || strings.Contains(name, "@sha256:") {
			return nil
		}
		policy := "registry"
		if strings.HasPrefix(name, "localhost/") {
			policy = "local"
		}
		message := "nothing pulls a newer image and makes it again"
		if u.Value != "" {
			message = "auto-update is " + u.Value + ": " + message
		}
		return violated(u, Low, message, "io.containers.autoupdate", u.Value, Fix{
			Summary: "let podman auto-update keep it fresh", Safe: true, Drop: u.State == podman.Set,
			Changes: []Change{{"--label=io.containers.autoupdate=" + policy, "AutoUpdate=" + policy, "4.6"}},
		})
	},
}
