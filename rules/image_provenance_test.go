package rules

import (
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
)

// TestProvenanceRules holds what is said of whose an image's files are.
func TestProvenanceRules(t *testing.T) {
	file := func(path string) []podman.Provenanced { return []podman.Provenanced{{Path: path, Layer: 2}} }
	for name, test := range map[string]struct {
		of   podman.Provenance
		want string
	}{
		"as it came": {podman.Provenance{Database: "dpkg"}, ""},
		"altered": {podman.Provenance{Database: "dpkg", Altered: []podman.Provenanced{{Path: "/usr/bin/ls", Layer: 2,
			Package: "coreutils", Version: "9.1-1"}}}, "high image-altered: /usr/bin/ls is not what coreutils 9.1-1 " +
			"brought (layer 2: COPY fakels /bin/ls)"},
		"altered, of pip": {podman.Provenance{Altered: []podman.Provenanced{{Path: "/a.py", Layer: 1,
			Package: "pip:req@2.0", Language: true}}}, "medium image-altered: /a.py is not what pip:req@2.0 brought " +
			"(layer 1: RUN apt-get update)"},
		"checksums": {podman.Provenance{Database: "dpkg", Rewritten: []podman.Provenanced{{Layer: 2, Package: "a",
			Version: "1"}}}, "medium image-altered: the checksums of a 1 were changed, and its version was not: its " +
			"files may be others than the package brought (layer 2: COPY fakels /bin/ls)"},
		"a PAM module": {podman.Provenance{Database: "dpkg", Unowned: []podman.Provenanced{{Path: "/lib/security/x.so",
			Layer: 3, Sensitive: "every login loads from there"}}}, "high image-unowned: /lib/security/x.so belongs to " +
			"no package, and every login loads from there (layer 3)"},
		"setuid": {podman.Provenance{Database: "dpkg", Unowned: []podman.Provenanced{{Path: "/x", Layer: 3,
			Setuid: true}}}, "high image-unowned: /x belongs to no package, and is setuid (layer 3)"},
		"in /usr/bin": {podman.Provenance{Database: "apk", Unowned: file("/usr/bin/x")}, "low image-unowned: 1 program " +
			"or library below /usr/bin belongs to no package: /usr/bin/x (layer 2: COPY fakels /bin/ls)"},
		"the application": {podman.Provenance{Database: "apk", Unowned: append(file("/app/b/c"), file("/app/d")...)},
			"info image-unowned: 2 programs or libraries below /app belong to no package: /app/b/c, /app/d (layer 2: " +
				"COPY fakels /bin/ls)"},
		"nothing to compare with": {podman.Provenance{Unowned: file("/usr/bin/x")}, ""},
		"no database": {podman.Provenance{Release: podman.Release{ID: "debian"}}, "low image-no-database: it is debian " +
			"by its os-release, without a package database: nobody can tell what is in it"},
		"removed": {podman.Provenance{Database: "dpkg", DatabaseRemoved: 3, Release: podman.Release{ID: "debian"}},
			"medium image-no-database: a step removes the package database (layer 3): scanners cannot tell what is in " +
				"the image"},
		"unreadable": {podman.Provenance{Unreadable: "x", Release: podman.Release{ID: "suse"}},
			"low image-no-database: the package database cannot be read: x"},
		"configuration": {podman.Provenance{Database: "dpkg", Config: []podman.Provenanced{{Path: "/etc/a", Layer: 1,
			Package: "a"}, {Path: "/etc/pam.d/su", Layer: 3, Package: "b", Sensitive: "it decides who gets in"}}},
			"info image-config: 1 configuration file edited: /etc/a (a, layer 1)\nlow image-config: /etc/pam.d/su of b " +
				"was edited, and it decides who gets in (layer 3)"},
	} {
		c := &podman.Container{Name: "x", Kind: podman.KindImage, Host: &podman.Host{}}
		c.Image.Content = podman.Set(&podman.ImageContent{Layers: 2, Provenance: &test.of,
			Steps: []string{"/bin/sh -c apt-get update", "/bin/sh -c #(nop) COPY fakels /bin/ls"}}, podman.Field("layers"))
		var got []string
		for _, f := range Check([]Rule{imageAltered, imageUnowned, imageNoDatabase, imageConfig}, c) {
			got = append(got, f.Severity.String()+" "+f.Rule.ID+": "+f.Message)
		}
		if text := strings.Join(got, "\n"); text != test.want && strings.Join(reversed(got), "\n") != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, text, test.want)
		}
	}
}

func reversed(list []string) []string {
	var back []string
	for _, s := range list {
		back = append([]string{s}, back...)
	}
	return back
}
