// Package ansible reads Ansible's playbooks and lists of tasks for what makes containers: the modules of the collection
// containers.podman, the podman command lines of the modules that run commands, and the Quadlet units and Kubernetes
// YAML that are written in a task. A module's parameters become the words of the command line that the module runs,
// which podman/command reads.
//
// What a Jinja expression stands for is unknown.
package ansible

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/jinja"
	"github.com/podlint/podlint/podman/yamlpath"
)

// Reader reads tasks.
type Reader struct {
	// Write reads a file that a task writes with the content at hand, and Play the Kubernetes YAML that a task plays.
	Write func(Written) podman.Found
	Play  func(Played) podman.Found
}

// Written is a file whose content is in a task.
type Written struct {
	// Name is the file's name, "stdin.yaml" for the Kubernetes YAML that a module is given.
	Name, Text string
	// At returns where a place of the text is in the file of the task.
	At func(line, column int) (int, int)
	// Kube is set for Kubernetes YAML.
	Kube bool
	// UserNS is the user namespace that it is played with.
	UserNS podman.Setting[string]
	// Host is the machine that it is for.
	Host *podman.Host
}

// Played is a file of Kubernetes YAML that a task plays.
type Played struct {
	Path   string
	UserNS podman.Setting[string]
	Host   *podman.Host
}

// module is what a module does for podlint.
type module uint8

const (
	none module = iota
	containerModule
	containersModule
	podModule
	playModule
	commandModule
	shellModule
	copyModule
)

var modules = map[string]module{
	"podman_container": containerModule, "podman_containers": containersModule, "podman_pod": podModule,
	"podman_play": playModule, "command": commandModule, "shell": shellModule, "raw": shellModule, "copy": copyModule,
}

// moduleOf returns what the module of a name does: with the name of its collection, or without.
func moduleOf(name string) module {
	short := name
	for _, collection := range []string{"containers.podman.", "ansible.builtin.", "ansible.legacy."} {
		if rest, ok := strings.CutPrefix(name, collection); ok {
			if strings.HasPrefix(rest, "podman_") != (collection == "containers.podman.") {
				return none
			}
			short = rest
			break
		}
	}
	return modules[short]
}

// sections are the lists of tasks of a play, blocks those of a block.
var (
	sections = []string{"pre_tasks", "tasks", "post_tasks", "handlers"}
	blocks   = []string{"block", "rescue", "always"}
)

// IsTasks reports whether a document is a playbook or a list of tasks with something for podlint in it.
func IsTasks(document *yaml.Node) bool {
	document = yamlpath.Resolve(document)
	if document == nil || document.Kind != yaml.SequenceNode {
		return false
	}
	return slices.ContainsFunc(document.Content, func(item *yaml.Node) bool {
		for _, f := range yamlpath.Fields(item) {
			name := f.Key.Value
			if name == "hosts" || name == "block" || name == "action" || name == "local_action" ||
				moduleOf(name) != none {
				return true
			}
		}
		return false
	})
}

// reader reads a file.
type reader struct {
	file  podman.File
	lines []string
	found podman.Found
	// written and played hold the definitions elsewhere that tasks write and play.
	written []Written
	played  []Played
	pods    map[string]*command.PodCommand
	made    []pending
	// left is how many more tasks are read: an alias may stand for a list any number of times.
	left int
}

// pending is a container whose pod may be defined behind it.
type pending struct {
	command *command.Command
	context command.Context
	unit    string
	place   podman.Origin
}

// mostTasks is how many tasks of a file are read.
const mostTasks = 20_000

// Read returns what the tasks of a file define. A task that takes a container away, or stops it, defines nothing.
func (tasks Reader) Read(file podman.File, host *podman.Host) podman.Found {
	documents, err := yamlpath.Documents([]byte(file.Text))
	if err != nil {
		return podman.Found{Problems: []podman.Problem{yamlpath.Problem(file.Path, err)}}
	}
	r := &reader{file: file, lines: strings.Split(file.Text, "\n"), pods: map[string]*command.PodCommand{},
		left: mostTasks}
	r.found.Files = []string{file.Path}
	for _, document := range documents {
		r.tasks(document, scope{host: host})
	}
	if r.left < 0 {
		r.found.Problems = append(r.found.Problems, podman.Problem{Origin: podman.Origin{File: file.Path},
			Message: fmt.Sprintf("more than %d tasks: those behind are not read", mostTasks)})
	}
	for _, p := range r.made {
		if o, ok := p.command.Last("pod"); ok {
			p.context.Pod = r.pods[o.Value]
		}
		c := p.command.Container(p.context)
		c.Unit = p.unit
		r.name(c, p.place)
		r.found.Containers = append(r.found.Containers, c)
	}
	slices.SortStableFunc(r.found.Containers, func(a, b *podman.Container) int {
		return cmp.Compare(a.Definition.Origin.Line, b.Definition.Origin.Line)
	})
	for _, w := range r.written {
		r.found.Add(tasks.Write(w))
	}
	for _, p := range r.played {
		r.found.Add(tasks.Play(p))
	}
	return r.found
}

