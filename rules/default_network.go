package rules

import (
	"slices"

	"github.com/podlint/podlint/podman"
)

var defaultNetwork = Rule{
	ID:       "default-network",
	Title:    "The container is on the default network",
	Severity: Low,
	Why: `The network "podman" is where every container lands that names none: they reach each other's ports,
published or not, and can pretend to be each other. On a network of its own a container talks to those that belong to
it.`,
	Remedy: "Make a network for what belongs together (`podman network create web`) and name it with " +
		"`--network=web`; `--network=none` for what needs none.",
	CIS:             "5.30",
	Profile:         Standard,
	See:             []string{"https://docs.podman.io/en/latest/markdown/podman-network-create.1.html"},
	RootlessMatters: true,
	Check: func(c *podman.Container) []Finding {
		names := c.Network.Names
		// a definition's neighbours are not known
		if c.ID != "" || c.Definition.Syntax == "" || !names.Known() ||
			!slices.Contains(names.Value, podman.DefaultNetwork) {
			return nil
		}
		return violated(names, violation{
			Message:  "is on the default network, where every container lands that names none",
			Severity: Low,
			Setting:  "network",
			Value:    podman.DefaultNetwork,
			Fix:      ownNetwork,
		})
	},
	CheckPeers: func(all []*Peer) []Finding {
		var on []*Peer
		for _, c := range all {
			if c.ID != "" && c.defaultNetwork != nil {
				on = append(on, c)
			}
		}
		if len(on) < 2 { // nobody else is there
			return nil
		}
		var found []Finding
		for _, c := range on {
			message := "is on the default network, where it reaches " + others(on, c)
			for _, f := range violated(podman.UnknownAt[bool](*c.defaultNetwork), violation{
				Message:  message,
				Severity: Low,
				Setting:  "network",
				Value:    podman.DefaultNetwork,
				Fix:      ownNetwork,
			}) {
				f.Subject = c
				found = append(found, f)
			}
		}
		return found
	},
}

var ownNetwork = Fix{Summary: "give what belongs together a network of its own: --network=NAME"}

// onDefaultNetwork reports whether a container is known to be on the default network.
func onDefaultNetwork(c *podman.Container) bool {
	names := c.Network.Names
	return names.Known() && c.Network.Mode.Value == "bridge" && slices.Contains(names.Value, podman.DefaultNetwork)
}
