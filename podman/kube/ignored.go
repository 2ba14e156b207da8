package kube

import (
	"maps"
	"slices"
	"strings"

	core "github.com/containers/podman/v5/pkg/k8s.io/api/core/v1"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

const notPlayed = "podman kube play does not read it"

// unread are fields of Kubernetes that podman kube play does not read (docs/kubernetes_support.md of Podman, and its
// source for what that does not list), of those that somebody may rely on.
type unread struct {
	keys     []any
	instead  string
	protects bool
}

// podUnread and containerUnread are those below a pod's spec and below a container. runAsNonRoot and seccompProfile are
// judged by what they would do.
var podUnread = []unread{
	{[]any{"securityContext", "fsGroup"}, "put the group into supplementalGroups, and give it the volume's files", false},
	{[]any{"securityContext", "fsGroupChangePolicy"}, "", false},
	{[]any{"securityContext", "supplementalGroupsPolicy"}, "", false},
	{[]any{"securityContext", "appArmorProfile"}, "load the profile and run the container with podman run " +
		"--security-opt=apparmor=PROFILE, or a .container unit", true},
	{[]any{"runtimeClassName"}, "choose the runtime for podman kube play: podman --runtime=NAME", true},
	{[]any{"activeDeadlineSeconds"}, "limit the service in a .kube unit: RuntimeMaxSec=", false},
}

var containerUnread = []unread{
	{[]any{"securityContext", "appArmorProfile"}, "load the profile and run the container with podman run " +
		"--security-opt=apparmor=PROFILE, or a .container unit", true},
	{[]any{"readinessProbe"}, "use livenessProbe, which becomes a health check", false},
	{[]any{"lifecycle", "postStart"}, "do it in the command of the container", false},
	{[]any{"lifecycle", "preStop"}, "do it in the command of the container, on SIGTERM", false},
	{[]any{"volumeDevices"}, "mount the device: a hostPath of type BlockDevice", false},
	{[]any{"resources", "limits", "ephemeral-storage"}, "", true},
}

// ignored returns the fields and annotations of the pod that do nothing.
func (p *podOf) ignored() []podman.Ignored {
	found := p.unread(p.node, podUnread)
	security := p.spec.SecurityContext
	if security == nil {
		security = &core.PodSecurityContext{}
	}
	if isTrue(security.RunAsNonRoot) && !p.allHaveUsers() {
		found = append(found, p.nonRoot(p.node))
	}
	found = append(found, p.seccompProfile(security.SeccompProfile, p.node)...)
	for i := range p.spec.Volumes {
		if v := p.spec.Volumes[i].EmptyDir; v != nil && v.SizeLimit != nil {
			found = append(found, podman.Ignored{Setting: "emptyDir.sizeLimit", Why: notPlayed,
				Protects: true, Origin: p.at(p.node, "volumes", i, "emptyDir", "sizeLimit")})
		}
	}
	return append(found, p.ignoredAnnotations()...)
}

// ignoredOf returns the fields of a container that do nothing.
func (p *podOf) ignoredOf(k *core.Container, node *yaml.Node) []podman.Ignored {
	found := p.unread(node, containerUnread)
	if security := k.SecurityContext; security != nil {
		if isTrue(security.RunAsNonRoot) && !p.hasUser(k) {
			found = append(found, p.nonRoot(node))
		}
		found = append(found, p.seccompProfile(security.SeccompProfile, node)...)
	}
	for i := range k.VolumeMounts {
		if k.VolumeMounts[i].SubPathExpr != "" {
			found = append(found, podman.Ignored{Setting: "subPathExpr", Why: notPlayed + ", and mounts the whole volume",
				Instead: "use subPath", Protects: true, Origin: p.at(node, "volumeMounts", i, "subPathExpr")})
		}
	}
	for i := range k.EnvFrom {
		if k.EnvFrom[i].Prefix != "" {
			found = append(found, podman.Ignored{Setting: "envFrom.prefix", Why: notPlayed,
				Instead: "name the variables in env", Origin: p.at(node, "envFrom", i, "prefix")})
		}
	}
	return found
}

func isTrue(b *bool) bool { return b != nil && *b }

func (p *podOf) unread(node *yaml.Node, fields []unread) []podman.Ignored {
	var found []podman.Ignored
	for _, f := range fields {
		value := yamlpath.Get(node, f.keys...)
		if value == nil || value.Tag == "!!null" {
			continue
		}
		origin := p.at(node, f.keys...)
		found = append(found, podman.Ignored{Setting: origin.Field, Why: notPlayed, Instead: f.instead,
			Protects: f.protects, Origin: origin})
	}
	return found
}

// hasUser reports whether a container is given a user other than root, as runAsNonRoot asks for.
func (p *podOf) hasUser(k *core.Container) bool {
	if k.SecurityContext != nil && k.SecurityContext.RunAsUser != nil {
		return *k.SecurityContext.RunAsUser != 0
	}
	pod := p.spec.SecurityContext
	return pod != nil && pod.RunAsUser != nil && *pod.RunAsUser != 0
}

func (p *podOf) allHaveUsers() bool {
	for _, k := range slices.Concat(p.spec.InitContainers, p.spec.Containers) {
		if !p.hasUser(&k) {
			return false
		}
	}
	return true
}

func (p *podOf) nonRoot(node *yaml.Node) podman.Ignored {
	const key = "securityContext"
	return podman.Ignored{Setting: key + ".runAsNonRoot", Why: notPlayed + "; an image whose user is root runs as root",
		Instead: "set " + key + ".runAsUser", Protects: true, Origin: p.at(node, key, "runAsNonRoot")}
}

// seccompProfile judges a profile: that of the runtime is what Podman uses anyway.
func (p *podOf) seccompProfile(profile *core.SeccompProfile, node *yaml.Node) []podman.Ignored {
	const key = "securityContext"
	if profile == nil || profile.Type == core.SeccompProfileTypeRuntimeDefault {
		return nil
	}
	ignored := podman.Ignored{Setting: key + ".seccompProfile", Why: notPlayed + "; Podman's own filter is in force",
		Origin: p.at(node, key, "seccompProfile")}
	if profile.Type == core.SeccompProfileTypeLocalhost {
		ignored.Protects = true
		ignored.Instead = "name the profile in the annotation container.seccomp.security.alpha.kubernetes.io/CONTAINER: " +
			"localhost/PROFILE"
	}
	return []podman.Ignored{ignored}
}

// ignoredAnnotations returns the annotations that only show, and those at the wrong object.
func (p *podOf) ignoredAnnotations() []podman.Ignored {
	var found []podman.Ignored
	ignore := func(a annotations, name, why, instead string, protects bool) {
		found = append(found, podman.Ignored{Setting: "annotation " + name, Why: why, Instead: instead,
			Protects: protects, Origin: a.at(name)})
	}
	const apparmor = "load the profile and run the container with podman run --security-opt=apparmor=PROFILE, or a " +
		".container unit"
	isSeccomp := func(name string) bool { return strings.Contains(name, "seccomp.security.alpha.kubernetes.io/") }
	lists := []annotations{p.annotations}
	split := p.template.node != p.annotations.node
	if split {
		lists = append(lists, p.template)
	}
	for i, a := range lists {
		for _, name := range slices.Sorted(maps.Keys(a.values)) {
			kind, _, _ := strings.Cut(name, "/")
			switch {
			case kind == "io.podman.annotations.seccomp":
				ignore(a, name, "it only shows in podman inspect",
					"use container.seccomp.security.alpha.kubernetes.io/CONTAINER", a.values[name] != "unconfined")
			case kind == "io.podman.annotations.apparmor":
				ignore(a, name, "it only shows in podman inspect", apparmor, a.values[name] != "unconfined")
			case kind == "container.apparmor.security.beta.kubernetes.io":
				ignore(a, name, notPlayed, apparmor, a.values[name] != "unconfined")
			case kind == "io.podman.annotations.privileged":
				ignore(a, name, "it only shows in podman inspect", "set securityContext.privileged", false)
			case i == 0 && split && isSeccomp(name):
				ignore(a, name, "podman kube play reads it from the annotations of the template",
					"write it below spec.template.metadata", a.values[name] != "unconfined")
			case i == 1 && (strings.HasPrefix(kind, "io.podman.annotations.") || kind == "io.containers.autoupdate"):
				ignore(a, name, "podman kube play reads it from the annotations of the object, not of its template",
					"write it into metadata.annotations of the object", kind == "io.podman.annotations.userns" ||
						kind == "io.podman.annotations.pids-limit")
			}
		}
	}
	return found
}
