package lint

import (
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// TestMark holds that a proof counts for the definition and the image that it was made with, and for no others.
func TestMark(t *testing.T) {
	words := []string{"podman", "run", "--name", "web", "img"}
	const unit = "[Container]\nImage=img\n"
	rule := &rules.Rule{ID: "read-only"}
	proofs := Proofs{{
		Container: "web", Image: "sha-of-image", When: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC),
		Definition: ProofHash(command.FormatMultiline(words)), Unit: ProofHash(unit),
		Fixes: []StoredFix{{Rule: rule.ID}},
	}}
	for name, tt := range map[string]struct {
		image string
		words []string
		unit  string
		want  string
	}{
		"the same":           {"sha-of-image", words, "", "on 2026-10-01 with this image"},
		"another image":      {"sha-of-other", words, "", ""},
		"another word":       {"sha-of-image", append(words[:4:4], "--init", "img"), "", ""},
		"the unit":           {"", nil, unit, "on 2026-10-01 with image sha-of-image"},
		"another unit":       {"", nil, unit + "User=1\n", ""},
		"neither is known":   {"sha-of-image", nil, "", ""},
		"a live unit's text": {"sha-of-other", words, unit, ""},
	} {
		c := &podman.Container{Name: "web"}
		c.Image.ID = tt.image
		if tt.words != nil {
			var sensitive []podman.Sensitive
			for _, word := range tt.words {
				sensitive = append(sensitive, podman.Sensitive(word))
			}
			c.CreateCommand = podman.Set(sensitive, podman.Field("test"))
		}
		findings := []rules.Finding{{Rule: rule}}
		proofs.Mark(c, findings, func() (string, bool) { return tt.unit, tt.unit != "" })
		if findings[0].Proven != tt.want {
			t.Errorf("%s: proven %q, want %q", name, findings[0].Proven, tt.want)
		}
	}
}
