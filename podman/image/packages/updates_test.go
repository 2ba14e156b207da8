package packages

import (
	"fmt"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
)

// TestDebianUpdates holds what is pending: a security update is any newer version in a security suite; what the lists
// cannot say is unknown.
func TestDebianUpdates(t *testing.T) {
	pkg := func(lines ...string) string {
		var b strings.Builder
		for _, l := range lines {
			f := strings.Fields(l)
			fmt.Fprintf(&b, "Package: %s\nArchitecture: %s\nVersion: %s\n\n", f[0], f[1], f[2])
		}
		return b.String()
	}
	status := Status(pkg("openssl amd64 3.0.15-1", "tool all 1.0-1", "libx1 amd64 1.0-2", "libx1 i386 1.0-1",
		"vendor amd64 1", "varnish amd64 6", "backport amd64 2.0-1~bpo12+1"))
	lists := []Index{
		{Codename: "bookworm", Packages: pkg("openssl amd64 3.0.17-1", "tool amd64 1.1-1", "varnish amd64 7",
			"backport amd64 1.5-1")},
		{Codename: "bookworm", Security: true, Packages: pkg("openssl amd64 3.0.16-1", "libx1 amd64 1.0-2",
			"libx1 i386 1.0-2")},
	}
	pinned := func(name string) bool { return name == "varnish" }
	bookworm := podman.Release{Codename: "bookworm"}
	u := DebianUpdates(status, bookworm, lists, pinned)
	var got []string
	for _, p := range u.Pending {
		got = append(got, fmt.Sprintf("%s:%s %s %v", p.Name, p.Architecture, p.To, p.Security))
	}
	for _, p := range u.Foreign {
		got = append(got, "foreign "+p.Name)
	}
	for _, p := range u.Newer {
		got = append(got, "newer "+p.Name)
	}
	const want = "libx1:i386 1.0-2 true, openssl:amd64 3.0.17-1 true, tool:all 1.1-1 false, foreign vendor, " +
		"foreign varnish, newer backport"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("got %s", text)
	}
	if u := DebianUpdates(status, podman.Release{Codename: "trixie"}, lists, pinned); u.Unknown !=
		"the lists here are of bookworm, the image is trixie" {
		t.Error(u.Unknown)
	}
	if u := DebianUpdates(status, bookworm, lists[:1], pinned); u.Unknown != "no index of the security suite" {
		t.Error(u.Unknown)
	}
}
