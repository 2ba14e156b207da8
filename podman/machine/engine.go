package machine

import (
	"slices"

	"go.podman.io/common/pkg/config"

	"github.com/podlint/podlint/podman"
)

// EngineDefaults reads containers.conf as Podman does: the system's, its drop-ins and the user's.
func EngineDefaults() podman.Setting[podman.EngineDefaults] {
	read, err := config.Default()
	if err != nil {
		return podman.Setting[podman.EngineDefaults]{}
	}
	c := &read.Containers
	defaults := podman.EngineDefaults{
		Privileged: c.Privileged, Capabilities: slices.Clone(c.DefaultCapabilities.Get()), Seccomp: c.SeccompProfile,
		Labels: c.EnableLabeling, PIDs: c.PidsLimit,
	}
	for i, name := range defaults.Capabilities {
		defaults.Capabilities[i] = podman.Capability(name)
	}
	for _, n := range []struct{ name, mode string }{{"pid", c.PidNS}, {"ipc", c.IPCNS}, {"network", c.NetNS},
		{"uts", c.UTSNS}} {
		if n.mode == "host" {
			defaults.HostNamespaces = append(defaults.HostNamespaces, n.name)
		}
	}
	return podman.Set(defaults, podman.Field("containers.conf"))
}
