// Package definition gets from paths to the containers that the files there define: it walks directories, tells by name
// and content which kind of definition a file is, hands it to the reader of that kind below podman/, and assumes the
// machine that it is for.
package definition

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/quadlet"
)

// Result is what a file defines.
type Result struct {
	podman.Found
	// Text is the content of the file, nil where it could not be read.
	Text []byte
}

// Options says how definitions are read.
type Options struct {
	// Rootless says what the definitions are for; where it is not known, the place of each file tells, else what it and
	// its neighbours say, else rootful is assumed.
	Rootless podman.Setting[bool]
	// Markdown is whether the code blocks of Markdown files are read.
	Markdown bool
	// Given holds texts by the names that they would have as files: standard input, an example of the documentation.
	Given map[string][]byte
	// FoldDropIns is set where a unit's drop-ins are to be read as its last lines, which means the same.
	FoldDropIns bool
	// Policy and Registries are what the machine accepts that the definitions are for.
	Policy     podman.Setting[podman.Policy]
	Registries podman.Setting[map[string]podman.Registry]
	// RegistriesFile is where Registries were read, empty for this machine's own files.
	RegistriesFile string
	// Now is the time that an assumed host has.
	Now time.Time
	// AllowOutside is set where files outside of the paths may be read that definitions name, or that symbolic links
	// lead to.
	AllowOutside bool
	// Stopped tells whether to end early, nil for never.
	Stopped func() bool
}

// Set is the definitions below some paths. Its methods may be called by several goroutines at once.
type Set struct {
	options Options
	roots   []string
	tree    *tree
	units   *quadlet.Reader
	gate    *files.Gate
	// overlay holds texts that are read in place of files' own; nil is read as an empty file.
	overlay map[string][]byte
	// kubes holds how .kube units play a YAML file, by its absolute path.
	kubes map[string]played
	// bundles caches the units of each bundle: map[string][]byte by their paths.
	bundles *sync.Map
	// hosts caches one assumed host for each Rootless setting.
	hosts *sync.Map
	// assumptions holds what is known of whom the definitions are for.
	assumptions *assumptions
}

// Open finds what may be definitions at the paths: files that are named, and in directories those whose names say so. A
// path that cannot be read is a problem; the others are in the set.
func Open(paths []string, o Options) (*Set, []podman.Problem) {
	s := &Set{options: o, roots: paths, hosts: &sync.Map{}, bundles: &sync.Map{}, assumptions: &assumptions{},
		gate: &files.Gate{Open: o.AllowOutside}}
	s.openGate(paths)
	stopped := o.Stopped
	if stopped == nil {
		stopped = func() bool { return false }
	}
	tree, problems := walk(paths, s.wanted, startsAsScript, s.gate.Lets, stopped)
	for name := range o.Given {
		tree.files = append(tree.files, name)
		tree.named[name] = true
	}
	slices.Sort(tree.files)
	tree.files = slices.Compact(tree.files)
	s.tree = tree
	s.units = s.newUnitReader()
	if o.FoldDropIns {
		s.foldDropIns()
	}
	s.findKubes()
	return s, problems
}

// openGate lets through what was named: directories with what is in them, files with the directories that they are in.
// What this machine's own units name is part of the machine as they are.
func (s *Set) openGate(paths []string) {
	installed := len(paths) > 0
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			s.gate.AddDir(path)
		} else {
			s.gate.AddFile(path)
			s.gate.AddDir(filepath.Dir(path))
		}
		installed = installed && isInstalled(path)
	}
	s.gate.Open = s.gate.Open || installed
	for name := range s.options.Given {
		s.gate.AddDir(filepath.Dir(name))
	}
}

// isInstalled reports whether a path is where this machine, or this account, keeps its units.
func isInstalled(path string) bool {
	dirs := []string{"/etc/containers/systemd", "/usr/share/containers/systemd", "/run/containers/systemd",
		"/etc/systemd", "/usr/lib/systemd", "/lib/systemd", "/run/systemd"}
	if dir, err := os.UserConfigDir(); err == nil {
		dirs = append(dirs, filepath.Join(dir, "containers/systemd"), filepath.Join(dir, "systemd/user"))
	}
	path = absolutePath(path)
	return slices.ContainsFunc(dirs, func(dir string) bool {
		return path == dir || strings.HasPrefix(path, dir+"/")
	})
}

// Skipped returns what was passed over in the directories, and why. Of what is read and is no definition, its Result
// says so.
func (s *Set) Skipped() []Skipped { return s.tree.skipped }

// Paths returns the paths of what may be definitions, sorted.
func (s *Set) Paths() []string { return s.tree.files }

