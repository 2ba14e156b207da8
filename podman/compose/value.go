package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/yamlpath"
)

// value is a scalar of a compose file with its variables filled in as far as they are known.
type value struct {
	text string
	// unknown is set where a variable without a default is not set: what the environment has for it nobody knows.
	unknown bool
	origin  podman.Origin
}

// word returns a value as a word of a command line.
func (v value) word() command.Word {
	return command.Word{Text: v.text, Unknown: v.unknown, Origin: v.origin}
}

// interpolate fills in the variables of a text from an environment. A default counts where the variable is not set, and
// the variables that could take its place are returned. One without a default stays as it was written.
func interpolate(text string, environment map[string]string) (out string, unknown bool, unless []string) {
	if !strings.Contains(text, "$") {
		return text, false, nil
	}
	out, err := template.SubstituteWithOptions(text, func(name string) (string, bool) {
		if value, ok := environment[name]; ok {
			return value, true
		}
		if hasAlternative(text, name) {
			unless = append(unless, name)
			return "", false
		}
		unknown = true
		return "${" + name + "}", true
	}, template.WithoutLogging)
	if err != nil {
		return text, true, nil
	}
	return out, unknown, unless
}

// hasAlternative reports whether a text says what stands for a variable that is not set: ${NAME:-default},
// ${NAME-default}, and ${NAME:+other} or ${NAME+other}, which is nothing then.
func hasAlternative(text, name string) bool {
	for _, operator := range []string{":-", "-", ":+", "+"} {
		if strings.Contains(text, "${"+name+operator) {
			return true
		}
	}
	return false
}

// field is an entry of a mapping.
type field struct {
	key, value *yaml.Node
}

// fields returns the entries of a mapping, those that it merges in (<<) behind its own, each key once.
func fields(m *yaml.Node) []field {
	var list []field
	for _, f := range yamlpath.Fields(m) {
		list = append(list, field{f.Key, f.Value})
	}
	return list
}

// deepest is how many services that extend one another are followed.
const deepest = 20

// resolved follows aliases.
func resolved(n *yaml.Node) *yaml.Node { return yamlpath.Resolve(n) }

// below returns the entry of a mapping with a key.
func below(m *yaml.Node, key string) (field, bool) {
	for _, f := range fields(m) {
		if f.key.Value == key {
			return f, true
		}
	}
	return field{}, false
}

func isNull(n *yaml.Node) bool { return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
