package rules

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/podlint/podlint/podman"
)

// powers is what someone can be and do who controls a container's processes: the process as it starts, what it can
// become by the capabilities that it has, and what setuid programs of the image make of it.
type powers struct {
	// user is the most powerful UID on the host that a process can have, and how says in words why.
	user podman.Identity
	how  string
	// group is the most powerful GID, unknown where none is known.
	group podman.Identity
	// files is who a process is to files and sockets of the host: user, or whom DAC_OVERRIDE and the like make it.
	files    podman.Identity
	howFiles string
	// rootInside is whether a process can be UID 0 of the container.
	rootInside bool
	// capabilities are those that a process can have in the container's own user namespace.
	capabilities []string
	// known is whether those that it has are known.
	known bool
	// initial is whether they count against the host itself: there is no user namespace in between.
	initial bool
	// missing says what is not known that could make it more, empty for nothing.
	missing string
}

// has reports whether a process can have a capability.
func (p *powers) has(name string) bool { return slices.Contains(p.capabilities, name) }

// worse returns the more powerful of two identities.
func worse(a, b podman.Identity) podman.Identity {
	if a == podman.IdentityUnknown || b != podman.IdentityUnknown && b < a {
		return b
	}
	return a
}

// powersOf works out what a container's processes can become. A process of UID 0 gets the bounding set, one of another
// UID what Podman makes effective. SETUID makes any UID of the map of it; a setuid program of the image makes it UID 0,
// with the bounding set, unless no-new-privileges is on.
func powersOf(c *podman.Container) powers {
	uid, nnp := c.Process.UID, c.Confinement.NoNewPrivileges
	raised := nnp.Known() && !nnp.Value
	starts := uid.Known() && uid.Value == 0
	p := powers{rootInside: starts || raised, initial: initialUsers(c)}
	bounding := c.Capabilities.Bounding
	switch {
	case p.rootInside && bounding.Known():
		p.capabilities, p.known = bounding.Value, true
	case p.rootInside:
		p.missing = "which capabilities it has is not known"
	case uid.Known() && c.Capabilities.Effective.Known():
		p.known = true
		for _, name := range c.Capabilities.Effective.Value {
			if !bounding.Known() || slices.Contains(bounding.Value, name) {
				p.capabilities = append(p.capabilities, name)
			}
		}
	}
	p.user, p.how = startsAs(c, starts, raised)
	worst, inside := c.WorstUser()
	// Whoever may hand a file to another user and set its setuid bit becomes that user by running it.
	byFile := raised && p.has("CAP_CHOWN") && p.has("CAP_FOWNER")
	if worst != podman.IdentityUnknown && worse(p.user, worst) != p.user {
		switch {
		case p.has("CAP_SETUID"):
			p.user, p.how = worst, becoming(c, "with SETUID it becomes", inside, worst)
			p.rootInside = true
		case byFile:
			p.user, p.how = worst, becoming(c, "with a setuid program of its own making it becomes", inside, worst)
		case worst == podman.IdentitySubordinate:
			p.user, p.how = worst, ownRange
		}
	}
	p.files, p.howFiles = p.user, p.how
	if worst < p.files && worst != podman.IdentityUnknown {
		for _, name := range []string{"CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER"} {
			if p.has(name) {
				p.files = worst
				p.howFiles = "with " + shortNames([]string{name}) + " it passes by the permissions of every file whose " +
					"owner is mapped into it"
				break
			}
		}
	}
	p.group = groupsOf(c, &p)
	if worst == p.user {
		p.missing = ""
	}
	return p
}

const ownRange = "its UIDs are mapped to a range of its own"

// startsWith returns what a container's processes are and can become without a setuid program of the image.
func startsWith(c *podman.Container) powers {
	alone := *c
	alone.Confinement.NoNewPrivileges = podman.Set(true, podman.Origin{})
	return powersOf(&alone)
}

