package quadlet

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/containers/podman/v5/pkg/systemd/quadlet"

	"github.com/podlint/podlint/podman"
)

// systemdKeys are those of keysOf that systemd has, too, in a section of its own.
var systemdKeys = []string{"Environment", "EnvironmentFile", "Group", "NoNewPrivileges", "User"}

// protecting are the flags that somebody sets to be protected.
var protecting = []string{"cap-drop", "gidmap", "memory", "pids-limit", "read-only", "security-opt", "subgidname",
	"subuidname", "uidmap", "ulimit", "user", "userns"}

// ignored returns the keys of a .container or .pod unit that are written in a section in which nobody reads them:
// systemd does not know them, and Podman's generator looks into its own section only.
func (u *unit) ignored() []podman.Ignored {
	own := sections[filepath.Ext(u.name)]
	var found []podman.Ignored
	for i := range u.assignments {
		a := &u.assignments[i]
		flag := FlagOf(a.key)
		if a.section == own || flag == "" && a.key != quadlet.KeyPodmanArgs && a.key != quadlet.KeyImage {
			continue
		}
		switch a.section {
		case quadlet.UnitGroup, quadlet.ServiceGroup, quadlet.InstallGroup:
			if slices.Contains(systemdKeys, a.key) {
				continue
			}
		case quadlet.ContainerGroup, quadlet.PodGroup, quadlet.VolumeGroup, quadlet.NetworkGroup, quadlet.ImageGroup,
			quadlet.BuildGroup, quadlet.KubeGroup, quadlet.ArtifactGroup:
		default: // systemd passes over what begins with X-, and warns about others
			continue
		}
		found = append(found, podman.Ignored{Setting: fmt.Sprintf("%s= in [%s]", a.key, a.section),
			Why:     fmt.Sprintf("Podman's generator makes the command of a %s of [%s] alone", filepath.Ext(u.name), own),
			Instead: fmt.Sprintf("write it in [%s]", own), Protects: slices.Contains(protecting, flag), Origin: a.origin})
	}
	return found
}
