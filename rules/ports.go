package rules

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// hostPorts returns the published ports that are wanted, sorted as numbers, and how each is written. A port that is
// published for IPv4 and for IPv6 is returned once.
func hostPorts(published []podman.Port, wanted func(podman.Port) bool) (ports []podman.Port, texts []string) {
	sorted := slices.SortedStableFunc(slices.Values(published), func(a, b podman.Port) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Container, b.Container),
			strings.Compare(a.Protocol, b.Protocol))
	})
	for _, p := range sorted {
		if text := portText(p); wanted(p) && !slices.Contains(texts, text) {
			ports, texts = append(ports, p), append(texts, text)
		}
	}
	return ports, texts
}

// portEvidence returns the evidence of ports and how each is written.
func portEvidence(ports []podman.Port, texts []string) []Evidence {
	evidence := make([]Evidence, len(ports))
	for i, p := range ports {
		evidence[i] = Evidence{"port", texts[i], p.Origin}
	}
	return evidence
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

// everyAddress reports whether a published port's address is none in particular, however it is spelled.
func everyAddress(address string) bool {
	address = strings.Trim(address, "[]")
	parsed, err := netip.ParseAddr(address)
	return address == "" || address == "*" || err == nil && parsed.Unmap().IsUnspecified()
}

// portText writes a port of the host with its protocol, where that is not TCP.
func portText(p podman.Port) string {
	first, text := p.Host, fmt.Sprint(p.Host)
	if p.Host == 0 {
		first, text = p.Container, fmt.Sprintf("for %d", p.Container)
	}
	if p.Count > 1 {
		text += fmt.Sprintf("-%d", uint32(first)+uint32(p.Count)-1)
	}
	if p.Protocol != "tcp" && p.Protocol != "" {
		text += "/" + p.Protocol
	}
	return text
}

// unreachablePorts reports whether what is published counts for nothing: on the host's network, without one, and on one
// that Podman does not make.
func unreachablePorts(c *podman.Container) bool {
	mode := c.Network.Mode
	kind, _, _ := strings.Cut(mode.Value, ":")
	return mode.Known() && slices.Contains([]string{"host", "none", "container", "ns"}, kind)
}
