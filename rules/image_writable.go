package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var imageWritable = Rule{
	ID:       "image-writable",
	Title:    "Everybody may write to a path of the image",
	Severity: Low,
	Why: `In a directory that everybody may write to, and that has no sticky bit, any process of the container puts
its own files in place of others'. What another process of the container then runs or reads is an attacker's.`,
	Remedy:  "`chmod o-w` in the build, or `chmod 1777` where everybody has to write.",
	See:     []string{"https://man7.org/linux/man-pages/man1/chmod.1.html"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		return imageFiles(c, func(f podman.ImageFile) (Severity, string) {
			const sticky, othersWrite, special = 0o1000, 0o002, 0o6000
			if f.Mode&othersWrite == 0 || f.Directory && f.Mode&sticky != 0 || f.Mode&special != 0 ||
				strings.HasPrefix(f.Path, "/dev/") {
				return 0, ""
			}
			if f.Directory {
				return Low, fmt.Sprintf("everybody may put files into %s, and in place of others'", f.Path)
			}
			return Low, fmt.Sprintf("everybody may write %s", f.Path)
		}, Fix{Summary: "chmod o-w it in the build"})
	},
}
