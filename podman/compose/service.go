package compose

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
)

// layer is what one file says of a service.
type layer struct {
	file string
	// dir is the directory that paths in it are relative to.
	dir  string
	node *yaml.Node
	// environment fills in its variables.
	environment map[string]string
}

// origin is the place of a node.
func (l *layer) origin(n *yaml.Node) podman.Origin {
	return podman.Origin{File: l.file, Line: n.Line, Column: n.Column}
}

// value reads a scalar that stands at a node.
func (l *layer) value(n, at *yaml.Node) value {
	text, unknown, unless := interpolate(n.Value, l.environment)
	v := value{text, unknown, l.origin(at)}
	v.origin.Unless = strings.Join(unless, ", ")
	return v
}

// service is a service with its layers, what counts least first.
type service struct {
	project *project
	name    string
	layers  []*layer
	// wrong is what is wrong with it, the first of all.
	wrong *podman.Problem
}

// placed is a node with the layer that it is in, and with where it stands: its key, where it has one.
type placed struct {
	*layer
	node, at *yaml.Node
}

// fail notes what is wrong with the service.
func (s *service) fail(at placed, format string, args ...any) {
	if s.wrong == nil {
		s.wrong = &podman.Problem{Origin: at.origin(at.at),
			Message: fmt.Sprintf("service %s: ", s.name) + fmt.Sprintf(format, args...)}
	}
}

// place returns where the service stands in the layer that counts most.
func (s *service) place() podman.Origin {
	l := s.layers[len(s.layers)-1]
	return l.origin(l.node)
}

// find returns what the layers say at a path of keys. A layer may take back what those before it say (!reset), or stand
// in its place (!override).
func (s *service) find(keys ...string) []placed {
	var list []placed
	for _, l := range s.layers {
		at := placed{l, l.node, l.node}
		ok := true
		for _, key := range keys {
			var f field
			if f, ok = below(at.node, key); !ok {
				break
			}
			at = placed{l, f.value, f.key}
			if f.value.Tag == "!reset" || f.value.Tag == "!override" {
				list = nil
			}
		}
		if ok && !isNull(at.node) && at.node.Tag != "!reset" {
			list = append(list, at)
		}
	}
	return list
}

// scalar returns a single value, that of the layer that counts most; false where none says it.
func (s *service) scalar(keys ...string) (value, bool) {
	list := s.find(keys...)
	if len(list) == 0 {
		return value{}, false
	}
	at := list[len(list)-1]
	if at.node.Kind != yaml.ScalarNode {
		s.fail(at, "%s is a single value", strings.Join(keys, "."))
		return value{}, false
	}
	return at.value(at.node, at.at), true
}

// items returns the items of a list, those of all layers. A scalar stands for a list of one.
func (s *service) items(keys ...string) []placed {
	var items []placed
	for _, at := range s.find(keys...) {
		items = append(items, s.itemsOf(at, strings.Join(keys, "."))...)
	}
	return items
}

func (s *service) itemsOf(at placed, what string) []placed {
	switch at.node.Kind {
	case yaml.SequenceNode:
		var items []placed
		for _, item := range at.node.Content {
			if n := resolved(item); !isNull(n) {
				items = append(items, placed{at.layer, n, item})
			}
		}
		return items
	case yaml.ScalarNode:
		return []placed{at}
	default:
		s.fail(at, "%s is a list", what)
		return nil
	}
}

// texts returns the items of a list of scalars.
func (s *service) texts(keys ...string) []value {
	var list []value
	for _, item := range s.items(keys...) {
		if item.node.Kind != yaml.ScalarNode {
			s.fail(item, "an item of %s is a single value", strings.Join(keys, "."))
			continue
		}
		list = append(list, item.value(item.node, item.at))
	}
	return list
}

// pair is an entry of a mapping of names, or of a list of NAME=VALUE.
type pair struct {
	name  string
	value value
	// given is set where there is a value, even an empty one.
	given bool
}

// pairs returns the entries of a mapping, or of a list of NAME=VALUE, by their names. The last layer's count.
func (s *service) pairs(keys ...string) []pair {
	byName := map[string]pair{}
	for _, at := range s.find(keys...) {
		for _, p := range s.pairsOf(at, strings.Join(keys, ".")) {
			byName[p.name] = p
		}
	}
	list := make([]pair, 0, len(byName))
	for _, p := range byName {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return list
}

func (s *service) pairsOf(at placed, what string) []pair {
	var list []pair
	if at.node.Kind == yaml.MappingNode {
		for _, f := range fields(at.node) {
			if f.value.Kind != yaml.ScalarNode {
				s.fail(placed{at.layer, f.value, f.key}, "%s.%s is a single value", what, f.key.Value)
				continue
			}
			list = append(list, pair{f.key.Value, at.value(f.value, f.key), !isNull(f.value)})
		}
		return list
	}
	for _, item := range s.itemsOf(at, what) {
		if item.node.Kind != yaml.ScalarNode {
			s.fail(item, "an item of %s is NAME=VALUE", what)
			continue
		}
		v := item.value(item.node, item.at)
		name, text, given := strings.Cut(v.text, "=")
		v.text = text
		list = append(list, pair{name, v, given})
	}
	return list
}
