package cli

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
	"github.com/podlint/podlint/podman/yamlpath"
)

// defined is what a file defines.
type defined struct {
	containers []*podman.Container
	problems   []podman.Problem
	// files holds what else was read, waivers in which count.
	files []string
	// nothing is set where the file is no definition.
	nothing bool
}

// wanted reports whether a file in a directory may be a definition, by its name.
func (l *linter) wanted(name string) bool {
	switch ext := filepath.Ext(name); ext {
	case ".service", ".sh", ".bash", ".yaml", ".yml":
		return true
	case ".md", ".markdown":
		return l.flags.markdown
	case "":
		return false
	default:
		return slices.Contains(quadlet.Extensions(), ext)
	}
}

// define reads a file as what its name, or its first line, says that it is.
func (l *linter) define(path string, data []byte) defined {
	named := l.tree.named[path]
	if !isText(data) {
		if !named {
			return defined{nothing: true}
		}
		return failed(path, "this is no text file", "")
	}
	switch ext := filepath.Ext(path); {
	case slices.Contains(quadlet.Extensions(), ext):
		if !named && isForeign(path, data) {
			return defined{nothing: true}
		}
		return l.defineUnit(path, data)
	case ext == ".service":
		containers, files, problems := l.units.Service(path, data, l.host(path))
		if !bytes.Contains(data, []byte("podman")) { // whatever is wrong with it is not podlint's to say
			problems = nil
		}
		return defined{containers: containers, problems: problems, files: files}
	case ext == ".yaml" || ext == ".yml":
		return l.defineYAML(path, data)
	case ext == ".md" || ext == ".markdown":
		if !l.flags.markdown {
			return failed(path, "Markdown is only read with --markdown", "")
		}
		return l.defineScripts(path, command.InMarkdown(path, string(data)), true)
	case ext == ".sh" || ext == ".bash" || isShell(data):
		return l.defineScripts(path, []command.Script{{File: path, Text: string(data)}}, false)
	}
	return failed(path, "podlint does not know what this file is", "it reads Quadlet units, .service units, Kubernetes YAML, compose files, CI YAML, shell scripts and, with --markdown, Markdown")
}

func failed(path, message, hint string) defined {
	return defined{problems: []podman.Problem{{Origin: podman.Origin{File: path}, Message: message, Hint: hint}}}
}

