package secret

import (
	"strings"
	"testing"
)

// TestUserOption holds that a password of words behind --user is found where the program takes USER:PASSWORD, and that
// a user and a group are none.
func TestUserOption(t *testing.T) {
	for line, want := range map[string]bool{
		"curl --user me:correct-horse-battery https://example.org": true,
		"curl --user=me:correct-horse-battery https://example.org": true,
		"curl -u me:correct-horse-battery https://example.org":     true,
		"podman run --user app:app localhost/web:1":                false,
		"podman run --user=app:app localhost/web:1":                false,
	} {
		if got := len(DetectArgs(strings.Fields(line))) > 0; got != want {
			t.Errorf("%s: found %v, want %v", line, got, want)
		}
		if masked := Mask(line); (masked != line) != want {
			t.Errorf("%s: masked as %s", line, masked)
		}
	}
}
