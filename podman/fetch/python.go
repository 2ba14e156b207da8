package fetch

import (
	"path"
	"slices"
	"strings"
)

// pipSpec returns a requirement's name as it may be shown, and what holds it.
func pipSpec(spec string) (name string, pinned, hashed, local bool, off string) {
	spec = strings.TrimSpace(spec)
	if n, address, ok := strings.Cut(spec, " @ "); ok {
		_, pinned, hashed, local, off = pipSpec(strings.TrimSpace(address))
		return n, pinned, hashed, local, off
	}
	switch {
	case strings.HasPrefix(spec, "git+"), strings.HasPrefix(spec, "hg+"):
		address, _, _ := strings.Cut(spec[strings.IndexByte(spec, '+')+1:], "#")
		host := hostOf(address)
		ref := ""
		if i := strings.LastIndexByte(address, '@'); i > strings.LastIndexByte(address, '/') {
			address, ref = address[:i], address[i+1:]
		}
		if strings.HasPrefix(address, "http://") {
			off = "http://"
		}
		name = strings.TrimSuffix(path.Base(address), ".git")
		if strings.ContainsAny(name, "$ ") {
			name = host
		}
		return name, dotted.MatchString(ref), commit.MatchString(ref), false, off
	case isAddress(spec):
		if strings.HasPrefix(spec, "http://") && !isNear(hostOf(spec)) {
			off = "http://"
		}
		return hostOf(spec), isPinned(spec), strings.Contains(spec, "#sha256="), false, off
	case strings.HasPrefix(spec, "."), strings.HasPrefix(spec, "/"), strings.HasPrefix(spec, "file:"),
		strings.HasPrefix(spec, "~"), strings.HasSuffix(spec, ".whl"), strings.HasSuffix(spec, ".tar.gz"),
		strings.HasSuffix(spec, ".zip"):
		return spec, false, false, true, ""
	}
	spec, _, _ = strings.Cut(spec, ";")
	return strings.TrimSpace(spec), strings.Contains(spec, "==") && !strings.Contains(spec, ".*"), false, false, ""
}

var pipTakes = []string{"-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "-i",
	"--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--prefix", "--root", "--python", "-p",
	"--cache-dir", "--timeout", "--platform", "--python-version", "--no-binary", "--only-binary", "--proxy", "--retries",
	"--cert", "--log", "--upgrade-strategy", "--progress-bar", "--src", "--config-settings", "--index", "--default-index",
	"--index-strategy", "--link-mode", "-d", "--dest", "-w", "--wheel-dir", "--report", "--exclude-newer", "--override"}

// pip reads pip.
func pip(e *eval, c call) stream { return e.pip(c, "pip install") }

func (e *eval) pip(c call, program string) stream {
	sub, rest := c.subcommand(append([]string{"--python", "--cache-dir", "--log", "--proxy"}, pipTakes...)...)
	if sub != "install" && sub != "download" && sub != "wheel" && sub != "sync" {
		return stream{}
	}
	options, operands := rest.parse(pipTakes...)
	if rest.has("--no-index", "--dry-run", "--offline", "--help", "-h") ||
		e.isOn("PIP_NO_INDEX", "UV_OFFLINE", "PIP_DRY_RUN", "UV_NO_INDEX") {
		return stream{}
	}
	e.usesDirectory()
	own, off := e.index(rest, []string{"-i", "--index-url", "--default-index", "--index"}, "PIP_INDEX_URL",
		"UV_INDEX_URL", "UV_DEFAULT_INDEX")
	if len(options["--trusted-host"]) > 0 || e.env("PIP_TRUSTED_HOST") != "" {
		off = "--trusted-host"
	}
	if rest.has("--require-hashes") || e.isOn("PIP_REQUIRE_HASHES", "UV_REQUIRE_HASHES") {
		e.add(Fetch{Shape: Locked, Program: program + " --require-hashes", Level: Low, Pinned: true})
		return stream{}
	}
	files := slices.Concat(options["-r"], options["--requirement"])
	if sub == "sync" {
		for _, w := range operands {
			files = append(files, w.text)
		}
		operands = nil
	}
	for _, v := range slices.Concat(options["-e"], options["--editable"]) {
		operands = append(operands, word{text: v})
	}
	p := packages{shape: Install, program: program, pinned: true, hashed: true, own: own, off: off}
	local := e.pipNames(&p, operands, len(operands) > 1 || len(files) > 0)
	if len(p.names) > 0 {
		e.add(p.fetch())
	}
	f := Fetch{Shape: Manifest, Program: program, Level: Medium, Off: off}
	switch {
	case len(files) > 0:
		f.What = []string{shownFile(files[0])}
		for _, file := range files {
			if isAddress(file) {
				f.Level, f.What = High, []string{"requirements from " + hostOf(file)}
			}
		}
	case local && !rest.has("--no-deps"):
		f.What = []string{"the sources' dependencies"}
	default:
		return stream{}
	}
	if off != "" {
		f.Level = High
	} else if own && f.Level > Low {
		f.Level--
	}
	if len(p.names) == 0 {
		e.add(f)
	}
	return stream{}
}

