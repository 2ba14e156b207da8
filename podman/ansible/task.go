package ansible

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/jinja"
	"github.com/podlint/podlint/podman/yamlpath"
)

// task is a task with a module that podlint reads.
type task struct {
	*reader
	scope
	kind module
	// key is the module's name.
	key *yaml.Node
	// text is what a module is given that is not a parameter, nil for nothing.
	text *yaml.Node
	// parameters are the module's, each once.
	parameters []yamlpath.Field
	// open is set where there may be more parameters, which an expression stands for.
	open bool
}

// mapping adds parameters. One that is there already stays.
func (t *task) mapping(m *yaml.Node) {
	if m = yamlpath.Resolve(m); m == nil {
		return
	}
	if m.Kind != yaml.MappingNode {
		t.open = t.open || m.Kind == yaml.ScalarNode && jinja.Unknown(m.Value)
		return
	}
	for _, f := range yamlpath.Fields(m) {
		if f.Value != nil && f.Value.Tag != "!!null" && t.get(f.Key.Value) == nil {
			t.parameters = append(t.parameters, f)
		}
	}
}

// get returns a parameter's value, nil for one that is not given.
func (t *task) get(names ...string) *yaml.Node {
	for _, f := range t.parameters {
		if slices.Contains(names, f.Key.Value) {
			return f.Value
		}
	}
	return nil
}

// scalar returns the text of a parameter that is a single value.
func (t *task) scalar(names ...string) string {
	if n := t.get(names...); n != nil && n.Kind == yaml.ScalarNode {
		return textOf(n)
	}
	return ""
}

// free reads what a module is given in one text: a command, or parameters as NAME=VALUE.
func (t *task) free(value *yaml.Node) {
	if t.kind == commandModule || t.kind == shellModule {
		t.text = value
		return
	}
	for _, w := range split(value.Value) {
		name, text, ok := strings.Cut(w.text, "=")
		if !ok {
			t.open = t.open || jinja.Unknown(w.text)
			continue
		}
		line, column := yamlpath.Within(value, t.lines)(place(value.Value, w.at))
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: name, Line: line, Column: column}
		given := *key
		given.Value = text
		t.parameters = append(t.parameters, yamlpath.Field{Key: key, Value: &given})
	}
}

// textOf returns a scalar's text. What is encrypted is as unknown as what is filled in.
func textOf(n *yaml.Node) string {
	if n.Tag == "!vault" {
		return "{{ vault }}"
	}
	return n.Value
}

func (t *task) origin(n *yaml.Node) podman.Origin { return yamlpath.Origin(t.file.Path, n) }

// word returns a word of a command line for a text that a node says.
func (t *task) word(text string, at *yaml.Node) command.Word {
	return command.Word{Text: text, Unknown: jinja.Unknown(text), Origin: t.origin(at)}
}

func (t *task) read() {
	switch t.kind {
	case containerModule, podModule:
		t.container()
	case containersModule:
		t.containers()
	case playModule:
		t.play()
	case commandModule:
		t.command()
	case shellModule:
		t.shell()
	case copyModule:
		t.copy()
	case none:
	}
}

// gone reports whether the state that is asked for is no container, or one that does not run.
func (t *task) gone() bool {
	switch t.scalar("state") {
	case "absent", "stopped", "killed", "paused":
		return true
	}
	return false
}

// containers reads the module that is given a list of containers.
func (t *task) containers() {
	list := yamlpath.Resolve(t.get("containers"))
	if list == nil || list.Kind != yaml.SequenceNode {
		return
	}
	for _, item := range list.Content {
		one := task{reader: t.reader, scope: t.scope, kind: containerModule, key: item}
		if n := yamlpath.Resolve(item); n != nil {
			one.key = n
		}
		if t.left--; t.left < 0 {
			return
		}
		one.mapping(item)
		one.read()
	}
}

// play reads the module that plays Kubernetes YAML.
func (t *task) play() {
	if t.gone() {
		return
	}
	var users podman.Setting[string]
	if n := t.get("userns"); n != nil && n.Kind == yaml.ScalarNode && !jinja.Unknown(n.Value) {
		users = podman.Set(n.Value, t.origin(n))
	}
	if n := t.get("kube_file_content"); n != nil && n.Kind == yaml.ScalarNode {
		t.written = append(t.written, Written{Name: "stdin.yaml", Text: n.Value, Kube: true,
			At: yamlpath.Within(n, t.lines), UserNS: users, Host: t.host})
	}
	if file := t.scalar("kube_file"); file != "" && !jinja.Unknown(file) {
		t.played = append(t.played, Played{Path: file, UserNS: users, Host: t.host})
	}
}

