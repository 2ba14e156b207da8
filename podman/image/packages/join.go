package packages

import (
	"archive/tar"
	"cmp"
	"crypto/sha1" //nolint:gosec // apk's database has no other
	"crypto/sha256"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// claim is what a database says of a file.
type claim struct {
	pkg int
	// kind is the checksum's: 'm' for MD5, '1' and '2' for SHA-1 and SHA-256, 0 for none.
	kind byte
	sum  string
	// config is set for a configuration file: that it was edited is normal.
	config bool
	// linkSum is set where the checksum of a link is that of its target's text (apk), and link is its target (rpm).
	linkSum bool
	link    string
}

// databaseFiles holds the files of databases that are in the image, by their paths.
type databaseFiles map[string]*entry

// joined is an image's layers put together.
type joined struct {
	root      *node
	result    *podman.Provenance
	packages  []podman.Package // by the numbers of claims, removed ones among them
	claims    map[*node][]claim
	pip       map[*node][]pipClaim
	verdicts  map[*node]verdict
	preloaded map[string]bool // what /etc/ld.so.preload names
	dirs      map[string]*node
}

// verdict says whose a file is, with the package's name and version.
type verdict struct {
	podman.Verdict
	name, version string
	language      bool
}

// Join puts the layers together, the lowest first, and judges their files.
func (c *Collector) Join(layers []*Layer) *podman.Provenance {
	return c.join(layers, func(podman.Provenanced, podman.Verdict) {})
}

// join is Join; each is told every verdict.
func (c *Collector) join(layers []*Layer, each func(podman.Provenanced, podman.Verdict)) *podman.Provenance {
	j := &joined{root: &node{}, claims: map[*node][]claim{}, pip: map[*node][]pipClaim{},
		verdicts: map[*node]verdict{}, preloaded: map[string]bool{}, dirs: map[string]*node{},
		result: &podman.Provenance{Counts: map[podman.Verdict]podman.Tally{}, Truncated: c.truncated}}
	files := j.merge(layers)
	j.result.Release = j.release()
	if !j.dpkg(files) && !j.apk(files) && !j.rpm(files) {
		j.result.DatabaseRemoved = 0
		j.otherDatabases(files)
	}
	j.preload()
	j.root.walk("", func(name string, n *node) {
		if n.entry.data != nil && path.Base(name) == "RECORD" && strings.HasSuffix(path.Dir(name), ".dist-info") {
			j.records(name, n.entry.data)
		}
	})
	j.behindLinks()
	languages := map[string]bool{}
	j.root.walk("", func(name string, n *node) {
		if n.entry.kind == tar.TypeDir {
			return
		}
		v := j.judge(name, n)
		if v.Verdict == "" {
			return
		}
		f := podman.Provenanced{Path: name, Layer: n.entry.layer, Package: v.name, Version: v.version,
			Language: v.language, Sensitive: j.sensitive(name, n.entry), Setuid: n.entry.mode&setuid != 0}
		each(f, v.Verdict)
		if n.entry.code {
			t := j.result.Counts[v.Verdict]
			j.result.Counts[v.Verdict] = podman.Tally{Files: t.Files + 1, Bytes: t.Bytes + n.entry.size}
		}
		if v.language {
			languages[v.name+version(v.version)] = true
		}
		j.list(f, v.Verdict)
	})
	j.result.Languages = slices.Sorted(maps.Keys(languages))
	for _, list := range [][]podman.Provenanced{j.result.Altered, j.result.Unowned, j.result.Config, j.result.Missing} {
		slices.SortFunc(list, func(a, b podman.Provenanced) int { return strings.Compare(a.Path, b.Path) })
	}
	slices.SortFunc(j.result.Packages, func(a, b podman.Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Architecture, b.Architecture))
	})
	return j.result
}

func version(v string) string {
	if v == "" {
		return ""
	}
	return "@" + v
}

// list keeps a file that a rule, or a reader, asks for.
func (j *joined) list(f podman.Provenanced, v podman.Verdict) {
	const most = 10_000
	var list *[]podman.Provenanced
	switch v {
	case podman.Altered:
		list = &j.result.Altered
	case podman.Unowned:
		list = &j.result.Unowned
	case podman.ConfigChanged:
		list = &j.result.Config
	default:
		return
	}
	if len(*list) == most {
		j.result.Truncated = true
		return
	}
	*list = append(*list, f)
}

