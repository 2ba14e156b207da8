package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

var imageNoDatabase = Rule{
	ID:       "image-no-database",
	Title:    "The image has no package database",
	Severity: Low,
	Why: `The image is a distribution's by its os-release, and nothing in it says what it is made of: neither scanners
for vulnerabilities nor podlint can tell which packages, and which versions, are in it. A step that deletes the database
saves a few megabytes and hides every known hole from whoever looks.`,
	Remedy:  "Leave /var/lib/dpkg, /lib/apk/db or the rpm database in the image.",
	See:     []string{"https://github.com/GoogleContainerTools/distroless/blob/main/PACKAGE_METADATA.md"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		p, content := provenanceOf(c)
		if p == nil || p.Release.ID == "" {
			return nil
		}
		v := violation{Severity: Low, Setting: "os-release", Value: p.Release.Name,
			Fix: Fix{Summary: "leave the package database in the image"}}
		switch {
		case p.DatabaseRemoved > 0:
			v.Severity = Medium
			v.Message = fmt.Sprintf("a step removes the package database (%s): scanners cannot tell what is in the image",
				inLayer(content, p.DatabaseRemoved))
		case p.Unreadable != "":
			v.Message = "the package database cannot be read: " + p.Unreadable
		case p.Database == "":
			v.Message = "it is " + p.Release.ID + " by its os-release, without a package database: nobody can tell what is " +
				"in it"
		default:
			return nil
		}
		return violated(c.Image.Content, v)
	},
}
