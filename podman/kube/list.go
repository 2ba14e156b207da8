package kube

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	core "github.com/containers/podman/v5/pkg/k8s.io/api/core/v1"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

// Items returns the documents with the items of each List in its place, as podman kube play reads them
// (pkg/domain/infra/abi/play.go, splitMultiDocYAML): a List within a List is not read.
func Items(documents []*yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	for _, document := range documents {
		items := get(document, "items")
		if kind := get(document, "kind"); kind == nil || kind.Value != "List" || items == nil ||
			items.Kind != yaml.SequenceNode {
			all = append(all, document)
			continue
		}
		all = append(all, items.Content...)
	}
	return all
}

// MayBeKube reports whether a document is one that Kubernetes reads, whatever the case of its keys: Podman reads it as
// JSON, whose reader in Go does not tell large letters from small ones.
func MayBeKube(document *yaml.Node) bool {
	return get(document, "apiVersion") != nil && get(document, "kind") != nil
}

// get is yamlpath.Get for one key in whatever case.
func get(node *yaml.Node, key string) *yaml.Node {
	if value := yamlpath.Get(node, key); value != nil {
		return value
	}
	node = yamlpath.Get(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if strings.EqualFold(node.Content[i].Value, key) {
			return yamlpath.Get(node.Content[i+1])
		}
	}
	return nil
}

// free holds the keys below which names are anybody's.
var free = []string{"labels", "annotations", "matchLabels", "nodeSelector", "data", "binaryData", "stringData",
	"limits", "requests", "options"}

// otherCase returns an error for each key that is a field's name in other letters, large or small: Podman takes it for
// the field, and podlint does not read it.
func otherCase(f parsed) []podman.Problem {
	known := knownFields()
	var problems []podman.Problem
	var visit func(node *yaml.Node)
	seen := map[*yaml.Node]bool{}
	visit = func(node *yaml.Node) {
		if node == nil || seen[node] {
			return
		}
		seen[node] = true
		visit(node.Alias)
		if node.Kind != yaml.MappingNode {
			for _, child := range node.Content {
				visit(child)
			}
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if names := known[strings.ToLower(key.Value)]; len(names) > 0 && !slices.Contains(names, key.Value) {
				problems = append(problems, podman.Problem{Origin: yamlpath.Origin(f.path, key),
					Message: fmt.Sprintf("%s is read by Podman as %s, and not by podlint", key.Value, names[0]),
					Hint:    "write " + names[0]})
			}
			if !slices.Contains(free, key.Value) {
				visit(node.Content[i+1])
			}
		}
	}
	for _, document := range f.documents {
		if kind := get(document, "kind"); kind != nil && slices.Contains(kinds, kind.Value) {
			visit(document)
		}
	}
	return problems
}

// kinds are those that make containers.
var kinds = []string{"Pod", "Deployment", "DaemonSet", "Job", "StatefulSet"}

// knownFields holds the names of the fields that make a pod, by their names in small letters.
var knownFields = sync.OnceValue(func() map[string][]string {
	found := map[string][]string{}
	for _, name := range []string{"apiVersion", "kind", "spec", "template", "metadata", "items"} {
		found[strings.ToLower(name)] = []string{name}
	}
	addFields(found, reflect.TypeFor[core.PodTemplateSpec](), map[reflect.Type]bool{})
	return found
})

// addFields adds the names of a type's fields in JSON, and of those below.
func addFields(found map[string][]string, t reflect.Type, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if lower := strings.ToLower(name); name != "" && name != "-" && !slices.Contains(found[lower], name) {
			found[lower] = append(found[lower], name)
		}
		addFields(found, field.Type, seen)
	}
}