// merge puts the layers into one tree and returns the databases' files. Of a database that a layer takes away the files
// of the layers below are returned.
func (j *joined) merge(layers []*Layer) databaseFiles {
	var files databaseFiles
	for i, l := range layers {
		linked := links(l, i+1)
		before := files
		for _, dir := range l.opaque {
			if n := j.root.find(dir); n != nil {
				n.children = nil
			}
		}
		for _, name := range l.white {
			j.root.remove(name)
		}
		for _, e := range l.entries {
			if e.kind == tar.TypeLink && linked[e.path] == nil { // to another layer's file: it is there already
				if n := j.root.find(e.target); n != nil && n.entry != nil {
					copyOf(e, n.entry)
				}
			}
			j.root.insert(e)
		}
		files = j.databases()
		if i > 0 {
			j.rewritten(before, files, i+1)
		}
		if kind(before) != "" && kind(files) == "" {
			if j.result.DatabaseRemoved == 0 {
				j.result.DatabaseRemoved = i + 1
			}
			files = before
		} else if kind(files) != "" && j.result.DatabaseRemoved != 0 && kindLayer(files) > j.result.DatabaseRemoved {
			j.result.DatabaseRemoved = 0 // another one was put in its place
		}
	}
	return files
}

// links numbers a layer's entries and gives its hard links what they are links to. It returns those.
func links(l *Layer, layer int) map[string]*entry {
	var by map[string]*entry
	found := map[string]*entry{}
	for _, e := range l.entries {
		e.layer = layer
		if e.kind != tar.TypeLink {
			continue
		}
		if by == nil {
			by = map[string]*entry{}
			for _, e := range l.entries {
				if e.kind == tar.TypeReg {
					by[e.path] = e
				}
			}
		}
		if to := by[e.target]; to != nil {
			copyOf(e, to)
			found[e.path] = to
		}
	}
	return found
}

func copyOf(e, to *entry) {
	e.kind, e.sums, e.size, e.mode, e.goMain, e.data = to.kind, to.sums, to.size, to.mode, to.goMain, to.data
	e.code = to.code || to.sums != nil && isLibrary(path.Base(e.path))
}

// databases returns the databases' files of the tree as it is.
func (j *joined) databases() databaseFiles {
	files := databaseFiles{}
	for _, dir := range []string{"/var/lib/dpkg", "/var/lib/dpkg/info", "/var/lib/dpkg/status.d", "/lib/apk/db",
		"/usr/lib/apk/db", "/var/lib/rpm", "/usr/lib/sysimage/rpm"} {
		n := j.root.find(dir)
		if n == nil {
			continue
		}
		for base, child := range n.children {
			if e := child.entry; e != nil && (e.data != nil || e.large || strings.Contains(dir, "rpm")) {
				files[dir+"/"+base] = e
			}
		}
	}
	return files
}

// kind returns which database the files are of, empty for none.
func kind(files databaseFiles) string {
	lists := false
	for name := range files {
		switch {
		case path.Dir(name) == "/var/lib/dpkg/status.d":
			return "dpkg"
		case strings.HasSuffix(name, "/apk/db/installed"):
			return "apk"
		case path.Base(name) == "rpmdb.sqlite", path.Base(name) == "Packages", path.Base(name) == "Packages.db":
			return "rpm"
		case strings.HasSuffix(name, ".list"):
			lists = true
		}
	}
	if lists && files["/var/lib/dpkg/status"] != nil {
		return "dpkg"
	}
	return ""
}

func kindLayer(files databaseFiles) int {
	newest := 0
	for _, e := range files {
		newest = max(newest, e.layer)
	}
	return newest
}

// otherDatabases says which databases are there that podlint cannot read.
func (j *joined) otherDatabases(files databaseFiles) {
	for name, e := range files {
		what := ""
		switch {
		case path.Base(name) == "Packages" && strings.Contains(name, "rpm"):
			what = "Berkeley DB"
		case path.Base(name) == "Packages.db":
			what = "ndb"
		case e.large:
			j.result.Unreadable = name + " is larger than podlint reads"
		}
		if what != "" {
			j.result.Unreadable = name + " is in the form of " + what + ", which podlint cannot read"
		}
	}
}