// copy reads the module that writes a file with a content.
func (t *task) copy() {
	n := t.get("content")
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!vault" {
		return
	}
	if name := path.Base(t.scalar("dest", "path")); path.Ext(name) != "" {
		t.written = append(t.written,
			Written{Name: name, Text: n.Value, At: yamlpath.Within(n, t.lines), Host: t.host})
	}
}

// shell reads a script.
func (t *task) shell() {
	n := t.text
	if n == nil {
		n = t.get("cmd", "_raw_params")
	}
	if n == nil || n.Kind != yaml.ScalarNode {
		return
	}
	script := command.Script{File: t.file.Path, Text: n.Value, At: yamlpath.Within(n, t.lines), Template: true}
	t.keep(script.Read(t.host))
}

// own are the parameters that may stand among the words of a command.
var own = []string{"chdir", "creates", "removes", "stdin", "stdin_add_newline", "strip_empty_ends", "warn",
	"executable", "expand_argument_vars"}

// command reads the words of a command, which no shell reads.
func (t *task) command() {
	var words []command.Word
	if argv := yamlpath.Resolve(t.get("argv")); argv != nil && argv.Kind == yaml.SequenceNode {
		for _, item := range argv.Content {
			if n := yamlpath.Resolve(item); n != nil && n.Kind == yaml.ScalarNode {
				words = append(words, t.word(textOf(n), item))
			}
		}
	} else {
		n := t.text
		if n == nil {
			n = t.get("cmd", "_raw_params")
		}
		if n == nil || n.Kind != yaml.ScalarNode {
			return
		}
		words = t.split(n)
	}
	t.keep(command.Lines([][]command.Word{words}, t.host))
}

// split returns the words of a text, without the module's own parameters.
func (t *task) split(n *yaml.Node) []command.Word {
	at := yamlpath.Within(n, t.lines)
	var words []command.Word
	for _, w := range split(n.Value) {
		if name, _, ok := strings.Cut(w.text, "="); ok && slices.Contains(own, name) {
			continue
		}
		line, column := at(place(n.Value, w.at))
		words = append(words, command.Word{Text: w.text, Unknown: jinja.Unknown(w.text),
			// What stands for a whole word may be split into several, or be none.
			Splits: strings.HasPrefix(w.text, "{{") && strings.HasSuffix(w.text, "}}") && !w.quoted ||
				strings.HasPrefix(w.text, "{%"),
			Origin: podman.Origin{File: t.file.Path, Line: line, Column: column}})
	}
	return words
}

// keep adds what a command line makes, each with a name that is known.
func (t *task) keep(made podman.Found) {
	for _, c := range made.Containers {
		t.name(c, c.Definition.Origin)
	}
	for i := range made.Problems {
		made.Problems[i].Warning = true
	}
	t.found.Add(made)
}

// piece is a word of a text with the offset at which it starts.
type piece struct {
	text   string
	at     int
	quoted bool
}

// split splits a text into words as Python's shlex does, but not within an expression.
func split(text string) []piece {
	marks := jinja.Marks(text)
	var list []piece
	var word strings.Builder
	var current piece
	inWord := false
	quote := byte(0)
	start := func(i int) {
		if !inWord {
			inWord, current = true, piece{at: i}
		}
	}
	end := func() {
		if inWord {
			current.text = word.String()
			list = append(list, current)
			word.Reset()
			inWord = false
		}
	}
	for i := 0; i < len(text); i++ {
		for len(marks) > 0 && marks[0].From < i {
			marks = marks[1:]
		}
		if len(marks) > 0 && marks[0].From == i {
			start(i)
			word.WriteString(text[i:marks[0].To])
			i = marks[0].To - 1
			continue
		}
		switch c := text[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(text):
			i++
			if text[i] != '\n' {
				start(i - 1)
				word.WriteByte(text[i])
			}
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			start(i)
			quote, current.quoted = c, true
		case strings.IndexByte(" \t\r\n", c) >= 0:
			end()
		default:
			start(i)
			word.WriteByte(c)
		}
	}
	end()
	return list
}

// place returns the 1-based line and column of an offset.
func place(text string, at int) (line, column int) {
	before := text[:min(at, len(text))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

// truth reads a truth value as Ansible does.
func truth(text string) (on, ok bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y", "t", "1", "1.0":
		return true, true
	case "false", "no", "off", "n", "f", "0", "0.0":
		return false, true
	}
	return false, false
}
