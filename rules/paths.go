package rules

import (
	"path"
	"strings"
)

// matchesAny reports whether a path matches one of several patterns: a glob as path.Match has them, or one that ends in
// /** for everything below a directory and the directory itself.
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

// hostPath cleans a path of the host and writes /var/run as the /run that it is a symbolic link to.
func hostPath(p string) string {
	p = path.Clean(p)
	if p == "/var/run" || strings.HasPrefix(p, "/var/run/") {
		return strings.TrimPrefix(p, "/var")
	}
	return p
}

// below reports whether a path lies in a directory, or is it.
func below(p, dir string) bool {
	return p == dir || dir == "/" || strings.HasPrefix(p, dir+"/")
}
