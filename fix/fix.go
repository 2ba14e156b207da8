// Package fix turns findings into edits of what a container was defined in: a unit, a script, YAML.
//
// An edit touches the bytes that it is about and no others. What cannot be changed without a choice that only the owner
// can make, such as which port a service answers on, is left and said so.
package fix

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// Outcome is what became of a file's findings.
type Outcome struct {
	// After is the file's text with the edits.
	After []byte
	// Done holds the findings that the edits end.
	Done []Done
	// Left holds those that need a choice, or are not of this file.
	Left []Left
	// Failed holds those whose edit was tried and did not do what it is for; it is not in After.
	Failed []Left
}

// Done is a finding with what was changed for it.
type Done struct {
	Finding *rules.Finding
	// Words holds what was written, in the file's language, and Dropped what was taken away; a value that may be a
	// secret is not among them.
	Words, Dropped []string
}

// Left is a finding that no edit was made for.
type Left struct {
	Finding *rules.Finding
	Why     string
}

// File edits the text of a file so that the findings end. They are those of one container that is defined in it, in
// YAML of all of them: a pod's settings stand above its containers. The version is that of the Podman that reads the
// file, empty for the newest.
func File(path string, text []byte, findings []*rules.Finding, version string) Outcome {
	if len(findings) == 0 {
		return Outcome{After: text}
	}
	definition := findings[0].Definition
	if definition.Syntax == podman.SyntaxKube || definition.Syntax == podman.SyntaxCompose {
		return yamlFile(path, text, findings)
	}
	out, err := planned(path, text, findings, version)
	if err == nil {
		return out
	}
	// Two edits overlap: findings are planned one after the other, and the one whose edit does not fit is left.
	var fitting []*rules.Finding
	var left []Left
	for _, f := range findings {
		if _, err := planned(path, text, append(slices.Clone(fitting), f), version); err != nil {
			left = append(left, Left{f, err.Error()})
			continue
		}
		fitting = append(fitting, f)
	}
	out = Outcome{After: text}
	if len(fitting) > 0 {
		out, _ = planned(path, text, fitting, version)
	}
	out.Left = append(out.Left, left...)
	return out
}

// planned edits a unit or a script. Overlapping edits are an error.
func planned(path string, text []byte, findings []*rules.Finding, version string) (Outcome, error) {
	out := Outcome{After: text}
	var d *document
	switch definition := findings[0].Definition; definition.Syntax {
	case podman.SyntaxQuadlet:
		if isTemplate(path) {
			break
		}
		d = unitDocument(path, text, version)
	case podman.SyntaxCommand:
		d = scriptDocument(path, text, definition.Origin)
	default: // YAML is planned otherwise
	}
	if d == nil {
		for _, f := range findings {
			out.Left = append(out.Left, Left{f, "it stands where podlint cannot edit"})
		}
		return out, nil
	}
	for _, f := range findings {
		done, why := d.end(f)
		if why != "" {
			out.Left = append(out.Left, Left{f, why})
		} else {
			out.Done = append(out.Done, done)
		}
	}
	var err error
	out.After, err = d.edited()
	return out, err
}

// isTemplate reports whether a unit is made of a file rather than being it: web.container.j2.
func isTemplate(path string) bool {
	switch filepath.Ext(strings.TrimSuffix(path, filepath.Ext(path))) {
	case ".container", ".pod", ".kube":
		return filepath.Ext(path) != ".conf"
	}
	return false
}

// Manual reports whether the finding is left since its owner has to decide on the edit, which could be made.
func (l Left) Manual() bool { return l.Finding.Rule.Manual != "" && l.Why == manual(l.Finding) }

// needsChoice is why a finding is left whose fix is nothing that can be written down.
const needsChoice = "it needs a choice: "
