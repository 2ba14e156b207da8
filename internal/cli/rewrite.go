package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// writeInPlace puts a new text in place of a file in one step, with its mode and owner; a new file is made where there was none. It refuses
// a link that leads out of the directory, and a file that is not what was read any more.
func writeInPlace(path string, before, after []byte) error {
	target := path
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		resolved, err := filepath.EvalSymlinks(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, pathless(err))
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return fmt.Errorf("%s: %w", path, pathless(err))
		}
		if relative, err := filepath.Rel(dir, resolved); err != nil || strings.HasPrefix(relative, "..") {
			return &hintedError{fmt.Errorf("%s is a link to %s, out of its directory: it is not written", path, resolved), "name that file, if it is the one to change"}
		}
		target = resolved
	}
	info, err := os.Stat(target)
	isNew := errors.Is(err, os.ErrNotExist)
	switch {
	case isNew && len(before) == 0:
		const enterable = 0o755
		if err := os.MkdirAll(filepath.Dir(target), enterable); err != nil {
			return fmt.Errorf("%s: %w", path, pathless(err))
		}
	case err != nil:
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	temporary, err := os.CreateTemp(filepath.Dir(target), ".podlint-fix-")
	if err != nil {
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(after)
	mode := os.FileMode(0o644)
	if info != nil {
		mode = info.Mode().Perm()
		err = errors.Join(err, sameOwner(temporary, info))
	}
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if now, err := readRegular(target); !isNew && (err != nil || !bytes.Equal(now, before)) {
		return &hintedError{fmt.Errorf("%s has changed since it was read: it is not written", path), "run podlint fix again"}
	}
	if err := os.Rename(temporary.Name(), target); err != nil {
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	return nil
}

// sameOwner gives a new file the owner and the group of the one that it is to replace.
func sameOwner(file *os.File, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() && int(stat.Gid) == os.Getegid() {
		return nil
	}
	return file.Chown(int(stat.Uid), int(stat.Gid))
}
