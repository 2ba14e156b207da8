package live

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/machine"
)

// mounts reads what the user mounted, the mounts of other containers (--volumes-from) among it, of which inspect lists
// named volumes only.
func (r *reader) mounts(ctx context.Context, c *podman.Container, data *inspected) {
	if !data.Mounts.present {
		return
	}
	mounts, missing := r.ownMounts(ctx, data)
	for i, from := range data.HostConfig.VolumesFrom {
		name, options, _ := strings.Cut(from, ":")
		given, why := r.mountsOf(ctx, data, name)
		if why != "" && missing == "" {
			missing = why
		}
		for _, m := range given {
			if slices.ContainsFunc(mounts, func(own podman.Mount) bool {
				return path.Clean(own.Destination) == path.Clean(m.Destination)
			}) {
				continue
			}
			if slices.Contains(strings.Split(options, ","), "ro") {
				m.Writable = false
			}
			m.Origin = podman.Field(fmt.Sprintf("HostConfig.VolumesFrom[%d]", i))
			mounts = append(mounts, m)
		}
	}
	c.Files.Mounts, c.Files.Missing = podman.Set(mounts, podman.Field("Mounts")), missing
}

// ownMounts reads an inspect answer's mounts, and says what of them is not known.
func (r *reader) ownMounts(ctx context.Context, data *inspected) (mounts []podman.Mount, missing string) {
	mounts = make([]podman.Mount, 0, len(data.Mounts.value))
	oldRuntime := r.client.version.Before(podman.Version{Major: 5, Minor: 0})
	for i, m := range data.Mounts.value {
		mount := podman.Mount{
			Type: m.Type, Name: m.Name, Source: m.Source, Destination: m.Destination, Writable: m.RW,
			// crun 1.8, which comes with Podman 4, binds recursively whatever it is asked for.
			Recursive:   oldRuntime || !slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind"),
			Propagation: m.Propagation, Relabel: m.Mode, Chown: slices.Contains(m.Options, "U"),
			ReadOnlyBelow: slices.Contains(m.Options, "rro"),
			Origin:        podman.Field(fmt.Sprintf("Mounts[%d]", i)),
		}
		if slices.Contains(m.Options, "O") { // a volume's overlay, which inspect shows as if it were the volume
			mount.Writable, mount.Recursive = false, false
		}
		lower := option(m.Options, "lowerdir")
		switch {
		case lower != "": // -v PATH:DEST:O; the writes stay in Podman's storage
			mount.Source, mount.Writable, mount.Recursive = lower, false, false
		case m.Type == "bind" && isSubPath(m.Source): // of kube play: what is behind it is looked up, where that may be
		case m.Type == "bind" && (strings.Contains(m.Source, "/overlay-containers/") || m.Source == "devpts"):
			continue // the second row of --mount type=image, and Podman's own terminals
		case m.Type == "volume":
			volumes, err := r.volumes(ctx)
			if err != nil {
				missing = "what its volumes are is not known: " + err.Error()
				break
			}
			mounts = append(mounts, volumes[m.Name].mounts(mount)...)
			continue
		}
		mounts = append(mounts, mount)
	}
	return mounts, missing
}

// isSubPath reports whether a source is where kube play binds a part of a volume (subPath).
func isSubPath(source string) bool {
	return strings.Contains(source, "/overlay-containers/") &&
		strings.HasPrefix(path.Base(path.Clean(source)), "subpath")
}

// option returns the value of a mount option, empty for one that is not there.
func option(options []string, name string) string {
	for _, o := range options {
		if value, ok := strings.CutPrefix(o, name+"="); ok {
			return value
		}
	}
	return ""
}

// volume is a volume that stands for something of the host's. Inspect shows it like any other.
type volume struct {
	// path is the host's path that it is bound to (-o type=none -o o=bind -o device=PATH).
	path string
	// disk is the block device whose filesystem it is (-o type=ext4 -o device=/dev/sdb1).
	disk string
	// lower and upper are the directories of an overlay (-o type=overlay -o o=lowerdir=…): what is written to it ends
	// in upper.
	lower []string
	upper string
	// readOnly is set for a volume that is mounted read-only.
	readOnly bool
}

// mounts returns what a mount of the volume is: one of a path of the host's, or several for an overlay.
func (v volume) mounts(m podman.Mount) []podman.Mount {
	m.Writable = m.Writable && !v.readOnly
	switch {
	case v.path != "":
		m.Source = v.path
	case v.disk != "":
		m.Disk = v.disk
	case len(v.lower) > 0:
		var all []podman.Mount
		for _, dir := range v.lower {
			below := m
			below.Source, below.Writable, below.Recursive = dir, false, false
			all = append(all, below)
		}
		if v.upper != "" {
			m.Source, m.Recursive = v.upper, false
			all = append(all, m)
		}
		return all
	}
	return []podman.Mount{m}
}

// hostVolumes returns the volumes that stand for something of the host's, by name.
func (c *client) hostVolumes(ctx context.Context) (map[string]volume, error) {
	var volumes []struct {
		Name    string
		Options map[string]string
	}
	if err := c.get(ctx, "/volumes/json", nil, maxList, &volumes); err != nil {
		return nil, fmt.Errorf("listing the volumes: %w", err)
	}
	found := map[string]volume{}
	for _, v := range volumes {
		device, options := v.Options["device"], strings.Split(v.Options["o"], ",")
		kind := strings.ToLower(v.Options["type"])
		has := func(names ...string) bool {
			return slices.ContainsFunc(options, func(o string) bool { return slices.Contains(names, o) })
		}
		of := volume{readOnly: has("ro")}
		switch {
		case strings.HasPrefix(device, "/") && (has("bind", "rbind") || kind == "bind"):
			// A bind of which only a part is read-only to the kernel: what matters is how the container mounts it.
			of.path, of.readOnly = device, false
		case kind == "overlay":
			of.upper = option(options, "upperdir")
			for dir := range strings.SplitSeq(option(options, "lowerdir"), ":") {
				if dir != "" {
					of.lower = append(of.lower, dir)
				}
			}
		case strings.HasPrefix(path.Clean(device), "/dev/"):
			of.disk = device
		default:
			continue
		}
		found[v.Name] = of
	}
	return found, nil
}

