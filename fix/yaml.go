package fix

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
	"github.com/podlint/podlint/rules"
)

// yamlFile edits Kubernetes YAML or a compose file. The text is edited where the nodes stand, so that comments, order
// and spelling stay as they are; what is written in one line (`{a: b}`) is left.
func yamlFile(path string, text []byte, findings []*rules.Finding) Outcome {
	out := Outcome{After: text}
	y := &yamlText{text: text, wrote: map[string]string{}}
	for line := range lineOf(text, len(text)) {
		y.lines = append(y.lines, line+1)
	}
	if bytes.ContainsAny(text, "\u0085\u2028\u2029") ||
		bytes.Count(text, []byte("\r")) != bytes.Count(text, []byte("\r\n")) {
		for _, f := range findings { // YAML counts these as ends of lines too
			out.Left = append(out.Left, Left{f, needsChoice + "the file has unusual line breaks"})
		}
		return out
	}
	for _, f := range findings {
		before := *y
		before.lines, before.wrote = slices.Clone(y.lines), maps.Clone(y.wrote)
		done, why := y.end(path, f)
		if why != "" {
			*y = before
			out.Left = append(out.Left, Left{f, why})
			continue
		}
		out.Done = append(out.Done, done)
	}
	out.After = y.text
	return out
}

// end ends one finding. Where it returns why not, what it has changed must be taken back.
func (y *yamlText) end(path string, f *rules.Finding) (Done, string) {
	done := Done{Finding: f}
	changes := slices.Concat(f.Fix.Changes, f.Fix.Replacement)
	byName := f.Fix.Of == "cap-add" && f.Fix.Part != ""
	if !f.Fix.Drop && len(changes) == 0 || f.Fix.Part != "" && !byName {
		return done, needsChoice + f.Fix.Summary
	}
	if !y.read() {
		return done, "the YAML cannot be read any more"
	}
	if f.Definition.Syntax == podman.SyntaxKube && f.Rule.Kind == rules.FixSecret && len(changes) > 0 {
		return y.secretRef(path, f)
	}
	if f.Fix.Drop {
		var why string
		if byName {
			done.Dropped, why = y.dropCapability(f)
		} else {
			done.Dropped, why = y.dropAll(path, f)
		}
		if why != "" {
			return done, why
		}
		if len(done.Dropped) == 0 && len(changes) == 0 {
			return done, "what sets it is not found"
		}
	}
	for _, c := range changes {
		settings, byHand := c.Settings(f.Definition.Syntax)
		if len(settings) == 0 || byHand {
			return done, needsChoice + "where the container stands its YAML has no word for " + c.Flag
		}
		any := false
		for _, s := range settings {
			wrote, why := y.give(f.Definition.Origin, s)
			if why != "" {
				return done, why
			}
			any = any || wrote
		}
		if any {
			done.Words = append(done.Words, c.In(f.Definition.Syntax, ""))
		}
	}
	return done, ""
}

// dropAll takes away what a finding's evidence rests on.
func (y *yamlText) dropAll(path string, f *rules.Finding) (all []string, why string) {
	container := f.Definition.Origin
	for _, e := range f.Evidence {
		if e.Origin.File != path || e.Origin.Line == 0 ||
			e.Origin.Line == container.Line && e.Origin.Column == container.Column {
			continue
		}
		dropped, why := y.drop(y.now(e.Origin.Line), e.Origin.Column)
		if why != "" {
			return nil, why
		}
		all = append(all, dropped)
		if !y.read() {
			return nil, needsChoice + f.Fix.Summary
		}
	}
	return all, ""
}

// dropCapability takes a capability out of the list of those that are added.
func (y *yamlText) dropCapability(f *rules.Finding) (dropped []string, why string) {
	settings, _ := rules.Change{Flag: "--cap-add=" + f.Fix.Part}.Settings(f.Definition.Syntax)
	var keys []any
	for _, key := range settings[0].Keys {
		keys = append(keys, key)
	}
	list := yamlpath.Get(y.mapping(y.now(f.Definition.Origin.Line), f.Definition.Origin.Column), keys...)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil, "what sets it is not found in the YAML"
	}
	for _, item := range list.Content {
		if podman.Capability(item.Value) == podman.Capability(f.Fix.Part) {
			if _, why := y.drop(item.Line, item.Column); why != "" {
				return nil, why
			}
			break
		}
	}
	if !y.read() {
		return nil, "the edit would break the YAML"
	}
	return []string{f.Fix.Part}, ""
}

