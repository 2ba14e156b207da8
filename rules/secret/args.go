package secret

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// passwordFlags holds the one-letter options of programs that take a password.
var passwordFlags = map[string]string{
	"redis-cli": "a", "valkey-cli": "a", "keydb-cli": "a", "redis-benchmark": "a", "sqlcmd": "P", "bcp": "P",
	"isql": "P", "sshpass": "p",
	"ldapsearch": "w", "ldapadd": "w", "ldapmodify": "w", "ldapwhoami": "w", "ldappasswd": "w", "ldapdelete": "w",
	"slappasswd":    "s",
	"mosquitto_sub": "P", "mosquitto_pub": "P", "mosquitto_rr": "P", "cqlsh": "p", "cypher-shell": "p",
	"rabbitmqadmin": "p",
	"mongo":         "p", "mongosh": "p", "mongodump": "p", "mongorestore": "p", "mongoexport": "p", "mongoimport": "p",
	"mysql": "p", "mysqldump": "p", "mysqladmin": "p", "mysqlcheck": "p", "mysqlshow": "p", "mariadb": "p",
	"mariadb-dump": "p", "mariadb-admin": "p",
	"ss-server": "k", "ss-local": "k", "ssserver": "k", "influx": "p", "couchbase-cli": "p", "cbc-ping": "P",
	"ipmitool": "P", "7z": "p",
	"zip": "P", "unzip": "P", "microsocks": "P", "useradd": "p", "docker": "p", "podman": "p", "helm": "p", "az": "p",
	"frps": "t", "snmpget": "c", "snmpwalk": "A",
}

// attached holds the programs whose password follows the option without a space, and never after one.
var attached = setOf("mysql", "mysqldump", "mysqladmin", "mysqlcheck", "mysqlshow", "mariadb", "mariadb-dump",
	"mariadb-admin", "7z")

// loginOnly holds the programs that take a password only where they log in.
var loginOnly = setOf("docker", "podman", "helm", "az")

// userFlags holds the one-letter options of programs that take USER:PASSWORD.
var userFlags = map[string]string{
	"curl": "uU", "http": "a", "https": "a", "transmission-remote": "n", "ttyd": "c", "gotty": "c", "copyparty": "a",
	"dufs": "a", "miniserve": "a",
	"smbclient": "U", "turnserver": "u", "lftp": "u", "3proxy": "u",
}

// DetectArgs looks for secrets in the words of a command line, at most one a word. Words that hold a whole command, as
// those of `sh -c` do, are split. It returns a match for each index that has one.
func DetectArgs(line []string) map[int]Match {
	found := map[int]Match{}
	a := arguments{line: line, chpasswd: slices.ContainsFunc(line,
		func(w string) bool { return path.Base(w) == "chpasswd" })}
	for i, word := range line {
		a.i = i
		if m, ok := a.detect(cut(word), found); ok {
			found[i] = m
		}
		name := path.Base(word)
		if passwordFlags[name] != "" || userFlags[name] != "" {
			a.program = name
		}
		a.login = a.login || word == "login"
	}
	return found
}

// arguments is a command line while it is gone through.
type arguments struct {
	line []string
	i    int
	// program is the last one before the word that takes passwords.
	program         string
	login, chpasswd bool
}

func (a *arguments) before(n int) string {
	if a.i < n {
		return ""
	}
	return a.line[a.i-n]
}

func (a *arguments) detect(word string, found map[int]Match) (Match, bool) {
	if strings.ContainsAny(word, " \t\n") {
		if inner := DetectArgs(split(word)); len(inner) > 0 {
			return inner[slices.Min(slices.Collect(maps.Keys(inner)))], true
		}
	}
	if m, ok := DetectText(word); ok {
		return m, true
	}
	name, value, assigned := strings.Cut(word, "=")
	if assigned && !strings.ContainsAny(name, " \t\n/") && (name[:min(1, len(name))] == "-" ||
		!strings.ContainsAny(value, " \t\n")) {
		if m, ok := DetectPair(optionName(name), value); ok && m.Confidence > Guess {
			m.Name = name
			return m, true
		}
		if takesUser(name) && hasPassword(value) {
			return Match{What: "a password on a command line", Name: name, Confidence: Likely}, true
		}
	}
	if a.i > 0 && found[a.i-1].What != "" {
		return Match{}, false
	}
	if option, password := a.password(word); password != "" && isKeyed("password", password) &&
		!strings.HasPrefix(password, "--") {
		match := Match{What: "a password on a command line", Name: option, Confidence: Likely}
		if weak[strings.ToLower(password)] {
			match.What = keyed(password).What
		}
		return match, true
	}
	return Match{}, false
}

