// Package yamlpath finds where the values of a YAML document stand.
package yamlpath

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
)

// Documents reads the documents of a YAML file, as trees with positions, whose columns count bytes. Nothing is
// expanded.
func Documents(data []byte) ([]*yaml.Node, error) {
	columns := newByteColumns(data)
	values := 0
	for _, c := range data {
		if c == ',' || c == ':' || c == '\n' || c == '[' || c == '{' || c == '-' || c == '?' {
			values++
		}
	}
	if values > mostValues {
		return nil, ErrTooDeep
	}
	decoder := yaml.NewDecoder(reader(data))
	var all []*yaml.Node
	for {
		var document yaml.Node
		err := decode(decoder, &document)
		switch {
		case errors.Is(err, errEnd):
			return all, nil
		case err != nil:
			return all, err
		case depths{}.of(&document, 0) > deepestNesting:
			return all, ErrTooDeep
		case len(document.Content) > 0:
			decodeBinary(document.Content[0])
			columns.convert(document.Content[0])
			all = append(all, document.Content[0])
		}
	}
}

// ErrTooDeep says that a document is nested deeper than podlint follows it, or has more values.
var ErrTooDeep = fmt.Errorf("yaml: nested deeper than %d levels, or in itself, or of more than %d values",
	deepestNesting, mostValues)

// mostValues is how many values a file may have, by what stands between them: each takes some hundred bytes of memory.
const mostValues = 2_000_000

// decodeBinary puts what it says in place of each scalar that is written in base64 (!!binary), keys among them, as
// decoding into a value does.
func decodeBinary(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!binary" {
		if data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(node.Value), "")); err == nil {
			node.Value, node.Tag = string(data), "!!str"
		}
	}
	for _, child := range node.Content {
		decodeBinary(child)
	}
}

// deepestNesting is how deep a document may be: some readers take time that grows with the square of it, or worse.
const deepestNesting = 100

// depths counts how deep nodes go, aliases followed: each is asked once.
type depths map[*yaml.Node]int

// underWay marks a node whose depth is being counted: meeting it again is a circle, over which compose's library would
// run out of stack.
const underWay = -1

// of returns how deep a node goes, more than deepestNesting for one that contains itself.
func (d depths) of(node *yaml.Node, from int) int {
	if known, ok := d[node]; ok && known != underWay {
		return known
	} else if ok || from > deepestNesting {
		return deepestNesting + 1
	}
	d[node] = underWay
	deepest := 0
	if node.Alias != nil {
		deepest = d.of(node.Alias, from+1)
	}
	for _, child := range node.Content {
		deepest = max(deepest, 1+d.of(child, from+1))
	}
	d[node] = deepest
	return deepest
}

// Get returns the value at a path of keys (strings) and indices (ints), and nil where there is none. Aliases are
// followed and "<<" is read as a merge.
func Get(node *yaml.Node, path ...any) *yaml.Node {
	value, _ := find(node, path, 0)
	return value
}

// At returns where the value at a path stands: its key where it has one, else the value itself; false where there is
// none.
func At(file string, node *yaml.Node, path ...any) (podman.Origin, bool) {
	value, key := find(node, path, 0)
	if value == nil {
		return podman.Origin{}, false
	}
	if key == nil {
		key = value
	}
	return podman.Origin{File: file, Line: key.Line, Column: key.Column, Field: name(path)}, true
}

// Origin returns where a node stands.
func Origin(file string, node *yaml.Node) podman.Origin {
	return podman.Origin{File: file, Line: node.Line, Column: node.Column}
}

func name(path []any) string {
	s := ""
	for _, p := range path {
		switch p := p.(type) {
		case string:
			if s != "" {
				s += "."
			}
			s += p
		case int:
			s += "[" + strconv.Itoa(p) + "]"
		}
	}
	return s
}

// deepest is how many aliases and merges are followed one after the other.
const deepest = 50

