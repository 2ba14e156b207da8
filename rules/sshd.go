package rules

import (
	"path"
	"strings"

	"github.com/podlint/podlint/podman"
)

var sshd = Rule{
	ID:       "sshd",
	Title:    "An SSH server runs in the container",
	Severity: Low,
	Why: `An SSH server in a container is one more door with keys and passwords of its own, that nobody updates and
whose log nobody reads. podman exec gets in without one, through the host's own login.`,
	Remedy: "Leave it out and use `podman exec`; where SSH is the service (git, sftp), waive this finding with that " +
		"reason.",
	CIS:     "5.7",
	Profile: Standard,
	See:     []string{"https://docs.podman.io/en/latest/markdown/podman-exec.1.html"},
	Check: func(c *podman.Container) []Finding {
		command := c.Process.Command
		if !command.Known() {
			return nil
		}
		for i, w := range command.Value {
			const first = 4 // the server itself, or behind tini, sh -c and the like
			if i >= first {
				break
			}
			for _, word := range strings.FieldsFunc(w.Reveal(),
				func(r rune) bool { return strings.ContainsRune(" ;&|", r) }) {
				switch name := path.Base(word); name {
				case "sshd", "dropbear":
					return violated(command, violation{
						Message:  name + " is what it starts: a door with keys of its own",
						Severity: Low,
						Setting:  "command",
						Value:    name,
						Fix:      Fix{Summary: "leave the SSH server out: podman exec gets in"},
					})
				}
			}
		}
		return nil
	},
}
