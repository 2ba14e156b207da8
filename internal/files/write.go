package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/podlint/podlint/internal/hint"
)

// Write puts what write writes in place of a file in one step: whoever reads the file sees the old text or the new one.
// A file that was there keeps its owner, mode and extended attributes (access control list, SELinux label) and is
// written where a symbolic link leads; a new one gets the mode, less the umask. A named pipe, a character device and
// an open file of this process (/dev/stdout, /dev/fd/3) are written to as they are.
//
// No link and no directory is gone through that another user could have put there; a walk says which these are.
func Write(path string, mode fs.FileMode, write func(io.Writer) error) error {
	w := &walk{}
	defer w.close()
	dir, name, err := w.to(path, 0)
	if err != nil {
		return named(path, err)
	}
	if dir.isKernels() {
		file, err := dir.openFile(name)
		if err != nil {
			return named(path, err)
		}
		return errors.Join(write(file), file.Close())
	}
	stat, err := dir.look(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = dir.put(&placing{name: name, mode: mode, write: write})
		if !errors.Is(err, fs.ErrExist) {
			return named(path, err)
		}
		if stat, err = dir.look(name); err != nil { // somebody else has made one in the meantime
			return named(path, err)
		}
	case err != nil:
		return named(path, err)
	}
	if err := dir.trusts(&stat, "file"); err != nil {
		return named(path, err)
	}
	if stat.kind() != 0 {
		file, err := dir.openSpecial(name, &stat)
		if err != nil {
			return named(path, err)
		}
		return errors.Join(write(file), file.Close())
	}
	old, err := dir.openOld(name)
	if err != nil {
		return named(path, err)
	}
	defer old.Close()
	return named(path, dir.put(&placing{name: name, old: old, write: write}))
}

// Change is what is to become of a file that was read before.
type Change struct {
	// Dir is the directory that may be written in, and Name the file's path from there. A symbolic link in Name that
	// leads out of Dir is refused.
	Dir, Name string
	// Before is what the file held, empty for one that was not there. Where it holds anything else by now, it is not
	// written.
	Before, After []byte
	// Mode is that of a new file, less the umask.
	Mode fs.FileMode
	// Like names a file in Dir whose owner, mode and access control list a new file gets instead, less the umask; its
	// directories get the owner. Empty for none.
	Like string
}

// Replace makes a change in one step, as Write does. A new file's directories below Dir are made.
func Replace(c *Change) error {
	path := filepath.Join(c.Dir, c.Name)
	w := &walk{}
	defer w.close()
	if _, _, err := w.to(c.Dir+"/.", 0); err != nil {
		return named(path, err)
	}
	w.stay()
	job := placing{mode: c.Mode, write: func(to io.Writer) error { _, err := to.Write(c.After); return err }}
	if c.Like != "" {
		like, err := model(filepath.Join(c.Dir, c.Like))
		if err != nil {
			return err
		}
		defer like.Close()
		job.like, w.owner = like, like
	}
	enterable := fs.FileMode(0)
	if len(c.Before) == 0 {
		enterable = job.enterable()
	}
	dir, name, err := w.to(c.Name, enterable)
	if err != nil {
		return named(path, err)
	}
	job.name = name
	stat, err := dir.look(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(c.Before) == 0:
		if err = dir.put(&job); errors.Is(err, fs.ErrExist) {
			err = changed(path)
		}
		return named(path, err)
	case errors.Is(err, fs.ErrNotExist):
		return changed(path)
	case err != nil:
		return named(path, err)
	case stat.kind() != 0:
		return named(path, NotRegular(stat.kind()))
	}
	if err := dir.trusts(&stat, "file"); err != nil {
		return named(path, err)
	}
	if job.old, err = dir.openOld(name); err != nil {
		return named(path, err)
	}
	defer job.old.Close()
	job.still = func() error {
		now, err := dir.openOld(name)
		if err != nil {
			return changed(path)
		}
		defer now.Close()
		was, wasErr := job.old.Stat()
		is, isErr := now.Stat()
		text, err := ReadAll(now)
		if err != nil || wasErr != nil || isErr != nil || !os.SameFile(was, is) || !bytes.Equal(text, c.Before) {
			return changed(path)
		}
		return nil
	}
	return named(path, dir.put(&job))
}

// MakeDirs makes a directory for this account alone, with those above it that are missing.
func MakeDirs(path string) error {
	const own = 0o700
	w := &walk{}
	defer w.close()
	_, _, err := w.to(path+"/.", own)
	return named(path, err)
}

func changed(path string) error {
	return hint.With(fmt.Errorf("%s was changed after it was read, so it is not written", path), "run podlint again")
}

// named puts a path before an error that does not begin with it.
func named(path string, err error) error {
	if err == nil || strings.HasPrefix(err.Error(), path) {
		return err
	}
	if errors.Is(err, errOutside) {
		return hint.With(fmt.Errorf("%s is a link that leads outside its directory, so it is not written", path),
			"name that file, if it is the one to change")
	}
	if advice, ok := hint.Of(err); ok {
		return hint.With(fmt.Errorf("%s: %w", path, err), advice)
	}
	return fmt.Errorf("%s: %w", path, Pathless(err))
}
