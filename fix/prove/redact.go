package prove

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules/secret"
)

// redactor replaces values that are known to be secret, in the spellings in which programs print them.
type redactor struct {
	values   map[string]bool
	replacer *strings.Replacer
}

// shortest is the length in bytes from which a value is replaced also inside a word, minimum the one below which it is
// not a secret: a single letter replaced everywhere would leave no log.
const shortest, minimum = 4, 2

func (r *redactor) add(values ...string) {
	if r.values == nil {
		r.values = map[string]bool{}
	}
	before := len(r.values)
	for _, v := range values {
		r.addSpellings(v)
		if strings.ContainsAny(v, "\r\n") { // each line may be printed without the others
			for line := range strings.Lines(v) {
				const telling = 8 // a shorter line, such as a brace, is in many texts
				if line = strings.TrimSpace(line); len(line) >= telling {
					r.addSpellings(line)
				}
			}
		}
	}
	if len(r.values) == before {
		return
	}
	var pairs []string
	// The longest first, so that no rest of a value is left behind one that it begins with.
	for _, v := range slices.SortedFunc(mapKeys(r.values), func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	}) {
		if len(v) >= shortest {
			pairs = append(pairs, v, secret.Masked)
		}
	}
	r.replacer = strings.NewReplacer(pairs...)
}

func mapKeys(set map[string]bool) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range set {
			if !yield(k) {
				return
			}
		}
	}
}

// addSpellings adds a value as it is, and as shells, JSON, URLs and base64 write it.
func (r *redactor) addSpellings(value string) {
	if value = strings.TrimSpace(value); len(value) < minimum || value == secret.Masked {
		return
	}
	quoted, _ := json.Marshal(value)
	inJSON := string(quoted[1 : len(quoted)-1])
	for _, spelling := range []string{
		value, inJSON, strings.ReplaceAll(inJSON, `\`, `\\`), strings.Trim(command.Quote(value), "'"),
		url.QueryEscape(value),
		url.PathEscape(value),
	} {
		r.values[spelling] = true
	}
	raw := base64.RawStdEncoding.EncodeToString([]byte(value))
	if len(value) >= shortest {
		r.values[raw] = true
		r.values[base64.RawURLEncoding.EncodeToString([]byte(value))] = true
	}
}

// redact replaces known values and what looks like a secret. The text keeps its number of lines.
func (r *redactor) redact(text string) string {
	if r.replacer != nil {
		text = r.replacer.Replace(text)
		for v := range r.values {
			if len(v) < shortest {
				text = replaceWord(text, v)
			}
		}
	}
	return secret.Mask(text)
}

// replaceWord replaces a short value where it is a word of its own.
func replaceWord(text, value string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, value)
		if i < 0 {
			return b.String() + text
		}
		end := i + len(value)
		inside := i > 0 && isWordByte(text[i-1]) || end < len(text) && isWordByte(text[end])
		b.WriteString(text[:i])
		if inside {
			b.WriteString(value)
		} else {
			b.WriteString(secret.Masked)
		}
		text = text[end:]
	}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// SecretParts returns the parts of a text that rules/secret would mask.
func SecretParts(text string) []string {
	var parts []string
	originals := strings.Split(text, "\n")
	for i, masked := range strings.Split(secret.Mask(text), "\n") {
		if i >= len(originals) || masked == originals[i] {
			continue
		}
		rest := originals[i]
		pieces := strings.Split(masked, secret.Masked)
		for j, piece := range pieces {
			at := strings.Index(rest, piece)
			if j == len(pieces)-1 && piece == "" {
				at = len(rest)
			} else if j == len(pieces)-1 {
				at = strings.LastIndex(rest, piece)
			}
			if at < 0 {
				parts = append(parts, rest)
				break
			}
			if j > 0 && at > 0 {
				parts = append(parts, rest[:at])
			}
			rest = rest[at+len(piece):]
		}
	}
	return parts
}

// PairSecrets returns what is secret of the value of a named thing: a variable, a label, an annotation.
func PairSecrets(name, value string) []string {
	found := append(SecretParts(name+"="+value), SecretParts(value)...)
	if _, ok := secret.DetectPair(name, value); ok && !strings.ContainsAny(value, " \t\n") &&
		!strings.Contains(value, "://") {
		found = append(found, value)
	}
	return found
}

// commandSecrets returns the values of a command line that are secret.
func commandSecrets(words []string) []string {
	made, err := command.Parse(words)
	if err != nil {
		return SecretParts(strings.Join(words, "\n"))
	}
	var found []string
	for _, o := range made.Options {
		switch o.Name {
		case "env", "label", "annotation":
			name, value, _ := strings.Cut(o.Value, "=")
			found = append(found, PairSecrets(name, value)...)
		default:
			found = append(found, SecretParts("--"+o.Name+"="+o.Value)...)
			found = append(found, SecretParts(o.Value)...)
		}
	}
	args := made.Args
	for i := range secret.DetectArgs(args) {
		word := args[i]
		// A word that is a whole command holds more than the secret.
		if !strings.ContainsAny(word, " \t\n") {
			if _, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(word, "-") {
				word = value
			}
			found = append(found, strings.TrimPrefix(word, "-p"))
		}
	}
	for _, text := range append(slices.Clone(args), command.Join(args), strings.Join(args, " ")) {
		found = append(found, SecretParts(text)...)
	}
	return found
}
