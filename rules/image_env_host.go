package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var imageEnvHost = Rule{
	ID:       "image-env-host",
	Title:    "The image takes variables from the host's environment",
	Severity: High,
	Why: `A variable of an image that has a name and no value is filled in by Podman before 5.8.6 with the value that
it has where the container is started (CVE-2026-57231), and NAME* with all that begin so. An image can name the
variables in which people keep tokens and passwords, and send what it gets anywhere.`,
	Remedy: "Do not run the image. Build it again with a value for each variable, or without them, and update Podman.",
	See:    []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#environment"},
	Drift:  []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		v := c.Image.HostVariables
		if !v.Known() || len(v.Value) == 0 {
			return nil
		}
		const most = 5
		names := strings.Join(v.Value[:min(len(v.Value), most)], ", ")
		if more := len(v.Value) - most; more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		message := fmt.Sprintf("the image asks for the host's %s: Podman before 5.8.6 hands them over", names)
		return violated(v, violation{
			Message:  message,
			Severity: High,
			Setting:  "image variable",
			Value:    names,
			Fix:      Fix{Summary: "use another image, or build it again with a value for each variable"},
		})
	},
}
