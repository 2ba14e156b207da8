//go:build realpodman

package cli

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// kernelTally counts, by claim, on how many containers podlint and the kernel agreed, and on how many podlint said that
// it does not know.
type kernelTally struct{ agreed, unknown map[string]int }

// kernelDifference is a claim that the kernel contradicts.
type kernelDifference struct{ claim, said, is string }

func (d kernelDifference) String() string {
	return fmt.Sprintf("%s\n     podlint: %s\n  the kernel: %s", d.claim, d.said, d.is)
}

// kernelComparison compares the model of one container with the kernel's facts.
type kernelComparison struct {
	c    *podman.Container
	k    *kernelFacts
	host *kernelFacts
	// others are the facts of all containers that run, by name; models what podlint says of them.
	others map[string]*kernelFacts
	models map[string]*podman.Container
	// suffix goes behind each claim's name.
	suffix   string
	rootless bool
	tally    *kernelTally
	differs  []kernelDifference
}

func (x *kernelComparison) claim(name string, known bool, said, is any) {
	name += x.suffix
	a, b := fmt.Sprint(said), fmt.Sprint(is)
	switch {
	case !known:
		x.tally.unknown[name]++
	case a == b:
		x.tally.agreed[name]++
	default:
		x.differs = append(x.differs, kernelDifference{name, a, b})
	}
}

func (x *kernelComparison) compare() []kernelDifference {
	x.capabilities()
	x.confinement()
	x.users()
	x.namespaces()
	x.masks()
	x.mounts()
	x.tmpfs()
	x.unclaimed()
	x.devices()
	x.limits()
	x.environment()
	return x.differs
}

func (x *kernelComparison) capabilities() {
	c := x.c.Capabilities
	bounding := slices.Sorted(slices.Values(c.Bounding.Value))
	x.claim("bounding capabilities", c.Bounding.Known(), bounding, x.k.capabilities("CapBnd"))
	uid := x.c.Process.UID
	starts, known := bounding, c.Bounding.Known() && uid.Known()
	if uid.Known() && uid.Value != 0 {
		known = c.Effective.Known()
		starts = slices.DeleteFunc(slices.Sorted(slices.Values(c.Effective.Value)),
			func(name string) bool { return c.Bounding.Known() && !slices.Contains(bounding, name) })
	}
	x.claim("effective capabilities", known, starts, x.k.capabilities("CapEff"))
	x.claim("permitted capabilities", known, starts, x.k.capabilities("CapPrm"))
}

func (x *kernelComparison) confinement() {
	f := &x.c.Confinement
	x.claim("no-new-privileges", f.NoNewPrivileges.Known(), f.NoNewPrivileges.Value, x.k.status["NoNewPrivs"] == "1")
	x.claim("seccomp filter", f.Seccomp.Known(), f.Seccomp.Value != "unconfined", x.k.status["Seccomp"] == "2")
	if f.Privileged.Known() && f.Privileged.Value {
		missing := slices.DeleteFunc(x.host.capabilities("CapBnd"),
			func(name string) bool { return slices.Contains(x.k.capabilities("CapBnd"), name) })
		x.claim("privileged: every capability", true, "[]", missing)
		x.claim("privileged: /proc/sys", true, x.userMounted("/proc") || len(f.Masked) > 0 || x.k.open("/proc/sys"), true)
	}
	x.claim("read-only root", x.c.Files.ReadOnly.Known(), x.c.Files.ReadOnly.Value, !x.k.top("/").writable())
}

func (x *kernelComparison) users() {
	n := &x.c.Namespaces
	x.claim("UID map", n.UIDs.Known(), sampleMap(n.UIDs.Value, x.k.uids), sampleMap(x.k.uids, n.UIDs.Value))
	x.claim("GID map", n.GIDs.Known(), sampleMap(n.GIDs.Value, x.k.gids), sampleMap(x.k.gids, n.GIDs.Value))
	const effective = 1
	if uid := x.c.Process.UID; uid.Known() {
		host := x.c.HostUID(uid.Value)
		x.claim("host UID", host.Known(), host.Value, strings.Fields(x.k.status["Uid"])[effective])
	} else {
		x.claim("host UID", false, "", "")
	}
	if gid := x.c.Process.GID; gid.Known() {
		host := x.c.HostGID(gid.Value)
		x.claim("host GID", host.Known(), host.Value, strings.Fields(x.k.status["Gid"])[effective])
	} else {
		x.claim("host GID", false, "", "")
	}
	groups := strings.Fields(x.k.status["Groups"])
	for _, name := range x.c.Process.Groups.Value {
		number, err := strconv.ParseUint(name, 10, 32)
		if host := x.c.HostGID(uint32(number)); err == nil && host.Known() {
			x.claim("a group beside its own", true, true, slices.Contains(groups, fmt.Sprint(host.Value)))
		}
	}
}