func find(node *yaml.Node, path []any, depth int) (value, key *yaml.Node) {
	for node != nil && node.Kind == yaml.AliasNode && depth < deepest {
		node, depth = node.Alias, depth+1
	}
	if node == nil || depth >= deepest {
		return nil, nil
	}
	if len(path) == 0 {
		return node, nil
	}
	switch p := path[0].(type) {
	case string:
		if node.Kind == yaml.MappingNode {
			return findKey(node, p, path[1:], depth)
		}
	case int:
		if node.Kind == yaml.SequenceNode && p >= 0 && p < len(node.Content) {
			return find(node.Content[p], path[1:], depth+1)
		}
	}
	return nil, nil
}

// findKey finds the value of a mapping's key, or what is below it: its own, or that of a mapping that it merges in.
func findKey(node *yaml.Node, name string, rest []any, depth int) (value, key *yaml.Node) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		switch node.Content[i].Value {
		case name:
			value, key = find(node.Content[i+1], rest, depth+1)
			if len(rest) == 0 && value != nil {
				key = node.Content[i]
			}
			return value, key
		case "<<":
			if m := node.Content[i+1]; m.Kind == yaml.SequenceNode {
				merged = append(merged, m.Content...)
			} else {
				merged = append(merged, m)
			}
		}
	}
	for _, m := range merged {
		if value, key = find(m, append([]any{name}, rest...), depth+1); value != nil {
			return value, key
		}
	}
	return nil, nil
}

// Within returns where a byte of a scalar's value stands in the file, whose lines are given, by its 1-based line and
// column in the value. Only of a literal block is it told exactly.
func Within(node *yaml.Node, lines []string) func(line, column int) (int, int) {
	if node.Style&yaml.LiteralStyle == 0 {
		quote := 0
		if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			quote = 1
		}
		return func(line, column int) (int, int) {
			if line > 1 || node.Style&yaml.FoldedStyle != 0 {
				return node.Line, node.Column
			}
			return node.Line, node.Column + column - 1 + quote
		}
	}
	indent := 0
	for _, line := range lines[min(node.Line, len(lines)):] {
		if trimmed := strings.TrimLeft(line, " "); trimmed != "" && trimmed != "\r" {
			indent = len(line) - len(trimmed)
			break
		}
	}
	return func(line, column int) (int, int) { return node.Line + line, indent + column }
}

// Field is an entry of a mapping.
type Field struct {
	Key, Value *yaml.Node
}

// Fields returns the entries of a mapping, those that it merges in (<<) behind its own, each key once. Aliases are
// followed.
func Fields(m *yaml.Node) []Field {
	var list []Field
	seen := map[string]bool{}
	var collect func(m *yaml.Node, depth int)
	collect = func(m *yaml.Node, depth int) {
		m = Resolve(m)
		if m == nil || m.Kind != yaml.MappingNode || depth > deepest {
			return
		}
		var merged []*yaml.Node
		for i := 0; i+1 < len(m.Content); i += 2 {
			key, value := m.Content[i], Resolve(m.Content[i+1])
			switch {
			case key.Value == "<<" && value != nil && value.Kind == yaml.SequenceNode:
				merged = append(merged, value.Content...)
			case key.Value == "<<":
				merged = append(merged, value)
			case !seen[key.Value]:
				seen[key.Value] = true
				list = append(list, Field{key, value})
			}
		}
		for _, other := range merged {
			collect(other, depth+1)
		}
	}
	collect(m, 0)
	return list
}

// Resolve follows aliases, to nil where there are too many.
func Resolve(n *yaml.Node) *yaml.Node {
	for range deepest {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

var atLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\n\s*)?(?:line (\d+): )?`)

// Problem returns an error of the YAML reader with its line.
func Problem(file string, err error) podman.Problem {
	message := err.Error()
	origin := podman.Origin{File: file}
	if m := atLine.FindStringSubmatch(message); m != nil {
		origin.Line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	return podman.Problem{Origin: origin, Message: fmt.Sprintf("this is no YAML: %s", message)}
}
