package rules

import (
	"fmt"
	"slices"
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
	who, how := becomes(c)
	if who == podman.IdentityRoot {
		if way := wayToRoot(c); len(way) > 0 {
			return Reach{HostRoot, append([]string{how}, way...)}
		}
	}
	if who == podman.IdentityEngine || who == podman.IdentityHost {
		if way := wayToUser(c, who); len(way) > 0 {
			return Reach{HostUser, append([]string{how}, way...)}
		}
	}
	const bug = "no way out without a bug of the runtime or the kernel"
	switch who {
	case podman.IdentityRoot:
		return Reach{EscapeToRoot, []string{how, bug}}
	case podman.IdentityEngine, podman.IdentityHost:
		return Reach{EscapeToUser, []string{how, bug}}
	case podman.IdentitySubordinate:
		return Reach{Contained, []string{how, bug}}
	default:
		why := []string{how}
		if !c.Process.UID.Known() && c.Namespaces.UIDs.Known() {
			asRoot := *c
			asRoot.Process.UID = podman.Set[uint32](0, podman.Origin{})
			why = append(why, "as UID 0 it would be "+ReachOf(&asRoot).Level.String())
		}
		return Reach{ReachUnknown, why}
	}
}

// becomes returns the most powerful identity on the host that the container's processes have, or can take, and in words
// why. Without no-new-privileges a setuid program of the image makes any of them the container's root.
func becomes(c *podman.Container) (podman.Identity, string) {
	uid, nnp := c.Process.UID, c.Confinement.NoNewPrivileges
	raised := nnp.Known() && !nnp.Value
	root := c.Identity(0)
	starts := uid.Known() && uid.Value == 0
	if root == podman.IdentityRoot && (starts || raised) {
		if starts {
			return root, "UID 0 inside is UID 0 on the host"
		}
		return root, "a setuid program makes it UID 0 inside, which is UID 0 on the host"
	}
	own := podman.IdentityUnknown
	if uid.Known() {
		own = c.Identity(uid.Value)
	}
	switch {
	case own == podman.IdentityRoot:
		return own, fmt.Sprintf("UID %d inside is UID 0 on the host", uid.Value)
	case root == podman.IdentityEngine && (starts || raised):
		if starts {
			return root, "UID 0 inside is the account that runs Podman"
		}
		return root, "a setuid program makes it UID 0 inside, which is the account that runs Podman"
	case own == podman.IdentityEngine:
		return own, fmt.Sprintf("UID %d inside is the account that runs Podman", uid.Value)
	case own == podman.IdentityHost:
		return own, fmt.Sprintf("UID %d inside is UID %d on the host", uid.Value, uid.Value)
	case own == podman.IdentitySubordinate && (root == podman.IdentitySubordinate || !raised):
		return own, "its UIDs are mapped to a range of its own"
	case !uid.Known() && root == podman.IdentitySubordinate && isolated(c):
		return root, "its UIDs are mapped to a range of its own"
	case !uid.Known() && c.Namespaces.UIDs.Known():
		return podman.IdentityUnknown, "whom it runs as is the image's choice, which is not known here"
	}
	return podman.IdentityUnknown, "who its users are on the host is not known"
}

