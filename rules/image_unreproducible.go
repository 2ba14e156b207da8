package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/podman"
)

var imageUnreproducible = Rule{
	ID:       "image-unreproducible",
	Title:    "The image is not reproducible",
	Severity: Info,
	Why: `An image that comes out the same when it is built again can be checked by anybody: that it is made of what
it says. A machine ID, keys and logs of the build, dates of the day make each build another, so that nobody can tell a
change from an attack.`,
	Remedy: "Build with SOURCE_DATE_EPOCH (`podman build --source-date-epoch`, `--rewrite-timestamp`), empty " +
		"/etc/machine-id, and remove logs and caches in the step that makes them.",
	See: []string{"https://reproducible-builds.org/docs/source-date-epoch/",
		"https://www.freedesktop.org/software/systemd/man/latest/machine-id.html"},
	Drift:   []podman.Drift{podman.DriftImage},
	Profile: Strict,
	Check: func(c *podman.Container) []Finding {
		content := c.Image.Content
		if !content.Known() {
			return nil
		}
		var kinds []string
		byKind := map[string][]string{}
		for _, f := range content.Value.Files {
			if f.Leftover == "" || f.Gone {
				continue
			}
			if byKind[f.Leftover] == nil {
				kinds = append(kinds, f.Leftover)
			}
			byKind[f.Leftover] = append(byKind[f.Leftover], fmt.Sprintf("%s (layer %d)", f.Path, f.Layer))
		}
		var found []Finding
		add := func(severity Severity, cause, message, setting, value, summary string) {
			found = append(found, Finding{Message: message, Severity: severity, Confidence: Certain, Cause: cause,
				Evidence: []Evidence{{setting, value, podman.Field("layers")}}, Fix: Fix{Summary: summary}})
		}
		const dated = "give the build its date: podman build --source-date-epoch=SECONDS --rewrite-timestamp, " +
			"before " +
			"5.6 --timestamp=SECONDS"
		slices.Sort(kinds)
		for _, kind := range kinds {
			files := byKind[kind]
			severity := Info
			// which containers of it then share
			if kind == "a machine ID" || kind == "an SSH host key" || kind == "a random seed" {
				severity = Low
			}
			text := files[0]
			if len(files) > 1 {
				text += fmt.Sprintf(" and %d more", len(files)-1)
			}
			const shown = 10
			add(severity, kind, "the build has left "+kind+" in it: "+text, "files",
				strings.Join(files[:min(shown, len(files))], ", "), "leave it out of the build")
		}
		if newest := content.Value.Newest; newest.Dated.After(content.Value.Created.Add(time.Second)) &&
			!content.Value.Created.IsZero() {
			add(Info, "dates", fmt.Sprintf("%s is from %s, later than the image's own date of %s", newest.Path,
				newest.Dated.UTC().Format(time.DateTime), content.Value.Created.UTC().Format(time.DateTime)), "file",
				newest.Path, dated)
		}
		// Who sets the date of an image, by SOURCE_DATE_EPOCH, sets whole seconds.
		if created := content.Value.Created; created.Nanosecond() != 0 {
			add(Info, "created", "its own date, "+created.UTC().Format(time.DateTime)+", is that of the build: built "+
				"again it is another image", "Created", created.UTC().Format(time.RFC3339Nano), dated)
		}
		return found
	},
}
