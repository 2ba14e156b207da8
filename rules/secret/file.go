package secret

import (
	"bytes"
	"path"
	"strings"
)

// WantedBytes is how much of a file InFile looks at.
const WantedBytes = 64 << 10

// MayHold reports whether a file may hold a secret that InFile would find, by its path and size: it saves reading the others.
func MayHold(name string, size int64) bool {
	if size == 0 {
		return false
	}
	const largestKey = 64 << 10 // keys and credentials are small
	_, known := credentialFile(name)
	return known || size <= largestKey && looksLikeKey(name)
}

// looksLikeKey reports whether a name is one that private keys have.
func looksLikeKey(name string) bool {
	base := path.Base(name)
	switch path.Ext(base) {
	case ".pem", ".key", ".p12", ".pfx", ".jks", ".ppk", ".asc", ".gpg":
		return true
	}
	return strings.HasPrefix(base, "id_") || strings.HasPrefix(base, "ssh_host_") || strings.Contains(strings.ToLower(base), "private")
}

// credentialFile says what a path is known to hold.
func credentialFile(name string) (string, bool) {
	base, dir := path.Base(name), path.Base(path.Dir(name))
	switch {
	case base == ".env" || strings.HasPrefix(base, ".env."):
		return "a secret among its variables", true
	case dir == ".aws" && (base == "credentials" || base == "config"):
		return "AWS credentials", true
	case dir == "gcloud" && strings.HasSuffix(base, ".json"), base == "application_default_credentials.json":
		return "Google Cloud credentials", true
	case dir == ".azure":
		return "Azure credentials", true
	case dir == ".kube" && base == "config":
		return "Kubernetes credentials", true
	case dir == ".docker" && base == "config.json", dir == "containers" && base == "auth.json":
		return "registry credentials", true
	case base == ".netrc" || base == "_netrc":
		return "passwords for hosts", true
	case base == ".npmrc" || base == ".yarnrc.yml":
		return "an npm token", true
	case base == ".pypirc" || base == "pip.conf":
		return "a Python index's password", true
	case strings.HasPrefix(path.Dir(name), "/etc/apt/auth.conf") || name == "/etc/apt/auth.conf":
		return "an apt repository's password", true
	case base == ".git-credentials", dir == ".git" && base == "config":
		return "git credentials", true
	case base == ".pgpass" || base == ".my.cnf":
		return "a database's password", true
	}
	return "", false
}

// InFile says what secret a file holds, by its path and its beginning, empty for none. Files that are called as if they did but hold none, such
// as an .npmrc without a token or a public key, hold none.
func InFile(name string, head []byte) string {
	if i := bytes.Index(head, []byte("-----BEGIN ")); i >= 0 {
		line, _, _ := bytes.Cut(head[i:], []byte("\n"))
		if bytes.Contains(line, []byte("PRIVATE KEY")) && bytes.Count(head[i:], []byte("\n")) > 2 {
			return "a private key"
		}
	}
	if ext := path.Ext(name); (ext == ".p12" || ext == ".pfx" || ext == ".jks") && len(head) > 0 {
		return "a key store"
	}
	what, ok := credentialFile(name)
	if !ok {
		return ""
	}
	for _, sign := range []string{"aws_secret_access_key", "aws_session_token", "_authtoken", "_auth=", "_password", "npmauthtoken", "\"auth\":", "identitytoken", "client-key-data", "token:", "\"private_key\"", "\"refresh_token\"", "refreshtoken", "accesstoken"} {
		if bytes.Contains(bytes.ToLower(head), []byte(sign)) {
			return what
		}
	}
	for line := range strings.SplitSeq(string(head), "\n") {
		line = strings.TrimSpace(line)
		if _, found := InText(line); found && strings.Contains(line, "://") { // a password in a URL
			return what
		}
		if fields := strings.Fields(line); strings.Contains(line, "password ") && len(fields) > 1 && (path.Base(name) == ".netrc" || path.Base(name) == "_netrc" || strings.HasPrefix(name, "/etc/apt/auth.conf")) {
			return what
		}
		if key, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "="); ok && !strings.HasPrefix(line, "#") {
			if _, found := InPair(strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"'`)); found {
				return what
			}
		}
	}
	if base := path.Base(name); base == ".pgpass" && bytes.Count(head, []byte(":")) >= 4 || base == ".git-credentials" && bytes.Contains(head, []byte("@")) {
		return what
	}
	return ""
}
