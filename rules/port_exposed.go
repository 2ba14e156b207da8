package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var portExposed = Rule{
	ID:       "port-exposed",
	Title:    "A port is published on every address",
	Severity: Medium,
	Untried:  "a copy publishes no port",
	Why: `A port without an address is open on every interface of the host, and Podman's own rules let it through past most host
firewalls. Databases and admin pages that were meant for the machine, or for a proxy on it, are found by scanners in minutes.`,
	Remedy:  "Bind it to the address that it is meant for: `--publish=127.0.0.1:8080:80`, or put the containers that talk to each other on a network of their own.",
	CIS:     "5.14",
	Profile: Standard,
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#publish-p-ip-hostport-containerport-protocol"},
	OnInfra: true,
	Check: func(c *podman.Container) []Finding {
		if c.Network.Mode.Known() && (c.Network.Mode.Value == "host" || c.Network.Mode.Value == "none") {
			return nil // there what is published counts for nothing
		}
		var found []Finding
		if all := c.Network.PublishAll; all.Known() && all.Value {
			found = violated(all, Medium, "every port that the image exposes is open on every address of the host", "publish-all", "true",
				Fix{Summary: "publish the ports that are needed by number, each on one address"})
		}
		if !c.Network.Ports.Known() || len(found) > 0 {
			return found
		}
		var open []string
		var evidence []Evidence
		var changes []Change
		for _, p := range c.Network.Ports.Value {
			if !everyAddress(p.Address) {
				continue
			}
			text := portText(p)
			if slices.Contains(open, text) { // once for IPv4, once for IPv6
				continue
			}
			open = append(open, text)
			evidence = append(evidence, Evidence{"port", text, p.Origin})
			own := onLoopback(p)
			changes = append(changes, Change{"--publish=" + own, "PublishPort=" + own, "4.4"})
		}
		if len(open) == 0 {
			return nil
		}
		what := "port " + open[0] + " is"
		if len(open) > 1 {
			what = "ports " + strings.Join(open, ", ") + " are"
		}
		return []Finding{{
			Message: what + " open on every address of the host", Severity: Medium, Confidence: Certain, Evidence: evidence,
			Fix: Fix{Summary: "publish it on the address that it is meant for, such as " + changes[0].Flag, Drop: true, Replacement: changes},
		}}
	},
}

// onLoopback writes a port as --publish takes it, on the loopback address.
func onLoopback(p podman.Port) string {
	host, inside := fmt.Sprint(p.Host), fmt.Sprint(p.Container)
	if p.Host == 0 {
		host = ""
	}
	if p.Count > 1 {
		inside += fmt.Sprintf("-%d", uint32(p.Container)+uint32(p.Count)-1)
		if host != "" {
			host += fmt.Sprintf("-%d", uint32(p.Host)+uint32(p.Count)-1)
		}
	}
	text := "127.0.0.1:" + host + ":" + inside
	if p.Protocol != "tcp" && p.Protocol != "" {
		text += "/" + p.Protocol
	}
	return text
}

// everyAddress reports whether a published port's address is none in particular.
func everyAddress(address string) bool {
	switch strings.Trim(address, "[]") {
	case "", "0.0.0.0", "::", "*", "0:0:0:0:0:0:0:0":
		return true
	}
	return false
}

// portText writes a port of the host with its protocol, where that is not TCP.
func portText(p podman.Port) string {
	text := fmt.Sprint(p.Host)
	if p.Host == 0 {
		text = fmt.Sprintf("for %d", p.Container)
	}
	if p.Count > 1 {
		text += fmt.Sprintf("-%d", uint32(p.Host)+uint32(p.Count)-1)
	}
	if p.Protocol != "tcp" && p.Protocol != "" {
		text += "/" + p.Protocol
	}
	return text
}
