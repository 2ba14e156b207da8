package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

var secretEnv = Rule{
	ID:       "secret-env",
	Title:    "A secret is passed as an environment variable",
	Severity: Low,
	Why: `A variable is inherited by every process that the service starts, shows in /proc/PID/environ and ends up in
crash reports. A file under /run/secrets is read once by who needs it.`,
	Remedy: "Hand it over as a file (`--secret=NAME`, which is /run/secrets/NAME); many images take its path " +
		"through a variable that ends in _FILE.",
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#secret-secret-opt-opt"},
	Profile: Strict,
	Check: func(c *podman.Container) []Finding {
		s := c.SecretVariables
		if !s.Known() || len(s.Value) == 0 {
			return nil
		}
		what := "secret " + s.Value[0] + " is a variable"
		if len(s.Value) > 1 {
			what = "secrets " + strings.Join(s.Value, ", ") + " are variables"
		}
		return violated(s, violation{
			Message:  what + ", which every process of it inherits",
			Severity: Low,
			Setting:  "secret",
			Value:    strings.Join(s.Value, ", "),
			Fix: Fix{
				Summary: "hand it over as a file where the image can read one (a variable that ends in _FILE)",
			},
		})
	},
}
