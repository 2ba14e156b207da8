package fetch

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	version = regexp.MustCompile(`(^|[/_=@.-])v?[0-9]+(\.[0-9]+)+([._/-]|[a-z]|$)|/v[0-9]+/|` +
		`[/_-]v[0-9]+(\.[0-9]+)*([._/-]|$)`)
	newest   = regexp.MustCompile(`(^|[/_.-])(latest|master|main|nightly|head|HEAD|edge|stable|current)([/_.-]|$)`)
	dotted   = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)*([-+._][0-9A-Za-z.+-]+)?$`)
	platform = regexp.MustCompile(`(?i)(linux|amd64|x86_64|x86-64|arm64|aarch64|armv7|musl|-gnu)`)
	digest   = regexp.MustCompile(`\b([0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}|[0-9a-fA-F]{40})\b`)
	codeEnds = []string{".jar", ".so", ".phar", ".ez", ".whl", ".deb", ".rpm", ".apk", ".appimage",
		".war", ".vsix", ".run", ".gem", ".sh", ".ko", ".wasm", ".pyz"}
	archives = []string{".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst", ".txz", ".zip", ".tar",
		".tbz2", ".gz", ".xz", ".bz2", ".zst"}
	pluginDirs = []string{"plugins", "plugin", "mods", "addons", "extensions", "custom_components", "modules",
		"dags", "providers", "deployments", "webapps", "custom_nodes", "custom-plugins"}
)

// hostOf returns the host's name of an address.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		rest := address[strings.Index(address, "://")+1:]
		rest = strings.TrimLeft(rest, "/:")
		if i := strings.LastIndexByte(strings.SplitN(rest, "/", 2)[0], '@'); i >= 0 {
			rest = rest[i+1:]
		}
		rest, _, _ = strings.Cut(rest, "/")
		rest, _, _ = strings.Cut(rest, ":")
		if strings.ContainsAny(rest, "$ ") || rest == "" {
			return "an address"
		}
		return rest
	}
	return u.Hostname()
}

// isNear reports whether an address is of the container itself, its host or its own network, from which health checks
// and waits ask.
func isNear(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1" || host == "0.0.0.0" ||
		!strings.Contains(host, ".") && host != "an address" && !strings.Contains(host, ":")
}

// isPinned reports whether an address names a version, and not what is newest.
func isPinned(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	_, p, ok := strings.Cut(rest, "/")
	if !ok {
		return false
	}
	rest = "/" + p
	if q := strings.IndexAny(rest, "?#"); q >= 0 {
		rest = rest[:q]
	}
	return version.MatchString(rest) && !newest.MatchString(rest) || commitIn.MatchString(rest)
}

var commitIn = regexp.MustCompile(`/[0-9a-f]{40}/`)

func newDownload(program, address string, w word) *download {
	d := &download{program: program, address: address, host: hostOf(address), pinned: isPinned(address)}
	if strings.HasPrefix(address, "http://") {
		d.off = "http://"
	}
	if w.unknown && strings.HasPrefix(address, "$") {
		d.host = "an address"
	}
	return d
}

func isAddress(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "ftp://")
}

// baseOf returns the name that an address gives its file.
func baseOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	if !strings.Contains(rest, "/") {
		return ""
	}
	return path.Base(rest)
}

func (e *eval) newDownload(d *download) *download {
	d.guarded = e.guarded
	if len(e.all) < mostFound*4 {
		e.all = append(e.all, d)
	}
	return d
}

// store notes that a download is saved in a file.
func (e *eval) store(d *download, to string) {
	full := e.path(to)
	e.files[full] = d
	if isProgram(full, d.address) {
		d.code = true
		d.name = shownFile(full)
	}
	if e.ctx.Host && !d.code { // what the container mounts from the host, in a directory of programs
		for source, destination := range e.ctx.Mounted {
			if full == source || strings.HasPrefix(full, strings.TrimSuffix(source, "/")+"/") {
				d.code = d.code || isProgram(path.Join(destination, strings.TrimPrefix(full, source)), d.address)
			}
		}
	}
}

func shownFile(name string) string {
	if name = path.Base(name); strings.ContainsAny(name, "$`\n ") {
		return ""
	}
	return name
}

