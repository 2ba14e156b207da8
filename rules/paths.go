package rules

import (
	"path"
	"strings"
)

// matchesAny reports whether a path matches one of several patterns: a glob as path.Match has them, or one that ends in /** for
// everything below a directory and the directory itself.
func matchesAny(patterns []string, p string) bool {
	for _, pattern := range patterns {
		if dir, ok := strings.CutSuffix(pattern, "/**"); ok {
			if below(p, dir) {
				return true
			}
		} else if ok, err := path.Match(pattern, p); err == nil && ok {
			return true
		}
	}
	return false
}
