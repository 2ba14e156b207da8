package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/podlint/podlint/internal/hint"
)

// A walk goes to a file that is to be written, one directory after the other, each opened in the one before it: what
// somebody renames or links meanwhile leads nowhere else. Two things stop it, since another user may have put them
// there to have this account write over a file of its own:
//
//   - a symbolic link that is neither this account's nor root's;
//   - a directory or file of such a user where everybody may put one, as in /tmp (proc_sys_fs(5), protected_symlinks
//     and protected_regular, know the same), unless the directory above is the same user's.
//
// In a directory of another user's alone, root writes what it is told to.
type walk struct {
	at []*directory
	// base is the number of directories that the walk has to stay below, 0 where it may go anywhere.
	base  int
	links int
	// owner is a file whose owner the directories get that are made; nil for this account.
	owner *os.File
}

// directory is an open directory.
type directory struct {
	file *os.File
	stat status
}

// status is what the kernel says of a file.
type status struct{ unix.Stat_t }

// kind returns the type bits of the mode, as package fs has them; 0 for a regular file.
func (s *status) kind() fs.FileMode {
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return 0
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFLNK:
		return fs.ModeSymlink
	case unix.S_IFIFO:
		return fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return fs.ModeSocket
	case unix.S_IFCHR:
		return fs.ModeDevice | fs.ModeCharDevice
	}
	return fs.ModeDevice
}

// isOurs reports whether a file is this account's or root's.
func (s *status) isOurs() bool { return s.Uid == 0 || int(s.Uid) == os.Geteuid() }

// takesAnyones reports whether users other than the directory's owner put files of their own into it.
func (s *status) takesAnyones() bool {
	const othersWrite, groupWrite = 0o002, 0o020
	return s.Mode&othersWrite != 0 || s.Mode&unix.S_ISVTX != 0 && s.Mode&groupWrite != 0
}

// trusts refuses a directory or a file that another user may have put here to be gone through or written over.
func (d *directory) trusts(s *status, what string) error {
	if s.isOurs() || !d.stat.takesAnyones() || s.Uid == d.stat.Uid {
		return nil
	}
	return hint.With(fmt.Errorf("a %s that another user has put where everybody may, so it is not written", what),
		"choose a directory that only you may write to")
}

// stay keeps the walk below where it is.
func (w *walk) stay() { w.base = len(w.at) }

func (w *walk) close() {
	for _, d := range w.at {
		d.file.Close()
	}
}

func (w *walk) last() *directory { return w.at[len(w.at)-1] }

// start opens the directory that a path begins at: the root, the working directory, or the one to stay below.
func (w *walk) start(path string) error {
	absolute := strings.HasPrefix(path, "/")
	switch {
	case w.base > 0 && absolute:
		return errOutside
	case w.base > 0 || len(w.at) > 0 && !absolute:
		return nil
	}
	name := "."
	if absolute {
		name = "/"
	}
	d, err := openDirectory(unix.AT_FDCWD, name)
	if err != nil {
		return err
	}
	w.close()
	w.at = []*directory{d}
	return nil
}

// errOutside ends a walk that a link leads out of the directory that it has to stay below.
var errOutside = errors.New("outside")

// to walks to a path from where the walk is and returns the directory that its last name is in, and that name: what a
// link leads to, not the link. Directories that are missing are made, where enterable is a mode; for a path that ends
// with a directory, such as DIR/., the name is empty.
func (w *walk) to(path string, enterable fs.FileMode) (dir *directory, name string, err error) {
	if path == "" {
		return nil, "", fs.ErrNotExist
	}
	if err := w.start(path); err != nil {
		return nil, "", err
	}
	rest := strings.Split(path, "/")
	for len(rest) > 0 {
		name, rest = rest[0], rest[1:]
		if name == "" || name == "." {
			name = ""
			continue
		}
		if name == ".." {
			if err := w.up(); err != nil {
				return nil, "", err
			}
			name = ""
			continue
		}
		stat, target, err := w.last().lookLink(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && len(rest) > 0 && enterable != 0:
			if err := w.make(name, enterable); err != nil {
				return nil, "", err
			}
		case errors.Is(err, fs.ErrNotExist) && len(rest) == 0:
			return w.last(), name, nil
		case err != nil:
			return nil, "", err
		case stat.kind() == fs.ModeSymlink:
			if len(rest) == 0 && w.last().isKernels() { // perhaps /proc/self/fd/1
				return w.last(), name, nil
			}
			onward, err := w.follow(&stat, name, target)
			if err != nil {
				return nil, "", err
			}
			rest = append(onward, rest...)
		case stat.kind() != fs.ModeDir && len(rest) > 0:
			return nil, "", unix.ENOTDIR
		case len(rest) > 0:
			if err := w.enter(name); err != nil {
				return nil, "", err
			}
		}
	}
	return w.last(), name, nil
}

// up goes to the directory above.
func (w *walk) up() error {
	if w.base > 0 {
		if len(w.at) == w.base {
			return errOutside
		}
		w.last().file.Close()
		w.at = w.at[:len(w.at)-1]
		return nil
	}
	return w.descend("..")
}

