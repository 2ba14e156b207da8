package definition

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
)

// tree is what was found below the arguments of a command.
type tree struct {
	// files holds the paths of what may be definitions, in their order, without repetitions.
	files []string
	// named holds those that were named on the command line rather than found in a directory.
	named map[string]bool
	// roots holds the directories that were walked.
	roots []string

	byName map[string][]string // the paths of the files of a name
	lists  sync.Map            // directory → []string
}

// walk collects the files that may be definitions: those that were named, and in directories those that wanted asks
// for. What a .gitignore leaves out, version control's own directories and what is not a regular file are passed over;
// symbolic links to directories are not followed.
func walk(paths []string, wanted func(name string) bool) (*tree, []podman.Problem) {
	t := &tree{named: map[string]bool{}, byName: map[string][]string{}}
	var problems []podman.Problem
	add := func(path string) {
		t.files = append(t.files, path)
	}
	for _, path := range paths {
		path = filepath.Clean(path)
		info, err := os.Stat(path)
		if err != nil {
			problems = append(problems, unreadable(path, err))
			continue
		}
		if !info.IsDir() {
			t.named[path] = true
			add(path)
			continue
		}
		t.roots = append(t.roots, path)
		ignored := ignoresAbove(path)
		problems = append(problems, walkDir(path, ignored, wanted, add)...)
	}
	slices.Sort(t.files)
	t.files = slices.Compact(t.files)
	for _, file := range t.files {
		t.byName[filepath.Base(file)] = append(t.byName[filepath.Base(file)], file)
	}
	return t, problems
}

func unreadable(path string, err error) podman.Problem {
	return podman.Problem{Origin: podman.Origin{File: path}, Message: files.Pathless(err).Error()}
}

func walkDir(dir string, ignored ignores, wanted func(string) bool, add func(string)) (problems []podman.Problem) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return []podman.Problem{unreadable(dir, err)}
	}
	ignored = ignored.with(dir)
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		if entry.IsDir() {
			switch {
			case name == ".git" || name == ".hg" || name == ".svn" || ignored.match(path, true):
			default:
				problems = append(problems, walkDir(path, ignored, wanted, add)...)
			}
			continue
		}
		if !wanted(name) || ignored.match(path, false) {
			continue
		}
		if entry.Type()&os.ModeSymlink != 0 {
			if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
				continue
			}
		} else if !entry.Type().IsRegular() {
			continue
		}
		add(path)
	}
	return problems
}

// has reports whether a file has a turn of its own.
func (t *tree) has(path string) bool {
	return slices.ContainsFunc(t.byName[filepath.Base(path)],
		func(p string) bool { return absolutePath(p) == absolutePath(path) })
}

// list returns the names in a directory; it asks once.
func (t *tree) list(dir string) []string {
	if names, ok := t.lists.Load(dir); ok {
		return names.([]string)
	}
	var names []string
	entries, err := os.ReadDir(dir)
	if err == nil {
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	if !strings.HasSuffix(dir, ".d") || len(names) > 0 { // of the many that are not there nothing is kept
		t.lists.Store(dir, names)
	}
	return names
}

// dirs returns a directory and those above it, up to the one that was walked.
func (t *tree) dirs(dir string) []string {
	found := []string{dir}
	for _, root := range t.roots {
		if below, err := filepath.Rel(root, dir); err == nil && !strings.HasPrefix(below, "..") {
			for d := dir; d != root && len(d) > len(root); {
				d = filepath.Dir(d)
				found = append(found, d)
			}
			break
		}
	}
	return found
}

// find returns the path of a unit by its name: in the same directory, or, where it is the only one, elsewhere below
// what was walked.
func (t *tree) find(dir, name string) (string, bool) {
	path := filepath.Join(dir, name)
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return path, true
	}
	if elsewhere := t.byName[name]; len(elsewhere) == 1 {
		return elsewhere[0], true
	}
	return "", false
}

// isText reports whether a file's beginning looks like text.
func isText(data []byte) bool {
	const enough = 8000
	return bytes.IndexByte(data[:min(len(data), enough)], 0) < 0
}
