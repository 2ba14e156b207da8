package live

import (
	"encoding/json"
	"strings"

	"github.com/containers/podman/v5/libpod/define"
	"go.podman.io/storage/pkg/idtools"

	"github.com/podlint/podlint/podman"
)

// hostInfo is what podlint needs of an info answer. Security is a pointer so that an answer without it is told from one
// that says "no" to everything.
type hostInfo struct {
	Host struct {
		CgroupsVersion string               `json:"cgroupVersion"`
		IDMappings     define.IDMappings    `json:"idMappings"`
		Security       *define.SecurityInfo `json:"security"`
	} `json:"host"`
	Store struct {
		GraphRoot       string `json:"graphRoot"`
		GraphDriverName string `json:"graphDriverName"`
	} `json:"store"`
	Version    define.Version             `json:"version"`
	Registries map[string]json.RawMessage `json:"registries"`
}

func (i *hostInfo) host() *podman.Host {
	host := &podman.Host{
		Podman:        i.Version.Version,
		UIDs:          podman.IdentityMap(),
		GIDs:          podman.IdentityMap(),
		CgroupVersion: i.Host.CgroupsVersion,
	}
	host.Registries = i.registries()
	security := i.Host.Security
	if security == nil {
		return host
	}
	host.Rootless = podman.Set(security.Rootless, podman.Field("info.host.security.rootless"))
	host.SELinux = podman.Set(security.SELinuxEnabled, podman.Field("info.host.security.selinuxEnabled"))
	host.AppArmor = podman.Set(security.AppArmorEnabled, podman.Field("info.host.security.apparmorEnabled"))
	for name := range strings.SplitSeq(security.DefaultCapabilities, ",") {
		if name != "" {
			host.DefaultCapabilities = append(host.DefaultCapabilities, name)
		}
	}
	if security.Rootless { // a rootful Podman has no mapping and says null
		host.UIDs, host.GIDs = idMap(i.Host.IDMappings.UIDMap), idMap(i.Host.IDMappings.GIDMap)
	}
	return host
}

func idMap(ranges []idtools.IDMap) podman.IDMap {
	var m podman.IDMap
	for _, r := range ranges {
		m = append(m, podman.IDRange{Inside: uint32(r.ContainerID), Outside: uint32(r.HostID), Size: uint32(r.Size)})
	}
	return m
}

// registries reads what the service says of registries.conf: an object for each prefix, and a list under "search".
func (i *hostInfo) registries() podman.Setting[map[string]podman.Registry] {
	if i.Registries == nil {
		return podman.Setting[map[string]podman.Registry]{}
	}
	const field = "info.registries"
	found := map[string]podman.Registry{}
	for prefix, data := range i.Registries {
		var r struct {
			Insecure, Blocked bool
			Mirrors           []struct{ Insecure bool }
		}
		if prefix == "search" || json.Unmarshal(data, &r) != nil {
			continue
		}
		registry := podman.Registry{Insecure: r.Insecure, Blocked: r.Blocked,
			Origin: podman.Field(field + "[" + prefix + "]")}
		for _, m := range r.Mirrors {
			registry.Insecure = registry.Insecure || m.Insecure
		}
		found[prefix] = registry
	}
	return podman.Set(found, podman.Field(field))
}
