// Package secret answers one question: is this string a secret?
//
// Four things make one: a name that promises a secret with a value that can be one; a token whose issuer made it
// recognisable; a URL with a password in it; and, with low confidence, a string that looks drawn at random. What only
// stands in for a secret is left alone: placeholders, ${VARIABLES}, paths and *_FILE, switches, versions, digests,
// fingerprints and password hashes.
//
// # Why own code
//
// github.com/zricethezav/gitleaks/v8 is the well-kept library for this. It is made for source code: it wants entropy
// behind a key's name, so that it misses DB_PASSWORD=hunter2 and postgres://u:p@h/db, which are what people really
// write into containers, and it takes GPG_KEY=<fingerprint>, which official images carry, for a secret. It brings 62
// modules, takes 45 ms to start and 0.18 ms a string. The names of a container's settings say far more than those in
// source code, so a small set of rules over them does better: testdata/corpus.txt holds labelled lines and a test
// asserts precision and recall over it. The figures of both stand in CORPUS.md beside it.
//
// Nothing here ever returns a secret's value, or a part of it.
package secret

import (
	"slices"
	"strings"
)

// Confidence says how sure a match is.
type Confidence uint8

// The confidences.
const (
	// Guess is for a string that only looks random.
	Guess Confidence = iota + 1
	// Likely is for a value that its name makes a secret.
	Likely
	// Sure is for a known token format and for a URL with a password.
	Sure
)

// Match says what kind of secret was found. It does not hold the secret.
type Match struct {
	// What names the kind with its article, such as "a GitHub token".
	What string
	// Name is the name inside the text that made it a secret, such as "--password"; empty where the caller knows it.
	Name       string
	Confidence Confidence
}

// longest is how much of a value is looked at. Secrets are short; a megabyte of label is not worth a regular
// expression.
const longest = 64 << 10

// DetectPair looks for a secret in the value of a named thing: a variable, a label, an annotation, an option.
func DetectPair(name, value string) (Match, bool) {
	value = cut(value)
	if m, ok := inURL(value); ok {
		return m, true
	}
	if m, ok := inFormats(value); ok {
		return m, true
	}
	if namesSecret(name) {
		if isKeyed(name, value) {
			return keyed(value), true
		}
		if isNoSecret(value) || isReference(value) {
			return Match{}, false
		}
	}
	if m, ok := inAccount(name, value); ok {
		return m, true
	}
	if namesKeyVaguely(name) && isKeyed(name, value) && (isChosen(value) || isLicense(name, value)) {
		return keyed(value), true
	}
	if m, ok := inAssignments(value); ok {
		return m, true
	}
	if m, ok := inOptions(value); ok {
		return m, true
	}
	if isRandom(value) && !namesDigest(name) {
		return Match{What: "a random-looking string", Confidence: Guess}, true
	}
	return Match{}, false
}

// DetectText looks for a secret in a text without a name.
func DetectText(text string) (Match, bool) {
	text = cut(text)
	if m, ok := inURL(text); ok {
		return m, true
	}
	if m, ok := inFormats(text); ok {
		return m, true
	}
	return inAssignments(text)
}

// split takes a shell command apart, roughly: at white space and at what separates commands, quotes removed. It only
// has to find words that look like secrets, not to run them.
func split(command string) []string {
	return strings.FieldsFunc(separators.Replace(command), func(r rune) bool {
		return r == ' ' || r == '\t' ||
			r == '\n' || r == '\r'
	})
}

var separators = strings.NewReplacer(`"`, "", `'`, "", ";", " ", "|", " ", "&&", " ", "(", " ", ")", " ")

// assignments finds NAME=VALUE, NAME: VALUE and "NAME": "VALUE" inside a text: Java options, connection strings, JSON,
// the query of a URL.
var assignments = lazy(`["']?([A-Za-z][A-Za-z0-9_.-]{0,80})["']?(?:=|:[ \t]*["']?|[ \t]*=[ \t]*["']?|` +
	`=["'])([^\s"';&,]+)`)

// hints holds the pieces of which at least one is in every name that namesSecret accepts inside a text.
var hints = []string{"pass", "pw", "secret", "token", "key", "cred", "psk", "mnemonic", "auth", "bearer", "pat",
	"salt", "cookie", "pepper"}

// mayMatch reports whether there is any of them, which is much cheaper than taking the text apart.
func mayMatch(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(hints, func(h string) bool { return strings.Contains(lower, h) })
}

func inAssignments(text string) (Match, bool) {
	if !strings.ContainsAny(text, "=:") || !mayMatch(text) {
		return Match{}, false
	}
	for _, m := range assignments().FindAllStringSubmatch(text, -1) {
		if name, value := m[1], m[2]; namesSecret(name) && isKeyed(name, value) || strings.EqualFold(name,
			"authorization") && isChosen(value) ||
			strings.EqualFold(name, "pwd") && strings.Contains(text, ";") && isKeyed(name, value) {
			match := keyed(value)
			match.Name = name
			return match, true
		}
	}
	return Match{}, false
}

func cut(s string) string {
	if len(s) > longest {
		return s[:longest]
	}
	return s
}
