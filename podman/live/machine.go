package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/machine"
)

// place tells where the paths of containers lead to on this machine. The zero value knows of none.
type place struct {
	paths *machine.Paths
	// store is the directory that has one for each container.
	store string
}

// of returns what tells where a container's paths lead to. It is nil where the container's own files do not lie here:
// the service may be another machine's, or podlint run in a container or a root directory of its own.
func (p place) of(c *podman.Container) *machine.Paths {
	if p.paths == nil || c.ID == "" || strings.Contains(c.ID, "/") {
		return nil
	}
	if info, err := os.Lstat(filepath.Join(p.store, c.ID)); err != nil || !info.IsDir() {
		return nil
	}
	return p.paths
}

// place returns the place of a service's containers.
func (s *Service) place(info *hostInfo) place {
	scheme, _, isAddress := strings.Cut(s.URI, "://")
	if root := info.Store.GraphRoot; s.opts.Machine && (!isAddress || scheme == "unix") && filepath.IsAbs(root) {
		return place{machine.NewPaths(), filepath.Join(root, info.Store.GraphDriverName+"-containers")}
	}
	return place{}
}

// otherAccounts says which accounts of this machine have containers that a scan of root's did not look at: a rootless
// Podman keeps its own.
func (s *Service) otherAccounts(host *podman.Host) []podman.Problem {
	scheme, _, isAddress := strings.Cut(s.URI, "://")
	if !s.opts.Machine || isAddress && scheme != "unix" || os.Getuid() != 0 || host.Rootless.Value {
		return nil
	}
	return notLookedAt(s.URI, machine.Owners())
}

// notLookedAt names accounts whose containers were not looked at.
func notLookedAt(uri string, owners []machine.Owner) []podman.Problem {
	var problems []podman.Problem
	for _, o := range owners {
		const how = "start its service with `systemctl --user start podman.socket` as that account, and scan it with " +
			"--url unix:///run/user/%d/podman/podman.sock"
		problems = append(problems, podman.Problem{Target: uri, Warning: true,
			Err: hint.With(fmt.Errorf("%s: not looked at, since a rootless Podman keeps its own", o),
				fmt.Sprintf(how, o.UID))})
	}
	return problems
}

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
