package definition

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/quadlet"
)

// tree is what was found below the arguments of a command.
type tree struct {
	// files holds the paths of what may be definitions, in their order, without repetitions.
	files []string
	// named holds those that were named on the command line rather than found in a directory.
	named map[string]bool
	// roots holds the directories that were walked.
	roots []string
	// skipped holds what was passed over.
	skipped []Skipped

	byName map[string][]string // the paths of the files of a name
	lists  sync.Map            // directory → []string
}

// Skipped is a file or a directory that was passed over, and why.
type Skipped struct {
	Path, Why string
	// By is the file that says so, empty for none.
	By string
}

// walker walks directories.
type walker struct {
	*tree
	// wanted tells by its name whether a file may be a definition.
	wanted func(name string) bool
	// script tells by its first line whether a file is a script, nil where none is looked for.
	script func(path string) bool
	// may tells whether a symbolic link may be followed to a path, which is resolved.
	may      func(target string) bool
	problems []podman.Problem
	visited  map[fileID]bool
	links    []string // to directories, which are followed once everything else was walked
	stopped  func() bool
}

// fileID tells directories apart that are reached by several paths.
type fileID struct{ device, inode uint64 }

// place is the directory that is being walked: what is ignored there, and in which repository.
type place struct {
	patterns *ignores
	// inside is set below a directory that is ignored: only what is tracked is read there.
	inside bool
	// git is set in a repository's own directory.
	git bool
}

// walk collects the files that may be definitions: those that were named, and in directories those that wanted asks
// for, and scripts without an extension. What a .gitignore leaves out and git does not track is passed over. Of a
// repository's own directory only units are read, which Podman's generator would take there too. Symbolic links are
// followed to where may says.
func walk(paths []string, wanted func(name string) bool, script func(path string) bool, may func(string) bool,
	stopped func() bool) (*tree, []podman.Problem) {
	t := &tree{named: map[string]bool{}, byName: map[string][]string{}}
	w := &walker{tree: t, wanted: wanted, script: script, may: may, visited: map[fileID]bool{}, stopped: stopped}
	for _, path := range paths {
		path = filepath.Clean(path)
		info, err := os.Stat(path)
		if err != nil {
			w.problems = append(w.problems, unreadable(path, err))
			continue
		}
		if !info.IsDir() {
			t.named[path] = true
			t.files = append(t.files, path)
			continue
		}
		t.roots = append(t.roots, path)
		w.dir(path, place{patterns: ignoresAbove(path)})
	}
	for len(w.links) > 0 {
		link := w.links[0]
		w.links = w.links[1:]
		w.follow(link)
	}
	slices.Sort(t.files)
	t.files = slices.Compact(t.files)
	for _, file := range t.files {
		t.byName[filepath.Base(file)] = append(t.byName[filepath.Base(file)], file)
	}
	return t, w.problems
}

func unreadable(path string, err error) podman.Problem {
	return podman.Problem{Origin: podman.Origin{File: path}, Message: files.Pathless(err).Error()}
}

// ignore passes over what a .gitignore excludes, which is named by the one that does, or by the repository's own where
// that is further up.
func (w *walker) ignore(path string, at place) {
	w.skipped = append(w.skipped, Skipped{Path: path, Why: "excluded by .gitignore", By: at.patterns.source(path)})
}

func (w *walker) skip(path, why string) { w.skipped = append(w.skipped, Skipped{Path: path, Why: why}) }

// enter reports whether a directory has not been walked yet, by whatever path.
func (w *walker) enter(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return true // which reading it will say
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	id := fileID{uint64(stat.Dev), stat.Ino} //nolint:unconvert // of another size on other systems
	if w.visited[id] {
		return false
	}
	w.visited[id] = true
	return true
}

func (w *walker) dir(dir string, at place) {
	if w.stopped() || !w.enter(dir) {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.problems = append(w.problems, unreadable(dir, err))
		return
	}
	if !at.git {
		at.patterns = at.patterns.with(dir, slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			return e.Name() == ".git"
		}))
	}
	w.problems = append(w.problems, at.patterns.problems()...)
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		switch {
		case entry.IsDir():
			below := at
			if name == ".git" {
				below = place{git: true}
			}
			if below.inside || below.patterns.match(path, true) {
				if !below.patterns.tracked(path, true) {
					w.ignore(path, at)
					continue
				}
				below.inside = true
			}
			w.dir(path, below)
		case entry.Type()&os.ModeSymlink != 0:
			w.link(path, at)
		case !w.wants(name, at) && !w.isScript(entry, path, at):
		case (at.inside || at.patterns.match(path, false)) && !at.patterns.tracked(path, false):
			w.ignore(path, at)
		case !entry.Type().IsRegular():
			w.skip(path, files.NotRegular(entry.Type()).Error())
		default:
			w.files = append(w.files, path)
		}
	}
}

// isScript reports whether a file whose name does not say what it is starts as a script does.
func (w *walker) isScript(entry fs.DirEntry, path string, at place) bool {
	if at.git || w.script == nil || !entry.Type().IsRegular() ||
		(at.inside || at.patterns.match(path, false)) && !at.patterns.tracked(path, false) {
		return false
	}
	info, err := entry.Info()
	return err == nil && mayBeScript(entry.Name(), info) && w.script(path)
}

func (w *walker) wants(name string, at place) bool {
	if at.git { // branches and tags are called as people like, and what is there is git's
		return slices.Contains(quadlet.Extensions(), filepath.Ext(name))
	}
	return w.wanted(name)
}

// link decides about a symbolic link that was found in a directory.
func (w *walker) link(path string, at place) {
	name := filepath.Base(path)
	target, err := filepath.EvalSymlinks(absolutePath(path))
	info, statErr := os.Stat(path)
	if err = errors.Join(err, statErr); err != nil {
		if w.wants(name, at) {
			w.skip(path, "a symbolic link that leads nowhere")
		}
		return
	}
	if !info.IsDir() && !w.wants(name, at) {
		return
	}
	ignored := at.inside || at.patterns.match(path, false)
	switch {
	case ignored && !at.patterns.tracked(path, false):
		w.ignore(path, at)
	case target == os.DevNull:
		w.skip(path, "masked: a symbolic link to "+os.DevNull)
	case !w.may(target):
		w.problems = append(w.problems, outside(path, &files.OutsideError{Target: target}))
	case info.IsDir():
		w.links = append(w.links, path)
	case !info.Mode().IsRegular():
		w.skip(path, files.NotRegular(info.Mode()).Error())
	default:
		w.files = append(w.files, path)
	}
}

// follow walks the directory that a link leads to, unless it was walked by another path.
func (w *walker) follow(link string) {
	before := len(w.files)
	w.dir(link, place{patterns: ignoresAbove(link)})
	if len(w.files) == before {
		w.skip(link, "a symbolic link to a directory without further definitions")
	}
}

// allowOutside is the hint about what is not read because of where it is.
const allowOutside = "name it too if it is meant"

// outside is the problem about a file that is not read because of where it is.
func outside(path string, err error) podman.Problem {
	return podman.Problem{Origin: podman.Origin{File: path}, Message: fmt.Sprintf("not read: %v", err),
		Hint: allowOutside}
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