// mostJoined is how many containers podlint follows from one to the next.
const mostJoined = 16

// other is a container that another one refers to, inspected once.
type other struct {
	once sync.Once
	data *inspected
	err  error
}

// inspect inspects a container that others refer to, once, however many do.
func (r *reader) inspect(ctx context.Context, name string) (*inspected, error) {
	r.mu.Lock()
	o := r.others[name]
	if o == nil {
		o = &other{}
		r.others[name] = o
	}
	r.mu.Unlock()
	o.once.Do(func() {
		var data inspected
		o.err = r.client.get(ctx, "/containers/"+url.PathEscape(name)+"/json", nil, maxAnswer, &data)
		if o.err == nil && (data.ID == "" || data.HostConfig == nil || data.Config == nil) {
			o.err = errors.New("the service's answer is not what Podman sends")
		}
		o.data = &data
	})
	return o.data, o.err
}

// mountsOf returns the mounts that a container has from another one, and says what of them is not known: the binds that
// are the other's own, and its named volumes, of which inspect lists those that it has from others too. The binds that
// it has from others Podman does not hand on. A container that was made later is not the one that the mounts are from.
func (r *reader) mountsOf(ctx context.Context, of *inspected, name string) (mounts []podman.Mount, missing string) {
	data, err := r.inspect(ctx, name)
	switch {
	case isNotFound(err):
		return nil, fmt.Sprintf("what it mounts from %s is not known: that container is gone", name)
	case err != nil:
		return nil, fmt.Sprintf("what it mounts from %s is not known: %v", name, err)
	case data.Created.After(of.Created):
		return nil, fmt.Sprintf("what it mounts from %s is not known: that container was made again since", name)
	case !data.Mounts.present:
		return nil, fmt.Sprintf("what it mounts from %s is not known", name)
	}
	return r.ownMounts(ctx, data)
}

// masks takes from what a container's first process sees mounted which paths of /proc and /sys are open to it, where
// the service does not tell: for a container of the API.
func masks(c *podman.Container, seen *machine.Mounts) {
	if c.Confinement.Unmasked.Known() {
		return
	}
	const field = "the mounts of its first process"
	candidates := slices.DeleteFunc(podman.MaskedPaths(), podman.MaskedBySome)
	open := seen.Open(slices.Concat(candidates, podman.ReadOnlyPaths()))
	c.Confinement.Unmasked = podman.Set(open, podman.Field(field))
}

// locate replaces the sources of mounts and the paths of devices by what they lead to on this machine, where podlint
// may look.
func locate(c *readContainer, place place) {
	paths := place.of(c.Container)
	var seen *machine.Mounts
	if paths != nil && c.pid > 0 && c.Running() {
		if mounts, ok := machine.MountsOf(c.pid, c.ID); ok {
			seen = mounts
			masks(c.Container, seen)
		}
	}
	for i := range c.Files.Mounts.Value {
		m := &c.Files.Mounts.Value[i]
		if isSubPath(m.Source) && !locatePart(m, paths, seen) {
			c.Files.Missing = "what the part of a volume that is mounted at " + m.Destination + " is, is not known"
		} else if paths != nil && m.Type != "image" {
			locateMount(m, paths)
		}
	}
	if paths != nil {
		locateDevices(c.Container, paths)
	}
}

// locateDevices replaces the paths of devices by what they lead to.
func locateDevices(c *podman.Container, paths *machine.Paths) {
	for i := range c.Files.Devices.Value {
		d := &c.Files.Devices.Value[i]
		if found, ok := paths.Find(d.Path); ok {
			if found.Path != d.Path {
				d.Written, d.Path = d.Path, found.Path
			}
			d.Block = found.Block
		}
	}
}

// locatePart replaces the source of a volume's part, which is kube play's own mount, by what is behind it. It returns
// false where that is not known.
func locatePart(m *podman.Mount, paths *machine.Paths, seen *machine.Mounts) bool {
	behind, ok := "", false
	switch {
	case seen != nil:
		behind, ok = paths.BehindIn(seen, path.Clean(m.Destination))
	case paths != nil:
		behind, ok = paths.Behind(path.Clean(m.Source))
	}
	if ok {
		m.Source = behind
	}
	return ok
}

// locateMount replaces a mount's source by what it leads to, and says what stays writable below it.
func locateMount(m *podman.Mount, paths *machine.Paths) {
	if m.Disk != "" {
		if found, ok := paths.Find(m.Disk); ok {
			m.Disk = found.Path
		}
		return
	}
	found, ok := paths.Find(m.Source)
	if !ok {
		return
	}
	if found.Path != m.Source {
		m.Written, m.Source = m.Source, found.Path
	}
	if found.Owned {
		m.Access = podman.Set(podman.Access{UID: found.UID, GID: found.GID, Mode: found.Mode}, m.Origin)
	}
	if !m.Writable && m.Recursive && !m.ReadOnlyBelow {
		m.WritableBelow = append([]string{}, paths.WritableBelow(m.Source)...)
	}
}
