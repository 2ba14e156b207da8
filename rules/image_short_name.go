package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var imageShortName = Rule{
	ID:       "image-short-name",
	Title:    "The image's name has no registry",
	Severity: Medium,
	Why: `Podman completes a short name from a list of registries: which one answers depends on the machine, and on
who has taken the name there. Whoever registers it on a registry that is asked earlier has their image run here.`,
	Remedy: "Write the name in full: docker.io/library/nginx, quay.io/prometheus/prometheus.",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-pull.1.html",
		"https://github.com/containers/shortnames"},
	Drift: []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		written := c.Image.Written
		if !written.Known() {
			return nil
		}
		name, ok := podman.ParseImageName(written.Value)
		if !ok || name.Registry != "" {
			return nil
		}
		severity, message := Medium,
			fmt.Sprintf("%s names no registry: whichever registry answers first supplies the image", written.Value)
		if full := c.Image.Name; full != written.Value && full != "" {
			severity, message = Low,
				fmt.Sprintf("%s names no registry: here it was %s, elsewhere it may be another", written.Value, full)
			if strings.HasPrefix(full, "localhost/") {
				return nil // it was built here
			}
		}
		return violated(written, violation{
			Message:  message,
			Severity: severity,
			Setting:  "image",
			Value:    written.Value,
			Fix:      Fix{Summary: "write the image's name with its registry"},
		})
	},
}
