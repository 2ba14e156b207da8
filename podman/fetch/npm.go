package fetch

import (
	"path"
	"slices"
	"strings"
)

// index returns what holds or loosens the registries that packages come from: a server of one's own, or a switch that
// turns a check off.
func (e *eval) index(c call, options []string, variables ...string) (own bool, off string) {
	known := []string{"registry.npmjs.org", "registry.yarnpkg.com", "pypi.org", "files.pythonhosted.org",
		"proxy.golang.org", "direct", "goproxy.io", "crates.io", "rubygems.org", "index.crates.io"}
	var values []string
	opts, _ := c.parse(options...)
	for _, o := range options {
		values = append(values, opts[o]...)
	}
	for _, v := range variables {
		if value := e.env(v); value != "" {
			values = append(values, value)
		}
	}
	for _, v := range values {
		if strings.HasPrefix(v, "http://") {
			if !isNear(hostOf(v)) {
				off = "http://"
			}
		}
		public := slices.ContainsFunc(known, func(k string) bool { return strings.Contains(v, k) })
		own = own || v != "" && !public
	}
	return own, off
}

// packages is how a family writes its packages.
type packages struct {
	shape   Shape
	program string
	names   []string
	pinned  bool
	local   bool
	own     bool
	off     string
	hashed  bool
}

// fetch returns the finding about packages that are named.
func (p packages) fetch() Fetch {
	f := Fetch{Shape: p.shape, Program: p.program, What: p.names, Pinned: p.pinned, Level: High, Local: p.local,
		Off: p.off}
	switch {
	case p.off != "":
		return f
	case p.hashed:
		f.Level = Low
		return f
	case p.pinned:
		f.Level = Medium
	}
	if p.own {
		f.Level--
	}
	return f
}

// npmSpec returns a package's name as it may be shown, whether its version is named, or held to a commit, and whether
// it is of the image.
func npmSpec(spec string) (name string, pinned, hashed, local bool) {
	switch {
	case strings.HasPrefix(spec, "."), strings.HasPrefix(spec, "/"), strings.HasPrefix(spec, "file:"),
		strings.HasPrefix(spec, "link:"), strings.HasPrefix(spec, "workspace:"), strings.HasPrefix(spec, "~"):
		return spec, false, false, true
	case isAddress(spec), strings.HasPrefix(spec, "git+"), strings.HasPrefix(spec, "github:"),
		strings.HasPrefix(spec, "git:"), strings.Count(spec, "/") == 1 && !strings.HasPrefix(spec, "@"):
		address, ref, _ := strings.Cut(spec, "#")
		if isAddress(address) {
			return hostOf(address), isPinned(address), false, false
		}
		if i := strings.LastIndexByte(address, ':'); i >= 0 {
			address = address[i+1:]
		}
		return path.Base(address), dotted.MatchString(ref), commit.MatchString(ref), false
	}
	at := strings.LastIndexByte(spec, '@')
	if at <= 0 {
		return spec, false, false, false
	}
	tag := spec[at+1:]
	if alias, ok := strings.CutPrefix(tag, "npm:"); ok {
		return npmSpec(alias)
	}
	return spec, tag != "" && strings.Trim(tag[:1], "0123456789^~v=") == "" && tag != "v", false, false
}

// npmPackages returns the finding about packages from npm, false where all are local.
func (e *eval) npmPackages(shape Shape, program string, c call, specs []word) (Fetch, bool) {
	p := packages{shape: shape, program: program, pinned: true, hashed: true}
	for _, w := range specs {
		name, pinned, hashed, local := npmSpec(w.text)
		if local || w.text == "" {
			continue
		}
		p.names = append(p.names, name)
		p.pinned, p.hashed = p.pinned && (pinned || hashed), p.hashed && hashed
	}
	if len(p.names) == 0 {
		return Fetch{}, false
	}
	p.own, p.off = e.index(c, []string{"--registry"}, "npm_config_registry", "NPM_CONFIG_REGISTRY", "YARN_REGISTRY",
		"YARN_NPM_REGISTRY_SERVER")
	if c.has("--no-strict-ssl", "--strict-ssl=false") || e.env("NODE_TLS_REJECT_UNAUTHORIZED") == "0" {
		p.off = "strict-ssl=false"
	}
	return p.fetch(), true
}

func (e *eval) npmOffline(c call) bool {
	return c.has("--offline", "--dry-run", "--package-lock-only", "--help", "-h") ||
		e.isOn("npm_config_offline", "NPM_CONFIG_OFFLINE", "YARN_ENABLE_OFFLINE_MODE", "npm_config_dry_run")
}

