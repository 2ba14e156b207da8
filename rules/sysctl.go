package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var sysctl = Rule{
	ID:       "sysctl",
	Title:    "A sysctl loosens the network namespace",
	Severity: Low,
	Why: `Forwarding makes a router of the container, source routing and redirects let its neighbours steer its
traffic, a reverse path filter switched off lets forged addresses in.`,
	Remedy: "Leave the sysctl out where the container is not a router or VPN.",
	See:    []string{"https://docs.kernel.org/networking/ip-sysctl.html"},
	Check: func(c *podman.Container) []Finding {
		if !c.Namespaces.Sysctls.Known() {
			return nil
		}
		var found []Finding
		for _, s := range c.Namespaces.Sysctls.Value {
			gives := sysctlGives(s.Name, s.Value)
			if gives == "" {
				continue
			}
			found = append(found, Finding{Message: fmt.Sprintf("%s=%s %s", s.Name, s.Value, gives), Severity: Low,
				Confidence: Certain, Cause: s.Name,
				Evidence: []Evidence{{"sysctl", s.Name + "=" + s.Value, s.Origin}},
				Fix:      Fix{Summary: "leave " + s.Name + " out", Drop: true}})
		}
		return found
	},
}

func sysctlGives(name, value string) string {
	name = strings.ReplaceAll(name, "/", ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	on := value != "0"
	switch {
	case !strings.HasPrefix(name, "net."):
		return ""
	case (last == "ip_forward" || last == "forwarding" || last == "mc_forwarding") && on:
		return "makes a router of it"
	case last == "route_localnet" && on:
		return "lets the network reach its loopback"
	case (last == "accept_redirects" || last == "secure_redirects") && on:
		return "lets its neighbours steer its traffic"
	case last == "accept_source_route" && on:
		return "lets senders choose the way back"
	case last == "rp_filter" && !on:
		return "lets forged addresses in"
	case last == "tcp_syncookies" && !on:
		return "leaves it open to SYN floods"
	}
	return ""
}
