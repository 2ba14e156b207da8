// Package secret answers one question: is this string a secret?
//
// Four things make one: a name that promises a secret with a value that can be one; a token whose issuer made it
// recognisable; a URL with a password in it; and, with low confidence, a string that looks drawn at random. What only
// stands in for a secret is left alone: placeholders, ${VARIABLES}, paths and *_FILE, switches, versions, digests,
// fingerprints and password hashes.
//
// # Why own code
//
// github.com/zricethezav/gitleaks/v8 is the well-kept library for this. It is made for source code: it wants entropy behind a key's
// name, so that it misses DB_PASSWORD=hunter2 and postgres://u:p@h/db, which are what people really write into containers,
// and it takes GPG_KEY=<fingerprint>, which official images carry, for a secret. It brings 62 modules, takes 45 ms to start and
// 0.18 ms a string. The names of a container's settings say far more than those in source code, so a small set of rules over
// them does better: testdata/corpus.txt holds labelled lines and a test asserts precision and recall over it. The figures of both
// stand in CORPUS.md beside it.
//
// Nothing here ever returns a secret's value, or a part of it.
package secret

import (
	"maps"
	"path"
	"regexp"
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

// longest is how much of a value is looked at. Secrets are short; a megabyte of label is not worth a regular expression.
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
			return Match{What: "a value whose name says that it is secret", Confidence: Likely}, true
		}
		if isNoSecret(value) || isReference(value) {
			return Match{}, false
		}
	}
	if m, ok := inAssignments(value); ok {
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

// DetectArgs looks for secrets in the words of a command line, at most one a word. Words that hold a whole command, as those of
// `sh -c` do, are split. It returns a match for each index that has one.
func DetectArgs(line []string) map[int]Match {
	found := map[int]Match{}
	programs := map[string]bool{} // that stand before the word
	for i, word := range line {
		if i > 0 {
			programs[path.Base(line[i-1])] = true
		}
		word = cut(word)
		if strings.ContainsAny(word, " \t\n") {
			if inner := DetectArgs(split(word)); len(inner) > 0 {
				found[i] = inner[slices.Min(slices.Collect(maps.Keys(inner)))]
				continue
			}
		}
		name, value, assigned := strings.Cut(word, "=")
		if m, ok := DetectText(word); ok {
			found[i] = m
			continue
		}
		if assigned && !strings.ContainsAny(name, " \t\n/") {
			if m, ok := DetectPair(strings.TrimLeft(name, "-"), value); ok && m.Confidence > Guess {
				m.Name = name
				found[i] = m
				continue
			}
		}
		if i == 0 || found[i-1].What != "" {
			continue
		}
		before := line[i-1]
		switch {
		case strings.HasPrefix(word, "-"):
			if password, ok := strings.CutPrefix(word, "-p"); ok && len(password) > 0 && anyOf(programs, "mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mariadb-admin") && !isNoSecret(password) && !isReference(password) {
				found[i] = Match{What: "a password on a command line", Name: "-p", Confidence: Likely}
			}
		case strings.HasPrefix(before, "-") && !strings.Contains(before, "=") && namesSecret(before) && isKeyed(before, word),
			before == "-a" && anyOf(programs, "redis-cli") && isKeyed(before, word),
			before == "-p" && anyOf(programs, "sshpass") && isKeyed(before, word),
			before == "-w" && anyOf(programs, "ldapsearch", "ldapadd", "ldapmodify") && isKeyed(before, word),
			(before == "-u" || before == "--user") && anyOf(programs, "curl", "wget") && hasPassword(word),
			strings.EqualFold(before, "requirepass") && isKeyed(before, word):
			found[i] = Match{What: "a password on a command line", Name: before, Confidence: Likely}
		}
	}
	return found
}

// hasPassword reports whether USER:PASSWORD has a password.
func hasPassword(userAndPassword string) bool {
	_, password, ok := strings.Cut(userAndPassword, ":")
	return ok && !isNoSecret(password) && !isReference(password)
}

// anyOf reports whether the set holds one of the names.
func anyOf(set map[string]bool, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return set[name] })
}

// split takes a shell command apart, roughly: at white space and at what separates commands, quotes removed. It only has to
// find words that look like secrets, not to run them.
func split(command string) []string {
	return strings.FieldsFunc(separators.Replace(command), func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}

var separators = strings.NewReplacer(`"`, "", `'`, "", ";", " ", "|", " ", "&&", " ", "(", " ", ")", " ")

// assignments finds NAME=VALUE, NAME: VALUE and "NAME": "VALUE" inside a text: Java options, connection strings, JSON, the
// query of a URL.
var assignments = regexp.MustCompile(`["']?([A-Za-z][A-Za-z0-9_.-]{0,80})["']?(?:=|:[ \t]*["']?|[ \t]*=[ \t]*["']?|=["'])([^\s"';&,]+)`)

// hints holds the pieces of which at least one is in every name that namesSecret accepts inside a text.
var hints = []string{"pass", "pw", "secret", "token", "key", "cred", "psk", "mnemonic", "auth", "bearer", "pat", "salt", "cookie", "pepper"}

// mayMatch reports whether there is any of them, which is much cheaper than taking the text apart.
func mayMatch(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(hints, func(h string) bool { return strings.Contains(lower, h) })
}

func inAssignments(text string) (Match, bool) {
	if !strings.ContainsAny(text, "=:") || !mayMatch(text) {
		return Match{}, false
	}
	for _, m := range assignments.FindAllStringSubmatch(text, -1) {
		if name, value := m[1], m[2]; namesSecret(name) && isKeyed(name, value) {
			return Match{What: "a value whose name says that it is secret", Name: name, Confidence: Likely}, true
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
