package definition

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/ansible"
	"github.com/podlint/podlint/podman/quadlet"
)

// readTasks reads a playbook or a list of tasks, with the units and the Kubernetes YAML that its tasks write and play.
func (s *Set) readTasks(f podman.File, host *podman.Host) podman.Found {
	dir := filepath.Dir(f.Path)
	reader := ansible.Reader{
		Write: func(w ansible.Written) podman.Found { return s.readWritten(f.Path, w) },
		Play: func(p ansible.Played) podman.Found {
			file := p.Path
			if !filepath.IsAbs(file) {
				file = filepath.Join(dir, file)
			}
			if s.tree.has(file) { // it has its own turn
				return podman.Found{}
			}
			// A path is one of the machine that the task is for: that there is none here says nothing.
			content, err := s.Text(file)
			if err != nil || !strings.Contains(string(content), "apiVersion") {
				return podman.Found{}
			}
			return s.kubeReader(p.UserNS)(podman.File{Path: file, Text: string(content)}, p.Host)
		},
	}
	found := reader.Read(f, host)
	numbered(found.Containers)
	if len(found.Containers)+len(found.Problems) == 0 {
		found.Nothing = "tasks that make no container"
	}
	return found
}

// readWritten reads a definition whose content is in a task of a file.
func (s *Set) readWritten(file string, w ansible.Written) podman.Found {
	t := text{name: filepath.Join(filepath.Dir(file), w.Name), file: file, text: w.Text, at: w.At, host: w.Host}
	var found podman.Found
	switch {
	case w.Kube:
		found = s.kubeReader(w.UserNS)(podman.File{Path: t.name, Text: t.text}, w.Host)
		s.relocate(&found, t, nil)
	case slices.Contains(quadlet.Extensions(), filepath.Ext(w.Name)):
		found = s.defineTemplate(t)
	}
	for _, c := range found.Containers {
		c.Definition.Syntax = podman.SyntaxAnsible // which is not edited as what is in it
	}
	found.Files = nil // those of the file of tasks count
	return found
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
