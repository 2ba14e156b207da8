package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

var autoUpdate = Rule{
	ID:       "auto-update",
	Title:    "The image is not updated automatically",
	Severity: Low,
	Why: `A vulnerability that is fixed in the image's packages stays open here until somebody pulls the image and
recreates the container. podman auto-update does both, every night, and goes back where systemd hears that the new one
does not start (--sdnotify).`,
	Remedy: "Set `AutoUpdate=registry` in the Quadlet unit (the label `io.containers.autoupdate=registry`) and " +
		"switch on podman-auto-update.timer. " +
		"With a health check add `Notify=healthy`: then a new image that does not work is noticed, and the old one " +
		"comes back. " +
		"An image that is pinned by digest needs a bot that moves the digest.",
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-auto-update.1.html"},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		u := c.Lifecycle.AutoUpdate
		name := c.Image.Name
		if !u.Known() || name == "" || c.RunsOnce() {
			return nil
		}
		pinned := strings.Contains(name, "@sha256:")
		if c.AutoUpdated() {
			if message, fix := idleUpdate(c, pinned); message != "" {
				return violated(u, violation{
					Message:  "auto-update is " + u.Value + ", and " + message,
					Severity: Low,
					Setting:  "io.containers.autoupdate",
					Value:    u.Value,
					Fix:      fix,
				})
			}
			if !c.RollsBack() && c.Lifecycle.Health.Value == "check" { // without one, healthcheck says so
				found := violated(u, violation{
					Message: "auto-update is " + u.Value + ", and its health check has no say in it: it goes back " +
						"only from an image that does not start",
					Severity: Info,
					Setting:  "sdnotify",
					Value:    c.Lifecycle.Notify.Value,
					Fix: Fix{Summary: "let systemd wait for the health check: --sdnotify=healthy " +
						"(Notify=healthy in a Quadlet unit)"},
				})
				found[0].Cause = "no way back" // another finding than that nothing updates it
				return found
			}
			return nil
		}
		if pinned {
			return nil
		}
		policy := "registry"
		if strings.HasPrefix(name, "localhost/") {
			policy = "local"
		}
		message := "nothing pulls newer images and recreates the container"
		if u.Value != "" && u.Value != "disabled" {
			message = "podman auto-update does not know it and fails for the container"
		}
		if u.Value != "" {
			message = "auto-update is " + u.Value + ": " + message
		}
		return violated(u, violation{
			Message:  message,
			Severity: Low,
			Setting:  "io.containers.autoupdate",
			Value:    u.Value,
			Fix:      updateFix(c, policy),
		})
	},
}

// updateFix is what has podman auto-update keep a container up to date. The label alone does it only where a unit makes
// the container, of an image with a full name: else podman auto-update fails, for every other container too (exit 125,
// "no PODMAN_SYSTEMD_UNIT label found", on 4.3.1 and 5.4.2), or Podman makes no container at all. It takes what the
// service relies on from a registry that may change it, so that it is not safe.
func updateFix(c *podman.Container, policy string) Fix {
	const label = "io.containers.autoupdate="
	written, full := podman.ParseImageName(c.Image.Written.Value)
	unit := c.Unit != "" && c.Definition.Syntax != podman.SyntaxCommand || c.Lifecycle.UpdateUnit.Value != ""
	switch {
	case c.Definition.Syntax == podman.SyntaxCompose:
		return Fix{Summary: "make it by a Quadlet unit, or pull and make it again from time to time"}
	case !unit:
		return Fix{Summary: "make it by a Quadlet unit with AutoUpdate=" + policy}
	case policy == "registry" && c.Image.Written.Known() && full && written.Registry == "":
		return Fix{Summary: "write the image's name with its registry, and label it " + label + policy}
	}
	return Fix{
		Summary: "let podman auto-update keep it up to date", Drop: c.Lifecycle.AutoUpdate.State == podman.StateSet,
		Changes: updateBy(policy),
	}
}

// idleUpdate says why podman auto-update does nothing for a container that is labelled for it, and what to do; empty
// where it does (podman-auto-update(1)).
func idleUpdate(c *podman.Container, pinned bool) (message string, fix Fix) {
	byRegistry := c.Lifecycle.AutoUpdate.Value != "local"
	noUnit := c.Lifecycle.UpdateUnit.Known() && c.Lifecycle.UpdateUnit.Value == ""
	written, full := podman.ParseImageName(c.Image.Written.Value)
	switch {
	case byRegistry && pinned:
		return "a digest does not move: it finds nothing newer",
			Fix{Summary: "name a tag, or let a bot move the digest and leave auto-update out"}
	case byRegistry && c.Image.Written.Known() && full && written.Registry == "":
		return "Podman makes no such container of a short name: " + c.Image.Written.Value,
			Fix{Summary: "write the image's name with its registry"}
	case byRegistry && strings.HasPrefix(c.Image.Name, "localhost/"):
		return "no registry has it: podman auto-update finds nothing newer for " + c.Image.Name,
			Fix{Summary: "have it go by the images built here", Drop: true, Changes: updateBy("local")}
	case noUnit && c.Unit != "":
		return "no systemd unit makes its pod: podman auto-update fails for it",
			Fix{Summary: "make the pod by a Quadlet unit"}
	case noUnit:
		return "no systemd unit makes the container: podman auto-update fails for it",
			Fix{Summary: "make it by a Quadlet unit"}
	case c.Host.UpdateTimer.Known() && !c.Host.UpdateTimer.Value:
		return "podman-auto-update.timer is not on, without which it does nothing by itself",
			Fix{Summary: "systemctl enable --now podman-auto-update.timer (--user for a rootless one)"}
	}
	return "", Fix{}
}

// updateBy is the change that labels a container for podman auto-update.
func updateBy(policy string) []Change {
	return []Change{{Flag: "--label=io.containers.autoupdate=" + policy}}
}