// rewritten notes the packages whose checksums a layer changed while their version stayed.
func (j *joined) rewritten(before, after databaseFiles, layer int) {
	var changed []string
	for name, e := range after {
		old := before[name]
		if strings.HasSuffix(name, ".md5sums") && old != nil && old != e && string(old.data) != string(e.data) {
			changed = append(changed, name)
		}
	}
	if len(changed) == 0 {
		return
	}
	versions := func(files databaseFiles) map[string]string {
		found := map[string]string{}
		for name, e := range files {
			if name == "/var/lib/dpkg/status" || path.Dir(name) == "/var/lib/dpkg/status.d" &&
				!strings.HasSuffix(name, ".md5sums") {
				for _, p := range status(string(e.data)) {
					found[p.Name], found[p.Name+":"+p.Architecture] = p.Version, p.Version
				}
			}
		}
		return found
	}
	was, is := versions(before), versions(after)
	slices.Sort(changed)
	for _, name := range changed {
		pkg := strings.TrimSuffix(path.Base(name), ".md5sums")
		if is[pkg] != "" && was[pkg] == is[pkg] {
			j.result.Rewritten = append(j.result.Rewritten, podman.Provenanced{Path: name, Layer: layer, Package: pkg,
				Version: is[pkg]})
		}
	}
}

// release reads os-release.
func (j *joined) release() podman.Release {
	var r podman.Release
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		n, _ := j.root.resolve(name)
		if n == nil || n.entry == nil || n.entry.data == nil {
			continue
		}
		return ParseRelease(string(n.entry.data))
	}
	return r
}

// ParseRelease reads an os-release file.
func ParseRelease(data string) podman.Release {
	var r podman.Release
	for line := range strings.Lines(data) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			r.ID = value
		case "VERSION_CODENAME":
			r.Codename = value
		case "VERSION_ID":
			r.Version = value
		case "PRETTY_NAME":
			r.Name = value
		case "SUPPORT_END":
			r.SupportEnd = value
		}
	}
	return r
}

// add takes a package and returns its number.
func (j *joined) add(p podman.Package, installed bool) int {
	j.packages = append(j.packages, p)
	if installed {
		j.result.Packages = append(j.result.Packages, p)
	}
	return len(j.packages) - 1
}

// claim takes what a database says of a path. The directories of the path are followed through the image's links (a
// list may say /bin/ls where the file is /usr/bin/ls); the file itself is not.
func (j *joined) claim(name string, c claim) {
	n := j.lookup(name)
	if n == nil || n.entry == nil {
		if dir := path.Base(path.Dir(name)); c.kind != 0 && !c.config && (dir == "bin" || dir == "sbin") {
			p := j.packages[c.pkg]
			j.result.Missing = append(j.result.Missing, podman.Provenanced{Path: name, Package: p.Name,
				Version: p.Version})
		}
		return
	}
	if n.entry.kind != tar.TypeDir {
		j.claims[n] = append(j.claims[n], c)
	}
}

// lookup returns what is at a path, whose last part is not followed.
func (j *joined) lookup(name string) *node {
	dir, base := path.Split(path.Clean("/" + name))
	parent, known := j.dirs[dir]
	if !known {
		parent, _ = j.root.resolve(dir)
		j.dirs[dir] = parent
	}
	if parent == nil {
		return nil
	}
	if base == "" {
		return parent
	}
	return parent.children[base]
}

// fits reports whether a file's bytes are what a claim says, and known is false where it does not say.
func (c claim) fits(s *sums) (fits, known bool) {
	if s == nil {
		return false, false
	}
	switch c.kind {
	case 'm':
		return string(s.md5[:]) == c.sum, true
	case '1':
		return string(s.sha1[:]) == c.sum, true
	case '2':
		return string(s.sha256[:]) == c.sum, true
	}
	return false, false
}

// behindLinks gives a package what a link leads to that is in the place of its file: dpkg, which keeps no targets, is
// content with the same bytes.
func (j *joined) behindLinks() {
	for n, claims := range maps.Clone(j.claims) {
		if n.entry.kind != tar.TypeSymlink {
			continue
		}
		to := j.target(n)
		for _, c := range claims {
			if to == nil || c.linkSum || c.link != "" {
				continue
			}
			if fits, _ := c.fits(to.entry.sums); fits {
				j.claims[to] = append(j.claims[to], c)
			}
		}
	}
}

// target returns the file that a link leads to, nil for none.
func (j *joined) target(n *node) *node {
	to, _ := j.root.resolve(n.entry.path)
	if to == nil || to.entry == nil || to.entry.kind != tar.TypeReg {
		return nil
	}
	return to
}