// isBin reports whether a directory is one of programs, or of what a program loads.
func isBin(dir string) bool {
	for _, part := range strings.Split(dir, "/") {
		if part == "bin" || part == "sbin" || part == "libexec" || slices.Contains(pluginDirs, strings.ToLower(part)) {
			return true
		}
	}
	return false
}

// isProgram reports whether a file is a program by its name and place.
func isProgram(file, address string) bool {
	base := strings.ToLower(path.Base(file))
	for _, end := range codeEnds {
		if strings.HasSuffix(base, end) {
			return true
		}
	}
	dir := path.Dir(file)
	ext := path.Ext(base)
	if isBin(dir) && (ext == "" || slices.Contains(archives, ext) || ext == ".py" || ext == ".rb" || ext == ".php" ||
		ext == ".js") {
		return true
	}
	below := "" // what follows the host
	const parts = 4
	if split := strings.SplitN(address, "/", parts); len(split) == parts {
		below = split[parts-1]
	}
	return ext == "" && platform.MatchString(baseOf(address)+below) && !hasArchive(base)
}

func hasArchive(name string) bool {
	return slices.ContainsFunc(archives, func(end string) bool { return strings.HasSuffix(name, end) })
}

// runsPath notes that a file is run.
func (e *eval) runsPath(name string) {
	d := e.at(name)
	if d == nil {
		return
	}
	d.code = true
	if d.name == "" && !d.repository {
		d.name = shownFile(name)
	}
}

// runsFile notes that what a command names is run, where it was downloaded.
func (e *eval) runsFile(c call) {
	for _, d := range c.full.from {
		d.code, d.script = true, true
	}
	if strings.Contains(c.full.text, "/") {
		e.runsPath(c.full.text)
	}
}

// curl reads curl.
func curl(e *eval, c call) stream {
	takes := []string{"-o", "--output", "-H", "--header", "-d", "--data", "-X", "--request", "-u", "--user", "-A",
		"--user-agent", "-e", "-m", "--max-time", "--retry", "--retry-delay", "--connect-timeout", "-w", "--write-out", "-b",
		"-c", "-x", "--proxy", "--cacert", "--capath", "-T", "-F", "--url", "-E", "--cert", "--key", "--proto",
		"--retry-max-time", "--output-dir", "--unix-socket", "--data-raw", "--data-binary", "--resolve", "-K", "-r", "-y",
		"-Y", "-z", "--limit-rate", "--interface", "--ciphers", "--proto-redir"}
	var list []*download
	var outputs []string
	dir, off, remote := "", "", false
	for i := 0; i < len(c.args); i++ {
		w := c.args[i]
		text := w.text
		value := func() string {
			if i++; i < len(c.args) {
				return c.args[i].text
			}
			return ""
		}
		switch {
		case text == "-o" || text == "--output":
			outputs = append(outputs, value())
		case text == "--output-dir":
			dir = value()
		case text == "--url" && i+1 < len(c.args):
			i++
			list = append(list, newDownload(c.name, c.args[i].text, c.args[i]))
		case text == "--insecure":
			off = text
		case text == "--remote-name" || text == "--remote-name-all":
			remote = true
		case slices.Contains(takes, text):
			i++
		case strings.HasPrefix(text, "--"):
		case len(text) > 1 && text[0] == '-':
			flags, option, arg := cluster(text[1:], takes)
			if strings.Contains(flags, "I") {
				return stream{}
			}
			if strings.Contains(flags, "k") {
				off = "-k"
			}
			remote = remote || strings.Contains(flags, "O")
			if option != "" && arg == "" {
				arg = value()
			}
			if option == "o" {
				outputs = append(outputs, arg)
			}
		case isAddress(text) || w.unknown || strings.Contains(text, "."):
			list = append(list, newDownload(c.name, text, w))
		}
	}
	return e.fetched(list, outputs, dir, off, remote)
}

// cluster splits letters of options behind one dash: those without a value, and the one that has one, with what of it
// stands there.
func cluster(letters string, takes []string) (flags, option, arg string) {
	for j := range len(letters) {
		if slices.Contains(takes, "-"+letters[j:j+1]) {
			return letters[:j], letters[j : j+1], letters[j+1:]
		}
	}
	return letters, "", ""
}

