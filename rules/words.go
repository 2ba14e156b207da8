package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

// Knows reports whether a language has a word of its own for a change, rather than taking it as a flag.
func (c Change) Knows(syntax podman.Syntax) bool {
	switch syntax {
	case podman.SyntaxQuadlet:
		return c.Key != ""
	case podman.SyntaxKube:
		return c.kube() != ""
	case podman.SyntaxCompose:
		return c.compose() != ""
	default:
		return true
	}
}

// In returns the changes in the language of a definition: keys of a unit, YAML of Kubernetes or compose, flags of
// podman. What a language has no word for is given as a flag. The version is that of the Podman that reads the
// definition, empty for the newest.
func (f Fix) In(syntax podman.Syntax, version string) []string {
	if syntax == podman.SyntaxQuadlet {
		return f.Quadlet(version)
	}
	words := []string{}
	for _, c := range f.Changes {
		word := ""
		switch syntax {
		case podman.SyntaxKube:
			word = c.kube()
		case podman.SyntaxCompose:
			word = c.compose()
		default:
		}
		if word == "" {
			word = c.Flag
		}
		words = append(words, word)
	}
	return words
}

// kube writes a change as Kubernetes YAML, empty where there is none.
func (c Change) kube() string {
	name, value, _ := strings.Cut(c.Flag, "=")
	switch name {
	case "--cap-drop":
		return "securityContext: {capabilities: {drop: [" + value + "]}}"
	case "--cap-add":
		return "securityContext: {capabilities: {add: [" + value + "]}}"
	case "--read-only":
		return "securityContext: {readOnlyRootFilesystem: true}"
	case "--user":
		uid, gid, _ := strings.Cut(value, ":")
		return "securityContext: {runAsUser: " + uid + ", runAsGroup: " + gid + "}"
	case "--userns":
		return "metadata: {annotations: {io.podman.annotations.userns: " + value + "}}"
	case "--security-opt":
		if value == "no-new-privileges" {
			return "securityContext: {allowPrivilegeEscalation: false}"
		}
	case "--secret":
		secret, variable := secretOf(value)
		return "env: [{name: " + variable + ", valueFrom: {secretKeyRef: {name: " + secret + ", key: " + secret + "}}}]"
	case "--label":
		key, v, _ := strings.Cut(value, "=")
		return "metadata: {annotations: {" + key + ": " + v + "}}"
	case "--memory":
		return "resources: {limits: {memory: " + strings.Replace(value, "m", "Mi", 1) + "}}"
	case "--cpus":
		return `resources: {limits: {cpu: "` + value + `"}}`
	}
	return ""
}

// compose writes a change as a compose file does, empty where there is none.
func (c Change) compose() string {
	name, value, _ := strings.Cut(c.Flag, "=")
	switch name {
	case "--cap-drop":
		return "cap_drop: [" + value + "]"
	case "--cap-add":
		return "cap_add: [" + value + "]"
	case "--read-only":
		return "read_only: true"
	case "--user":
		return `user: "` + value + `"`
	case "--userns":
		return "userns_mode: " + value
	case "--security-opt":
		return `security_opt: ["` + value + `"]`
	case "--secret":
		secret, _ := secretOf(value)
		return "secrets: [" + secret + "]"
	case "--label":
		return `labels: ["` + value + `"]`
	case "--memory":
		return "mem_limit: " + value
	case "--cpus":
		return `cpus: "` + value + `"`
	case "--pids-limit":
		return "pids_limit: " + value
	case "--log-driver":
		return "logging: {driver: " + value + "}"
	}
	return ""
}

// secretOf splits "NAME,type=env,target=VARIABLE".
func secretOf(value string) (secret, variable string) {
	for i, field := range strings.Split(value, ",") {
		if target, ok := strings.CutPrefix(field, "target="); ok {
			variable = target
		} else if i == 0 {
			secret = field
		}
	}
	return secret, variable
}
