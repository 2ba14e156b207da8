package definition

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/quadlet"
)

// Installed finds the Quadlet units that live containers were made from, where the service is this machine's.
type Installed struct {
	local bool
	sets  map[string]*unitSet // by the directories that were searched
}

// unitSet is the units of one user, or of the system.
type unitSet struct {
	tree  *tree
	read  *quadlet.Reader
	paths map[string]string            // of .container units, by the names of their services
	made  map[string]*podman.Container // by the paths
}

// NewInstalled returns the units of this machine for the containers of the service at uri.
func NewInstalled(uri string) *Installed {
	remote := strings.Contains(uri, "://") && !strings.HasPrefix(uri, "unix:") // podlint's own service has no address
	return &Installed{local: !remote, sets: map[string]*unitSet{}}
}

// Define gives a live container its definition. A unit that cannot be read, or that is not there any more, leaves it as
// it is.
func (f *Installed) Define(c *podman.Container) {
	if !f.local || c.Unit == "" || c.Kind != podman.KindContainer || strings.ContainsAny(c.Unit, "/\x00") {
		return
	}
	dirs := unitDirs(c.Host)
	key := strings.Join(dirs, ":")
	set := f.sets[key]
	if set == nil {
		set = newUnitSet(dirs)
		f.sets[key] = set
	}
	path, ok := set.paths[c.Unit]
	if template, _, isInstance := strings.Cut(c.Unit, "@"); !ok && isInstance {
		path, ok = set.paths[template+"@.service"]
	}
	if !ok {
		return
	}
	defined, ok := set.made[path]
	if !ok {
		if data, err := files.Read(path); err == nil {
			unit := set.read.Read(podman.File{Path: path, Text: string(data)}, c.Host)
			if defined = unit.Container; defined != nil {
				defined.Definition.Installed = true
				defined.Definition.Files = sourceFiles(defined, unit.Files)
			}
		}
		set.made[path] = defined
	}
	if defined != nil {
		c.FromUnit, c.Definition = defined, defined.Definition
		limitByUnit(&c.Limits, &defined.Limits)
	}
}

// limitByUnit takes from the unit what systemd may limit and the service cannot see.
func limitByUnit(live, unit *podman.Limits) {
	if !live.Memory.Known() {
		live.Memory = unit.Memory
	}
	if !live.PIDs.Known() {
		live.PIDs = unit.PIDs
	}
	if !live.CPU.Known() {
		live.CPU = unit.CPU
	}
}

// unitDirs returns where Podman's generator looks for units (podman-systemd.unit(5)), the first that counts first.
func unitDirs(host *podman.Host) []string {
	if dirs := os.Getenv("QUADLET_UNIT_DIRS"); dirs != "" {
		return filepath.SplitList(dirs)
	}
	if !host.Rootless.Value {
		return []string{"/run/containers/systemd", "/etc/containers/systemd", "/usr/share/containers/systemd"}
	}
	uid, ok := host.UIDs.Outside(0)
	if !ok {
		return nil
	}
	var dirs []string
	if int(uid) == os.Getuid() {
		if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
			dirs = append(dirs, filepath.Join(dir, "containers/systemd"))
		}
		if dir, err := os.UserConfigDir(); err == nil {
			dirs = append(dirs, filepath.Join(dir, "containers/systemd"))
		}
	} else if account, err := user.LookupId(fmt.Sprint(uid)); err == nil {
		dirs = append(dirs, filepath.Join("/run/user", account.Uid, "containers/systemd"),
			filepath.Join(account.HomeDir, ".config/containers/systemd"))
	}
	return append(dirs, filepath.Join("/etc/containers/systemd/users", fmt.Sprint(uid)),
		"/etc/containers/systemd/users",
		filepath.Join("/usr/share/containers/systemd/users", fmt.Sprint(uid)), "/usr/share/containers/systemd/users")
}

func newUnitSet(dirs []string) *unitSet {
	set := &unitSet{paths: map[string]string{}, made: map[string]*podman.Container{}}
	var there []string
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			there = append(there, dir)
		}
	}
	set.tree, _ = walk(there,
		func(name string) bool { return slices.Contains(quadlet.Extensions(), filepath.Ext(name)) }, nil,
		func(string) bool { return true }, func() bool { return false })
	// As for the generator, a unit of one name counts once, that of the first directory.
	rank := func(path string) int {
		return slices.IndexFunc(there, func(dir string) bool { return strings.HasPrefix(path, dir+"/") })
	}
	paths := slices.Clone(set.tree.files)
	slices.SortStableFunc(paths, func(a, b string) int { return rank(a) - rank(b) })
	set.read = quadlet.NewReader(quadlet.Files{Read: files.Read, List: set.tree.list,
		Dirs: func(string) []string { return set.everywhere(there) }, Find: set.tree.find})
	seen := map[string]bool{}
	for _, path := range paths {
		name := filepath.Base(path)
		if filepath.Ext(name) != ".container" || seen[name] {
			continue
		}
		seen[name] = true
		if data, err := files.Read(path); err == nil {
			set.paths[set.read.ServiceName(path, data)] = path
		}
	}
	return set
}

// everywhere returns the directories in which the generator looks for drop-ins: those of the units and all below.
func (s *unitSet) everywhere(dirs []string) []string {
	found := slices.Clone(dirs)
	for _, file := range s.tree.files {
		if dir := filepath.Dir(file); !slices.Contains(found, dir) {
			found = append(found, dir)
		}
	}
	return found
}
