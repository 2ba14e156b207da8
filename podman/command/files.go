package command

import (
	"encoding/csv"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// tmpfs reads --tmpfs and --mount type=tmpfs. Podman mounts them nosuid and nodev unless told otherwise, but not noexec
// (podman pkg/util/mount_opts.go, ProcessOptions).
func (b builder) tmpfs(made *podman.Container) {
	s := unset(b, []podman.Tmpfs{}, "--tmpfs")
	add := func(o Option, destination string, options []string) {
		for option, opposite := range map[string]string{"nosuid": "suid", "nodev": "dev"} {
			if !slices.Contains(options, option) && !slices.Contains(options, opposite) {
				options = append(options, option)
			}
		}
		slices.Sort(options)
		s.State, s.Origin = podman.StateSet, b.origin(o)
		s.Value = append(s.Value,
			podman.Tmpfs{Destination: destination, Options: slices.Compact(options), Origin: b.origin(o)})
	}
	for _, o := range b.All("tmpfs") {
		destination, options, _ := strings.Cut(o.Value, ":")
		add(o, destination, words(options))
	}
	for _, o := range b.All("mount") {
		fields, err := csv.NewReader(strings.NewReader(o.Value)).Read()
		ram := slices.Contains(fields, "type=ramfs")
		if err != nil || !ram && !slices.Contains(fields, "type=tmpfs") {
			continue
		}
		destination, options := "", []string{}
		for _, field := range fields {
			switch key, value, given := strings.Cut(field, "="); key {
			case "destination", "dest", "dst", "target":
				destination = value
			case "type":
			case "exec", "noexec", "suid", "nosuid", "dev", "nodev": // on, whatever value is given
				options = append(options, key)
			default:
				if !given || value == "true" {
					options = append(options, key)
				}
			}
		}
		if ram { // Podman adds nothing to its options
			s.State, s.Origin = podman.StateSet, b.origin(o)
			s.Value = append(s.Value, podman.Tmpfs{Destination: destination, Options: options, Origin: b.origin(o)})
			continue
		}
		add(o, destination, options)
	}
	made.Files.Tmpfs = s
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// devices reads --device and --gpus.
func (b builder) devices() podman.Setting[[]podman.Device] {
	s := unset(b, []podman.Device{}, "--device")
	if b.Pod && !b.infra() {
		return s
	}
	for _, o := range slices.Concat(b.All("device"), b.All("gpus")) {
		s.State, s.Origin = podman.StateSet, b.origin(o)
		d := podman.Device{Origin: b.origin(o)}
		parts := strings.Split(o.Value, ":")
		d.Path, d.Destination = parts[0], parts[0]
		switch {
		case o.Name == "gpus":
			d.Path = "nvidia.com/gpu=" + o.Value
			d.Destination = ""
		case len(parts) > 2:
			d.Destination, d.Permissions = parts[1], parts[2]
		case len(parts) == 2 && strings.HasPrefix(parts[1], "/"):
			d.Destination = parts[1]
		case len(parts) == 2:
			d.Permissions = parts[1]
		}
		s.Value = append(s.Value, d)
	}
	return s
}

// deviceRules reads --device-cgroup-rule, and --cgroups, without which there is no cgroup to keep to them.
func (b builder) deviceRules(made *podman.Container) {
	made.Files.AnyDevice = unset(b, false, "--cgroups")
	if o, ok := b.Last("cgroups"); ok && !b.unknown(o) {
		made.Files.AnyDevice = podman.Set(o.Value == "disabled", b.origin(o))
	}
	for _, flag := range []string{"uidmap", "gidmap", "subuidname", "subgidname"} { // in a user namespace there is none
		if o, ok := b.Last(flag); ok && !b.unknown(o) && !made.Files.AnyDevice.Value {
			made.Files.AnyDevice = podman.Set(true, b.origin(o))
		}
	}
	made.Files.DeviceRules = b.list("device-cgroup-rule")
}
