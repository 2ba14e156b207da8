package definition

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/ansible"
	"github.com/podlint/podlint/podman/kube"
	"github.com/podlint/podlint/podman/quadlet"
)

// defineTasks reads a playbook or a list of tasks, with the units and the Kubernetes YAML that its tasks write.
func (s *Set) defineTasks(path string, data []byte, documents []*yaml.Node) Result {
	host := s.host(path, data)
	found := ansible.Read(ansible.File{Path: path, Text: string(data), Documents: documents}, host)
	d := Result{Containers: found.Containers, Problems: found.Problems, Files: []string{path}}
	add := func(inner Result) {
		for _, c := range inner.Containers {
			c.Definition.Syntax = podman.SyntaxAnsible // which is not edited as what is in it
		}
		d.Containers = append(d.Containers, inner.Containers...)
		d.Problems = append(d.Problems, inner.Problems...)
	}
	for _, w := range found.Written {
		t := text{name: filepath.Join(filepath.Dir(path), w.Name), file: path, text: w.Text, at: w.At, host: w.Host}
		switch {
		case w.Kube:
			add(s.defineKubeText(t, kube.Options{Host: w.Host, UserNS: w.UserNS}))
		case slices.Contains(quadlet.Extensions(), filepath.Ext(w.Name)):
			add(s.defineTemplate(t))
		}
	}
	for _, p := range found.Played {
		file := p.Path
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(path), file)
		}
		if s.tree.has(file) { // it has its own turn
			continue
		}
		// A path is one of the machine that the task is for: that there is none here says nothing.
		if content, err := s.Text(file); err == nil && bytes.Contains(content, []byte("apiVersion")) {
			inner := s.defineKube(file, content, kube.Options{Host: p.Host, UserNS: p.UserNS})
			d.Containers = append(d.Containers, inner.Containers...)
			d.Problems = append(d.Problems, inner.Problems...)
			d.Files = append(d.Files, inner.Files...)
		}
	}
	numbered(d.Containers)
	if len(d.Containers)+len(d.Problems) == 0 {
		d.Nothing = "tasks that make no container"
	}
	return d
}

// numbered tells containers of one name apart, which are made at different places of a file.
func numbered(containers []*podman.Container) {
	seen := map[string]int{}
	for _, c := range containers {
		if seen[c.Name]++; seen[c.Name] > 1 {
			c.Name = fmt.Sprintf("%s#%d", c.Name, seen[c.Name])
		}
	}
}