// sampleMap says where a map takes IDs: those at the ends of its ranges and of another map's.
func sampleMap(m, other podman.IDMap) string {
	at := map[uint32]bool{}
	for _, r := range append(slices.Clone(m), other...) {
		for _, id := range []uint32{r.Inside - 1, r.Inside, r.Inside + r.Size/2, r.Inside + r.Size - 1, r.Inside + r.Size} {
			at[id] = true
		}
	}
	delete(at, 1<<32-1) // is no ID
	var pairs []string
	for _, id := range slices.Sorted(maps.Keys(at)) {
		if outside, ok := m.Outside(id); ok {
			pairs = append(pairs, fmt.Sprintf("%d:%d", id, outside))
		}
	}
	return strings.Join(pairs, " ")
}

func (x *kernelComparison) namespaces() {
	for kind, file := range map[podman.NamespaceKind]string{podman.NamespacePID: "pid", podman.NamespaceIPC: "ipc",
		podman.NamespaceNetwork: "net", podman.NamespaceUTS: "uts", podman.NamespaceCgroup: "cgroup"} {
		mode, own := x.c.Mode(kind), x.k.namespaces[file]
		join, joins := x.c.Namespaces.Joins[kind]
		known := mode.Known() && (!strings.Contains(mode.Value, ":") || joins || x.c.SharesHost(kind))
		isHost := own == x.host.namespaces[file]
		x.claim(string(kind)+" namespace of the host", known, x.c.SharesHost(kind), isHost)
		if !known || isHost {
			continue
		}
		end := func(c *podman.Container) string {
			if j := c.Namespaces.Joins[kind]; j.Container != "" {
				return j.Container
			}
			return c.Name
		}
		for name, other := range x.others {
			of := x.models[name]
			if of == nil || name == x.c.Name || !of.Mode(kind).Known() {
				continue
			}
			if shares := other.namespaces[file] == own; shares || join.Container == name {
				x.claim(string(kind)+" namespace of another container", true, end(x.c) == end(of), shares)
			}
		}
	}
	if mode := x.c.Namespaces.PID; strings.HasPrefix(mode.Value, "container:") {
		x.processes()
	}
}

// processes compares the containers whose processes one sees.
func (x *kernelComparison) processes() {
	said, is := []string{}, []string{}
	for _, c := range x.c.Namespaces.Processes {
		said = append(said, c.Name)
	}
	for name, other := range x.others {
		if name != x.c.Name && other.namespaces["pid"] == x.k.namespaces["pid"] {
			is = append(is, name)
		}
	}
	_, joins := x.c.Namespaces.Joins[podman.NamespacePID]
	if x.c.Pod == "" { // those that joined it besides are not looked for
		is = slices.DeleteFunc(is, func(name string) bool { return !slices.Contains(said, name) })
	}
	slices.Sort(said)
	slices.Sort(is)
	x.claim("containers whose processes it sees", joins, said, is)
}

// userMounted reports whether something that the user mounted covers a path or lies in it.
func (x *kernelComparison) userMounted(dir string) bool {
	return slices.ContainsFunc(x.c.Files.Mounts.Value, func(m podman.Mount) bool {
		return m.Destination == dir || strings.HasPrefix(m.Destination, dir+"/")
	})
}

