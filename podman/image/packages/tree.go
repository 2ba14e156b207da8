package packages

import (
	"archive/tar"
	"path"
	"strings"
)

// node is a path of the merged image.
type node struct {
	entry    *entry // nil for a directory that no layer names
	children map[string]*node
}

// find returns the node of a path without following links, nil for none.
func (n *node) find(name string) *node {
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		if part == "" {
			continue
		}
		if n = n.children[part]; n == nil {
			return nil
		}
	}
	return n
}

// remove takes a path away with all below.
func (n *node) remove(name string) {
	if parent := n.find(path.Dir(name)); parent != nil {
		delete(parent.children, path.Base(name))
	}
}

// insert puts an entry in its place. A parent that is a lower layer's link or file becomes a directory, as unpacking
// makes one; a link of the same layer is followed.
func (n *node) insert(e *entry) {
	at, parts := n, strings.Split(strings.Trim(e.path, "/"), "/")
	for _, part := range parts[:len(parts)-1] {
		next := at.children[part]
		if next != nil && next.entry != nil && next.entry.kind == tar.TypeSymlink && next.entry.layer == e.layer {
			if led, _ := n.resolve(next.entry.path); led != nil {
				next = led
			}
		}
		if next == nil || next.entry != nil && next.entry.kind != tar.TypeDir {
			next = &node{}
			at.put(part, next)
		}
		at = next
	}
	last := parts[len(parts)-1]
	if last == "" { // the root itself
		n.entry = e
		return
	}
	next := at.children[last]
	if next == nil || e.kind != tar.TypeDir || next.entry != nil && next.entry.kind != tar.TypeDir {
		next = &node{}
	}
	next.entry = e
	at.put(last, next)
}

func (n *node) put(name string, child *node) {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	n.children[name] = child
}

// resolve follows the links of a path. It returns the node, and the path that it has; nil where nothing is there.
func (n *node) resolve(name string) (found *node, canonical string) {
	const mostLinks = 40
	parts := strings.Split(strings.Trim(path.Clean("/"+name), "/"), "/")
	at, where := n, []string{}
	trail := []*node{n}
	for links := 0; len(parts) > 0; {
		part := parts[0]
		parts = parts[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if len(where) > 0 {
				where, trail = where[:len(where)-1], trail[:len(trail)-1]
				at = trail[len(trail)-1]
			}
			continue
		}
		next := at.children[part]
		if next == nil {
			return nil, "/" + strings.Join(append(append(where, part), parts...), "/")
		}
		if next.entry != nil && next.entry.kind == tar.TypeSymlink {
			if links++; links > mostLinks || len(parts) > 1000 {
				return nil, ""
			}
			if path.IsAbs(next.entry.target) {
				at, where, trail = n, where[:0], trail[:1]
			}
			parts = append(strings.Split(next.entry.target, "/"), parts...)
			continue
		}
		at, where, trail = next, append(where, part), append(trail, next)
	}
	return at, "/" + strings.Join(where, "/")
}

// walk visits the nodes that an entry names.
func (n *node) walk(name string, visit func(name string, n *node)) {
	for part, child := range n.children {
		full := name + "/" + part
		if child.entry != nil {
			visit(full, child)
		}
		child.walk(full, visit)
	}
}
