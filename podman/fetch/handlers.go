package fetch

import (
	"slices"
	"strings"
	"sync"
)

// handler knows the words of one program.
type handler func(*eval, call) stream

// handlerOf returns what knows a program, nil for none.
func handlerOf(name string) handler {
	if base := strings.TrimRight(name, "0123456789."); base == "pip" {
		name = base
	}
	handlersOnce.Do(func() { handlers = allHandlers() })
	if h, ok := handlers[name]; ok {
		return h
	}
	if _, ok := projects[name]; ok {
		return project
	}
	return nil
}

// handlers holds them by name. It is filled when it is first needed, since some of them look others up.
var (
	handlers     map[string]handler
	handlersOnce sync.Once
)

func allHandlers() map[string]handler {
	return map[string]handler{
		"npx": npx, "npm": npm, "pnpm": pnpm, "yarn": yarn, "yarnpkg": yarn, "bun": bun,
		"pnpx":        func(e *eval, c call) stream { return e.npx(c, "pnpx") },
		"bunx":        func(e *eval, c call) stream { return e.npx(c, "bunx") },
		"pip":         pip,
		"uv":          uv,
		"uvx":         uvx,
		"pipx":        pipx,
		"conda":       conda,
		"mamba":       conda,
		"micromamba":  conda,
		"conda-lock":  conda,
		"curl":        curl,
		"wget":        wget,
		"wget2":       wget,
		"aria2c":      wget,
		"git":         git,
		"apk":         signed,
		"apt":         signed,
		"apt-get":     signed,
		"aptitude":    signed,
		"dnf":         signed,
		"microdnf":    signed,
		"yum":         signed,
		"tdnf":        signed,
		"zypper":      signed,
		"pacman":      signed,
		"go":          golang,
		"cargo":       cargo,
		"gem":         gem,
		"bundle":      bundle,
		"composer":    composer,
		"deno":        deno,
		"terraform":   terraform,
		"tofu":        terraform,
		"caddy":       addsTo,
		"wp":          addsTo,
		"grafana":     addsTo,
		"grafana-cli": addsTo,
	}
}

// signer is how a distribution's package manager is told to install, and to leave signatures unchecked.
type signer struct {
	installs, updates []string
	takes             []string
	off               []string
	dry               []string
}

var signers = map[string]signer{
	"apk": {[]string{"add"}, []string{"upgrade"}, []string{"-X", "--repository", "-t", "--virtual", "-p", "--root"},
		[]string{"--allow-untrusted"}, []string{"-s", "--simulate", "--no-network"}},
	"apt-get": {[]string{"install", "build-dep", "reinstall"}, []string{"upgrade", "dist-upgrade", "full-upgrade"},
		[]string{"-o", "-t", "--option", "--target-release"},
		[]string{"--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"},
		[]string{"-s", "--simulate", "--dry-run", "-d", "--download-only", "--no-download", "--print-uris"}},
	"dnf": {[]string{"install", "localinstall", "groupinstall", "reinstall", "module"}, []string{"update", "upgrade"},
		[]string{"--repo", "--repofrompath", "--enablerepo", "--disablerepo", "-x", "--exclude", "--setopt", "--releasever"},
		[]string{"--nogpgcheck"}, []string{"--assumeno", "--downloadonly", "-C", "--cacheonly"}},
	"zypper": {[]string{"install", "in"}, []string{"update", "up", "dup"}, []string{"--root", "-r", "--from"},
		[]string{"--no-gpg-checks", "--allow-unsigned-rpm"}, []string{"-D", "--dry-run", "-d", "--download-only"}},
}

// signed reads the package managers of distributions, which check signatures unless they are told not to.
func signed(e *eval, c call) stream {
	if c.name == "pacman" {
		return e.pacman(c)
	}
	family := c.name
	switch family {
	case "apt", "aptitude":
		family = "apt-get"
	case "yum", "microdnf", "tdnf":
		family = "dnf"
	}
	s := signers[family]
	sub, rest := c.subcommand(s.takes...)
	installs := slices.Contains(s.installs, sub)
	if !installs && !slices.Contains(s.updates, sub) || c.has(s.dry...) {
		return stream{}
	}
	_, operands := rest.parse(s.takes...)
	f := Fetch{Shape: Signed, Program: c.name, Level: Low}
	for _, w := range operands {
		switch {
		case isAddress(w.text):
			f.What = append(f.What, "a package of "+hostOf(w.text))
			if strings.HasPrefix(w.text, "http://") && family != "apk" {
				f.Off = "http://"
			}
		case e.at(w.text) != nil:
			e.at(w.text).code = true
		case strings.HasPrefix(w.text, "/") || strings.HasPrefix(w.text, "./"):
		case w.text != "":
			f.What = append(f.What, w.text)
		}
	}
	if installs && len(f.What) == 0 {
		return stream{}
	}
	if !installs {
		f.What = []string{"updates"}
	}
	if off := c.option(s.off...); off != "" {
		f.Off = off
	} else if off := e.unchecked(s, rest); off != "" {
		f.Off = off
	}
	if f.Off != "" {
		f.Level = High
	}
	e.add(f)
	return stream{}
}

