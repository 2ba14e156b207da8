package rules

import (
	"github.com/podlint/podlint/podman"
)

var envHost = Rule{
	ID:       "env-host",
	Title:    "The host's environment is passed to the container",
	Severity: Medium,
	Why: `--env-host gives the container every variable of the account that starts it: tokens of a CI job, cloud
credentials, paths and names. What is in there tomorrow nobody knows today.`,
	Remedy: "Name the variables that the service needs: `--env=NAME` copies one.",
	See:    []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#env-host"},
	Check: func(c *podman.Container) []Finding {
		e := c.HostEnvironment
		if !e.Known() || !e.Value {
			return nil
		}
		return violated(e, violation{
			Message:  "gets every environment variable of the account that starts it, tokens and passwords included",
			Severity: Medium,
			Setting:  "env-host",
			Value:    "true",
			Fix:      Fix{Summary: "leave --env-host out and name the variables that it needs: --env=NAME", Drop: true},
		})
	},
}
