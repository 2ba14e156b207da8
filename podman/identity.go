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
	// IdentityHost is a UID of the host's own range: one that the container has unmapped, such as 33 for 33, or one
	// that accounts of the host have. Whatever the host or another container runs under it is the same user.
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

// firstSubordinate is the first ID that distributions set aside for containers: accounts, dynamic users of systemd's
// among them, have numbers below it (https://systemd.io/UIDS-GIDS/).
const firstSubordinate = 1 << 16

func (c *Container) identity(host Setting[uint32], inside uint32, engine IDMap) Identity {
	if !host.Known() || !c.Host.Rootless.Known() {
		return IdentityUnknown
	}
	if c.Host.Rootless.Value {
		if own, ok := engine.Outside(0); ok && host.Value == own {
			return IdentityEngine
		}
		if host.Value < firstSubordinate {
			return IdentityHost
		}
		return IdentitySubordinate
	}
	switch {
	case host.Value == 0:
		return IdentityRoot
	case host.Value == inside || host.Value < firstSubordinate:
		return IdentityHost
	default:
		return IdentitySubordinate
	}
}

// WorstUser returns, of all UIDs that a container's map has, the most powerful one on the host, by its number inside:
// who a process becomes that may become anybody. It is unknown where the map is.
func (c *Container) WorstUser() (Identity, uint32) {
	return c.worst(c.Namespaces.UIDs, c.Host.UIDs)
}

// WorstGroup returns, of all GIDs that a container's map has, the most powerful one on the host, as WorstUser does.
func (c *Container) WorstGroup() (Identity, uint32) {
	return c.worst(c.Namespaces.GIDs, c.Host.GIDs)
}

func (c *Container) worst(m Setting[IDMap], engine IDMap) (Identity, uint32) {
	worst, inside := IdentityUnknown, uint32(0)
	if !m.Known() || !c.Host.Rootless.Known() {
		return worst, inside
	}
	try := func(id uint32) {
		outside, ok := m.Value.Outside(id)
		if !ok {
			return
		}
		who := c.identity(Derive(m, outside), id, engine)
		if who != IdentityUnknown && (worst == IdentityUnknown || who < worst) {
			worst, inside = who, id
		}
	}
	own, hasOwn := engine.Outside(0)
	for _, r := range m.Value {
		if r.Size == 0 {
			continue
		}
		// In a range, the first ID is the smallest outside; root and the account may lie within it.
		try(r.Inside)
		if hasOwn && own > r.Outside && own-r.Outside < r.Size {
			try(r.Inside + own - r.Outside)
		}
	}
	return worst, inside
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