// unchecked returns the setting by which signatures are not checked, empty for none: an option's value, or a list of
// repositories that the script has written.
func (e *eval) unchecked(s signer, c call) string {
	options, _ := c.parse(s.takes...)
	for _, o := range slices.Concat(options["-o"], options["--option"], options["--setopt"]) {
		value := strings.ToLower(strings.ReplaceAll(o, " ", ""))
		_, given, found := strings.Cut(value, "allowunauthenticated=")
		if found && isTrue(given) || strings.Contains(value, "gpgcheck=0") {
			return o
		}
	}
	return e.untrusted
}

// pacman reads pacman -S NAME.
func (e *eval) pacman(c call) stream {
	var syncs, asks bool
	f := Fetch{Shape: Signed, Program: "pacman", Level: Low}
	for _, w := range c.args {
		switch {
		case strings.HasPrefix(w.text, "-S") || w.text == "--sync":
			syncs = true
			asks = asks || strings.ContainsAny(strings.TrimPrefix(w.text, "-S"), "sipgl")
		case !strings.HasPrefix(w.text, "-"):
			f.What = append(f.What, w.text)
		case w.text == "-p" || w.text == "--print" || w.text == "-w" || w.text == "--downloadonly":
			asks = true
		}
	}
	if syncs && !asks && len(f.What) > 0 {
		e.add(f)
	}
	return stream{}
}

// golang reads go install and go run of what is not in the directory.
func golang(e *eval, c call) stream {
	takes := []string{"-C", "-tags", "-ldflags", "-o", "-mod", "-p", "-gcflags", "-exec", "-modfile", "-overlay"}
	sub, rest := c.subcommand("-C")
	_, operands := rest.upTo(takes...)
	if e.env("GOPROXY") == "off" || e.env("GOFLAGS") == "-mod=vendor" || rest.has("-mod=vendor") {
		return stream{}
	}
	switch sub {
	case "install", "get":
	case "run":
		operands = operands[:min(len(operands), 1)]
	case "mod":
		if t := first(wordTexts(operands)); t == "download" || t == "tidy" {
			e.add(Fetch{Shape: Locked, Program: "go mod " + t, Level: Low, Pinned: true})
		}
		return stream{}
	default:
		return stream{}
	}
	off := ""
	if e.env("GONOSUMDB") != "" || e.env("GONOSUMCHECK") != "" || e.env("GOFLAGS") == "-insecure" ||
		e.env("GOSUMDB") == "off" || e.env("GOINSECURE") != "" {
		off = "GOSUMDB=off"
	}
	for _, w := range operands {
		module, version, given := strings.Cut(w.text, "@")
		host, _, _ := strings.Cut(module, "/")
		if w.unknown || strings.HasPrefix(module, ".") || !strings.Contains(host, ".") || strings.HasSuffix(module, ".go") {
			continue
		}
		f := Fetch{Shape: Runner, Program: "go " + sub, What: []string{w.text}, Level: High}
		switch {
		case off != "":
			f.Off = off
		case !given: // by the versions of go.mod, which go.sum holds
			f.Shape, f.Level, f.Pinned = Locked, Low, true
		case strings.HasPrefix(version, "v") && strings.Count(version, ".") >= 2 || commit.MatchString(version):
			f.Level, f.Pinned = Low, true // the checksum database holds a version to one content
		case strings.HasPrefix(version, "v") && version != "v":
			f.Level, f.Pinned = Medium, true
		}
		e.add(f)
	}
	return stream{}
}

