package cli

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/examples"
)

// seenOnlyLive names the rules that no definition can show, and what they look at.
var seenOnlyLive = map[string]string{
	"stale-image": "the image in the storage", "secret-in-image": "the image's config and history",
	"exec-privileged": "open sessions", "host-api": "the service", "engine-defaults": "containers.conf",
	"subid-overlap": "/etc/subuid", "image-unsigned": "policy.json", "unit-writable": "the file's mode",
	"image-untrusted": "trusted-registries in podlint.toml", "image-old": "the image's dates",
	"image-env-host": "the image's environment", "image-root": "the image's USER",
	"image-secret-file": "the image's layers", "image-setuid": "the image's layers",
	"image-altered": "the image's layers", "image-unowned": "the image's layers",
	"image-config": "the image's layers", "image-eol": "the image's os-release", "image-no-database": "the image's layers",
	"image-writable": "the image's layers", "image-unreproducible": "the image's layers",
}

// TestExamples holds that one thing is wrong with each bad example, which is its rule's, and nothing with a good one;
// and that every rule has examples that can have some.
func TestExamples(t *testing.T) {
	also := map[string]string{ // what cannot be had without another
		"privileged": "uid-map", "root-user": "", "user-nobody": "", "uid-map": "host-rootful",
		"host-rootful": "uid-map", "network-host": "", "engine-socket": "", "mount-relabel": "host-path",
		"image-short-name": "auto-update",
	}
	for _, r := range rules.All(rules.Parameters{}) {
		files := exampleFiles(t, r.ID)
		if _, live := seenOnlyLive[r.ID]; live {
			if len(files) > 0 {
				t.Errorf("%s has examples and is said to be seen only live", r.ID)
			}
			continue
		}
		if len(files) < 2 {
			t.Errorf("%s has no examples", r.ID)
			continue
		}
		for _, kind := range []string{"bad", "good"} {
			tree := map[string]string{}
			for name, text := range files {
				if strings.HasPrefix(name, kind) {
					tree[name] = text
				}
			}
			_, out, errs := checkAt(t, "", "--rootful", "--profile", "strict", "--format", "json", "--config", "none",
				writeTree(t, tree))
			found := map[string]bool{}
			for _, f := range parseReport(t, out).Findings {
				found[f.Rule] = true
			}
			want := map[string]bool{}
			if kind == "bad" {
				want[r.ID] = true
				if other := also[r.ID]; other != "" {
					want[other] = true
				}
			}
			if !maps.Equal(found, want) ||
				strings.Contains(errs, "podlint:") && !strings.Contains(errs, "environment file") {
				t.Errorf("%s/%s: found %v, want %v\n%s", r.ID, kind, slices.Sorted(maps.Keys(found)),
					slices.Sorted(maps.Keys(want)), errs)
			}
		}
	}
}

// exampleFiles returns a rule's examples by their names.
func exampleFiles(t testing.TB, rule string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := fs.ReadDir(examples.Files, rule)
	if err != nil {
		return files
	}
	for _, e := range entries {
		data, err := fs.ReadFile(examples.Files, path.Join(rule, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}
