package files

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const errNoAttribute = unix.ENODATA

// openDirectory opens a directory, by its path from another, to find files in it: reading it is not asked for.
func openDirectory(in int, name string) (*directory, error) {
	fd, err := unix.Openat(in, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
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

// lookLink returns what a name is and, where it is a link, what that very link holds.
func (d *directory) lookLink(name string) (s status, target string, err error) {
	fd, err := unix.Openat(int(d.file.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return s, "", err
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Fstat(fd, &s.Stat_t); err != nil || s.kind() != fs.ModeSymlink {
		return s, "", err
	}
	var text [unix.PathMax]byte
	n, err := unix.Readlinkat(fd, "", text[:])
	if err != nil {
		return s, "", err
	}
	return s, string(text[:n]), nil
}

// path returns where the directory is, empty where that cannot be told.
func (d *directory) path() string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", d.file.Fd()))
	return strings.TrimSuffix(path, " (deleted)")
}

// isKernels reports whether the directory's files are made up by the kernel.
func (d *directory) isKernels() bool {
	var system unix.Statfs_t
	err := unix.Fstatfs(int(d.file.Fd()), &system)
	return err == nil && made[int64(system.Type)] //nolint:unconvert // 32 bits on some
}

// openSame opens what is not a regular file for writing, where it is still what was looked at: nothing else is opened,
// not even for a moment.
func (d *directory) openSame(name string, was *status) (*os.File, error) {
	fd, err := unix.Openat(int(d.file.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	var is unix.Stat_t
	if err := unix.Fstat(fd, &is); err != nil {
		return nil, err
	}
	if is.Dev != was.Dev || is.Ino != was.Ino || is.Mode != was.Mode || is.Uid != was.Uid || is.Rdev != was.Rdev {
		return nil, unix.ESTALE
	}
	return os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", fd), os.O_WRONLY|unix.O_NOCTTY, 0)
}

// unnamed makes a file that has no name.
func (d *directory) unnamed(mode fs.FileMode) (*os.File, error) {
	fd, err := unix.Openat(int(d.file.Fd()), ".", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, uint32(mode.Perm()))
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), ".")
	if _, err := os.Stat(fmt.Sprintf("/proc/self/fd/%d", fd)); err != nil { // it could not be given a name
		file.Close()
		return nil, err
	}
	return file, nil
}

// link gives a file that has no name one that is not taken.
func (t *temporary) link(name string) error {
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", t.Fd()), int(t.in.file.Fd()), name,
		unix.AT_SYMLINK_FOLLOW)
}

// renameNew renames a file to a name that is not taken.
func renameNew(dir int, from, to string) error {
	err := unix.Renameat2(dir, from, dir, to, unix.RENAME_NOREPLACE)
	if err == unix.EINVAL || err == unix.ENOSYS { // the file system cannot do this
		return unix.Renameat(dir, from, dir, to)
	}
	return err
}
