package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Provenance says whose an image's programs, libraries and scripts are, as its own package database has it.
type Provenance struct {
	Distribution string   `json:"distribution,omitempty"`
	Database     string   `json:"database,omitempty"`
	Layer        int      `json:"layer,omitempty"`
	Removed      int      `json:"removed,omitempty"`
	Unreadable   string   `json:"unreadable,omitempty"`
	Packages     int      `json:"packages"`
	Languages    []string `json:"languages"`
	// Counts holds the numbers of files and their bytes by verdict.
	Counts    map[podman.Verdict]Tally `json:"counts"`
	Altered   []Provenanced            `json:"altered"`
	Unowned   []Provenanced            `json:"unowned"`
	Config    []Provenanced            `json:"config"`
	Missing   []Provenanced            `json:"missing"`
	Rewritten []Provenanced            `json:"rewritten"`
	Truncated bool                     `json:"truncated"`
}

// Tally is a number of files and their sizes together.
type Tally struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Provenanced is a file with the package whose it is.
type Provenanced struct {
	Path    string `json:"path"`
	Layer   int    `json:"layer,omitempty"`
	Package string `json:"package,omitempty"`
	Version string `json:"version,omitempty"`
}

func provenanceOf(c *podman.Container) *Provenance {
	content := c.Image.Content
	if !content.Known() || content.Value.Provenance == nil {
		return nil
	}
	p := content.Value.Provenance
	files := func(list []podman.Provenanced) []Provenanced {
		shown := make([]Provenanced, 0, len(list))
		for _, f := range list {
			shown = append(shown, Provenanced{f.Path, f.Layer, f.Package, f.Version})
		}
		return shown
	}
	shown := &Provenance{Distribution: p.Release.Name, Database: p.Database, Layer: p.DatabaseLayer,
		Removed: p.DatabaseRemoved, Unreadable: p.Unreadable, Packages: len(p.Packages), Languages: notNil(p.Languages),
		Counts: map[podman.Verdict]Tally{}, Altered: files(p.Altered), Unowned: files(p.Unowned), Config: files(p.Config),
		Missing: files(p.Missing), Rewritten: files(p.Rewritten), Truncated: p.Truncated}
	for verdict, t := range p.Counts {
		shown.Counts[verdict] = Tally(t)
	}
	return shown
}

// MadeOf says in one line what the image is made of.
func (p *Provenance) MadeOf() string {
	total := 0
	for _, t := range p.Counts {
		total += t.Files
	}
	if p.Database == "" {
		what := "unknown: no package database"
		if p.Unreadable != "" {
			what = "unknown: " + p.Unreadable
		}
		if total > 0 {
			what += fmt.Sprintf("; %s programs and libraries of language packages or nobody", grouped(total))
		}
		return what
	}
	var parts []string
	add := func(v podman.Verdict, format string) {
		if n := p.Counts[v].Files; n > 0 {
			parts = append(parts, fmt.Sprintf(format, grouped(n)))
		}
	}
	const percent = 100
	if n := p.Counts[podman.Unaltered].Files; n > 0 {
		parts = append(parts, fmt.Sprintf("%s of packages, as the image's database has them (%.1f %%)", grouped(n),
			float64(n)*percent/float64(total)))
	}
	add(podman.NoChecksum, "%s of packages without a checksum")
	add(podman.Altered, "%s altered")
	add(podman.OfLanguage, "%s of "+strconv.Itoa(len(p.Languages))+" language packages")
	add(podman.Derived, "%s compiled from these")
	add(podman.Unowned, "%s of nobody")
	return fmt.Sprintf("%s programs and libraries: %s", grouped(total), strings.Join(parts, ", "))
}

// grouped writes a number with a comma between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
