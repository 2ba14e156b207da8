package rules

import (
	"github.com/podlint/podlint/podman"
)

var networkLoopback = Rule{
	ID:       "network-loopback",
	Title:    "The container reaches the host's loopback",
	Severity: Medium,
	Why: `Services that listen on 127.0.0.1 trust everyone who asks, since only the machine itself can. With this
option the container can too: databases without a password, debug ports, metadata services.`,
	Remedy: "Leave the option out; let the one service that is needed listen on an address of the container's " +
		"network, or on a socket.",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#network-mode-net",
		"https://passt.top/builds/latest/web/passt.1.html"},
	Check: func(c *podman.Container) []Finding {
		l := c.Network.HostLoopback
		if !l.Known() || !l.Value {
			return nil
		}
		return violated(l, violation{
			Message:  "reaches what listens on 127.0.0.1 of the host",
			Severity: Medium,
			Setting:  "network",
			Value:    c.Network.Mode.Value,
			Fix:      Fix{Summary: "leave the option of the network out that leads to the host's loopback", Drop: true},
		})
	},
}
