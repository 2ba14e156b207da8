package definition

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/quadlet"
	"github.com/podlint/podlint/podman/registry"
)

// Read reads a file as what its name, or its first line, says that it is. Who may write and read what a container is
// defined in comes with it.
func (s *Set) Read(path string) Result {
	data, err := s.Text(path)
	var elsewhere *files.OutsideError
	if errors.As(err, &elsewhere) {
		return Result{Found: podman.Found{Problems: []podman.Problem{outside(path, err)}}}
	}
	if err != nil {
		return Result{Found: failed(path, err.Error(), "")}
	}
	r := Result{Found: s.define(podman.File{Path: path, Text: string(data)}), Text: data}
	if r.Nothing != "" && s.Named(path) {
		r.Problems = append(r.Problems, podman.Problem{
			Origin: podman.Origin{File: path}, Message: "no container definition found in this file", Warning: true,
		})
	}
	for _, c := range r.Containers {
		c.Definition.Files = sourceFiles(c, r.Files)
		s.resolveAlias(c)
	}
	return r
}

// resolveAlias completes a short image name that registries.conf has an alias for (short-name-aliases).
func (s *Set) resolveAlias(c *podman.Container) {
	written := c.Image.Written
	if !s.options.Registries.Known() || !written.Known() || strings.ContainsAny(written.Value, "/.$%") {
		return
	}
	if full := registry.Alias(written.Value, s.options.RegistriesFile); full != "" {
		c.Image.Name = full
	}
}

func (s *Set) readService(f podman.File, host *podman.Host) podman.Found {
	found := s.units.Service(f, host)
	if len(found.Containers) == 0 && !command.Mentions(f.Text, "podman") { // what is wrong is not podlint's to say
		found.Problems = nil
	}
	if len(found.Containers)+len(found.Problems) == 0 {
		found.Nothing = "a service that makes no container"
	}
	return found
}

// isForeign says why a file that is called like a unit is something else: systemd-networkd's .network, a disk's .image,
// a branch in a repository's own directory. It is empty for a unit, and for a file that was named.
func (s *Set) isForeign(f podman.File) string {
	if s.tree.named[f.Path] {
		return ""
	}
	path, data := f.Path, []byte(f.Text)
	own, has := quadlet.Section(path), quadlet.Headers(data)
	ext := filepath.Ext(path)
	switch {
	case ext == ".network" && slices.Contains(has, "Match"):
		return "a unit of systemd-networkd"
	case slices.Contains(has, own), bytes.Contains(bytes.ReplaceAll(data, []byte{0}, nil), []byte("["+own+"]")):
		return "" // or what was meant to be one
	case (ext == ".network" || ext == ".volume") && quadlet.IsBare(path, data):
		return ""
	case slices.Contains([]string{".network", ".image", ".build", ".volume", ".artifact"}, ext),
		slices.Contains(strings.Split(path, string(filepath.Separator)), ".git"):
		return "without a section [" + own + "]"
	}
	return ""
}

func (s *Set) readUnit(f podman.File, host *podman.Host) podman.Found {
	unit := s.units.Read(f, host)
	d := podman.Found{Problems: unit.Problems, Files: unit.Files}
	for _, c := range []*podman.Container{unit.Container, unit.Resource} {
		if c != nil {
			d.Containers = append(d.Containers, c)
		}
	}
	if unit.Kube == nil {
		return d
	}
	for _, yamlFile := range unit.Kube.Paths {
		if s.tree.has(yamlFile) { // it has its own turn
			continue
		}
		content, err := s.Text(yamlFile)
		if err != nil {
			problem := podman.Problem{Origin: unit.Kube.Place,
				Message: fmt.Sprintf("its YAML %s is not read: %v", yamlFile, err), Warning: true}
			var elsewhere *files.OutsideError
			if errors.As(err, &elsewhere) { // whatever it defines is judged by nobody
				problem.Warning, problem.Hint = false, allowOutside
			}
			d.Problems = append(d.Problems, problem)
			continue
		}
		read := s.kubeReader(unit.Kube.UserNS, unit.Kube.ConfigMaps...)
		d.Add(read(podman.File{Path: yamlFile, Text: string(content)}, host))
	}
	return d
}

// readBundle reads the units of a bundle.
func (s *Set) readBundle(f podman.File, host *podman.Host) podman.Found {
	parts, problems := quadlet.Parts(f.Path, []byte(f.Text))
	d := podman.Found{Problems: problems, Files: []string{f.Path}}
	for _, part := range parts {
		d.Add(s.readUnit(podman.File{Path: part.Path, Text: string(part.Text)}, host))
	}
	if len(parts)+len(problems) == 0 {
		d.Nothing = "a bundle without a unit"
	}
	return d
}

// bundled returns the text of a unit in a bundle, and false where the path is not that of one.
func (s *Set) bundled(path string) ([]byte, bool) {
	bundle := filepath.Dir(path)
	if filepath.Ext(bundle) != quadlet.BundleExtension {
		return nil, false
	}
	known, ok := s.bundles.Load(bundle)
	if !ok {
		texts := map[string][]byte{}
		if data, err := s.Text(bundle); err == nil {
			parts, _ := quadlet.Parts(bundle, data)
			for _, part := range parts {
				texts[part.Path] = part.Text
			}
		}
		known, _ = s.bundles.LoadOrStore(bundle, texts)
	}
	text, ok := known.(map[string][]byte)[path]
	return text, ok
}

// Unit reads a Quadlet unit with the command line that Podman's generator makes of it.
func (s *Set) Unit(path string) (quadlet.Unit, error) {
	data, err := s.Text(path)
	if err != nil {
		return quadlet.Unit{}, err
	}
	f := podman.File{Path: path, Text: string(data)}
	return s.units.Read(f, s.host(f)), nil
}

// played is how a .kube unit plays a YAML file.
type played struct {
	reader Reader
	host   *podman.Host
}

// findKubes finds the .kube units that play a YAML file, once, before anything else is read.
func (s *Set) findKubes() {
	s.kubes = map[string]played{}
	for _, path := range s.tree.files {
		if filepath.Ext(path) != ".kube" {
			continue
		}
		data, err := s.Text(path)
		if err != nil {
			continue // it is named in its own turn
		}
		f := podman.File{Path: path, Text: string(data)}
		host := s.host(f)
		if unit := s.units.Read(f, host); unit.Kube != nil {
			for _, yamlFile := range unit.Kube.Paths {
				s.kubes[absolutePath(yamlFile)] = played{s.kubeReader(unit.Kube.UserNS, unit.Kube.ConfigMaps...), host}
			}
		}
	}
}