// name gives a container that has none, or one that is not known, that of its place.
func (r *reader) name(c *podman.Container, at podman.Origin) {
	if c.Name == "" || jinja.Unknown(c.Name) {
		c.Name = fmt.Sprintf("%s:%d", path.Base(r.file.Path), at.Line)
	}
}

// scope is what a play or a block says for the tasks in it.
type scope struct {
	host     *podman.Host
	become   podman.Setting[bool]
	user     string // whom become makes a task run as, empty for root
	defaults []*yaml.Node
}

// with returns the scope of what a mapping has: a play, a block or a task.
func (s scope) with(file string, m *yaml.Node) scope {
	changed := false
	if on := yamlpath.Get(m, "become"); on != nil && on.Kind == yaml.ScalarNode {
		is, ok := truth(on.Value)
		s.become = podman.Setting[bool]{Value: is, Origin: yamlpath.Origin(file, on)}
		if ok {
			s.become.State = podman.StateSet
		}
		changed = true
	}
	if user := yamlpath.Get(m, "become_user"); user != nil && user.Kind == yaml.ScalarNode {
		s.user, changed = user.Value, true
	}
	if defaults := yamlpath.Get(m, "module_defaults"); defaults != nil {
		s.defaults = append(slices.Clone(s.defaults), defaults)
	}
	if changed && s.become.Known() && s.become.Value && !jinja.Unknown(s.user) {
		rootless := s.user != "" && s.user != "root" && s.user != "0"
		s.host = assume(s.host, podman.Set(rootless, s.become.Origin))
	}
	return s
}

// assume returns a host that is rootless or not.
func assume(host *podman.Host, rootless podman.Setting[bool]) *podman.Host {
	if host.Rootless.State == podman.StateSet || host.Rootless.Value == rootless.Value {
		return host // as somebody said, or as it is
	}
	assumed := podman.AssumedHost(rootless, host.Now)
	assumed.Policy, assumed.Registries = host.Policy, host.Registries
	return assumed
}

// tasks reads a list of plays, blocks and tasks.
func (r *reader) tasks(list *yaml.Node, in scope) {
	list = yamlpath.Resolve(list)
	if list == nil || list.Kind != yaml.SequenceNode {
		return
	}
	for _, item := range list.Content {
		if r.left--; r.left < 0 {
			return
		}
		item = yamlpath.Resolve(item)
		if item == nil || item.Kind != yaml.MappingNode {
			continue
		}
		of := in.with(r.file.Path, item)
		if yamlpath.Get(item, "hosts") != nil {
			for _, section := range sections {
				r.tasks(yamlpath.Get(item, section), of)
			}
			continue
		}
		if yamlpath.Get(item, "block") != nil {
			for _, section := range blocks {
				r.tasks(yamlpath.Get(item, section), of)
			}
			continue
		}
		r.task(item, of)
	}
}

// task reads a task: a module with its parameters, or the module's name and its parameters as an action.
func (r *reader) task(item *yaml.Node, in scope) {
	args := yamlpath.Get(item, "args")
	for _, f := range yamlpath.Fields(item) {
		key, value := f.Key, f.Value
		if value == nil {
			continue
		}
		name := key.Value
		if name == "action" || name == "local_action" {
			if name, value = action(value); value == nil {
				continue
			}
		}
		kind := moduleOf(name)
		if kind == none {
			continue
		}
		t := task{reader: r, scope: in, key: key, kind: kind}
		if value.Kind == yaml.ScalarNode {
			t.free(value)
		} else {
			t.mapping(value)
		}
		if args != nil {
			t.mapping(args)
		}
		for _, defaults := range slices.Backward(in.defaults) {
			for _, d := range yamlpath.Fields(defaults) {
				if moduleOf(d.Key.Value) == kind {
					t.mapping(d.Value)
				}
			}
		}
		t.read()
		return
	}
}

// action returns the module's name and what it is given.
func action(value *yaml.Node) (string, *yaml.Node) {
	if value.Kind == yaml.MappingNode {
		name := yamlpath.Get(value, "module")
		if name == nil {
			return "", nil
		}
		return name.Value, value
	}
	name, rest, _ := strings.Cut(strings.TrimLeft(value.Value, " "), " ")
	given := *value
	given.Value = rest
	if value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		given.Column += len(value.Value) - len(rest)
	}
	return name, &given
}
