package rules

import (
	"github.com/podlint/podlint/podman"
)

var imageUnpinned = Rule{
	ID:       "image-unpinned",
	Title:    "The image has neither a version nor a digest",
	Severity: Info,
	Why: `What :latest is changes under one's hands: two machines run two programs under one name, and going back to
what worked needs to be known what that was.`,
	Remedy: "Name a version that gets fixes (`nginx:1.28`) and let auto-update follow it, or a digest and let a bot " +
		"move it.",
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-auto-update.1.html"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Strict,
	Check: func(c *podman.Container) []Finding {
		written := c.Image.Written
		text := written.Value
		if !written.Known() {
			text = c.Image.Name
		}
		name, ok := podman.ParseImageName(text)
		if !ok || name.Digest != "" || name.Registry == "localhost" {
			return nil
		}
		switch name.Tag {
		case "", "latest", "main", "master", "edge", "nightly", "stable", "release", "dev", "develop":
		default:
			return nil
		}
		tag := name.Tag
		if tag == "" {
			tag = "latest, since no tag is given"
		}
		return violated(written, violation{
			Message:  "the tag is " + tag + ": what runs changes under it",
			Severity: Info,
			Setting:  "image",
			Value:    text,
			Fix:      Fix{Summary: "name a version, or a digest"},
		})
	},
}
