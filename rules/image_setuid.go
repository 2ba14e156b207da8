package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

var imageSetuid = Rule{
	ID:       "image-setuid",
	Title:    "The image contains setuid or file-capability programs",
	Severity: Low,
	Why: `A setuid program runs as its owner, no matter who starts it; one with file capabilities gets these. For a
service they are what an attacker looks for first. no-new-privileges makes them harmless, but not every container of
the image will have it.`,
	Remedy: "Take the bits away in the build: `RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +`; or leave " +
		"out the packages that bring them.",
	CIS:     "4.8",
	See:     []string{"https://man7.org/linux/man-pages/man7/capabilities.7.html"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		return imageFiles(c, func(f podman.ImageFile) (Severity, string) {
			const setuid, setgid, othersWrite = 0o4000, 0o2000, 0o002
			who := fmt.Sprintf("UID %d", f.UID)
			severity := Low
			switch {
			case f.Directory:
				return 0, ""
			case f.Mode&setuid != 0:
			case f.Capability:
				return Low, fmt.Sprintf("%s has file capabilities, which every user who runs it gets", f.Path)
			case f.Mode&setgid != 0:
				who = fmt.Sprintf("GID %d", f.GID)
			default:
				return 0, ""
			}
			message := fmt.Sprintf("%s runs as %s, no matter who starts it", f.Path, who)
			if f.Mode&othersWrite != 0 {
				severity, message = High, message+", and everybody may write it"
			}
			return severity, message
		}, Fix{Summary: "take the bit away in the build"})
	},
}
