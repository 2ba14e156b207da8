package secret

import (
	"strings"
	"unicode"
)

// words splits a variable's, label's or option's name into its words in lower case: at whatever is no letter or digit
// and where the case changes, so that "DB_PASSWORD", "db-password", "spring.datasource.password" and "dbPassword"
// agree.
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
	secretWords = setOf("password", "passwd", "passphrase", "passcode", "secret", "secrets", "token", "credential",
		"credentials",
		"apikey", "authkey", "privatekey", "secretkey", "accesskey", "psk", "mnemonic", "keypass", "storepass",
		"requirepass", "masterauth", "bearer", "senha", "macaroon", "authtoken", "bindpass", "storepassword", "fernet",
		"passwort", "userpass", "dbpass", "dbpassword", "rootpassword")
	// lastWords do so only at the end.
	lastWords = setOf("pass", "community", "masterkey", "enckey", "pin", "htpasswd", "pwd", "pw", "pat", "salt",
		"cookie", "pepper")
	// keyWords before "key" make it a secret one; a key without them may be a public one, a database's or a keyboard's.
	keyWords = setOf("api", "access", "secret", "private", "priv", "encryption", "encrypt", "decryption", "crypt",
		"crypto", "cipher",
		"signing", "sign", "signature", "auth", "authentication", "master", "license", "account", "storage", "shared",
		"service",
		"jwt", "hmac", "aes", "session", "cookie", "app", "application", "admin", "deploy", "ssh", "nonce", "write",
		"read", "preshared", "pre", "rpc", "webhook", "integration", "in", "security", "join", "vapid", "wireguard",
		"wg", "recovery", "unseal",
		"enc", "user", "fernet", "encrypted", "setup", "enroll", "activation", "product", "des", "primary",
		"deterministic", "cluster", "gossip")
	// aboutWords at the end say that the value is about a secret and not the secret: where it is, how long, how old.
	aboutWords = setOf("file", "files", "path", "paths", "dir", "directory", "folder", "location", "name", "names",
		"id", "ids", "length",
		"len", "size", "min", "max", "minimum", "maximum", "ttl", "expiry", "expires", "expiration", "expire",
		"expired", "lifetime",
		"timeout", "age", "days", "hours", "minutes", "seconds", "sec", "interval", "enabled", "enable", "disabled",
		"disable",
		"required", "require", "type", "types", "algorithm", "alg", "algo", "header", "headers", "issuer", "audience",
		"endpoint",
		"endpoints", "url", "uri", "urls", "host", "hostname", "port", "version", "sha", "sha1", "sha256", "sha512",
		"md5", "checksum",
		"digest", "hash", "hashes", "fingerprint", "policy", "count", "limit", "prefix", "suffix", "format", "field",
		"mode", "scheme",
		"scope", "scopes", "method", "methods", "provider", "backend", "store", "manager", "driver", "encoding",
		"charset", "regex",
		"pattern", "hint", "reset", "strength", "rotation", "rounds", "cost", "server", "user", "username", "email",
		"cert", "certificate", "crt", "pub", "public", "command", "cmd", "script", "env", "var", "ref", "arn", "alias",
		"bits", "usage",
		"allowed", "source", "key_id", "kid", "mount", "engine", "grant", "parameter", "claims", "strategy", "plugin",
		"encryption",
		"complexity", "hashing", "hasher", "hashers", "iterations", "role", "storage", "helper", "login",
		"authentication", "encoder", "prompt",
		"protected", "rules", "score", "change", "validity", "leeway", "cache", "budget", "audience", "in", "realm",
		"domain", "samesite", "secure",
		"minute", "second", "verify", "authn", "column", "rp", "sock", "fields", "origins", "class", "changes", "day",
		"month", "sitekey")
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
	if len(w) > 1 && last == "auth" { // PASSWORD_AUTH is a switch; what REDIS_AUTH holds is looked at by inAccount
		return false
	}
	for i, word := range w {
		if (word == "pwd" || word == "pw" || word == "pass" && i+1 == len(w)-1) && len(w) > 1 || isPassword(word) {
			return true
		}
		if secretWords[word] || strings.HasSuffix(word, "password") || strings.HasSuffix(word, "passwd") ||
			strings.HasSuffix(word, "apikey") {
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
		if strings.HasPrefix(w, "pub") || w == "site" || w == "sitekey" || w == "publishable" {
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
		switch w = strings.TrimRight(w, "0123456789"); w {
		case "sha", "sum", "shasum", "md", "checksum", "checksums", "digest", "hash", "fingerprint", "commit",
			"revision", "rev", "version", "id", "uuid",
			"cert", "certificate", "public", "pub", "publickey", "pubkey", "site", "integrity", "signature", "gpg",
			"pgp", "etag", "build", "ref", "image":
			return true
		}
	}
	return false
}

// isPassword reports whether a word ends in "pass", as "vncpass" does.
func isPassword(word string) bool {
	rest, ok := strings.CutSuffix(word, "pass")
	return ok && rest != "" && rest != "by" && rest != "com" && rest != "tres" && rest != "over" && rest != "encom" &&
		rest != "sur"
}

// namesPassword reports whether a name promises what may be digits alone.
func namesPassword(name string) bool {
	for _, w := range words(name) {
		if strings.HasPrefix(w, "pass") || strings.HasSuffix(w, "pass") || strings.HasSuffix(w, "password") ||
			w == "pw" ||
			w == "pwd" || w == "pin" || w == "psk" {
			return true
		}
	}
	return false
}

// codeWords before "code", "license" or "serial" as the last word make it one that opens something.
var codeWords = setOf("invite", "invitation", "activation", "access", "auth", "signup", "registration", "pin", "setup")

// namesKeyVaguely reports whether a name may be that of a secret, which the value then has to confirm.
func namesKeyVaguely(name string) bool {
	w := words(name)
	if len(w) == 0 || isPublic(w) || namesDigest(name) {
		return false
	}
	last := strings.TrimRight(w[len(w)-1], "0123456789")
	switch last {
	case "license", "serial":
		return true
	case "code":
		return len(w) > 1 && codeWords[w[len(w)-2]]
	case "key", "keys", "auth":
		return len(w) > 1
	}
	return strings.HasSuffix(last, "key")
}

// isLicense reports whether a name is that of a license, a serial number or a code, and its value has groups as
// those do.
func isLicense(name, value string) bool {
	w := words(name)
	last := w[len(w)-1]
	return (last == "license" || last == "serial" || last == "code") && isChosen(strings.ReplaceAll(value, "-", ""))
}
