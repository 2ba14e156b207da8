package rules

import (
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// TestImageEOL holds which releases are past their support on a day.
func TestImageEOL(t *testing.T) {
	for release, want := range map[podman.Release]string{
		{ID: "debian", Version: "10"}: "high debian 10 has no free security support since 2024-06-30",
		{ID: "debian", Version: "11"}: "high debian 11 has no free security support since 2026-08-31",
		{ID: "debian", Version: "12"}: "info debian 12 is in long-term support, until 2028-06-30",
		{ID: "debian", Version: "13"}: "", {ID: "debian"}: "", {ID: "zurg", Version: "1"}: "",
		{ID: "ubuntu", Version: "20.04"}:  "high ubuntu 20.04 has no free security support since 2025-05-31",
		{ID: "alpine", Version: "3.20.3"}: "high alpine 3.20 has no free security support since 2026-04-01",
		{ID: "alpine", Version: "3.22.1"}: "",
		{ID: "fedora", Version: "40", SupportEnd: "2025-05-13"}: "high fedora 40 has no free security support since " +
			"2025-05-13",
	} {
		now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
		c := &podman.Container{Kind: podman.KindImage, Host: &podman.Host{Now: now}}
		c.Image.Content = podman.Set(&podman.ImageContent{Provenance: &podman.Provenance{Release: release}},
			podman.Field("layers"))
		got := ""
		for _, f := range Check([]Rule{imageEOL}, c) {
			got += f.Severity.String() + " " + f.Message
		}
		if got != want {
			t.Errorf("%v: got %q, want %q", release, got, want)
		}
	}
}
