package packages

import (
	"path"
	"regexp"
	"strings"
)

// preload reads what every program is made to load.
func (j *joined) preload() {
	n, _ := j.root.resolve("/etc/ld.so.preload")
	if n == nil || n.entry == nil {
		return
	}
	for _, name := range strings.FieldsFunc(string(n.entry.data), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n:,", r)
	}) {
		if _, canonical := j.root.resolve(name); canonical != "" {
			j.preloaded[canonical] = true
		}
	}
}

var (
	aptHook    = regexp.MustCompile(`(?is)(?:invoke|install-pkgs)[^{"]*(?:\{[^}]*\}|"[^"]*")`)
	quoted     = regexp.MustCompile(`"([^"]*)"`)
	aptCleanup = regexp.MustCompile(`^rm -f( /var/cache/apt/[\w./*-]+)+( \|\| true)?;?$`)
)

// sensitive says what loads a file with privileges, empty for nothing.
func (j *joined) sensitive(name string, e *entry) string {
	dir, base := path.Split(name)
	below := func(dirs ...string) bool {
		for _, d := range dirs {
			if strings.HasPrefix(name, d) {
				return true
			}
		}
		return false
	}
	switch {
	case name == "/etc/ld.so.preload" && e.size > 0:
		return "every program loads what it names"
	case j.preloaded[name]:
		return "every program loads it, by /etc/ld.so.preload"
	case below("/etc/pam.d/") && e.kind == '0', below("/etc/sudoers"), name == "/etc/sudo.conf":
		if len(j.claimsOf(name)) == 0 { // scripts of packages make configuration that no package has
			return ""
		}
		return "it decides who gets in"
	case e.code && path.Base(path.Clean(dir)) == "security" && below("/lib", "/usr/lib"):
		return "every login loads from there"
	case e.code && strings.HasPrefix(base, "libnss_") && below("/lib", "/usr/lib"):
		return "every look-up of a user or host loads from there"
	case e.code && below("/usr/lib/sudo/", "/usr/libexec/sudo/"):
		return "sudo loads from there"
	case e.code && strings.Contains(dir, "/systemd/system-generators/") && below("/lib", "/usr/lib", "/etc"):
		return "systemd runs it as root at each start"
	case below("/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/") && isUnit(base):
		return "systemd starts what it says"
	case below("/etc/cron.", "/var/spool/cron/") && base != ".placeholder", name == "/etc/crontab":
		return "cron runs it"
	case dir == "/etc/apt/apt.conf.d/" && runsSomething(string(e.data)):
		return "apt runs what it says"
	}
	return ""
}

func (j *joined) claimsOf(name string) []claim {
	if n := j.lookup(name); n != nil {
		return j.claims[n]
	}
	return nil
}

func isUnit(base string) bool {
	switch path.Ext(base) {
	case ".service", ".socket", ".timer", ".path", ".mount", ".conf":
		return true
	}
	return false
}

// runsSomething reports whether a file of apt's configuration runs a command; that which official images have to remove
// apt's cache does not count.
func runsSomething(text string) bool {
	for _, hook := range aptHook.FindAllString(text, -1) {
		for _, command := range quoted.FindAllStringSubmatch(hook, -1) {
			if !aptCleanup.MatchString(strings.TrimSpace(command[1])) {
				return true
			}
		}
	}
	return false
}
