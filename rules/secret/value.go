package secret

import (
	"math"
	"regexp"
	"strings"
)

var (
	// placeholders stand where a value is to be filled in.
	placeholders = regexp.MustCompile(`(?i)^(?:<[^>]*>|\[[^\]]*\]|%[^%]+%|__[^_].*__|@[A-Z_]+@)$|change[ _-]?(?:me|this|it)(?:[^a-z]|$)|replace[ _-]?(?:me|this|with)|` +
		`(?:^|[ _-])your[ _-]|^your[a-z]*(?:password|secret|token|key)|placeholder|fill[ _-]?(?:me|in)|insert[ _-]|(?:^|[ _-])(?:todo|fixme|redacted|dummy)(?:[ _-]|$)|` +
		`[ _-]here$|^example|example(?:key)?$|not[ _-]?(?:a[ _-]?)?real|^to[ _-]be[ _-]|^(?:my|some)[ _-]?(?:password|secret|token|api[ _-]?key|key)$`)
	// references name the place where the value comes from.
	references = regexp.MustCompile(`^\$\{?[A-Za-z_(]|\$\{[A-Za-z_]|\{\{|%\([a-z_A-Z]+\)s|^(?i:file|env|vault|secret|secretref|ssm|sm|op|arn|ref\+[a-z]+|azurekeyvault|keyvault|gcpsm|sops|doppler|bws|keyring):|` +
		`^(?:\.{0,2}|~)(?:/[A-Za-z0-9._@%-]+)+/?$|^projects/[^/]+/secrets/|^[A-Z]:\\`)
	// hashes are made so that they can be seen.
	hashes     = regexp.MustCompile(`^(?:\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:id?|d)?|scrypt|pbkdf2[a-z0-9-]*)\$|(?i:sha(?:1|224|256|384|512)|md5)[:-]|\{(?:S?SHA|S?MD5|CRYPT)[0-9]*\}|SCRAM-SHA-|pbkdf2[_:])`)
	numbered   = regexp.MustCompile(`^v?[0-9]+(?:\.[0-9]+)+(?:[-+~.][A-Za-z0-9.+~-]*)?$|^[0-9]+(?:ms|s|m|h|d|w|y|k|kb|mb|gb|ki|mi|gi)$`)
	plainURL   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	constant   = regexp.MustCompile(`^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$`)
	uuid       = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$`)
	hexadecim  = regexp.MustCompile(`^(?:0x)?[0-9a-fA-F:]+$`)
	randomness = regexp.MustCompile(`^[A-Za-z0-9+/_-]{20,512}={0,2}$`)
)

// isReference reports whether a value says where the secret is, and is not the secret.
func isReference(value string) bool { return references.MatchString(value) }

// isPlaceholder reports whether a value waits to be replaced by a real one.
func isPlaceholder(value string) bool {
	if strings.Contains(value, "***") || strings.Contains(value, "...") || strings.Contains(value, "…") {
		return true
	}
	return placeholders.MatchString(value) || len(value) > 2 && strings.Count(strings.ToLower(value), strings.ToLower(value[:1])) == len(value) && !isNumber(value)
}

// isNoSecret reports whether a value cannot be a secret whatever its name says: a switch, a number of a version, a list of
// nothing, a placeholder, a hash.
func isNoSecret(value string) bool {
	value = strings.Trim(value, `"' `)
	if len(value) < 3 {
		return true
	}
	switch strings.ToLower(value) {
	case "true", "false", "yes", "off", "none", "null", "nil", "undefined", "enabled", "disabled", "enable", "disable", "default", "auto",
		"automatic", "required", "optional", "never", "always", "empty", "unset", "n/a", "random", "prompt", "xxx", "any", "all":
		return true
	}
	return isPlaceholder(value) || numbered.MatchString(value) || hashes.MatchString(value)
}

// isKeyed reports whether a value whose name promises a secret is one.
func isKeyed(name, value string) bool {
	value = strings.Trim(value, `"' `)
	switch {
	case isNoSecret(value), isReference(value), plainURL.MatchString(value):
		return false
	case constant.MatchString(value) && namesSecret(value): // the name of the variable that holds it
		return false
	case strings.ContainsAny(value[:1], "{[("): // a structure; what is in it is looked at by itself
		return false
	case strings.Count(value, " ") > 3 && !strings.Contains(strings.ToLower(name), "phrase") && !strings.Contains(strings.ToLower(name), "mnemonic"):
		return false // a sentence
	}
	return true
}

// isRandom reports whether a value without a telling name looks as if drawn at random. Hexadecimal strings are left alone:
// without a name they are digests, fingerprints and IDs far more often than keys.
func isRandom(value string) bool {
	if !randomness.MatchString(value) || uuid.MatchString(value) || hexadecim.MatchString(value) || isNoSecret(value) || isReference(value) {
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
	return classes[0] && classes[1] && classes[2] && float64(changes) >= mixed*float64(len(value)) && entropy(value) >= 3.8
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