// wayToRoot returns how a process that is root on the host gets out, no bug needed; empty for no way.
func wayToRoot(c *podman.Container) []string {
	if isPrivileged(c) {
		return []string{"it is privileged: it mounts the host's disk"}
	}
	if way := mountToRoot(c.Files.Mounts); way != nil {
		return way
	}
	has := func(name string) bool {
		return c.Capabilities.Bounding.Known() && slices.Contains(c.Capabilities.Bounding.Value, name)
	}
	switch {
	case has("CAP_SYS_ADMIN"):
		return []string{"with SYS_ADMIN it mounts /proc anew and has the kernel run a program of its own (core_pattern)"}
	case has("CAP_SYS_MODULE"):
		return []string{"with SYS_MODULE it loads code into the kernel"}
	case has("CAP_SYS_PTRACE") && c.Namespaces.PID.Known() && c.Namespaces.PID.Value == "host":
		return []string{"with SYS_PTRACE and the host's PID namespace it takes over any process"}
	case has("CAP_DAC_READ_SEARCH"):
		return []string{"with DAC_READ_SEARCH it opens any file of the host by its handle"}
	case has("CAP_SYS_RAWIO"):
		return []string{"with SYS_RAWIO it talks to the hardware past the kernel"}
	case has("CAP_BPF") && has("CAP_PERFMON"):
		return []string{"with BPF and PERFMON it reads the kernel's memory"}
	}
	if c.Confinement.Unmasked.Known() && slices.ContainsFunc(c.Confinement.Unmasked.Value, func(p string) bool {
		return strings.EqualFold(p, "all") || p == "/proc/*" || p == "/proc/sys"
	}) {
		return []string{"/proc/sys is writable: it has the kernel run a program of its own (core_pattern)"}
	}
	return deviceToRoot(c, has("CAP_MKNOD"))
}

// mountToRoot returns how root gets out through a mount.
func mountToRoot(mounts podman.Setting[[]podman.Mount]) []string {
	if !mounts.Known() {
		return nil
	}
	for _, m := range mounts.Value {
		if socket, _ := socketBehind(m); socket != "" {
			return []string{socket + " is mounted", "through it, it can start a privileged container"}
		}
		socket, _, severity := hostSocketBehind(m)
		if severity == High && (strings.Contains(socket, "dbus") || strings.Contains(socket, "systemd")) {
			return []string{socket + " is mounted", "through it, it can have systemd start anything"}
		}
		holds := sensitive(hostPath(m.Source), true)
		if m.Type != "image" && m.Writable && holds != "" && strings.HasPrefix(m.Source, "/") {
			return []string{m.Source + " is mounted writable: " + holds}
		}
	}
	return nil
}

// deviceToRoot returns how root gets out through a device, or through one that it makes.
func deviceToRoot(c *podman.Container, mknod bool) []string {
	if c.Files.Devices.Known() {
		for _, d := range c.Files.Devices.Value {
			_, gives := deviceGives(d.Path)
			if strings.HasPrefix(gives, "the filesystem") || strings.HasPrefix(gives, "the machine") ||
				gives == "every device" {
				return []string{d.Path + " is in it: " + gives}
			}
		}
	}
	if !c.Files.DeviceRules.Known() || !mknod {
		return nil
	}
	for _, rule := range c.Files.DeviceRules.Value {
		if strings.HasPrefix(rule, "a") || strings.HasPrefix(rule, "b") {
			return []string{"with MKNOD and the device rule " + rule + " it makes the host's disk a file of its own"}
		}
	}
	return nil
}

// wayToUser returns how a process that is an ordinary account of the host gets out, no bug needed.
func wayToUser(c *podman.Container, who podman.Identity) []string {
	if !c.Files.Mounts.Known() {
		return nil
	}
	for _, m := range c.Files.Mounts.Value {
		source := hostPath(m.Source)
		if socket, direct := socketBehind(m); socket != "" && who == podman.IdentityEngine {
			if direct && !strings.HasPrefix(hostPath(socket), "/run/user/") {
				continue // root's, which does not let it in
			}
			return []string{m.Source + " is mounted, its Podman's socket with it", "through it, it can run anything " +
				"as that account"}
		}
		if strings.HasPrefix(source, "/run/user/") && strings.HasSuffix(source, "/bus") {
			return []string{m.Source + " is mounted", "through it, it can have the session's systemd start anything"}
		}
		home := below(source, "/home") && strings.Count(source, "/") <= 2 || source == "/"
		if m.Type == "bind" && m.Writable && (home || strings.TrimSuffix(m.Source, "/") == "~" ||
			strings.TrimSuffix(m.Source, "/") == "%h") {
			return []string{m.Source + " is mounted writable: its owner's shell and keys are in it"}
		}
	}
	return nil
}
