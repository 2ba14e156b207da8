//go:build !linux

package files

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

const errNoAttribute = unix.ENOATTR

// openDirectory opens a directory, by its path from another.
func openDirectory(in int, name string) (*directory, error) {
	fd, err := unix.Openat(in, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	d := &directory{file: os.NewFile(uintptr(fd), name)}
	if err := unix.Fstat(fd, &d.stat.Stat_t); err != nil {
		d.file.Close()
		return nil, err
	}
	return d, nil
}

// lookLink returns what a name is and, where it is a link, what that holds.
func (d *directory) lookLink(name string) (s status, target string, err error) {
	s, err = d.look(name)
	if err != nil || s.kind() != fs.ModeSymlink {
		return s, "", err
	}
	const longest = 4096
	var text [longest]byte
	n, err := unix.Readlinkat(int(d.file.Fd()), name, text[:])
	if err != nil {
		return s, "", err
	}
	again, err := d.look(name)
	if err == nil && (again.Ino != s.Ino || again.Dev != s.Dev || again.Uid != s.Uid) {
		err = unix.ESTALE
	}
	return s, string(text[:n]), err
}

// path returns where the directory is, which cannot be told here.
func (*directory) path() string { return "" }

// isKernels reports whether the directory's files are made up by the kernel.
func (*directory) isKernels() bool { return false }

// openSame opens what is not a regular file for writing, where it is still what was looked at.
func (d *directory) openSame(name string, was *status) (*os.File, error) {
	fd, err := unix.Openat(int(d.file.Fd()), name, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), name)
	var is unix.Stat_t
	if err := unix.Fstat(fd, &is); err != nil || is.Dev != was.Dev || is.Ino != was.Ino {
		file.Close()
		return nil, errors.Join(err, unix.ESTALE)
	}
	return file, nil
}

// unnamed makes a file that has no name, which only Linux has.
func (*directory) unnamed(fs.FileMode) (*os.File, error) { return nil, unix.ENOTSUP }

func (*temporary) link(string) error { return unix.ENOTSUP }

// renameNew renames a file to a name that is not taken.
func renameNew(dir int, from, to string) error {
	if err := unix.Linkat(dir, from, dir, to, 0); err != nil {
		return err
	}
	return unix.Unlinkat(dir, from, 0)
}