// cargo reads cargo install, and builds whose dependencies are fetched.
func cargo(e *eval, c call) stream {
	takes := []string{"--version", "--vers", "--git", "--branch", "--tag", "--rev", "--path", "--root", "--index",
		"--registry", "--features", "-F", "--bin", "--target", "-j", "--profile", "--manifest-path", "-Z", "--config"}
	c.args = slices.DeleteFunc(slices.Clone(c.args), func(w word) bool { return strings.HasPrefix(w.text, "+") })
	sub, rest := c.subcommand("--config", "-Z", "--color", "-C")
	options, operands := rest.parse(takes...)
	if c.has("--offline", "--dry-run", "--list", "--help") || e.isOn("CARGO_NET_OFFLINE") {
		return stream{}
	}
	switch sub {
	case "install", "binstall":
	case "build", "run", "b", "r", "fetch":
		if c.has("--locked", "--frozen") {
			e.add(Fetch{Shape: Locked, Program: "cargo " + sub, Level: Low, Pinned: true})
		}
		return stream{} // what Cargo.lock and the vendored sources have is not seen
	default:
		return stream{}
	}
	if len(options["--path"]) > 0 {
		return stream{}
	}
	f := Fetch{Shape: Install, Program: "cargo " + sub, Level: High}
	f.Pinned = len(options["--version"])+len(options["--vers"])+len(options["--tag"]) > 0
	for _, w := range operands {
		f.What = append(f.What, w.text)
		if _, version, given := strings.Cut(w.text, "@"); given && version != "latest" {
			f.Pinned = true
		}
	}
	for _, repository := range options["--git"] {
		f.What = []string{hostOf(repository)}
	}
	rev := len(options["--rev"]) > 0 && commit.MatchString(options["--rev"][0])
	switch {
	case len(f.What) == 0:
		return stream{}
	case rev, f.Pinned && rest.has("--locked") && len(options["--git"]) == 0: // its own lock file holds the rest
		f.Level, f.Pinned = Low, true
	case f.Pinned:
		f.Level = Medium
	}
	if own, off := e.index(rest, []string{"--index"}); own || off != "" {
		if f.Off = off; off == "" {
			f.Level--
		}
	}
	e.add(f)
	return stream{}
}

// gem reads gem install.
func gem(e *eval, c call) stream {
	takes := []string{"-v", "--version", "-s", "--source", "-i", "--install-dir", "-n", "--bindir", "-P",
		"--trust-policy"}
	sub, rest := c.subcommand()
	options, operands := rest.parse(takes...)
	if sub != "install" && sub != "i" || rest.has("--local", "-l", "--explain") {
		return stream{}
	}
	f := Fetch{Shape: Install, Program: "gem install", Level: High}
	f.Pinned = len(options["-v"])+len(options["--version"]) > 0
	for _, w := range operands {
		name, version, given := strings.Cut(w.text, ":")
		if strings.HasSuffix(w.text, ".gem") {
			continue
		}
		f.Pinned = f.Pinned || given && version != ""
		f.What = append(f.What, name)
	}
	if len(f.What) == 0 {
		return stream{}
	}
	if f.Pinned {
		f.Level = Medium
	}
	if own, off := e.index(rest, []string{"-s", "--source"}); off != "" {
		f.Off, f.Level = off, High
	} else if own {
		f.Level--
	}
	e.add(f)
	return stream{}
}

// bundle reads bundle install and bundle exec.
func bundle(e *eval, c call) stream {
	sub, rest := c.subcommand("--gemfile")
	switch sub {
	case "exec":
		_, command := rest.upTo()
		return e.run(command, c.in)
	case "install", "update", "":
	default:
		return stream{}
	}
	switch frozen := rest.has("--frozen", "--deployment") || e.isOn("BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"); {
	case rest.has("--local", "--version", "--help") || asks(c):
	case frozen && sub != "update":
		e.add(Fetch{Shape: Locked, Program: "bundle install", Level: Low, Pinned: true})
	default:
		e.usesDirectory()
		e.add(Fetch{Shape: Manifest, Program: strings.TrimSpace("bundle " + sub), What: []string{"Gemfile"}, Level: Medium})
	}
	return stream{}
}

// composer reads PHP's composer.
func composer(e *eval, c call) stream {
	takes := []string{"-d", "--working-dir", "--repository", "-s", "--stability"}
	sub, rest := c.subcommand(takes...)
	_, operands := rest.parse(takes...)
	if c.has("--dry-run", "--help", "-h") || e.isOn("COMPOSER_DISABLE_NETWORK") {
		return stream{}
	}
	if sub == "global" && len(operands) > 0 {
		sub, rest = rest.subcommand(takes...)
		_, operands = rest.parse(takes...)
	}
	off := ""
	if e.env("COMPOSER_ALLOW_INSECURE") != "" || rest.has("--no-secure-http") {
		off = "secure-http"
	}
	switch sub {
	case "install", "i":
		e.add(Fetch{Shape: Locked, Program: "composer install", Level: Low, Pinned: true})
	case "update", "u", "upgrade":
		e.add(Fetch{Shape: Manifest, Program: "composer update", What: []string{"composer.json"}, Level: Medium})
	case "require", "create-project":
		p := packages{shape: Install, program: "composer " + sub, pinned: true, off: off}
		if sub == "create-project" {
			p.pinned = len(operands) > 2
			operands = operands[:min(len(operands), 1)]
		}
		for _, w := range operands {
			name, version, given := strings.Cut(w.text, ":")
			p.names = append(p.names, name)
			versioned := given && version != "" && dotted.MatchString(version)
			p.pinned = p.pinned && (versioned || sub == "create-project" && !given) || sub == "create-project" && versioned
		}
		if len(p.names) > 0 {
			e.add(p.fetch())
		}
	}
	return stream{}
}

