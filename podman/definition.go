package podman

import "time"

// The IDs outside a user namespace that stand for some that a definition does not name.
const (
	standInAccount     = 1000
	standInSubordinate = 1 << 20
	standInRange       = 1 << 16
)

// Assumption says what was assumed of the machine that a definition is for, and by what: "rootless is assumed:
// UserNS=keep-id at web.container:7"; empty where it is known.
func (h *Host) Assumption() string {
	r := h.Rootless
	switch {
	case r.State != StateDefault:
		return ""
	case r.Origin.File != "":
		return "rootless is assumed: " + r.Origin.Field + " at " + r.Origin.String()
	case r.Value:
		return "rootless is assumed"
	}
	return "rootful is assumed: neither an option, nor the file and its place, nor what lies beside it says"
}

// AssumedHost returns the machine that a definition is for, as far as a definition tells: whether its Podman is
// rootless. The IDs of a rootless one are stand-ins.
func AssumedHost(rootless Setting[bool], now time.Time) *Host {
	h := &Host{Rootless: rootless, UIDs: IdentityMap(), GIDs: IdentityMap(), DefaultCapabilities: DefaultCapabilities(),
		Now: now}
	if rootless.Value {
		h.UIDs = IDMap{{0, standInAccount, 1}, {1, standInSubordinate, standInRange}}
		h.GIDs = h.UIDs
	}
	return h
}

// OwnRange returns the map of a container that is given a range of its own whose numbers are chosen later.
func OwnRange() IDMap { return IDMap{{0, 2 * standInSubordinate, standInRange}} }

// KeepID returns the map of --userns=keep-id, relative to Podman's own user namespace, and the UID in the container
// that the account has. A negative id is the account's own, for which there is a stand-in.
func KeepID(id int64) (IDMap, uint32) {
	inside := uint32(standInAccount)
	if id >= 0 {
		inside = uint32(id)
	}
	return IDMap{{0, 1, inside}, {inside, 0, 1}, {inside + 1, inside + 1, standInRange - min(inside, standInRange)}},
		inside
}

// NoMap returns the map of --userns=nomap, relative to Podman's own user namespace: the account itself is left out.
func NoMap() IDMap { return IDMap{{0, 1, standInRange}} }

// DefaultCapabilities returns the capabilities that Podman 5 gives a container where containers.conf says nothing else
// (go.podman.io/common/pkg/config, DefaultCapabilities).
func DefaultCapabilities() []string {
	return []string{
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
		"CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
	}
}

// AllCapabilities returns every capability that the kernel knows, up to CAP_CHECKPOINT_RESTORE of Linux 5.9
// (include/uapi/linux/capability.h).
func AllCapabilities() []string {
	return []string{
		"CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF",
		"CAP_CHECKPOINT_RESTORE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
		"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",
		"CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW",
		"CAP_PERFMON", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN",
		"CAP_SYS_BOOT", "CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE",
		"CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
	}
}
