// Package kube reads Kubernetes YAML as `podman kube play` does: into Podman's own types (pkg/k8s.io), with the place
// of every setting.
package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apps "github.com/containers/podman/v5/pkg/k8s.io/api/apps/v1"
	core "github.com/containers/podman/v5/pkg/k8s.io/api/core/v1"
	meta "github.com/containers/podman/v5/pkg/k8s.io/apimachinery/pkg/apis/meta/v1"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

// parsed is a YAML file.
type parsed struct {
	path      string
	documents []*yaml.Node
}

// options is what a definition does not say about itself.
type options struct {
	host *podman.Host
	// userNS is the user namespace that a .kube unit asks for; its zero value is none.
	userNS podman.Setting[string]
	// objects holds what the file, and others that are played together with it, define besides pods.
	objects *objects
}

// IsKube reports whether a document is one that Kubernetes reads.
func IsKube(document *yaml.Node) bool {
	return yamlpath.Get(document, "apiVersion") != nil && yamlpath.Get(document, "kind") != nil
}

// workload is what the kinds have in common that make a pod.
type workload struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		Template core.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

// read returns the containers that a file defines: its Pods, and those of its Deployments, DaemonSets, StatefulSets and
// Jobs. Behind them are the Secrets and ConfigMaps of the file, for what can be read in them.
func read(f parsed, o options) ([]*podman.Container, []podman.Problem) {
	var found []*podman.Container
	var problems []podman.Problem
	for _, document := range f.documents {
		kind := yamlpath.Get(document, "kind")
		if kind == nil || !IsKube(document) {
			continue
		}
		var pod podOf
		var err error
		switch kind.Value {
		case "Pod":
			var read core.Pod
			err = convert(document, &read)
			pod = podOf{name: read.Name, annotations: annotationsOf(f.path, document, read.Annotations),
				spec: read.Spec, node: yamlpath.Get(document, "spec")}
			pod.template = pod.annotations
		case "Deployment", "DaemonSet", "Job", "StatefulSet":
			var read workload
			// kube play does not take it; what it would make is judged like a Deployment's
			if kind.Value == "StatefulSet" {
				err = convert(document, &apps.StatefulSet{})
			}
			if err == nil {
				err = convert(document, &read)
			}
			template := read.Spec.Template
			pod = podOf{name: read.Name + "-pod", annotations: annotationsOf(f.path, document, read.Annotations),
				template: annotationsOf(f.path, yamlpath.Get(document, "spec", "template"), template.Annotations),
				spec:     template.Spec, node: yamlpath.Get(document, "spec", "template", "spec")}
		default:
			continue
		}
		if err != nil {
			problems = append(problems, podman.Problem{Origin: yamlpath.Origin(f.path, kind),
				Message: fmt.Sprintf("this is no %s: %v", kind.Value, err)})
			continue
		}
		pod.file, pod.options = f.path, o
		pod.runsOnce = kind.Value == "Job"
		found = append(found, pod.containers()...)
	}
	return append(found, o.objects.resources(f.path, o.host)...), problems
}

// convert reads a tree into one of Podman's types, which know JSON only. Aliases are expanded with a limit.
func convert(document *yaml.Node, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	var plain any
	if err := document.Decode(&plain); err != nil {
		return err
	}
	data, err := json.Marshal(jsonable(plain))
	if err != nil {
		return errors.New("it has keys that are no strings")
	}
	return json.Unmarshal(data, into)
}

// jsonable writes keys that are numbers or booleans as strings.
func jsonable(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for k, v := range value {
			value[k] = jsonable(v)
		}
		return value
	case map[any]any:
		out := make(map[string]any, len(value))
		for k, v := range value {
			out[fmt.Sprint(k)] = jsonable(v)
		}
		return out
	case []any:
		for i, v := range value {
			value[i] = jsonable(v)
		}
		return value
	}
	return value
}

// podOf is one pod that a document defines.
type podOf struct {
	file string
	name string
	// annotations are those that Podman goes by: of a Pod its own, of a Deployment those of the Deployment. Only for
	// seccomp it asks its template (pkg/domain/infra/abi/play.go, playKubePod; tried on 4.3 and 5.4).
	annotations, template annotations
	spec                  core.PodSpec
	node                  *yaml.Node // of the spec
	runsOnce              bool       // it does its work and ends, as a Job's
	options               options
	// taken counts the mounts that containers have taken from others.
	taken int
}

func (p *podOf) containers() []*podman.Container {
	var all []*podman.Container
	before := map[string]*podman.Container{}
	for _, list := range []struct {
		key        string
		containers []core.Container
	}{{"initContainers", p.spec.InitContainers}, {"containers", p.spec.Containers}} {
		for i := range list.containers {
			if node := yamlpath.Get(p.node, list.key, i); node != nil {
				c := p.container(&list.containers[i], node)
				c.Lifecycle.RunsOnce = p.runsOnce || list.key == "initContainers"
				p.volumesFrom(c, list.containers[i].Name, before)
				before[list.containers[i].Name] = c
				c.Ignored = p.ignoredOf(&list.containers[i], node)
				all = append(all, c)
			}
		}
	}
	if len(all) > 0 { // what is of the pod is said once
		all[0].Ignored = append(all[0].Ignored, p.ignored()...)
	}
	return all
}