// deno reads deno run, install and cache: programs by their addresses, or from npm and jsr.
func deno(e *eval, c call) stream {
	takes := []string{"-c", "--config", "--import-map", "-L", "--log-level", "-n", "--name", "--root", "--seed",
		"--v8-flags", "--ext", "--cert", "--location"}
	sub, rest := c.subcommand(takes...)
	switch sub {
	case "run", "install", "i", "cache", "x", "serve", "add", "eval":
	default:
		if !isAddress(sub) && !strings.HasPrefix(sub, "npm:") && !strings.HasPrefix(sub, "jsr:") {
			return stream{}
		}
		rest = c
	}
	if rest.has("--cached-only", "--no-remote", "--help") || sub == "eval" {
		return stream{}
	}
	_, operands := rest.upTo(takes...)
	off := rest.option("--unsafely-ignore-certificate-errors")
	if sub == "install" && len(operands) == 0 || rest.has("--frozen") {
		level := Low
		if !rest.has("--frozen") && sub == "install" {
			level = Medium
		}
		if len(operands) == 0 || !isAddress(operands[0].text) && !strings.Contains(operands[0].text, ":") {
			e.add(Fetch{Shape: Locked, Program: "deno " + sub, Level: level, Pinned: level == Low})
			return stream{}
		}
	}
	if len(operands) == 0 {
		return stream{}
	}
	text := operands[0].text
	f := Fetch{Shape: Runner, Program: "deno " + sub, Level: High, Off: off}
	from, name, scheme := strings.Cut(text, ":")
	switch {
	case isAddress(text):
		f.Shape, f.What, f.Pinned = Script, []string{hostOf(text)}, isPinned(text)
		if strings.HasPrefix(text, "http://") && !isNear(hostOf(text)) {
			f.Off = "http://"
		}
	case scheme && (from == "npm" || from == "jsr"):
		spec, pinned, _, _ := npmSpec(name)
		f.What, f.Pinned = []string{spec}, pinned
	default:
		e.reads(operands[0])
		return stream{}
	}
	if f.Pinned && f.Off == "" {
		f.Level = Medium
		if f.Shape == Script {
			f.Shape = File
		}
	}
	e.add(f)
	return stream{}
}

// terraform reads the download of providers and modules.
func terraform(e *eval, c call) stream {
	sub, rest := c.subcommand()
	if sub != "init" || rest.has("-plugin-dir", "-backend-only", "-help") {
		return stream{}
	}
	for _, w := range rest.args {
		if strings.HasPrefix(w.text, "-plugin-dir") {
			return stream{}
		}
	}
	f := Fetch{Shape: Plugin, Program: c.name + " init", What: []string{"providers"}, Level: Low, Pinned: true}
	if rest.has("-upgrade") {
		f.Level, f.Pinned = Medium, false
	}
	e.add(f)
	return stream{}
}

// addsTo reads the programs that add plugins to themselves.
func addsTo(e *eval, c call) stream {
	if c.name == "grafana" {
		if first(c.texts()) != "cli" {
			return stream{}
		}
		c.args = c.args[1:]
	}
	sub, rest := c.subcommand("--pluginsDir", "--path", "--url", "--user", "--repo", "--pluginUrl", "--homepath")
	f := Fetch{Shape: Plugin, Program: c.name, Level: Medium}
	_, operands := rest.parse("--version", "--path", "--url")
	switch {
	case c.name == "caddy" && sub == "add-package":
	case c.name == "wp" && (sub == "plugin" || sub == "theme") && len(operands) > 1 && operands[0].text == "install":
		operands = operands[1:]
		if options, _ := rest.parse("--version"); len(options["--version"]) > 0 {
			f.Pinned, f.Level = true, Low
		}
	case strings.HasPrefix(c.name, "grafana") && sub == "plugins" && len(operands) > 1 &&
		operands[0].text == "install":
		f.Level = Low // its catalogue is signed
		f.Pinned = len(operands) > 2
		operands = operands[1:2]
		if c.has("--pluginUrl", "--insecure") {
			f.Level = Medium
		}
	default:
		return stream{}
	}
	for _, w := range operands {
		switch {
		case isAddress(w.text):
			f.What = append(f.What, "a plugin of "+hostOf(w.text))
			f.Level = Medium
		case strings.HasPrefix(w.text, "/"), strings.HasPrefix(w.text, "."), strings.HasSuffix(w.text, ".zip"):
		default:
			f.What = append(f.What, w.text)
		}
	}
	if len(f.What) > 0 {
		f.Program += " " + sub
		e.add(f)
	}
	return stream{}
}

