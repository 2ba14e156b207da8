package command

import (
	"regexp"
	"strings"
)

// InMakefile returns the shell scripts in a makefile: each line of a recipe is one, with the lines that continue it.
// The variables of make that the file assigns once, whatever happens, are what it assigns (GNU make manual, 6.5).
func InMakefile(file, text string) []Script {
	m := &makefile{file: file, text: text, lines: lineOffsets(text), prefix: '\t'}
	m.templates = templates{variables: map[string][]assigned{}, expand: m.expand}
	m.read()
	var found []Script
	for _, r := range m.recipes {
		l := &layout{}
		m.expand(l, r.text, r.from, 0)
		if MentionsPodman(l.text.String()) {
			found = append(found, l.script(file, m.lines, nil))
		}
	}
	return found
}

// makefile is a makefile that is read.
type makefile struct {
	templates
	file, text string
	lines      []int
	prefix     byte
	recipes    []assigned
}

var (
	makeAssignment = regexp.MustCompile(
		`^[ ]*((?:export|override|private|unexport)\s+)*([\w.-]+)\s*(=|::?:?=|\?=|\+=|!=)[ \t]*`)
	makeRule = regexp.MustCompile(`^[^\t#=][^=]*?::?(?:[^=:]|$)`)
	ofTarget = regexp.MustCompile(`^[^\t#=:][^=:]*:\s*(?:(?:export|override|private)\s+)*([\w.-]+)\s*[:+?!]*=`)
)

// read finds the assignments and the recipes.
func (m *makefile) read() {
	depth, inRule, defining := 0, false, false
	lastEnd := strings.LastIndex(m.text, "\nendef")
	for i := 0; i < len(m.lines); i++ {
		from := m.lines[i]
		line := m.line(i)
		for strings.HasSuffix(line, `\`) && i+1 < len(m.lines) {
			i++
			line = m.text[from : m.lines[i]+len(m.line(i))]
		}
		word, _, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
		switch trimmed := strings.TrimSpace(line); {
		case defining:
			if defining = word != "endef"; defining {
				m.recipe(line, from)
			}
		case inRule && strings.HasPrefix(line, string(m.prefix)):
			m.recipe(line[1:], from+1)
		case trimmed == "" || trimmed[0] == '#':
		case word == "define":
			defining = from < lastEnd
			if name := strings.Fields(line); len(name) > 1 {
				m.assign(name[1], assigned{opaque: true})
			}
		case word == "ifeq" || word == "ifneq" || word == "ifdef" || word == "ifndef" || strings.HasPrefix(word, "ifeq(") ||
			strings.HasPrefix(word, "ifneq("):
			depth++
		case word == "endif":
			depth--
		case word == "else":
		default:
			inRule = m.outside(line, from, depth > 0) || inRule && !makeAssignment.MatchString(line)
		}
	}
}

// line returns a line without its end.
func (m *makefile) line(i int) string {
	end := len(m.text)
	if i+1 < len(m.lines) {
		end = m.lines[i+1] - 1
	}
	return strings.TrimSuffix(m.text[m.lines[i]:end], "\r")
}

func (m *makefile) assign(name string, a assigned) { m.variables[name] = append(m.variables[name], a) }

// outside reads a line that is none of a recipe, and reports whether it starts a rule.
func (m *makefile) outside(line string, from int, maybe bool) bool {
	if at := makeAssignment.FindStringSubmatchIndex(line); at != nil {
		name, operator := line[at[4]:at[5]], line[at[6]:at[7]]
		value := uncommented(line[at[1]:])
		if name == ".RECIPEPREFIX" && len(value) > 0 {
			m.prefix = value[0]
		}
		m.assign(name, assigned{text: value, from: from + at[1], adds: operator == "+=" && len(m.variables[name]) > 0,
			maybe: maybe, opaque: operator == "!="})
		return false
	}
	if at := ofTarget.FindStringSubmatch(line); at != nil {
		m.assign(at[1], assigned{text: line, maybe: true})
		return true
	}
	if !makeRule.MatchString(line) {
		return false
	}
	if i := strings.Index(line, ";"); i >= 0 {
		m.recipe(line[i+1:], from+i+1)
	}
	return true
}

// uncommented returns a value without the comment behind it.
func uncommented(value string) string {
	for i := 0; i < len(value); i++ {
		if value[i] == '#' && (i == 0 || value[i-1] != '\\') {
			value = value[:i]
			break
		}
	}
	return strings.TrimRight(value, " \t")
}

// recipe keeps a line of a recipe without what make reads before it.
func (m *makefile) recipe(line string, from int) {
	script := strings.TrimLeft(line, "\t @-+")
	m.recipes = append(m.recipes, assigned{text: script, from: from + len(line) - len(script)})
}

// expand puts the values of make's variables into a text.
func (m *makefile) expand(l *layout, text string, from, depth int) {
	start := 0
	for i := 0; i+1 < len(text); i++ {
		if depth > 0 && l.text.Len() > mostMade {
			return
		}
		if text[i] != '$' {
			continue
		}
		l.add(text[start:i], from+start, false)
		next := text[i+1]
		switch next {
		case '$':
			l.add("$", from+i, true)
			i++
		case '(', '{':
			end := closing(text, i+1)
			name := text[i+2 : max(end-1, i+2)]
			if !m.value(l, name, from+i, depth) {
				m.unknown(l, name, name, from+i)
			}
			i = end - 1
		default:
			m.unknown(l, "target", "", from+i)
			i++
		}
		start = i + 1
	}
	l.add(text[min(start, len(text)):], from+start, false)
}

// closing returns the offset behind the bracket that closes the one at an offset.
func closing(text string, at int) int {
	opening, closes := text[at], byte(')')
	if opening == '{' {
		closes = '}'
	}
	depth := 0
	for i := at; i < len(text); i++ {
		switch text[i] {
		case opening:
			depth++
		case closes:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}