// at returns where a setting of a container stands, or where it would have to.
func (p *podOf) at(node *yaml.Node, keys ...any) podman.Origin {
	if origin, ok := yamlpath.At(p.file, node, keys...); ok {
		return origin
	}
	return yamlpath.Origin(p.file, node)
}

func setOrDefault[T any](p *podOf, value *T, missing T, node *yaml.Node, keys ...any) podman.Setting[T] {
	if value == nil {
		return podman.DefaultTo(missing, p.at(node, keys...))
	}
	return podman.Set(*value, p.at(node, keys...))
}

// container reads one container as pkg/specgen/generate/kube does.
func (p *podOf) container(k *core.Container, node *yaml.Node) *podman.Container {
	c := &podman.Container{
		Name: p.name + "-" + k.Name, Kind: podman.KindContainer, Pod: p.name, SharesLabel: true, Host: p.options.host,
		Definition: podman.Definition{Syntax: podman.SyntaxKube, Origin: yamlpath.Origin(p.file, node)},
		Image:      podman.Image{Name: k.Image, Written: podman.Set(k.Image, p.at(node, "image"))},
	}
	security := k.SecurityContext
	if security == nil {
		security = &core.SecurityContext{}
	}
	const key = "securityContext"
	c.Confinement.Privileged = setOrDefault(p, security.Privileged, false, node, key, "privileged")
	c.Files.ReadOnly = setOrDefault(p, security.ReadOnlyRootFilesystem, false, node, key, "readOnlyRootFilesystem")
	escalation := setOrDefault(p, security.AllowPrivilegeEscalation, true, node, key, "allowPrivilegeEscalation")
	c.Confinement.NoNewPrivileges = podman.Derive(escalation, !escalation.Value)
	p.capabilities(c, security, node)
	p.user(c, security, node)
	p.namespaces(c)
	p.others(c, k, security, node)
	p.volumes(c, k, node)
	p.environment(c, k, node)
	p.texts(c, k, node)
	return c
}

func (p *podOf) capabilities(c *podman.Container, security *core.SecurityContext, node *yaml.Node) {
	origin := p.at(node, "securityContext", "capabilities")
	bounding, requested, all := c.Host.DefaultCapabilities, []string{}, false
	name := func(n core.Capability) string { return podman.Capability(string(n)) }
	if given := security.Capabilities; given != nil {
		for _, n := range given.Add {
			if name(n) == "CAP_ALL" {
				all = true
				continue
			}
			requested = append(requested, name(n))
		}
		if all {
			bounding = podman.AllCapabilities()
		}
		dropped := map[string]bool{}
		for _, n := range given.Drop {
			dropped[name(n)] = true
		}
		kept := []string{}
		for _, n := range bounding {
			if !dropped[n] && !dropped["CAP_ALL"] {
				kept = append(kept, n)
			}
		}
		for _, n := range requested {
			if !slices.Contains(kept, n) {
				kept = append(kept, n)
			}
		}
		bounding = kept
	}
	if c.Confinement.Privileged.Value {
		bounding = podman.AllCapabilities()
	}
	c.Capabilities.Bounding = podman.DefaultTo(bounding, origin)
	if security.Capabilities != nil {
		c.Capabilities.Bounding.State = podman.StateSet
	}
	c.Capabilities.Requested = podman.Set(requested, origin)
	c.Capabilities.Effective = podman.Set(requested, origin)
	if all {
		c.Capabilities.Effective.Value = podman.AllCapabilities()
	}
}

// user reads runAsUser and runAsGroup. Without them the image decides; a group alone makes the user root, whatever the
// image says (setupSecurityContext, tried on 4.3 and 5.4 with an image whose user is 33).
func (p *podOf) user(c *podman.Container, security *core.SecurityContext, node *yaml.Node) {
	origin, groupOrigin := p.at(node, "securityContext", "runAsUser"), p.at(node, "securityContext", "runAsGroup")
	user, group := security.RunAsUser, security.RunAsGroup
	if pod := p.spec.SecurityContext; pod != nil {
		if user == nil && pod.RunAsUser != nil {
			user, origin = pod.RunAsUser, p.at(p.node, "securityContext", "runAsUser")
		}
		if group == nil && pod.RunAsGroup != nil {
			group, groupOrigin = pod.RunAsGroup, p.at(p.node, "securityContext", "runAsGroup")
		}
	}
	if user == nil && group != nil {
		user, origin = new(int64), groupOrigin
	}
	c.Process.User.Origin, c.Process.UID.Origin = origin, origin
	if user == nil || *user < 0 || *user > 1<<32-2 {
		return
	}
	text := strconv.FormatInt(*user, 10)
	if group != nil {
		text += ":" + strconv.FormatInt(*group, 10)
		if *group >= 0 && *group <= 1<<32-2 {
			c.Process.GID = podman.Set(uint32(*group), origin)
		}
	}
	c.Process.User = podman.Set(text, origin)
	c.Process.UID = podman.Set(uint32(*user), origin)
}