// enter goes into a directory.
func (w *walk) enter(name string) error {
	above := w.last()
	if err := w.descend(name); err != nil {
		return err
	}
	return above.trusts(&w.last().stat, "directory")
}

func (w *walk) descend(name string) error {
	d, err := openDirectory(int(w.last().file.Fd()), name)
	if err == nil {
		w.at = append(w.at, d)
	}
	return err
}

// make makes a directory that is missing, and goes into it.
func (w *walk) make(name string, mode fs.FileMode) error {
	above := w.last()
	err := unix.Mkdirat(int(above.file.Fd()), name, uint32(mode.Perm()))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	isNew := err == nil
	if err := w.enter(name); err != nil {
		return err
	}
	if isNew && w.owner != nil {
		if err := w.last().giveTo(w.owner); err != nil {
			return err
		}
	}
	above.sync()
	return nil
}

// follow checks that a link may be followed, begins anew where it begins, and returns the names that lead on.
func (w *walk) follow(stat *status, name, target string) ([]string, error) {
	if err := w.mayFollow(stat, name, target); err != nil {
		return nil, err
	}
	if filepath.IsAbs(target) && w.base > 0 {
		target = w.below(target)
	}
	return strings.Split(target, "/"), nil
}

func (w *walk) mayFollow(stat *status, name, target string) error {
	const most = 40 // as the kernel
	w.links++
	switch {
	case w.links > most:
		return unix.ELOOP
	case !stat.isOurs():
		return hint.With(fmt.Errorf("%s is a link that another user has put there, so it is not written", name),
			"name the file that it leads to, if that is the one to write")
	case w.last().isKernels() && name != "self": // where others lead, such as /proc/1/root, their text does not say
		return errKernels
	case !filepath.IsAbs(target):
		return nil
	case w.base == 0:
		return w.start(target)
	case w.below(target) == "":
		return errOutside
	}
	w.back()
	return nil
}

// back goes back to the directory to stay below.
func (w *walk) back() {
	for len(w.at) > w.base {
		w.last().file.Close()
		w.at = w.at[:len(w.at)-1]
	}
}

// below returns an absolute path from the directory to stay below, empty for one that is outside.
func (w *walk) below(target string) string {
	base := w.at[w.base-1].path()
	inside, ok := strings.CutPrefix(target, strings.TrimSuffix(base, "/")+"/")
	if !ok || base == "" {
		return ""
	}
	return inside
}

// errKernels says that a file is one that the kernel makes up.
var errKernels = errors.New("in a file system that the kernel makes up, such as /proc, which is not written to")

// openFile opens an open file of this process, by its name in /proc/self/fd: the same file at the same place in it.
func (d *directory) openFile(name string) (*os.File, error) {
	fd, err := strconv.Atoi(name)
	if err != nil || d.path() != fmt.Sprintf("/proc/%d/fd", os.Getpid()) {
		return nil, errKernels
	}
	again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(again), name), nil
}

// look returns what a name is, of a link the link itself.
func (d *directory) look(name string) (status, error) {
	var s status
	if name == "" {
		return s, unix.EISDIR
	}
	err := unix.Fstatat(int(d.file.Fd()), name, &s.Stat_t, unix.AT_SYMLINK_NOFOLLOW)
	return s, err
}

// openOld opens a regular file for reading.
func (d *directory) openOld(name string) (*os.File, error) {
	fd, err := unix.Openat(int(d.file.Fd()), name,
		unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), name)
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = NotRegular(info.Mode())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// model opens a file whose owner and mode a new one gets.
func model(path string) (*os.File, error) {
	w := &walk{}
	defer w.close()
	dir, name, err := w.to(path, 0)
	if err != nil {
		return nil, named(path, err)
	}
	file, err := dir.openOld(name)
	return file, named(path, err)
}

// openSpecial opens a named pipe, which has to be this account's or root's, or a character device, which only root can
// have made.
func (d *directory) openSpecial(name string, stat *status) (*os.File, error) {
	kind := stat.kind()
	switch {
	case kind != fs.ModeNamedPipe && kind&fs.ModeCharDevice == 0:
		return nil, NotRegular(kind)
	case kind == fs.ModeNamedPipe && !stat.isOurs():
		return nil, fmt.Errorf("%w of another user", NotRegular(kind))
	}
	return d.openSame(name, stat)
}

// giveTo gives the directory to a file's owner.
func (d *directory) giveTo(file *os.File) error {
	own, err := d.readable()
	if err != nil {
		return err
	}
	defer own.Close()
	return sameOwner(own, file)
}

// sync makes a name in the directory durable. A directory that cannot be synced is no reason to fail: the file is
// there.
func (d *directory) sync() {
	if readable, err := d.readable(); err == nil {
		_ = readable.Sync()
		readable.Close()
	}
}

// readable opens the directory for reading its names.
func (d *directory) readable() (*os.File, error) {
	fd, err := unix.Openat(int(d.file.Fd()), ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "."), nil
}
