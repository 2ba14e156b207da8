package command

import (
	"encoding/csv"
	"encoding/json"
	"strings"

	"github.com/podlint/podlint/podman"
)

// SecretVariables returns the names of the variables that `--secret NAME,type=env[,target=VARIABLE]` fills from
// Podman's secrets. Without a target the variable is called as the secret is.
func (c *Command) SecretVariables() map[string]Option {
	names := map[string]Option{}
	for _, o := range c.All("secret") {
		fields, err := csv.NewReader(strings.NewReader(o.Value)).Read()
		if err != nil || len(fields) == 0 {
			continue
		}
		// The first field is the secret's name whatever it looks like, so one may be called "type=env".
		target, isVariable := fields[0], false
		for _, field := range fields[1:] {
			switch key, value, _ := strings.Cut(field, "="); strings.ToLower(key) {
			case "type":
				isVariable = value == "env"
			case "target":
				target = value
			}
		}
		if isVariable {
			names[target] = o
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
