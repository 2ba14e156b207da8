package rules

import "time"

// DefaultImageAge is how old an image may be before it counts as stale.
const DefaultImageAge = 30 * 24 * time.Hour

// Parameters are the settings of the rules that have any; the zero value is the default.
type Parameters struct {
	// ImageAge is how old an image may be, 0 for DefaultImageAge.
	ImageAge time.Duration
}

// All returns the catalogue, in the order in which readers see it.
func All(p Parameters) []Rule {
	if p.ImageAge == 0 {
		p.ImageAge = DefaultImageAge
	}
	return []Rule{
		privileged,
		engineSocket,
		rootUser,
		userNobody,
		uidMap,
		capDropAll,
		noNewPrivileges,
		readOnly,
		plaintextSecret,
		staleImage(p.ImageAge),
	}
}
