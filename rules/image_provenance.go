package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules/secret"
)

// provenanceOf returns whose an image's files are, nil where that is not known.
func provenanceOf(c *podman.Container) (*podman.Provenance, *podman.ImageContent) {
	content := c.Image.Content
	if !content.Known() || content.Value.Provenance == nil {
		return nil, nil
	}
	return content.Value.Provenance, content.Value
}

// inLayer names a layer, with the build's step that brought it where the history says which.
func inLayer(content *podman.ImageContent, layer int) string {
	const longest = 60
	text := fmt.Sprintf("layer %d", layer)
	if layer < 1 || layer > len(content.Steps) {
		return text
	}
	step := strings.Join(strings.Fields(secret.Mask(content.Steps[layer-1])), " ")
	if shell, ok := strings.CutPrefix(step, "/bin/sh -c "); ok {
		step = "RUN " + shell
		if nop, ok := strings.CutPrefix(shell, "#(nop) "); ok {
			step = nop
		}
	}
	if runes := []rune(step); len(runes) > longest {
		step = string(runes[:longest]) + "…"
	}
	if step == "" {
		return text
	}
	return text + ": " + step
}

// ofFile returns a finding about one file.
func ofFile(content *podman.ImageContent, f podman.Provenanced, severity Severity, message string, fix Fix) Finding {
	owner := "no package"
	if f.Package != "" {
		owner = strings.TrimSpace(f.Package + " " + f.Version)
	}
	return Finding{Message: fmt.Sprintf("%s (%s)", message, inLayer(content, f.Layer)), Severity: severity,
		Confidence: Certain, Cause: f.Path, Fix: fix,
		Evidence: []Evidence{{"file", f.Path + " of " + owner, podman.Field(fmt.Sprintf("layer %d", f.Layer))}}}
}

// firstFiles names the first files of a list, and how many more there are.
func firstFiles(files []podman.Provenanced, most int, say func(podman.Provenanced) string) string {
	var names []string
	for _, f := range files[:min(len(files), most)] {
		names = append(names, say(f))
	}
	if more := len(files) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
