package live

import (
	"os"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/machine"
)

// machine reads what the service does not tell from the files of the machine that podlint runs on. Only where the
// service is of this machine and of this user do they hold for its containers.
func (s *Service) machine(host *podman.Host) {
	scheme, _, isAddress := strings.Cut(s.URI, "://")
	switch {
	case !isAddress, scheme == "unix":
		host.API = podman.Set("unix", podman.Field("the service's address"))
	case scheme == "tcp" && s.opts.TLSCA+s.opts.TLSCert != "":
		host.API = podman.Set("tls", podman.Field("the service's address"))
	default:
		host.API = podman.Set(scheme, podman.Field("the service's address"))
	}
	if !s.opts.Machine || host.API.Value != "unix" || !host.Rootless.Known() {
		return
	}
	host.SubUIDs, host.SubGIDs = machine.SubIDs("/etc/subuid"), machine.SubIDs("/etc/subgid")
	own, ok := host.UIDs.Outside(0)
	if !ok || int(own) != os.Getuid() {
		return
	}
	host.Engine = machine.EngineDefaults()
	host.Policy = machine.Policy("")
	host.UpdateTimer = machine.UpdateTimer(host.Rootless.Value)
}
