package kube

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

// annotations are those of an object's metadata.
type annotations struct {
	file string
	// node is the object's, nil for one that has none.
	node   *yaml.Node
	values map[string]string
	// places holds where each is written.
	places map[string]podman.Origin
	// all holds them as texts in which people leave secrets.
	all []podman.ConfigString
}

func annotationsOf(file string, object *yaml.Node, values map[string]string) annotations {
	a := annotations{file: file, node: yamlpath.Get(object), values: values, places: map[string]podman.Origin{}}
	if own := yamlpath.Get(a.node, "metadata", "annotations"); own != nil && own.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(own.Content); i += 2 { // in one pass: there may be thousands
			key := own.Content[i]
			if _, ok := a.places[key.Value]; !ok {
				a.places[key.Value] = yamlpath.Origin(file, key).At("annotations." + key.Value)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		a.all = append(a.all, podman.ConfigString{Place: "annotation", Name: name,
			Words: []podman.Sensitive{podman.Sensitive(values[name])}, Origin: a.at(name)})
	}
	return a
}

// at returns where an annotation is written, or where it would have to be.
func (a annotations) at(name string) podman.Origin {
	if origin, ok := a.places[name]; ok {
		return origin
	}
	for _, keys := range [][]any{{"metadata", "annotations", name}, {"metadata", "annotations"}, {"metadata"}} {
		if origin, ok := yamlpath.At(a.file, a.node, keys...); ok {
			return origin.At("annotations." + name)
		}
	}
	return podman.Origin{File: a.file, Field: "annotations." + name}
}

// get returns an annotation, and false where there is none.
func (a annotations) get(name string) (podman.Setting[string], bool) {
	value, ok := a.values[name]
	if !ok {
		return podman.Setting[string]{}, false
	}
	return podman.Set(value, a.at(name)), true
}

// first returns the first of several annotations that there is.
func (a annotations) first(names ...string) (podman.Setting[string], bool) {
	for _, name := range names {
		if value, ok := a.get(name); ok {
			return value, true
		}
	}
	return podman.Setting[string]{}, false
}

// seccomp reads the profile, which kube play takes from the annotations of Kubernetes before 1.27 alone: seccompProfile
// does nothing, and io.podman.annotations.seccomp only shows in inspect (pkg/specgen/generate/kube/seccomp.go; tried on
// 4.3 and 5.4).
func (p *podOf) seccomp(container string, missing podman.Origin) podman.Setting[string] {
	given, ok := p.template.first("container.seccomp.security.alpha.kubernetes.io/"+container,
		"seccomp.security.alpha.kubernetes.io/pod")
	if !ok {
		return podman.DefaultTo("", missing)
	}
	const root = "/var/lib/kubelet/seccomp" // unless kube play is given --seccomp-profile-root
	switch profile, isLocal := strings.CutPrefix(given.Value, "localhost/"); {
	case given.Value == "docker/default" || given.Value == "runtime/default":
		given.Value = ""
	case isLocal:
		given.Value = path.Join(root, profile)
	case given.Value != "unconfined": // Podman refuses it
		return podman.UnknownAt[string](given.Origin)
	}
	return given
}

// label reads SELinux' type. The options of a container take the place of its pod's, and what the annotation
// io.podman.annotations.label/CONTAINER says is added to them from Podman 5 on.
func (p *podOf) label(container string, missing podman.Setting[string]) podman.Setting[string] {
	label := missing
	if given, ok := p.annotations.get("io.podman.annotations.label/" + container); ok {
		option, isType := strings.CutPrefix(given.Value, "type:")
		if isType || given.Value == "disable" {
			label = podman.Set(option, given.Origin)
		}
	}
	return label
}

// pids reads how many processes a container may have. Without the annotation that depends on the version: no limit on
// 4.3, 2048 on 5.4, which both do not know the annotation yet; 5.8 does.
func (p *podOf) pids(container string) podman.Setting[int64] {
	given, ok := p.annotations.get("io.podman.annotations.pids-limit/" + container)
	if !ok {
		return podman.Setting[int64]{}
	}
	limit, err := strconv.ParseInt(given.Value, 10, 64)
	if err != nil {
		return podman.UnknownAt[int64](given.Origin)
	}
	return podman.Derive(given, max(limit, 0))
}

// mostTaken is how many mounts the containers of a pod may take from one another: hundreds of times what anybody has.
const mostTaken = 10_000

// volumesFrom adds the mounts of the containers before it that an annotation names, "NAME[:OPTIONS]" separated by
// semicolons (prepareVolumesFrom, from Podman 5 on).
func (p *podOf) volumesFrom(c *podman.Container, container string, before map[string]*podman.Container) {
	given, ok := p.annotations.get("io.podman.annotations.volumes-from/" + container)
	if !ok {
		return
	}
	taken := map[string]bool{}
	for i := range c.Files.Mounts.Value {
		taken[c.Files.Mounts.Value[i].Destination] = true
	}
	for entry := range strings.SplitSeq(given.Value, ";") {
		name, options, _ := strings.Cut(entry, ":")
		other, ok := before[name]
		if !ok { // a container outside of the pod
			continue
		}
		c.Files.Mounts.State = min(c.Files.Mounts.State, other.Files.Mounts.State)
		for _, m := range other.Files.Mounts.Value {
			if taken[m.Destination] {
				continue
			}
			if p.taken++; p.taken > mostTaken {
				c.Files.Mounts.State = podman.StateUnknown
				return
			}
			taken[m.Destination] = true
			m.Writable = m.Writable && !slices.Contains(strings.Split(options, ","), "ro")
			m.Origin = given.Origin
			c.Files.Mounts.Value = append(c.Files.Mounts.Value, m)
		}
	}
}
