package secret

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Masked is what stands for a secret in a text that Mask has gone over.
const Masked = "[redacted]"

// widest is the longest line that Mask takes apart, in bytes; nobody reads a longer one, and it is masked as a whole.
const widest = 4 << 10

// Mask replaces what may be a secret in a text of any syntax: a unit, a script, YAML, an env file, a comment, a log.
// The text keeps its number of lines, so that line n of the result is line n of the text. Unlike DetectPair and
// DetectText, which find what is worth a finding, Mask is for what is shown: where it is unsure it masks. Give it the
// whole text rather than a line: a YAML value may be on another line than its name.
func Mask(text string) string {
	lines := strings.Split(text, "\n")
	long := map[int]bool{}
	for i, line := range lines {
		if len(line) > widest {
			lines[i], long[i] = "", true
		}
	}
	m := masker{text: strings.Join(lines, "\n")}
	if !strings.ContainsFunc(m.text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		m.lower = strings.ToLower(m.text)
	}
	m.keys()
	m.formats()
	m.named()
	m.listed()
	m.kubeSecrets()
	m.arguments()
	m.detected()
	shown := m.apply()
	if len(long) == 0 {
		return shown
	}
	lines = strings.Split(shown, "\n")
	for i := range long {
		lines[i] = Masked
	}
	return strings.Join(lines, "\n")
}

// span is a part of a text, by byte offsets.
type span struct{ start, end int }

type masker struct {
	text  string
	spans []span
	// lower is the text in small letters, empty where it is not ASCII: patterns that fold letters match more there.
	lower string
}

// mayHold reports whether the text may hold one of some words, which are in small letters. Looking for them takes a
// hundredth of the time that a pattern takes which needs one of them.
func (m *masker) mayHold(words ...string) bool {
	return m.lower == "" || slices.ContainsFunc(words, func(w string) bool { return strings.Contains(m.lower, w) })
}

func (m *masker) mask(start, end int) {
	if start < end {
		m.spans = append(m.spans, span{start, end})
	}
}

