package files

import (
	"path/filepath"
	"slices"
	"strings"
)

// Gate reads the files in some directories and no others, wherever symbolic links lead. The zero value reads none.
type Gate struct {
	// Open is set where every regular file may be read.
	Open  bool
	dirs  []string
	files []string
}

// OutsideError says that a file is not read because of where it is.
type OutsideError struct {
	// Target is where the file really is.
	Target string
}

// Error says where it is, and that this is outside.
func (e *OutsideError) Error() string {
	return "it is outside of what is checked, where podlint reads with --allow-outside only: " + e.Target
}

// AddDir lets the files in a directory and below it through.
func (g *Gate) AddDir(dir string) { g.dirs = append(g.dirs, resolve(dir)) }

// AddFile lets a file through.
func (g *Gate) AddFile(path string) { g.files = append(g.files, resolve(path)) }

// resolve returns the absolute path without symbolic links, as far as it exists.
func resolve(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}

// Lets reports whether a file is let through whose path has no symbolic links.
func (g *Gate) Lets(resolved string) bool {
	return g.Open || slices.Contains(g.files, resolved) || slices.ContainsFunc(g.dirs, func(dir string) bool {
		return resolved == dir || strings.HasPrefix(resolved, strings.TrimSuffix(dir, "/")+"/")
	})
}

// Read is the function Read for what is let through; of anything else it returns an OutsideError.
func (g *Gate) Read(path string) ([]byte, error) {
	return read(path, Largest, func(resolved string) error {
		if g.Lets(resolved) {
			return nil
		}
		return &OutsideError{Target: resolved}
	})
}