// packagesOf finds packages that a program in an interpreter's language installs.
func (e *eval) packagesOf(c call, text, bare string) {
	names := identifier.FindAllString(bare, mostFields)
	has := func(name string) bool { return slices.Contains(names, name) }
	if c.name == "Rscript" && (has("packages") && has("install") || has("install_github")) ||
		c.name == "julia" && has("Pkg") && has("add") ||
		c.name == "python" && has("pip") && has("main") && strings.Contains(text, "install") {
		e.add(Fetch{Shape: Install, Program: c.name, What: []string{"packages"}, Level: High})
	}
}

// remoteCode finds programs that run the code which comes with a model.
func (e *eval) remoteCode(c call) {
	if !c.has("--trust-remote-code", "--trust_remote_code") {
		return
	}
	f := Fetch{Shape: Remote, Program: c.name, What: []string{"a model's repository"}, Level: Medium}
	options, _ := c.parse("--revision", "--code-revision")
	if r, code := first(options["--revision"]), first(options["--code-revision"]); commit.MatchString(r) &&
		(code == "" || commit.MatchString(code)) {
		f.Level, f.Pinned = Low, true
	}
	e.add(f)
}

// pluginTool finds the tools of services that install plugins.
func (e *eval) pluginTool(c call) {
	tools := []string{"jenkins-plugin-cli", "install-plugins.sh", "elasticsearch-plugin", "opensearch-plugin",
		"logstash-plugin", "kibana-plugin", "neo4j-admin-plugin", "fluent-gem", "td-agent-gem"}
	if !slices.Contains(tools, c.name) {
		return
	}
	if t := first(c.texts()); t == "list" || t == "remove" || c.has("--list", "-l") {
		return
	}
	f := Fetch{Shape: Plugin, Program: c.name, Level: Medium, Pinned: true}
	_, operands := c.parse("-f", "--plugin-file", "--war", "-d", "--plugin-download-directory")
	for _, w := range operands {
		if w.text == "install" || strings.HasPrefix(w.text, "/") || strings.HasPrefix(w.text, "file:") {
			continue
		}
		for name := range strings.FieldsSeq(w.text) {
			f.What = append(f.What, shownPlugin(name))
			f.Pinned = f.Pinned && strings.Contains(name, ":") && !isAddress(name)
		}
	}
	if len(f.What) > 0 {
		if f.Pinned {
			f.Level = Low
		}
		e.add(f)
	}
}

func shownPlugin(name string) string {
	if isAddress(name) {
		return "a plugin of " + hostOf(name)
	}
	return name
}

// entrypoints holds images whose own entrypoint is a program that what is given are the arguments of.
var entrypoints = map[string]string{
	"hashicorp/terraform": "terraform", "opentofu/opentofu": "tofu", "denoland/deno": "deno", "alpine/git": "git",
	"bitnami/git": "git", "curlimages/curl": "curl", "vllm/vllm-openai": "vllm", "astral-sh/uv": "uv",
	"huggingface/text-generation-inference": "text-generation-launcher", "library/composer": "composer",
	"composer": "composer", "composer/composer": "composer", "library/node": "node", "node": "node",
}

// behindEntrypoint puts the image's own entrypoint in front of words that are its arguments.
func (e *eval) behindEntrypoint(words []word) []word {
	if len(words) == 0 {
		return words
	}
	repository, _ := imageName(e.ctx.Image)
	for image, program := range entrypoints {
		if repository != image && !strings.HasSuffix(repository, "/"+image) {
			continue
		}
		switch program {
		case "node": // its entrypoint goes by whether there is such a program
			if !strings.HasPrefix(words[0].text, "-") {
				return words
			}
		case "uv", "composer", "deno":
			name := words[0].text
			if slices.Contains(shells, name) || strings.Contains(name, "/") || handlerOf(name) != nil ||
				interpreters.MatchString(name) {
				return words
			}
		}
		if words[0].text == program {
			return words
		}
		return append([]word{{text: program}}, words...)
	}
	return words
}
