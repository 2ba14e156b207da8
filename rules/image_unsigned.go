package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var imageUnsigned = Rule{
	ID:       "image-unsigned",
	Title:    "The image is accepted without a signature",
	Severity: Medium,
	Why: `Podman's policy accepts what the registry sends, no matter who put it there. With a stolen account, or on
the way, another image takes its place and runs with the next update. A distribution would not install an unsigned
package.`,
	Remedy: "Ask for signatures where the publisher signs: an entry for the registry in " +
		"/etc/containers/policy.json, `sigstoreSigned` or `signedBy`, and `reject` for the rest.",
	CIS: "4.5",
	See: []string{"https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md",
		"https://docs.podman.io/en/latest/markdown/podman-image-trust.1.html"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Strict,
	Check: func(c *podman.Container) []Finding {
		policy := c.Host.Policy
		name, ok := podman.ParseImageName(c.Image.Name)
		if !policy.Known() || !ok || name.Registry == "localhost" || name.Registry == "" {
			return nil
		}
		kind, scope := policy.Value.Requires(c.Image.Name)
		if kind != "insecureAcceptAnything" {
			return nil
		}
		return violated(policy, violation{
			Message:  fmt.Sprintf("%s lets it in unsigned, by %s", policy.Origin.File, entryOf(scope)),
			Severity: Medium,
			Setting:  "policy",
			Value:    kind,
			Fix: Fix{
				Summary: fmt.Sprintf(`where %s signs, put into policy.json "transports": {"docker": {"%s": `+
					`[{"type": "sigstoreSigned", "keyPath": "KEY", "signedIdentity": {"type": "matchRepository"}}]}}`,
					name.Registry, strings.TrimSuffix(name.Registry+"/"+name.Path, "/")),
			},
		})
	},
}

// entryOf names an entry of a policy by its scope.
func entryOf(scope string) string {
	switch scope {
	case "default":
		return "its default"
	case "":
		return "its entry for all of docker"
	}
	return "its entry for " + scope
}
