package live

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// masked is what Podman from 5.3 on shows in place of a variable that is filled from a secret, under the secret's name.
// Before, it shows the value under the variable's.
const masked = "*******"

var masksSecrets = podman.Version{Major: 5, Minor: 3}

// environment splits Config.Env, which names no owners, into the image's, Podman's, the user's and the secrets'. The
// value of a secret is dropped here, and so is one that may be a secret's.
//
// noSecrets reports whether the service is known to have no secret at all.
func environment(data *inspected, made *command.Command, from *image, server podman.Version,
	noSecrets func() bool) podman.Setting[[]podman.Variable] {
	if !data.Config.Env.present {
		return podman.Setting[[]podman.Variable]{}
	}
	var written, secrets map[string]command.Option
	if made != nil {
		written, secrets = made.Variables(), made.SecretVariables()
	}
	masks := !server.Before(masksSecrets)
	variables := make([]podman.Variable, 0, len(data.Config.Env.value))
	for i, entry := range data.Config.Env.value {
		name, value, _ := strings.Cut(entry, "=")
		v := podman.Variable{Name: name, Origin: podman.Field(fmt.Sprintf("Config.Env[%d]", i))}
		o, isWritten := written[name]
		_, isSecret := secrets[name]
		switch {
		case isSecret && !masks, masks && value == masked:
			v.Owner = podman.OwnerSecret
		case from != nil && slices.Contains(from.Config.Env, entry):
			v.Owner = podman.OwnerImage
		case isWritten:
			v.Owner, v.Origin.Field = podman.OwnerUser, word(o.ValueIndex)
		case isPodmans(name):
			v.Owner = podman.OwnerPodman
		case made == nil && !masks && !noSecrets(), from == nil && data.Image != "":
			v.Owner = podman.OwnerUnknown
		case isProxy(name):
			v.Owner = podman.OwnerProxy
		default:
			v.Owner = podman.OwnerUser
		}
		if v.Owner != podman.OwnerSecret && v.Owner != podman.OwnerUnknown {
			v.Value = podman.Sensitive(value)
		}
		variables = append(variables, v)
	}
	return podman.Set(variables, podman.Field("Config.Env"))
}

// isPodmans reports whether Podman gives every container the variable.
func isPodmans(name string) bool {
	switch name {
	case "container", "HOME", "HOSTNAME", "PATH", "TERM":
		return true
	}
	return false
}

// isProxy reports whether Podman copies the variable from the host's environment unless told --http-proxy=false.
func isProxy(name string) bool {
	switch strings.ToLower(name) {
	case "http_proxy", "https_proxy", "ftp_proxy", "no_proxy":
		return true
	}
	return false
}

// texts collects the other strings in which people write secrets, those that come from the image left out.
func texts(data *inspected, made *command.Command, from *image) podman.Setting[[]podman.ConfigString] {
	config := data.Config
	var found []podman.ConfigString
	add := func(place, name, field string, words ...string) {
		if len(words) == 0 {
			return
		}
		text := podman.ConfigString{Place: place, Name: name, Origin: podman.Field(field)}
		for _, w := range words {
			text.Words = append(text.Words, podman.Sensitive(w))
		}
		found = append(found, text)
	}
	if from == nil {
		from = &image{}
	}
	if !slices.Equal(config.Entrypoint, from.Config.Entrypoint) {
		add("argument", "", "Config.Entrypoint", config.Entrypoint...)
	}
	if !slices.Equal(config.Cmd, from.Config.Cmd) {
		add("argument", "", "Config.Cmd", config.Cmd...)
	}
	imageLabels := from.Config.Labels
	if imageLabels == nil {
		imageLabels = from.Labels
	}
	for _, name := range slices.Sorted(maps.Keys(config.Labels)) {
		if value := config.Labels[name]; imageLabels[name] != value {
			add("label", name, "Config.Labels", value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(config.Annotations)) {
		add("annotation", name, "Config.Annotations", config.Annotations[name])
	}
	if h := config.Healthcheck; h != nil && (from.Healthcheck == nil || !slices.Equal(h.Test, from.Healthcheck.Test)) {
		add("health check", "", "Config.Healthcheck", h.Test...)
	}
	if h := config.StartupHealthCheck; h != nil {
		add("health check", "", "Config.StartupHealthCheck", h.Test...)
	}
	if name := config.Hostname; !strings.HasPrefix(data.ID, name) {
		add("hostname", "", "Config.Hostname", name)
	}
	if made != nil {
		for _, o := range made.Options {
			if !command.HasOwnField(o.Name) && !o.IsAccount() {
				add("option", "--"+o.Name, word(o.ValueIndex), o.Value)
			}
		}
	}
	return podman.Set(found, podman.Field("Config"))
}
