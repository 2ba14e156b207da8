package podman

// Network is whom a container can talk to and who can talk to it.
type Network struct {
	// Mode is "bridge", "host", "none", "pasta", "slirp4netns", "container:ID" or "ns:PATH".
	Mode Setting[string]
	// Names holds the networks that a container of mode "bridge" has joined; DefaultNetwork is the one that nobody
	// asked for.
	Names Setting[[]string]
	// Ports holds what is published on the host. A pod's member has those of its pod, which are not repeated here.
	Ports Setting[[]Port]
	// PublishAll is whether every port that the image exposes is published (--publish-all).
	PublishAll Setting[bool]
	// Follows is whether what the container comes to listen on is published on every address of the host, whatever it is
	// (pasta's -t,auto and -u,auto). It is only set where it is so.
	Follows Setting[bool]
	// HostLoopback is whether the container can reach what listens on the loopback address of the host; its Origin is
	// the option that lets it.
	HostLoopback Setting[bool]
}

// DefaultNetwork is the name of the network that containers join which name none.
const DefaultNetwork = "podman"

// Port is a port of the host that leads to one of the container.
type Port struct {
	// Address is the host's address that it is bound to, empty for every one.
	Address string
	// Host and Container are the first ports of a range of Count. Host is 0 where Podman chooses one.
	Host, Container, Count uint16
	// Protocol is "tcp", "udp" or "sctp".
	Protocol string
	// ByNetwork is set where an option of --network publishes it (pasta's -t and -u), and not --publish.
	ByNetwork bool
	Origin    Origin
}
