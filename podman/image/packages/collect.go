package packages

import (
	"archive/tar"
	"bytes"
	"crypto/md5"  //nolint:gosec // dpkg's database has no other
	"crypto/sha1" //nolint:gosec // apk's database has no other
	"crypto/sha256"
	"hash"
	"io"
	"path"
	"strings"
)

// What is kept at most: entries of all layers, bytes of one database file (rpm's is one large file) and of all of them.
const (
	mostEntries  = 500_000
	mostFile     = 16 << 20
	mostDatabase = 48 << 20
	mostKept     = 96 << 20
)

// Collector gathers the entries of an image's layers.
type Collector struct {
	entries, kept int
	truncated     bool
	buffer        []byte
	md5           hash.Hash
	sha1          hash.Hash
	sha256        hash.Hash
}

// NewCollector returns an empty one.
func NewCollector() *Collector {
	return &Collector{
		buffer: make([]byte, 32<<10), sha256: sha256.New(),
		md5:  md5.New(),  //nolint:gosec // dpkg's database has no other
		sha1: sha1.New(), //nolint:gosec // apk's database has no other
	}
}

// Layer is what is kept of one layer.
type Layer struct {
	entries []*entry
	white   []string // the paths that it takes away
	opaque  []string // the directories of which it takes away everything
}

// entry is one file, link or directory.
type entry struct {
	path   string
	target string // of a link
	kind   byte   // tar's type flag: TypeReg, TypeDir, TypeSymlink, TypeLink
	mode   uint32
	code   bool
	large  bool // a database file that is larger than what is kept
	layer  int
	size   int64
	sums   *sums
	data   []byte // of a database's file
	goMain string // the package of a Go program, with its version
}

type sums struct {
	md5    [md5.Size]byte
	sha1   [sha1.Size]byte
	sha256 [sha256.Size]byte
}

const setuid, anyX = 0o4000, 0o111

// Entry takes one entry of a layer's tar archive, with its content.
func (c *Collector) Entry(l *Layer, header *tar.Header, content io.Reader) error {
	name := path.Clean("/" + header.Name)
	dir, base := path.Split(name)
	const mostPath = 4096 // of the kernel
	if c.entries++; c.entries > mostEntries || len(name) > mostPath || len(header.Linkname) > mostPath {
		c.truncated = true
		return nil
	}
	switch {
	case base == ".wh..wh..opq":
		l.opaque = append(l.opaque, path.Clean(dir))
		return nil
	case strings.HasPrefix(base, ".wh."):
		l.white = append(l.white, path.Clean(dir+strings.TrimPrefix(base, ".wh.")))
		return nil
	}
	e := &entry{path: name, kind: header.Typeflag, mode: uint32(header.Mode) & 0o7777, size: header.Size}
	switch header.Typeflag {
	case tar.TypeSymlink:
		e.target = header.Linkname
	case tar.TypeLink:
		e.target = path.Clean("/" + header.Linkname)
	case tar.TypeReg:
		if err := c.read(e, content); err != nil {
			return err
		}
	}
	l.entries = append(l.entries, e)
	return nil
}

// read looks at a file's beginning, and reads it where it is code, configuration or a database's.
func (c *Collector) read(e *entry, content io.Reader) error {
	n, err := io.ReadFull(content, c.buffer[:4])
	if err != nil && n < 4 && !isEnd(err) {
		return err
	}
	head := bytes.Clone(c.buffer[:n])
	e.code = isCode(e.path, e.mode, head)
	most := keep(e.path)
	if e.size > most {
		e.large, most = most > 0, 0
	}
	if most > 0 {
		if c.kept += int(e.size); c.kept > mostKept {
			c.truncated, e.large, most = true, true, 0
		}
	}
	if !e.code && most == 0 && !strings.HasPrefix(e.path, "/etc/") {
		return nil
	}
	c.md5.Reset()
	c.sha1.Reset()
	c.sha256.Reset()
	var program *goProgram
	if e.code && string(head) == elfMagic {
		program = &goProgram{}
	}
	if most > 0 {
		e.data = make([]byte, 0, e.size)
	}
	for part := head; ; {
		c.md5.Write(part)
		c.sha1.Write(part)
		c.sha256.Write(part)
		if program != nil {
			program.write(part)
		}
		if most > 0 {
			e.data = append(e.data, part...)
		}
		n, err := content.Read(c.buffer)
		part = c.buffer[:n]
		if n == 0 && isEnd(err) {
			break
		}
		if err != nil && !isEnd(err) {
			return err
		}
	}
	e.sums = &sums{}
	c.md5.Sum(e.sums.md5[:0])
	c.sha1.Sum(e.sums.sha1[:0])
	c.sha256.Sum(e.sums.sha256[:0])
	if program != nil {
		e.goMain = program.end()
	}
	if strings.HasSuffix(e.path, "/package.json") && most > 0 { // of many megabytes two words are of use
		c.kept -= len(e.data)
		e.data = npmName(e.data)
	}
	return nil
}

func isEnd(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF } //nolint:errorlint // io's own

// keep returns how many bytes of a file are kept, 0 for a file that is no database's.
func keep(name string) int64 {
	dir, base := path.Split(name)
	const small, list = 64 << 10, 1 << 20
	switch {
	case dir == "/var/lib/dpkg/info/":
		if strings.HasSuffix(base, ".list") || strings.HasSuffix(base, ".md5sums") {
			return mostFile
		}
	case name == "/var/lib/dpkg/status", name == "/var/lib/dpkg/diversions", dir == "/var/lib/dpkg/status.d/",
		name == "/lib/apk/db/installed", name == "/usr/lib/apk/db/installed":
		return mostFile
	case base == "rpmdb.sqlite":
		return mostDatabase
	case name == "/etc/os-release", name == "/usr/lib/os-release", name == "/etc/ld.so.preload",
		name == "/etc/apt/preferences", dir == "/etc/apt/preferences.d/", dir == "/etc/apt/apt.conf.d/":
		return small
	case base == "RECORD" && strings.HasSuffix(dir, ".dist-info/"):
		return mostFile
	case base == "package.json" && strings.Contains(name, "/node_modules/"):
		return list
	}
	return 0
}

const elfMagic = "\x7fELF"

// isCode reports whether a file is a program, a library or a script: by its beginning, or by its ending in a place
// where libraries are.
func isCode(name string, mode uint32, head []byte) bool {
	if mode&setuid != 0 {
		return true
	}
	for _, own := range []string{"/usr/share/doc/", "/usr/share/man/", "/usr/share/info/", "/usr/share/locale/",
		"/var/lib/dpkg/", "/var/lib/apt/", "/var/lib/rpm/", "/lib/apk/", "/usr/lib/apk/", "/usr/lib/sysimage/"} {
		if strings.HasPrefix(name, own) { // documentation, and the package manager's own
			return false
		}
	}
	if string(head) == elfMagic || len(head) >= 2 && string(head[:2]) == "#!" && mode&anyX != 0 {
		return true
	}
	for _, place := range []string{"/usr/", "/opt/", "/lib", "/app/", "/srv/", "/var/lib/gems/", "/var/www/"} {
		if strings.HasPrefix(name, place) {
			return isLibrary(path.Base(name))
		}
	}
	return false
}

func isLibrary(base string) bool {
	switch path.Ext(base) {
	case ".so", ".py", ".pyc", ".js", ".mjs", ".cjs", ".jar", ".rb", ".pl", ".pm", ".php":
		return true
	}
	return strings.Contains(base, ".so.")
}
