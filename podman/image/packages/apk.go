package packages

import (
	"encoding/base64"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Installed reads apk's database of installed packages.
func Installed(data string) []podman.Package {
	var list []podman.Package
	apk(data, func(p podman.Package) { list = append(list, p) }, func(string, string) {})
	return list
}

// apk reads a database of apk: the packages, and behind each its files with their checksums as they are written.
func apk(data string, pkg func(podman.Package), file func(name, sum string)) {
	var p podman.Package
	var dir, name, sum string
	told := false
	tell := func() {
		if !told && p.Name != "" {
			pkg(p)
			told = true
		}
	}
	flush := func() {
		if name != "" {
			tell()
			file("/"+strings.Trim(dir+"/"+name, "/"), sum)
		}
		name, sum = "", ""
	}
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			flush()
			tell()
			p, dir, told = podman.Package{}, "", false
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		switch key {
		case "P":
			p.Name = value
		case "V":
			p.Version = value
		case "A":
			p.Architecture = value
		case "o":
			p.Source = value
		case "m":
			p.Maintainer = value
		case "F":
			flush()
			dir = value
		case "R":
			flush()
			name = value
		case "Z":
			sum = value
		}
	}
	flush()
	tell()
}

// apk takes the packages and claims of apk's database. Everything below /etc counts as configuration, as for apk
// itself.
func (j *joined) apk(files databaseFiles) bool {
	e := files["/lib/apk/db/installed"]
	if e == nil {
		e = files["/usr/lib/apk/db/installed"]
	}
	if e == nil || e.large {
		return false
	}
	number := -1
	apk(string(e.data), func(p podman.Package) { number = j.add(p, true) }, func(name, sum string) {
		c := claim{pkg: number, config: strings.HasPrefix(name, "/etc/"), linkSum: true}
		for prefix, kind := range map[string]byte{"Q1": '1', "Q2": '2'} {
			if text, ok := strings.CutPrefix(sum, prefix); ok {
				if digest, err := base64.StdEncoding.DecodeString(text); err == nil {
					c.kind, c.sum = kind, string(digest)
				}
			}
		}
		j.claim(name, c)
	})
	if number < 0 {
		return false
	}
	j.result.Database, j.result.DatabaseLayer = "apk", e.layer
	return true
}
