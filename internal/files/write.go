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
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/podlint/podlint/internal/hint"
)

// Write puts what write writes in place of a file in one step: whoever reads the file sees the old text or the new one.
// A file that was there keeps its owner, mode and extended attributes (access control list, SELinux label) and is
// written where a symbolic link leads; a new one gets the mode, less the umask. What is not a regular file, such as
// /dev/stdout or a pipe, is written to as it is.
func Write(path string, mode fs.FileMode, write func(io.Writer) error) error {
	target := path
	if err := trustedLink(path); err != nil {
		return err
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		target = resolved
	}
	info, err := os.Stat(target)
	if err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(file), file.Close())
	}
	return replace(target, info, mode, write, func() error { return nil })
}

// trustedLink refuses a symbolic link that another user has put where everybody may, such as /tmp: it would lead the
// report over a file of this account, as the kernel knows where fs.protected_symlinks is on (proc_sys_fs(5)).
func trustedLink(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		return nil //nolint:nilerr // a file that is not there leads nowhere
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%s: %w", path, Pathless(err))
	}
	const othersWrite = 0o002
	link, ok := info.Sys().(*syscall.Stat_t)
	if above, isStat := dir.Sys().(*syscall.Stat_t); ok && isStat && dir.Mode().Perm()&othersWrite != 0 &&
		int(link.Uid) != os.Geteuid() && link.Uid != above.Uid {
		return hint.With(fmt.Errorf("%s is a link that another user has put there, so it is not written", path),
			"choose a directory that only you may write to")
	}
	return nil
}

// Replace is Write for a file that was read before: it writes the text after where the file still holds the text
// before, and makes the file and its directory where there was none. It refuses a symbolic link that leads out of the
// directory.
func Replace(path string, before, after []byte, mode fs.FileMode) error {
	target, err := linkInside(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	isNew := errors.Is(err, os.ErrNotExist)
	switch {
	case isNew && len(before) == 0:
		enterable := fs.FileMode(0o755)
		if mode&0o077 == 0 { // as private as the file
			enterable = 0o700
		}
		if err := os.MkdirAll(filepath.Dir(target), enterable); err != nil {
			return fmt.Errorf("%s: %w", path, Pathless(err))
		}
	case err != nil:
		return fmt.Errorf("%s: %w", path, Pathless(err))
	}
	write := func(w io.Writer) error { _, err := w.Write(after); return err }
	return replace(target, info, mode, write, func() error {
		if now, err := Read(target); !isNew && (err != nil || !bytes.Equal(now, before)) {
			return hint.With(fmt.Errorf("%s was changed after it was read, so it is not written", path),
				"run podlint again")
		}
		return nil
	})
}

// linkInside returns where a path leads, which must be in its own directory or below.
func linkInside(path string) (string, error) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		return path, nil //nolint:nilerr // a file that is not there leads nowhere
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, Pathless(err))
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, Pathless(err))
	}
	if relative, err := filepath.Rel(dir, resolved); err != nil || strings.HasPrefix(relative, "..") {
		return "", hint.With(fmt.Errorf("%s is a link to %s, outside its directory, so it is not written", path,
			resolved),
			"name that file, if it is the one to change")
	}
	return resolved, nil
}

// replace writes a temporary file beside target and, where still finds nothing against it, renames it to target. Of a
// file that was there, info tells what to keep.
func replace(target string, info fs.FileInfo, mode fs.FileMode, write func(io.Writer) error, still func() error) error {
	temporary, err := os.CreateTemp(filepath.Dir(target), ".podlint-")
	if err != nil {
		return fmt.Errorf("%s: %w", target, Pathless(err))
	}
	defer os.Remove(temporary.Name())
	err = write(temporary)
	if info != nil {
		mode = info.Mode().Perm()
		err = errors.Join(err, sameOwner(temporary, info))
	} else {
		mode &^= umask()
	}
	err = errors.Join(err, temporary.Chmod(mode))
	if info != nil {
		err = errors.Join(err, sameAttributes(temporary, target))
	}
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("%s: %w", target, Pathless(err))
	}
	if err := still(); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), target); err != nil {
		return fmt.Errorf("%s: %w", target, Pathless(err))
	}
	syncDir(filepath.Dir(target))
	return nil
}

// umask returns the process's umask, as the kernel tells it without changing it (proc(5), since Linux 4.7).
func umask() fs.FileMode {
	const usual = 0o022
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return usual
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		var mask uint32
		if n, _ := fmt.Sscanf(line, "Umask: %o", &mask); n == 1 {
			return fs.FileMode(mask)
		}
	}
	return usual
}

// syncDir makes a rename in a directory durable. A directory that cannot be synced is no reason to fail: the file is
// there.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// sameOwner gives a new file the owner and the group of the one that it replaces.
func sameOwner(file *os.File, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() && int(stat.Gid) == os.Getegid() {
		return nil
	}
	return file.Chown(int(stat.Uid), int(stat.Gid))
}

// sameAttributes gives a new file the extended attributes of the one that it replaces: its access control list
// (system.posix_acl_access), its SELinux label (security.selinux) and the user's own. What the file system or the
// kernel does not let this account set is left as the kernel made it.
func sameAttributes(file *os.File, from string) error {
	const enough = 64 << 10
	names := make([]byte, enough)
	n, err := unix.Listxattr(from, names)
	if err != nil {
		return nil // a file system without attributes
	}
	value := make([]byte, enough)
	for name := range strings.SplitSeq(strings.TrimRight(string(names[:n]), "\x00"), "\x00") {
		size, err := unix.Getxattr(from, name, value)
		if name == "" || err != nil {
			continue
		}
		err = unix.Fsetxattr(int(file.Fd()), name, value[:size], 0)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOTSUP) {
			return fmt.Errorf("its attribute %s: %w", name, err)
		}
	}
	return nil
}