// judge says whose a file is; no verdict for what is neither code nor configuration.
func (j *joined) judge(name string, n *node) verdict {
	if v, done := j.verdicts[n]; done {
		return v
	}
	j.verdicts[n] = verdict{} // whatever leads in a circle
	v := j.owned(n)
	if v.Verdict == "" && n.entry.kind != tar.TypeSymlink && len(j.claims[n]) == 0 {
		v = j.others(name, n)
	}
	j.verdicts[n] = v
	return v
}

// owned judges a file by what the distribution's packages claim: any claimant's checksum will do.
func (j *joined) owned(n *node) verdict {
	best := verdict{}
	for _, c := range j.claims[n] {
		p := j.packages[c.pkg]
		v := verdict{name: p.Name, version: p.Version}
		fits, known := j.compare(n, c)
		switch {
		case !known && n.entry.code && n.entry.kind != tar.TypeSymlink:
			v.Verdict = podman.NoChecksum
		case !known:
			continue
		case fits:
			v.Verdict = podman.Unaltered
			return v
		case c.config:
			v.Verdict = podman.ConfigChanged
		default:
			v.Verdict = podman.Altered
		}
		if best.Verdict == "" || best.Verdict == podman.NoChecksum {
			best = v
		}
	}
	return best
}

// compare reports whether a file is what a claim says, and known is false where that cannot be told.
func (j *joined) compare(n *node, c claim) (fits, known bool) {
	e := n.entry
	if e.kind != tar.TypeSymlink {
		return c.fits(e.sums)
	}
	switch {
	case c.link != "":
		return c.link == e.target, true
	case c.linkSum && c.kind == '1':
		sum := sha1.Sum([]byte(e.target)) //nolint:gosec // apk's database has no other
		return string(sum[:]) == c.sum, true
	case c.linkSum && c.kind == '2':
		sum := sha256.Sum256([]byte(e.target))
		return string(sum[:]) == c.sum, true
	}
	to := j.target(n)
	if to == nil || !to.entry.code && !c.config {
		return false, false
	}
	return c.fits(to.entry.sums)
}

// others judges a file that no package of the distribution claims. What runs with privileges needs one.
func (j *joined) others(name string, n *node) verdict {
	e := n.entry
	sensitive := j.sensitive(name, e)
	if sensitive == "" && !e.code || e.kind != tar.TypeReg {
		return verdict{}
	}
	if sensitive == "" && e.mode&setuid == 0 {
		if strings.HasSuffix(name, ".pyc") && j.derived(name) {
			return verdict{Verdict: podman.Derived}
		}
		if v := j.byPip(n); v.Verdict != "" {
			return v
		}
		for _, of := range []string{j.npm(name), j.gem(name), e.goMain} {
			if of != "" {
				return verdict{Verdict: podman.OfLanguage, name: of, language: true}
			}
		}
	}
	if j.result.Database == "" && (j.result.Release.ID != "" || j.result.Unreadable != "") {
		return verdict{} // a distribution without its database: nobody knows
	}
	return verdict{Verdict: podman.Unowned}
}

func (j *joined) byPip(n *node) verdict {
	v := verdict{}
	for _, c := range j.pip[n] {
		fits := c.sum == nil || n.entry.sums != nil && string(n.entry.sums.sha256[:]) == string(c.sum)
		if fits || v.Verdict == "" {
			v = verdict{Verdict: podman.Altered, name: c.name, language: true}
		}
		if fits {
			v.Verdict = podman.OfLanguage
			return v
		}
	}
	return v
}

// derived reports whether compiled Python is of a module whose owner is known.
func (j *joined) derived(name string) bool {
	dir, base := path.Split(path.Clean(name))
	if path.Base(dir) == "__pycache__" {
		dir = path.Dir(path.Clean(dir))
	}
	module, _, _ := strings.Cut(base, ".")
	source := path.Join(dir, module+".py")
	n := j.lookup(source)
	if n == nil || n.entry == nil || n.entry.kind == tar.TypeDir {
		return false
	}
	if len(j.claims[n]) > 0 {
		return true
	}
	if n.entry.kind == tar.TypeSymlink { // Debian's sitecustomize.py is a link to configuration
		if n = j.target(n); n == nil || len(j.claims[n]) > 0 {
			return n != nil
		}
	}
	v := j.judge(n.entry.path, n)
	return v.Verdict != podman.Unowned && v.Verdict != ""
}
