package command

import (
	"regexp"
	"strings"

	"github.com/podlint/podlint/podman/yamlpath"
	"go.yaml.in/yaml/v3"
)

// taskfileName is how a file of Task's is called (taskfile.dev, "Supported file names").
var taskfileName = regexp.MustCompile(`(?i)^taskfile(\.dist)?\.ya?ml$`)

// IsTaskfile reports whether a file of a name is one of Task's.
func IsTaskfile(name string) bool { return taskfileName.MatchString(name) }

// InTaskfile returns the shell scripts in a file of Task's. Its variables that are assigned once, and are text, are
// what they are assigned.
func InTaskfile(file, text string, document *yaml.Node) []Script {
	t := &templates{variables: map[string][]assigned{}}
	t.expand = func(l *layout, text string, from, _ int) { l.add(text, from, true) }
	collectVariables(t, document, 0)
	lines := strings.Split(text, "\n")
	var found []Script
	keep := func(node *yaml.Node) {
		l := &layout{}
		t.braces(l, node.Value, 0, "", func(expression string) string {
			name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(strings.Trim(expression, "-")), "."), " ")
			return name
		})
		if MentionsPodman(l.text.String()) {
			found = append(found, l.script(file, lineOffsets(node.Value), yamlpath.Within(node, lines)))
		}
	}
	var commands func(node *yaml.Node, depth int)
	commands = func(node *yaml.Node, depth int) {
		switch {
		case depth > deepestYAML:
		case node.Kind == yaml.ScalarNode:
			keep(node)
		case node.Kind == yaml.SequenceNode:
			for _, child := range node.Content {
				commands(child, depth+1)
			}
		case node.Kind == yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				switch node.Content[i].Value {
				case "cmd", "cmds", "defer", "sh", "status", "preconditions":
					commands(node.Content[i+1], depth+1)
				}
			}
		}
	}
	tasks := valueOf(document, "tasks")
	if tasks == nil || tasks.Kind != yaml.MappingNode {
		return nil
	}
	for i := 1; i < len(tasks.Content); i += 2 {
		commands(tasks.Content[i], 0)
	}
	return found
}

// deepestYAML is how deep YAML is followed.
const deepestYAML = 200

// valueOf returns the value of a key of a mapping, nil for none.
func valueOf(node *yaml.Node, key string) *yaml.Node {
	if node != nil && node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			value := node.Content[i+1]
			if value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			return value
		}
	}
	return nil
}

// collectVariables finds what is assigned below vars, wherever that is.
func collectVariables(t *templates, node *yaml.Node, depth int) {
	if depth > deepestYAML {
		return
	}
	if node.Kind == yaml.MappingNode {
		if vars := valueOf(node, "vars"); vars != nil && vars.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(vars.Content); i += 2 {
				name, value := vars.Content[i].Value, vars.Content[i+1]
				a := assigned{text: value.Value, from: nowhere,
					opaque: value.Kind != yaml.ScalarNode || strings.Contains(value.Value, "{{")}
				if sh := valueOf(value, "sh"); sh != nil {
					a.text = sh.Value
				}
				t.variables[name] = append(t.variables[name], a)
			}
		}
	}
	for _, child := range node.Content {
		collectVariables(t, child, depth+1)
	}
}
