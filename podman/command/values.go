package command

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Secret is a secret that --secret hands over.
type Secret struct {
	// Name is the secret's name.
	Name string
	// Target is the variable that it fills, or the path of its file, empty where nothing is said.
	Target string
	// Variable is set where it fills a variable.
	Variable bool
}

// ParseSecret reads a value of --secret as Podman does (pkg/specgenutil, parseSecrets): a name alone, or options
// separated by commas, of which the first is the name where it has no "=". Podman refuses what gives no name.
func ParseSecret(value string) (Secret, bool) {
	options := strings.Split(value, ",")
	if len(options) == 1 {
		return Secret{Name: value}, value != ""
	}
	var s Secret
	if !strings.Contains(options[0], "=") {
		s.Name, options = options[0], options[1:]
	}
	for _, option := range options {
		switch key, given, _ := strings.Cut(option, "="); key {
		case "source":
			s.Name = given
		case "type":
			s.Variable = given == "env"
		case "target":
			s.Target = given
		}
	}
	return s, s.Name != ""
}

// SecretVariables returns the names of the variables that --secret fills from Podman's secrets. Without a target the
// variable is called as the secret is.
func (c *Command) SecretVariables() map[string]Option {
	names := map[string]Option{}
	for _, o := range c.All("secret") {
		if s, ok := ParseSecret(o.Value); ok && s.Variable {
			names[cmp.Or(s.Target, s.Name)] = o
		}
	}
	return names
}

// Variables returns the variables that --env sets or copies from the environment of whoever ran the command, each with
// the occurrence that counts.
func (c *Command) Variables() map[string]Option {
	names := map[string]Option{}
	for _, o := range c.All("env") {
		name, _, _ := strings.Cut(o.Value, "=")
		names[name] = o
	}
	return names
}

// Capabilities returns the capabilities that --cap-add asks for by name, in the kernel's spelling ("CAP_CHOWN"); "ALL"
// is none.
func (c *Command) Capabilities() []string {
	names := []string{}
	for _, o := range c.All("cap-add") {
		if name := podman.Capability(o.Value); name != "CAP_ALL" && name != "CAP_" {
			names = append(names, name)
		}
	}
	return names
}

// HasOwnField reports whether a flag's value ends in a field of its own of the container, where secrets are looked for,
// or is the name of a secret, or a path, and not a value.
func HasOwnField(flag string) bool {
	switch flag {
	case "annotation", "entrypoint", "env", "env-merge", "health-cmd", "health-startup-cmd", "hostname", "label",
		"mount", "name", "secret", "tmpfs", "user", "volume":
		return true
	}
	return false
}

// jsonWords reads a command that is written as a JSON list.
func jsonWords(value string) (words []string, ok bool) {
	if !strings.HasPrefix(value, "[") || json.Unmarshal([]byte(value), &words) != nil {
		return nil, false
	}
	return words, true
}
