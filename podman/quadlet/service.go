package quadlet

import (
	"strings"

	"github.com/containers/podman/v5/pkg/systemd/quadlet"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// Service reads a systemd .service unit, and its drop-ins, for the podman command lines in its ExecStartPre=,
// ExecStart= and ExecStartPost=. A shell that is given a script there (sh -c) is read too.
func (r *Reader) Service(f podman.File, host *podman.Host) podman.Found {
	u, problems := r.load(f.Path, []byte(f.Text))
	if host.Rootless.State == podman.StateDefault {
		if a := u.last(quadlet.ServiceGroup, "User"); a != nil && a.value != "" && a.value != "root" && a.value != "0" {
			host = podman.AssumedHost(podman.Set(true, a.origin), host.Now)
		}
	}
	var lines [][]command.Word
	awaited := map[podman.Origin]bool{} // the lines of commands that systemd waits for before it goes on
	for _, key := range []string{"ExecStartPre", "ExecStart", "ExecStartPost"} {
		for _, words := range u.commandLines(key, host) {
			for i := range words {
				awaited[lineOf(words[i].Origin)] = key != "ExecStart" || u.isOneshot()
			}
			words[0].Text = strings.TrimLeft(words[0].Text, "-@:+!|")
			lines = append(lines, words)
		}
	}
	found := command.Lines(lines, host)
	for _, c := range found.Containers {
		c.Unit = u.name
		c.Lifecycle.RunsOnce = awaited[lineOf(c.Definition.Origin)] && c.Lifecycle.Foreground
		for _, a := range u.effective(quadlet.ServiceGroup, "Environment") {
			if strings.Contains(a.value, "PODMAN_SYSTEMD_UNIT=") { // as `podman generate systemd` writes
				c.Lifecycle.UpdateUnit = podman.Set(u.name, a.origin)
			}
		}
	}
	found.Files, found.Problems = u.files, append(problems, found.Problems...)
	return found
}

// commandLines returns the words of the command lines that a key of a service holds.
func (u *unit) commandLines(key string, host *podman.Host) [][]command.Word {
	s := specifiersOf(u, host)
	var lines [][]command.Word
	for _, a := range u.effective(quadlet.ServiceGroup, key) {
		origins, list := a.words(eachArg), splitAs(a.value, eachArg)
		words := make([]command.Word, len(list))
		for i, w := range list {
			text, unknown := s.expand(w)
			words[i] = command.Word{Text: text, Unknown: unknown,
				Splits: unknown && strings.HasPrefix(w, "$") && !strings.HasPrefix(w, "${"), Origin: origins[i]}
		}
		if len(words) > 0 {
			lines = append(lines, words)
		}
	}
	return lines
}

// isOneshot reports whether systemd waits for the end of what a unit starts (systemd.service(5)).
func (u *unit) isOneshot() bool {
	a := u.last(quadlet.ServiceGroup, "Type")
	return a != nil && a.value == "oneshot"
}

func lineOf(o podman.Origin) podman.Origin { return podman.Origin{File: o.File, Line: o.Line} }
