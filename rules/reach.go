package rules

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Level says how far someone gets who controls a container's processes. The levels are ordered: what is above is worse.
type Level uint8

// The levels.
const (
	// ReachUnknown means that a setting is not known which decides.
	ReachUnknown Level = iota
	// Contained is one bug of the runtime or the kernel away from a UID that owns nothing else.
	Contained
	// EscapeToUser is one bug away from a UID that others share.
	EscapeToUser
	// EscapeToRoot is one bug away from the host's root.
	EscapeToRoot
	// HostUser is the account that runs Podman, or another ordinary one, without a bug.
	HostUser
	// HostRoot is the host's root without a bug.
	HostRoot
)

var levelNames = [...]string{"unknown", "contained", "escape-to-user", "escape-to-root", "host-user", "host-root"}

// String returns the level's name, as reports print it.
func (l Level) String() string { return levelNames[l] }

// MarshalText returns the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Levels returns the levels, the worst first and at the end that nothing is known.
func Levels() []Level {
	return []Level{HostRoot, HostUser, EscapeToRoot, EscapeToUser, Contained, ReachUnknown}
}

// Meaning says of an attacker in the container what a level means, as "is one bug away from root".
func (l Level) Meaning() string {
	return [...]string{
		ReachUnknown: "has an unknown reach",
		Contained:    "is one bug away from a user that owns nothing else",
		EscapeToUser: "is one bug away from a user that others share",
		EscapeToRoot: "is one bug away from root",
		HostUser:     "is an account of the machine, no bug needed",
		HostRoot:     "is root on the machine, no bug needed",
	}[l]
}

// Reach is how far someone gets who controls a container's processes, and by what way.
type Reach struct {
	Level Level
	// Why is the chain that leads there, link by link.
	Why []string
}

// ReachOf follows the ways out of a container that need no bug, and where there is none says whom an escape would make.
//
// It is monotone: a container with one setting hardened never reaches further. Hardened means that an ID is mapped to
// one that owns less, a capability, a device, a mount or a namespace of the host taken away, a mount made read-only,
// no-new-privileges, a filter or a mask put in place.
func ReachOf(c *podman.Container) Reach {
	reach := reachAlone(c)
	if reach.Level == HostRoot {
		return reach
	}
	for _, other := range c.Namespaces.Processes {
		further := reachAlone(other)
		if further.Level <= reach.Level {
			continue
		}
		if how := takesOver(c, other); how != "" {
			reach = Reach{further.Level, append([]string{how}, further.Why...)}
		}
	}
	return reach
}

// takesOver says how a container takes over the processes of another one that it sees, empty where it cannot: with
// SYS_PTRACE in the same user namespace, or one above, or as the same user with every capability that they have
// (ptrace(2), "Ptrace access mode checking").
func takesOver(c, other *podman.Container) string {
	p, q := powersOf(c), startsWith(other)
	above := p.initial || c.Host.Rootless.Value && enginesUsers(c) ||
		strings.HasPrefix(c.Namespaces.User.Value, "container:")
	if !above {
		return ""
	}
	if p.has("CAP_SYS_PTRACE") {
		return "with SYS_PTRACE it takes over the processes of " + other.Name + ", which it sees"
	}
	uid, target := c.Process.UID, other.Process.UID
	if !target.Known() || !q.known || slices.ContainsFunc(q.capabilities, func(name string) bool { return !p.has(name) }) {
		return ""
	}
	own, theirs := podman.Setting[uint32]{}, other.HostUID(target.Value)
	if uid.Known() {
		own = c.HostUID(uid.Value)
	}
	root := c.HostUID(0)
	is := func(s podman.Setting[uint32]) bool { return s.Known() && theirs.Known() && s.Value == theirs.Value }
	if is(own) || p.rootInside && is(root) || p.has("CAP_SETUID") {
		return "it sees the processes of " + other.Name + " and has their user and every capability of theirs"
	}
	return ""
}