// password returns the word, or the part of it, that is a password by where it is, and the option that it belongs to.
func (a *arguments) password(word string) (string, string) {
	before, lower := a.before(1), strings.ToLower(a.before(1))
	flag := passwordFlags[a.program]
	if loginOnly[a.program] && !a.login {
		flag = ""
	}
	users := userFlags[a.program]
	switch {
	case flag != "" && strings.HasPrefix(word, "-"+flag) && len(word) > 2 && !loginOnly[a.program] &&
		a.program != "influx":
		return "-" + flag, word[2:]
	case users != "" && len(word) > 2 && word[0] == '-' && strings.IndexByte(users, word[1]) >= 0 &&
		hasPassword(word[2:]):
		return word[:2], passwordOf(word[2:])
	case strings.Contains(users, "u") && strings.HasPrefix(word, "--user=") && hasPassword(word[len("--user="):]):
		return "--user", passwordOf(word)
	case strings.HasPrefix(word, "pass:"):
		return "pass:", word[len("pass:"):]
	case a.chpasswd && hasPassword(word) && !strings.HasPrefix(word, "-"), listed(word):
		return "", passwordOf(word)
	case strings.HasPrefix(word, "-"):
		return "", ""
	case flag != "" && before == "-"+flag && !attached[a.program]:
		return before, word
	case (strings.HasPrefix(before, "-") || strings.HasPrefix(before, "+")) && !strings.Contains(before, "=") &&
		lower != "--secret" && (namesSecret(before) || before == "-supw") && isKeyed(before, word):
		return before, word
	case strings.HasSuffix(before, ":") && namesSecret(before) && len(word) >= 6:
		return strings.TrimSuffix(before, ":"), word
	case lower == "authorization:" && isChosen(word):
		return "Authorization", word
	case users != "" && len(before) > 1 && before[0] == '-' && before[1] != '-' && strings.IndexByte(users,
		before[len(before)-1]) >= 0 && hasPassword(word),
		takesUser(before) && hasPassword(word), (before == "-u" || before == "-s") && strings.Contains(word, ";") &&
			hasPassword(word) && strings.Count(word, ";") == 1:
		return before, passwordOf(word)
	case takesUser(before) && len(word) >= 12 && isChosen(word), before == "login" && path.Base(a.before(2)) == "vault":
		return before, word
	case (before == "--user" || before == "-u") && strings.Contains(word, ":") &&
		(isChosen(passwordOf(word)) || strings.Contains(users, "u") && hasPassword(word)):
		return before, passwordOf(word)
	}
	return a.positional(word)
}

// positional returns a password that follows what a program is told to do, and not an option.
func (a *arguments) positional(word string) (string, string) {
	switch strings.ToLower(a.before(1)) {
	case "requirepass", "masterauth", "set-initial-password", "requirepass:", "--passphrase", "unseal":
		return a.before(1), word
	case "auth":
		if a.program == "redis-cli" || a.program == "valkey-cli" {
			return "AUTH", word
		}
	case "by":
		if strings.EqualFold(a.before(2), "identified") {
			return "IDENTIFIED BY", word
		}
	case "password":
		if slices.Contains([]string{"with", "login", "encrypted", "yugabyte", "user"}, strings.ToLower(a.before(2))) ||
			strings.EqualFold(a.before(3), "user") ||
			strings.EqualFold(a.before(3), "role") {
			return "PASSWORD", word
		}
	}
	switch a.before(2) {
	case "add_user", "change_password", "authenticate_user":
		return a.before(2), word
	}
	if path.Base(a.before(3)) == "htpasswd" && strings.Contains(a.before(2), "b") ||
		path.Base(a.before(4)) == "htpasswd" && strings.Contains(a.before(3), "b") {
		return "htpasswd", word
	}
	if strings.HasPrefix(a.before(2), "http") && strings.HasPrefix(path.Base(a.before(6)), "mc") {
		return "mc", word
	}
	return "", ""
}

