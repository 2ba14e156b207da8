package packages

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"path"
	"strings"
)

// goProgram finds the build information that Go puts into a program, in the stream of its bytes.
type goProgram struct {
	window []byte
	found  string
}

const (
	goMagic  = "\xff Go buildinf:"
	goHeader = 32   // bytes before the two strings
	goEnough = 4096 // bytes behind the magic that hold the version, the path and the main module
)

// write takes the next bytes. Programs that read build information hold the magic as well: a version has to follow.
func (g *goProgram) write(part []byte) {
	if g.found != "" {
		return
	}
	g.window = append(g.window, part...)
	if len(g.window) < 2*goEnough {
		return
	}
	g.search(false)
}

func (g *goProgram) end() string {
	if g.found == "" {
		g.search(true)
	}
	return g.found
}

func (g *goProgram) search(last bool) {
	for {
		i := bytes.Index(g.window, []byte(goMagic))
		if i < 0 {
			g.window = append(g.window[:0], g.window[max(0, len(g.window)-len(goMagic)+1):]...)
			return
		}
		if !last && len(g.window)-i < goEnough {
			g.window = append(g.window[:0], g.window[i:]...)
			return
		}
		if g.found = goBuild(g.window[i:]); g.found != "" {
			g.window = nil
			return
		}
		g.window = append(g.window[:0], g.window[i+1:]...)
	}
}

// goBuild reads build information in its inline form (Go 1.18 and later).
func goBuild(data []byte) string {
	const flags, inline = 15, 2
	if len(data) < goHeader || data[flags]&inline == 0 {
		return ""
	}
	version, rest, whole := counted(data[goHeader:])
	if !whole || !strings.HasPrefix(version, "go1") && !strings.HasPrefix(version, "devel") {
		return ""
	}
	module, _, _ := counted(rest)
	const sentinel = 16
	if len(module) < sentinel {
		return "go:" // without modules
	}
	name := ""
	for line := range strings.Lines(module[sentinel:]) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case len(fields) >= 2 && fields[0] == "path" && name == "":
			name = fields[1]
		case len(fields) >= 3 && fields[0] == "mod":
			if fields[2] != "" && fields[2] != "(devel)" {
				return "go:" + name + "@" + fields[2]
			}
		}
	}
	return "go:" + name
}

// counted cuts off a string behind its length; one that goes on behind the data is cut, and not whole.
func counted(data []byte) (text string, rest []byte, whole bool) {
	length, n := binary.Uvarint(data)
	if n <= 0 {
		return "", nil, false
	}
	data = data[n:]
	if length > uint64(len(data)) {
		return string(data), nil, false
	}
	return string(data[:length]), data[length:], true
}

// npmName returns "NAME@VERSION" of a package.json, empty where it has no name.
func npmName(data []byte) []byte {
	var p struct{ Name, Version string }
	if json.Unmarshal(data, &p) != nil || p.Name == "" {
		return nil
	}
	return []byte(p.Name + "@" + p.Version)
}

// npm returns the package of npm whose file a path is, empty for none.
func (j *joined) npm(name string) string {
	const modules = "/node_modules/"
	for i := strings.LastIndex(name, modules); i >= 0; i = strings.LastIndex(name[:i], modules) {
		rest := strings.Split(name[i+len(modules):], "/")
		depth := 1
		if strings.HasPrefix(rest[0], "@") {
			depth = 2
		}
		if len(rest) <= depth {
			continue
		}
		file := name[:i+len(modules)] + strings.Join(rest[:depth], "/") + "/package.json"
		if n := j.root.find(file); n != nil && n.entry != nil && len(n.entry.data) > 0 {
			return "npm:" + string(n.entry.data)
		}
	}
	return ""
}

// gem returns the gem whose file a path is, empty for none.
func (j *joined) gem(name string) string {
	const gems = "/gems/"
	for i := strings.LastIndex(name, gems); i >= 0; i = strings.LastIndex(name[:i], gems) {
		full, _, below := strings.Cut(name[i+len(gems):], "/")
		if !below {
			continue
		}
		for _, place := range []string{"/specifications/", "/specifications/default/"} {
			if n := j.root.find(name[:i] + place + full + ".gemspec"); n != nil && n.entry != nil {
				if cut := strings.LastIndex(full, "-"); cut > 0 {
					return "gem:" + full[:cut] + "@" + full[cut+1:]
				}
				return "gem:" + full
			}
		}
	}
	return ""
}

// records takes the files of pip's packages by their RECORD. A RECORD speaks for what is below the prefix that its
// packages are installed in, and for nothing else.
func (j *joined) records(name string, data []byte) {
	info := path.Dir(name)
	base := path.Dir(info)
	pkg, version, _ := strings.Cut(strings.TrimSuffix(path.Base(info), ".dist-info"), "-")
	prefix := path.Dir(path.Dir(path.Dir(base)))
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		size := strings.LastIndex(line, ",")
		if size < 0 {
			continue
		}
		sum := strings.LastIndex(line[:size], ",")
		if sum < 0 {
			continue
		}
		file := strings.Trim(line[:sum], `"`)
		if !path.IsAbs(file) {
			file = path.Join(base, file)
		}
		file = path.Clean(file)
		if prefix != "/" && !strings.HasPrefix(file, prefix+"/") || prefix == "/" && !strings.HasPrefix(file, base) {
			continue
		}
		n := j.lookup(file)
		if n == nil || n.entry == nil {
			continue
		}
		claim := pipClaim{name: "pip:" + pkg + "@" + version}
		if text, ok := strings.CutPrefix(line[sum+1:size], "sha256="); ok {
			if digest, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "=")); err == nil {
				claim.sum = digest
			}
		}
		j.pip[n] = append(j.pip[n], claim)
	}
}

type pipClaim struct {
	name string
	sum  []byte // SHA-256, nil where none is recorded
}
