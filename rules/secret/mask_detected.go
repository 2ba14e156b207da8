package secret

import (
	"slices"
	"strings"
)

// detected masks what the detector finds in a line and nothing else has masked, so that whatever is worth a finding is
// never shown.
func (m *masker) detected() {
	slices.SortFunc(m.spans, func(a, b span) int { return a.start - b.start })
	before := m.spans
	start := 0
	for text := range strings.Lines(m.text) {
		for len(before) > 0 && before[0].end <= start {
			before = before[1:]
		}
		n := 0
		for n < len(before) && before[n].start < start+len(text) {
			n++
		}
		l := maskedLine{m: m, covered: slices.Clip(before[:n])}
		l.detect(start, strings.TrimRight(text, "\r\n"))
		start += len(text)
	}
}

// maskedLine is a line with what of it is masked already.
type maskedLine struct {
	m       *masker
	covered []span
}

// detect masks the value of a pair as a whole, and of a command the word that holds the secret.
func (m *maskedLine) detect(start int, line string) {
	if len(line) < 4 || !strings.ContainsAny(line, "=: ") || !mayMatchLine(line) {
		return
	}
	if strings.HasPrefix(line, "Secret=") { // which holds the name of one
		return
	}
	at := strings.Index(line, "=")
	if colon := strings.Index(line, ": "); colon >= 0 && (at < 0 || colon < at) {
		at = colon + 1
	}
	if at > 0 {
		name, value := bareName(line[:at]), line[at+1:]
		// Environment="NAME=VALUE" and such: the name is the one inside.
		if inner := strings.TrimLeft(value, " \"'"); isVariable(name) {
			if i := strings.IndexByte(inner, '='); i > 0 && !strings.ContainsAny(inner[:i], " \t/") {
				m.pair(start+at+1+len(value)-len(inner)+i+1, inner[:i], inner[i+1:])
			}
		}
		if !strings.ContainsAny(name, " \t,") {
			m.pair(start+at+1, name, value)
		}
	}
	m.command(start, line, " \t\"',[](){}|;")
	m.command(start, line, " \t\"'{}")
}

// pair masks a value that the detector finds and that no span covers yet.
func (m *maskedLine) pair(start int, name, value string) {
	bare := strings.Trim(value, " \t\"'")
	if bare == "" || wholeReference().MatchString(bare) {
		return
	}
	start += strings.Index(value, bare)
	if _, ok := DetectPair(name, m.shown(start, start+len(bare))); ok {
		m.mask(start, start+len(bare))
	}
}

// command masks the words of a line in which the detector finds a secret.
func (m *maskedLine) command(start int, line, separators string) {
	var texts []string
	var starts []span
	add := func(from, to int) {
		for from < to && strings.IndexByte("[],", line[to-1]) >= 0 {
			to--
		}
		if from < to && strings.Trim(line[from:to], "[],") != "" {
			texts, starts = append(texts, m.shown(start+from, start+to)), append(starts, span{start + from, start + to})
		}
	}
	for i := unitKey(line); i < len(line); {
		n := strings.IndexAny(line[i:], separators)
		if n < 0 {
			n = len(line) - i
		}
		word := line[i : i+n]
		if at := strings.Index(word, "=-"); at >= 0 { // a variable that holds options
			add(i, i+at)
			add(i+at+1, i+n)
		} else if !strings.HasPrefix(word, "Secret=") {
			add(i, i+n)
		}
		i += n + 1
	}
	for i := range DetectArgs(texts) {
		m.mask(starts[i].start, starts[i].end)
	}
}

// shown returns a part of the text as it is shown so far.
func (m *maskedLine) shown(start, end int) string {
	var b strings.Builder
	at := start
	for _, s := range m.covered {
		if s.end <= at || s.start >= end {
			continue
		}
		b.WriteString(m.m.text[at:max(at, s.start)])
		b.WriteString(Masked)
		at = min(s.end, end)
	}
	b.WriteString(m.m.text[at:end])
	return b.String()
}

func (m *maskedLine) mask(start, end int) {
	m.m.mask(start, end)
	m.covered = append(m.covered, span{start, end})
	slices.SortFunc(m.covered, func(a, b span) int { return a.start - b.start })
}

// bareName returns the name before a separator, without what a list, an export, a comment or quotes add.
func bareName(text string) string {
	text = strings.Trim(text, " \t\"':#-")
	return strings.TrimPrefix(text, "export ")
}

// isVariable reports whether a key holds pairs of names and values.
func isVariable(key string) bool {
	return key == "Environment" || key == "Label" || key == "Annotation" || strings.HasPrefix(key, "podman run")
}

// unitKey returns how long the key of a line of a unit is, with the sign behind it; 0 where the line has none.
func unitKey(line string) int {
	i := strings.IndexByte(line, '=')
	if i < 2 || line[0] < 'A' || line[0] > 'Z' || line[1] < 'a' || line[1] > 'z' {
		return 0
	}
	if strings.ContainsFunc(line[:i], func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) }) {
		return 0
	}
	return i + 1
}

// lineHints holds, beside hints, what lines have in which the detector finds a secret.
var lineHints = []string{
	" -", "://", "@", ";", "user", "account", "login", "list", "licen", "serial", "code", "pin", "community", "senha",
	"macaroon",
	"identified", "unseal", "fernet", "bearer", "basic", "enc", "pw",
}

// mayMatchLine reports whether a line has a piece of a secret's name, or the look of an account or a command.
func mayMatchLine(line string) bool {
	if strings.Count(line, ":") > 1 || mayMatch(line) {
		return true
	}
	lower := strings.ToLower(line)
	return slices.ContainsFunc(lineHints, func(h string) bool { return strings.Contains(lower, h) })
}
