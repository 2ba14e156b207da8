package live

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.podman.io/common/pkg/config"

	"github.com/podlint/podlint/podman"
)

// machine reads what the service does not tell from the files of the machine that podlint runs on. Only where the service is
// of this machine and of this user do they hold for its containers.
func (s *Service) machine(host *podman.Host) {
	scheme, _, isAddress := strings.Cut(s.URI, "://")
	switch {
	case !isAddress, scheme == "unix":
		host.API = podman.Read("unix", "the service's address")
	case scheme == "tcp" && s.opts.TLSCA+s.opts.TLSCert != "":
		host.API = podman.Read("tls", "the service's address")
	default:
		host.API = podman.Read(scheme, "the service's address")
	}
	if !s.opts.Machine || host.API.Value != "unix" || !host.Rootless.Known() {
		return
	}
	host.SubUIDs, host.SubGIDs = subIDs("/etc/subuid"), subIDs("/etc/subgid")
	own, ok := host.UIDs.Outside(0)
	if !ok || int(own) != os.Getuid() {
		return
	}
	host.Engine = engineDefaults()
	host.Policy = Policy("")
	host.UpdateTimer = updateTimer(host.Rootless.Value)
}

const updateTimerUnit = "podman-auto-update.timer"

// updateTimer reports whether podman-auto-update.timer is on. It is unknown where no systemd runs.
func updateTimer(rootless bool) podman.Setting[bool] {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return podman.Setting[bool]{}
	}
	dirs := []string{"/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"}
	if rootless {
		dirs = []string{"/etc/systemd/user", "/usr/lib/systemd/user"}
		if dir, err := os.UserConfigDir(); err == nil {
			dirs = append(dirs, filepath.Join(dir, "systemd/user"))
		}
	}
	return podman.Read(timerOn(dirs), updateTimerUnit)
}

// timerOn reports whether it is on by what systemd goes by in these directories: enabling it makes a link in timers.target.wants, masking it one to /dev/null in the
// place of the unit (systemctl(1)).
func timerOn(dirs []string) bool {
	masked := slices.ContainsFunc(dirs, func(dir string) bool {
		to, err := os.Readlink(filepath.Join(dir, updateTimerUnit))
		return err == nil && to == os.DevNull
	})
	return !masked && slices.ContainsFunc(dirs, func(dir string) bool {
		_, err := os.Lstat(filepath.Join(dir, "timers.target.wants", updateTimerUnit))
		return err == nil
	})
}

// subIDs reads /etc/subuid or /etc/subgid (subuid(5)). Lines that are none are passed over, as newuidmap does.
func subIDs(path string) podman.Setting[[]podman.SubIDs] {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return podman.Unset([]podman.SubIDs{}, path)
	case err != nil || len(data) > 1<<20:
		return podman.Setting[[]podman.SubIDs]{}
	}
	ranges := []podman.SubIDs{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(strings.TrimSpace(lines.Text()), ":")
		const three = 3
		if len(fields) != three || fields[0] == "" || strings.HasPrefix(fields[0], "#") {
			continue
		}
		start, err := strconv.ParseUint(fields[1], 10, 32)
		size, err2 := strconv.ParseUint(fields[2], 10, 32)
		if err != nil || err2 != nil || size == 0 {
			continue
		}
		ranges = append(ranges, podman.SubIDs{User: fields[0], Start: uint32(start), Size: uint32(size), Origin: podman.Origin{File: path, Line: n, Column: 1}})
	}
	return podman.Read(ranges, path)
}

// engineDefaults reads containers.conf as Podman does: the system's, its drop-ins and the user's.
func engineDefaults() podman.Setting[podman.EngineDefaults] {
	read, err := config.Default()
	if err != nil {
		return podman.Setting[podman.EngineDefaults]{}
	}
	c := &read.Containers
	defaults := podman.EngineDefaults{
		Privileged: c.Privileged, Capabilities: slices.Clone(c.DefaultCapabilities.Get()), Seccomp: c.SeccompProfile, Labels: c.EnableLabeling, PIDs: c.PidsLimit,
	}
	for i, name := range defaults.Capabilities {
		defaults.Capabilities[i] = "CAP_" + strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	}
	for _, n := range []struct{ name, mode string }{{"pid", c.PidNS}, {"ipc", c.IPCNS}, {"network", c.NetNS}, {"uts", c.UTSNS}} {
		if n.mode == "host" {
			defaults.HostNamespaces = append(defaults.HostNamespaces, n.name)
		}
	}
	return podman.Read(defaults, "containers.conf")
}

// Policy reads a signature policy: the named file, else this account's where it is there, else the system's (containers-policy.json(5)). It is
// unknown where none can be read.
func Policy(named string) podman.Setting[podman.Policy] {
	paths := []string{named}
	if named == "" {
		paths = []string{"/etc/containers/policy.json"}
		if home, err := os.UserHomeDir(); err == nil { // whatever XDG_CONFIG_HOME is
			paths = append([]string{filepath.Join(home, ".config/containers/policy.json")}, paths...)
		}
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			break
		}
		if p, ok := parsePolicy(data); ok {
			p.Origin = podman.Origin{File: path}
			return podman.Setting[podman.Policy]{Value: p, State: podman.Set, Origin: p.Origin}
		}
		break
	}
	return podman.Setting[podman.Policy]{}
}

// parsePolicy reduces a policy to what it asks for. All of a list's requirements must be met, so the strictest counts.
func parsePolicy(data []byte) (podman.Policy, bool) {
	type requirement struct {
		Type string `json:"type"`
	}
	var file struct {
		Default    []requirement                       `json:"default"`
		Transports map[string]map[string][]requirement `json:"transports"`
	}
	if json.Unmarshal(data, &file) != nil || len(file.Default) == 0 {
		return podman.Policy{}, false
	}
	strictest := func(list []requirement) string {
		kind := "insecureAcceptAnything"
		for _, r := range list {
			if r.Type != kind {
				return r.Type
			}
		}
		return kind
	}
	p := podman.Policy{Default: strictest(file.Default), Docker: map[string]string{}}
	for scope, list := range file.Transports["docker"] {
		p.Docker[scope] = strictest(list)
	}
	return p, true
}
