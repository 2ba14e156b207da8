package command

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// InDevcontainer returns the container that a devcontainer.json describes (containers.dev, "Metadata reference"), as a
// command line. The image's labels, features and the editor add flags, which are not known.
func InDevcontainer(file string, document *yaml.Node) []Script {
	w := &yamlWords{file: file}
	root := document
	if root.Kind == yaml.DocumentNode && len(root.Content) > 0 {
		root = root.Content[0]
	}
	if root.Kind != yaml.MappingNode {
		return nil
	}
	w.add(root, "podman", "run", "--name", "devcontainer")
	composed := valueOf(root, "dockerComposeFile") != nil
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i].Value, root.Content[i+1]
		if !composed || !slices.Contains([]string{"runArgs", "workspaceMount", "appPort"}, key) {
			w.setting(key, value)
		}
	}
	image := valueOf(root, "image")
	if image == nil || image.Kind != yaml.ScalarNode || composed {
		w.add(root, `"${image}"`) // it is built
	} else {
		w.add(image, inQuotes(image.Value))
	}
	script := scriptOf(w.words)
	script.Open = true
	return []Script{script}
}

// setting adds the flags of a setting.
func (w *yamlWords) setting(key string, value *yaml.Node) {
	items := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		items = value.Content
	}
	flags := map[string]string{"capAdd": "--cap-add", "securityOpt": "--security-opt", "workspaceMount": "--mount",
		"containerUser": "--user", "appPort": "--publish", "mounts": "--mount"}
	switch key {
	case "privileged", "init":
		if value.Value == "true" {
			w.add(value, "--"+key)
		}
	case "containerEnv":
		if value.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(value.Content); i += 2 {
			w.add(value.Content[i+1], "--env", inQuotes(value.Content[i].Value+"="+value.Content[i+1].Value))
		}
	case "runArgs":
		for _, item := range items {
			if item.Kind == yaml.ScalarNode {
				w.add(item, inQuotes(item.Value))
			}
		}
	default:
		if flags[key] == "" {
			return
		}
		for _, item := range items {
			if text := scalarOrFields(item); text != "" {
				w.add(item, flags[key], inQuotes(text))
			}
		}
	}
}

// scalarOrFields returns a text, or the fields of an object as --mount takes them.
func scalarOrFields(node *yaml.Node) string {
	if node.Kind != yaml.MappingNode {
		return node.Value
	}
	var fields []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		if value := node.Content[i+1].Value; value != "" {
			fields = append(fields, node.Content[i].Value+"="+value)
		}
	}
	return strings.Join(fields, ",")
}

// PlainJSON returns JSON with comments and trailing commas, as editors write it, without either, and without escapes
// that YAML does not have: spaces are in their place, so that everything else stays where it is.
func PlainJSON(data []byte) []byte {
	out := slices.Clone(data)
	comma := -1 // the last one, if only space is behind it
	for i := 0; i < len(out); i++ {
		next := byte(0)
		if i+1 < len(out) {
			next = out[i+1]
		}
		switch c := out[i]; {
		case c == '"':
			comma = -1
			start := i
			for i++; i < len(out) && out[i] != '"'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
			respell(out[start:min(i+1, len(out))])
		case c == '/' && (next == '/' || next == '*'):
			i = blank(out, i, next == '*')
		case c == ',':
			comma = i
		case (c == '}' || c == ']') && comma >= 0:
			out[comma], comma = ' ', -1
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			comma = -1
		}
	}
	return out
}

// respell writes a string without the escapes that YAML does not have, and spaces behind it.
func respell(written []byte) {
	var text string
	if !strings.Contains(string(written), `\`) || json.Unmarshal(written, &text) != nil {
		return
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(text) != nil {
		return
	}
	if spelled := strings.TrimSuffix(b.String(), "\n"); len(spelled) <= len(written) {
		copy(written, spelled+strings.Repeat(" ", len(written)-len(spelled)))
	}
}

// blank puts spaces in the place of a comment and returns the offset of its last byte.
func blank(out []byte, from int, block bool) int {
	end := from + 1
	for ; end+1 < len(out); end++ {
		if !block && out[end+1] == '\n' || block && end > from+2 && out[end-1] == '*' && out[end] == '/' {
			break
		}
	}
	for i := from; i <= end; i++ {
		if out[i] != '\n' && out[i] != '\r' {
			out[i] = ' '
		}
	}
	return end
}
