package podman

import "testing"

// TestVersion holds what is a version, and which is older.
func TestVersion(t *testing.T) {
	for text, want := range map[string]Version{
		"5.4": {5, 4, 0}, "5.4.2": {5, 4, 2}, "v4.9.3": {4, 9, 3}, "6.0.0-dev": {6, 0, 0}, "5.4.2+ds1": {5, 4, 2},
		"4.10": {4, 10, 0},
	} {
		if got, ok := ParseVersion(text); !ok || got != want {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "5", "x.y", "5.", "-1.2", "5.4.2.1", "99999999999.1", "5.x"} {
		if got, ok := ParseVersion(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
	older := []Version{{4, 9, 3}, {4, 10, 0}, {5, 0, 0}, {5, 0, 1}, {5, 4, 0}, {10, 0, 0}}
	for i, a := range older {
		for j, b := range older {
			if a.Before(b) != (i < j) {
				t.Errorf("%v before %v: %v", a, b, a.Before(b))
			}
		}
	}
}