func asks(c call) bool {
	t := first(c.texts())
	return t == "--version" || t == "-v" || t == "-V" || t == "version" || t == "help" || t == "--help" || t == "-h"
}

// npx runs a package by its name.
func npx(e *eval, c call) stream { return e.npx(c, "npx") }

func (e *eval) npx(c call, program string) stream {
	takes := []string{"-p", "--package", "-c", "--call", "--registry", "--cache", "--userconfig", "-w", "--workspace",
		"--shell", "-n", "--node-arg"}
	before, rest := c.upTo(takes...)
	options, _ := before.parse(takes...)
	if asks(before) || e.npmOffline(before) || before.has("--no", "--no-install") || e.env("npm_config_yes") == "false" {
		return stream{}
	}
	if len(before.args) > 0 && len(rest) == 0 && len(options["-c"])+len(options["--call"]) == 0 {
		return stream{}
	}
	var specs []word
	for _, p := range append(options["-p"], options["--package"]...) {
		specs = append(specs, word{text: p})
	}
	explicit := len(specs) > 0
	if !explicit && len(rest) > 0 {
		specs = rest[:1]
	}
	if f, ok := e.npmPackages(Runner, program, before, specs); ok {
		f.Local = !f.Pinned && !explicit && !strings.Contains(strings.TrimPrefix(first(f.What), "@"), "@") &&
			(!before.has("-y", "--yes") || e.ctx.Own || e.ctx.Sources) && program != "pnpm dlx" && program != "yarn dlx"
		e.add(f)
	}
	for _, script := range append(options["-c"], options["--call"]...) {
		e.script(script, stream{})
	}
	if len(rest) > 0 {
		name := path.Base(rest[0].text)
		e.development = e.development || isDevelopment(call{name: name, args: rest[1:]})
		e.within(call{name: name, args: rest[1:]})
	}
	return stream{}
}

// subcommand returns the first operand and what is behind it.
func (c call) subcommand(takes ...string) (string, call) {
	cut, rest := c.upTo(takes...)
	if len(rest) == 0 {
		return "", c
	}
	sub := call{name: c.name + " " + rest[0].text, in: c.in}
	sub.args = append(slices.Clip(cut.args), rest[1:]...)
	return rest[0].text, sub
}

var npmTakes = []string{"--prefix", "-C", "--registry", "--cache", "--userconfig", "-w", "--workspace", "--loglevel",
	"--cwd", "--dir", "--filter", "-F", "--omit", "--include", "--store-dir", "--location", "--tag", "--network-timeout",
	"--cache-folder", "--modules-folder", "--reporter", "--script-shell"}

// npm reads npm.
func npm(e *eval, c call) stream {
	if asks(c) {
		return stream{}
	}
	sub, rest := c.subcommand(npmTakes...)
	switch sub {
	case "exec", "x":
		return e.npx(rest, "npx")
	case "create", "init", "innit":
		_, operands := rest.parse(npmTakes...)
		if len(operands) > 0 && !e.npmOffline(rest) {
			if f, ok := e.npmPackages(Runner, "npm "+sub, rest, operands[:1]); ok {
				e.add(f)
			}
		}
	case "ci", "clean-install", "ic", "install-clean", "cit", "install-ci-test":
		e.locked("npm ci", rest)
	case "install", "i", "in", "ins", "inst", "isntall", "add", "it", "install-test":
		e.npmInstall("npm install", rest)
	case "update", "up", "upgrade", "udpate":
		e.npmInstall("npm update", rest)
	case "audit":
		if rest.args != nil && slices.Contains(rest.texts(), "fix") {
			e.add(Fetch{Shape: Manifest, Program: "npm audit fix", What: []string{"package.json"}, Level: Medium})
		}
	case "start", "run", "run-script", "restart":
		e.usesDirectory()
	}
	return stream{}
}

// usesDirectory notes that a program of the directory is run.
func (e *eval) usesDirectory() {
	if d := e.at("."); d != nil {
		d.code = true
	}
}

func (e *eval) locked(program string, c call) {
	if e.npmOffline(c) {
		return
	}
	e.usesDirectory()
	f := Fetch{Shape: Locked, Program: program, Level: Low, Pinned: true}
	if _, off := e.index(c, []string{"--registry"}, "npm_config_registry"); off != "" {
		f.Off, f.Level = off, High
	}
	e.add(f)
}

func (e *eval) npmInstall(program string, c call) {
	if e.npmOffline(c) {
		return
	}
	e.usesDirectory()
	_, operands := c.parse(npmTakes...)
	if f, ok := e.npmPackages(Install, program, c, operands); ok {
		e.add(f)
		return
	}
	if len(operands) > 0 && !slices.ContainsFunc(operands, func(w word) bool { return w.text == "." }) {
		return // local archives
	}
	e.manifest(program, "package.json", c)
}