// isShell reports whether a file's first line names a shell.
func isShell(data []byte) bool {
	first, _, _ := strings.Cut(string(data[:min(len(data), 200)]), "\n")
	command, ok := strings.CutPrefix(first, "#!")
	words := strings.Fields(command)
	if ok && len(words) > 1 && filepath.Base(words[0]) == "env" {
		words = words[1:]
	}
	return ok && len(words) > 0 && slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh"}, filepath.Base(words[0]))
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

func (l *linter) defineUnit(path string, data []byte) defined {
	host := l.host(path)
	unit := l.units.Read(path, data, host)
	d := defined{problems: unit.Problems, files: unit.Files}
	if unit.Container != nil {
		d.containers = append(d.containers, unit.Container)
	}
	if unit.Kube == nil {
		return d
	}
	for _, yamlFile := range unit.Kube.Paths {
		if l.tree.has(yamlFile) { // it has its own turn
			continue
		}
		content, err := l.read(yamlFile)
		if err != nil {
			d.problems = append(d.problems, podman.Problem{Origin: unit.Kube.Place, Message: fmt.Sprintf("its YAML %s is not read: %v", yamlFile, err), Warning: true})
			continue
		}
		inner := l.defineKube(yamlFile, content, kube.Options{Host: host, UserNS: unit.Kube.UserNS})
		d.containers = append(d.containers, inner.containers...)
		d.problems = append(d.problems, inner.problems...)
		d.files = append(d.files, inner.files...)
	}
	return d
}

// findKubes finds the .kube units that play a YAML file, once, before anything else is read.
func (l *linter) findKubes() {
	l.kubes = map[string]kube.Options{}
	for _, path := range l.tree.files {
		if filepath.Ext(path) != ".kube" {
			continue
		}
		data, err := l.read(path)
		if err != nil {
			continue // it is named in its own turn
		}
		host := l.host(path)
		if unit := l.units.Read(path, data, host); unit.Kube != nil {
			for _, yamlFile := range unit.Kube.Paths {
				l.kubes[absolutePath(yamlFile)] = kube.Options{Host: host, UserNS: unit.Kube.UserNS}
			}
		}
	}
}

func absolutePath(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// defineYAML reads Kubernetes YAML, a compose file, or the scripts in a CI system's YAML. What is none of them is passed
// over.
func (l *linter) defineYAML(path string, data []byte) defined {
	has := func(s string) bool { return bytes.Contains(data, []byte(s)) }
	isKube, isCompose := has("apiVersion") && has("kind"), has("services")
	if !isKube && !isCompose && !has("podman") {
		return defined{nothing: true}
	}
	documents, err := yamlpath.Documents(data)
	if err != nil {
		problem := yamlpath.Problem(path, err)
		if has("{{") {
			problem.Warning, problem.Hint = true, "it looks like a template; check what is made of it"
		}
		return defined{problems: []podman.Problem{problem}}
	}
	switch {
	case slices.ContainsFunc(documents, kube.IsKube):
		options, ok := l.kubes[absolutePath(path)]
		if !ok {
			options = kube.Options{Host: l.host(path)}
		}
		return l.defineKube(path, data, options)
	case len(documents) > 0 && compose.IsCompose(documents[0]):
		return l.defineCompose(path)
	}
	var scripts []command.Script
	for _, document := range documents {
		scripts = append(scripts, command.InYAML(path, string(data), document)...)
	}
	return l.defineScripts(path, scripts, true)
}

func (l *linter) defineKube(path string, data []byte, options kube.Options) defined {
	documents, err := yamlpath.Documents(data)
	if err != nil {
		return defined{problems: []podman.Problem{yamlpath.Problem(path, err)}}
	}
	file := kube.File{Path: path, Documents: documents}
	d := defined{files: []string{path}}
	options.Maps = kube.Maps{}
	if bytes.Contains(data, []byte("configMap")) { // which may stand in a file beside it
		for _, name := range l.tree.list(filepath.Dir(path)) {
			beside := filepath.Join(filepath.Dir(path), name)
			if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" || beside == path {
				continue
			}
			content, err := l.read(beside)
			if err != nil || !bytes.Contains(content, []byte("ConfigMap")) {
				continue
			}
			if others, err := yamlpath.Documents(content); err == nil {
				options.Maps.Collect(kube.File{Path: beside, Documents: others})
				d.files = append(d.files, beside)
			}
		}
	}
	options.Maps.Collect(file)
	d.containers, d.problems = kube.Read(file, options)
	return d
}

// defineCompose reads a compose file with the one that overrides it, which has no turn of its own.
func (l *linter) defineCompose(path string) defined {
	ext := filepath.Ext(path)
	base := strings.TrimSuffix(path, ext)
	beside := func(name string) (string, bool) {
		return name, name != path && slices.Contains(l.tree.list(filepath.Dir(path)), filepath.Base(name))
	}
	if main, ok := strings.CutSuffix(base, ".override"); ok {
		for _, e := range []string{".yaml", ".yml"} {
			if _, ok := beside(main + e); ok && !l.tree.named[path] {
				return defined{nothing: true}
			}
		}
	}
	files := compose.Files{Paths: []string{path}, Read: l.read}
	for _, e := range []string{".yaml", ".yml"} {
		if override, ok := beside(base + ".override" + e); ok {
			files.Paths = append(files.Paths, override)
			break
		}
	}
	containers, read, problems := compose.Read(files, l.host(path))
	return defined{containers: containers, problems: problems, files: read}
}

// defineScripts reads shell scripts. Of embedded ones, which may be examples or templates, it is only a warning where one
// cannot be read.
func (l *linter) defineScripts(path string, scripts []command.Script, embedded bool) defined {
	d := defined{files: []string{path}, nothing: len(scripts) == 0}
	for _, s := range scripts {
		containers, problems := s.Read(l.host(path))
		for i := range problems {
			problems[i].Warning = problems[i].Warning || embedded
		}
		d.containers = append(d.containers, containers...)
		d.problems = append(d.problems, problems...)
	}
	seen := map[string]int{}
	for _, c := range d.containers { // each script has names of its own
		if seen[c.Name]++; seen[c.Name] > 1 {
			c.Name = fmt.Sprintf("%s#%d", c.Name, seen[c.Name])
		}
	}
	return d
}