// fetched stores what curl or wget has downloaded, or passes it on.
func (e *eval) fetched(list []*download, outputs []string, dir, off string, remote bool) stream {
	var out stream
	for i, d := range list {
		if off != "" {
			d.off = off
		}
		if isNear(d.host) {
			d.off = off
		}
		to := ""
		switch {
		case i < len(outputs):
			to = outputs[i]
		case remote:
			to = baseOf(d.address)
		}
		d = e.newDownload(d)
		if to == "" || to == "-" || to == "/dev/stdout" {
			out.from = append(out.from, d)
			continue
		}
		if to == "/dev/null" {
			continue
		}
		if dir != "" {
			to = path.Join(dir, to)
		}
		e.store(d, to)
	}
	out.known = len(list) == 0
	return out
}

// wget reads wget, and busybox's.
func wget(e *eval, c call) stream {
	takes := []string{"-O", "-P", "-o", "-a", "-e", "-i", "-B", "-t", "-T", "-w", "-Q", "-U", "-l", "-A", "-R", "-D",
		"-I", "-X", "--output-document", "--directory-prefix", "--header", "--user", "--password", "--tries",
		"--timeout", "--user-agent", "--post-data", "--output-file"}
	var list []*download
	var outputs []string
	dir, off := "", ""
	set := func(option, value string) {
		switch option {
		case "O", "--output-document":
			outputs = append(outputs, value)
		case "P", "--directory-prefix":
			dir = value
		}
	}
	for i := 0; i < len(c.args); i++ {
		w := c.args[i]
		text := w.text
		name, value, given := strings.Cut(text, "=")
		next := func() string {
			if i++; i < len(c.args) {
				return c.args[i].text
			}
			return ""
		}
		switch {
		case text == "--no-check-certificate":
			off = text
		case text == "--spider":
			return stream{}
		case strings.HasPrefix(text, "--"):
			if !given && slices.Contains(takes, name) {
				value = next()
			}
			set(name, value)
		case len(text) > 1 && text[0] == '-':
			_, option, arg := cluster(text[1:], takes)
			if option != "" && arg == "" {
				arg = next()
			}
			set(option, arg)
		default:
			list = append(list, newDownload(c.name, text, w))
		}
	}
	one := len(outputs) > 0
	for one && len(outputs) < len(list) { // all in one
		outputs = append(outputs, outputs[0])
	}
	return e.fetched(list, outputs, dir, off, !one)
}

// builtin runs what moves, unpacks and checks files, and what passes text on.
func (e *eval) builtin(c call) (stream, bool) {
	switch c.name {
	case "cd", "pushd":
		if len(c.args) > 0 {
			e.cwd = e.path(c.args[len(c.args)-1].text)
		}
	case "echo", "printf":
		var out stream
		out.known = true
		for _, w := range c.args {
			out.text += w.text + " "
			out.from = append(out.from, w.from...)
			out.known = out.known && !w.unknown
		}
		out.text += "\n"
		return out, true
	case "cat", "sed", "tr", "grep", "awk", "head", "tail", "gunzip", "zcat", "xzcat", "base64", "tee", "jq", "cut",
		"gzip", "xz", "bunzip2", "unxz", "zstd", "dos2unix", "envsubst", "openssl", "yq", "sort", "funzip", "pv":
		return e.filter(c), true
	case "mv", "cp", "ln", "install":
		e.moves(c)
	case "tar", "bsdtar", "unzip", "7z", "cpio", "gzip-extract", "jar":
		e.unpacks(c)
	case "chmod":
		for _, w := range c.args {
			if strings.Contains(first(c.texts()), "x") || strings.ContainsAny(first(c.texts()), "1357") {
				e.runsPath(w.text)
			}
		}
	case "sha256sum", "sha512sum", "sha1sum", "shasum", "sha384sum", "sha224sum", "b2sum", "sha256", "md5sum":
		e.sums(c)
		return stream{}, true
	case "gpg", "gpgv", "minisign", "cosign", "signify":
		e.signature(c)
	case "[", "test", "[[":
		for _, w := range c.args {
			if digest.MatchString(w.text) {
				e.check()
			}
		}
	case "make", "cmake", "ninja", "meson":
		options, _ := c.parse("-C", "-f", "-B", "-S")
		e.runsPath(path.Join(first(options["-C"]), "."))
	default:
		if slices.Contains(quiet, c.name) {
			return stream{known: c.name == "true" || c.name == "sleep" || c.name == "set" || c.name == "mkdir"}, true
		}
		return stream{}, false
	}
	return stream{known: true}, true
}