// namespaces reads the user namespace: that of a .kube unit, else the annotation io.podman.annotations.userns, which
// counts from Podman 5 on, else hostUsers: false, which is --userns=auto on 4.3 and 5.4 alike.
func (p *podOf) namespaces(c *podman.Container) {
	const annotation = "io.podman.annotations.userns"
	mode := p.options.userNS
	if mode.State != podman.StateSet || mode.Value == "" {
		mode = podman.DefaultTo("", c.Definition.Origin.At("annotations."+annotation))
		if given, ok := p.annotations.first(annotation, annotation+"/"+p.name); ok {
			mode = given
		} else if host := p.spec.HostUsers; host != nil && !*host {
			mode = podman.Set("auto", p.at(p.node, "hostUsers"))
		}
	}
	set := func(uids, gids podman.IDMap) {
		c.Namespaces.User = podman.Set("private", mode.Origin)
		c.Namespaces.UIDs, c.Namespaces.GIDs = podman.Set(uids, mode.Origin), podman.Set(gids, mode.Origin)
	}
	host := c.Host
	c.Namespaces.PlaceholderIDs = host.Rootless.Value
	word, _, _ := strings.Cut(mode.Value, ":")
	switch {
	case word == "" || word == "host":
		c.Namespaces.User = podman.DefaultTo("", mode.Origin)
		c.Namespaces.UIDs, c.Namespaces.GIDs = podman.DefaultTo(host.UIDs, mode.Origin),
			podman.DefaultTo(host.GIDs, mode.Origin)
	case word == "auto" || word == "private":
		set(podman.OwnRange(), podman.OwnRange())
		c.Namespaces.PlaceholderIDs = true
	case word == "keep-id" && !host.Rootless.Value:
		set(podman.IdentityMap(), podman.IdentityMap())
	case word == "keep-id":
		own, _ := podman.KeepID(-1)
		set(own.Through(host.UIDs), own.Through(host.GIDs))
	case word == "nomap" && host.Rootless.Value:
		set(podman.NoMap().Through(host.UIDs), podman.NoMap().Through(host.GIDs))
	}
}

func (p *podOf) environment(c *podman.Container, k *core.Container, node *yaml.Node) {
	list := []podman.Variable{}
	var secrets []string
	for i, from := range k.EnvFrom {
		if from.SecretRef != nil {
			secrets = append(secrets, from.SecretRef.Name)
			c.SecretVariables.Origin = p.at(node, "envFrom", i)
		}
		if from.ConfigMapRef == nil {
			continue
		}
		if m, ok := p.options.objects.configMap(from.ConfigMapRef.Name); ok {
			for name := range m.data { // Podman does not read envFrom's prefix
				list = append(list, m.variable(name, name))
				m.used[name] = true
			}
		}
	}
	for i, e := range k.Env {
		v := podman.Variable{Name: e.Name, Value: podman.Sensitive(e.Value), Owner: podman.OwnerUser,
			Origin: p.at(node, "env", i)}
		if from := e.ValueFrom; from != nil {
			v.Owner = podman.OwnerUnknown
			if ref := from.SecretKeyRef; ref != nil {
				v.Owner = podman.OwnerSecret
				secrets = append(secrets, ref.Name)
				c.SecretVariables.Origin = v.Origin
			}
			if ref := from.ConfigMapKeyRef; ref != nil {
				if m, ok := p.options.objects.configMap(ref.Name); ok {
					if _, ok := m.data[ref.Key]; ok {
						v = m.variable(ref.Key, e.Name)
						m.used[ref.Key] = true
					}
				}
			}
		}
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b podman.Variable) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(secrets)
	c.SecretVariables.Value = slices.Compact(secrets)
	c.SecretVariables.State = podman.StateSet
	c.HostEnvironment = podman.DefaultTo(false, c.Definition.Origin)
	c.Environment = podman.Set(list, p.at(node, "env"))
}

func (p *podOf) texts(c *podman.Container, k *core.Container, node *yaml.Node) {
	var found []podman.ConfigString
	add := func(place string, words []string, keys ...any) {
		if len(words) == 0 {
			return
		}
		t := podman.ConfigString{Place: place, Origin: p.at(node, keys...)}
		for i, w := range words {
			t.Words = append(t.Words, podman.Sensitive(w))
			t.WordOrigins = append(t.WordOrigins, p.at(node, append(append([]any{}, keys...), i)...))
		}
		found = append(found, t)
	}
	add("argument", k.Command, "command")
	add("argument", k.Args, "args")
	for _, probe := range []struct {
		key   string
		probe *core.Probe
	}{{"livenessProbe", k.LivenessProbe}, {"startupProbe", k.StartupProbe}} {
		if probe.probe != nil && probe.probe.Exec != nil {
			add("health check", probe.probe.Exec.Command, probe.key, "exec", "command")
		}
	}
	found = append(found, p.annotations.all...)
	if p.template.node != p.annotations.node {
		found = append(found, p.template.all...)
	}
	c.ConfigStrings = podman.Set(found, yamlpath.Origin(p.file, node))
}
