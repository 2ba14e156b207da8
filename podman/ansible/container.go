package ansible

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/jinja"
	"github.com/podlint/podlint/podman/yamlpath"
)

// flagNames holds the parameters that have another name than the flag that the module makes of them, with underscores
// for dashes.
var flagNames = map[string]string{
	"add_hosts": "add-host", "annotations": "annotation", "auto_remove": "rm", "capabilities": "cap-add",
	"dns_opts": "dns-option", "dns_opt": "dns-option", "dns_search_domains": "dns-search", "dns_servers": "dns",
	"etc_hosts": "add-host", "exposed": "expose", "exposed_ports": "expose", "groups": "group-add",
	"healthcheck": "health-cmd", "healthcheck_failure_action": "health-on-failure",
	"healthcheck_interval": "health-interval", "healthcheck_retries": "health-retries",
	"healthcheck_start_period": "health-start-period", "healthcheck_timeout": "health-timeout", "ipc_mode": "ipc",
	"labels": "label", "log_options": "log-opt", "mounts": "mount", "net": "network", "network_aliases": "network-alias",
	"network_mode": "network", "pid_mode": "pid", "ports": "publish", "published": "publish",
	"published_ports": "publish", "remove": "rm", "restart_policy": "restart", "secrets": "secret", "timezone": "tz",
	"ulimits": "ulimit", "userns_mode": "userns", "volumes": "volume", "working_dir": "workdir",
}

// noFlags are the parameters that say something to the module itself. That of another meaning is restart, which has the
// container started again.
var noFlags = []string{"name", "image", "command", "cmd_args", "state", "restart", "force_restart", "executable",
	"debug", "recreate", "image_strict", "quadlet_options", "generate_systemd", "detach", "attach"}

// flagOf returns the flag that a parameter becomes, false for none that podlint knows.
func flagOf(parameter string, ofPod bool) (flag string, onOff, ok bool) {
	if slices.Contains(noFlags, parameter) || strings.Contains(parameter, "-") {
		return "", false, false
	}
	flag = flagNames[parameter]
	if flag == "" {
		flag = strings.ReplaceAll(parameter, "_", "-")
	}
	ok, onOff = command.Takes(flag, ofPod)
	return flag, onOff, ok
}

// container reads the parameters of a container or a pod as the words of the command line that the module makes of
// them.
func (t *task) container() {
	ofPod := t.kind == podModule
	image := t.get("image")
	if t.gone() || !ofPod && image == nil {
		return // without an image the module only starts what is there
	}
	place := t.origin(t.key)
	words := []command.Word{t.word("podman", t.key)}
	if ofPod {
		words = append(words, t.word("pod", t.key), t.word("create", t.key))
	} else {
		words = append(words, t.word("run", t.key))
	}
	if n := t.get("name"); n != nil && n.Kind == yaml.ScalarNode {
		words = append(words, t.word("--name", n), t.word(textOf(n), n))
	}
	for _, p := range t.parameters {
		if flag, onOff, ok := flagOf(p.Key.Value, ofPod); ok {
			words = append(words, t.flag(flag, onOff, p)...)
		}
	}
	words = append(words, t.quadletOptions()...)
	words = append(words, t.list("cmd_args")...)
	if !ofPod {
		if image.Kind != yaml.ScalarNode {
			return
		}
		words = append(words, t.word(textOf(image), image))
		words = append(words, t.list("command")...)
	}
	made, err := command.ParseWords(words)
	if err != nil {
		t.found.Problems = append(t.found.Problems, podman.Problem{Origin: place, Warning: true,
			Message: fmt.Sprintf("this task: %v", err)})
		return
	}
	made.Open = made.Open || t.open
	definition := podman.Definition{Syntax: podman.SyntaxAnsible, Origin: place}
	if ofPod {
		if o, ok := made.Last("name"); ok {
			t.pods[o.Value] = &command.PodCommand{Command: made, Words: words, Definition: definition}
		}
	}
	one := pending{command: made, place: place,
		context: command.Context{Words: words, Definition: definition, Host: t.host}}
	if name := t.scalar("name"); t.scalar("state") == "quadlet" {
		one.unit = name + ".service"
	} else if t.get("generate_systemd") != nil {
		one.unit = "container-" + name + ".service"
	}
	t.made = append(t.made, one)
}

