package podman

// Identity says who a container's process is on the host.
type Identity uint8

// The identities, from what is known least to what harms least.
const (
	// IdentityUnknown means that the UID or its mapping is not known.
	IdentityUnknown Identity = iota
	// IdentityRoot is UID 0 of the host.
	IdentityRoot
	// IdentityEngine is the ordinary account that runs a rootless Podman.
	IdentityEngine
	// IdentityHost is a UID of the host's own range that the container has unmapped, such as 33 for 33: whatever the
	// host or another container runs under it is the same user.
	IdentityHost
	// IdentitySubordinate is a UID of a range set aside for containers.
	IdentitySubordinate
)

// HostUID returns the host's UID for a UID of the container. It is unknown where the mapping is, or has none for it.
func (c *Container) HostUID(uid uint32) Setting[uint32] {
	return hostID(c.Namespaces.UIDs, uid)
}

// HostGID returns the host's GID for a GID of the container.
func (c *Container) HostGID(gid uint32) Setting[uint32] {
	return hostID(c.Namespaces.GIDs, gid)
}

func hostID(m Setting[IDMap], id uint32) Setting[uint32] {
	if !m.Known() {
		return Setting[uint32]{}
	}
	outside, ok := m.Value.Outside(id)
	if !ok {
		return Setting[uint32]{}
	}
	return Derive(m, outside)
}

// Identity returns who a UID of the container is on the host.
func (c *Container) Identity(uid uint32) Identity {
	return c.identity(c.HostUID(uid), uid, c.Host.UIDs)
}

// GroupIdentity returns which group a GID of the container is on the host.
func (c *Container) GroupIdentity(gid uint32) Identity {
	return c.identity(c.HostGID(gid), gid, c.Host.GIDs)
}

func (c *Container) identity(host Setting[uint32], inside uint32, engine IDMap) Identity {
	if !host.Known() || !c.Host.Rootless.Known() {
		return IdentityUnknown
	}
	if c.Host.Rootless.Value {
		if own, ok := engine.Outside(0); ok && host.Value == own {
			return IdentityEngine
		}
		return IdentitySubordinate
	}
	switch host.Value {
	case 0:
		return IdentityRoot
	case inside:
		return IdentityHost
	default:
		return IdentitySubordinate
	}
}

// OwnUsers reports whether the container's UIDs are mapped to others than those that Podman itself has: whether it has
// a user namespace that isolates. Unknown where the mapping is.
func (c *Container) OwnUsers() Setting[bool] {
	uids := c.Namespaces.UIDs
	if !uids.Known() || !c.Host.Rootless.Known() {
		return Setting[bool]{}
	}
	root := c.Identity(0)
	own := root == IdentitySubordinate
	if root == IdentityUnknown { // container root is not mapped to anybody
		own = len(uids.Value) > 0
	}
	return Derive(uids, own)
}
