package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

var portPrivileged = Rule{
	ID:       "port-privileged",
	Title:    "A privileged host port is published",
	Severity: Low,
	Why: `Ports below 1024 are the system's: who answers there is trusted to be the host's own service. Whoever takes
the container over answers there instead, for SSH, DNS or mail.`,
	Remedy:  "Publish a higher port and let a proxy, or socket activation, answer the well-known one.",
	CIS:     "5.8",
	Profile: Standard,
	See: []string{
		"https://docs.podman.io/en/latest/markdown/podman-run.1.html#publish-p-ip-hostport-containerport-protocol",
	},
	OnInfra: true,
	Check: func(c *podman.Container) []Finding {
		if !c.Network.Ports.Known() || unreachablePorts(c) {
			return nil
		}
		ports, taken := hostPorts(c.Network.Ports.Value, isPrivilegedPort)
		if len(taken) == 0 {
			return nil
		}
		return []Finding{{
			Message: "publishes privileged host port " + strings.Join(taken, ", "), Severity: Low, Confidence: Certain,
			Evidence: portEvidence(ports, taken),
			Fix:      Fix{Summary: "publish a port from 1024 on, and let a proxy answer the well-known one"},
		}}
	},
}

// isPrivilegedPort reports whether a port is one of the host's that only the system's services should answer on. 80 and
// 443 are not: answering there is what web servers and proxies are for.
func isPrivilegedPort(p podman.Port) bool {
	const firstUnprivileged = 1024
	local := strings.HasPrefix(p.Address, "127.") || p.Address == "::1"
	return p.Host > 0 && p.Host < firstUnprivileged && p.Host != 80 && p.Host != 443 && !local
}
