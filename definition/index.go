package definition

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/files"
)

// tracked holds the paths that a repository's index lists, sorted as git sorts them: what is in it is part of the
// repository, whatever a .gitignore says (gitignore(5)).
type tracked struct {
	// all is set where the index cannot be read: every file may be tracked then.
	all   bool
	paths []string
}

// readTracked reads the index of the repository whose top directory is given. A repository without an index tracks
// nothing.
func readTracked(top string) *tracked {
	dir := filepath.Join(top, ".git")
	info, err := os.Lstat(dir)
	if err != nil {
		return &tracked{all: true}
	}
	if !info.IsDir() { // a worktree, or a submodule (gitrepository-layout(5))
		data, err := files.Read(dir)
		named, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir:")
		if err != nil || !ok {
			return &tracked{all: true}
		}
		if dir = strings.TrimSpace(named); !filepath.IsAbs(dir) {
			dir = filepath.Join(top, dir)
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return &tracked{all: true}
		}
	}
	const largest = 64 << 20 // an index of half a million files
	data, err := files.ReadUpTo(filepath.Join(dir, "index"), largest)
	if os.IsNotExist(err) {
		return &tracked{}
	}
	if err != nil {
		return &tracked{all: true}
	}
	for _, hash := range []int{20, 32} { // SHA-1 and SHA-256
		if paths, ok := parseIndex(data, hash); ok {
			return &tracked{paths: paths}
		}
	}
	return &tracked{all: true}
}

// parseIndex reads the paths of an index (gitformat-index(5)), and returns false for one that is not understood to its
// last byte: one that is split, or sparse, names further files elsewhere.
func parseIndex(data []byte, hash int) ([]string, bool) {
	const header, stat = 12, 40
	if len(data) < header+hash || string(data[:4]) != "DIRC" {
		return nil, false
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return nil, false
	}
	end := len(data) - hash
	at, before := header, ""
	var paths []string
	for range count {
		start := at
		if at += stat + hash; at+2 > end {
			return nil, false
		}
		flags := binary.BigEndian.Uint16(data[at:])
		if at += 2; flags&0x4000 != 0 { // extended
			at += 2
		}
		shared := 0
		if version == 4 { // the name is that of the entry before, less some bytes, and what follows
			strip, n := offsetVarint(data[min(at, end):end])
			if n == 0 || strip > len(before) {
				return nil, false
			}
			at, shared = at+n, len(before)-strip
		}
		length := bytes.IndexByte(data[min(at, end):end], 0)
		if length < 0 {
			return nil, false
		}
		name := before[:shared] + string(data[at:at+length])
		if at += length + 1; version < 4 { // padded to a multiple of eight, with one zero at least
			const unit = 8
			at = start + (at-start+unit-1)/unit*unit
		}
		if name == "" || strings.HasSuffix(name, "/") {
			return nil, false
		}
		paths, before = append(paths, name), name
	}
	for at < end { // extensions: a name, a length, and what it holds
		if end-at < 8 || string(data[at:at+4]) == "link" || string(data[at:at+4]) == "sdir" {
			return nil, false
		}
		length := int(binary.BigEndian.Uint32(data[at+4:]))
		if at += 8; length > end-at {
			return nil, false
		}
		at += length
	}
	return paths, at == end && slices.IsSorted(paths)
}

// offsetVarint reads a number as git's packs write offsets, with how many bytes it takes, 0 for none.
func offsetVarint(data []byte) (value, n int) {
	const most = 4
	for i, b := range data[:min(len(data), most)] {
		value = value<<7 | int(b&0x7f)
		if b&0x80 == 0 {
			return value, i + 1
		}
		value++
	}
	return 0, 0
}

// has reports whether a file, or a file below a directory, is tracked. The path is relative to the repository's top
// directory.
func (t *tracked) has(path string, isDir bool) bool {
	if t.all {
		return true
	}
	if isDir {
		path += "/"
	}
	i, found := slices.BinarySearch(t.paths, path)
	return found || isDir && i < len(t.paths) && strings.HasPrefix(t.paths[i], path)
}
