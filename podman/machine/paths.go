package machine

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Paths tells what paths of this machine lead to: through symbolic links and "..", and what is mounted below them.
type Paths struct {
	mounts []mountPoint
	root   unix.Stat_t
}

// mountPoint is a line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
type mountPoint struct {
	device   string // major:minor
	root     string // of the mount within its filesystem
	path     string
	kind     string
	writable bool
}

// NewPaths reads which filesystems are mounted. It returns nil where that cannot be read.
func NewPaths() *Paths {
	const most = 16 << 20
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil
	}
	p := &Paths{mounts: parseMounts(data)}
	if unix.Stat("/", &p.root) != nil {
		return nil
	}
	return p
}

func parseMounts(data []byte) []mountPoint {
	var mounts []mountPoint
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		own, super, ok := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(own), strings.Fields(super)
		const device, root, point, options, superOptions = 2, 3, 4, 5, 2
		if !ok || len(fields) <= options || len(rest) <= superOptions {
			continue
		}
		readOnly := func(list string) bool { return slices.Contains(strings.Split(list, ","), "ro") }
		mounts = append(mounts, mountPoint{device: fields[device], root: unescape(fields[root]),
			path: unescape(fields[point]), kind: rest[0],
			writable: !readOnly(fields[options]) && !readOnly(rest[superOptions])})
	}
	return mounts
}

// unescape reads the octal escapes that the kernel writes for spaces and the like.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		const digits = 3
		if text[i] == '\\' && i+digits < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+1+digits], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += digits
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// WritableBelow returns the mount points below a path that can be written to, in their order, each once.
func (p *Paths) WritableBelow(dir string) []string {
	var below []string
	prefix := strings.TrimSuffix(dir, "/") + "/"
	for _, m := range p.mounts {
		if m.writable && m.path != dir && strings.HasPrefix(m.path, prefix) {
			below = append(below, m.path)
		}
	}
	slices.Sort(below)
	return slices.Compact(below)
}

// Behind returns the path of the machine that is mounted at a mount point, and false where there is none or where no
// other mount shows its filesystem.
func (p *Paths) Behind(point string) (string, bool) {
	var at *mountPoint
	for i := range p.mounts {
		if p.mounts[i].path == point {
			at = &p.mounts[i] // the last one is on top
		}
	}
	if at == nil {
		return "", false
	}
	return p.named(at, point)
}

// named returns the shortest path of the machine under which a mount's files lie, other than that of the mount itself.
func (p *Paths) named(at *mountPoint, point string) (string, bool) {
	found := ""
	for _, m := range p.mounts {
		rest, ok := strings.CutPrefix(at.root, strings.TrimSuffix(m.root, "/"))
		if !ok || m.device != at.device || m.path == point || rest != "" && rest[0] != '/' ||
			strings.HasPrefix(m.path, path.Dir(point)+"/") {
			continue
		}
		if whole := path.Join(m.path, rest); found == "" || len(whole) < len(found) {
			found = whole
		}
	}
	return found, found != ""
}

// isTrap reports whether what is mounted at a path may answer never, or does something when it is looked at.
func (p *Paths) isTrap(point string) bool {
	trap := false
	for _, m := range p.mounts {
		if m.path == point {
			kind, _, _ := strings.Cut(m.kind, ".")
			trap = slices.Contains([]string{"autofs", "fuse", "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs",
				"afs", "coda", "gfs2", "ocfs2", "lustre"}, kind)
		}
	}
	return trap
}

// Found is what a path leads to.
type Found struct {
	// Path is the path without symbolic links, as far as podlint may look.
	Path string
	// Block and Socket are set for a block device and a socket.
	Block, Socket bool
	// Owned is whether the rest is known: the owner, the group and the permission bits.
	Owned          bool
	UID, GID, Mode uint32
}

const mostLinks = 40

// Find follows a path, component by component, as the kernel does, but opens nothing that it comes across, and does not
// step into what may hang: a network's filesystem, one in user space, an automounter's. It returns false for a path
// that has no end, or leads into another process's files.
func (p *Paths) Find(name string) (Found, bool) {
	if !path.IsAbs(name) || strings.ContainsRune(name, 0) {
		return Found{}, false
	}
	w := walk{paths: p, left: strings.Split(name, "/"), links: mostLinks}
	defer w.close()
	if !w.reset() {
		return Found{}, false
	}
	for len(w.left) > 0 {
		part := w.left[0]
		w.left = w.left[1:]
		if part == "" || part == "." {
			continue
		}
		switch w.step(part) {
		case stepOn:
		case stepEnd: // the rest cannot be looked at: it is taken as it is written
			rest := append([]string{w.at, part}, w.left...)
			return Found{Path: path.Join(rest...)}, !slices.Contains(rest, "..")
		case stepLost:
			return Found{}, false
		}
	}
	found := Found{Path: w.at}
	var stat unix.Stat_t
	if unix.Fstat(w.fd, &stat) == nil {
		found.Owned, found.UID, found.GID, found.Mode = true, stat.Uid, stat.Gid, stat.Mode&0o7777
		found.Block, found.Socket = stat.Mode&unix.S_IFMT == unix.S_IFBLK, stat.Mode&unix.S_IFMT == unix.S_IFSOCK
	}
	return found, true
}

