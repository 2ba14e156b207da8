package files

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// placing is a file that is put in its place.
type placing struct {
	name  string
	write func(io.Writer) error
	// old is the file that is replaced, whose owner, mode and attributes are kept; nil for a new file.
	old *os.File
	// mode is that of a new file, like one whose owner, mode and access control list it gets instead, or nil.
	mode fs.FileMode
	like *os.File
	// still says at the end what is against it, where it is not nil.
	still func() error
}

// enterable returns the mode of the directories of a new file: as private as the file.
func (p *placing) enterable() fs.FileMode {
	const private, enterable, others = 0o700, 0o755, 0o077
	mode := p.mode
	if p.like != nil {
		if info, err := p.like.Stat(); err == nil {
			mode = info.Mode()
		}
	}
	if mode&others == 0 {
		return private
	}
	return enterable
}

// temporary is the new text of a file until it is put in its place. Where the file system can do so it has no name
// until then, and nothing is left of it when podlint is killed. Else, and for the moment of the change, it has one that
// the next write in the directory knows and removes: whoever writes it holds a lock (flock(2)) on it, which ends with
// its process, in whatever process namespace that is.
type temporary struct {
	*os.File
	in *directory
	// name is empty for a file without one.
	name string
}

const temporaryPrefix, temporarySuffix = ".podlint-", ".tmp"

// temporaryDigits is the number of hexadecimal digits in a temporary file's name.
const temporaryDigits = 16

func temporaryName() string {
	var random [temporaryDigits / 2]byte
	_, _ = rand.Read(random[:]) // it never fails
	return temporaryPrefix + hex.EncodeToString(random[:]) + temporarySuffix
}

func isTemporaryName(name string) bool {
	digits, ok := strings.CutPrefix(name, temporaryPrefix)
	digits, ends := strings.CutSuffix(digits, temporarySuffix)
	_, err := hex.DecodeString(digits)
	return ok && ends && err == nil && len(digits) == temporaryDigits
}

// newTemporary makes a temporary file, locked.
func (d *directory) newTemporary(mode fs.FileMode) (*temporary, error) {
	if file, err := d.unnamed(mode); err == nil {
		return &temporary{File: file, in: d}, lock(file, unix.LOCK_EX)
	}
	return d.named(mode)
}

// named makes a temporary file that has a name, locked.
func (d *directory) named(mode fs.FileMode) (*temporary, error) {
	const tries = 100
	for range tries {
		name := temporaryName()
		fd, err := unix.Openat(int(d.file.Fd()), name,
			unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(mode.Perm()))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		t := &temporary{File: os.NewFile(uintptr(fd), name), in: d, name: name}
		err = lock(t.File, unix.LOCK_EX)
		var stat unix.Stat_t
		if err == nil && unix.Fstat(fd, &stat) == nil && stat.Nlink > 0 {
			return t, nil
		}
		t.remove() // another podlint took it for one that is left, before it was locked
	}
	return nil, fs.ErrExist
}

// lock takes a lock on a file. A file system without locks has none, and nothing in it is removed either.
func lock(file *os.File, how int) error {
	for {
		err := unix.Flock(int(file.Fd()), how)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case how&unix.LOCK_NB == 0 && (errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) ||
			errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.EINVAL)):
			return nil
		}
		return err
	}
}

// remove removes the file where it is not in its place.
func (t *temporary) remove() {
	if t.name != "" {
		_ = unix.Unlinkat(int(t.in.file.Fd()), t.name, 0)
	}
	t.Close()
}

// put puts a file in its place. A new one that is there by now is an error that is fs.ErrExist.
func (d *directory) put(p *placing) error {
	const private = 0o600
	mode := p.mode.Perm()
	if p.old != nil || p.like != nil {
		mode = private
	}
	d.sweep()
	t, err := d.newTemporary(mode)
	if err != nil {
		return err
	}
	defer t.remove()
	if p.old == nil && p.like == nil {
		if err := t.keepUmask(mode); err != nil {
			return err
		}
	}
	if err := p.write(t); err != nil {
		return err
	}
	switch {
	case p.old != nil:
		err = same(t.File, p.old)
	case p.like != nil:
		err = alike(t.File, p.like)
	}
	if err = errors.Join(err, t.Sync()); err != nil {
		return err
	}
	if p.still != nil {
		if err := p.still(); err != nil {
			return err
		}
	}
	if err := t.place(p.name, p.old == nil); err != nil {
		return err
	}
	d.sync()
	return nil
}

// place gives the file its name, in place of the file that has it or, where it is new, of none.
func (t *temporary) place(name string, isNew bool) error {
	dir := int(t.in.file.Fd())
	if t.name == "" && isNew {
		return t.link(name)
	}
	if t.name == "" {
		const tries = 100
		err := fs.ErrExist
		for i := 0; i < tries && errors.Is(err, fs.ErrExist); i++ {
			t.name = temporaryName()
			err = t.link(t.name)
		}
		if err != nil {
			t.name = ""
			return err
		}
	}
	rename := func() error { return unix.Renameat(dir, t.name, dir, name) }
	if isNew {
		rename = func() error { return renameNew(dir, t.name, name) }
	}
	err := rename()
	if err == nil {
		t.name = ""
	}
	return err
}

// sweep removes the temporary files in the directory whose writers are dead, of the first names that it has.
func (d *directory) sweep() {
	readable, err := d.readable()
	if err != nil {
		return
	}
	defer readable.Close()
	const most = 100_000
	names, _ := readable.Readdirnames(most)
	for _, name := range names {
		if !isTemporaryName(name) {
			continue
		}
		stat, err := d.look(name)
		if err != nil || stat.kind() != 0 {
			continue
		}
		left, err := d.openOld(name)
		if err != nil {
			continue
		}
		if lock(left, unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = unix.Unlinkat(int(d.file.Fd()), name, 0)
		}
		left.Close()
	}
}

// keepUmask takes the umask's bits from the mode of a new file, which old kernels leave to a file without a name
// (before Linux 6.0 some of their file systems do). A default access control list of the directory is in place of the
// umask (acl(5)).
func (t *temporary) keepUmask(mode fs.FileMode) error {
	info, err := t.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&umask() == 0 || t.in.hasDefaultList() {
		return nil
	}
	return t.Chmod(mode &^ umask())
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
