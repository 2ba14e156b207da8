package command

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// InJustfile returns the shell scripts in the recipes of a justfile: each line is one, or the whole recipe where its
// first line names a shell. The file's variables that are strings are what it assigns (just.systems/man).
func InJustfile(file, text string) []Script {
	j := &justfile{file: file, text: text, lines: lineOffsets(text)}
	j.templates = templates{variables: map[string][]assigned{}, expand: func(l *layout, text string, from, _ int) {
		l.add(text, from, false)
	}}
	j.read()
	if j.foreign {
		return nil
	}
	return j.found
}

// justfile is a justfile that is read.
type justfile struct {
	templates
	file, text string
	lines      []int
	// foreign is set where recipes are run by something other than a shell.
	foreign bool
	found   []Script
}

var (
	justAssignment = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*(.*)$`)
	justRecipe     = regexp.MustCompile(`^@?([A-Za-z_][\w-]*)((?:\s[^:]*)?|\s.*["'].*):(?:[^=]|$)`)
	justShell      = regexp.MustCompile(`^set\s+shell\s*:=\s*\[\s*["']([^"']*)`)
	justParameter  = regexp.MustCompile(`[*+$]*([A-Za-z_][\w-]*)(?:\s*=\s*("[^"]*"|'[^']*'|\S+))?`)
)

func (j *justfile) line(i int) string {
	end := len(j.text)
	if i+1 < len(j.lines) {
		end = j.lines[i+1] - 1
	}
	return strings.TrimSuffix(j.text[j.lines[i]:end], "\r")
}

// read finds the assignments, then the recipes, which may be before them.
func (j *justfile) read() {
	for i := range j.lines {
		line := j.line(i)
		if shell := justShell.FindStringSubmatch(line); shell != nil {
			j.foreign = !slices.Contains(shells, path.Base(shell[1]))
		}
		if at := justAssignment.FindStringSubmatchIndex(line); at != nil {
			name, value := line[at[2]:at[3]], strings.TrimSpace(line[at[4]:at[5]])
			j.variables[name] = append(j.variables[name], justString(value, j.lines[i]+at[4]))
		}
	}
	for i := 0; i < len(j.lines); i++ {
		header := justRecipe.FindStringSubmatch(j.line(i))
		if header == nil || justAssignment.MatchString(j.line(i)) {
			continue
		}
		first := i + 1
		for i+1 < len(j.lines) && (strings.TrimSpace(j.line(i+1)) == "" || strings.ContainsAny(j.line(i + 1)[:1], " \t")) {
			i++
		}
		j.recipe(first, i, j.with(header[2]))
	}
}

// justString returns the value of an expression that is one string; of others it is not known.
func justString(value string, from int) assigned {
	a := assigned{text: value, from: from, opaque: true}
	for _, quote := range []string{`"""`, "'''", `"`, "'"} {
		inner, ok := strings.CutPrefix(value, quote)
		if !ok {
			continue
		}
		inner, rest, ok := strings.Cut(inner, quote)
		rest = strings.TrimSpace(rest)
		if ok && (rest == "" || rest[0] == '#') && (quote[0] == '\'' || !strings.Contains(inner, `\`)) {
			return assigned{text: inner, from: from + len(quote)}
		}
		return a
	}
	return a
}

// with returns the variables that a recipe with parameters has.
func (j *justfile) with(parameters string) *templates {
	t := templates{variables: j.variables, own: map[string][]assigned{}, expand: j.expand}
	for _, p := range justParameter.FindAllStringSubmatch(parameters, -1) {
		t.own[p[1]] = []assigned{{text: p[2], opaque: true}}
	}
	return &t
}

// recipe reads the lines of a recipe.
func (j *justfile) recipe(first, last int, t *templates) {
	if first > last {
		return
	}
	opening := strings.TrimSpace(j.line(first))
	if strings.HasPrefix(opening, "#!") {
		if IsShell([]byte(opening)) {
			j.keep(t, first+1, last, 0)
		}
		return
	}
	for i := first; i <= last; i++ {
		from := i
		for strings.HasSuffix(j.line(i), `\`) && i < last {
			i++
		}
		line := j.line(from)
		j.keep(t, from, i, len(line)-len(strings.TrimLeft(line, " \t@-")))
	}
}

// keep keeps lines as a script, the first without some bytes.
func (j *justfile) keep(t *templates, first, last, skip int) {
	if first > last {
		return
	}
	from := j.lines[first] + skip
	text := j.text[from:max(from, j.lines[last]+len(j.line(last)))]
	l := &layout{}
	t.spent = j.spent
	t.braces(l, text, from, "{{{{", func(expression string) string { return expression })
	j.spent = t.spent
	if MentionsPodman(l.text.String()) {
		j.found = append(j.found, l.script(j.file, j.lines, nil))
	}
}

// braces puts values into a text in place of {{…}}. What escapes the braces, empty for nothing, is left.
func (t *templates) braces(l *layout, text string, from int, escape string, name func(string) string) {
	for start := 0; start < len(text); {
		open := strings.Index(text[start:], "{{")
		if open < 0 {
			l.add(text[start:], from+start, false)
			return
		}
		open += start
		l.add(text[start:open], from+start, false)
		if escape != "" && strings.HasPrefix(text[open:], escape) {
			l.add("{{", from+open, true)
			start = open + len(escape)
			continue
		}
		length := strings.Index(text[open:], "}}")
		if length < 0 {
			l.add(text[open:], from+open, false)
			return
		}
		expression := strings.TrimSpace(text[open+2 : open+length])
		variable := name(expression)
		if !t.value(l, variable, from+open, 0) {
			t.unknown(l, variable, expression, from+open)
		}
		start = open + length + 2
	}
}
