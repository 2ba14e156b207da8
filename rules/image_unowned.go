package rules

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/podman"
)

var imageUnowned = Rule{
	ID:       "image-unowned",
	Title:    "Code of the image belongs to no package",
	Severity: High,
	Why: `A program, library or script that neither a package of the distribution nor npm, pip, gem or Go's build
information accounts for: nobody updates it, and nobody can say where it is from. In a place from which privileged
programs load code (PAM, NSS, /etc/ld.so.preload, sudo, systemd, cron, hooks of apt), or with the setuid bit, it is how
a backdoor looks. Elsewhere it is what most images of applications are made of: that is information, summed up by
directory.`,
	Remedy: "Install it as a package, or take it out. Programs of one's own belong into /usr/local or /opt.",
	See:    []string{"https://www.debian.org/doc/debian-policy/ch-opersys.html"},
	Drift:  []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		p, content := provenanceOf(c)
		if p == nil || p.Database == "" {
			return nil
		}
		var found []Finding
		groups := map[string][]podman.Provenanced{}
		for _, f := range p.Unowned {
			switch {
			case f.Sensitive != "":
				found = append(found, ofFile(content, f, High, fmt.Sprintf("%s belongs to no package, and %s", f.Path,
					f.Sensitive), Fix{Summary: "install what brings it as a package, or take it out"}))
			case f.Setuid:
				found = append(found, ofFile(content, f, High, f.Path+" belongs to no package, and is setuid",
					Fix{Summary: "install what brings it as a package, or take the bit away"}))
			default:
				place := placeOf(f.Path)
				groups[place] = append(groups[place], f)
			}
		}
		for _, place := range slices.Sorted(maps.Keys(groups)) {
			found = append(found, unownedBelow(content, place, groups[place]))
		}
		return found
	},
}

// placeOf returns the directory by which what belongs to nobody is summed up.
func placeOf(name string) string {
	parts := strings.SplitN(strings.TrimPrefix(name, "/"), "/", 4)
	switch {
	case len(parts) == 1:
		return "/"
	case parts[0] == "usr" && len(parts) > 2, parts[0] == "var" && len(parts) > 2, parts[0] == "home" && len(parts) > 2:
		return "/" + path.Join(parts[:2]...)
	}
	return "/" + parts[0]
}

// unownedBelow sums up what belongs to nobody in one place: low where the distribution's own files are.
func unownedBelow(content *podman.ImageContent, place string, files []podman.Provenanced) Finding {
	const named = 3
	severity, fix := Info, "nothing to do where it is the application; else install it as a package"
	switch top := strings.TrimPrefix(place, "/usr"); {
	case strings.HasPrefix(top, "/bin"), strings.HasPrefix(top, "/sbin"), strings.HasPrefix(top, "/lib"):
		severity, fix = Low, "install it as a package, or put it into /usr/local"
	}
	verb := "belong"
	if len(files) == 1 {
		verb = "belongs"
	}
	f := ofFile(content, files[0], severity, fmt.Sprintf("%s below %s %s to no package: %s",
		word.Count(len(files), "program or library", "programs or libraries"), place, verb,
		firstFiles(files, named, func(f podman.Provenanced) string { return f.Path })), Fix{Summary: fix})
	f.Cause = place
	return f
}