func (x *kernelComparison) masks() {
	f := &x.c.Confinement
	said, is := []string{}, []string{}
	for _, p := range slices.Sorted(slices.Values(append(podman.MaskedPaths(), podman.ReadOnlyPaths()...))) {
		if _, err := os.Lstat(p); err != nil || podman.MaskedBySome(p) {
			continue
		}
		if slices.Contains(f.OpenPaths(), p) {
			said = append(said, p)
		}
		if x.k.open(p) {
			is = append(is, p)
		}
	}
	x.claim("open paths of /proc and /sys", f.Unmasked.Known(), said, is)
	pattern := x.k.covering("/proc/sys/kernel/core_pattern")
	x.claim("writable /proc/sys/kernel", f.Unmasked.Known(), f.KernelSwitches(), pattern.kind == "proc" &&
		pattern.writable())
}

// mounts compares each mount that podlint says is there.
func (x *kernelComparison) mounts() {
	f := &x.c.Files
	if !f.Mounts.Known() {
		x.claim("mounts", false, "", "")
		return
	}
	at := map[string][]podman.Mount{}
	for _, m := range f.Mounts.Value {
		at[path.Clean(m.Destination)] = append(at[path.Clean(m.Destination)], m)
	}
	for destination, mounts := range at {
		k := x.k.top(destination)
		x.claim("a mount is there", true, destination, there(k, destination))
		if k == nil {
			continue
		}
		x.writable(k, mounts)
		x.source(k, mounts[0])
		x.below(k, mounts[0])
		if mounts[0].Type == "bind" && !x.rootless {
			shared := slices.ContainsFunc(k.peers, func(p string) bool { return strings.HasPrefix(p, "shared:") })
			x.claim("a mount's propagation", true, strings.HasSuffix(mounts[0].Propagation, "shared"), shared)
		}
	}
}

func there(k *kernelMount, destination string) string {
	if k == nil {
		return "nothing at " + destination
	}
	return destination
}

func (x *kernelComparison) writable(k *kernelMount, mounts []podman.Mount) {
	said := ""
	for _, m := range mounts {
		if m.Writable {
			said = m.Source
		}
	}
	const claim = "a mount is writable"
	upper := k.value("upperdir")
	switch {
	case k.kind != "overlay" || mounts[0].Type == "image":
		x.claim(claim, true, said != "", k.writable())
	case strings.Contains(upper, "/overlay-containers/"): // the writes stay in Podman's storage
		x.claim(claim, true, said, "")
	default:
		x.claim(claim, true, said, upper)
	}
}

func (x *kernelComparison) source(k *kernelMount, m podman.Mount) {
	if m.Type == "image" || k.kind == "overlay" && m.Type != "bind" || m.Disk != "" || k.value("lowerdir") != "" {
		return
	}
	if same, known := sameFile(m.Source, x.k.proc("root")+m.Destination); known {
		x.claim("a mount's source", true, true, same)
	}
}

// below compares what is mounted below a mount, and what of it stays writable.
func (x *kernelComparison) below(k *kernelMount, m podman.Mount) {
	source, err := filepath.EvalSymlinks(m.Source)
	if err != nil || m.Type != "bind" || k.kind == "overlay" && k.value("lowerdir") != "" {
		return
	}
	var said, is []string
	inside := func(file string) string {
		return path.Join(m.Destination, strings.TrimPrefix(file, strings.TrimSuffix(source, "/")))
	}
	there := 0
	for _, own := range x.host.mounts {
		if own.point != source && strings.HasPrefix(own.point, strings.TrimSuffix(source, "/")+"/") {
			if x.k.top(inside(own.point)) != nil {
				there++
			}
			is = append(is, own.point)
		}
	}
	if len(is) > 0 {
		x.claim("what is mounted below a mount comes along", true, m.Recursive, there > 0)
	}
	is = nil
	for _, own := range x.k.mounts {
		if strings.HasPrefix(own.point, m.Destination+"/") && x.k.top(own.point).writable() && !x.claimed(own.point) {
			is = append(is, own.point)
		}
	}
	for _, file := range m.WritableBelow {
		said = append(said, inside(file))
	}
	if !m.Writable {
		x.claim("what stays writable below a read-only mount", m.WritableBelow != nil || !m.Recursive || m.ReadOnlyBelow,
			len(said) > 0, len(is) > 0)
	}
}

