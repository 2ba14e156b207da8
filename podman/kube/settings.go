package kube

import (
	"fmt"
	"slices"

	core "github.com/containers/podman/v5/pkg/k8s.io/api/core/v1"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
)

// propagations are Kubernetes' words for what kube play mounts.
var propagations = map[string]string{"Bidirectional": "rshared", "HostToContainer": "rslave", "None": "rprivate"}

// others reads what a container shares with the host, how it is confined and limited.
func (p *podOf) others(c *podman.Container, k *core.Container, security *core.SecurityContext, node *yaml.Node) {
	place := c.Definition.Origin
	mode := func(on bool, key string) podman.Setting[string] {
		if on {
			return podman.Set("host", p.at(p.node, key))
		}
		return podman.DefaultTo("private", place.At(key))
	}
	n := &c.Namespaces
	n.PID, n.IPC = mode(p.spec.HostPID, "hostPID"), mode(p.spec.HostIPC, "hostIPC")
	n.UTS, n.Cgroup = mode(p.spec.HostNetwork, "hostNetwork"), mode(false, "cgroup")
	n.Sysctls = podman.DefaultTo[[]podman.Sysctl](nil, place.At("sysctls"))
	if pod := p.spec.SecurityContext; pod != nil {
		for i, s := range pod.Sysctls {
			n.Sysctls.State = podman.StateSet
			n.Sysctls.Value = append(n.Sysctls.Value,
				podman.Sysctl{Name: s.Name, Value: s.Value, Origin: p.at(p.node, "securityContext", "sysctls", i)})
		}
		for _, group := range pod.SupplementalGroups {
			c.Process.Groups.Value = append(c.Process.Groups.Value, fmt.Sprint(group))
		}
	}
	c.Process.Groups.State = podman.StateSet
	if keep, ok := p.annotations.get(podman.KeepGroupsAnnotation); ok && keep.Value != "0" {
		c.Process.Groups.Value = append(c.Process.Groups.Value, podman.KeepGroups)
		c.Process.Groups.Origin = keep.Origin
	}
	if words := slices.Concat(k.Command, k.Args); len(k.Command) > 0 {
		c.Process.Command = podman.Set[[]podman.Sensitive](nil, p.at(node, "command"))
		for _, w := range words {
			c.Process.Command.Value = append(c.Process.Command.Value, podman.Sensitive(w))
		}
	}

	// kube play puts a pod without hostNetwork on a network of its own, podman-default-kube-network.
	c.Network.Mode = mode(p.spec.HostNetwork, "hostNetwork")
	if !p.spec.HostNetwork {
		c.Network.Mode.Value = "bridge"
		c.Network.Names = podman.DefaultTo([]string{"podman-default-kube-network"}, place)
	}
	c.Network.PublishAll = podman.DefaultTo(false, place)
	c.Network.Ports = podman.DefaultTo[[]podman.Port](nil, place.At("ports"))
	for i, port := range k.Ports {
		if port.HostPort <= 0 || port.HostPort > 1<<16-1 || port.ContainerPort < 0 || port.ContainerPort > 1<<16-1 {
			continue
		}
		protocol := "tcp"
		if port.Protocol == core.ProtocolUDP {
			protocol = "udp"
		}
		c.Network.Ports.State = podman.StateSet
		c.Network.Ports.Value = append(c.Network.Ports.Value, podman.Port{
			Address: port.HostIP, Host: uint16(port.HostPort), Container: uint16(port.ContainerPort), Count: 1,
			Protocol: protocol, Origin: p.at(node, "ports", i),
		})
	}

	p.profiles(c, k, security, node)
	p.limits(c, k, node)
	for _, v := range p.spec.Volumes {
		for i, vm := range k.VolumeMounts {
			if v.Name == vm.Name && v.EmptyDir != nil && v.EmptyDir.Medium == core.StorageMediumMemory {
				c.Files.Tmpfs.Value = append(c.Files.Tmpfs.Value, podman.Tmpfs{
					Destination: vm.MountPath, Options: []string{"nodev", "nosuid"},
					Origin: p.at(node, "volumeMounts", i),
				})
			}
		}
	}
	c.Files.Tmpfs.State, c.Files.Tmpfs.Origin = podman.StateSet, p.at(node, "volumeMounts")
}

// profiles reads how the container is confined. AppArmor's annotation only shows in inspect.
func (p *podOf) profiles(c *podman.Container, k *core.Container, security *core.SecurityContext, node *yaml.Node) {
	const key = "securityContext"
	f := &c.Confinement
	f.AppArmor = podman.DefaultTo("", p.at(node, key))
	f.Seccomp = p.seccomp(k.Name, p.at(node, key))
	f.Label = podman.DefaultTo("", p.at(node, key))
	f.Unmasked = podman.DefaultTo[[]string](nil, p.at(node, key, "procMount"))
	if o := security.SELinuxOptions; o != nil { // which take the place of the pod's
		if o.Type != "" {
			f.Label = podman.Set(o.Type, p.at(node, key, "seLinuxOptions", "type"))
		}
	} else if pod := p.spec.SecurityContext; pod != nil && pod.SELinuxOptions != nil && pod.SELinuxOptions.Type != "" {
		f.Label = podman.Set(pod.SELinuxOptions.Type, p.at(p.node, key, "seLinuxOptions", "type"))
	}
	f.Label = p.label(k.Name, f.Label)
	if mount := security.ProcMount; mount != nil && *mount == core.UnmaskedProcMount {
		f.Unmasked = podman.Set([]string{"ALL"}, p.at(node, key, "procMount"))
	}
}

// limits reads resources, probes, restartPolicy and the label for podman auto-update.
func (p *podOf) limits(c *podman.Container, k *core.Container, node *yaml.Node) {
	at := func(name string) podman.Origin { return p.at(node, "resources", "limits", name) }
	memory := podman.DefaultTo[int64](0, at("memory"))
	if limit, ok := k.Resources.Limits[core.ResourceMemory]; ok {
		memory.Value, memory.State = limit.Value(), podman.StateSet
	}
	cpu := podman.DefaultTo(false, at("cpu"))
	if limit, ok := k.Resources.Limits[core.ResourceCPU]; ok {
		cpu.Value, cpu.State = !limit.IsZero(), podman.StateSet
	}
	c.Limits = podman.Limits{Memory: memory, CPU: cpu, PIDs: p.pids(k.Name)}
	c.Lifecycle.Health = podman.DefaultTo("", p.at(node, "livenessProbe"))
	if k.LivenessProbe != nil || k.StartupProbe != nil {
		c.Lifecycle.Health.Value, c.Lifecycle.Health.State = "check", podman.StateSet
	}
	policy := map[core.RestartPolicy]string{core.RestartPolicyNever: "no", core.RestartPolicyOnFailure: "on-failure",
		core.RestartPolicyAlways: "always"}
	c.Lifecycle.Restart = podman.DefaultTo("always", p.at(p.node, "restartPolicy"))
	if word, ok := policy[p.spec.RestartPolicy]; ok {
		c.Lifecycle.Restart.Value, c.Lifecycle.Restart.State = word, podman.StateSet
	}
	c.Lifecycle.AutoUpdate = podman.DefaultTo("", c.Definition.Origin)
	for _, name := range []string{"io.containers.autoupdate", "io.containers.autoupdate/" + k.Name} {
		if given, ok := p.annotations.get(name); ok {
			c.Lifecycle.AutoUpdate = given
		}
	}
}
