package rules

import (
	"fmt"
	"maps"
	"slices"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules/secret"
)

var secretInImage = Rule{
	ID:       "secret-in-image",
	Title:    "A secret is in the image itself",
	Severity: High,
	Why: `What is in an image's environment, labels or history goes to everybody who may pull it, for as long as a
copy exists; a later layer does not take it back.`,
	Remedy: "Take it out of the build (`RUN --mount=type=secret`, no ENV, no ARG), build the image again, and change " +
		"the secret.",
	CIS: "4.10",
	See: []string{
		"https://docs.podman.io/en/latest/markdown/podman-build.1.html#secret-id-id-src-envorfile-env-env-type-file-env",
	},
	Drift: []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		if !c.Image.ConfigStrings.Known() {
			return nil
		}
		var found []Finding
		seen := map[string]bool{}
		for _, t := range c.Image.ConfigStrings.Value {
			match, ok := imageSecret(t)
			if !ok || seen[match.Name] && match.Name != "" {
				continue
			}
			seen[match.Name], seen[t.Name] = true, true
			name := shownName(t.Name)
			message := fmt.Sprintf("the image's %s %s holds %s", t.Place, name, match.What)
			if t.Name == "" {
				message = fmt.Sprintf("the image's %s holds %s", t.Place, match.What)
				if name = shownName(match.Name); name != "" {
					message += " (" + name + ")"
				}
			}
			found = append(found,
				secretFinding(match, message, "image "+t.Place+" "+name, t.Place+":"+name, t.Origin, Fix{
					Summary: "take it out of the build, build the image again, and change the secret",
				}))
		}
		return found
	},
}

// imageSecret looks for a secret in a string of the image. What only looks random is none: images are full of
// checksums.
func imageSecret(t podman.ConfigString) (secret.Match, bool) {
	var match secret.Match
	var ok bool
	if t.Place == "history" {
		in := secret.DetectArgs(podman.RevealAll(t.Words))
		for _, i := range slices.Sorted(maps.Keys(in)) { // the first of those that are as sure
			if m := in[i]; !ok || m.Confidence > match.Confidence {
				match, ok = m, true
			}
		}
	} else if len(t.Words) > 0 {
		match, ok = secret.DetectPair(t.Name, t.Words[0].Reveal())
		match.Name = t.Name
	}
	return match, ok && match.Confidence != secret.Guess
}