// apply replaces the spans, line by line: indentation and line ends stay.
func (m *masker) apply() string {
	slices.SortFunc(m.spans, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	at := 0
	for i := 0; i < len(m.spans); {
		s := m.spans[i]
		for i++; i < len(m.spans) && m.spans[i].start <= s.end; i++ {
			s.end = max(s.end, m.spans[i].end)
		}
		b.WriteString(m.text[at:s.start])
		for j, line := range strings.Split(m.text[s.start:s.end], "\n") {
			if j > 0 {
				b.WriteByte('\n')
			}
			bare := strings.TrimLeft(line, " \t")
			b.WriteString(line[:len(line)-len(bare)])
			if strings.TrimSpace(bare) != "" {
				b.WriteString(Masked)
			}
		}
		at = s.end
	}
	b.WriteString(m.text[at:])
	return b.String()
}

// keys masks the bodies of private keys, to their end or to the end of the text.
func (m *masker) keys() {
	const begin, end = "-----BEGIN ", "-----END "
	for at := 0; ; {
		i := strings.Index(m.text[at:], begin)
		if i < 0 {
			return
		}
		start := at + i
		at = start + len(begin)
		if !strings.Contains(m.text[start:m.lineEnd(start)], "PRIVATE KEY") {
			continue
		}
		stop := len(m.text)
		if j := strings.Index(m.text[at:], end); j >= 0 {
			stop = m.lineEnd(at + j)
		}
		m.mask(start, stop)
		at = stop
	}
}

var (
	// passwordOfURL is laxer than credentials: the password may hold a slash.
	passwordOfURL = lazy(`://[^\s/?#:@'"]*:([^\s'"]+)@`)
	// tokenOfURL is a token in the place of the user.
	tokenOfURL = lazy(`://([^\s/?#:@'"]{16,})@`)
	// scheme is how an HTTP header or a text introduces a token.
	scheme = lazy(`(?i)\b(?:bearer|basic|token)[ \t]+([A-Za-z0-9+/=._~-]{8,})`)
	// told is a password in a sentence.
	told = lazy(`(?i)\b(?:password|passwd|passphrase|passwort|token|secret|pw|pass)[ \t]+(?:(?:is|was|=>|->)[ \t]+(\S+)|` +
		`(\S*[0-9]\S*))`)
)

// formats masks what is a secret by its looks.
func (m *masker) formats() {
	for _, f := range formats {
		if !strings.Contains(m.text, f.has) {
			continue
		}
		for _, at := range f.pattern().FindAllStringIndex(m.text, -1) {
			m.mask(at[0], m.bareEnd(at[1]))
		}
	}
	for _, looks := range []struct {
		pattern func() *regexp.Regexp
		words   []string // of which a match has one
	}{
		{passwordOfURL, []string{"://"}},
		{tokenOfURL, []string{"://"}},
		{scheme, []string{"bearer", "basic", "token"}},
		{told, []string{"pass", "token", "secret", "pw"}},
	} {
		if !m.mayHold(looks.words...) {
			continue
		}
		for _, at := range looks.pattern().FindAllStringSubmatchIndex(m.text, -1) {
			for i := 2; i < len(at); i += 2 {
				if at[i] >= 0 && maskable(m.text[at[i]:at[i+1]]) {
					m.mask(at[i], at[i+1])
				}
			}
		}
	}
}

// assigned is a name with what separates it from its value.
var assigned = lazy(`([A-Za-z_][A-Za-z0-9_.-]*)(\\?["']?)([ \t]*=[ \t]*|[ \t]*:=?[ \t]*)`)

// named masks the values of names that promise a secret.
func (m *masker) named() {
	last := 0
	for _, at := range assigned().FindAllStringSubmatchIndex(m.text, -1) {
		name, separator := m.text[at[2]:at[3]], m.text[at[6]:at[7]]
		if at[0] < last || !m.promises(name, separator, at[0]) {
			continue
		}
		last = max(last, m.value(at[0], at[1], separator))
	}
}

// promises reports whether a name's value is to be masked.
func (m *masker) promises(name, separator string, at int) bool {
	colon := strings.Contains(separator, ":")
	lower := strings.ToLower(name)
	switch {
	case name == "Secret" && !colon: // a unit's key, whose value is the name of one
		return false
	case name == "secret" && !colon && at >= 2 && m.text[at-2:at] == "--":
		return false
	case colon && (lower == "secret" || strings.HasSuffix(lower, "secrets")): // where YAML lists the names of secrets
		return false
	case lower == "authorization":
		return true
	}
	if w := words(name); len(w) > 0 && (w[len(w)-1] == "auth" || w[len(w)-1] == "creds" ||
		strings.HasSuffix(w[len(w)-1],
			"basicauth")) {
		return true
	}
	return namesSecret(name)
}

// value masks the value of a name that starts at key; the value starts at start. It returns where the masked value
// ends.
func (m *masker) value(key, start int, separator string) int {
	end := m.lineEnd(start)
	rest := m.text[start:end]
	line := strings.LastIndexByte(m.text[:key], '\n') + 1
	block := strings.Contains(separator, ":")
	if block {
		if !strings.HasSuffix(separator, " ") && !strings.HasSuffix(separator, "\t") {
			if rest != "" && lowerPath().MatchString(rest[:m.bareEnd(start)-start]) {
				return start // a mount's source and target
			}
			block = strings.TrimSpace(rest) == ""
		}
	}
	quote := m.quoteAt(line, start)
	bare := strings.TrimSpace(rest)
	switch {
	case block && quote == 0 && (bare == "" || bare[0] == '|' || bare[0] == '>' || bare[0] == '&' || bare[0] == '!' ||
		bare[0] == '#'):
		if bare != "" && (bare[0] == '&' || bare[0] == '!') {
			m.mask(start, end)
		}
		return m.indented(line, key, end)
	case bare == "":
		return start
	}
	start, stop := m.span(key, line, start, end, block, quote)
	if maskable(m.text[start:stop]) {
		m.mask(start, stop)
		if block && quote == 0 && !m.inFlow(line, key) && stop <= end {
			return m.indented(line, key, end)
		}
	}
	return stop
}

// span returns where a value that begins in a line starts and stops, without its quotes.
func (m *masker) span(key, line, start, end int, block bool, quote byte) (from, stop int) {
	rest := m.text[start:end]
	switch {
	case strings.HasPrefix(rest, `\"`) || strings.HasPrefix(rest, `\'`):
		stop = m.close(start+2, rest[1])
		start += 2
		if stop > start && m.text[stop-1] == '\\' {
			stop--
		}
		return start, stop
	case (rest[0] == '"' || rest[0] == '\'') && quote != rest[0]:
		stop = m.close(start+1, rest[0])
		if stop+1 < len(m.text) && !strings.ContainsRune(" \t\n\r,]})", rune(m.text[stop+1])) {
			return start, m.wordEnd(start) // a shell joins what follows without a space
		}
		return start + 1, stop
	case quote != 0:
		return start, m.close(start, quote)
	case block && m.inFlow(line, key):
		return start, m.flowEnd(start, end)
	case block:
		if i := strings.Index(rest, " #"); i >= 0 {
			return start, start + i
		}
		return start, end
	case leading().MatchString(m.text[line:key]) && !strings.Contains(m.text[line:end], "podman"):
		return start, end
	default:
		return start, m.wordEnd(start)
	}
}

var (
	// lowerPath is a path, perhaps with mount options, and not base64.
	lowerPath = lazy(`^[./~][a-z0-9._/-]*(?::[A-Za-z,]+)?$`)
	// leading is what stands before a variable of an env file or of a list of variables.
	leading = lazy(`^[ \t]*(?:[#;]+[ \t]*)?(?:export[ \t]+|-[ \t]+)?$`)
)

// indented masks the lines that continue a YAML value, those that are further in than its key, and returns where they
// end. What continues a comment is in comments too.
func (m *masker) indented(line, key, end int) int {
	comment := strings.Contains(m.text[line:key], "#")
	column := key - line
	if column > 0 && (m.text[key-1] == '"' || m.text[key-1] == '\'') {
		column--
	}
	for end < len(m.text) {
		start := end + 1
		next := m.lineEnd(start)
		content := m.text[start:next]
		bare := strings.TrimLeft(content, " \t")
		if comment {
			if bare == "" || bare[0] != '#' {
				return end
			}
			bare = strings.TrimLeft(bare, "# \t")
		}
		indent := len(content) - len(bare)
		switch {
		case strings.TrimSpace(bare) == "":
		case indent <= column:
			return end
		default:
			m.mask(start+indent, next)
		}
		end = next
	}
	return end
}

var (
	nameField  = lazy(`(?i)\b(?:name|key)["']?[ \t]*[:=][ \t]*["']?([A-Za-z_][A-Za-z0-9_.-]*)`)
	valueField = lazy(`(?i)\b(value)["']?([ \t]*[:=][ \t]*)`)
	itemStart  = lazy(`(?m)^[ \t#]*-[ \t]|\{`)
)

// listed masks the values of lists of names and values, as Kubernetes YAML has them, in either order.
func (m *masker) listed() {
	if !m.mayHold("value") {
		return
	}
	names := nameField().FindAllStringSubmatchIndex(m.text, -1)
	for i, at := range names {
		if !namesSecret(m.text[at[2]:at[3]]) {
			continue
		}
		before, after := 0, len(m.text)
		if i > 0 {
			before = names[i-1][1]
		}
		if i+1 < len(names) {
			after = names[i+1][0]
		}
		if starts := itemStart().FindAllStringIndex(m.text[before:at[0]], -1); len(starts) > 0 {
			before += starts[len(starts)-1][0]
		}
		if next := itemStart().FindStringIndex(m.text[at[1]:after]); next != nil &&
			!strings.Contains(m.text[at[1]:at[1]+next[0]], "value") {
			after = at[1] + next[0]
		}
		for _, part := range []span{{before, at[0]}, {at[1], after}} {
			if v := valueField().FindStringSubmatchIndex(m.text[part.start:part.end]); v != nil {
				separator := m.text[part.start+v[4] : part.start+v[5]]
				m.value(part.start+v[2], part.start+v[1], separator)
			}
		}
	}
}

var (
	kindSecret = lazy(`\bkind["']?[ \t]*:[ \t]*["']?Secret\b`)
	secretData = lazy(`\b(data|stringData)["']?[ \t]*:`)
)

// kubeSecrets masks what Kubernetes' secrets hold, whatever it is called.
func (m *masker) kubeSecrets() {
	if !strings.Contains(m.text, "Secret") || !strings.Contains(m.text, "kind") {
		return
	}
	at := 0
	for document := range strings.SplitAfterSeq(m.text, "\n---") {
		if kindSecret().MatchString(document) {
			for _, found := range secretData().FindAllStringIndex(document, -1) {
				key, end := at+found[0], m.lineEnd(at+found[1])
				m.mask(at+found[1], end)
				m.indented(strings.LastIndexByte(m.text[:key], '\n')+1, key, end)
			}
		}
		at += len(document)
	}
}

// argument is a word of a text, without quotes and brackets.
type argument struct {
	text  string
	start int
}

func (m *masker) words() []argument {
	var found []argument
	start := -1
	for i := 0; i <= len(m.text); i++ {
		if i < len(m.text) && strings.IndexByte(" \t\n\r\"',[]{}();|&<>`", m.text[i]) < 0 {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			if w := strings.TrimRight(m.text[start:i], `\`); w != "" && w != "-" && w != "#" {
				found = append(found, argument{w, start})
			}
			start = -1
		}
	}
	return found
}

// arguments masks the passwords of command lines, and words that look drawn at random.
func (m *masker) arguments() {
	program, since := "", 0
	var before argument
	for _, w := range m.words() {
		if since++; since > 16 {
			program = ""
		}
		name := path.Base(w.text)
		if i := strings.LastIndexByte(name, '='); i >= 0 {
			name = name[i+1:]
		}
		flag := passwordFlags[program]
		value, joined := strings.CutPrefix(w.text, "-"+flag)
		switch {
		case before.text != "" && m.follows(before, w) && takesPassword(before.text, program) && maskable(w.text) &&
			!strings.HasPrefix(w.text, "--"):
			m.mask(w.start, m.argumentEnd(w.start))
		case flag != "" && joined && value == "":
		case flag != "" && joined && !strings.HasPrefix(w.text, "--") && maskable(value):
			m.mask(w.start+2, m.argumentEnd(w.start+2))
		case strings.HasPrefix(w.text, "-u") && strings.Contains(w.text, ":"),
			(before.text == "-u" || before.text == "-U" ||
				strings.EqualFold(before.text, "--user") || takesUser(before.text)) && m.follows(before, w):
			m.user(w)
		}
		m.random(w)
		if passwordFlags[name] != "" {
			program, since = name, 0
		}
		before = w
	}
}

// takesPassword reports whether the word after an option is a password.
func takesPassword(option, program string) bool {
	lower := strings.ToLower(option)
	switch {
	case lower == "requirepass", lower == "masterauth":
		return true
	case !strings.HasPrefix(option, "-") || strings.ContainsAny(option, "=:"), lower == "--secret":
		return false
	}
	flag := passwordFlags[program]
	return flag != "" && option == "-"+flag || namesSecret(option)
}

// account is what follows the user of a process: names and numbers as Podman's --user takes them.
var account = lazy(`^(?:[0-9]+|[a-z_-]{1,16})$`)

// user masks the password of USER:PASSWORD and USER%PASSWORD.
func (m *masker) user(w argument) {
	i := strings.IndexAny(w.text, ":%")
	if i < 0 {
		return
	}
	if password := w.text[i+1:]; maskable(password) && !account().MatchString(password) {
		m.mask(w.start+i+1, m.argumentEnd(w.start+i+1))
	}
}

// follows reports whether two words are of one command line: on one line, or on two of which the first is continued, or
// items of one list.
func (m *masker) follows(a, b argument) bool {
	gap := m.text[a.start+len(a.text) : b.start]
	return !strings.Contains(gap, "\n") || strings.ContainsAny(gap, `\-",'`)
}

// random masks the parts of a word that look drawn at random or chosen as a password.
func (m *masker) random(w argument) {
	start := 0
	for i := 0; i <= len(w.text); i++ {
		if i < len(w.text) && strings.IndexByte("=:@?", w.text[i]) < 0 {
			continue
		}
		part := w.text[start:i]
		// An absolute path is none, whatever its directories are called: a command line without it would not run as it
		// is printed.
		path := strings.HasPrefix(part, "/") && !strings.HasPrefix(part, "//")
		if !path && (isRandom(part) || isMixed(part)) {
			m.mask(w.start+start, w.start+i)
		}
		start = i + 1
	}
}

// isMixed reports whether a word mixes capitals, small letters and at least two numbers, as chosen passwords do.
func isMixed(word string) bool {
	if len(word) < 8 || strings.ContainsAny(word, ".") {
		return false
	}
	if strings.Contains(word, "/") {
		return slices.ContainsFunc(strings.Split(word, "/"), isMixed)
	}
	numbers, digit, lower, upper := 0, false, false, false
	for _, r := range word {
		isDigit := r >= '0' && r <= '9'
		if isDigit && !digit {
			numbers++
		}
		digit = isDigit
		lower = lower || r >= 'a' && r <= 'z'
		upper = upper || r >= 'A' && r <= 'Z'
	}
	return numbers > 1 && lower && upper
}

// wholeReference is a value that is nothing but the name of the place that holds the secret.
var wholeReference = lazy(`^(?:\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*(?::?\?[^}]*)?\}|` +
	`\$\$?\([A-Za-z_][A-Za-z0-9_ ./-]*\)|\{\{[^{}"']*\}\}|<[a-z -]+>|` +
	`/(?:run/secrets|etc|var|srv|opt|home|usr|secrets)/[A-Za-z0-9._/-]+)$`)

// maskable reports whether a value may be a secret. Placeholders are masked too: there are passwords among them.
func maskable(value string) bool {
	value = strings.Trim(value, "\"'`,;\\ \t\r")
	if len(value) < 3 || value == Masked || strings.HasPrefix(value, Masked) {
		return false
	}
	if isNoSecret(value) && !isPlaceholder(value) && !hashes().MatchString(value) {
		return false
	}
	return !wholeReference().MatchString(value)
}

func (m *masker) lineEnd(at int) int {
	if i := strings.IndexByte(m.text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(m.text)
}

// bareEnd is where the word at a place ends: at white space or a quote.
func (m *masker) bareEnd(at int) int {
	if i := strings.IndexAny(m.text[at:], " \t\r\n\"'`"); i >= 0 {
		return at + i
	}
	return len(m.text)
}

// wordEnd is where a shell's word ends: at white space that is neither quoted nor escaped.
func (m *masker) wordEnd(at int) int {
	for i := at; i < len(m.text); i++ {
		switch c := m.text[i]; c {
		case '\\':
			if i+1 < len(m.text) && m.text[i+1] != '\n' {
				i++
			}
		case '"', '\'':
			i = m.close(i+1, c)
		case ' ', '\t', '\n', '\r':
			return i
		}
	}
	return len(m.text)
}

// argumentEnd is where an argument ends that may be an item in quotes.
func (m *masker) argumentEnd(at int) int {
	line := strings.LastIndexByte(m.text[:at], '\n') + 1
	if at > line && (m.text[at-1] == '"' || m.text[at-1] == '\'') {
		return m.close(at, m.text[at-1])
	}
	if m.quoteAt(line, at) != 0 {
		return m.bareEnd(at)
	}
	return m.wordEnd(at)
}

// close is where a quoted text ends: at its quote, unless that is escaped as a shell or YAML does.
func (m *masker) close(at int, quote byte) int {
	for i := at; i < len(m.text); i++ {
		switch {
		case quote == '"' && m.text[i] == '\\' && i+1 < len(m.text) && m.text[i+1] != '"':
			i++
		case m.text[i] != quote || quote == '"' && i > at && m.text[i-1] == '\\':
		case quote == '\'' && strings.HasPrefix(m.text[i:], `'\''`):
			i += 3
		case quote == '\'' && strings.HasPrefix(m.text[i:], `''`):
			i++
		default:
			return i
		}
	}
	return len(m.text)
}

// quoteAt returns the quote that is open at a place of a line that starts at line, 0 for none. An apostrophe opens
// none.
func (m *masker) quoteAt(line, at int) byte {
	var open byte
	for i := line; i < at; i++ {
		switch c := m.text[i]; {
		case c == '\\' && open != '\'':
			i++
		case c != '"' && c != '\'':
		case open == c:
			open = 0
		case open == 0 && (i == line || !isWordByte(m.text[i-1])):
			open = c
		}
	}
	return open
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// inFlow reports whether a place of a line is inside brackets that are open there.
func (m *masker) inFlow(line, at int) bool {
	depth := 0
	for _, c := range []byte(m.text[line:at]) {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
	}
	return depth > 0
}

// flowEnd is where a plain value in brackets ends.
func (m *masker) flowEnd(start, end int) int {
	for i := start; i < end; i++ {
		switch m.text[i] {
		case ',', '}', ']':
			if i+1 == end || strings.IndexByte(" \t\r,}]", m.text[i+1]) >= 0 {
				return i
			}
		}
	}
	return end
}
