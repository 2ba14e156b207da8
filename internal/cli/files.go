package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// largest is how many bytes of a file are read: more than any definition that somebody wrote.
const largest = 8 << 20

// readRegular reads a plain file. Opening it does not wait, whatever it is.
func readRegular(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		var inner *os.PathError
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a plain file")
	case info.Size() > largest:
		return nil, fmt.Errorf("larger than %d MiB", largest>>20)
	}
	return readAll(file)
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, largest+1))
	if err == nil && len(data) > largest {
		err = fmt.Errorf("larger than %d MiB", largest>>20)
	}
	return data, err
}

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

// walk collects the files that may be definitions: those that were named, and in directories those that wanted asks for.
// What a .gitignore leaves out, version control's own directories and what is no plain file are passed over; symbolic links
// to directories are not followed.
func walk(paths []string, wanted func(name string) bool) (*tree, []error) {
	t := &tree{named: map[string]bool{}, byName: map[string][]string{}}
	var errs []error
	add := func(path string) {
		t.files = append(t.files, path)
	}
	for _, path := range paths {
		path = filepath.Clean(path)
		info, err := os.Stat(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, pathless(err)))
			continue
		}
		if !info.IsDir() {
			t.named[path] = true
			add(path)
			continue
		}
		t.roots = append(t.roots, path)
		ignored := ignoresAbove(path)
		errs = append(errs, walkDir(path, ignored, wanted, add)...)
	}
	slices.Sort(t.files)
	t.files = slices.Compact(t.files)
	for _, file := range t.files {
		t.byName[filepath.Base(file)] = append(t.byName[filepath.Base(file)], file)
	}
	return t, errs
}

func pathless(err error) error {
	var inner *os.PathError
	if errors.As(err, &inner) {
		return inner.Err
	}
	return err
}

func walkDir(dir string, ignored ignores, wanted func(string) bool, add func(string)) (errs []error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return []error{fmt.Errorf("%s: %w", dir, pathless(err))}
	}
	ignored = ignored.with(dir)
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		if entry.IsDir() {
			switch {
			case name == ".git" || name == ".hg" || name == ".svn" || ignored.match(path, true):
			default:
				errs = append(errs, walkDir(path, ignored, wanted, add)...)
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
	return errs
}

// has reports whether a file has a turn of its own.
func (t *tree) has(path string) bool {
	return slices.ContainsFunc(t.byName[filepath.Base(path)], func(p string) bool { return absolutePath(p) == absolutePath(path) })
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

// find returns the path of a unit by its name: in the same directory, or, where it is the only one, elsewhere below what was
// walked.
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
