package kube

import (
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

// Reader reads Kubernetes YAML as it is played.
type Reader struct {
	// UserNS is the user namespace that a .kube unit asks for; its zero value is none.
	UserNS podman.Setting[string]
	// ConfigMaps holds the paths of the files of ConfigMaps that the YAML is played with.
	ConfigMaps []string
	// ReadFile returns another file's content, and List the names in a directory.
	ReadFile func(path string) ([]byte, error)
	List     func(dir string) []string
}

// Read returns the containers that a file defines, with what it takes from ConfigMaps and claims of volumes that are
// in files beside it.
func (r Reader) Read(f podman.File, host *podman.Host) podman.Found {
	documents, err := yamlpath.Documents([]byte(f.Text))
	if err != nil {
		return podman.Found{Problems: []podman.Problem{yamlpath.Problem(f.Path, err)}}
	}
	file := parsed{path: f.Path, documents: Items(documents)}
	found := podman.Found{Files: []string{f.Path}, Problems: otherCase(file)}
	o := options{host: host, userNS: r.UserNS, objects: &objects{}}
	if strings.Contains(f.Text, "configMap") || strings.Contains(f.Text, "persistentVolumeClaim") {
		found.Files = append(found.Files, r.collectBeside(f.Path, o.objects)...)
	}
	for _, name := range r.ConfigMaps {
		others, err := r.documents(name)
		if err != nil {
			found.Problems = append(found.Problems, podman.Problem{Origin: podman.Origin{File: f.Path}, Warning: true,
				Message: fmt.Sprintf("the ConfigMaps that it is played with, %s, are not read: %v", name, err)})
			continue
		}
		o.objects.collect(parsed{path: name, documents: others})
		found.Files = append(found.Files, name)
	}
	o.objects.collect(file)
	containers, problems := read(file, o)
	found.Containers, found.Problems = containers, append(found.Problems, problems...)
	return found
}

// collectBeside adds the objects of the files beside one, and returns the paths of those that have any.
func (r Reader) collectBeside(path string, into *objects) []string {
	var files []string
	for _, name := range r.List(filepath.Dir(path)) {
		beside := filepath.Join(filepath.Dir(path), name)
		if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" || beside == path {
			continue
		}
		content, err := r.ReadFile(beside)
		text := string(content)
		if err != nil || !strings.Contains(text, "ConfigMap") && !strings.Contains(text, "PersistentVolumeClaim") {
			continue
		}
		if others, err := yamlpath.Documents(content); err == nil {
			into.collect(parsed{path: beside, documents: Items(others)})
			files = append(files, beside)
		}
	}
	return files
}

func (r Reader) documents(path string) ([]*yaml.Node, error) {
	content, err := r.ReadFile(path)
	if err != nil {
		return nil, err
	}
	documents, err := yamlpath.Documents(content)
	return Items(documents), err
}