// filter passes on what it reads.
func (e *eval) filter(c call) stream {
	out := c.in
	files := false
	for _, w := range c.args {
		if d := e.at(w.text); d != nil && !strings.HasPrefix(w.text, "-") && e.files[e.path(w.text)] != nil {
			out.from = append(slices.Clip(out.from), d)
			files = true
		}
		out.from = append(slices.Clip(out.from), w.from...)
		if text, ok := e.texts[e.path(w.text)]; ok && c.name == "cat" {
			out.text, out.known, files = text, true, true
		}
	}
	if c.name == "tee" {
		for _, w := range c.args {
			if !strings.HasPrefix(w.text, "-") {
				e.save(w.text, c.in)
			}
		}
		return c.in
	}
	if c.name != "cat" && !files {
		out.known = false
	}
	if c.name == "base64" && c.in.known {
		out.known = false
	}
	if c.name == "cat" && len(c.args) > 0 && !files {
		out.known = false
	}
	return out
}

func (e *eval) moves(c call) {
	options, operands := c.parse("-t", "-m", "-o", "-g", "--mode", "--target-directory")
	to := first(options["-t"])
	if to == "" && len(operands) > 1 {
		to = operands[len(operands)-1].text
		operands = operands[:len(operands)-1]
	}
	for _, w := range operands {
		d := e.at(w.text)
		if d == nil {
			continue
		}
		full := e.path(to)
		e.files[full], e.files[path.Join(full, path.Base(w.text))] = d, d
		if d.repository || e.dirs[e.path(w.text)] != nil {
			e.dirs[full] = d
		}
		if isBin(full) || isBin(path.Dir(full)) && path.Ext(full) == "" || isProgram(full, "") ||
			c.name == "install" && !c.has("-d") {
			d.code = true
		}
	}
}

// unpacks notes what an archive is unpacked to.
func (e *eval) unpacks(c call) {
	var list []*download
	to := "."
	texts := c.texts()
	lists := len(texts) > 0 && (strings.HasPrefix(strings.TrimLeft(texts[0], "-"), "t") && c.name != "unzip" ||
		texts[0] == "-l")
	if lists || c.has("--list") {
		return
	}
	for i, w := range c.args {
		switch {
		case (w.text == "-C" || w.text == "--directory" || w.text == "-d") && i+1 < len(c.args):
			to = c.args[i+1].text
		case strings.HasPrefix(w.text, "--directory="):
			to = w.text[len("--directory="):]
		case strings.HasPrefix(w.text, "-C") && len(w.text) > 2:
			to = w.text[2:]
		default:
			if d := e.files[e.path(w.text)]; d != nil {
				list = append(list, d)
			}
			list = append(list, w.from...)
		}
	}
	if len(list) == 0 {
		list = c.in.from
	}
	for _, d := range list {
		e.dirs[e.path(to)] = d
		if isBin(e.path(to)) {
			d.code = true
		}
	}
}

// sums checks files against sums: those that came from where the files came from find damage, not an attacker.
func (e *eval) sums(c call) {
	checks := false
	for _, w := range c.args {
		checks = checks || w.text == "--check" || !strings.HasPrefix(w.text, "--") && strings.HasPrefix(w.text, "-") &&
			strings.Contains(w.text, "c")
	}
	if !checks {
		return
	}
	if len(c.in.from) > 0 {
		return
	}
	for _, w := range c.args {
		if strings.HasPrefix(w.text, "-") {
			continue
		}
		if len(w.from) > 0 || e.at(w.text) != nil {
			return
		}
	}
	e.check()
}