// give gives the container that stands at a place a setting, and reports whether it had to be written.
func (y *yamlText) give(place podman.Origin, s rules.Setting) (wrote bool, why string) {
	m := y.mapping(y.now(place.Line), place.Column)
	switch {
	case m != nil && (s.OfPod || s.OfObject):
		m = y.pod(m, s.OfObject)
	case m != nil && s.OfFile:
		m = y.top(m)
	}
	if m == nil {
		return false, "the container is not found in the YAML"
	}
	if !s.List {
		path := fmt.Sprint(place.Line, ":", place.Column, " ", strings.Join(s.Keys, "."))
		if other, ok := y.wrote[path]; ok && other != s.Value {
			return false, "it conflicts with " + other + ", which another finding needs"
		}
		y.wrote[path] = s.Value
	}
	wrote, why = y.set(m, s)
	if why == "" && !y.read() {
		why = "the edit would break the YAML"
	}
	return wrote, why
}

// yamlText is a text with its nodes.
type yamlText struct {
	text  []byte
	roots []*yaml.Node
	// wrote holds the values that findings have set, by container and path.
	wrote map[string]string
	// lines holds, for each line of the text as it is now, which one it was at first, 0 for one that is new.
	lines []int
}

// read reads the text anew and reports whether it is YAML.
func (y *yamlText) read() bool {
	var err error
	y.roots, err = yamlpath.Documents(y.text)
	return err == nil
}

// now returns where a line of the first text stands now, 0 where it is gone.
func (y *yamlText) now(line int) int { return slices.Index(y.lines, line) + 1 }

// edit replaces bytes. Lines go and come as a whole, or a piece of one line is replaced by one of one line.
func (y *yamlText) edit(from, to int, text string) {
	first := lineOf(y.text, from)
	gone, come := bytes.Count(y.text[from:to], []byte("\n")), strings.Count(text, "\n")
	y.lines = slices.Concat(y.lines[:first-1], make([]int, come), y.lines[first-1+gone:])
	y.text, _ = apply(y.text, []edit{{from, to, text}}) // one edit does not overlap
}

// mapping returns the mapping that stands at a place.
func (y *yamlText) mapping(line, column int) *yaml.Node {
	var found, below *yaml.Node
	y.walk(func(n, _ *yaml.Node, _ int) {
		if n.Kind != yaml.MappingNode {
			return
		}
		if n.Line == line && n.Column == column {
			found = n
		}
		// The place may be that of the key that the mapping is the value of; the mapping that begins with this key is
		// another.
		for i := 0; i+1 < len(n.Content); i += 2 {
			if k := n.Content[i]; k.Line == line && k.Column == column && n.Content[i+1].Kind == yaml.MappingNode {
				below = n.Content[i+1]
			}
		}
	})
	if below != nil {
		return below
	}
	return found
}

// pod returns the mapping of the pod, or of the template of one, that a container belongs to: the one whose spec has
// it. With object it is the object that makes the pod.
func (y *yamlText) pod(container *yaml.Node, object bool) *yaml.Node {
	var outermost *yaml.Node
	for n := range y.upwards(container) {
		if n.Kind != yaml.MappingNode || n == container {
			continue
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "spec" {
				outermost = n
			}
		}
		if outermost != nil && !object {
			break
		}
	}
	return outermost
}

// top returns the mapping of the document that a mapping is in.
func (y *yamlText) top(inner *yaml.Node) *yaml.Node {
	var top *yaml.Node
	for n := range y.upwards(inner) {
		if n.Kind == yaml.MappingNode {
			top = n
		}
	}
	return top
}

// upwards goes from a node to those that it is in, up to the document.
func (y *yamlText) upwards(from *yaml.Node) iter.Seq[*yaml.Node] {
	parents := map[*yaml.Node]*yaml.Node{}
	y.walk(func(n, parent *yaml.Node, _ int) { parents[n] = parent })
	return func(yield func(*yaml.Node) bool) {
		for n := from; n != nil && yield(n); n = parents[n] {
		}
	}
}

// walk visits every node with its parent and its index there.
func (y *yamlText) walk(visit func(n, parent *yaml.Node, index int)) {
	var down func(n, parent *yaml.Node, index int)
	down = func(n, parent *yaml.Node, index int) {
		visit(n, parent, index)
		for i, child := range n.Content {
			down(child, n, i)
		}
	}
	for _, root := range y.roots {
		down(root, nil, 0)
	}
}

const inOneLine = "it is written in one line: change it by hand"

