package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/podlint/podlint/podman"
)

// staleImage flags images that the tag has left behind, and images older than a limit.
func staleImage(maxAge time.Duration) Rule {
	return Rule{
		ID:       "stale-image",
		Title:    "The container runs an outdated image",
		Severity: Medium,
		Kind:     FixImage,
		Online:   true,
		Why: `An image does not update itself: every vulnerability that was fixed in its packages since it was built
is open in it. A container keeps the image that it was created from even when the tag has been pulled again.`,
		Remedy: "Pull the image and recreate the container; let `podman auto-update` do it from now on (label " +
			"`io.containers.autoupdate=registry`, " +
			"Quadlet `AutoUpdate=registry`). An image whose dates are fixed, as reproducible builds have, is not " +
			"judged by its age.",
		CIS:     "5.28",
		Profile: Standard,
		See:     []string{"https://docs.podman.io/en/latest/markdown/podman-auto-update.1.html"},
		Drift:   []podman.Drift{podman.DriftImage},
		Check: func(c *podman.Container) []Finding {
			image := c.Image
			if current := image.Current; current.Known() && image.ID != "" && current.Value != image.ID {
				return violated(current, violation{
					Message:  "the tag has moved on: the container still runs the image it was made from",
					Severity: Medium,
					Setting:  "image",
					Value:    fmt.Sprintf("%s, where %s is now %s", short(image.ID), image.Name, short(current.Value)),
					Fix:      renewal(image, true),
				})
			}
			// Of an image that has no name any more Podman does not tell the digests that it was pulled by.
			if latest := image.Latest; latest.Known() && len(image.Digests) > 0 && !latest.Value.IsOf(&image) {
				return violated(latest, violation{
					Message:  behind(image),
					Severity: Medium,
					Setting:  "registry",
					Value:    latest.Value.Digest,
					Fix:      renewal(image, false),
				})
			}
			built := image.Built
			if !built.Known() || c.Host.Now.IsZero() || c.Kind == podman.KindImage { // image-old says so of an image
				return nil
			}
			age := c.Host.Now.Sub(built.Value)
			if age <= maxAge {
				return nil
			}
			found := violated(built, violation{
				Message:  fmt.Sprintf("the image is %s old, the limit is %s", days(age), days(maxAge)),
				Severity: Medium,
				Setting:  "image built",
				Value:    built.Value.UTC().Format(time.DateOnly),
				Fix:      renewal(image, false),
			})
			found[0].Confidence = Derived
			return found
		},
	}
}

// behind says how far an image is behind its registry's.
func behind(image podman.Image) string {
	theirs := image.Latest.Value.Created
	if theirs.IsZero() || !image.Built.Known() || !theirs.After(image.Built.Value) {
		return "the registry has another image behind " + image.Name + " now"
	}
	return fmt.Sprintf("%s behind: it was built on %s, the registry's %s is from %s",
		days(theirs.Sub(image.Built.Value)),
		image.Built.Value.UTC().Format(time.DateOnly), image.Name, theirs.UTC().Format(time.DateOnly))
}

// renewal says how to get a fresh image; one that was built here cannot be pulled, and one whose tag has moved is here.
func renewal(image podman.Image, here bool) Fix {
	local := strings.HasPrefix(image.Name, "localhost/")
	switch {
	case here && local:
		return Fix{Summary: "recreate the container from the image that the tag names now"}
	case local:
		return Fix{Summary: "build the image again from a fresh base, without cache, and make the container again"}
	}
	return Fix{
		Summary: "pull the image, make the container again, and let podman auto-update keep it up to date",
		Changes: updateBy("registry"),
	}
}

// short abbreviates an image ID as Podman's own listings do.
func short(id string) string {
	const digits = 12
	return id[:min(digits, len(id))]
}
