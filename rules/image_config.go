package rules

import (
	"fmt"

	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/podman"
)

var imageConfig = Rule{
	ID:       "image-config",
	Title:    "Configuration of a package was edited in the image",
	Severity: Low,
	Why: `A configuration file is not what its package brought. That is normal, and what one has images for; it is worth
a look where the file decides who gets in (PAM, sudo).`,
	Remedy:  "Look at the step that edits it, and keep the edit as small as it can be.",
	See:     []string{"https://www.debian.org/doc/debian-policy/ap-pkg-conffiles.html"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		p, content := provenanceOf(c)
		if p == nil {
			return nil
		}
		fix := Fix{Summary: "look at the step that edits it"}
		var found []Finding
		var plain []podman.Provenanced
		for _, f := range p.Config {
			if f.Sensitive == "" {
				plain = append(plain, f)
				continue
			}
			found = append(found, ofFile(content, f, Low, fmt.Sprintf("%s of %s was edited, and %s", f.Path, f.Package,
				f.Sensitive), fix))
		}
		if len(plain) == 0 {
			return found
		}
		const named = 5
		sum := ofFile(content, plain[0], Info, "", fix)
		sum.Message = word.Count(len(plain), "configuration file", "configuration files") + " edited: " +
			firstFiles(plain, named, func(f podman.Provenanced) string {
				return fmt.Sprintf("%s (%s, layer %d)", f.Path, f.Package, f.Layer)
			})
		sum.Cause = "edited"
		return append(found, sum)
	},
}
