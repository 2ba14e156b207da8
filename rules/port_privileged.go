package rules

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var portPrivileged = Rule{
	ID:       "port-privileged",
	Title:    "A privileged host port is published",
	Severity: Low,
	Why: `Ports below 1024 are the system's: who answers there is trusted to be the host's own service. Whoever takes the container
over answers there instead, for SSH, DNS or mail.`,
	Remedy:  "Publish a higher port and let a proxy, or socket activation, answer the well-known one.",
	CIS:     "5.8",
	Profile: Standard,
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#publish-p-ip-hostport-containerport-protocol"},
	OnInfra: true,
	Check: func(c *podman.Container) []Finding {
		if !c.Network.Ports.Known() || c.Network.Mode.Known() && c.Network.Mode.Value == "host" {
			return nil
		}
		var taken []string
		var evidence []Evidence
		for _, p := range c.Network.Ports.Value {
			// 80 and 443 are what web servers and proxies are there for.
			if p.Host == 0 || p.Host >= 1024 || p.Host == 80 || p.Host == 443 || strings.HasPrefix(p.Address, "127.") || p.Address == "::1" {
				continue
			}
			if text := portText(p); !slices.Contains(taken, text) {
				taken = append(taken, text)
				evidence = append(evidence, Evidence{"port", text, p.Origin})
			}
		}
		if len(taken) == 0 {
			return nil
		}
		return []Finding{{
			Message: "publishes privileged host port " + strings.Join(taken, ", "), Severity: Low, Confidence: Certain, Evidence: evidence,
			Fix: Fix{Summary: "publish a port from 1024 on, and let a proxy answer the well-known one"},
		}}
	},
}