// reachAlone is ReachOf without the processes of other containers.
func reachAlone(c *podman.Container) Reach {
	p := powersOf(c)
	if way := wayToRoot(c, &p); len(way) > 0 {
		return Reach{HostRoot, way}
	}
	if way := wayToUser(c, &p); len(way) > 0 {
		return Reach{HostUser, way}
	}
	const bug = "no way out without a bug of the runtime or the kernel"
	level, how := Contained, p.how
	switch worse(p.user, p.files) {
	case podman.IdentityRoot:
		level = EscapeToRoot
	case podman.IdentityEngine, podman.IdentityHost:
		level = EscapeToUser
	case podman.IdentitySubordinate:
		if p.group != podman.IdentityUnknown && p.group < podman.IdentitySubordinate {
			level, how = EscapeToUser, "its UIDs are mapped to a range of its own, but one of its groups is the host's"
		}
	default:
		level = ReachUnknown
	}
	if p.files < p.user {
		how = p.howFiles
	}
	if level == ReachUnknown {
		why := []string{how}
		if !c.Process.UID.Known() && c.Namespaces.UIDs.Known() {
			asRoot := *c
			asRoot.Process.UID = podman.Set[uint32](0, podman.Origin{})
			why = append(why, "as UID 0 it would be "+reachAlone(&asRoot).Level.String())
		}
		return Reach{ReachUnknown, why}
	}
	if missing := undecidedBy(c, &p); missing != "" {
		return Reach{ReachUnknown, []string{how, missing, "without that it would be " + level.String()}}
	}
	if level == EscapeToRoot && p.user == podman.IdentityRoot && p.initial && c.Namespaces.Takeable.Known() &&
		c.Namespaces.Takeable.Value {
		return Reach{HostRoot, []string{how, "in the host's PID namespace it takes over a process of root's that holds no " +
			"capability more, and has the host's files"}}
	}
	if level == EscapeToRoot && p.initial && c.SharesHost(podman.NamespacePID) {
		return Reach{level, []string{how, "no way out without a bug but by other processes: in the host's PID namespace it " +
			"has the files of every one of its user that holds no capability more"}}
	}
	return Reach{level, []string{how, bug}}
}

// undecidedBy says which setting of a live container is not known that could be a way out, empty for none. A definition
// is judged by what is written in it.
func undecidedBy(c *podman.Container, p *powers) string {
	switch {
	case p.missing != "":
		return p.missing
	case c.Files.Missing != "" && worse(p.user, p.files) != podman.IdentitySubordinate:
		return c.Files.Missing
	case c.ID != "" && p.user == podman.IdentityRoot && !c.Confinement.Unmasked.Known():
		return "which files of /proc are open to it is not known: the service does not show it for a container of the API"
	}
	return ""
}

// wayToRoot returns how a container's processes become root on the host, no bug needed; empty for no way.
func wayToRoot(c *podman.Container, p *powers) []string {
	root := p.user == podman.IdentityRoot
	if root && isPrivileged(c) {
		return []string{p.how, "it is privileged: it mounts the host's disk"}
	}
	if way := mountToRoot(c, p); way != nil {
		return way
	}
	if way := capabilityToRoot(c, p); way != "" {
		return []string{p.how, way}
	}
	if root && c.Confinement.KernelSwitches() {
		return []string{p.how, "/proc/sys is writable: it has the kernel run a program of its own (core_pattern)"}
	}
	if way := deviceToRoot(c, p); way != nil {
		return append([]string{p.howFiles}, way...)
	}
	return nil
}

// capabilityToRoot returns how a capability makes a process root on the host, empty for no way. Most count only where
// no user namespace is in between; what SYS_ADMIN mounts in one is root's of the host who is its UID 0.
func capabilityToRoot(c *podman.Container, p *powers) string {
	switch {
	case p.has("CAP_SYS_ADMIN") && (p.initial || p.user == podman.IdentityRoot):
		return "with SYS_ADMIN it mounts /proc anew and has the kernel run a program of its own (core_pattern)"
	case !p.initial:
		return ""
	case p.has("CAP_SYS_MODULE"):
		return "with SYS_MODULE it loads code into the kernel"
	case p.has("CAP_SYS_PTRACE") && c.SharesHost(podman.NamespacePID):
		return "with SYS_PTRACE and the host's PID namespace it takes over any process"
	case p.has("CAP_DAC_READ_SEARCH"):
		return "with DAC_READ_SEARCH it opens any file of the host by its handle"
	case p.has("CAP_SYS_RAWIO"):
		return "with SYS_RAWIO it talks to the hardware past the kernel"
	case p.has("CAP_BPF") && p.has("CAP_PERFMON"):
		return "with BPF and PERFMON it reads the kernel's memory"
	}
	return ""
}

