package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules/secret"
)

var unitWritable = Rule{
	ID:       "unit-writable",
	Title:    "The container's definition is writable or readable by others",
	Severity: High, OnResource: true,
	Why: `Whoever may write a unit, a drop-in or an environment file decides what runs with the next start, and as
whom. An environment file with passwords that everybody may read has given them away.`,
	Remedy: "`chmod go-w` the files, and `chmod 600` those that hold secrets; better keep these with `podman secret`.",
	See:    []string{"https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html"},
	Check: func(c *podman.Container) []Finding {
		definition := c.Definition
		if c.FromUnit != nil {
			definition = c.FromUnit.Definition
		}
		var found []Finding
		for _, f := range definition.Files {
			add := func(severity Severity, message, mode, fix string) {
				found = append(found, Finding{
					Message: f.Path + " " + message, Severity: severity, Confidence: Certain, Cause: f.Path,
					Evidence: []Evidence{{"mode", mode, podman.Origin{File: f.Path}}}, Fix: Fix{Summary: fix + f.Path},
				})
			}
			const othersWrite, othersRead = 0o002, 0o004
			mode := fmt.Sprintf("%04o", f.Mode)
			switch {
			case f.Mode&othersWrite != 0:
				add(High, "may be written by everybody on the machine, who so decide what runs", mode, "chmod o-w ")
			case f.Environment && definition.Installed && f.Mode&othersRead != 0 && holdsSecrets(c, f.Path):
				add(Medium, "holds secrets, and everybody on the machine may read it", mode, "chmod 600 ")
			case definition.Installed && f.Owner != 0 && !rootless(c) && c.Host.Rootless.Known():
				add(High, fmt.Sprintf("is owned by UID %d, who so decides what root runs", f.Owner),
					fmt.Sprintf("UID %d", f.Owner), "chown root:root ")
			}
		}
		return found
	},
}

// holdsSecrets reports whether a variable that a file sets holds a secret.
func holdsSecrets(c *podman.Container, file string) bool {
	from := c
	if c.FromUnit != nil {
		from = c.FromUnit
	}
	for _, v := range from.Environment.Value {
		if v.Origin.File != file {
			continue
		}
		if _, ok := secret.DetectPair(v.Name, v.Value.Reveal()); ok {
			return true
		}
	}
	return false
}