// pipNames adds the packages that are named, and reports whether there are sources beside them; where there is more,
// what only installs others does not count.
func (e *eval) pipNames(p *packages, operands []word, more bool) (local bool) {
	for _, w := range operands {
		name, pinned, hashed, isLocal, off := pipSpec(w.text)
		if isLocal || w.text == "" {
			if d := e.at(w.text); d != nil {
				d.code = true
			}
			local = local || !strings.HasSuffix(w.text, ".whl")
			continue
		}
		if p.off == "" {
			p.off = off
		}
		if isTool(name) && more {
			continue
		}
		p.names = append(p.names, name)
		p.pinned, p.hashed = p.pinned && (pinned || hashed), p.hashed && hashed
	}
	return local
}

// isTool reports whether a package only installs others.
func isTool(name string) bool {
	name, _, _ = strings.Cut(name, "==")
	name, _, _ = strings.Cut(name, ">")
	return name == "pip" || name == "setuptools" || name == "wheel"
}

// pyPackages returns the finding about packages that a Python tool is given.
func (e *eval) pyPackages(shape Shape, program string, c call, specs []string) {
	p := packages{shape: shape, program: program, pinned: true, hashed: true}
	p.own, p.off = e.index(c, []string{"--index-url", "-i", "--default-index", "--index"}, "PIP_INDEX_URL",
		"UV_INDEX_URL", "UV_DEFAULT_INDEX")
	if c.has("--allow-insecure-host") {
		p.off = "--allow-insecure-host"
	}
	for _, list := range specs {
		for _, spec := range strings.Split(list, ",") {
			name, at, given := strings.Cut(spec, "@")
			_, pinned, hashed, local, off := pipSpec(spec)
			if local || spec == "" {
				continue
			}
			if given && !strings.Contains(spec, "://") {
				pinned = dotted.MatchString(at)
			} else {
				name, _, _, _, _ = pipSpec(spec)
			}
			if p.off == "" {
				p.off = off
			}
			p.names = append(p.names, name)
			if given && pinned {
				p.names[len(p.names)-1] = spec
			}
			p.pinned, p.hashed = p.pinned && (pinned || hashed), p.hashed && hashed
		}
	}
	if len(p.names) > 0 {
		e.add(p.fetch())
	}
}

var uvTakes = []string{"--from", "--with", "-p", "--python", "--index-url", "-i", "--default-index", "--index",
	"--with-editable", "--with-requirements", "-w", "--directory", "--project", "--cache-dir", "--extra-index-url",
	"-f", "--find-links", "--config-file", "--extra", "--group", "--env-file", "--allow-insecure-host", "--only-group",
	"--no-group", "--exclude-newer", "--constraints", "-m", "--module", "--package", "--link-mode", "-c", "--spec",
	"--pip-args", "--override", "--color", "--resolution", "--prerelease"}

