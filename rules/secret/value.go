package secret

import (
	"math"
	"regexp"
	"strings"
	"sync"
)

// lazy compiles a pattern when it is first needed: a start that looks for no secret pays for none.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

var (
	// placeholders say that they have to be replaced.
	placeholders = lazy(`(?i)^(?:<[^>]*>|\[[^\]]*\]|%[^%]+%|__[^_].*__|@[A-Z_]+@)$|change[ _-]?(?:me|this|it)|` +
		`please[ _-]?change|` +
		`replace[ _-]?(?:me|this|with)|^_?replace_?$|(?:^|[ _-])your[ _-]|^(?:sk-)?your[a-z_ -]*$|choose[ _-]?(?:a|your|` +
		`strong)|` +
		`^(?:use|set|pick|enter|put|generate|insert|paste|provide)[ _-]|placeholder|fill[ _-]?(?:me|in)|set[ _-]me|` +
		`(?:^|[ _-])(?:todo|tbd|fixme|redacted|dummy)(?:[ _-]|$)|(?:[ _-]|token|password|key|secret)here$|` +
		`(?-i:EXAMPLE(?:KEY)?$)|^(?-i:(?:MY|SOME)_[A-Z_]+)$|not[ _-]?(?:a[ _-]?)?real|^to[ _-]be[ _-]|^foobar$|` +
		`^(?:sk-)?(?:no|not)[ _-]?(?:key|needed|required|used|token)|` +
		`^(?:sk-)?(?:fake|unused|ollama|lm-studio|empty|na|x+)$|` +
		`` +
		`^x+(?:[ _-]x+)+$|^!+[a-z_]+!+$`)
	// files are named without their directory, or below one without a leading slash.
	files = lazy(`^[A-Za-z0-9_./@-]+\.(?:pem|key|crt|cert|json|ya?ml|csv|p12|pfx|jks|txt|conf|toml|ini|env|pub|asc|gpg|` +
		`lic)$|` +
		`^id_[a-z0-9]+$|^[a-z][a-z_.-]*(?:/[a-z0-9_.-]+)+$|^%[^%]+%/|^@/`)
	// publicKeys are meant to be read by everybody.
	publicKeys = lazy(`^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[a-z0-9-]+) AAAA|^age1[a-z0-9]{20}|^pk_(?:live|test)_|` +
		`^-----BEGIN (?:PUBLIC KEY|CERTIFICATE)|^RWQ[A-Za-z0-9+/=]{50,54}$`)
	// references name the place where the value comes from.
	references = lazy("^`|^" + `\$\$?\{?[A-Za-z_(]|\$\{[A-Za-z_]|\{\{|%\([a-z_A-Z]+\)s|^(?i:file|env|vault|secret|` +
		`secretref|ssm|sm|op|arn|ref\+[a-z]+|azurekeyvault|keyvault|gcpsm|sops|doppler|bws|keyring):|` +
		`^ENC\[[A-Z0-9_]+,|^(?:\.{0,2}|~)(?:/[A-Za-z0-9._@%-]+)+/?(?::[A-Za-z,]+)?$|^projects/[^/]+/secrets/|^[A-Z]:\\`)
	// hashes are made so that they can be seen.
	hashes = lazy(`^(?:\$\$?(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:id?|d)?|scrypt|pbkdf2[a-z0-9-]*)\$|(?i:sha(?:1|` +
		`224|256|384|512)|md5)[:-]|\{(?:S?SHA|S?MD5|CRYPT)[0-9]*\}|SCRAM-SHA-|\*[0-9A-F]{40}$|pbkdf2[_:])`)
	numbered   = lazy(`^v?[0-9]+(?:\.[0-9]+)+(?:[-+~.][A-Za-z0-9.+~-]*)?$|^[0-9]+(?:ms|s|m|h|d|w|y|k|kb|mb|gb|ki|mi|gi)$`)
	plainURL   = lazy(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	constant   = lazy(`^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$`)
	uuid       = lazy(`^\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$`)
	hexadecim  = lazy(`^(?:0x)?[0-9a-fA-F:]+$`)
	randomness = lazy(`^[A-Za-z0-9+/_-]{20,512}={0,2}$`)
)

// isReference reports whether a value says where the secret is, and is not the secret.
func isReference(value string) bool { return references().MatchString(value) }

// isPlaceholder reports whether a value waits to be replaced by a real one.
func isPlaceholder(value string) bool {
	if strings.Contains(value, "***") || strings.Contains(value, "...") || strings.Contains(value, "…") {
		return true
	}
	if value == "changeme" || value == "changeit" { // programs have these by default, and attackers try them first
		return false
	}
	return placeholders().MatchString(value) || len(value) > 2 && strings.Count(strings.ToLower(value),
		strings.ToLower(value[:1])) == len(value) && (!isNumber(value) || len(value) > 8)
}

// isNoSecret reports whether a value cannot be a secret whatever its name says: a switch, a number of a version, a
// list of
// nothing, a placeholder, a hash.
func isNoSecret(value string) bool {
	value = strings.Trim(value, `"' `)
	if len(value) < 3 {
		return true
	}
	switch strings.ToLower(value) {
	case "true", "false", "yes", "off", "none", "null", "nil", "undefined", "enabled", "disabled", "enable", "disable",
		"default", "auto",
		"automatic", "required", "optional", "never", "always", "empty", "unset", "n/a", "random", "prompt", "xxx",
		"any", "all", "self-signed", "prohibit-password", "without-password",
		"basic", "bearer", "file", "stdin", "argon2id", "bcrypt", "scram-sha-256", "oidc", "ldap", "jwt":
		return true
	}
	return isPlaceholder(value) || numbered().MatchString(value) || hashes().MatchString(value)
}

// isKeyed reports whether a value whose name promises a secret is one.
func isKeyed(name, value string) bool {
	value = strings.Trim(value, `"' `)
	switch {
	// CurseForge's keys look like one
	case hashes().MatchString(value) && strings.Contains(strings.ToLower(name), "api_key"):
		return true
	case isNoSecret(value), isReference(value), plainURL().MatchString(value), files().MatchString(value),
		publicKeys().MatchString(value):
		return false
	case isNumber(value) && len(value) < 8 && !namesPassword(name):
		return false
	case isCookieName(name, value):
		return false
	case constant().MatchString(value) && namesSecret(value): // the name of the variable that holds it
		return false
	// a structure; what is in it is looked at by itself
	case strings.ContainsAny(value[:1], "{[(") && strings.ContainsAny(value[len(value)-1:], "}])"):
		return false
	case strings.Count(value, " ") > 3 && !strings.Contains(strings.ToLower(name), "phrase") &&
		!strings.Contains(strings.ToLower(name), "mnemonic"):
		return false // a sentence
	}
	return true
}

// isRandom reports whether a value without a telling name looks as if drawn at random. Hexadecimal strings are left
// alone:
// without a name they are digests, fingerprints and IDs far more often than keys.
func isRandom(value string) bool {
	if !randomness().MatchString(value) || uuid().MatchString(value) || hexadecim().MatchString(value) ||
		publicKeys().MatchString(value) || isNoSecret(value) || isReference(value) {
		return false
	}
	var classes [3]bool
	changes, last := 0, -1
	for _, r := range value {
		class := 0
		switch {
		case r >= 'a' && r <= 'z':
		case r >= 'A' && r <= 'Z':
			class = 1
		case r >= '0' && r <= '9':
			class = 2
		default:
			continue
		}
		classes[class] = true
		if last >= 0 && class != last {
			changes++
		}
		last = class
	}
	// In a random base64 string six of ten neighbours are of different classes, in words joined by capitals three.
	const mixed = 0.42
	return classes[0] && classes[1] && classes[2] && float64(changes) >= mixed*float64(len(value)) &&
		entropy(value) >= 3.8
}

// entropy is Shannon's, in bits a byte.
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	var bits float64
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// isChosen reports whether a value looks like a password or a key even where its name promises little: letters and
// digits
// are mixed, and nothing separates words.
func isChosen(value string) bool {
	if isNoSecret(value) || isReference(value) || files().MatchString(value) || uuid().MatchString(value) {
		return false
	}
	digit := strings.ContainsAny(value, "0123456789")
	letter := strings.ContainsFunc(value, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
	return len(value) >= 6 && digit && letter && !strings.ContainsAny(value, " -_.,:/")
}

// isCookieName reports whether the value of a name that ends in "cookie" is what the cookie is called.
func isCookieName(name, value string) bool {
	w := words(name)
	return len(w) > 0 && w[len(w)-1] == "cookie" && (len(value) < 16 || strings.ContainsAny(value, "_-."))
}

// weak holds passwords that images have by default and that attackers try first.
var weak = setOf("changeme", "changeit", "example", "examplepass", "admin", "administrator", "password", "passwd",
	"pass", "passw0rd", "secret",
	"postgres", "root", "toor", "mysql", "mariadb", "mongo", "mongodb", "redis", "guest", "rabbitmq", "test", "demo",
	"user", "default", "oracle", "sa",
	"minioadmin", "adminadmin", "admin123", "1234", "12345", "123456", "12345678", "123456789", "qwerty", "letmein",
	"welcome", "welcome1", "neo4j",
	"cassandra", "couchdb", "grafana", "wordpress", "nextcloud", "keycloak", "gitea", "odoo", "airflow", "public",
	"calvin", "hackme", "insecure",
	"mysecretpassword", "my-secret-pw", "p@ssw0rd", "password1", "password123", "foobared")

// keyed is the match of a value whose name promises a secret.
func keyed(value string) Match {
	if weak[strings.ToLower(strings.Trim(value, `"' `))] {
		return Match{What: "a password that attackers try first", Confidence: Likely}
	}
	return Match{What: "a value whose name says that it is secret", Confidence: Likely}
}