// listed reports whether a word is USER:PASSWORD:UID, as images that make accounts take them.
func listed(word string) bool {
	fields := strings.SplitN(word, ":", 4)
	return len(fields) >= 3 && fields[0] != "" && !strings.ContainsAny(word, "/=@") && (fields[2] == "" ||
		isNumber(fields[2])) && isChosen(fields[1])
}

// takesUser reports whether the word after an option may be USER:PASSWORD.
func takesUser(option string) bool {
	lower := strings.ToLower(option)
	return strings.HasPrefix(lower, "-") && (strings.HasSuffix(lower, "auth") || strings.HasSuffix(lower, "creds") ||
		strings.HasSuffix(lower, "credential") ||
		strings.HasSuffix(lower, "-login") || lower == "--proxy-user")
}

// hasPassword reports whether USER:PASSWORD has a password.
func hasPassword(userAndPassword string) bool {
	password := passwordOf(userAndPassword)
	return password != "" && !isNoSecret(password) && !isReference(password) && !isNumber(password)
}

// passwordOf returns the password of USER:PASSWORD, USER%PASSWORD, USER;PASSWORD or USER,PASSWORD.
func passwordOf(account string) string {
	i := strings.IndexAny(account, ":%;,|")
	if i <= 0 {
		return ""
	}
	password := account[i+1:]
	if account[i] == ':' { // a UID may follow
		if before, after, ok := strings.Cut(password, ":"); ok && (after == "" || isNumber(strings.SplitN(after, ":",
			2)[0]) || after[0] == ':') {
			password = before
		}
	}
	return password
}

// accountWords at the end of a name say that its value is a user with a password, or a list of them.
var accountWords = setOf("auth", "basicauth", "user", "users", "account", "accounts", "credential", "credentials",
	"creds", "login", "list", "htpasswd", "pass", "passwords")

// roles is what may follow a user's name in the place of a password.
var roles = setOf("admin", "viewer", "editor", "user", "reader", "writer", "owner", "guest", "member", "operator",
	"readonly", "rw", "ro")

// inAccount looks for a user with a password in a value, by what its name ends in.
func inAccount(name, value string) (Match, bool) {
	w := words(name)
	if len(w) == 0 {
		return Match{}, false
	}
	last := w[len(w)-1]
	if aboutWords[last] && last != "user" {
		return Match{}, false
	}
	named := slices.Contains(w, "account") || slices.Contains(w, "accounts")
	if !accountWords[last] && !strings.HasSuffix(last, "users") && !named {
		return Match{}, false
	}
	match := Match{What: "a user's password", Confidence: Likely}
	if named && isChosen(value) {
		return match, true
	}
	sure := last == "auth" || last == "basicauth" || strings.HasPrefix(last, "cred") ||
		slices.Contains(w, "basicauth") ||
		slices.Contains(w, "auth")
	for _, account := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
		user, _, _ := strings.Cut(account, ":")
		password := passwordOf(account)
		if last == "auth" && password == "" {
			user, password, _ = strings.Cut(account, "/")
		}
		switch {
		case password == "" || !hasPassword("u:"+password) || strings.Contains(account, "//"):
		case roles[password] && user != password:
		case sure && !strings.Contains(user, "="), isChosen(password):
			return match, true
		}
	}
	return Match{}, false
}

// inOptions looks for a password among the options that a variable holds.
func inOptions(value string) (Match, bool) {
	if !strings.Contains(value, " ") || !strings.Contains(value, "-") {
		return Match{}, false
	}
	matches := DetectArgs(split(value))
	for _, i := range slices.Sorted(maps.Keys(matches)) {
		if matches[i].Confidence > Guess {
			return matches[i], true
		}
	}
	return Match{}, false
}

// optionName returns the name of an option, without its dashes and the D of Java's properties.
func optionName(option string) string {
	if property, ok := strings.CutPrefix(option, "-D"); ok {
		return property
	}
	return strings.TrimLeft(option, "-")
}
