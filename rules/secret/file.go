package secret

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// WantedBytes is how much of a file DetectFile looks at; keys and credentials are small.
const WantedBytes = 64 << 10

// What DetectFile says of files that hold less than a secret that opens something at once.
const (
	RepositoryHistory = "the history of a git repository, with whatever was ever committed to it"
	PasswordHash      = "the hash of an account's password"
)

// MayHold reports whether a file may hold a secret that DetectFile would find, by its path and size: it saves
// reading the others.
func MayHold(name string, size int64) bool {
	return size > 0 && (size <= WantedBytes || kindOf(name) != nil)
}

// DetectFile says what secret a file holds, by its path and its beginning, empty for none. Files that are called as if
// they did but hold none, such as an .npmrc without a token or a public key, hold none. A private key is one by its
// name or by standing at the beginning of whatever file: the sources of programs that handle keys have the line as
// well.
func DetectFile(name string, head []byte) string {
	if len(head) == 0 {
		return ""
	}
	if i := bytes.Index(head, []byte("-----BEGIN ")); i == 0 || i > 0 && looksLikeKey(name) {
		line, _, _ := bytes.Cut(head[i:], []byte("\n"))
		if bytes.Contains(line, []byte("PRIVATE KEY")) && bytes.Count(head[i:], []byte("\n")) > 2 {
			return "a private key"
		}
	}
	kind := kindOf(name)
	switch {
	case kind == nil:
		return ""
	case kind.holds != nil:
		return kind.holds(head)
	case hasSign(head, kind.signs) || hasAssignment(string(head)):
		return kind.what
	}
	return ""
}

// looksLikeKey reports whether a name is one that private keys have.
func looksLikeKey(name string) bool {
	base := path.Base(name)
	switch path.Ext(base) {
	case ".pem", ".key", ".ppk", ".asc", ".gpg", ".crt":
		return true
	}
	return strings.HasPrefix(base, "id_") || strings.HasPrefix(base, "ssh_host_") ||
		strings.Contains(strings.ToLower(base), "private")
}

// fileKind is a kind of file that is known to hold secrets.
type fileKind struct {
	// at reports whether a file is of the kind, by its name, the name of its directory, and its path.
	at func(base, dir, name string) bool
	// what says what it then holds, signs, in lower case, are words that go with a secret; an assignment that has one
	// is enough too.
	what  string
	signs []string
	// holds looks at the content in the place of the signs.
	holds func([]byte) string
}

func kindOf(name string) *fileKind {
	base, dir := path.Base(name), path.Base(path.Dir(name))
	for i := range fileKinds {
		if fileKinds[i].at(base, dir, name) {
			return &fileKinds[i]
		}
	}
	return nil
}

// called matches a file by its name, and by the name of its directory where that is not empty.
func called(in string, names ...string) func(string, string, string) bool {
	return func(base, dir, _ string) bool { return (in == "" || in == dir) && slices.Contains(names, base) }
}

