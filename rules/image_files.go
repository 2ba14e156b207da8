package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

// imageFiles returns a finding for each file of an image's layers that is found fault with.
func imageFiles(c *podman.Container, judge func(podman.ImageFile) (Severity, string), fix Fix) []Finding {
	content := c.Image.Content
	if !content.Known() {
		return nil
	}
	var found []Finding
	for _, f := range content.Value.Files {
		severity, message := judge(f)
		if message == "" {
			continue
		}
		found = append(found, Finding{
			Message: fmt.Sprintf("%s (layer %d)", message, f.Layer), Severity: severity, Confidence: Certain,
			Cause: f.Path, Fix: fix,
			Evidence: []Evidence{{"file", fmt.Sprintf("%s, mode %04o, owner %d:%d", f.Path, f.Mode, f.UID, f.GID),
				podman.Field(fmt.Sprintf("layer %d", f.Layer))}},
		})
	}
	return found
}