// uvx runs a tool of a package.
func uvx(e *eval, c call) stream { return e.uvx(c, "uvx") }

func (e *eval) uvx(c call, program string) stream {
	before, rest := c.upTo(uvTakes...)
	if asks(before) || before.has("--offline") || e.isOn("UV_OFFLINE") || len(rest) == 0 {
		return stream{}
	}
	options, _ := before.parse(uvTakes...)
	specs := options["--from"]
	if specs = append(specs, options["--spec"]...); len(specs) == 0 {
		specs = []string{rest[0].text}
	}
	specs = append(specs, options["--with"]...)
	e.pyPackages(Runner, program, before, specs)
	e.within(call{name: path.Base(rest[0].text), args: rest[1:]})
	return stream{}
}

// uv reads uv.
func uv(e *eval, c call) stream {
	if asks(c) || c.has("--offline") && first(c.texts()) != "run" || e.isOn("UV_OFFLINE") {
		return stream{}
	}
	sub, rest := c.subcommand(uvTakes...)
	switch sub {
	case "run":
		return e.uvRun(rest)
	case "tool":
		action, more := rest.subcommand(uvTakes...)
		switch action {
		case "run":
			return e.uvx(more, "uvx")
		case "install":
			options, operands := more.parse(uvTakes...)
			e.pyPackages(Install, "uv tool install", more, append(wordTexts(operands), options["--with"]...))
		case "upgrade":
			_, operands := more.parse(uvTakes...)
			e.pyPackages(Install, "uv tool upgrade", more, wordTexts(operands))
		}
	case "pip":
		return e.pip(rest, "uv pip install")
	case "sync":
		f := Fetch{Shape: Manifest, Program: "uv sync", What: []string{"pyproject.toml"}, Level: Medium}
		if rest.has("--locked", "--frozen") || e.isOn("UV_FROZEN", "UV_LOCKED") {
			f = Fetch{Shape: Locked, Program: "uv sync", Level: Low, Pinned: true}
		}
		e.add(f)
	case "add":
		_, operands := rest.parse(uvTakes...)
		e.pyPackages(Install, "uv add", rest, wordTexts(operands))
	case "python":
		if action, more := rest.subcommand(); action == "install" {
			e.add(Fetch{Shape: Install, Program: "uv python install", What: []string{"python"}, Level: Medium,
				Pinned: len(more.args) > 0})
		}
	}
	return stream{}
}

func (e *eval) uvRun(c call) stream {
	before, rest := c.upTo(uvTakes...)
	options, _ := before.parse(uvTakes...)
	if before.has("--offline") {
		return stream{}
	}
	if len(options["--with"]) > 0 {
		e.pyPackages(Install, "uv run --with", before, options["--with"])
	} else if !before.has("--no-sync") && !e.isOn("UV_NO_SYNC") && (len(rest) > 0 || len(options["-m"]) > 0) {
		f := Fetch{Shape: Manifest, Program: "uv run", What: []string{"the project"}, Level: Medium, Local: true}
		if before.has("--locked", "--frozen") || e.isOn("UV_FROZEN", "UV_LOCKED") {
			f = Fetch{Shape: Locked, Program: "uv run", Level: Low, Pinned: true}
		}
		e.add(f)
	}
	if len(rest) > 0 {
		e.run(rest, stream{})
	}
	return stream{}
}

func pipx(e *eval, c call) stream {
	sub, rest := c.subcommand(uvTakes...)
	switch sub {
	case "run":
		return e.uvx(rest, "pipx run")
	case "install", "inject", "upgrade":
		options, operands := rest.parse(uvTakes...)
		if specs := options["--spec"]; len(specs) > 0 {
			e.pyPackages(Install, "pipx "+sub, rest, specs)
			break
		}
		if sub == "inject" && len(operands) > 0 {
			operands = operands[1:]
		}
		e.pyPackages(Install, "pipx "+sub, rest, wordTexts(operands))
	case "upgrade-all":
		e.add(Fetch{Shape: Install, Program: "pipx upgrade-all", Level: High})
	}
	return stream{}
}

