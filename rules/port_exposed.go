package rules

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var portExposed = Rule{
	ID:       "port-exposed",
	Step:     "publish the ports of %s on one address each",
	Title:    "A port is published on every address",
	Severity: Medium,
	Untried:  "a copy publishes no port",
	Why: `A port without an address is open on every interface of the host, and Podman's own rules let it through past
most host firewalls. Databases and admin pages that were meant for the machine, or for a proxy on it, are found by
scanners in minutes.`,
	Remedy: "Bind it to the address that it is meant for: `--publish=127.0.0.1:8080:80`, or put the containers that " +
		"talk to each other on a network of their own.",
	CIS:     "5.14",
	Profile: Standard,
	See: []string{
		"https://docs.podman.io/en/latest/markdown/podman-run.1.html#publish-p-ip-hostport-containerport-protocol",
	},
	OnInfra: true,
	Manual:  "only the owner knows from where the port has to be reached",
	Check: func(c *podman.Container) []Finding {
		if unreachablePorts(c) {
			return nil
		}
		var found []Finding
		none := c.ID != "" && c.Network.Ports.Known() && len(c.Network.Ports.Value) == 0 // the image exposes no port
		if all := c.Network.PublishAll; all.Known() && all.Value && !none {
			found = violated(all, violation{
				Message:  "every port that the image exposes is open on every address of the host",
				Severity: Medium,
				Setting:  "publish-all",
				Value:    "true",
				Fix:      Fix{Summary: "publish the ports that are needed by number, each on one address"},
			})
		}
		if follows := c.Network.Follows; follows.Known() && follows.Value {
			found = append(found, followedPorts(c)...)
		}
		if !c.Network.Ports.Known() || len(found) > 0 {
			return found
		}
		ports, open := hostPorts(c.Network.Ports.Value, func(p podman.Port) bool { return everyAddress(p.Address) })
		if len(open) == 0 {
			return nil
		}
		changes := make([]Change, len(ports))
		for i, p := range ports {
			own := onLoopback(p)
			changes[i] = Change{Flag: "--publish=" + own}
		}
		fix := Fix{
			Summary: "publish it on the address that it is meant for, such as " + changes[0].Flag,
			Drop:    true, Replacement: changes,
		}
		if slices.ContainsFunc(ports, func(p podman.Port) bool { return p.ByNetwork }) {
			fix = Fix{Summary: "give pasta's option the address that it is meant for, such as -t,127.0.0.1/8080"}
		}
		what := "port " + open[0] + " is"
		if len(open) > 1 {
			what = "ports " + strings.Join(open, ", ") + " are"
		}
		return []Finding{{
			Message: what + " open on every address of the host", Severity: Medium, Confidence: Certain,
			Evidence: portEvidence(ports, open),
			Fix:      fix,
		}}
	},
}

// followedPorts is the finding about a container whose ports pasta publishes as it begins to listen on them.
func followedPorts(c *podman.Container) []Finding {
	found := violated(c.Network.Follows, violation{
		Message:  "pasta publishes whatever it comes to listen on, on every address of the host",
		Severity: Medium,
		Setting:  "network",
		Value:    "pasta's ports: auto",
		Fix: Fix{Summary: "name the ports that are needed, with the address that they are meant for, such as " +
			"-t,127.0.0.1/8080"},
	})
	found[0].Cause = "auto"
	return found
}
