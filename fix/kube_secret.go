package fix

import (
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
	"github.com/podlint/podlint/rules"
)

// secretRef hands a variable of a Kubernetes container over as a key of a Secret, in place of its value. The Secret has
// to be created by whoever knows the new value.
func (y *yamlText) secretRef(path string, f *rules.Finding) (Done, string) {
	done := Done{Finding: f}
	variable, text := f.Fix.Changes[0].SecretRef()
	item := y.variable(f.Definition.Origin, variable)
	if item == nil || f.Definition.Origin.File != path { // it stands in a ConfigMap, or its name is none of a secret
		return done, needsChoice + f.Fix.Summary
	}
	done.Words = []string{f.Fix.Changes[0].In(podman.SyntaxKube, "")}
	value, key := entry(item, "value")
	if value == nil {
		if yamlpath.Get(item, "valueFrom", "secretKeyRef") != nil { // two containers share the variable
			return done, ""
		}
		return done, needsChoice + f.Fix.Summary
	}
	_, to, ok := y.scalar(value)
	if !ok || value.Kind != yaml.ScalarNode || value.Anchor != "" || key.Line != value.Line || !y.spells(value, to) {
		return done, needsChoice + "the value of " + variable + " is written in a way that podlint cannot edit"
	}
	y.edit(offsetOf(y.text, key.Line, key.Column), to, text)
	if !y.read() {
		return done, "the edit would break the YAML"
	}
	return done, ""
}

// variable returns the item of a container's env that gives a variable its value, by name: where it stands changes with
// the edits before it in its line. It is nil where there is none, or more than one.
func (y *yamlText) variable(container podman.Origin, name string) *yaml.Node {
	env := yamlpath.Get(y.mapping(y.now(container.Line), container.Column), "env")
	if env == nil || env.Kind != yaml.SequenceNode {
		return nil
	}
	var found *yaml.Node
	for _, item := range env.Content {
		item = yamlpath.Get(item)
		if value, _ := entry(item, "name"); value != nil && value.Value == name {
			if found != nil {
				return nil
			}
			found = item
		}
	}
	return found
}

// entry returns the value of a mapping's own key, and the key.
func entry(m *yaml.Node, name string) (value, key *yaml.Node) {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == name {
			return m.Content[i+1], m.Content[i]
		}
	}
	return nil, nil
}

// spells reports whether a scalar that ends at an offset is written without anything escaped, tagged or folded.
func (y *yamlText) spells(n *yaml.Node, to int) bool {
	from := offsetOf(y.text, n.Line, n.Column)
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		from, to = from+1, to-1
	}
	return from <= to && to <= len(y.text) && string(y.text[from:to]) == n.Value
}
