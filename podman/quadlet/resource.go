package quadlet

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// resource returns what a unit says that makes no container: the texts in which people leave secrets, and how its image
// is pulled.
func (u *unit) resource(host *podman.Host) *podman.Container {
	section := sections[filepath.Ext(u.name)]
	place := u.sections[section]
	c := &podman.Container{Name: u.name, Kind: podman.KindResource, Host: host, Definition: u.definition(),
		Unit: info(u).ServiceFileName()}
	if a := u.last(section, "Image"); a != nil {
		c.Image.Name = a.value
	}
	var found []podman.ConfigString
	add := func(place, name, text string, at podman.Origin) {
		found = append(found, podman.ConfigString{Place: place, Name: name,
			Words: []podman.Sensitive{podman.Sensitive(text)}, Origin: at})
	}
	pair := func(place, text string, at podman.Origin) {
		name, value, _ := strings.Cut(text, "=")
		add(place, name, value, at)
	}
	options := func(text string, at podman.Origin) {
		for option := range strings.SplitSeq(strings.TrimPrefix(text, "o="), ",") {
			pair("volume option", option, at)
		}
	}
	verify := func(value string, at podman.Origin) {
		c.Image.TLSVerify = podman.Set(isTrue(value), at)
	}
	for i := range u.assignments {
		a := &u.assignments[i]
		if a.section != section {
			continue
		}
		switch a.key {
		case "Creds", "DecryptionKey":
			add("option", map[string]string{"Creds": "--creds", "DecryptionKey": "--decryption-key"}[a.key], a.value, a.origin)
		case "Environment", "BuildArg", "Label", "Annotation":
			origins := a.words(eachArg)
			for i, word := range splitAs(a.value, eachArg) {
				pair(pairPlaces[a.key], word, origins[i])
			}
		case "Options", "Device":
			options(a.value, a.origin)
		case "TLSVerify":
			verify(a.value, a.origin)
		case "PodmanArgs":
			origins := a.words(eachArg)
			eachFlag(splitAs(a.value, eachArg), func(i int, name, value string) {
				switch name {
				case "--build-arg":
					pair("build argument", value, origins[i])
				case "--env":
					pair("build variable", value, origins[i])
				case "--label", "-l":
					pair("label", value, origins[i])
				case "--opt", "-o":
					options(value, origins[i])
				case "--tls-verify":
					verify(value, origins[i])
				default:
					add("option", name, value, origins[i])
				}
			})
		}
	}
	c.ConfigStrings = podman.Set(found, place)
	return c
}

// pairPlaces says what the pairs of a key are called among texts.
var pairPlaces = map[string]string{"Environment": "build variable", "BuildArg": "build argument", "Label": "label",
	"Annotation": "annotation"}

// eachFlag calls visit with each flag among words and its value: what is behind a "=", or the next word where that is
// no flag.
func eachFlag(words []string, visit func(i int, name, value string)) {
	for i := 0; i < len(words); i++ {
		name, value, given := strings.Cut(words[i], "=")
		if !strings.HasPrefix(name, "-") {
			continue
		}
		at := i
		if !given && i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") &&
			slices.Contains([]string{"--build-arg", "--env", "--label", "-l", "--opt", "-o", "--creds",
				"--decryption-key"}, name) {
			i++
			value = words[i]
		}
		visit(at, name, value)
	}
}
