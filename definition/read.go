package definition

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/compose"
	"github.com/podlint/podlint/podman/kube"
	"github.com/podlint/podlint/podman/quadlet"
	"github.com/podlint/podlint/podman/registry"
	"github.com/podlint/podlint/podman/yamlpath"
)

// Read reads a file as what its name, or its first line, says that it is. Who may write and read what a container is
// defined in comes with it.
func (s *Set) Read(path string) Result {
	data, err := s.Text(path)
	if err != nil {
		return Result{Problems: []podman.Problem{{Origin: podman.Origin{File: path}, Message: err.Error()}}}
	}
	r := s.define(path, data)
	r.Text = data
	if r.Nothing && s.Named(path) {
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

// wanted reports whether a file in a directory may be a definition, by its name.
func (s *Set) wanted(name string) bool {
	switch ext := filepath.Ext(name); ext {
	case ".service", ".sh", ".bash", ".yaml", ".yml":
		return true
	case ".md", ".markdown":
		return s.options.Markdown
	case "":
		return false
	default:
		return slices.Contains(quadlet.Extensions(), ext)
	}
}

// define reads a file as what its name, or its first line, says that it is.
func (s *Set) define(path string, data []byte) Result {
	named := s.tree.named[path]
	if !isText(data) {
		if !named {
			return Result{Nothing: true}
		}
		return failed(path, "not a text file", "")
	}
	switch ext := filepath.Ext(path); {
	case slices.Contains(quadlet.Extensions(), ext):
		if !named && isForeign(path, data) {
			return Result{Nothing: true}
		}
		return s.defineUnit(path, data)
	case ext == ".service":
		containers, files, problems := s.units.Service(path, data, s.host(path))
		if !bytes.Contains(data, []byte("podman")) { // whatever is wrong with it is not podlint's to say
			problems = nil
		}
		return Result{Containers: containers, Problems: problems, Files: files}
	case ext == ".yaml" || ext == ".yml":
		return s.defineYAML(path, data)
	case ext == ".md" || ext == ".markdown":
		if !s.options.Markdown {
			return failed(path, "Markdown is only read with --markdown", "")
		}
		return s.defineScripts(path, command.InMarkdown(path, string(data)), true)
	case ext == ".sh" || ext == ".bash" || isShell(data):
		return s.defineScripts(path, []command.Script{{File: path, Text: string(data)}}, false)
	}
	return failed(path, "podlint does not know what this file is", "it reads Quadlet units, .service units, "+
		"Kubernetes YAML, compose files, CI YAML, shell scripts and, with --markdown, Markdown")
}

func failed(path, message, hint string) Result {
	return Result{Problems: []podman.Problem{{Origin: podman.Origin{File: path}, Message: message, Hint: hint}}}
}

// isShell reports whether a file's first line names a shels.
func isShell(data []byte) bool {
	first, _, _ := strings.Cut(string(data[:min(len(data), 200)]), "\n")
	command, ok := strings.CutPrefix(first, "#!")
	words := strings.Fields(command)
	if ok && len(words) > 1 && filepath.Base(words[0]) == "env" {
		words = words[1:]
	}
	return ok && len(words) > 0 &&
		slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh"}, filepath.Base(words[0]))
}

// isForeign reports whether a file that is called like a unit is something else: systemd-networkd's .network, a disk's
// .image.
func isForeign(path string, data []byte) bool {
	switch filepath.Ext(path) {
	case ".network":
		return bytes.Contains(data, []byte("[Match]"))
	case ".image", ".build", ".volume", ".artifact":
		return !bytes.Contains(data, []byte("["))
	}
	return false
}

func (s *Set) defineUnit(path string, data []byte) Result {
	host := s.host(path)
	unit := s.units.Read(path, data, host)
	d := Result{Problems: unit.Problems, Files: unit.Files}
	if unit.Container != nil {
		d.Containers = append(d.Containers, unit.Container)
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
			d.Problems = append(d.Problems, podman.Problem{Origin: unit.Kube.Place,
				Message: fmt.Sprintf("its YAML %s is not read: %v", yamlFile, err), Warning: true})
			continue
		}
		inner := s.defineKube(yamlFile, content, kube.Options{Host: host, UserNS: unit.Kube.UserNS})
		d.Containers = append(d.Containers, inner.Containers...)
		d.Problems = append(d.Problems, inner.Problems...)
		d.Files = append(d.Files, inner.Files...)
	}
	return d
}

// Unit reads a Quadlet unit with the command line that Podman's generator makes of it.
func (s *Set) Unit(path string) (quadlet.Unit, error) {
	data, err := s.Text(path)
	if err != nil {
		return quadlet.Unit{}, err
	}
	return s.units.Read(path, data, s.host(path)), nil
}

// findKubes finds the .kube units that play a YAML file, once, before anything else is read.
func (s *Set) findKubes() {
	s.kubes = map[string]kube.Options{}
	for _, path := range s.tree.files {
		if filepath.Ext(path) != ".kube" {
			continue
		}
		data, err := s.Text(path)
		if err != nil {
			continue // it is named in its own turn
		}
		host := s.host(path)
		if unit := s.units.Read(path, data, host); unit.Kube != nil {
			for _, yamlFile := range unit.Kube.Paths {
				s.kubes[absolutePath(yamlFile)] = kube.Options{Host: host, UserNS: unit.Kube.UserNS}
			}
		}
	}
}

// defineYAML reads Kubernetes YAML, a compose file, or the scripts in a CI system's YAML. What is none of them is
// passed over.
func (s *Set) defineYAML(path string, data []byte) Result {
	has := func(s string) bool { return bytes.Contains(data, []byte(s)) }
	isKube, isCompose := has("apiVersion") && has("kind"), has("services")
	if !isKube && !isCompose && !has("podman") {
		return Result{Nothing: true}
	}
	documents, err := yamlpath.Documents(data)
	if err != nil {
		problem := yamlpath.Problem(path, err)
		if has("{{") {
			problem.Warning, problem.Hint = true, "it looks like a template; check what is made of it"
		}
		return Result{Problems: []podman.Problem{problem}}
	}
	switch {
	case slices.ContainsFunc(documents, kube.IsKube):
		options, ok := s.kubes[absolutePath(path)]
		if !ok {
			options = kube.Options{Host: s.host(path)}
		}
		return s.defineKube(path, data, options)
	case len(documents) > 0 && compose.IsCompose(documents[0]):
		return s.defineCompose(path)
	}
	var scripts []command.Script
	for _, document := range documents {
		scripts = append(scripts, command.InYAML(path, string(data), document)...)
	}
	return s.defineScripts(path, scripts, true)
}

func (s *Set) defineKube(path string, data []byte, options kube.Options) Result {
	documents, err := yamlpath.Documents(data)
	if err != nil {
		return Result{Problems: []podman.Problem{yamlpath.Problem(path, err)}}
	}
	file := kube.File{Path: path, Documents: documents}
	d := Result{Files: []string{path}}
	options.Maps = kube.Maps{}
	if bytes.Contains(data, []byte("configMap")) { // which may be written in a file beside it
		for _, name := range s.tree.list(filepath.Dir(path)) {
			beside := filepath.Join(filepath.Dir(path), name)
			if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" || beside == path {
				continue
			}
			content, err := s.Text(beside)
			if err != nil || !bytes.Contains(content, []byte("ConfigMap")) {
				continue
			}
			if others, err := yamlpath.Documents(content); err == nil {
				options.Maps.Collect(kube.File{Path: beside, Documents: others})
				d.Files = append(d.Files, beside)
			}
		}
	}
	options.Maps.Collect(file)
	d.Containers, d.Problems = kube.Read(file, options)
	return d
}

