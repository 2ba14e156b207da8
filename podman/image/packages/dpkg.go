package packages

import (
	"encoding/hex"
	"path"
	"strings"

	"github.com/podlint/podlint/podman"
)

// paragraph is one of a status file or an index: the fields that are asked for, by their names.
type paragraph map[string]string

// paragraphs calls visit for each paragraph of a file in Debian's form, with the given fields alone. A field's further
// lines follow its first one, each behind a newline.
func paragraphs(data string, fields []string, visit func(paragraph)) {
	p, last := paragraph{}, ""
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "":
			if len(p) > 0 {
				visit(p)
			}
			p, last = paragraph{}, ""
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				p[last] += "\n" + line[1:]
			}
		default:
			name, value, _ := strings.Cut(line, ":")
			last = ""
			for _, field := range fields {
				if strings.EqualFold(field, name) {
					last, p[field] = field, strings.TrimSpace(value)
				}
			}
		}
	}
	if len(p) > 0 {
		visit(p)
	}
}

var statusFields = []string{"Package", "Status", "Version", "Architecture", "Source", "Maintainer", "Conffiles"}

// dpkgPackage is an installed package with its conffiles.
type dpkgPackage struct {
	podman.Package
	// installed is false of one that is removed and whose configuration is left.
	installed bool
	conffiles string
}

// Status reads a status file of dpkg, or one of status.d: the packages that are installed.
func Status(data string) []podman.Package {
	var list []podman.Package
	for _, p := range status(data) {
		if p.installed {
			list = append(list, p.Package)
		}
	}
	return list
}

func status(data string) []dpkgPackage {
	var list []dpkgPackage
	paragraphs(data, statusFields, func(p paragraph) {
		if p["Package"] == "" || p["Version"] == "" {
			return
		}
		// distroless images have no Status: what is there is installed
		words, installed := strings.Fields(p["Status"]), true
		if len(words) == 3 {
			installed = words[2] != "config-files" && words[2] != "not-installed"
		}
		source, _, _ := strings.Cut(p["Source"], " ")
		list = append(list, dpkgPackage{podman.Package{Name: p["Package"], Version: p["Version"],
			Architecture: p["Architecture"], Source: source, Maintainer: p["Maintainer"],
			Hold: len(words) > 0 && words[0] == "hold"}, installed, p["Conffiles"]})
	})
	return list
}

// diversion is where dpkg puts a file that another package, or an administrator, wants to have itself.
type diversion struct{ to, by string }

func diversions(data string) map[string]diversion {
	lines := strings.Split(strings.TrimRight(data, "\n"), "\n")
	found := map[string]diversion{}
	for ; len(lines) >= 3; lines = lines[3:] {
		found[lines[0]] = diversion{to: lines[1], by: lines[2]}
	}
	return found
}

// dpkg takes the packages and claims of dpkg's database. It returns false where there is none.
func (j *joined) dpkg(files databaseFiles) bool {
	main := files["/var/lib/dpkg/status"]
	distroless := false
	var list []dpkgPackage
	if main != nil {
		list = status(string(main.data))
	}
	var diverted map[string]diversion
	if e := files["/var/lib/dpkg/diversions"]; e != nil {
		diverted = diversions(string(e.data))
	}
	for name, e := range files {
		if path.Dir(name) == "/var/lib/dpkg/status.d" && !strings.HasSuffix(name, ".md5sums") {
			distroless = true
			main = e
			for _, p := range status(string(e.data)) {
				list = append(list, p)
				j.dpkgPackage(p, nil, files[name+".md5sums"], nil)
			}
		}
	}
	if !distroless {
		for _, p := range list {
			base := "/var/lib/dpkg/info/" + p.Name
			owns, md5sums := files[base+":"+p.Architecture+".list"], files[base+":"+p.Architecture+".md5sums"]
			if owns == nil {
				owns, md5sums = files[base+".list"], files[base+".md5sums"]
			}
			j.dpkgPackage(p, owns, md5sums, diverted)
		}
	}
	if main == nil || len(list) == 0 {
		return false
	}
	j.result.Database, j.result.DatabaseLayer = "dpkg", main.layer
	return true
}

// dpkgPackage takes the claims of one package: its list says what it owns, and md5sums only what the bytes are, for
// dpkg leaves a file that changed hands in the latter. Without a list (status.d) md5sums says both.
func (j *joined) dpkgPackage(p dpkgPackage, owns, md5sums *entry, diverted map[string]diversion) {
	number := j.add(p.Package, p.installed)
	sums := map[string]string{}
	if md5sums != nil {
		for line := range strings.Lines(string(md5sums.data)) {
			sum, name, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "  ")
			if digest, err := hex.DecodeString(sum); ok && err == nil {
				sums["/"+strings.TrimPrefix(name, "/")] = string(digest)
			}
		}
	}
	place := func(name string) string {
		if d, ok := diverted[name]; ok && d.by != p.Name {
			return d.to
		}
		return name
	}
	conffiles := map[string]bool{}
	for line := range strings.Lines(p.conffiles) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		name := fields[0]
		conffiles[name] = true
		digest, err := hex.DecodeString(fields[1])
		if err != nil || len(fields) > 2 { // obsolete, or to be removed
			continue
		}
		j.claim(place(name), claim{pkg: number, kind: 'm', sum: string(digest), config: true})
	}
	own := func(name string) {
		if conffiles[name] {
			return
		}
		c := claim{pkg: number}
		if sum, ok := sums[name]; ok {
			c.kind, c.sum = 'm', sum
		}
		j.claim(place(name), c)
	}
	if owns == nil {
		for name := range sums {
			own(name)
		}
		return
	}
	for line := range strings.Lines(string(owns.data)) {
		if name := strings.TrimRight(line, "\r\n"); len(name) > 1 && name != "/." {
			own(name)
		}
	}
}