// initialUsers reports whether a container has no user namespace between itself and the host: capabilities count there.
// A map of every ID to itself is one that Podman gives to rootful keep-id, without a namespace.
func initialUsers(c *podman.Container) bool {
	uids := c.Namespaces.UIDs
	if !c.Host.Rootless.Known() || c.Host.Rootless.Value || !uids.Known() {
		return false
	}
	return uids.State == podman.StateDefault || slices.Equal(uids.Value, podman.IdentityMap())
}

// startsAs returns who the container's processes are on the host as they start, or by a setuid program of the image.
func startsAs(c *podman.Container, starts, raised bool) (podman.Identity, string) {
	uid, own, root := c.Process.UID, podman.IdentityUnknown, podman.IdentityUnknown
	if uid.Known() {
		own = c.Identity(uid.Value)
	}
	if starts || raised {
		root = c.Identity(0)
	}
	if !starts && root != podman.IdentityUnknown && worse(own, root) != own {
		if root == podman.IdentitySubordinate {
			if !uid.Known() {
				return podman.IdentityUnknown, undecided(c)
			}
			return root, ownRange
		}
		return root, becoming(c, "a setuid program makes it", 0, root)
	}
	if own != podman.IdentityUnknown {
		return own, asUser(c, uid.Value, own)
	}
	return podman.IdentityUnknown, undecided(c)
}

func undecided(c *podman.Container) string {
	if !c.Process.UID.Known() && c.Namespaces.UIDs.Known() {
		return "whom it runs as is the image's choice, which is not known here"
	}
	return "who its users are on the host is not known"
}

// asUser says who a UID of the container is.
func asUser(c *podman.Container, uid uint32, who podman.Identity) string {
	switch who {
	case podman.IdentityRoot:
		return fmt.Sprintf("UID %d inside is UID 0 on the host", uid)
	case podman.IdentityEngine:
		return fmt.Sprintf("UID %d inside is the account that runs Podman", uid)
	case podman.IdentityHost:
		return fmt.Sprintf("UID %d inside is UID %d on the host", uid, c.HostUID(uid).Value)
	case podman.IdentitySubordinate, podman.IdentityUnknown:
	}
	return ownRange
}

// becoming says how a process becomes a UID of the container, and who that is.
func becoming(c *podman.Container, by string, uid uint32, who podman.Identity) string {
	switch who {
	case podman.IdentityRoot:
		return fmt.Sprintf("%s UID %d inside, which is UID 0 on the host", by, uid)
	case podman.IdentityEngine:
		return fmt.Sprintf("%s UID %d inside, which is the account that runs Podman", by, uid)
	case podman.IdentityHost:
		return fmt.Sprintf("%s UID %d inside, which is UID %d on the host", by, uid, c.HostUID(uid).Value)
	case podman.IdentitySubordinate, podman.IdentityUnknown:
	}
	return ownRange
}

// groupsOf returns the most powerful group on the host that a container's processes have, or can take.
func groupsOf(c *podman.Container, p *powers) podman.Identity {
	group := podman.IdentityUnknown
	if gid := c.Process.GID; gid.Known() {
		group = worse(group, c.GroupIdentity(gid.Value))
	}
	if c.Process.Groups.Known() {
		for _, name := range c.Process.Groups.Value {
			if gid, err := strconv.ParseUint(name, 10, 32); err == nil {
				group = worse(group, c.GroupIdentity(uint32(gid)))
			}
			if name == podman.KeepGroups { // those of whoever runs Podman, whatever is mapped
				kept := podman.IdentityHost
				if c.Host.Rootless.Known() && !c.Host.Rootless.Value {
					kept = podman.IdentityRoot
				}
				group = worse(group, kept)
			}
		}
	}
	raised := c.Confinement.NoNewPrivileges.Known() && !c.Confinement.NoNewPrivileges.Value
	if p.has("CAP_SETGID") || raised && p.has("CAP_CHOWN") && p.has("CAP_FOWNER") {
		worst, _ := c.WorstGroup()
		group = worse(group, worst)
	}
	return group
}
