package fetch

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// call is a command: its name without directory, and its words behind that.
type call struct {
	name string
	full word
	args []word
	in   stream
}

// texts returns the words behind the name.
func (c call) texts() []string {
	list := make([]string, len(c.args))
	for i, w := range c.args {
		list[i] = w.text
	}
	return list
}

// has reports whether a word is among the arguments, by itself or with a value.
func (c call) has(options ...string) bool { return c.option(options...) != "" }

// option returns the word that is one of the options.
func (c call) option(options ...string) string {
	for _, w := range c.args {
		name, _, _ := strings.Cut(w.text, "=")
		for _, o := range options {
			if w.text == o || name == o && strings.HasPrefix(o, "--") {
				if _, value, given := strings.Cut(w.text, "="); given && value == "false" {
					continue
				}
				return o
			}
		}
	}
	return ""
}

// parse splits the arguments into options and operands. Of the options that takes names, the value is the next word.
func (c call) parse(takes ...string) (options map[string][]string, operands []word) {
	options = map[string][]string{}
	for i := 0; i < len(c.args); i++ {
		text := c.args[i].text
		switch {
		case text == "--":
			return options, append(operands, c.args[i+1:]...)
		case !strings.HasPrefix(text, "-") || text == "-":
			operands = append(operands, c.args[i])
			continue
		}
		name, value, given := strings.Cut(text, "=")
		if !given && slices.Contains(takes, name) && i+1 < len(c.args) {
			i++
			value = c.args[i].text
		}
		if !given && !strings.HasPrefix(name, "--") && len(name) > 2 && slices.Contains(takes, name[:2]) {
			name, value = name[:2], name[2:]
		}
		options[name] = append(options[name], value)
	}
	return options, operands
}

// upTo returns the call with the arguments up to the first operand, which runners hand the rest to.
func (c call) upTo(takes ...string) (call, []word) {
	for i := 0; i < len(c.args); i++ {
		text := c.args[i].text
		switch {
		case text == "--":
			cut := c
			cut.args = c.args[:i]
			return cut, c.args[i+1:]
		case !strings.HasPrefix(text, "-") || text == "-":
			cut := c
			cut.args = c.args[:i]
			return cut, c.args[i:]
		case slices.Contains(takes, text):
			i++
		}
	}
	return c, nil
}

// wrappers run the command behind them; what is listed are their options that take a value, and how many operands come
// first.
var wrappers = map[string]struct {
	takes    []string
	operands int
}{
	"exec": {takes: []string{"-a"}}, "env": {takes: []string{"-u", "-C", "--unset", "--chdir"}}, "nohup": {},
	"setsid": {}, "time": {}, "nice": {takes: []string{"-n"}}, "ionice": {takes: []string{"-c", "-n"}},
	"sudo": {takes: []string{"-u", "-g", "-h", "-C", "-D"}}, "doas": {takes: []string{"-u"}},
	"timeout": {takes: []string{"-k", "-s", "--signal", "--kill-after"}, operands: 1}, "tini": {takes: []string{"-p",
		"-e"}}, "tini-static": {}, "dumb-init": {takes: []string{"-r", "--rewrite"}}, "catatonit": {}, "docker-init": {},
	"gosu": {operands: 1}, "su-exec": {operands: 1}, "setpriv": {takes: []string{"--reuid", "--regid", "--groups"}},
	"s6-setuidgid": {operands: 1}, "setuidgid": {operands: 1}, "chpst": {takes: []string{"-u", "-U", "-e"}},
	"chroot": {operands: 1}, "stdbuf": {takes: []string{"-o", "-i", "-e"}}, "command": {}, "builtin": {},
	"xargs": {takes: []string{"-n", "-I", "-P", "-L", "-d", "-a"}}, "watch": {takes: []string{"-n"}},
	"unbuffer": {}, "with-contenv": {}, "dotenvx": {}, "dotenv": {}, "doppler": {}, "infisical": {}, "op": {},
	"bundle-exec": {}, "fakeroot": {}, "xvfb-run": {takes: []string{"-s", "-n", "-e"}}, "dbus-run-session": {},
	"flock": {takes: []string{"-w", "-E"}, operands: 1}, "wait-for-it": {}, "wait-for-it.sh": {}, "wait-for": {},
	"dockerize": {takes: []string{"-wait", "-timeout", "-template"}}, "corepack": {}, "busybox": {}, "toybox": {},
	"unshare": {}, "retry": {}, "taskset": {operands: 1}, "tsp": {}, "concurrently": {}, "tsx-watch": {},
	"micromamba-run": {}, "cross-env": {}, "pm2-runtime": {}, "opentelemetry-instrument": {}, "ddtrace-run": {},
	"newrelic-admin": {operands: 1}, "systemd-cat": {takes: []string{"-t", "-p"}}, "!": {}, "then": {},
}

