package rules

import (
	"time"

	"github.com/podlint/podlint/podman"
)

// imageOld flags an image, looked at by itself, whose base is older than the limit.
func imageOld(maxAge time.Duration) Rule {
	return Rule{
		ID:       "image-old",
		Title:    "The image, or its base, is old",
		Severity: Medium,
		Why: `What distributions fix in their packages is missing from an image that was built before. An image that
was built yesterday on a base of last year is as old as its base.`,
		Remedy: "Build it again from a fresh base, without cache (`podman build --pull=always --no-cache`), and do " +
			"so every week.",
		See:   []string{"https://docs.podman.io/en/latest/markdown/podman-build.1.html#pull-policy"},
		Drift: []podman.Drift{podman.DriftImage},
		Check: func(c *podman.Container) []Finding {
			content := c.Image.Content
			// dates that are fixed say nothing
			if c.Kind != podman.KindImage || !content.Known() || !c.Image.Built.Known() {
				return nil
			}
			built, base := c.Host.Now.Sub(c.Image.Built.Value), time.Duration(0)
			if b := content.Value.Base; b.Year() > 2012 {
				base = c.Host.Now.Sub(b)
			}
			switch {
			case built > maxAge:
				return violated(c.Image.Built, violation{
					Message:  "it was built " + days(built) + " ago",
					Severity: Medium,
					Setting:  "Created",
					Value:    c.Image.Built.Value.UTC().Format(time.DateOnly),
					Fix:      Fix{Summary: "build it again from a fresh base"},
				})
			case base > maxAge:
				return violated(c.Image.Built, violation{
					Message:  "its base is " + days(base) + " old",
					Severity: Medium,
					Setting:  "base",
					Value:    content.Value.Base.UTC().Format(time.DateOnly),
					Fix:      Fix{Summary: "build it again from a fresh base"},
				})
			}
			return nil
		},
	}
}
