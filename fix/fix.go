// Package fix turns findings into edits of what a container was defined in: a unit, a script, YAML.
//
// An edit touches the bytes that it is about and no others. What cannot be changed without a choice that only the owner can make, such as
// which port a service answers on, is left and said so.
package fix

import (
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
}

// Done is a finding with what was changed for it.
type Done struct {
	Finding *rules.Finding
	// Words holds what was written, in the file's language, and Dropped what was taken away; a value that may be a secret is not
	// among them.
	Words, Dropped []string
}

// Left is a finding that no edit was made for.
type Left struct {
	Finding *rules.Finding
	Why     string
}

// File edits the text of a file so that the findings end. They are those of one container that is defined in it, in YAML of all of them: a
// pod's settings stand above its containers. The version is that
// of the Podman that reads the file, empty for the newest.
func File(path string, text []byte, findings []*rules.Finding, version string) Outcome {
	out := Outcome{After: text}
	if len(findings) == 0 {
		return out
	}
	definition := findings[0].Definition
	var d *document
	switch definition.Syntax {
	case podman.SyntaxQuadlet:
		d = unitDocument(path, text, version)
	case podman.SyntaxCommand:
		d = scriptDocument(path, text, definition.Origin)
	case podman.SyntaxKube, podman.SyntaxCompose:
		return yamlFile(path, text, findings)
	}
	if d == nil {
		for _, f := range findings {
			out.Left = append(out.Left, Left{f, "it stands where podlint cannot edit"})
		}
		return out
	}
	for _, f := range findings {
		done, why := d.end(f)
		if why != "" {
			out.Left = append(out.Left, Left{f, why})
		} else {
			out.Done = append(out.Done, done)
		}
	}
	out.After = d.edited()
	return out
}

// needsChoice is why a finding is left whose fix is nothing that can be written down.
const needsChoice = "it needs a choice: "