func (x *kernelComparison) claimed(point string) bool {
	return slices.ContainsFunc(x.c.Files.Mounts.Value,
		func(m podman.Mount) bool { return path.Clean(m.Destination) == point }) ||
		slices.ContainsFunc(x.c.Files.Tmpfs.Value,
			func(t podman.Tmpfs) bool { return path.Clean(t.Destination) == point })
}

func (x *kernelComparison) tmpfs() {
	f := &x.c.Files
	if !f.Tmpfs.Known() {
		x.claim("tmpfs", false, "", "")
		return
	}
	for _, t := range f.Tmpfs.Value {
		k := x.k.top(path.Clean(t.Destination))
		x.claim("a tmpfs is there", true, true, k != nil && (k.kind == "tmpfs" || k.kind == "ramfs"))
		if k == nil {
			continue
		}
		for _, option := range []string{"noexec", "nosuid", "nodev", "ro"} {
			x.claim("a tmpfs is "+option, true, slices.Contains(t.Options, option), slices.Contains(k.options, option))
		}
		sized := slices.ContainsFunc(t.Options, func(o string) bool { return strings.HasPrefix(o, "size=") })
		x.claim("a tmpfs has a size", true, sized, k.value("size") != "")
	}
}

// unclaimed finds what is mounted of which podlint says nothing.
func (x *kernelComparison) unclaimed() {
	f := &x.c.Files
	if !f.Mounts.Known() || f.Missing != "" {
		x.claim("nothing else is mounted", false, "", "")
		return
	}
	var others []string
	for _, m := range x.k.mounts {
		if !x.claimed(m.point) && !x.belowClaimed(m.point) && !x.podmans(m) {
			others = append(others, m.point+" ("+m.kind+" "+m.root+")")
		}
	}
	x.claim("nothing else is mounted", true, "", strings.Join(others, " "))
}

func (x *kernelComparison) belowClaimed(point string) bool {
	return slices.ContainsFunc(x.c.Files.Mounts.Value, func(m podman.Mount) bool {
		return m.Recursive && strings.HasPrefix(point, strings.TrimSuffix(m.Destination, "/")+"/")
	})
}

// podmans reports whether Podman mounts something by itself, or because of another setting.
func (x *kernelComparison) podmans(m kernelMount) bool {
	for _, dir := range []string{"/proc", "/sys", "/dev", "/run/secrets"} {
		if m.point == dir || strings.HasPrefix(m.point, dir+"/") && dir != "/dev" {
			return true
		}
	}
	masked := slices.ContainsFunc(x.c.Confinement.Masked, func(mask string) bool {
		return slices.Contains(strings.Split(mask, ":"), m.point)
	})
	switch m.point {
	case "/", "/dev/pts", "/dev/mqueue", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random",
		"/dev/urandom", "/run/.containerenv", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf":
		return true
	case "/run", "/tmp", "/var/tmp", "/var/log/journal", "/run/lock":
		return m.kind == "tmpfs"
	}
	device := slices.ContainsFunc(x.c.Files.Devices.Value,
		func(d podman.Device) bool { return d.Destination == m.point })
	// Of a rootless container, inspect shows no device that the API was asked for.
	device = device || x.c.Host.Rootless.Value && !x.c.Files.Devices.Known() && strings.HasPrefix(m.point, "/dev/")
	return masked || device || strings.Contains(m.root, "/userdata/") || strings.HasPrefix(m.point, "/dev/") &&
		x.c.Confinement.Privileged.Value || m.point == "/run/podman-init" || m.point == "/dev/init"
}