// set gives a mapping a setting and reports whether it had to be written.
func (y *yamlText) set(m *yaml.Node, s rules.Setting) (wrote bool, why string) {
	below := s
	below.Keys = s.Keys[1:]
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, child := m.Content[i], m.Content[i+1]
		if key.Value != s.Keys[0] {
			continue
		}
		last := len(below.Keys) == 0
		switch {
		case !last && child.Kind == yaml.MappingNode:
			return y.set(child, below)
		case !last && child.Tag == "!!null":
			return y.insert(m, i, below, m.Column+1)
		case !last:
			return false, needsYAML(key)
		case s.List && child.Kind == yaml.SequenceNode:
			return y.append(child, s.Value)
		case s.List:
			return false, needsYAML(key)
		case child.Kind == yaml.ScalarNode && child.Value == strings.Trim(s.Value, `"`):
			return false, ""
		case child.Kind == yaml.ScalarNode && child.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0:
			why = y.replace(child, s.Value)
			return why == "", why
		}
		return false, needsYAML(key)
	}
	if m.Style&yaml.FlowStyle != 0 {
		return y.insertInline(m, s)
	}
	return y.insert(m, -1, s, m.Column-1)
}

// insertInline puts a setting at the beginning of a mapping in braces.
func (y *yamlText) insertInline(m *yaml.Node, s rules.Setting) (wrote bool, why string) {
	at := offsetOf(y.text, m.Line, m.Column)
	for at < len(y.text) && y.text[at] != '{' && y.text[at] != '\n' { // an anchor stands before it
		at++
	}
	if at == len(y.text) || y.text[at] != '{' {
		return false, inOneLine
	}
	text := s.Flow()
	if len(m.Content) > 0 {
		text += ", "
	}
	y.edit(at+1, at+1, text)
	return true, ""
}

func needsYAML(key *yaml.Node) string {
	return needsChoice + key.Value + " is something else than podlint can edit"
}

// nested writes a setting with a line for each key, indented by so many columns.
func nested(s rules.Setting, indent int) string {
	var b strings.Builder
	for i, k := range s.Keys {
		b.WriteString(strings.Repeat(" ", indent+2*i) + k + ":")
		switch {
		case i < len(s.Keys)-1:
			b.WriteString("\n")
		case s.List:
			b.WriteString(" [" + s.Value + "]\n")
		default:
			b.WriteString(" " + s.Value + "\n")
		}
	}
	return b.String()
}

// insert puts a setting behind an entry of a mapping that stands in one line: the one with the given index, or the
// first such; or else before the first entry.
func (y *yamlText) insert(m *yaml.Node, entry int, s rules.Setting, indent int) (wrote bool, why string) {
	lines := nested(s, indent)
	for i := 0; i+1 < len(m.Content); i += 2 {
		if entry >= 0 && i != entry || !endIsCertain(m.Content[i], m.Content[i+1], entry >= 0) {
			continue
		}
		at := offsetOf(y.text, max(lastLine(m.Content[i+1]), m.Content[i].Line)+1, 1)
		if at > 0 && y.text[at-1] != '\n' {
			return false, needsChoice + "the file's last line does not end"
		}
		y.edit(at, at, lines)
		return true, ""
	}
	if first := m.Content[0]; entry < 0 && first.Line > 0 {
		at := offsetOf(y.text, first.Line, 1)
		// it begins its line: not behind a dash
		if len(bytes.TrimSpace(y.text[at:offsetOf(y.text, first.Line, first.Column)])) == 0 {
			y.edit(at, at, lines)
			return true, ""
		}
	}
	return false, needsChoice + "there is no line behind which " + s.Flow() + " could be put"
}

// endIsCertain reports whether it is certain where an entry ends, so that something can be put behind it. A block's
// end is not where comments follow, unless the entry is the one that was asked for.
func endIsCertain(key, value *yaml.Node, asked bool) bool {
	last := lastLine(value)
	if value.Kind != yaml.ScalarNode {
		return last > 0 && asked
	}
	block := value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	return last > 0 && !block && (value.Line == key.Line || value.Value == "")
}

// lastLine returns the last line of a node, 0 where it cannot be told.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, child := range n.Content {
		l := lastLine(child)
		if l == 0 {
			return 0
		}
		last = max(last, l)
	}
	if n.Kind == yaml.ScalarNode {
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || n.Style == 0 && strings.Contains(n.Value, "\n") {
			return 0
		}
		last += strings.Count(n.Value, "\n")
	}
	return last
}

// append adds an item to a list.
func (y *yamlText) append(list *yaml.Node, value string) (wrote bool, why string) {
	bare := strings.Trim(value, `"`)
	for _, item := range list.Content {
		if strings.EqualFold(item.Value, bare) {
			return false, ""
		}
	}
	if list.Style&yaml.FlowStyle != 0 {
		start := offsetOf(y.text, list.Line, list.Column)
		end := bytes.IndexByte(y.text[start:], ']')
		if end < 0 || bytes.ContainsAny(y.text[start:start+end], "#\n") {
			return false, inOneLine
		}
		separator := ", "
		if len(list.Content) == 0 {
			separator = ""
		}
		y.edit(start+end, start+end, separator+value)
		return true, ""
	}
	if len(list.Content) == 0 {
		return false, inOneLine
	}
	last := lastLine(list)
	if last == 0 {
		return false, needsChoice + "the list's end is not certain"
	}
	dash := bytes.LastIndexByte(y.text[:offsetOf(y.text, list.Content[0].Line, list.Content[0].Column)], '-')
	indent := dash - offsetOf(y.text, list.Content[0].Line, 1)
	at := offsetOf(y.text, last+1, 1)
	text := strings.Repeat(" ", max(indent, 0)) + "- " + value + "\n"
	if at > 0 && y.text[at-1] != '\n' {
		return false, needsChoice + "the file's last line does not end"
	}
	y.edit(at, at, text)
	return true, ""
}

