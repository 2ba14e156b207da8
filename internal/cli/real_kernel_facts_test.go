//go:build realpodman

package cli

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/podlint/podlint/podman"
)

// kernelFacts is what the kernel says of a container's first process. It is read by other code than podlint's.
type kernelFacts struct {
	name, id string
	pid      int
	status   map[string]string
	// uids and gids map to the host's.
	uids, gids podman.IDMap
	// namespaces holds the inode of each namespace, by its name below /proc/PID/ns.
	namespaces map[string]string
	mounts     []kernelMount
	environ    []string
	cgroups    map[string]string // by controller
	oomScore   string
}

// kernelMount is a line of mountinfo.
type kernelMount struct {
	id, parent, root, point, kind, source string
	options, super, peers                 []string
}

func (m *kernelMount) writable() bool {
	return !slices.Contains(m.options, "ro") && !slices.Contains(m.super, "ro")
}

func (m *kernelMount) value(option string) string {
	for _, o := range m.super {
		if value, ok := strings.CutPrefix(o, option+"="); ok {
			return value
		}
	}
	return ""
}

// factsOf reads what the kernel says of a process; false where it is gone or may not be read.
func factsOf(name, id string, pid int) (*kernelFacts, bool) {
	k := &kernelFacts{name: name, id: id, pid: pid, status: map[string]string{}, namespaces: map[string]string{},
		cgroups: map[string]string{}}
	read := func(file string) string {
		data, err := os.ReadFile(k.proc(file))
		if err != nil {
			k.pid = 0
		}
		return string(data)
	}
	for line := range strings.Lines(read("status")) {
		key, value, _ := strings.Cut(line, ":")
		k.status[key] = strings.TrimSpace(value)
	}
	k.uids, k.gids = kernelMap(read("uid_map")), kernelMap(read("gid_map"))
	for _, kind := range []string{"pid", "ipc", "net", "uts", "cgroup", "user", "mnt"} {
		target, err := os.Readlink(k.proc("ns/" + kind))
		if err != nil {
			k.pid = 0
		}
		k.namespaces[kind] = target
	}
	k.mounts = kernelMounts(read("mountinfo"))
	k.environ = strings.Split(strings.TrimSuffix(read("environ"), "\x00"), "\x00")
	for line := range strings.Lines(read("cgroup")) {
		if fields := strings.SplitN(strings.TrimSpace(line), ":", 3); len(fields) == 3 {
			for controller := range strings.SplitSeq(fields[1], ",") {
				k.cgroups[controller] = fields[2]
			}
		}
	}
	k.oomScore = strings.TrimSpace(read("oom_score_adj"))
	return k, k.pid != 0
}

func (k *kernelFacts) proc(file string) string { return fmt.Sprintf("/proc/%d/%s", k.pid, file) }

func kernelMap(text string) podman.IDMap {
	var m podman.IDMap
	for line := range strings.Lines(text) {
		var r podman.IDRange
		if n, _ := fmt.Sscan(line, &r.Inside, &r.Outside, &r.Size); n == 3 {
			m = append(m, r)
		}
	}
	return m
}

func kernelMounts(text string) []kernelMount {
	var mounts []kernelMount
	for line := range strings.Lines(text) {
		own, rest, _ := strings.Cut(strings.TrimSpace(line), " - ")
		f, of := strings.Fields(own), strings.Fields(rest)
		mounts = append(mounts, kernelMount{id: f[0], parent: f[1], root: f[3], point: f[4],
			options: strings.Split(f[5], ","), peers: f[6:], kind: of[0], source: of[1],
			super: strings.Split(of[2], ",")})
	}
	return mounts
}

// top returns the mount that is seen at a mount point, nil for none: of several there, the one that none lies on.
func (k *kernelFacts) top(point string) *kernelMount {
	var found *kernelMount
	for i := range k.mounts {
		m := &k.mounts[i]
		if m.point == point && !slices.ContainsFunc(k.mounts,
			func(o kernelMount) bool { return o.point == point && o.parent == m.id }) {
			found = m
		}
	}
	return found
}

// covering returns the mount that a path lies in.
func (k *kernelFacts) covering(file string) *kernelMount {
	for dir := file; ; dir = path.Dir(dir) {
		if m := k.top(dir); m != nil || dir == "/" {
			return m
		}
	}
}

// open reports whether nothing hides a path of /proc or /sys, or makes it read-only.
func (k *kernelFacts) open(file string) bool {
	m := k.covering(file)
	return m != nil && (m.point == "/proc" || m.point == "/sys")
}

// capabilities returns a set of the status as podlint writes it.
func (k *kernelFacts) capabilities(field string) []string {
	const bits = "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
		"NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE " +
		"SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL " +
		"SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
	set, _ := strconv.ParseUint(k.status[field], 16, 64)
	names := []string{}
	for i, name := range strings.Fields(bits) {
		if set>>i&1 == 1 {
			names = append(names, "CAP_"+name)
		}
	}
	slices.Sort(names)
	return names
}

// limit returns the lowest value of a file of a controller's cgroups, from the container's up, and -1 for no limit.
func (k *kernelFacts) limit(controller, file string) int64 {
	lowest := int64(-1)
	for at := k.cgroups[controller]; at != "/" && at != "" && at != "."; at = path.Dir(at) {
		data, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", controller, at, file))
		value, bad := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		const unlimited = 1 << 60
		if err == nil && bad == nil && value >= 0 && value < unlimited && (lowest < 0 || value < lowest) {
			lowest = value
		}
	}
	return lowest
}

// ownCgroup reports whether a controller's cgroup is the container's, or below one of its.
func (k *kernelFacts) ownCgroup(controller string) bool {
	return strings.Contains(k.cgroups[controller], k.id)
}

// deviceRules returns what the container's device cgroup allows, by type and number.
func (k *kernelFacts) deviceRules() map[string]string {
	rules := map[string]string{}
	data, _ := os.ReadFile(filepath.Join("/sys/fs/cgroup/devices", k.cgroups["devices"], "devices.list"))
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) == 3 {
			rules[f[0]+" "+f[1]] = f[2]
		}
	}
	return rules
}

// deviceNumber returns the type and number of a device's file, empty for others.
func deviceNumber(file string) string {
	var stat syscall.Stat_t
	if syscall.Stat(file, &stat) != nil {
		return ""
	}
	kind := ""
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFCHR:
		kind = "c"
	case syscall.S_IFBLK:
		kind = "b"
	default:
		return ""
	}
	major, minor := stat.Rdev>>8&0xfff, stat.Rdev&0xff|stat.Rdev>>12&0xfff00
	return fmt.Sprintf("%s %d:%d", kind, major, minor)
}

// sameFile reports whether two paths lead to the same file, and false where one may not be looked at.
func sameFile(a, b string) (same, known bool) {
	var of, other syscall.Stat_t
	if syscall.Stat(a, &of) != nil || syscall.Stat(b, &other) != nil {
		return false, false
	}
	return of.Dev == other.Dev && of.Ino == other.Ino, true
}