func (x *kernelComparison) devices() {
	f := &x.c.Files
	privileged := x.c.Confinement.Privileged
	if !privileged.Known() || privileged.Value || !f.Devices.Known() {
		x.claim("devices", false, "", "")
		return
	}
	for _, d := range f.Devices.Value {
		inside := x.k.proc("root") + d.Destination
		x.claim("a device is there", true, deviceNumber(d.Path), deviceNumber(inside))
	}
	if x.rootless {
		return
	}
	rules := x.k.deviceRules()
	_, all := rules["a *:*"]
	byRule := slices.ContainsFunc(f.DeviceRules.Value, func(rule string) bool { return strings.HasPrefix(rule, "a ") })
	x.claim("no device cgroup", f.AnyDevice.Known() && f.DeviceRules.Known(), f.AnyDevice.Value || byRule,
		all || !x.k.ownCgroup("devices"))
	if all || !x.k.ownCgroup("devices") {
		return
	}
	for _, own := range []string{"c *:*", "b *:*", "c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:1", "c 5:2",
		"c 136:*", "c 10:200"} {
		delete(rules, own)
	}
	said := map[string]string{}
	for _, d := range f.Devices.Value {
		permissions := d.Permissions
		if permissions == "" {
			permissions = "rwm"
		}
		if number := deviceNumber(d.Path); number != "c 1:3" {
			said[number] = sortedLetters(said[number] + permissions)
		}
	}
	for _, rule := range f.DeviceRules.Value {
		words := strings.Fields(rule)
		said[words[0]+" "+words[1]] = sortedLetters(words[2])
	}
	for number, permissions := range rules {
		rules[number] = sortedLetters(permissions)
	}
	x.claim("what the device cgroup allows", f.DeviceRules.Known(), said, rules)
}

func sortedLetters(letters string) string {
	list := strings.Split(letters, "")
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "")
}

func (x *kernelComparison) limits() {
	l := &x.c.Limits
	none := func(limit int64) int64 { return max(0, limit) }
	x.claim("memory limit", l.Memory.Known(), l.Memory.Value, none(x.k.limit("memory", "memory.limit_in_bytes")))
	x.claim("limit of processes", l.PIDs.Known(), none(l.PIDs.Value), none(x.k.limit("pids", "pids.max")))
	own, _ := os.ReadFile(filepath.Join("/sys/fs/cgroup/cpuset", x.k.cgroups["cpuset"], "cpuset.cpus"))
	all, _ := os.ReadFile("/sys/fs/cgroup/cpuset/cpuset.cpus")
	x.claim("limit of CPUs", l.CPU.Known(), l.CPU.Value, x.k.limit("cpu", "cpu.cfs_quota_us") > 0 ||
		string(own) != string(all))
	if l.OOMScore.Known() {
		x.claim("OOM score", true, l.OOMScore.Value, x.k.oomScore)
	}
	if control, err := os.ReadFile(filepath.Join("/sys/fs/cgroup/memory", x.k.cgroups["memory"],
		"memory.oom_control")); err == nil {
		x.claim("OOM killer off", l.OOMKillDisabled.Known(), l.OOMKillDisabled.Value,
			strings.Contains(string(control), "oom_kill_disable 1"))
	}
}

func (x *kernelComparison) environment() {
	e := x.c.Environment
	if !e.Known() {
		x.claim("environment", false, "", "")
		return
	}
	variables := map[string]podman.Variable{}
	unknown, secrets := false, len(x.c.SecretVariables.Value) > 0
	for _, v := range e.Value {
		variables[v.Name] = v
		unknown = unknown || v.Owner == podman.OwnerUnknown
		secrets = secrets || v.Owner == podman.OwnerSecret
	}
	hasSecret := false
	for _, entry := range x.k.environ {
		name, value, _ := strings.Cut(entry, "=")
		v, there := variables[name]
		if strings.Contains(value, planted("secret")) {
			hasSecret = true
			x.claim("a secret's value is not kept", true, true, !strings.Contains(v.Value.Reveal(), planted("secret")))
			continue
		}
		switch name {
		case "HOME", "HOSTNAME", "TERM", "container", "PATH", "":
			continue
		}
		x.claim("a variable is known", true, true, there)
		if there && v.Owner != podman.OwnerUnknown && v.Owner != podman.OwnerSecret {
			x.claim("a variable's value", true, v.Value.Reveal(), value)
		}
	}
	x.claim("a secret is a variable", x.c.SecretVariables.Known() || !unknown, secrets, hasSecret)
	entries, err := os.ReadDir(x.k.proc("root/run/secrets"))
	if err == nil || os.IsNotExist(err) {
		file := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "db" })
		if _, err := os.Lstat(x.k.proc("root/db-file")); err == nil {
			file = true
		}
		x.claim("a secret is a file", x.c.SecretFiles.Known() || len(x.c.SecretFiles.Value) > 0,
			slices.Contains(x.c.SecretFiles.Value, "db"), file)
	}
}
