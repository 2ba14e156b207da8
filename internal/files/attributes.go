package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// accessList and defaultList are the attributes that hold access control lists (acl(5)).
const accessList, defaultList = "system.posix_acl_access", "system.posix_acl_default"

// same gives a new file the owner, mode and extended attributes of the one that it replaces.
func same(file, old *os.File) error {
	info, err := old.Stat()
	if err != nil {
		return err
	}
	if err := sameOwner(file, old); err != nil {
		return fmt.Errorf("its owner cannot be kept: %w", err)
	}
	if err := sameList(file, old); err != nil {
		return err
	}
	return errors.Join(file.Chmod(info.Mode().Perm()), sameAttributes(file, old))
}

// alike gives a new file the owner, mode and access control list of another, less the umask. Where this account cannot
// give it the group, the group may do nothing with it.
func alike(file, other *os.File) error {
	info, err := other.Stat()
	if err != nil {
		return err
	}
	const group, executable = 0o070, 0o111
	mode := info.Mode().Perm() &^ (umask() | executable)
	switch err := sameOwner(file, other); {
	case err == nil:
	case errors.Is(err, fs.ErrPermission):
		if err := file.Chown(-1, ownerOf(info, func(s *syscall.Stat_t) uint32 { return s.Gid })); err != nil {
			mode &^= group
		}
	default:
		return err
	}
	return errors.Join(sameList(file, other), file.Chmod(mode))
}

func ownerOf(info fs.FileInfo, which func(*syscall.Stat_t) uint32) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(which(stat))
	}
	return -1
}

// sameOwner gives a file the owner and the group of another.
func sameOwner(file, other *os.File) error {
	info, err := other.Stat()
	if err != nil {
		return err
	}
	own, err := file.Stat()
	if err != nil {
		return err
	}
	uid := func(s *syscall.Stat_t) uint32 { return s.Uid }
	gid := func(s *syscall.Stat_t) uint32 { return s.Gid }
	if ownerOf(own, uid) == ownerOf(info, uid) && ownerOf(own, gid) == ownerOf(info, gid) {
		return nil
	}
	return file.Chown(ownerOf(info, uid), ownerOf(info, gid))
}

// mostAttributes is how many bytes the kernel has for the names of a file's attributes, and for the value of one
// (xattr(7)).
const mostAttributes = 64 << 10

// sameList gives a file the access control list of another; where that has none, the list goes that the file got from
// its directory.
func sameList(file, other *os.File) error {
	value := make([]byte, mostAttributes)
	size, err := unix.Fgetxattr(int(other.Fd()), accessList, value)
	if err == nil {
		err = unix.Fsetxattr(int(file.Fd()), accessList, value[:size], 0)
	} else {
		err = unix.Fremovexattr(int(file.Fd()), accessList)
		if errors.Is(err, errNoAttribute) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, unix.ENOTSUP) {
		return fmt.Errorf("its access control list cannot be kept: %w", err)
	}
	return nil
}

// sameAttributes gives a new file the other extended attributes of the one that it replaces: its SELinux label
// (security.selinux) and the user's own. What the file system or the kernel does not let this account set is left as
// the kernel made it. Signatures of the old text are not kept.
func sameAttributes(file, old *os.File) error {
	names := make([]byte, mostAttributes)
	n, err := unix.Flistxattr(int(old.Fd()), names)
	if err != nil {
		return nil // a file system without attributes
	}
	value := make([]byte, mostAttributes)
	for name := range strings.SplitSeq(strings.TrimRight(string(names[:n]), "\x00"), "\x00") {
		switch name {
		case "", accessList, "security.ima", "security.evm", "security.capability":
			continue
		}
		size, err := unix.Fgetxattr(int(old.Fd()), name, value)
		if err != nil {
			continue
		}
		err = unix.Fsetxattr(int(file.Fd()), name, value[:size], 0)
		if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, unix.ENOTSUP) &&
			!errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("its attribute %s: %w", name, err)
		}
	}
	return nil
}

// hasDefaultList reports whether new files in the directory get an access control list.
func (d *directory) hasDefaultList() bool {
	readable, err := d.readable()
	if err != nil {
		return false
	}
	defer readable.Close()
	size, err := unix.Fgetxattr(int(readable.Fd()), defaultList, nil)
	return err == nil && size > 0
}
