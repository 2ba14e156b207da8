package packages

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Index is one list of a distribution's packages, such as a suite's.
type Index struct {
	// Codename is the release's, without "-security" or "-updates"; Security is set for a suite of security updates.
	Codename string
	Security bool
	// Packages is the text of the list.
	Packages string
}

// Update is a newer version of a package.
type Update struct {
	podman.Package
	// To is the newest version there is.
	To string
	// Security is set where any newer version is in a suite of security updates: fixes move on into others.
	Security bool
}

// Updates is what an image's packages are behind.
type Updates struct {
	// Unknown says why nothing is known, empty where it is.
	Unknown string
	Pending []Update
	// Foreign holds the packages of no index: another repository's.
	Foreign []podman.Package
	// Newer holds those that are newer than the index, which is older than the image.
	Newer []podman.Package
}

// available is one version in an index.
type available struct {
	version  string
	security bool
}

// DebianUpdates compares an image's packages with the lists of a release. Lists of another release, and lists without a
// suite of security updates, say nothing. What is pinned is told by its package's name.
func DebianUpdates(installed []podman.Package, release podman.Release, lists []Index,
	pinned func(name string) bool) Updates {
	security := false
	for _, l := range lists {
		if release.Codename != "" && l.Codename != release.Codename {
			return Updates{Unknown: "the lists here are of " + l.Codename + ", the image is " + release.Codename}
		}
		security = security || l.Security
	}
	if !security {
		return Updates{Unknown: "no index of the security suite"}
	}
	wanted := map[string]bool{}
	for _, p := range installed {
		wanted[p.Name] = true
	}
	byName, byArchitecture := map[string][]available{}, map[string][]available{}
	for _, l := range lists {
		paragraphs(l.Packages, []string{"Package", "Architecture", "Version"}, func(p paragraph) {
			if name := p["Package"]; wanted[name] && p["Version"] != "" {
				a := available{p["Version"], l.Security}
				byName[name] = append(byName[name], a)
				byArchitecture[name+":"+p["Architecture"]] = append(byArchitecture[name+":"+p["Architecture"]], a)
			}
		})
	}
	var u Updates
	for _, p := range installed {
		versions := byArchitecture[p.Name+":"+p.Architecture]
		if len(versions) == 0 { // from all to amd64, or back
			versions = byName[p.Name]
		}
		u.compare(p, versions, pinned(p.Name))
	}
	slices.SortFunc(u.Pending, func(a, b Update) int { return strings.Compare(a.Name, b.Name) })
	return u
}

func (u *Updates) compare(p podman.Package, versions []available, pinned bool) {
	if len(versions) == 0 {
		u.Foreign = append(u.Foreign, p)
		return
	}
	update := Update{Package: p, To: p.Version}
	listed := false
	for _, a := range versions {
		switch c := CompareDebian(a.version, p.Version); {
		case c == 0:
			listed = true
		case c > 0:
			update.Security = update.Security || a.security
			if CompareDebian(a.version, update.To) > 0 {
				update.To = a.version
			}
		}
	}
	switch {
	case update.To != p.Version && pinned:
		u.Foreign = append(u.Foreign, p)
	case update.To != p.Version:
		u.Pending = append(u.Pending, update)
	case !listed:
		u.Newer = append(u.Newer, p)
	}
}
