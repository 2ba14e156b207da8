package rules

import (
	"github.com/podlint/podlint/podman"
)

var hostAPI = Rule{
	ID:       "host-api",
	Title:    "Podman's service listens on TCP without TLS",
	Severity: Critical,
	Why: `Over plain TCP Podman's API has neither a password nor encryption: everyone who reaches the port can run
anything as the account that runs Podman, root for a rootful one.`,
	Remedy: "Reach it over ssh (`podman system connection add NAME ssh://…`), which needs no port of its own; or " +
		"with TLS and client certificates from Podman 5.7 on.",
	CIS: "2.7",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-system-service.1.html"},
	CheckHost: func(h *podman.Host) []Finding {
		api := h.API
		if !api.Known() || api.Value != "tcp" {
			return nil
		}
		severity, who := Critical, "root on that machine"
		if h.Rootless.Known() && h.Rootless.Value {
			severity, who = High, "the account that runs it"
		}
		return violated(api, violation{
			Message:  "the service was reached over TCP without TLS: everyone who reaches the port is " + who,
			Severity: severity,
			Setting:  "service",
			Value:    "tcp",
			Fix:      Fix{Summary: "reach it over ssh, and stop the service on TCP"},
		})
	},
}