// defineCompose reads a compose file with the one that overrides it, which has no turn of its own.
func (s *Set) defineCompose(path string) Result {
	ext := filepath.Ext(path)
	base := strings.TrimSuffix(path, ext)
	beside := func(name string) (string, bool) {
		return name, name != path && slices.Contains(s.tree.list(filepath.Dir(path)), filepath.Base(name))
	}
	if main, ok := strings.CutSuffix(base, ".override"); ok {
		for _, e := range []string{".yaml", ".yml"} {
			if _, ok := beside(main + e); ok && !s.tree.named[path] {
				return Result{Nothing: true}
			}
		}
	}
	files := compose.Files{Paths: []string{path}, Read: s.Text}
	for _, e := range []string{".yaml", ".yml"} {
		if override, ok := beside(base + ".override" + e); ok {
			files.Paths = append(files.Paths, override)
			break
		}
	}
	containers, read, problems := compose.Read(files, s.host(path))
	return Result{Containers: containers, Problems: problems, Files: read}
}

// defineScripts reads shell scripts. Of embedded ones, which may be examples or templates, it is only a warning where
// one cannot be read.
func (s *Set) defineScripts(path string, scripts []command.Script, embedded bool) Result {
	d := Result{Files: []string{path}, Nothing: len(scripts) == 0}
	for _, script := range scripts {
		containers, problems := script.Read(s.host(path))
		for i := range problems {
			problems[i].Warning = problems[i].Warning || embedded
		}
		d.Containers = append(d.Containers, containers...)
		d.Problems = append(d.Problems, problems...)
	}
	seen := map[string]int{}
	for _, c := range d.Containers { // each script has names of its own
		if seen[c.Name]++; seen[c.Name] > 1 {
			c.Name = fmt.Sprintf("%s#%d", c.Name, seen[c.Name])
		}
	}
	return d
}