// Source names what the set was made of, for a report: the paths and the names of what was given.
func (s *Set) Source() string {
	return strings.Join(slices.Concat(s.roots, slices.Sorted(maps.Keys(s.options.Given))), " ")
}

// Named reports whether a path was named, or given, rather than found in a directory.
func (s *Set) Named(path string) bool { return s.tree.named[path] }

// Text returns the content of a file: of one that was given, and else of a regular file of the machine.
func (s *Set) Text(path string) ([]byte, error) {
	if data, ok := s.overlay[path]; ok {
		return data, nil
	}
	if data, ok := s.options.Given[path]; ok {
		return data, nil
	}
	data, err := s.gate.Read(path)
	return fromUTF16(path, data), err
}

// With returns the same set with some texts in place of files' own, whether these exist or not.
func (s *Set) With(overlay map[string][]byte) *Set {
	with := *s
	with.overlay, with.bundles = overlay, &sync.Map{}
	with.units = with.newUnitReader()
	return &with
}

// Overlay returns the texts that are read in place of files' own: folded drop-ins, or what With was given.
func (s *Set) Overlay() map[string][]byte { return s.overlay }

func (s *Set) newUnitReader() *quadlet.Reader {
	return quadlet.NewReader(quadlet.Files{
		Read: func(path string) ([]byte, error) {
			if text, ok := s.bundled(path); ok {
				return text, nil
			}
			return s.Text(path)
		},
		List: s.list, Dirs: s.tree.dirs,
		Find: func(dir, name string) (string, bool) { // beside it in a bundle, else as the bundle itself would
			if filepath.Ext(dir) == quadlet.BundleExtension {
				if path := filepath.Join(dir, name); s.isBundled(path) {
					return path, true
				}
				dir = filepath.Dir(dir)
			}
			return s.tree.find(dir, name)
		}})
}

func (s *Set) isBundled(path string) bool {
	_, ok := s.bundled(path)
	return ok
}

// list returns the names in a directory, those of texts without a file among them.
func (s *Set) list(dir string) []string {
	names := s.tree.list(dir)
	for path := range s.overlay {
		if name := filepath.Base(path); filepath.Dir(path) == dir && !slices.Contains(names, name) {
			names = append(slices.Clip(names), name)
		}
	}
	return names
}

// foldDropIns makes a unit's drop-ins its last lines, so that an edit is planned against the settings that are in
// effect.
func (s *Set) foldDropIns() {
	folded := map[string][]byte{}
	for _, path := range s.tree.files {
		if filepath.Ext(path) != ".container" {
			continue
		}
		dropIns := s.units.DropIns(path)
		text, err := s.Text(path)
		if err != nil || len(dropIns) == 0 {
			continue
		}
		text = slices.Clone(text)
		for _, dropIn := range dropIns {
			more, err := s.Text(dropIn)
			if err != nil {
				continue
			}
			if len(text) > 0 && text[len(text)-1] != '\n' {
				text = append(text, '\n')
			}
			text = append(text, more...)
			folded[dropIn] = nil
		}
		folded[path] = text
	}
	s.overlay = folded
}

func absolutePath(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// unitPlaces says what the units and services in a directory are for: podman-systemd.unit(5), systemd.unit(5). The
// first that a path contains counts.
var unitPlaces = []struct {
	dir      string
	rootless bool
}{
	{"/etc/containers/systemd/users/", true}, {"/usr/share/containers/systemd/users/", true},
	{"/.config/containers/systemd/", true},
	{"/etc/systemd/user/", true}, {"/.config/systemd/user/", true}, {"/etc/systemd/system/", false},
	{"/etc/containers/systemd/", false}, {"/usr/share/containers/systemd/", false}, {"/run/containers/systemd/", false},
}

// host returns the machine that a definition is for: by an option, by its place, or else as it is assumed.
func (s *Set) host(f podman.File) *podman.Host {
	rootless := s.options.Rootless
	if !rootless.Known() {
		absolute := absolutePath(f.Path)
		for _, place := range unitPlaces {
			if strings.Contains(absolute, place.dir) {
				rootless = podman.Set(place.rootless, podman.Field("the file's place"))
				break
			}
		}
	}
	if !rootless.Known() {
		rootless = s.assumed(f)
	}
	// Definitions of one place share a host: there may be thousands.
	if known, ok := s.hosts.Load(rootless); ok {
		return known.(*podman.Host)
	}
	host := podman.AssumedHost(rootless, s.options.Now)
	host.Policy, host.Registries = s.options.Policy, s.options.Registries
	known, _ := s.hosts.LoadOrStore(rootless, host)
	return known.(*podman.Host)
}
