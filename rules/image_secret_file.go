package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules/secret"
)

var imageSecretFile = Rule{
	ID:       "image-secret-file",
	Title:    "A file of the image holds a secret",
	Severity: High,
	Why: `Everybody who may pull the image has its files, those of every layer: a key or a password that a later layer
removes is still in the one that brought it. A private key in an image is the same key on every machine.`,
	Remedy: "Keep it out of the build (`RUN --mount=type=secret`, .containerignore), build the image again from the " +
		"layer before it, and change the secret.",
	CIS: "4.10",
	See: []string{
		"https://docs.podman.io/en/latest/markdown/podman-build.1.html#secret-id-id-src-envorfile-env-env-type-file-env",
	},
	Drift: []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		return imageFiles(c, func(f podman.ImageFile) (Severity, string) {
			if f.Secret == "" {
				return 0, ""
			}
			message := fmt.Sprintf("%s holds %s", f.Path, f.Secret)
			if isSample(f.Path) {
				return Info, message + ", a sample that everybody has by its place"
			}
			if f.Gone {
				message += "; a later layer takes it away, and it is in this one all the same"
			}
			if f.Secret == secret.RepositoryHistory || f.Secret == secret.PasswordHash { // which take another step
				return Medium, message
			}
			return High, message
		}, Fix{Summary: "take it out of the build, build the image again, and change the secret"})
	},
}

// isSample reports whether a file lies where packages keep what their tests and documentation need, keys among it.
func isSample(name string) bool {
	var packaged bool
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		switch part {
		case "site-packages", "dist-packages", "node_modules", "gems", "vendor":
			packaged = true
		case "test", "tests", "testdata", "fixtures", "examples", "doc", "docs", "spec":
			if packaged || strings.HasPrefix(name, "/usr/lib/") || strings.HasPrefix(name, "/usr/share/") ||
				strings.HasPrefix(name, "/usr/local/lib/") {
				return true
			}
		}
	}
	return false
}