// walk is the state of one Find: a descriptor of the directory that was reached, and its path.
type walk struct {
	paths *Paths
	fd    int
	at    string
	left  []string
	links int
}

type stepped int

const (
	stepOn stepped = iota
	stepEnd
	stepLost
)

const openPath = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC

func (w *walk) close() {
	if w.fd > 0 {
		_ = unix.Close(w.fd)
	}
	w.fd = 0
}

// reset goes back to the root directory.
func (w *walk) reset() bool {
	w.close()
	fd, err := unix.Open("/", openPath|unix.O_DIRECTORY, 0)
	if err != nil {
		return false
	}
	w.fd, w.at = fd, "/"
	return true
}

// step goes to an entry of the directory, or puts a symbolic link's target before what is left.
func (w *walk) step(part string) stepped {
	next := path.Join(w.at, part)
	if w.paths.isTrap(next) {
		return stepEnd
	}
	fd, err := unix.Openat(w.fd, part, openPath, 0)
	if err != nil {
		return stepEnd
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		_ = unix.Close(fd)
		return stepEnd
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFLNK {
		w.close()
		w.fd, w.at = fd, next
		return stepOn
	}
	target, err := readLink(fd)
	_ = unix.Close(fd)
	if w.links--; w.links < 0 {
		return stepLost
	}
	if err != nil {
		return stepEnd
	}
	if w.inProc() && part != "self" && part != "thread-self" && part != "mounts" && part != "net" {
		return w.magic(part)
	}
	w.left = append(strings.Split(target, "/"), w.left...)
	if strings.HasPrefix(target, "/") && !w.reset() {
		return stepLost
	}
	return stepOn
}

// inProc reports whether the directory is of a proc filesystem, whose links are not what they read as.
func (w *walk) inProc() bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(w.fd, &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC
}

// magic follows a link of /proc/PID, which leads to a file and not to a path: only one to the machine's root directory
// has a name here.
func (w *walk) magic(part string) stepped {
	if part != "root" && part != "cwd" {
		return stepLost
	}
	fd, err := unix.Openat(w.fd, part, unix.O_PATH|unix.O_CLOEXEC|unix.O_DIRECTORY, 0)
	if err != nil {
		return stepLost
	}
	defer func() { _ = unix.Close(fd) }()
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil || stat.Dev != w.paths.root.Dev || stat.Ino != w.paths.root.Ino {
		return stepLost
	}
	if !w.reset() {
		return stepLost
	}
	return stepOn
}

func readLink(fd int) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buffer)
	if err != nil {
		return "", err
	}
	if n == len(buffer) || n == 0 {
		return "", errors.New("the link is too long")
	}
	return string(buffer[:n]), nil
}

// Mounts is what a process sees mounted.
type Mounts struct{ mounts []mountPoint }

// MountsOf reads what the process of a container sees mounted, and false where that may not be read, or where the
// process is not the container's: Podman's own files for it are mounted in each.
func MountsOf(pid int, id string) (*Mounts, bool) {
	const most = 16 << 20
	file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/mountinfo")
	if err != nil {
		return nil, false
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most))
	return &Mounts{parseMounts(data)}, err == nil && id != "" && bytes.Contains(data, []byte(id))
}

// at returns what is on top at a path.
func (m *Mounts) at(point string) *mountPoint {
	for i := len(m.mounts) - 1; i >= 0; i-- {
		if m.mounts[i].path == point {
			return &m.mounts[i]
		}
	}
	return nil
}

// Open returns those of some paths of /proc and /sys over which the process sees nothing mounted, so that they are as
// writable as what they lie in, and that are there at all.
func (m *Mounts) Open(candidates []string) []string {
	open := []string{}
	for _, p := range candidates {
		hidden := false
		for dir := p; dir != "/proc" && dir != "/sys" && dir != "/" && dir != "."; dir = path.Dir(dir) {
			hidden = hidden || m.at(dir) != nil
		}
		if _, err := os.Lstat(p); err == nil && !hidden {
			open = append(open, p)
		}
	}
	return open
}

// BehindIn returns the path of the machine that a process sees mounted at a mount point of its own, and false where no
// mount of the machine shows it.
func (p *Paths) BehindIn(m *Mounts, point string) (string, bool) {
	at := m.at(point)
	if at == nil {
		return "", false
	}
	return p.named(at, point)
}
