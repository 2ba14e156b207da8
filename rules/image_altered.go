package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

var imageAltered = Rule{
	ID:       "image-altered",
	Title:    "A program of the image is not what its package brought",
	Severity: High,
	Why: `A program or library that belongs to a package has other bytes than the package brought, as the image's own
package database has it. A step of the build has replaced it: by mistake, or to put something in. Updates of the
package will replace it again, or never come. Whoever can replace a program can replace its checksum as well, so that
the lack of this finding is no proof; a later layer that changed the checksums of a package whose version stayed is
named.`,
	Remedy: "Take out the step that replaces the file, or install the package again: `apt-get install --reinstall " +
		"PACKAGE`. A program of one's own belongs into /usr/local.",
	See:     []string{"https://man7.org/linux/man-pages/man1/dpkg.1.html"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Standard,
	Check: func(c *podman.Container) []Finding {
		p, content := provenanceOf(c)
		if p == nil {
			return nil
		}
		const most = 50
		var found []Finding
		for i, f := range p.Altered {
			if i == most {
				rest := ofFile(content, f, High, fmt.Sprintf("%s and %d more files are not what their packages brought",
					f.Path, len(p.Altered)-most-1), Fix{Summary: "take out the steps that replace them"})
				return append(found, rest)
			}
			if f.Language {
				found = append(found, ofFile(content, f, Medium, fmt.Sprintf("%s is not what %s brought", f.Path,
					f.Package), Fix{Summary: "install it again, or take out the step that replaces it"}))
				continue
			}
			fix := "install " + f.Package + " again, or take out the step that replaces it"
			if p.Database == "dpkg" {
				fix = "RUN apt-get install --reinstall " + f.Package + ", or take out the step that replaces it"
			}
			found = append(found, ofFile(content, f, High, fmt.Sprintf("%s is not what %s %s brought", f.Path, f.Package,
				f.Version), Fix{Summary: fix}))
		}
		for _, f := range p.Rewritten {
			changed := ofFile(content, f, Medium, fmt.Sprintf("the checksums of %s %s were changed, and its version was "+
				"not: its files may be others than the package brought", f.Package, f.Version),
				Fix{Summary: "install it again, or take out the step that changes them"})
			changed.Confidence = Derived
			found = append(found, changed)
		}
		return found
	},
}
