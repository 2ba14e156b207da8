package machine

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// CgroupLimits is what the kernel lets a process and those beside it use, by its cgroup and those above. What is not
// known is nil.
type CgroupLimits struct {
	// Memory is in bytes and PIDs a number of processes, 0 for no limit; CPU is whether the time on the CPUs is
	// limited.
	Memory, PIDs *int64
	CPU          *bool
}

// LimitsOf reads the limits of a container by its first process. They are unknown where that process is not in a cgroup
// of the container's own, by its ID.
func LimitsOf(pid int, id string) CgroupLimits { return limitsOf("", pid, id) }

// limitsOf is LimitsOf below another root directory.
func limitsOf(root string, pid int, id string) CgroupLimits {
	var limits CgroupLimits
	data, err := os.ReadFile(fmt.Sprintf("%s/proc/%d/cgroup", root, pid))
	if err != nil || id == "" {
		return limits
	}
	for line := range strings.Lines(string(data)) {
		const parts, controllers, at = 3, 1, 2
		fields := strings.SplitN(strings.TrimSpace(line), ":", parts)
		if len(fields) != parts || !strings.Contains(fields[at], id) || strings.Contains(fields[at], "..") {
			continue
		}
		if fields[controllers] == "" {
			of := func(file string) (int64, bool) { return least(root+"/sys/fs/cgroup", fields[at], file, "max") }
			limits.set("memory", of, "memory.max")
			limits.set("pids", of, "pids.max")
			limits.set("cpu", of, "cpu.max")
			continue
		}
		for controller := range strings.SplitSeq(fields[controllers], ",") {
			base := root + "/sys/fs/cgroup/" + controller
			of := func(file string) (int64, bool) { return least(base, fields[at], file, "max") }
			file := map[string]string{"memory": "memory.limit_in_bytes", "pids": "pids.max", "cpu": "cpu.cfs_quota_us"}
			limits.set(controller, of, file[controller])
		}
	}
	return limits
}

// set reads one controller's limit.
func (l *CgroupLimits) set(controller string, of func(string) (int64, bool), file string) {
	if file == "" {
		return
	}
	value, known := of(file)
	switch {
	case !known:
	case controller == "memory":
		const none = 1 << 60 // cgroup v1 writes "no limit" as the largest number of pages
		if value >= none {
			value = 0
		}
		l.Memory = &value
	case controller == "pids":
		l.PIDs = &value
	case controller == "cpu":
		limited := value > 0
		l.CPU = &limited
	}
}

// shared matches the cgroups that systemd makes for everything of a kind: what they limit, no container is limited to.
var shared = regexp.MustCompile(`^(user|machine|system|init|app|session|user-\d+)\.(slice|scope)$|^user@\d+\.service$`)

// least returns the lowest limit of a cgroup and of those above it, 0 for none, and false where no file tells.
func least(base, cgroup, file, none string) (int64, bool) {
	lowest, known := int64(0), false
	for at := path.Clean(cgroup); at != "/" && at != "."; at = path.Dir(at) {
		data, err := os.ReadFile(path.Join(base, at, file))
		if err != nil || shared.MatchString(path.Base(at)) {
			continue
		}
		known = true
		word, _, _ := strings.Cut(strings.TrimSpace(string(data)), " ")
		value, err := strconv.ParseInt(word, 10, 64)
		if slices.Contains([]string{none, "-1"}, word) || err != nil || value < 0 {
			continue
		}
		if lowest == 0 || value < lowest {
			lowest = value
		}
	}
	return lowest, known
}
