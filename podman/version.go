package podman

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of Podman. Its zero value is no version.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads a version such as "5.4.2", "v5.4" or "5.4.0-dev", whose minor number has to be there; false for
// anything else.
func ParseVersion(text string) (Version, bool) {
	text = strings.TrimPrefix(text, "v")
	text, _, _ = strings.Cut(text, "-")
	text, _, _ = strings.Cut(text, "+")
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return Version{}, false
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return Version{}, false
		}
		numbers[i] = int(n)
	}
	return Version{numbers[0], numbers[1], numbers[2]}, true
}

// String writes a version as Podman does.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Before reports whether a version is older than another.
func (v Version) Before(other Version) bool {
	return cmp.Or(cmp.Compare(v.Major, other.Major), cmp.Compare(v.Minor, other.Minor),
		cmp.Compare(v.Patch, other.Patch)) < 0
}