// shells run a script that they are given; interpreters run programs in other languages.
var (
	shells       = []string{"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash"}
	interpreters = regexp.MustCompile(`^(python[0-9.]*|pypy[0-9.]*|node|nodejs|perl|ruby|php[0-9.]*|lua[0-9.]*|bun|` +
		`deno|java|Rscript|tclsh|pwsh|tsx|ts-node|groovy|julia)$`)
)

// quiet are programs whose words are no commands.
var quiet = []string{"echo", "printf", "grep", "egrep", "fgrep", "rg", "cat", "sed", "awk", "logger", "pgrep", "pkill",
	"killall", "which", "type", "man", "touch", "rm", "mkdir", "ls", "test", "[", "tr", "cut", "head", "tail", "sort",
	"jq", "yq", "true", "false", "sleep", "wait", "export", "set", "cd", "hash", "expr", "trap", "kill", "notify-send",
	"ps", "find"}

// run runs a command, given as words.
func (e *eval) run(words []word, in stream) stream {
	if e.commands++; e.commands > mostCommands || e.depth > mostDepth {
		return stream{}
	}
	e.depth++
	defer func() { e.depth-- }()
	for len(words) > 0 && isAssignment(words[0].text) && !words[0].unknown {
		name, value, _ := strings.Cut(words[0].text, "=")
		e.vars[name] = word{text: value}
		words = words[1:]
	}
	if len(words) == 0 {
		return stream{known: true}
	}
	c := call{name: path.Base(words[0].text), full: words[0], args: words[1:], in: in}
	if words[0].unknown && len(words[0].from) == 0 && c.name != "" && strings.HasPrefix(words[0].text, "$") {
		return stream{}
	}
	e.development = e.development || isDevelopment(c)
	if body, ok := e.funcs[words[0].text]; ok {
		delete(e.funcs, words[0].text) // once, and not within itself
		return e.stmt(body, in)
	}
	e.runsFile(c)
	if out, ok := e.shellish(c); ok {
		return out
	}
	if out, ok := e.builtin(c); ok {
		return out
	}
	if w, ok := wrappers[c.name]; ok {
		return e.behind(c, w.takes, w.operands)
	}
	if h := handlerOf(c.name); h != nil && (!strings.Contains(c.full.text, "node_modules/")) {
		return h(e, c)
	}
	e.within(c)
	return stream{}
}