// replace puts a scalar in place of another.
func (y *yamlText) replace(n *yaml.Node, value string) (why string) {
	from, to, ok := y.scalar(n)
	if !ok {
		return needsChoice + n.Value + " stands in a way that podlint cannot edit"
	}
	y.edit(from, to, value)
	return ""
}

// scalar returns where a scalar of one line stands.
func (y *yamlText) scalar(n *yaml.Node) (from, to int, ok bool) {
	from = offsetOf(y.text, n.Line, n.Column)
	rest := y.text[from:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0 && len(rest) > 1:
		end := bytes.IndexByte(rest[1:], '"')
		return from, from + end + 2, end >= 0 && !bytes.Contains(rest[1:end+1], []byte(`\`))
	case n.Style&yaml.SingleQuotedStyle != 0 && len(rest) > 1:
		end := bytes.IndexByte(rest[1:], '\'')
		return from, from + end + 2, end >= 0
	default:
		return from, from + len(n.Value), bytes.HasPrefix(rest, []byte(n.Value))
	}
}

// drop takes away what stands at a place: an item of a list, an entry of a mapping; of a switch that is true it makes
// false.
func (y *yamlText) drop(line, column int) (what, why string) {
	node, parent, index := y.at(line, column)
	switch {
	case node == nil || parent.Kind != yaml.MappingNode && parent.Kind != yaml.SequenceNode:
		return "", "what sets it is not found in the YAML"
	case parent.Kind == yaml.MappingNode:
		return y.dropEntry(parent, index-index%2)
	case parent.Style&yaml.FlowStyle != 0:
		return "", inOneLine
	case len(parent.Content) > 1:
		return "an item", y.cut(node.Line, node)
	}
	// The only item: the list goes with it.
	var key *yaml.Node
	y.walk(func(n, p *yaml.Node, i int) {
		if n == parent && p != nil && p.Kind == yaml.MappingNode && i%2 == 1 && len(p.Content) > 2 {
			key = p.Content[i-1]
		}
	})
	if key == nil {
		return "", needsChoice + "it is all that stands there"
	}
	return key.Value, y.cut(key.Line, node)
}

// at returns the node of a setting that stands at a place, with what it is in. At one place there may begin an item of
// a list, the mapping that it is, and that mapping's first key. A setting that is a key of its own is a scalar, a
// mount or a port an item.
func (y *yamlText) at(line, column int) (node, parent *yaml.Node, index int) {
	y.walk(func(n, p *yaml.Node, i int) {
		if p == nil || n.Line != line || n.Column != column {
			return
		}
		item := p.Kind == yaml.SequenceNode && !isContainer(n)
		key := p.Kind == yaml.MappingNode && n.Kind == yaml.ScalarNode
		if item && node == nil || key && (node == nil || i%2 == 0 && p.Content[i+1].Value == "true") {
			node, parent, index = n, p, i
		}
	})
	return node, parent, index
}

// dropEntry takes the entry of a mapping away whose key has an index.
func (y *yamlText) dropEntry(parent *yaml.Node, key int) (what, why string) {
	name, value := parent.Content[key], parent.Content[key+1]
	switch {
	case value.Kind == yaml.ScalarNode && value.Value == "true":
		return name.Value + ": true", y.replace(value, "false")
	case value.Kind == yaml.ScalarNode && value.Value == "false": // for another container of the pod already
		return name.Value + ": true", ""
	case parent.Style&yaml.FlowStyle != 0:
		return "", inOneLine
	case len(parent.Content) == 2:
		return "", needsChoice + name.Value + " is all that stands there"
	}
	return name.Value, y.cut(name.Line, value)
}

// isContainer reports whether a node is a container of Kubernetes rather than something in one.
func isContainer(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "image" {
			return true
		}
	}
	return false
}

// cut takes lines away, up to the last one of a node.
func (y *yamlText) cut(from int, node *yaml.Node) (why string) {
	last := lastLine(node)
	if last == 0 {
		return needsChoice + "where it ends is not certain"
	}
	y.edit(offsetOf(y.text, from, 1), offsetOf(y.text, last+1, 1), "")
	return ""
}