// below matches a file by the beginning of its path.
func below(prefixes ...string) func(string, string, string) bool {
	return func(_, _, name string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
}

// fileKinds is where programs keep their secrets, by their own documentation.
var fileKinds = []fileKind{
	{at: func(base, _, _ string) bool { return base == ".env" || strings.HasPrefix(base, ".env.") },
		what: "a secret among its variables"},
	{at: called(".git", "HEAD"), holds: always(RepositoryHistory)},
	{at: called(".git", "config"), what: "git credentials"},
	{at: called("", ".git-credentials"), what: "git credentials", signs: []string{"@"}},
	{at: called("etc", "shadow", "shadow-"), holds: inShadow},
	// Clouds.
	{at: called(".aws", "credentials", "config"), what: "AWS credentials", signs: []string{"aws_secret_access_key",
		"aws_session_token"}},
	{
		at: func(base, dir, _ string) bool {
			return dir == "gcloud" && strings.HasSuffix(base, ".json") || base == "application_default_credentials.json"
		},
		what: "Google Cloud credentials", signs: []string{`"private_key"`, `"refresh_token"`},
	},
	{at: func(_, dir, _ string) bool { return dir == ".azure" }, what: "Azure credentials",
		signs: []string{"refreshtoken", "accesstoken", "refresh_token", "access_token", `"secret"`, `"client_secret"`}},
	{at: called(".kube", "config"), what: "Kubernetes credentials", signs: []string{"client-key-data", "token:"}},
	{at: called("", ".s3cfg", ".boto", "rclone.conf"), what: "credentials of a storage", signs: []string{"secret_key",
		"secret_access_key", "pass = "}},
	{at: called("", ".vault-token"), holds: always("a Vault token")},
	{at: called("", "credentials.tfrc.json", ".terraformrc"), what: "a Terraform token", signs: []string{"token"}},
	{at: called("gh", "hosts.yml"), what: "a GitHub token", signs: []string{"oauth_token"}},
	// Package managers and registries.
	{
		at: func(base, dir, _ string) bool {
			return dir == ".docker" && base == "config.json" || dir == "containers" && base == "auth.json"
		},
		what: "registry credentials", signs: []string{`"auth":`, "identitytoken"},
	},
	{at: called("", ".npmrc", ".yarnrc.yml"), what: "an npm token", signs: []string{"_authtoken", "_auth=", "_password",
		"npmauthtoken"}},
	{at: called("", ".pypirc", "pip.conf"), what: "a Python index's password", signs: []string{"password:"}},
	{at: called("pypoetry", "auth.toml"), what: "a Python index's password", signs: []string{"password ="}},
	{at: called(".cargo", "credentials", "credentials.toml"), what: "a Cargo registry's token",
		signs: []string{"token ="}},
	{at: called(".gem", "credentials"), what: "a RubyGems key", signs: []string{"_api_key:"}},
	{at: called(".m2", "settings.xml", "settings-security.xml"), what: "a Maven repository's password",
		signs: []string{"<password>", "<master>"}},
	{at: called(".composer", "auth.json"), what: "a Composer repository's password", signs: []string{"password",
		"-oauth", "-token", "bearer"}},
	{at: func(base, _, _ string) bool { return strings.EqualFold(base, "nuget.config") },
		what: "a NuGet feed's password", signs: []string{"cleartextpassword"}},
	{at: below("/etc/apt/auth.conf"), what: "an apt repository's password", signs: []string{"password "}},
	{at: below("/etc/apt/sources.list", "/etc/yum.repos.d/", "/etc/zypp/credentials.d/"),
		what: "a package repository's password"},
	// What else logs in somewhere.
	{at: called("", ".netrc", "_netrc"), what: "passwords for hosts", signs: []string{"password "}},
	{at: called("", ".pgpass"), what: "a database's password", holds: inPgpass},
	{at: called("", ".my.cnf"), what: "a database's password"},
	{at: below("/etc/wireguard/"), what: "a WireGuard key", signs: []string{"privatekey"}},
	{at: func(base, _, _ string) bool { return strings.HasSuffix(base, ".keytab") },
		holds: always("a Kerberos keytab")},
	{
		at: func(base, _, _ string) bool {
			ext := path.Ext(base)
			return (ext == ".p12" || ext == ".pfx" || ext == ".jks") && base != "cacerts.jks"
		},
		holds: always("a key store"),
	},
}

func always(what string) func([]byte) string { return func([]byte) string { return what } }

// inPgpass looks for a line of five fields (libpq, "The Password File").
func inPgpass(head []byte) string {
	for line := range bytes.Lines(head) {
		if !bytes.HasPrefix(line, []byte("#")) && bytes.Count(line, []byte(":")) >= 4 {
			return "a database's password"
		}
	}
	return ""
}

// inShadow looks for accounts that somebody can log in to (shadow(5)): a "!" or "*" in the field of the password
// locks one.
func inShadow(head []byte) string {
	for line := range bytes.Lines(head) {
		fields := bytes.Split(bytes.TrimSpace(line), []byte(":"))
		const fieldsOfShadow = 9
		switch {
		case len(fields) != fieldsOfShadow:
		case len(fields[1]) == 0:
			return "an account that needs no password"
		case fields[1][0] == '$' || fields[1][0] == '_':
			return PasswordHash
		}
	}
	return ""
}

func hasSign(head []byte, signs []string) bool {
	for line := range bytes.Lines(bytes.ToLower(head)) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' || line[0] == ';' {
			continue
		}
		for _, sign := range signs {
			if bytes.Contains(line, []byte(sign)) {
				return true
			}
		}
	}
	return false
}

// hasAssignment reports whether a line gives a secret to a name, or has a URL with a password.
func hasAssignment(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if _, found := DetectText(line); found && strings.Contains(line, "://") { // a password in a URL
			return true
		}
		if key, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "="); ok {
			if _, found := DetectPair(strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"'`)); found {
				return true
			}
		}
	}
	return false
}
