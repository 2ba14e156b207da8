package fix

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// longEnough is how long a container must have run for what it has not done to count: a day holds what happens every
// night.
const longEnough = 24 * time.Hour

// WithEvidence fits the fixes of a live container's findings to what it has done: the tmpfs that it needs read-only,
// the capabilities that its start wants back, the account that its image has. It returns what it has seen, in words.
func WithEvidence(c *podman.Container, e podman.Observation, findings []rules.Finding) (notes []string) {
	since := c.Host.Now.Sub(c.Created)
	for i := range findings {
		f := &findings[i]
		if f.Proven != "" { // which says more
			continue
		}
		switch f.Rule.Kind {
		case rules.FixReadOnly:
			if !e.Written.Known() {
				continue
			}
			dirs := podman.WrittenDirectories(e.Written.Value)
			switch {
			case len(dirs) > 0:
				notes = append(notes, fmt.Sprintf("in %s it wrote to %s", age(since), strings.Join(dirs, ", ")))
				f.Fix.Changes = slices.Clone(f.Fix.Changes)
				for _, dir := range dirs {
					value := dir + ":rw,nosuid,nodev,noexec"
					f.Fix.Changes = append(f.Fix.Changes,
						rules.Change{Flag: "--tmpfs=" + value})
				}
			case since >= longEnough:
				notes = append(notes,
					fmt.Sprintf("in %s it wrote nothing outside of its volumes: --read-only is safe", age(since)))
				f.Fix.Safe = true
			default:
				notes = append(notes, fmt.Sprintf("in %s it wrote nothing outside of its volumes", age(since)))
			}
		case rules.FixCapabilities:
			wanted, why := wantedBack(c, e)
			if len(wanted) == 0 || len(f.Fix.Changes) > 1 { // what was asked for by name stays
				continue
			}
			notes = append(notes, why...)
			f.Fix.Changes = append(slices.Clone(f.Fix.Changes), rules.Change{Flag: "--cap-add=" +
				strings.Join(wanted, ",")})
		case rules.FixUser:
			if a, ok := ownAccount(c, e); ok {
				value := fmt.Sprintf("%d:%d", a.UID, a.GID)
				f.Fix.Changes = []rules.Change{{Flag: "--user=" + value}}
				notes = append(notes, fmt.Sprintf("its image has an account for it: %s (%d:%d)", a.Name, a.UID, a.GID))
			}
		default: // what a container does says nothing of the others
		}
	}
	return notes
}

// age writes how long ago something was.
func age(d time.Duration) string {
	switch {
	case d >= 2*longEnough:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	default:
		return fmt.Sprintf("%d minutes", max(1, int(d.Minutes())))
	}
}

// wantedBack returns the capabilities that a container's start uses, as far as it shows, and by what.
func wantedBack(c *podman.Container, e podman.Observation) (names, why []string) {
	const privileged = 1024
	for _, p := range c.Network.Ports.Value {
		if p.Container > 0 && p.Container < privileged && !slices.Contains(names, "NET_BIND_SERVICE") {
			names = append(names, "NET_BIND_SERVICE")
			why = append(why, fmt.Sprintf("it listens on port %d: NET_BIND_SERVICE", p.Container))
		}
	}
	if c.Process.UID.Known() && c.Process.UID.Value == 0 && e.Processes.Known() {
		for _, p := range e.Processes.Value {
			if p.UID != 0 {
				names = append(names, "SETGID", "SETUID")
				why = append(why, fmt.Sprintf("it starts as root and becomes %s: SETGID, SETUID", p.User))
				break
			}
		}
	}
	return names, why
}

// ownAccount returns the account that the image has for the service: the one that its processes have become, else the
// one that is called as the image is.
func ownAccount(c *podman.Container, e podman.Observation) (podman.Account, bool) {
	if !e.Accounts.Known() {
		return podman.Account{}, false
	}
	const nobody = 65534
	for _, p := range e.Processes.Value {
		for _, a := range e.Accounts.Value {
			if a.UID == p.UID && a.UID != 0 && a.UID != nobody {
				return a, true
			}
		}
	}
	image := c.Image.Name[strings.LastIndexByte(c.Image.Name, '/')+1:]
	image, _, _ = strings.Cut(image, ":")
	for _, a := range e.Accounts.Value {
		if a.UID != 0 && a.UID != nobody && len(image) > 2 && strings.HasPrefix(image, a.Name) && len(a.Name) > 2 {
			return a, true
		}
	}
	return podman.Account{}, false
}
