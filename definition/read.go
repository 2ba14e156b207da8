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
	"github.com/podlint/podlint/podman/kube"
	"github.com/podlint/podlint/podman/quadlet"
	"github.com/podlint/podlint/podman/registry"
)

// Read reads a file as what its name, or its first line, says that it is. Who may write and read what a container is
// defined in comes with it.
func (s *Set) Read(path string) Result {
	data, err := s.Text(path)
	var elsewhere *files.OutsideError
	if errors.As(err, &elsewhere) {
		return Result{Problems: []podman.Problem{outside(path, err)}}
	}
	if err != nil {
		return Result{Problems: []podman.Problem{{Origin: podman.Origin{File: path}, Message: err.Error()}}}
	}
	r := s.define(path, data)
	r.Text = data
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

// extension returns a name's ending. Podman takes a unit's as it is; of others large letters are as small ones.
func extension(name string) string {
	ext := filepath.Ext(name)
	if lower := strings.ToLower(ext); !slices.Contains(quadlet.Extensions(), lower) {
		return lower
	}
	return ext
}

// define reads a file as what its name, or its first line, says that it is.
func (s *Set) define(path string, data []byte) Result {
	if scripts, ok := recipes(path, data); ok {
		return s.defineScripts(path, data, scripts, true)
	}
	if unit, ok := unitOfTemplate(path); ok {
		return s.defineTemplate(text{name: unit, file: path, text: string(data), host: s.host(path, data)})
	}
	switch ext := extension(path); {
	case isDevcontainer(path):
		return s.defineDevcontainer(path, data)
	case slices.Contains(quadlet.Extensions(), ext):
		if why := foreign(path, data); why != "" && !s.tree.named[path] {
			return Result{Nothing: why}
		}
		return s.defineUnit(path, data, s.host(path, data))
	case ext == quadlet.BundleExtension:
		return s.defineBundle(path, data)
	case ext == ".service":
		return s.defineService(path, data)
	case ext == ".yaml" || ext == ".yml":
		return s.defineYAML(path, data)
	case ext == ".md" || ext == ".markdown":
		if !s.options.Markdown {
			return failed(path, "Markdown is only read with --markdown", "")
		}
		return s.defineScripts(path, data, command.InMarkdown(path, string(data)), true)
	case ext == ".sh" || ext == ".bash" || command.IsShell(data):
		return s.defineScripts(path, data, []command.Script{{File: path, Text: string(data)}}, false)
	}
	return failed(path, "podlint does not know what this file is", "it reads Quadlet units, .service units, "+
		"Kubernetes YAML, compose files, playbooks, CI YAML, shell scripts, makefiles, justfiles, Taskfiles, "+
		"devcontainer.json and, with --markdown, Markdown")
}

func (s *Set) defineService(path string, data []byte) Result {
	containers, files, problems := s.units.Service(path, data, s.host(path, data))
	if len(containers) == 0 && !command.Mentions(string(data), "podman") { // what is wrong with it is not podlint's to say
		problems = nil
	}
	r := Result{Containers: containers, Problems: problems, Files: files}
	if len(containers)+len(problems) == 0 {
		r.Nothing = "a service that makes no container"
	}
	return r
}

func failed(path, message, hint string) Result {
	return Result{Problems: []podman.Problem{{Origin: podman.Origin{File: path}, Message: message, Hint: hint}}}
}

// foreign says why a file that is called like a unit is something else: systemd-networkd's .network, a disk's .image, a
// branch in a repository's own directory. It is empty for a unit.
func foreign(path string, data []byte) string {
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

func (s *Set) defineUnit(path string, data []byte, host *podman.Host) Result {
	unit := s.units.Read(path, data, host)
	d := Result{Problems: unit.Problems, Files: unit.Files}
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
		inner := s.defineKube(yamlFile, content, kube.Options{Host: host, UserNS: unit.Kube.UserNS},
			unit.Kube.ConfigMaps...)
		d.Containers = append(d.Containers, inner.Containers...)
		d.Problems = append(d.Problems, inner.Problems...)
		d.Files = append(d.Files, inner.Files...)
	}
	return d
}

// defineBundle reads the units of a bundle.
func (s *Set) defineBundle(path string, data []byte) Result {
	parts, problems := quadlet.Parts(path, data)
	d := Result{Problems: problems, Files: []string{path}}
	for _, part := range parts {
		unit := s.defineUnit(part.Path, part.Text, s.host(path, data))
		d.Containers = append(d.Containers, unit.Containers...)
		d.Problems = append(d.Problems, unit.Problems...)
		for _, file := range unit.Files {
			if !slices.Contains(d.Files, file) {
				d.Files = append(d.Files, file)
			}
		}
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
	return s.units.Read(path, data, s.host(path, data)), nil
}

// played is how a .kube unit plays a YAML file.
type played struct {
	options kube.Options
	// configMaps holds the files that it is played with.
	configMaps []string
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
		host := s.host(path, data)
		if unit := s.units.Read(path, data, host); unit.Kube != nil {
			for _, yamlFile := range unit.Kube.Paths {
				s.kubes[absolutePath(yamlFile)] = played{kube.Options{Host: host, UserNS: unit.Kube.UserNS},
					unit.Kube.ConfigMaps}
			}
		}
	}
}

// defineScripts reads shell scripts. Of embedded ones, which may be examples or templates, it is only a warning where
// one cannot be read.
func (s *Set) defineScripts(path string, data []byte, scripts []command.Script, embedded bool) Result {
	d := Result{Files: []string{path}}
	if !slices.ContainsFunc(scripts, func(s command.Script) bool { return command.MentionsPodman(s.Text) }) {
		d.Nothing = "no podman command in it"
	}
	host := s.host(path, data)
	for _, script := range scripts {
		containers, problems := script.Read(host)
		for i := range problems {
			problems[i].Warning = problems[i].Warning || embedded
		}
		d.Containers = append(d.Containers, containers...)
		d.Problems = append(d.Problems, problems...)
	}
	numbered(d.Containers) // each script has names of its own
	return d
}
