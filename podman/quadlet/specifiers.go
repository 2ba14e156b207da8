package quadlet

import (
	"path/filepath"
	"strings"

	"github.com/podlint/podlint/podman"
)

// specifiers are what systemd puts in place of "%n" and the like, as far as a unit file tells (systemd.unit(5),
// "Specifiers").
type specifiers map[byte]string

func specifiersOf(u *unit, host *podman.Host) specifiers {
	service := info(u).ServiceName
	prefix, instance, isTemplate := strings.Cut(service, "@")
	s := specifiers{'%': "%", 'p': prefix, 'N': service, 'n': service + ".service"}
	last := prefix[strings.LastIndexByte(prefix, '-')+1:]
	s['j'] = last
	switch {
	case isTemplate && instance == "": // a template: the instance's name is in %N and %n too
		delete(s, 'N')
		delete(s, 'n')
	case isTemplate:
		s['i'], s['I'] = instance, instance
	default:
		s['i'], s['I'] = "", ""
	}
	if filepath.IsAbs(u.path) {
		s['y'], s['Y'] = u.path, filepath.Dir(u.path)
	}
	s['t'] = "/run"
	if host.Rootless.Value {
		s['t'] = "/run/user/%U"
	}
	return s
}

// expand replaces the specifiers that are known, and reports whether something is left that is only known when the
// service is started: another specifier, or a variable.
func (s specifiers) expand(word string) (string, bool) {
	unknown := strings.Contains(word, "{{") // a template's
	if !strings.ContainsAny(word, "%$") {
		return word, unknown
	}
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		c := word[i]
		switch {
		case c == '%' && i+1 < len(word):
			i++
			if value, ok := s[word[i]]; ok {
				unknown = unknown || strings.Contains(value, "%") && word[i] != '%'
				b.WriteString(value)
				continue
			}
			unknown = true
			b.WriteByte('%')
			b.WriteByte(word[i])
		case c == '$' && i+1 < len(word) && word[i+1] == '$':
			i++
			b.WriteByte('$')
		case c == '$' && i+1 < len(word) && (word[i+1] == '{' || word[i+1] == '_' ||
			word[i+1] >= 'A' && word[i+1] <= 'Z' || word[i+1] >= 'a' && word[i+1] <= 'z'):
			unknown = true
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), unknown
}