// mountToRoot returns how a process gets out through a mount, as root.
func mountToRoot(c *podman.Container, p *powers) []string {
	if !c.Files.Mounts.Known() || c.Host.Rootless.Value {
		return nil
	}
	for _, m := range c.Files.Mounts.Value {
		if socket, direct := socketBehind(m); socket != "" {
			const then = "through it, it can start a privileged container"
			if p.files == podman.IdentityRoot {
				return []string{p.howFiles, socket + " is mounted", then}
			}
			if who := socketLetsIn(c, p, m, socket, direct); who != "" {
				return []string{socket + " is mounted, which lets " + who + " in", then}
			}
		}
		socket, _, severity := hostSocketBehind(m)
		if p.user == podman.IdentityRoot && severity == High &&
			(strings.Contains(socket, "dbus") || strings.Contains(socket, "systemd")) {
			return []string{p.how, socket + " is mounted", "through it, it can have systemd start anything"}
		}
		if p.files != podman.IdentityRoot || m.Disk != "" {
			continue
		}
		for _, written := range writablePaths(m) {
			holds := sensitive(written, true)
			if holds == "" || !strings.HasPrefix(written, "/") || below(written, "/sys/fs/cgroup") ||
				below(written, "/dev") { // whose disks the device cgroup refuses: see deviceToRoot
				continue
			}
			if !m.Writable {
				return []string{p.howFiles, m.Source + " is mounted read-only, but " + written + " below it is writable: " +
					holds}
			}
			return []string{p.howFiles, m.Source + " is mounted writable: " + holds}
		}
	}
	return nil
}

// socketLetsIn returns which users the permissions of a rootful engine's socket let in who are not root, empty for none
// that the container has. Where podlint may not look, Podman's own is root's and root's group's (podman.socket(5)).
func socketLetsIn(c *podman.Container, p *powers, m podman.Mount, socket string, direct bool) string {
	if direct && m.Access.Known() {
		const group, others = 0o020, 0o002
		switch a := m.Access.Value; {
		case a.Mode&others != 0:
			return "everybody"
		case a.Mode&group != 0 && inGroup(c, p, a.GID):
			return fmt.Sprintf("its group, GID %d on the host,", a.GID)
		}
		return ""
	}
	if p.group == podman.IdentityRoot && path.Base(socket) == "podman.sock" {
		return "its group, GID 0 on the host,"
	}
	return ""
}

// inGroup reports whether a container's processes are, or can make themselves, members of a group of the host.
func inGroup(c *podman.Container, p *powers, gid uint32) bool {
	is := func(inside uint32) bool {
		outside := c.HostGID(inside)
		return outside.Known() && outside.Value == gid
	}
	if gid == 0 && p.group == podman.IdentityRoot || c.Process.GID.Known() && is(c.Process.GID.Value) {
		return true
	}
	for _, name := range c.Process.Groups.Value {
		if n, err := strconv.ParseUint(name, 10, 32); err == nil && is(uint32(n)) {
			return true
		}
	}
	return p.has("CAP_SETGID") && slices.ContainsFunc(c.Namespaces.GIDs.Value, func(r podman.IDRange) bool {
		return gid >= r.Outside && gid-r.Outside < r.Size
	})
}