func isAssignment(text string) bool {
	name, _, given := strings.Cut(text, "=")
	return given && name != "" && (name[0] < '0' || name[0] > '9') && strings.Trim(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// isDevelopment reports whether a command is one that serves sources while they are worked on.
func isDevelopment(c call) bool {
	switch c.name {
	case "nodemon", "air", "reflex", "watchexec", "ts-node-dev":
		return c.name == "nodemon" || c.name == "ts-node-dev"
	case "npm", "pnpm", "yarn", "bun":
		t := c.texts()
		for len(t) > 0 && strings.HasPrefix(t[0], "-") {
			t = t[1:]
		}
		return len(t) > 0 && (strings.HasPrefix(t[0], "dev") && !strings.HasPrefix(t[0], "devtools")) ||
			len(t) > 1 && t[0] == "run" && (t[1] == "dev" || strings.HasPrefix(t[1], "dev:") || t[1] == "start:dev" ||
				t[1] == "develop" || t[1] == "watch")
	case "uvicorn", "flask", "gunicorn", "fastapi", "hypercorn", "celery", "python", "python3", "uv", "poetry":
		return c.has("--reload") || c.name == "fastapi" && first(c.texts()) == "dev"
	case "next", "vite", "nuxt", "astro", "ng", "gatsby":
		return slices.Contains([]string{"dev", "develop", "serve"}, first(c.texts())) && c.name != "ng" ||
			c.name == "vite" && len(c.args) == 0
	}
	return false
}

// behind goes on to the command behind a wrapper.
func (e *eval) behind(c call, takes []string, operands int) stream {
	if c.name == "command" && c.has("-v", "-V") {
		return stream{}
	}
	if c.name == "env" || c.name == "flock" || c.name == "watch" {
		for i, w := range c.args {
			if (w.text == "-S" || w.text == "--split-string" || c.name == "flock" && w.text == "-c") && i+1 < len(c.args) {
				return e.script(c.args[i+1].text, c.in)
			}
		}
	}
	_, rest := c.upTo(takes...)
	for range operands {
		if len(rest) > 0 {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 && rest[0].text == "--" {
		rest = rest[1:]
	}
	switch c.name {
	case "concurrently", "watch":
		for _, w := range rest {
			if strings.ContainsAny(w.text, " \t") {
				e.script(w.text, stream{})
			}
		}
	case "corepack":
		return corepack(e, c, rest)
	case "wait-for-it", "wait-for-it.sh", "wait-for", "dockerize", "doppler", "infisical", "op", "dotenvx", "retry":
		if i := slices.IndexFunc(c.args, func(w word) bool { return w.text == "--" }); i >= 0 {
			return e.run(c.args[i+1:], c.in)
		}
		if c.name == "retry" || c.name == "dockerize" {
			break
		}
		return stream{}
	}
	return e.run(rest, c.in)
}

// shellish runs what is handed to a shell.
func (e *eval) shellish(c call) (stream, bool) {
	switch {
	case slices.Contains(shells, c.name):
		return e.shell(c), true
	case c.name == "su" || c.name == "runuser":
		for i, w := range c.args {
			if w.text == "-c" || w.text == "--command" {
				if i+1 < len(c.args) {
					return e.text(c.args[i+1], c.in), true
				}
			}
			if value, ok := strings.CutPrefix(w.text, "--command="); ok {
				return e.script(value, c.in), true
			}
		}
		if i := slices.IndexFunc(c.args, func(w word) bool { return w.text == "--" }); i >= 0 {
			return e.run(c.args[i+1:], c.in), true
		}
		return stream{}, true
	case c.name == "eval":
		var whole word
		for _, w := range c.args {
			whole.text += w.text + " "
			whole.from = append(whole.from, w.from...)
		}
		return e.text(whole, c.in), true
	case c.name == "source" || c.name == ".":
		if len(c.args) > 0 {
			e.reads(c.args[0])
		}
		return stream{}, true
	case interpreters.MatchString(c.name):
		return e.interpreter(c)
	}
	return stream{}, false
}

// text runs a script that is a word: what it was downloaded from is run.
func (e *eval) text(w word, in stream) stream {
	for _, d := range w.from {
		d.code, d.script = true, true
	}
	if w.unknown && strings.TrimSpace(w.text) == "" {
		return stream{}
	}
	return e.script(w.text, in)
}

// reads notes that an interpreter reads a file.
func (e *eval) reads(w word) {
	for _, d := range w.from {
		d.code, d.script = true, true
	}
	if w.text == "-" || w.text == "/dev/stdin" {
		return
	}
	e.runsPath(w.text)
}

// shell runs sh -c and the like.
func (e *eval) shell(c call) stream {
	for i := 0; i < len(c.args); i++ {
		text := c.args[i].text
		switch {
		case text == "-" || text == "/dev/stdin":
			return e.stdin(c.in)
		case text == "--version" || text == "--help":
			return stream{}
		case slices.Contains([]string{"-o", "+o", "-O", "+O", "--rcfile", "--init-file"}, text):
			i++
		case strings.HasPrefix(text, "--"):
		case len(text) > 1 && (text[0] == '-' || text[0] == '+'):
			if text[0] == '-' && strings.Contains(text, "c") && i+1 < len(c.args) {
				return e.parameters(behindCommand(text, c.args[i+1:]), c.in)
			}
			if strings.HasSuffix(text, "o") {
				i++
			}
			if strings.Contains(text, "s") && !strings.Contains(text, "o") {
				return e.stdin(c.in)
			}
		default:
			e.reads(c.args[i])
			if script, ok := e.texts[e.path(text)]; ok {
				return e.script(script, c.in)
			}
			e.within(call{name: text, args: c.args[i+1:]})
			return stream{}
		}
	}
	return e.stdin(c.in)
}

// behindCommand returns the script of -c and what follows: options may stand between them, and -ceo has a value.
func behindCommand(option string, rest []word) []word {
	if strings.Contains(option, "o") && len(rest) > 1 {
		rest = rest[1:]
	}
	for len(rest) > 1 && (strings.HasPrefix(rest[0].text, "-") || strings.HasPrefix(rest[0].text, "+")) {
		if rest[0].text == "-o" && len(rest) > 2 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	return rest
}

// parameters runs the script of -c with the words behind it as $0, $1, …
func (e *eval) parameters(rest []word, in stream) stream {
	const digits = "0123456789"
	for i, w := range rest[1:] {
		if i < len(digits) {
			e.vars[digits[i:i+1]] = w
		}
	}
	if len(rest) > 2 { // "$@" is what is behind $0
		e.arrays["@"] = rest[2:]
		if strings.Trim(strings.TrimPrefix(strings.TrimSpace(rest[0].text), "exec "), `" `) == "$@" {
			return e.run(rest[2:], in)
		}
	}
	return e.text(rest[0], in)
}

// stdin runs a script that a shell reads from its input.
func (e *eval) stdin(in stream) stream {
	for _, d := range in.from {
		d.code, d.script = true, true
	}
	if in.known && in.text != "" {
		return e.script(in.text, stream{})
	}
	return stream{}
}

// programMarks are what a program in another language has to name to run what an address serves.
var (
	fetchers = map[string]bool{"urlopen": true, "urlretrieve": true, "requests": true, "httpx": true, "urllib": true,
		"fetch": true, "https": true, "http": true, "LWP": true, "URI": true, "open-uri": true, "open": true,
		"file_get_contents": true, "readAsStringAsync": true}
	evaluators = map[string]bool{"exec": true, "eval": true, "system": true, "runpy": true, "execfile": true,
		"Function": true, "runInThisContext": true, "instance_eval": true, "check_call": true, "spawn": true}
	identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	literals   = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|#[^\n]*`)
	webAddress = regexp.MustCompile(`^['"](https?://[^'"\s]+)['"]$`)
)

// interpreter looks at a program that is given to an interpreter in words, or on its input.
func (e *eval) interpreter(c call) (stream, bool) {
	c.name = strings.TrimRight(c.name, "0123456789.")
	for i := 0; i < len(c.args); i++ {
		text := c.args[i].text
		switch {
		case text == "-":
			e.stdinOf(c)
			return stream{}, true
		case c.name == "python" && text == "-m" || c.name == "pypy" && text == "-m":
			return e.module(c.args[i+1:], c.in), true
		case text == "-c" && (c.name == "python" || c.name == "pypy") || (text == "-e" || text == "--eval" || text == "-p" ||
			text == "-r" && c.name == "php" || text == "-E") && c.name != "java":
			if i+1 < len(c.args) {
				e.program(c, c.args[i+1])
			}
			return stream{}, true
		case c.name == "bun" || c.name == "deno":
			return handlerOf(c.name)(e, c), true
		case strings.HasPrefix(text, "-"):
			if text == "-jar" || text == "-cp" || text == "-classpath" {
				continue
			}
			if slices.Contains([]string{"-W", "-X", "-r", "--require", "--import", "--loader", "-I", "-d"}, text) {
				i++
			}
		default:
			if strings.Contains(text, "/node_modules/npm/") || path.Base(text) == "npx-cli.js" {
				return handlerOf("npx")(e, call{name: "npx", args: c.args[i+1:], in: c.in}), true
			}
			e.reads(c.args[i])
			e.within(call{name: path.Base(text), args: c.args[i+1:]})
			return stream{}, true
		}
	}
	if len(c.args) == 0 {
		e.stdinOf(c)
	}
	return stream{}, true
}

func (e *eval) stdinOf(c call) {
	for _, d := range c.in.from {
		d.code, d.script = true, true
	}
	if c.in.known {
		e.program(c, word{text: c.in.text})
	}
}

// module runs python -m.
func (e *eval) module(rest []word, in stream) stream {
	if len(rest) == 0 {
		return stream{}
	}
	name, args := rest[0].text, rest[1:]
	switch name {
	case "pip", "pipx", "uv", "poetry", "pipenv", "playwright", "spacy", "pdm", "conda", "hatch", "ensurepip":
		if h := handlerOf(name); h != nil {
			return h(e, call{name: name, args: args, in: in})
		}
	case "venv", "virtualenv", "http":
		return stream{}
	}
	e.usesRepository()
	e.development = e.development || slices.ContainsFunc(args, func(w word) bool { return w.text == "--reload" })
	e.within(call{name: name, args: args})
	return stream{}
}

// program looks at a program text by its identifiers, outside of strings and comments.
func (e *eval) program(c call, w word) {
	for _, d := range w.from {
		d.code, d.script = true, true
	}
	if len(w.text) > mostText {
		return
	}
	var host string
	for _, l := range literals.FindAllString(w.text, mostFields) {
		if m := webAddress.FindStringSubmatch(l); m != nil && host == "" {
			host = hostOf(m[1])
		}
	}
	bare := literals.ReplaceAllString(w.text, `""`)
	var gets, runs bool
	for _, name := range identifier.FindAllString(bare, mostFields) {
		gets, runs = gets || fetchers[name], runs || evaluators[name]
	}
	if host != "" && gets && runs {
		e.add(Fetch{Shape: Script, Program: c.name, What: []string{host}, Level: High})
		return
	}
	e.packagesOf(c, w.text, bare)
}

// usesRepository notes that something of the directory is run, where that was taken from a repository.
func (e *eval) usesRepository() {
	if d := e.at("."); d != nil && d.repository {
		d.code = true
	}
}

// within finds commands among the words of a program that is not known: behind "--", or in one word. Programs that
// only take text are none.
func (e *eval) within(c call) {
	if slices.Contains(quiet, c.name) {
		return
	}
	e.remoteCode(c)
	e.pluginTool(c)
	for i, w := range c.args {
		text := strings.TrimSpace(w.text)
		if name, value, given := strings.Cut(text, "="); given && strings.HasPrefix(name, "--") {
			text = strings.Trim(value, `"'`)
		}
		fields := strings.Fields(text)
		switch {
		case len(fields) > 1 && isRunner(fields):
			e.script(text, stream{})
		case w.text == "--" && i+1 < len(c.args) && isRunner(wordTexts(c.args[i+1:])):
			e.run(c.args[i+1:], stream{})
			return
		case i == 0 && isRunner(wordTexts(c.args)) && (strings.Contains(c.name, "entrypoint") ||
			path.Ext(c.name) == ".sh"):
			e.run(c.args, stream{})
			return
		case i > 0 && isRunner(wordTexts(c.args[i:])) && isCommandOption(c.args[i-1].text):
			e.run(c.args[i:], stream{})
			return
		}
	}
}

func isCommandOption(text string) bool {
	return slices.Contains([]string{"--stdio", "--command", "--cmd", "--exec", "-c", "--run", "--mcp", "--server",
		"-x", "--stdio-command"}, text)
}

func wordTexts(list []word) []string { return call{args: list}.texts() }

// isRunner reports whether words are a command that downloads a package to run it, whatever stands around it.
func isRunner(words []string) bool {
	if len(words) == 0 {
		return false
	}
	second := ""
	if len(words) > 1 {
		second = words[1]
	}
	switch path.Base(words[0]) {
	case "npx", "uvx", "bunx", "pnpx":
		return len(words) > 1
	case "npm":
		return second == "exec" || second == "x" || second == "install" || second == "i" || second == "ci"
	case "pnpm", "yarn":
		return second == "dlx"
	case "pipx":
		return second == "run"
	case "uv":
		return second == "run" || second == "tool"
	case "deno", "bun", "go":
		return second == "run" || second == "x"
	case "pip", "pip3":
		return second == "install"
	case "sh", "bash":
		return strings.HasPrefix(second, "-") && strings.Contains(second, "c") && len(words) > 2
	}
	return false
}