// projects are the tools that install what a project's file names: by subcommand, with the options that hold it to a
// lock file.
var projects = map[string]struct {
	file      string
	manifests []string
	installs  []string
	locks     []string
	locked    []string
}{
	"poetry": {"pyproject.toml", []string{"install", "sync", "update"}, []string{"add"}, nil, nil},
	"pipenv": {"Pipfile", []string{"install", "update"}, []string{"install"}, []string{"--deploy", "--ignore-pipfile"},
		[]string{"sync"}},
	"pdm": {"pyproject.toml", []string{"install", "update"}, []string{"add"}, []string{"--frozen-lockfile"},
		[]string{"sync"}},
	"rye": {"pyproject.toml", []string{"sync"}, []string{"add", "install"}, []string{"--no-lock"}, nil},
	"pixi": {"pixi.toml", []string{"install", "run", "update"}, []string{"add", "exec"},
		[]string{"--locked", "--frozen"}, nil},
}

func project(e *eval, c call) stream {
	p := projects[c.name]
	sub, rest := c.subcommand("-C", "--directory", "--with", "--without", "--only", "-E", "--extras", "-P", "-p")
	_, operands := rest.parse("-C", "--directory", "--with", "--without", "--only", "-E", "--extras", "-G", "-r",
		"--group", "-P", "-p", "--manifest-path")
	if rest.has("--dry-run") {
		return stream{}
	}
	switch {
	case slices.Contains(p.locked, sub), slices.Contains(p.manifests, sub) && rest.has(append(p.locks, "--locked-")...):
		e.add(Fetch{Shape: Locked, Program: c.name + " " + sub, Level: Low, Pinned: true})
	case slices.Contains(p.installs, sub) && len(operands) > 0:
		e.pyPackages(Install, c.name+" "+sub, rest, wordTexts(operands))
	case slices.Contains(p.manifests, sub):
		e.usesDirectory()
		e.add(Fetch{Shape: Manifest, Program: c.name + " " + sub, What: []string{p.file}, Level: Medium})
	case sub == "run":
		e.run(operands, stream{})
	}
	return stream{}
}

// conda reads conda, mamba and micromamba.
func conda(e *eval, c call) stream {
	takes := []string{"-n", "--name", "-c", "--channel", "-f", "--file", "-p", "--prefix", "-r", "--root-prefix"}
	sub, rest := c.subcommand(takes...)
	if sub == "env" {
		sub, rest = rest.subcommand(takes...)
		if sub == "list" || sub == "export" || sub == "remove" {
			return stream{}
		}
	}
	options, operands := rest.parse(takes...)
	switch sub {
	case "install", "create", "update", "upgrade":
	case "run":
		_, command := rest.upTo(takes...)
		return e.run(command, c.in)
	default:
		return stream{}
	}
	if rest.has("--offline", "--dry-run", "-d", "--download-only") {
		return stream{}
	}
	if c.name == "conda-lock" {
		e.add(Fetch{Shape: Locked, Program: "conda-lock install", Level: Low, Pinned: true})
		return stream{}
	}
	p := packages{shape: Install, program: c.name + " " + sub, pinned: true}
	for _, w := range operands {
		p.names = append(p.names, w.text)
		p.pinned = p.pinned && strings.Contains(w.text, "=") && !strings.Contains(w.text, ">=")
	}
	if len(p.names) > 0 {
		e.add(p.fetch())
	} else if files := slices.Concat(options["-f"], options["--file"]); len(files) > 0 {
		e.add(Fetch{Shape: Manifest, Program: p.program, What: []string{shownFile(files[0])}, Level: Medium})
	}
	return stream{}
}