// check notes that what was downloaded so far is held to a sum.
func (e *eval) check() {
	for _, d := range e.all {
		if !d.script && !d.repository {
			d.checked = true
		}
	}
}

// signature checks a file with a key that is there.
func (e *eval) signature(c call) {
	t := c.texts()
	if !c.has("--verify", "-V", "verify", "verify-blob") && c.name != "gpgv" && (len(t) == 0 || t[0] != "-Vm") {
		return
	}
	for _, d := range e.all { // a key from the network proves nothing
		if strings.HasSuffix(d.address, ".gpg") || strings.HasSuffix(d.address, ".key") || strings.HasSuffix(d.address,
			"KEYS") || strings.HasSuffix(d.address, ".pub") {
			return
		}
	}
	e.check()
}

// git reads git: what is cloned is code where something of it is run.
func git(e *eval, c call) stream {
	dir := ""
	args := c.args
	for len(args) > 1 && strings.HasPrefix(args[0].text, "-") {
		switch args[0].text {
		case "-C":
			dir, args = args[1].text, args[2:]
		case "-c", "--git-dir", "--work-tree":
			args = args[2:]
		default:
			args = args[1:]
		}
	}
	if len(args) == 0 {
		return stream{}
	}
	sub := call{name: c.name, args: args[1:]}
	switch args[0].text {
	case "clone":
		options, operands := sub.parse("-b", "--branch", "--depth", "-o", "-c", "--origin", "-j", "--filter")
		if len(operands) == 0 || strings.HasPrefix(operands[0].text, "/") || strings.HasPrefix(operands[0].text, ".") ||
			strings.HasPrefix(operands[0].text, "file:") {
			return stream{}
		}
		to := strings.TrimSuffix(path.Base(operands[0].text), ".git")
		if len(operands) > 1 {
			to = operands[1].text
		}
		d := newDownload("git clone", operands[0].text, operands[0])
		d.repository, d.pinned = true, false
		for _, ref := range append(options["-b"], options["--branch"]...) {
			d.pinned = dotted.MatchString(ref)
		}
		d.name = shownFile(strings.TrimSuffix(path.Base(operands[0].text), ".git"))
		e.place(d, path.Join(e.path(dir), to))
	case "pull":
		if d := e.at(dirOr(dir)); d != nil {
			return stream{}
		}
		e.place(&download{program: "git pull", host: "", repository: true, name: "the branch's newest commit"},
			e.path(dirOr(dir)))
	case "reset":
		if !sub.has("--hard") || !slices.ContainsFunc(args, func(w word) bool {
			return strings.HasPrefix(w.text, "origin/") || w.text == "FETCH_HEAD"
		}) {
			return stream{}
		}
		e.place(&download{program: "git pull", repository: true, name: "the branch's newest commit"}, e.path(dirOr(dir)))
	case "checkout", "switch":
		for _, w := range sub.args {
			d := e.at(dirOr(dir))
			switch {
			case d == nil || !d.repository:
			case commit.MatchString(w.text):
				d.checked = true
			case dotted.MatchString(strings.TrimPrefix(w.text, "tags/")):
				d.pinned = true
			}
		}
	}
	return stream{known: true}
}

func dirOr(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// place notes where a repository is, and whether that is where programs are loaded from.
func (e *eval) place(d *download, dir string) {
	if dir == "." {
		dir = ""
	}
	e.dirs[dir] = e.newDownload(d)
	d.code = isBin(dir) && !strings.HasPrefix(dir, "$")
	if !e.ctx.Host {
		return
	}
	d.code = false
	for source, destination := range e.ctx.Mounted {
		if dir == source || strings.HasPrefix(dir, strings.TrimSuffix(source, "/")+"/") ||
			strings.HasPrefix(source, dir+"/") {
			d.code = d.code || IsCodeDir(destination)
		}
	}
}

// IsCodeDir reports whether a directory of a container is one of programs, by its name.
func IsCodeDir(dir string) bool {
	if isBin(dir) {
		return true
	}
	for _, part := range strings.Split(strings.ToLower(dir), "/") {
		switch part {
		case "app", "apps", "code", "src", "scripts", "server", "workspace", "project", "application", "bot", "functions":
			return true
		}
	}
	return false
}
