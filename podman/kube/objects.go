package kube

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	core "github.com/containers/podman/v5/pkg/k8s.io/api/core/v1"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/yamlpath"
)

// objects holds what YAML files define besides pods: ConfigMaps, Secrets and claims of volumes.
type objects struct {
	configMaps map[string]*configMap // by name, the last of a name
	claims     map[string]command.Volume
	list       []*configMap // in their order, Secrets among them
}

// configMap is a ConfigMap, a Secret, a claim of a volume, or an object that Podman does not play.
type configMap struct {
	kind, name, file string
	node             *yaml.Node
	// data holds the texts, those in base64 decoded, and keys says below which key of the object each is written.
	data, keys map[string]string
	// options holds the annotations of a claim, which are the options of its volume.
	options annotations
	// used holds the keys that are variables of a container.
	used map[string]bool
}

// collect adds the objects of a file.
func (o *objects) collect(f parsed) {
	if o.configMaps == nil {
		o.configMaps, o.claims = map[string]*configMap{}, map[string]command.Volume{}
	}
	for _, document := range f.documents {
		kind := yamlpath.Get(document, "kind")
		if kind == nil || !IsKube(document) {
			continue
		}
		m := &configMap{kind: kind.Value, file: f.path, node: document, data: map[string]string{},
			keys: map[string]string{}, used: map[string]bool{}}
		switch kind.Value {
		case "PersistentVolumeClaim":
			var read core.PersistentVolumeClaim
			if convert(document, &read) == nil {
				o.claims[read.Name] = volumeOf(&read)
			}
			m.name = read.Name
			m.options = annotationsOf(f.path, document, read.Annotations)
		case "ConfigMap":
			var read struct {
				Metadata   struct{ Name string } `json:"metadata"`
				Data       map[string]string     `json:"data"`
				BinaryData map[string]string     `json:"binaryData"`
			}
			if convert(document, &read) != nil {
				continue
			}
			m.name = read.Metadata.Name
			m.add("data", read.Data)
			m.addEncoded("binaryData", read.BinaryData)
			o.configMaps[m.name] = m
		case "NetworkPolicy":
			m.name = nameOf(document)
		case "Secret":
			var read struct {
				Metadata   struct{ Name string } `json:"metadata"`
				Data       map[string]string     `json:"data"`
				StringData map[string]string     `json:"stringData"`
			}
			if convert(document, &read) != nil {
				continue
			}
			m.name = read.Metadata.Name
			m.addEncoded("data", read.Data)
			m.add("stringData", read.StringData)
		default:
			continue
		}
		o.list = append(o.list, m)
	}
}

// nameOf returns the name of an object, empty without one.
func nameOf(document *yaml.Node) string {
	if name := yamlpath.Get(document, "metadata", "name"); name != nil {
		return name.Value
	}
	return ""
}

func (m *configMap) add(key string, data map[string]string) {
	for name, text := range data {
		m.data[name], m.keys[name] = text, key
	}
}

// addEncoded adds texts in base64. What is none, such as the placeholder of a template, or no text, is left out.
func (m *configMap) addEncoded(key string, data map[string]string) {
	for name, text := range data {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err == nil && utf8.Valid(decoded) {
			m.data[name], m.keys[name] = string(decoded), key
		}
	}
}

func (o *objects) configMap(name string) (*configMap, bool) {
	if o == nil {
		return nil, false
	}
	m, ok := o.configMaps[name]
	return m, ok
}

func (o *objects) claim(name string) command.Volume {
	if o == nil {
		return command.Volume{}
	}
	return o.claims[name]
}

// at returns where a text is written.
func (m *configMap) at(name string) podman.Origin {
	origin, ok := yamlpath.At(m.file, m.node, m.keys[name], name)
	if !ok {
		origin = yamlpath.Origin(m.file, m.node)
	}
	return origin
}

func (m *configMap) variable(key, name string) podman.Variable {
	return podman.Variable{Name: name, Value: podman.Sensitive(m.data[key]), Owner: podman.OwnerUser, Origin: m.at(key)}
}

// resources returns the Secrets and ConfigMaps of a file, with their texts. What became a variable of one of the file's
// containers is said there.
func (o *objects) resources(file string, host *podman.Host) []*podman.Container {
	if o == nil {
		return nil
	}
	var found []*podman.Container
	for _, m := range o.list {
		if m.file != file {
			continue
		}
		resource := &podman.Container{Name: strings.ToLower(m.kind) + "/" + m.name,
			Kind: podman.KindResource, Host: host,
			Definition:    podman.Definition{Syntax: podman.SyntaxKube, Origin: yamlpath.Origin(file, m.node)},
			ConfigStrings: podman.Set(m.texts(), yamlpath.Origin(file, m.node))}
		if m.kind == "NetworkPolicy" {
			resource.Ignored = []podman.Ignored{{Setting: "kind: NetworkPolicy", Why: notPlayed, Protects: true,
				Instead: "give pods that must not reach one another networks of their own, with podman kube play --network",
				Origin:  yamlpath.Origin(file, yamlpath.Get(m.node, "kind"))}}
		}
		found = append(found, resource)
	}
	return found
}

// optionTexts returns the mount options of a claim's volume, and its other annotations.
func optionTexts(claim annotations) []podman.ConfigString {
	const options = "volume.podman.io/mount-options"
	var found []podman.ConfigString
	for _, text := range claim.all {
		if text.Name != options {
			found = append(found, text)
		}
	}
	for option := range strings.SplitSeq(claim.values[options], ",") {
		name, value, _ := strings.Cut(option, "=")
		if name != "" {
			found = append(found, podman.ConfigString{Place: "volume option", Name: name,
				Words: []podman.Sensitive{podman.Sensitive(value)}, Origin: claim.at(options)})
		}
	}
	return found
}

// texts returns the texts: those of a Secret as they are, and the lines of a ConfigMap's files.
func (m *configMap) texts() []podman.ConfigString {
	found := optionTexts(m.options)
	for _, key := range slices.Sorted(maps.Keys(m.data)) {
		if m.used[key] {
			continue
		}
		text, origin := m.data[key], m.at(key)
		add := func(place, name, text string, at podman.Origin) {
			found = append(found, podman.ConfigString{Place: place, Name: name,
				Words: []podman.Sensitive{podman.Sensitive(text)}, Origin: at})
		}
		if m.kind == "Secret" {
			add("secret", key, text, origin)
			continue
		}
		if !strings.Contains(strings.TrimRight(text, "\n"), "\n") && !strings.ContainsAny(text, "=:") {
			add("config", m.name, key+"="+text, origin)
			continue
		}
		value := yamlpath.Get(m.node, m.keys[key], key)
		line := 0
		for text := range strings.Lines(text) {
			at := origin
			if line++; value != nil && value.Style == yaml.LiteralStyle {
				at.Line, at.Column = value.Line+line, 1
			}
			add("config", key, strings.TrimRight(text, "\r\n"), at)
		}
	}
	return found
}