// deviceToRoot returns how root gets out through a device, or through one that it makes.
func deviceToRoot(c *podman.Container, p *powers) []string {
	if p.files != podman.IdentityRoot {
		return nil
	}
	if c.Files.Devices.Known() {
		for _, d := range c.Files.Devices.Value {
			if _, gives := deviceGives(d); givesDisk(gives) {
				return []string{d.Path + " is in it: " + gives}
			}
		}
	}
	for _, m := range c.Files.Mounts.Value {
		switch {
		case !c.Files.Mounts.Known():
		case m.Disk != "" && m.Writable:
			return []string{"volume " + m.Name + " is the filesystem of " + m.Disk}
		case m.Disk == "" && disksAllowed(c) && isDeviceMount(m):
			return []string{m.Source + " is mounted, and no cgroup keeps it from the disks in it"}
		}
	}
	if !c.Files.DeviceRules.Known() || !p.initial || !p.has("CAP_MKNOD") {
		return nil
	}
	for _, rule := range c.Files.DeviceRules.Value {
		if allowsDisks(rule) {
			return []string{"with MKNOD and the device rule " + rule + " it makes the host's disk a file of its own"}
		}
	}
	return nil
}

// givesDisk reports whether what a device gives is the host's files or memory.
func givesDisk(gives string) bool {
	return strings.HasPrefix(gives, "the filesystem") || strings.HasPrefix(gives, "the machine") || gives == everyDevice
}

// ordinary reports whether an identity is an ordinary account of the host.
func ordinary(who podman.Identity) bool {
	return who == podman.IdentityEngine || who == podman.IdentityHost
}

// wayToUser returns how a process becomes an ordinary account of the host, no bug needed.
func wayToUser(c *podman.Container, p *powers) []string {
	if c.Host.Rootless.Value && enginesUsers(c) && p.has("CAP_SYS_PTRACE") &&
		c.SharesHost(podman.NamespacePID) {
		return []string{p.how, "with SYS_PTRACE and the host's PID namespace it takes over the processes of Podman itself, " +
			"which have the host's files"}
	}
	if !c.Files.Mounts.Known() {
		return nil
	}
	for _, m := range c.Files.Mounts.Value {
		source := hostPath(m.Source)
		if socket, direct := socketBehind(m); socket != "" && p.files == podman.IdentityEngine &&
			ofAccount(c, m, socket, direct) {
			return []string{p.howFiles, m.Source + " is mounted, its Podman's socket with it",
				"through it, it can run anything as that account"}
		}
		if ordinary(p.user) && strings.HasPrefix(source, "/run/user/") && strings.HasSuffix(source, "/bus") {
			return []string{p.how, m.Source + " is mounted",
				"through it, it can have the session's systemd start anything"}
		}
		home := below(source, "/home") && strings.Count(source, "/") <= 2 || source == "/"
		if ordinary(p.files) && m.Type == "bind" && m.Writable && (home || strings.TrimSuffix(m.Source, "/") == "~" ||
			strings.TrimSuffix(m.Source, "/") == "%h") {
			return []string{p.howFiles, m.Source + " is mounted writable: its owner's shell and keys are in it"}
		}
	}
	return nil
}

// ofAccount reports whether the engine's socket that a mount brings along is that of the account that runs Podman, and
// not root's alone, which does not let it in.
func ofAccount(c *podman.Container, m podman.Mount, socket string, direct bool) bool {
	source := hostPath(m.Source)
	own, known := c.Host.UIDs.Outside(0)
	switch {
	case direct && m.Access.Known():
		return known && m.Access.Value.UID == own
	case strings.HasPrefix(hostPath(socket), "/run/user/"):
		uid, _, _ := strings.Cut(strings.TrimPrefix(hostPath(socket), "/run/user/"), "/")
		return c.Namespaces.PlaceholderIDs || !known || strings.Trim(uid, "0123456789") != "" || uid == fmt.Sprint(own)
	}
	return m.Recursive && below("/run/user", source)
}

// enginesUsers reports whether a rootless container has the user namespace of Podman itself.
func enginesUsers(c *podman.Container) bool {
	uids := c.Namespaces.UIDs
	return uids.Known() && (uids.State == podman.StateDefault || slices.Equal(uids.Value, c.Host.UIDs))
}
