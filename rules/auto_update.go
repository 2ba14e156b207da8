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
		if !u.Known() || name == "" {
			return nil
		}
		pinned := strings.Contains(name, "@sha256:")
		switch u.Value {
		case "registry", "image", "local":
			message, summary := idleUpdate(c, pinned)
			if message == "" {
				return nil
			}
			return violated(u, Low, "auto-update is "+u.Value+", and "+message, "io.containers.autoupdate", u.Value, Fix{Summary: summary})
		}
		if pinned {
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

// idleUpdate says why podman auto-update does nothing for a container that is labelled for it, and what to do; empty where it does
// (podman-auto-update(1)).
func idleUpdate(c *podman.Container, pinned bool) (message, summary string) {
	policy := c.Upkeep.AutoUpdate.Value
	written, full := parseImageName(c.Image.Written.Value)
	switch {
	case pinned && policy != "local":
		return "a digest does not move: it finds nothing newer", "name a tag, or let a bot move the digest and leave auto-update out"
	case policy != "local" && c.Image.Written.Known() && full && written.registry == "":
		return "it takes only a full name: it fails for " + c.Image.Written.Value, "write the image's name with its registry"
	case c.ID != "" && c.Unit == "":
		return "no systemd unit makes the container: podman auto-update fails for it", "make it by a Quadlet unit"
	case c.Host.UpdateTimer.Known() && !c.Host.UpdateTimer.Value:
		return "podman-auto-update.timer is not on: nothing runs it", "systemctl enable --now podman-auto-update.timer (--user for a rootless one)"
	}
	return "", ""
}
