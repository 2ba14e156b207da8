package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/podlint/podlint/podman"
)

// support is until when a release gets security updates for free: by its distribution, and in Debian's LTS.
type support struct{ release, until, lts string }

// supportOf holds the releases that are known, as of 2026-11-25, as the distributions publish them. A release that is
// not in it is unknown, not ended.
func supportOf(r podman.Release) (support, bool) {
	version := r.Version
	if r.ID == "alpine" { // 3.20.3 is of the branch 3.20
		if parts := strings.SplitN(version, ".", 3); len(parts) == 3 {
			version = parts[0] + "." + parts[1]
		}
	}
	for _, s := range []support{
		{"debian 8", "2018-06-17", "2020-06-30"}, {"debian 9", "2020-07-18", "2022-06-30"},
		{"debian 10", "2022-09-10", "2024-06-30"}, {"debian 11", "2024-08-14", "2026-08-31"},
		{"debian 12", "2026-07-11", "2028-06-30"}, {"debian 13", "2028-08-09", "2030-06-30"},
		{"ubuntu 16.04", "2021-04-30", ""}, {"ubuntu 18.04", "2023-05-31", ""}, {"ubuntu 20.04", "2025-05-31", ""},
		{"ubuntu 22.04", "2027-06-01", ""}, {"ubuntu 24.04", "2029-05-31", ""},
		{"alpine 3.16", "2024-05-23", ""}, {"alpine 3.17", "2024-11-22", ""}, {"alpine 3.18", "2025-05-09", ""},
		{"alpine 3.19", "2025-11-01", ""}, {"alpine 3.20", "2026-04-01", ""}, {"alpine 3.21", "2026-11-01", ""},
		{"alpine 3.22", "2027-05-01", ""},
	} {
		if s.release == r.ID+" "+version {
			return s, true
		}
	}
	if r.SupportEnd != "" { // Fedora sets it
		return support{release: r.ID + " " + r.Version, until: r.SupportEnd}, true
	}
	return support{}, false
}

var imageEOL = Rule{
	ID:       "image-eol",
	Title:    "The image's distribution gets no security updates any more",
	Severity: High,
	Why: `A release that is past its support gets no fix for what is found in its packages, however often the image is
built again. Debian's releases have some years of long-term support by volunteers behind their own; the dates are of a
table that is part of podlint, and a release that it does not know is not judged.`,
	Remedy: "Build it on a release that is supported.",
	See: []string{"https://wiki.debian.org/LTS", "https://ubuntu.com/about/release-cycle",
		"https://alpinelinux.org/releases/"},
	Drift: []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		p, _ := provenanceOf(c)
		if p == nil {
			return nil
		}
		s, known := supportOf(p.Release)
		until, err := time.Parse(time.DateOnly, s.until)
		if !known || err != nil {
			return nil
		}
		past := func(day time.Time) bool { return c.Host.Now.After(day.AddDate(0, 0, 1)) }
		v := violation{Setting: "os-release", Value: s.release, Severity: High,
			Fix: Fix{Summary: "build it on a release that is supported"}}
		switch lts, err := time.Parse(time.DateOnly, s.lts); {
		case err == nil && past(until) && !past(lts):
			v.Severity = Info
			v.Message = fmt.Sprintf("%s is in long-term support, until %s", s.release, s.lts)
		case err == nil && past(lts):
			v.Message = fmt.Sprintf("%s has no free security support since %s", s.release, s.lts)
		case err != nil && past(until):
			v.Message = fmt.Sprintf("%s has no free security support since %s", s.release, s.until)
		default:
			return nil
		}
		return violated(c.Image.Content, v)
	},
}
