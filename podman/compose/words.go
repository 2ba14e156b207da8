package compose

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// namespaces writes what a service shares with the host and with others, as podman-compose does: a service that names
// no network joins the project's own.
func (l *line) namespaces(s *types.ServiceConfig) {
	for _, n := range []struct{ flag, value, key string }{
		{"--ipc", s.Ipc, "ipc"}, {"--pid", s.Pid, "pid"}, {"--uts", s.Uts, "uts"}, {"--cgroupns", s.Cgroup, "cgroup"},
	} {
		if n.value != "" && !strings.HasPrefix(n.value, "service:") {
			l.add(n.flag, n.value, n.key)
		}
	}
	switch {
	case s.NetworkMode != "":
		if !strings.HasPrefix(s.NetworkMode, "service:") {
			l.add("--network", s.NetworkMode, "network_mode")
		}
	case len(s.Networks) > 0:
		for _, name := range slices.Sorted(maps.Keys(s.Networks)) {
			l.add("--network", name, "networks")
		}
	default:
		l.add("--network", l.name+"_default", "networks")
	}
	for i, p := range s.Ports {
		value := strconv.FormatUint(uint64(p.Target), 10)
		if p.Published != "" || p.HostIP != "" {
			value = p.Published + ":" + value
		}
		if p.HostIP != "" {
			value = bracketed(p.HostIP) + ":" + value
		}
		if p.Protocol != "" {
			value += "/" + p.Protocol
		}
		l.add("--publish", value, "ports", i)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Sysctls)) {
		l.add("--sysctl", name+"="+s.Sysctls[name], l.project.entry(s.Name, "sysctls", name)...)
	}
	for i, group := range s.GroupAdd {
		l.add("--group-add", group, "group_add", i)
	}
	for i, d := range s.Devices {
		value := d.Source
		if d.Target != "" {
			value += ":" + d.Target
		}
		if d.Permissions != "" {
			value += ":" + d.Permissions
		}
		l.add("--device", value, "devices", i)
	}
	for i, rule := range s.DeviceCgroupRules {
		l.add("--device-cgroup-rule", rule, "device_cgroup_rules", i)
	}
	for i, t := range s.Tmpfs {
		l.add("--tmpfs", t, "tmpfs", i)
	}
}

func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// limits writes how much of the machine a service may use, and how it is kept running.
func (l *line) limits(s *types.ServiceConfig) {
	memory, cpus, pids := int64(s.MemLimit), float64(s.CPUS), s.PidsLimit
	memoryKey, cpusKey, pidsKey := []any{"mem_limit"}, []any{"cpus"}, []any{"pids_limit"}
	if s.Deploy != nil && s.Deploy.Resources.Limits != nil {
		limits := []any{"deploy", "resources", "limits"}
		r := s.Deploy.Resources.Limits
		if memory == 0 && r.MemoryBytes != 0 {
			memory, memoryKey = int64(r.MemoryBytes), append(slices.Clone(limits), "memory")
		}
		if cpus == 0 && r.NanoCPUs != 0 {
			cpus, cpusKey = float64(r.NanoCPUs), append(slices.Clone(limits), "cpus")
		}
		if pids == 0 && r.Pids != 0 {
			pids, pidsKey = r.Pids, append(slices.Clone(limits), "pids")
		}
	}
	if memory != 0 {
		l.add("--memory", strconv.FormatInt(memory, 10), memoryKey...)
	}
	if cpus != 0 {
		l.add("--cpus", fmt.Sprint(cpus), cpusKey...)
	}
	if pids != 0 {
		l.add("--pids-limit", strconv.FormatInt(pids, 10), pidsKey...)
	}
	if s.CPUSet != "" {
		l.add("--cpuset-cpus", s.CPUSet, "cpuset")
	}
	if s.OomKillDisable {
		l.flag("--oom-kill-disable", true, "oom_kill_disable")
	}
	if s.OomScoreAdj != 0 {
		l.add("--oom-score-adj", strconv.FormatInt(s.OomScoreAdj, 10), "oom_score_adj")
	}
	if s.Logging != nil && s.Logging.Driver != "" {
		l.add("--log-driver", s.Logging.Driver, "logging", "driver")
	} else if s.LogDriver != "" {
		l.add("--log-driver", s.LogDriver, "log_driver")
	}
	if s.Restart != "" {
		l.add("--restart", s.Restart, "restart")
	}
}

// volumeOptions writes the options of a volume as the third part of --volume.
func volumeOptions(v *types.ServiceVolumeConfig) []string {
	var options []string
	if v.ReadOnly {
		options = append(options, "ro")
	}
	if v.Bind != nil {
		if v.Bind.SELinux != "" {
			options = append(options, v.Bind.SELinux)
		}
		if v.Bind.Propagation != "" {
			options = append(options, v.Bind.Propagation)
		}
	}
	return options
}
