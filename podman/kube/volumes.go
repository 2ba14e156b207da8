package kube

import (
	"path"
	"slices"
	"strings"

	core "github.com/containers/podman/v5/pkg/k8s.io/api/core/v1"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// volumes reads what is mounted: hostPath volumes and what claims are bound to; the others are volumes, tmpfs or files
// that Podman writes. A device is no mount but one of the container's devices.
func (p *podOf) volumes(c *podman.Container, k *core.Container, node *yaml.Node) {
	mounts := []podman.Mount{}
	devices := podman.DefaultTo[[]podman.Device](nil, c.Definition.Origin)
	for i, vm := range k.VolumeMounts {
		at := slices.IndexFunc(p.spec.Volumes, func(v core.Volume) bool { return v.Name == vm.Name })
		if at < 0 {
			continue
		}
		v := &p.spec.Volumes[at]
		origin := p.at(node, "volumeMounts", i)
		if isDevice(v.HostPath) {
			devices.State = podman.StateSet
			devices.Value = append(devices.Value, podman.Device{Path: path.Clean(v.HostPath.Path),
				Block:       *v.HostPath.Type == core.HostPathBlockDev,
				Destination: vm.MountPath, Permissions: "rwm", Origin: origin})
			continue
		}
		m := podman.Mount{Type: "volume", Name: v.Name, Destination: vm.MountPath, Writable: !vm.ReadOnly,
			Recursive: true, Origin: origin}
		if vm.MountPropagation != nil {
			m.Propagation = propagations[string(*vm.MountPropagation)]
		}
		switch {
		case v.HostPath != nil:
			m.Type, m.Name, m.Source = "bind", "", v.HostPath.Path
		case v.PersistentVolumeClaim != nil:
			m.Name = v.PersistentVolumeClaim.ClaimName
			claim := p.options.objects.claim(m.Name)
			m.Source, m.Disk = claim.Path, claim.Disk
		}
		// subPathExpr is not read by Podman: the whole volume is mounted.
		if m.Source != "" && vm.SubPath != "" {
			m.Source += "/" + vm.SubPath
		}
		if strings.HasPrefix(m.Source, "/") {
			m.Source = path.Clean(m.Source)
		}
		mounts = append(mounts, m)
	}
	c.Files.Mounts = podman.Set(mounts, p.at(node, "volumeMounts"))
	p.deviceResources(&devices, k, node)
	c.Files.Devices = devices
	c.Files.DeviceRules = podman.DefaultTo[[]string](nil, c.Definition.Origin)
}

func isDevice(v *core.HostPathVolumeSource) bool {
	return v != nil && v.Type != nil && (*v.Type == core.HostPathCharDev || *v.Type == core.HostPathBlockDev)
}

// deviceResources reads the devices that are asked for as resources, from Podman 5 on: "podman.io/device=/dev/kvm", and
// by names of CDI, "nvidia.com/gpu=all" (setupContainerDevices).
func (p *podOf) deviceResources(devices *podman.Setting[[]podman.Device], k *core.Container, node *yaml.Node) {
	for _, list := range []struct {
		key       string
		resources core.ResourceList
	}{{"requests", k.Resources.Requests}, {"limits", k.Resources.Limits}} {
		var names []string
		for name := range list.resources {
			names = append(names, string(name))
		}
		slices.Sort(names)
		for _, name := range names {
			kind, device, given := strings.Cut(name, "=")
			if vendor, class, ok := strings.Cut(kind, "/"); !given || !ok || vendor == "" || class == "" || device == "" {
				continue
			}
			written := name
			if kind == "podman.io/device" {
				written = device
			}
			source, destination, _ := strings.Cut(written, ":")
			if destination == "" {
				destination = source
			}
			devices.State = podman.StateSet
			devices.Value = append(devices.Value, podman.Device{Path: source, Destination: destination,
				Permissions: "rwm", Origin: p.at(node, "resources", list.key, name)})
		}
	}
}

// volumeOf returns what a PersistentVolumeClaim's volume is bound to: its annotations are the options of podman volume
// create (playKubePVC).
func volumeOf(c *core.PersistentVolumeClaim) command.Volume {
	const prefix = "volume.podman.io/"
	driver, device := c.Annotations[prefix+"driver"], c.Annotations[prefix+"device"]
	if driver != "" && driver != "local" || !strings.HasPrefix(device, "/") {
		return command.Volume{}
	}
	return command.VolumeOf(c.Annotations[prefix+"type"], c.Annotations[prefix+"mount-options"], device)
}
