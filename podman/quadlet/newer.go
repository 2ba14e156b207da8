package quadlet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/containers/podman/v5/pkg/systemd/quadlet"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// newer is a value that the generator which podlint is built with refuses, and that of a newer Podman takes.
type newer struct {
	// refusal is what the generator says.
	refusal, section, key string
	// since is the first Podman that takes it.
	since string
	what  string
	// is tells whether a word of the key is such a value.
	is func(word string) bool
}

// newerValues are those of Podman 6 (tried on 6.1.1).
var newerValues = []newer{
	{"source cannot be empty", quadlet.ContainerGroup, quadlet.KeyMount, "6.0", "a volume without a source", isAnonymous},
	{"key Options can't be used without Device", quadlet.VolumeGroup, quadlet.KeyOptions, "6.0",
		"options without a device", func(string) bool { return true }},
}

// isAnonymous reports whether a mount is a volume that Podman makes for the container alone.
func isAnonymous(mount string) bool {
	fields := strings.Split(mount, ",")
	return slices.Contains(fields, "type=volume") && !slices.ContainsFunc(fields, func(f string) bool {
		name, value, _ := strings.Cut(f, "=")
		return (name == "source" || name == "src") && value != ""
	})
}

// dropNewer takes the values away that the generator refuses with a message and a newer one takes, and names them. None
// is none of these.
func (u *unit) dropNewer(section, message string) []podman.Problem {
	var problems []podman.Problem
	for _, n := range newerValues {
		if n.section != section || n.refusal != message {
			continue
		}
		for i := range u.assignments {
			a := &u.assignments[i]
			if a.section != n.section || a.key != n.key {
				continue
			}
			origins, words := a.words(eachArg), splitAs(a.value, eachArg)
			starts, ends := wordBounds(a.value)
			value := []byte(a.value)
			for w, word := range words {
				if !n.is(word) || len(starts) != len(words) {
					continue
				}
				for b := starts[w]; b < ends[w]; b++ { // what stands behind it keeps its place
					value[b] = ' '
				}
				problems = append(problems, podman.Problem{Origin: origins[w], Warning: true,
					Message: fmt.Sprintf("%s=: Podman %s refuses %s, Podman %s takes it; it is left out here", n.key,
						command.TableVersion, n.what, n.since),
					Hint: "a generator that refuses a value drops the whole unit"})
			}
			a.value = string(value)
		}
		u.assignments = slices.DeleteFunc(u.assignments, func(a assignment) bool { // one that is empty is a reset
			return a.section == n.section && a.key == n.key && a.value != "" && strings.TrimSpace(a.value) == ""
		})
	}
	return problems
}