// whole are the flags whose absence says something: of an expression that stands for all of their values there has to
// be an occurrence that is not known.
var whole = []string{"annotation", "cap-add", "cap-drop", "gidmap", "group-add", "label", "network", "security-opt",
	"uidmap"}

// unsplit are the flags whose value may hold commas where the module takes a list of them.
var unsplit = []string{"mount", "secret", "env-file", "label-file", "device-cgroup-rule", "health-cmd", "log-opt",
	"rootfs", "entrypoint", "requires"}

// flag returns the words that a parameter becomes.
func (t *task) flag(flag string, onOff bool, p yamlpath.Field) []command.Word {
	var words []command.Word
	add := func(text string, at *yaml.Node) {
		if onOff {
			if on, ok := truth(text); ok {
				text = strconv.FormatBool(on)
			} else if !jinja.Unknown(text) {
				text = "{{ " + text + " }}" // what the module refuses
			}
		}
		words = append(words, t.word("--"+flag+"="+text, at))
	}
	switch value := p.Value; value.Kind {
	case yaml.MappingNode:
		for _, f := range yamlpath.Fields(value) {
			if f.Value != nil && f.Value.Kind == yaml.ScalarNode && f.Value.Tag != "!!null" {
				add(entry(flag, f.Key.Value, textOf(f.Value)), f.Key)
			}
		}
	case yaml.SequenceNode:
		for _, item := range value.Content {
			if n := yamlpath.Resolve(item); n != nil && n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
				add(textOf(n), item)
			}
		}
	case yaml.ScalarNode:
		for _, text := range parts(flag, textOf(value)) {
			add(text, p.Key)
		}
	default:
	}
	return words
}

// entry returns what a flag is given for an entry of a mapping.
func entry(flag, name, text string) string {
	switch flag {
	case "add-host", "blkio-weight-device":
		return name + ":" + text
	case "tmpfs":
		if text == "" {
			return name
		}
		return name + ":" + text
	case "log-opt":
		name = strings.ReplaceAll(name, "_", "-")
	}
	return name + "=" + text
}

// parts returns the values that a text stands for: a list may be written as one, separated by commas.
func parts(flag, text string) []string {
	switch {
	case !command.Repeats(flag) || slices.Contains(unsplit, flag):
		return []string{text}
	case jinja.Unknown(text) && !slices.Contains(whole, flag):
		return nil
	case jinja.Unknown(text):
		return []string{text}
	}
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// list returns the words of a parameter that is a list of them, or a text.
func (t *task) list(name string) []command.Word {
	n := t.get(name)
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.SequenceNode:
		var words []command.Word
		for _, item := range n.Content {
			if v := yamlpath.Resolve(item); v != nil && v.Kind == yaml.ScalarNode {
				words = append(words, t.word(textOf(v), item))
			}
		}
		return words
	case n.Kind != yaml.ScalarNode:
		return nil
	case jinja.Unknown(n.Value) && name == "cmd_args":
		t.open = true
		return nil
	}
	return t.split(n)
}

// harmless are the keys of a unit that change nothing which a rule asks about.
var harmless = []string{"WantedBy", "RequiredBy", "Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec",
	"Description", "After", "Before", "Requires", "Wants", "BindsTo", "PartOf", "Documentation", "StartLimitBurst",
	"StartLimitIntervalSec", "ExecStartPre", "ExecStartPost", "ExecReload", "Environment", "Notify", "Pull"}

// quadletOptions returns the words that lines of a unit stand for, which the module adds to the one that it writes.
// Whatever else is among them may be any flag.
func (t *task) quadletOptions() []command.Word {
	n := t.get("quadlet_options")
	if n == nil || t.scalar("state") != "quadlet" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		t.open = true
		return nil
	}
	var words []command.Word
	for _, item := range n.Content {
		v := yamlpath.Resolve(item)
		if v == nil || v.Kind != yaml.ScalarNode {
			continue
		}
		for line := range strings.SplitSeq(v.Value, "\n") {
			key, value, given := strings.Cut(strings.TrimSpace(line), "=")
			switch {
			case !given && (key == "" || strings.HasPrefix(key, "[") || strings.HasPrefix(key, "#")),
				slices.Contains(harmless, key):
			case key == "AutoUpdate":
				words = append(words, t.word("--label=io.containers.autoupdate="+value, item))
			case key == "PodmanArgs":
				for _, w := range split(value) {
					words = append(words, t.word(w.text, item))
				}
			default:
				t.open = true
			}
		}
	}
	return words
}
