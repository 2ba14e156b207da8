package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// imageUntrusted flags images from registries other than those that are trusted; without a list every one is.
func imageUntrusted(trusted []string) Rule {
	return Rule{
		ID:       "image-untrusted",
		Title:    "The image comes from a registry that is not trusted",
		Severity: Medium,
		Why: `An image is somebody's programs, run here. A team that has chosen whom it takes them from wants to know
when a container takes them from somebody else.`,
		Remedy: "Take the image from a registry of the list `trusted-registries` in podlint.toml, or add the one " +
			"that was meant. Without the list the rule is silent.",
		CIS:   "4.2",
		See:   []string{"https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md"},
		Drift: []podman.Drift{podman.DriftImage},
		Check: func(c *podman.Container) []Finding {
			name, ok := podman.ParseImageName(c.Image.Name)
			if len(trusted) == 0 || !ok || name.Registry == "" || name.Registry == "localhost" {
				return nil
			}
			full := name.Registry + "/" + name.Path
			if slices.ContainsFunc(trusted, func(t string) bool { return below(full, strings.TrimSuffix(t, "/")) }) {
				return nil
			}
			return []Finding{{
				Message:  fmt.Sprintf("comes from %s, which is not among the trusted registries", name.Registry),
				Severity: Medium, Confidence: Certain,
				Evidence: []Evidence{{"image", c.Image.Name, c.Image.Written.Origin}},
				Fix:      Fix{Summary: "take it from " + strings.Join(trusted, " or ")},
			}}
		},
	}
}