func (e *eval) manifest(program, file string, c call) {
	f := Fetch{Shape: Manifest, Program: program, What: []string{file}, Level: Medium}
	own, off := e.index(c, []string{"--registry", "--index-url", "-i"}, "npm_config_registry", "NPM_CONFIG_REGISTRY")
	if own {
		f.Level = Low
	}
	if off != "" {
		f.Level, f.Off = High, off
	}
	e.add(f)
}

func yarn(e *eval, c call) stream {
	if asks(c) || c.has("--offline") {
		return stream{}
	}
	sub, rest := c.subcommand(npmTakes...)
	switch sub {
	case "dlx":
		return e.npx(rest, "yarn dlx")
	case "create":
		_, operands := rest.parse(npmTakes...)
		if f, ok := e.npmPackages(Runner, "yarn create", rest, operands[:min(1, len(operands))]); ok {
			e.add(f)
		}
	case "global":
		if action, more := rest.subcommand(npmTakes...); action == "add" {
			e.npmInstall("yarn global add", more)
		}
	case "add":
		e.npmInstall("yarn add", rest)
	case "up", "upgrade":
		e.npmInstall("yarn "+sub, rest)
	case "", "install":
		if sub == "" {
			rest = c
		}
		if rest.has("--frozen-lockfile", "--immutable", "--immutable-cache") {
			e.locked("yarn install", rest)
			break
		}
		if sub == "install" || !slices.ContainsFunc(c.args, func(w word) bool { return !strings.HasPrefix(w.text, "-") }) {
			e.npmInstall("yarn install", call{args: rest.args})
		}
	case "set":
		if first(rest.texts()) == "version" {
			e.add(Fetch{Shape: Install, Program: "yarn set version", What: []string{"yarn"}, Level: Medium, Pinned: true})
		}
	default:
		e.usesDirectory()
	}
	return stream{}
}

func pnpm(e *eval, c call) stream {
	if asks(c) {
		return stream{}
	}
	sub, rest := c.subcommand(npmTakes...)
	switch sub {
	case "dlx":
		return e.npx(rest, "pnpm dlx")
	case "create":
		_, operands := rest.parse(npmTakes...)
		if f, ok := e.npmPackages(Runner, "pnpm create", rest, operands[:min(1, len(operands))]); ok {
			e.add(f)
		}
	case "install", "i":
		if rest.has("--frozen-lockfile") || e.isOn("CI") && !rest.has("--no-frozen-lockfile") {
			e.locked("pnpm install", rest)
			break
		}
		e.npmInstall("pnpm install", rest)
	case "fetch":
		e.locked("pnpm fetch", rest)
	case "add", "update", "up", "upgrade":
		e.npmInstall("pnpm "+sub, rest)
	case "exec", "run", "start", "dev":
		e.usesDirectory()
	}
	return stream{}
}

func bun(e *eval, c call) stream {
	if asks(c) {
		return stream{}
	}
	sub, rest := c.subcommand(npmTakes...)
	switch sub {
	case "x":
		return e.npx(rest, "bunx")
	case "create", "c":
		_, operands := rest.parse(npmTakes...)
		if f, ok := e.npmPackages(Runner, "bun create", rest, operands[:min(1, len(operands))]); ok {
			e.add(f)
		}
	case "install", "i":
		if rest.has("--frozen-lockfile") {
			e.locked("bun install", rest)
			break
		}
		e.npmInstall("bun install", rest)
	case "ci":
		e.locked("bun ci", rest)
	case "add", "a", "update":
		e.npmInstall("bun "+sub, rest)
	case "run", "test":
	default:
		e.reads(word{text: sub})
	}
	return stream{}
}

// corepack downloads a package manager when that is prepared, or first used.
func corepack(e *eval, c call, rest []word) stream {
	if len(rest) == 0 {
		return stream{}
	}
	switch rest[0].text {
	case "enable", "disable", "cache", "--version":
	case "prepare", "install", "use", "up", "hydrate":
		f := Fetch{Shape: Install, Program: "corepack " + rest[0].text, Level: Medium, Pinned: true}
		for _, w := range rest[1:] {
			if strings.HasPrefix(w.text, "-") {
				continue
			}
			name, pinned, _, _ := npmSpec(w.text)
			f.What = append(f.What, name)
			if !pinned {
				f.Pinned, f.Level = false, High
			}
		}
		if rest[0].text != "hydrate" {
			e.add(f)
		}
	default:
		return e.run(rest, c.in)
	}
	return stream{}
}
