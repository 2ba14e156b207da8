package command

import (
	"path"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// launcher is a program that runs another one, which is written behind it.
type launcher struct {
	// short and long are its options that take a value.
	short, long string
	// operands is how many words stand before the command.
	operands int
	// user is the option that names the account, in both spellings, and byOperand is set where an operand does.
	user      []string
	byOperand bool
	// root is set where the command is root's unless an account is named.
	root bool
}

// launchers are the programs that run another one, by name. What their manual pages say takes a value is listed; of
// others the command is looked for behind what is not understood.
var launchers = map[string]launcher{
	"sudo": {short: "ugpCrtTUDRh", long: "user group host prompt close-from role type other-user command-timeout " +
		"chdir chroot", user: []string{"u", "user"}, root: true},
	"doas":    {short: "uC", user: []string{"u"}, root: true},
	"pkexec":  {long: "user", user: []string{"user"}, root: true},
	"runuser": {short: "ugGws", long: "user group supp-group whitelist-environment shell", user: []string{"u", "user"}},
	"setpriv": {long: "reuid regid groups inh-caps ambient-caps bounding-set securebits pdeathsig selinux-label " +
		"apparmor-profile ruid euid rgid egid", user: []string{"reuid", "ruid"}},
	"gosu": {operands: 1, byOperand: true}, "su-exec": {operands: 1, byOperand: true},
	"setuidgid": {operands: 1, byOperand: true}, "s6-setuidgid": {operands: 1, byOperand: true},
	"chpst": {short: "uUbenmdoprftc", user: []string{"u"}},
	"systemd-run": {short: "puMHEC", long: "unit property description slice setenv machine host uid gid nice " +
		"working-directory service-type on-active on-boot on-startup on-unit-active on-unit-inactive on-calendar " +
		"timer-property path-property socket-property background job-mode capsule root-directory",
		user: []string{"uid"}},
	"chroot": {operands: 1}, "env": {short: "uCS", long: "unset chdir split-string"}, "exec": {short: "a"},
	"command": {}, "builtin": {}, "nohup": {}, "setsid": {}, "-": {}, "time": {short: "fo", long: "format output"},
	"nice": {short: "n", long: "adjustment"}, "ionice": {short: "cnpPu", long: "class classdata"},
	"timeout": {short: "ks", long: "kill-after signal", operands: 1}, "chrt": {short: "TPD", operands: 1},
	"taskset": {operands: 1}, "flock": {short: "wE", long: "wait timeout conflict-exit-code", operands: 1},
	"stdbuf": {short: "ioe", long: "input output error"}, "unbuffer": {}, "watch": {short: "n", long: "interval"},
	"xargs": {short: "aEILnPsd", long: "arg-file delimiter max-args max-procs max-chars max-lines replace " +
		"process-slot-var"},
	"parallel": {short: "jaIN"}, "strace": {short: "opesuEPabIO"}, "ltrace": {short: "opesu"}, "unshare": {},
	"nsenter": {short: "tSG", long: "target setuid setgid"}, "systemd-inhibit": {long: "what who why mode"},
	"systemd-cat": {short: "tp", long: "identifier priority"}, "dbus-run-session": {}, "fakeroot": {},
	"cgexec": {short: "g"}, "numactl": {short: "CNmip"}, "sshpass": {short: "pfdP"}, "toolbox": {operands: 1},
	"flatpak-spawn": {}, "distrobox-host-exec": {}, "multipass": {}, "lxc": {}, "incus": {}, "caffeinate": {},
	"retry": {}, "busybox": {}, "prlimit": {}, "setarch": {}, "xvfb-run": {}, "proot": {}, "eatmydata": {},
	"vagrant": {}, "op": {}, "direnv": {}, "tmux": {}, "screen": {short: "ScepTth"}, "script": {},
	"sg": {operands: 1}, "gcloud": {},
	"wsl": {short: "du", long: "distribution user", user: []string{"u", "user"}},
}

// shells are the programs that run a script that they are given.
var shells = []string{"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash"}

// quiet are programs whose words are no command.
var quiet = []string{"echo", "printf", "grep", "egrep", "cat", "sed", "awk", "logger", "pgrep", "pkill", "killall",
	"which", "type", "man", "touch", "rm", "mkdir", "cp", "mv", "ls", "git", "test", "[", "chmod", "chown", "tee"}

// launch is what a command line runs in the end.
type launch struct {
	// words is Podman's command line, empty for none; first is the index of its first word.
	words []Word
	first int
	// script holds the words of a script that a shell is given, joined by spaces, and reads is set where the shell reads
	// it from its standard input.
	script []Word
	reads  bool
	// user is the account that it runs as, empty where that is not told, and userAt where it is written.
	user   string
	userAt podman.Origin
	// far is set where another machine runs it.
	far bool
}

// launched finds what a command line runs in the end: what stands behind sudo, ssh and their like.
func launched(words []Word) launch {
	l := launch{words: words}
	for len(l.words) > 0 {
		w := l.words[0]
		name := strings.TrimLeft(path.Base(w.Text), "-@:+!|")
		switch {
		case name == "" && w.Text == "-":
			name = "-"
		case w.engine() != "":
			return l
		}
		switch {
		case slices.Contains(shells, name):
			return l.shell()
		case name == "su", name == "runuser" && !l.namesUser():
			return l.su()
		case name == "ssh":
			return l.ssh()
		case name == "machinectl":
			l.machinectl()
			continue
		case name == "start-stop-daemon":
			l.daemon()
			continue
		case name == "at", name == "batch":
			l.words, l.reads = nil, true
			return l
		case name == "eval", name == "trap":
			l.script, l.words = l.words[1:], nil
			if name == "trap" && len(l.script) > 1 {
				l.script = l.script[:1]
			}
			return l
		case name == "find":
			l.find()
			continue
		case w.Unknown: // such as $SUDO
			l.skip(1)
			continue
		}
		p, ok := launchers[name]
		if !ok {
			l.words = nil
			return l
		}
		l.behind(name, p)
	}
	return l
}

// skip passes over words.
func (l *launch) skip(n int) {
	n = min(n, len(l.words))
	l.words, l.first = l.words[n:], l.first+n
}

// runs says as whom.
func (l *launch) runs(user Word) {
	l.user, l.userAt = "", podman.Origin{}
	if !user.Unknown && user.Text != "" {
		l.user, l.userAt = user.Text, user.Origin
	}
}

// option is an option of a program, without its dashes.
type option struct {
	name  string
	value Word
}

// scan reads options up to the first word that is none, and returns them with that word's index.
func scan(words []Word, short, long string) ([]option, int) {
	var found []option
	i := 0
	take := func(name string) {
		var value Word
		if i++; i < len(words) {
			value = words[i]
		}
		found = append(found, option{name, value})
	}
	for ; i < len(words); i++ {
		text := words[i].Text
		switch {
		case text == "--":
			return found, i + 1
		case len(text) < 2 || text[0] != '-':
			return found, i
		case strings.HasPrefix(text, "--"):
			name, value, given := strings.Cut(text[2:], "=")
			if !given && slices.Contains(strings.Fields(long), name) {
				take(name)
				continue
			}
			found = append(found, option{name, words[i].with(value)})
		default:
			at := strings.IndexAny(text[1:], short) + 1
			if short == "" || at == 0 {
				found = append(found, letters(text[1:])...)
				continue
			}
			found = append(found, letters(text[1:at])...)
			if at == len(text)-1 {
				take(text[at:])
				continue
			}
			found = append(found, option{text[at : at+1], words[i].with(text[at+1:])})
		}
	}
	return found, i
}

func letters(text string) []option {
	found := make([]option, 0, len(text))
	for i := range len(text) {
		found = append(found, option{name: text[i : i+1]})
	}
	return found
}

// with returns a word of which only a part is left.
func (w Word) with(text string) Word {
	gone := len(w.Text) - len(text)
	if !strings.HasSuffix(w.Text, text) {
		w.Text, w.pieces, w.script = text, nil, nil
		return w
	}
	w.Text = text
	var left []piece
	for _, p := range w.pieces {
		n := min(gone, len(p.text))
		gone -= n
		if p.text = p.text[n:]; !p.whole {
			p.from += n
		}
		if p.text != "" {
			left = append(left, p)
		}
	}
	w.pieces = left
	return w
}

// behind goes on to the command behind a launcher.
func (l *launch) behind(name string, p launcher) {
	options, n := scan(l.words[1:], p.short, p.long)
	if p.root {
		l.user, l.userAt = "root", l.words[0].Origin
	}
	for _, o := range options {
		switch {
		case slices.Contains(p.user, o.name):
			l.runs(o.value)
		case name == "systemd-run" && (o.name == "M" || o.name == "machine"):
			if user, _, given := strings.Cut(o.value.Text, "@"); given {
				l.runs(o.value.with(user))
			}
		case name == "env" && (o.name == "S" || o.name == "split-string"),
			name == "flock" && (o.name == "c" || o.name == "command"):
			l.script = []Word{o.value}
		case name == "sudo" && (o.name == "i" || o.name == "s" || o.name == "login" || o.name == "shell"):
			l.reads = true
		case name == "command" && (o.name == "v" || o.name == "V"):
			l.words = nil
			return
		}
	}
	if len(l.script) > 0 {
		if l.script[0].Text == "" && n < len(l.words)-1 { // flock -c, whose command is the next word
			l.script = l.words[1+n : 2+n]
		}
		l.words = nil
		return
	}
	l.skip(1 + n)
	if p.byOperand && len(l.words) > 0 {
		user, _, _ := strings.Cut(l.words[0].Text, ":")
		l.runs(l.words[0].with(user))
	}
	l.skip(p.operands)
	if name == "flock" && len(l.words) > 1 && (l.words[0].Text == "-c" || l.words[0].Text == "--command") {
		l.script, l.words = l.words[1:2], nil
		return
	}
	for len(l.words) > 0 && isAssignment(l.words[0].Text) {
		l.skip(1)
	}
	if name == "xargs" {
		l.words = filledByXargs(l.words, options)
	}
	if len(l.words) > 0 {
		l.reads = false
	}
	l.program(name)
}

// inText finds the script that is one word among others, also behind an option's name.
func (l *launch) inText() bool {
	for _, w := range l.words {
		if !strings.ContainsAny(strings.TrimSpace(w.Text), " \t\n") || !MentionsPodman(w.Text) {
			continue
		}
		if option, value, given := strings.Cut(w.Text, "="); given && strings.HasPrefix(option, "--") {
			w = w.with(value)
		}
		l.script, l.words = []Word{w}, nil
		return true
	}
	return false
}

// program goes on to the first word behind a launcher that is understood as a program, where the next one is not.
func (l *launch) program(launcher string) {
	if (launcher == "gcloud" || launcher == "vagrant") && l.inText() { // whose own ssh takes options of its own
		return
	}
	for i, w := range l.words {
		name := path.Base(w.Text)
		_, known := launchers[name]
		switch {
		case slices.Contains(quiet, name):
			l.words = nil
			return
		case known, w.engine() != "", slices.Contains(shells, name), w.Unknown && w.Splits && i == 0,
			slices.Contains([]string{"su", "ssh", "machinectl", "eval", "find", "start-stop-daemon"}, name):
			l.skip(i)
			return
		}
	}
	if !l.inText() {
		l.words = nil
	}
}

// daemon goes on to what start-stop-daemon starts: the program that an option names, with the words behind "--".
func (l *launch) daemon() {
	const short, long = "xapnucgrdNIPksR", "exec startas pidfile name user chuid group chroot chdir nicelevel iosched " +
		"procsched umask signal retry ppid pid output env"
	options, n := scan(l.words[1:], short, long)
	var program []Word
	for _, o := range options {
		switch o.name {
		case "x", "exec":
			if program == nil {
				program = []Word{o.value}
			}
		case "a", "startas":
			program = []Word{o.value}
		case "c", "chuid", "u", "user":
			l.runs(o.value)
		}
	}
	first := l.first + n // where the word before the arguments is
	arguments := l.words[min(1+n, len(l.words)):]
	l.words, l.first = slices.Concat(program, arguments), first
	if program == nil {
		l.words = nil
	}
}

// isAssignment reports whether a word is NAME=VALUE.
func isAssignment(text string) bool {
	name, _, given := strings.Cut(text, "=")
	return given && name != "" && strings.Trim(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// filledByXargs returns a command with what xargs puts into it: words behind it, or in the place of a mark.
func filledByXargs(words []Word, options []option) []Word {
	mark := ""
	for _, o := range options {
		switch o.name {
		case "I":
			mark = o.value.Text
		case "i", "replace":
			mark = "{}"
			if o.value.Text != "" {
				mark = o.value.Text
			}
		}
	}
	if mark == "" && len(words) > 0 {
		return append(slices.Clip(words), Word{Text: "…", Unknown: true, Splits: true, Given: true,
			Origin: words[len(words)-1].Origin})
	}
	return marked(words, mark)
}

// marked makes the words that a mark is in unknown.
func marked(words []Word, mark string) []Word {
	words = slices.Clone(words)
	for i := range words {
		words[i].Unknown = words[i].Unknown || strings.Contains(words[i].Text, mark)
	}
	return words
}

// find goes on to what find runs.
func (l *launch) find() {
	for i, w := range l.words {
		switch w.Text {
		case "-exec", "-execdir", "-ok", "-okdir":
			l.skip(i + 1)
			for j, end := range l.words {
				if end.Text == ";" || end.Text == "+" {
					l.words = l.words[:j]
					break
				}
			}
			l.words = marked(l.words, "{}")
			return
		}
	}
	l.words = nil
}

// shell finds the script that a shell is given.
func (l *launch) shell() launch {
	options, n := scan(l.words[1:], "oO", "rcfile init-file")
	given := slices.ContainsFunc(options, func(o option) bool { return o.name == "c" })
	fromInput := slices.ContainsFunc(options, func(o option) bool { return o.name == "s" })
	rest := l.words[1+min(n, len(l.words)-1):]
	l.words = nil
	for given && len(rest) > 0 && strings.HasPrefix(rest[0].Text, "+") {
		rest = rest[1:]
	}
	switch {
	case given && len(rest) > 0:
		l.script = rest[:1]
	case !given && (len(rest) == 0 || fromInput || rest[0].Text == "-" || rest[0].Text == "/dev/stdin"):
		l.reads = true
	}
	return *l
}

// namesUser reports whether runuser has an option for the account: then a command follows, else it is as su.
func (l *launch) namesUser() bool {
	p := launchers["runuser"]
	options, _ := scan(l.words[1:], p.short, p.long)
	return slices.ContainsFunc(options, func(o option) bool { return slices.Contains(p.user, o.name) })
}

// su reads su, and runuser in its manner, whose options may be anywhere.
func (l *launch) su() launch {
	l.user, l.userAt = "root", l.words[0].Origin
	rest := l.words[1:]
	l.words, l.reads = nil, true
	named := false
	for len(rest) > 0 {
		options, n := scan(rest, "cgGswT", "command session-command group supp-group shell whitelist-environment")
		for _, o := range options {
			if o.name == "c" || o.name == "command" || o.name == "session-command" {
				l.script, l.reads = []Word{o.value}, false
			}
		}
		if rest = rest[n:]; len(rest) > 0 {
			if rest[0].Text != "-" && !named {
				l.runs(rest[0])
				named = true
			}
			rest = rest[1:]
		}
	}
	return *l
}

// ssh reads ssh: the words behind the host are the script of a shell there.
func (l *launch) ssh() launch {
	const short = "BbcDEeFIiJLlmOopPQRSWw"
	options, n := scan(l.words[1:], short, "")
	rest := l.words[1+n:]
	l.words, l.far = nil, true
	l.runs(Word{})
	if len(rest) == 0 {
		return *l
	}
	host := strings.TrimPrefix(rest[0].Text, "ssh://")
	if user, _, given := strings.Cut(host, "@"); given {
		known := rest[0].with(user)
		known.Unknown = known.Unknown && strings.ContainsAny(user, "$`")
		l.runs(known)
	}
	more, n := scan(rest[1:], short, "")
	for _, o := range slices.Concat(options, more) {
		if o.name == "l" {
			l.runs(o.value)
		}
	}
	l.script = rest[1+min(n, len(rest)-1):]
	l.reads = len(l.script) == 0
	return *l
}

// machinectl goes on to what machinectl shell runs, as the account that is named before the machine.
func (l *launch) machinectl() {
	const short, long = "pHMEnosu", "property host machine setenv uid output"
	options, n := scan(l.words[1:], short, long)
	l.skip(1 + n)
	if len(l.words) == 0 || l.words[0].Text != "shell" {
		l.words = nil
		return
	}
	l.user, l.userAt = "root", l.words[0].Origin
	more, n := scan(l.words[1:], short, long)
	l.skip(1 + n)
	for _, o := range slices.Concat(options, more) {
		if o.name == "uid" {
			l.runs(o.value)
		}
	}
	if len(l.words) == 0 {
		return
	}
	if user, _, given := strings.Cut(l.words[0].Text, "@"); given {
		l.runs(l.words[0].with(user))
	}
	l.skip(1)
	l.reads = len(l.words) == 0
}

// host returns the machine that a launch is for, with what is known of who runs Podman there.
func (l *launch) host(host *podman.Host) *podman.Host {
	if l.user == "" {
		return host
	}
	rootless := podman.Set(!slices.Contains([]string{"root", "0", "#0"}, l.user), l.userAt)
	if host.Rootless.Known() && host.Rootless.State == rootless.State && host.Rootless.Value == rootless.Value {
		return host
	}
	as := podman.AssumedHost(rootless, host.Now)
	if !l.far {
		as.Policy, as.Registries = host.Policy, host.Registries
	}
	return as
}

// engine returns which program a word is, Podman's or Docker's, whose command line is read as Podman's; empty for
// another one.
func (w Word) engine() string {
	if w.program != "" {
		return w.program
	}
	if found := engine(w.Text); found != "" || !w.Unknown {
		return found
	}
	if strings.ContainsAny(w.Text, "/ ") {
		return ""
	}
	return engineOf(strings.Trim(w.Text, "${}()"))
}

// engine returns which engine a program's path is.
func engine(text string) string {
	switch strings.TrimLeft(strings.ToLower(path.Base(text)), "-@:+!|") {
	case "podman", "podman-remote", "podman.exe":
		return "podman"
	case "docker", "docker.exe":
		return "docker"
	}
	return ""
}

// engineOf returns the engine that a variable holds by its name.
func engineOf(variable string) string {
	name := strings.ToLower(variable)
	for _, other := range []string{"opt", "arg", "flag", "image", "name", "file", "dir", "host", "user", "version"} {
		if strings.Contains(name, other) {
			return ""
		}
	}
	switch {
	case strings.Contains(name, "docker"):
		return "docker"
	case strings.Contains(name, "podman"), strings.HasSuffix(name, "engine"), strings.HasSuffix(name, "runtime"),
		strings.HasPrefix(name, "container_") && strings.ContainsAny(name[len("container_"):], "ctb"):
		return "podman"
	}
	return ""
}

// engineMentioned returns the engine whose name is a word of a text.
func engineMentioned(text string) string {
	for _, name := range []string{"podman", "docker"} {
		if mentionsProgram(text, name) {
			return name
		}
	}
	return ""
}

// mentionsProgram reports whether a program's name is a word of a text.
func mentionsProgram(text, name string) bool {
	text = strings.ToLower(text)
	for {
		i := strings.Index(text, name)
		if i < 0 {
			return false
		}
		before := i == 0 || text[i-1] == '-' || !isNameByte(text[i-1]) // as in ${ENGINE:-podman}
		after := i+len(name) == len(text) || !isNameByte(text[i+len(name)])
		if before && after || strings.HasPrefix(text[i+len(name):], "-remote") {
			return true
		}
		text = text[i+len(name):]
	}
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':' || c == '@'
}
