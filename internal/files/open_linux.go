package files

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// made holds the types of the file systems whose files the kernel makes up when they are read (statfs(2)): reading
// /proc/kmsg takes messages away from others, and /proc/self/environ is podlint's own.
var made = map[int64]bool{
	unix.PROC_SUPER_MAGIC: true, unix.SYSFS_MAGIC: true, unix.DEBUGFS_MAGIC: true, unix.TRACEFS_MAGIC: true,
	unix.SECURITYFS_MAGIC: true, unix.CGROUP_SUPER_MAGIC: true, unix.CGROUP2_SUPER_MAGIC: true,
	unix.BPF_FS_MAGIC: true, unix.SELINUX_MAGIC: true, unix.EFIVARFS_MAGIC: true, unix.PSTOREFS_MAGIC: true,
}

// open opens a regular file for reading once may allows where it really is. Nothing is opened before that is known: to
// open a device or a named pipe may wait, or do something.
func open(path string, may func(resolved string) error) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	found := os.NewFile(uintptr(fd), path)
	defer found.Close()
	info, err := found.Stat()
	if err != nil {
		return nil, err
	}
	self := fmt.Sprintf("/proc/self/fd/%d", fd)
	resolved, err := os.Readlink(self)
	if err != nil { // without /proc
		self, resolved = path, resolve(path)
	}
	if err := may(strings.TrimSuffix(resolved, " (deleted)")); err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, NotRegular(info.Mode())
	}
	var system unix.Statfs_t
	if err := unix.Fstatfs(fd, &system); err == nil && made[int64(system.Type)] { //nolint:unconvert // 32 bits on some
		return nil, errors.New("in a file system that the kernel makes up, such as /proc, which is not read")
	}
	return os.OpenFile(self, os.O_RDONLY|unix.O_NONBLOCK, 0)
}
