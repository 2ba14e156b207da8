package secret

import (
	"strings"
	"unicode"
)

// words splits a variable's, label's or option's name into its words in lower case: at whatever is no letter or digit and
// where the case changes, so that "DB_PASSWORD", "db-password", "spring.datasource.password" and "dbPassword" agree.
func words(name string) []string {
	var found []string
	start := -1
	flush := func(end int) {
		if start >= 0 && end > start {
			found = append(found, strings.ToLower(name[start:end]))
		}
		start = -1
	}
	var last rune
	for i, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush(i)
		case start < 0:
			start = i
		case unicode.IsUpper(r) && unicode.IsLower(last):
			flush(i)
			start = i
		}
		last = r
	}
	flush(len(name))
	return found
}

var (
	// secretWords make a name that of a secret wherever they stand.
	secretWords = setOf("password", "passwd", "passphrase", "passcode", "secret", "secrets", "token", "credential", "credentials",
		"apikey", "authkey", "privatekey", "secretkey", "accesskey", "psk", "mnemonic", "keypass", "storepass", "requirepass",
		"masterauth", "bearer", "passwort", "userpass", "dbpass", "dbpassword", "rootpassword")
	// lastWords do so only at the end.
	lastWords = setOf("pass", "pwd", "pw", "pat", "salt", "cookie", "pepper")
	// keyWords before "key" make it a secret one; a key without them may be a public one, a database's or a keyboard's.
	keyWords = setOf("api", "access", "secret", "private", "priv", "encryption", "encrypt", "decryption", "crypt", "crypto", "cipher",
		"signing", "sign", "signature", "auth", "authentication", "master", "license", "account", "storage", "shared", "service",
		"jwt", "hmac", "aes", "session", "cookie", "app", "application", "admin", "deploy", "ssh", "nonce", "write", "read",
		"preshared", "pre", "rpc", "webhook", "integration", "in", "security", "join", "vapid", "wireguard", "wg", "recovery", "unseal")
	// aboutWords at the end say that the value is about a secret and not the secret: where it is, how long, how old.
	aboutWords = setOf("file", "files", "path", "paths", "dir", "directory", "folder", "location", "name", "names", "id", "ids", "length",
		"len", "size", "min", "max", "minimum", "maximum", "ttl", "expiry", "expires", "expiration", "expire", "expired", "lifetime",
		"timeout", "age", "days", "hours", "minutes", "seconds", "sec", "interval", "enabled", "enable", "disabled", "disable",
		"required", "require", "type", "types", "algorithm", "alg", "algo", "header", "headers", "issuer", "audience", "endpoint",
		"endpoints", "url", "uri", "urls", "host", "hostname", "port", "version", "sha", "sha1", "sha256", "sha512", "md5", "checksum",
		"digest", "hash", "hashes", "fingerprint", "policy", "count", "limit", "prefix", "suffix", "format", "field", "mode", "scheme",
		"scope", "scopes", "method", "methods", "provider", "backend", "store", "manager", "driver", "encoding", "charset", "regex",
		"pattern", "hint", "reset", "strength", "rotation", "rounds", "cost", "server", "user", "username", "email", "cert",
		"certificate", "crt", "pub", "public", "command", "cmd", "script", "env", "var", "ref", "arn", "alias", "bits", "usage",
		"allowed", "source", "key_id", "kid", "mount", "engine", "grant", "refresh", "parameter", "claims", "strategy", "plugin", "encryption")
	// ordinary is what looks like a secret's name and is none.
	ordinary = setOf("pwd", "oldpwd")
)

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// namesSecret reports whether a name says that its value is a secret.
func namesSecret(name string) bool {
	w := words(name)
	for len(w) > 1 && isNumber(w[len(w)-1]) { // PASSWORD_1
		w = w[:len(w)-1]
	}
	if len(w) == 0 || len(w) == 1 && ordinary[w[0]] {
		return false
	}
	last := strings.TrimRight(w[len(w)-1], "0123456789")
	if aboutWords[last] || aboutWords[w[len(w)-1]] {
		return false
	}
	for i, word := range w {
		if secretWords[word] || strings.HasSuffix(word, "password") || strings.HasSuffix(word, "passwd") || strings.HasSuffix(word, "apikey") {
			return true
		}
		if (word == "key" || word == "keys") && i > 0 && keyWords[w[i-1]] && !isPublic(w) {
			return true
		}
	}
	return lastWords[last]
}

func isPublic(words []string) bool {
	for _, w := range words {
		if w == "public" || w == "pub" || w == "site" {
			return true
		}
	}
	return false
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// namesDigest reports whether a name says that its value is a checksum, a fingerprint, a revision or an identifier.
func namesDigest(name string) bool {
	for _, w := range words(name) {
		switch strings.TrimRight(w, "0123456789") {
		case "sha", "sum", "shasum", "md", "checksum", "checksums", "digest", "hash", "fingerprint", "commit", "revision", "rev", "version", "id", "uuid",
			"cert", "certificate", "public", "pub", "site", "integrity", "signature", "gpg", "pgp", "etag", "build", "ref", "image":
			return true
		}
	}
	return false
}
