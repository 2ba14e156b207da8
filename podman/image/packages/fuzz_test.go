package packages

import (
	"archive/tar"
	"bytes"
	"io"
	"path/filepath"
	"testing"
)

// FuzzDatabase: whatever a database's file holds, it is read or not, without a panic.
func FuzzDatabase(f *testing.F) {
	places := []string{"/var/lib/dpkg/status", "/var/lib/dpkg/diversions", "/var/lib/dpkg/info/a.list",
		"/var/lib/dpkg/info/a.md5sums", "/var/lib/dpkg/status.d/a", "/lib/apk/db/installed",
		"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/etc/os-release", "/etc/ld.so.preload",
		"/usr/lib/python3/site-packages/a-1.dist-info/RECORD", "/usr/lib/node_modules/a/package.json", "/usr/bin/program"}
	f.Add(uint8(0), []byte("Package: a\nVersion: 1\nConffiles:\n /etc/a 0\n"))
	f.Add(uint8(5), []byte("P:a\nF:bin\nR:sh\nZ:Q1\n"))
	f.Add(uint8(6), append([]byte("SQLite format 3\x00\x10\x00"), make([]byte, 8192)...))
	f.Add(uint8(9), []byte("../../../a,sha256=x,1\n"))
	f.Add(uint8(11), []byte("\x7fELF\xff Go buildinf:\x08\x02"))
	f.Fuzz(func(t *testing.T, place uint8, data []byte) {
		c, l := NewCollector(), &Layer{}
		add := func(name string, content []byte) {
			h := &tar.Header{Name: name, Mode: 0o755, Typeflag: tar.TypeReg, Size: int64(len(content))}
			if err := c.Entry(l, h, bytes.NewReader(content)); err != nil {
				t.Fatal(err)
			}
		}
		add("/var/lib/dpkg/status", []byte("Package: a\nVersion: 1\n"))
		add("/usr/bin/a", []byte("#!/bin/sh\n"))
		add(places[int(place)%len(places)], data)
		c.Join([]*Layer{l})
	})
}

// FuzzTree: whatever paths and links the layers have, they are put together without a panic or an end.
func FuzzTree(f *testing.F) {
	f.Add("a/b", "../a", "a/b/c", "b", uint8(0))
	f.Add("/", "..", ".wh..", "/", uint8(3))
	f.Fuzz(func(t *testing.T, one, to, two, other string, kinds uint8) {
		c := NewCollector()
		layer := func(name, target string, kind uint8) *Layer {
			l := &Layer{}
			h := &tar.Header{Name: name, Linkname: target, Mode: 0o4755,
				Typeflag: []byte{tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink}[kind%4]}
			if err := c.Entry(l, h, bytes.NewReader(nil)); err != nil {
				t.Fatal(err)
			}
			h = &tar.Header{Name: filepath.Join("/var/lib/dpkg/info", name+".list"), Typeflag: tar.TypeReg,
				Size: int64(len(to))}
			if err := c.Entry(l, h, io.NopCloser(bytes.NewReader([]byte(to)))); err != nil {
				t.Fatal(err)
			}
			return l
		}
		c.Join([]*Layer{layer(one, to, kinds), layer(two, other, kinds/4), layer(one, other, kinds/16)})
	})
}
