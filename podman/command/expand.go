package command

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/jinja"
)

// piece is a part of a word: text, or what is only known when the script is run, as it is written.
type piece struct {
	text    string
	unknown bool
	// splits is set where it may become any number of words.
	splits bool
	// given is set where it comes from a variable's value.
	given bool
	// from is the offset in the script of where it is written; where whole is set, all of it is there.
	from  int
	whole bool
}

// field is a word that the shell makes.
type field struct {
	pieces []piece
	// at is the offset in the script of where it is written.
	at int
	// given is set where a part of it is written elsewhere, as the value of a variable.
	given bool
}

// unknownField is a field of a variable of which nothing is known.
func unknownField(at int) field {
	return field{at: at, pieces: []piece{{unknown: true, splits: true, from: at, whole: true}}}
}

// shell is a script that was parsed.
type shell struct {
	Script
	file *syntax.File
	vars *variables
	// outer is the script that this one is in, nil for none.
	outer *shell
	// input is what it reads from its standard input, nil where that is not known.
	input []Word
	// lines holds the offset of each line.
	lines []int
	// engines holds which engine a variable may hold, and spent how many bytes values have made.
	engines map[string]string
	spent   int
}

// newShell parses a script.
func newShell(s Script, outer *shell) (*shell, error) {
	file, err := s.parse()
	if err != nil {
		return nil, err
	}
	return &shell{Script: s, file: file, vars: findVariables(file), outer: outer, lines: lineOffsets(s.Text),
		engines: map[string]string{}}, nil
}

// lineOffsets returns the offset of each line of a text.
func lineOffsets(text string) []int {
	lines := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// originAt returns where an offset of the script is in the file.
func (s *shell) originAt(offset int) podman.Origin {
	line := sort.SearchInts(s.lines, offset+1)
	return s.position(line, offset-s.lines[line-1]+1)
}

// words returns the words that the shell makes of one that is written.
func (s *shell) words(w *syntax.Word, at place) []Word {
	fields := s.expand(w, at, false, 0)
	made := make([]Word, len(fields))
	for i, f := range fields {
		made[i] = s.word(f)
		made[i].program = s.program(w, made[i])
	}
	return made
}

// word reads a field: what is only known when the script is run is in it as it is written.
func (s *shell) word(f field) Word {
	word := Word{Origin: s.originAt(f.at), Given: f.given, pieces: f.pieces, script: s}
	var b strings.Builder
	literal := false
	for _, p := range f.pieces {
		b.WriteString(p.text)
		word.Unknown = word.Unknown || p.unknown
		word.Splits = word.Splits || p.splits
		literal = literal || !p.unknown
	}
	word.Text = b.String()
	if literal && !slices.ContainsFunc(f.pieces, func(p piece) bool { return p.splits && isList(p.text) }) {
		word.Splits = false
	}
	return word
}

// isList reports whether an expansion is one of all elements, which are words of their own in quotes too.
func isList(text string) bool {
	return strings.HasPrefix(text, "$@") || strings.Contains(text, "@")
}

// fields collects the words that one word becomes.
type fields struct {
	done []field
	last field
	// open is set where the last one is a word even if it is empty.
	open bool
	// single is set where nothing splits: in an assignment.
	single bool
}

// end ends a word.
func (b *fields) end(at int) {
	if b.open || len(b.last.pieces) > 0 {
		b.done = append(b.done, b.last)
	}
	b.last, b.open = field{at: at}, false
}

func (b *fields) add(p piece) {
	if p.given && len(b.last.pieces) == 0 && !b.open {
		b.last.at = p.from
	}
	b.last.given = b.last.given || p.given
	b.last.pieces = append(b.last.pieces, p)
}

// value adds what a variable holds.
func (b *fields) value(value []field, array, quoted bool) {
	for i, f := range value {
		if i > 0 && array {
			b.end(f.at)
		}
		if len(b.last.pieces) == 0 && !b.open {
			b.last.at = f.at
		}
		b.last.given = true
		for _, p := range f.pieces {
			p.given = true
			p.splits = p.splits || p.unknown && !quoted && !b.single
			if quoted || b.single || p.unknown {
				b.add(p)
				b.open = b.open || quoted
				continue
			}
			b.split(p)
		}
		if quoted {
			b.open = true
		}
	}
}

// split adds text that the shell splits at white space.
func (b *fields) split(p piece) {
	const space = " \t\n"
	for p.text != "" {
		n := strings.IndexAny(p.text, space)
		if n == 0 {
			b.end(p.from)
			n = len(p.text) - len(strings.TrimLeft(p.text, space))
		} else {
			if n < 0 {
				n = len(p.text)
			}
			word := p
			word.text = p.text[:n]
			b.add(word)
		}
		p.text = p.text[n:]
		if !p.whole {
			p.from += n
		}
	}
}

// expand makes words of one that is written at a place. In an assignment it makes one.
func (s *shell) expand(w *syntax.Word, at place, single bool, depth int) []field {
	b := &fields{single: single}
	if len(w.Parts) > 0 {
		b.last.at = int(w.Pos().Offset())
	}
	s.parts(b, w.Parts, at, false, depth)
	b.end(0)
	return b.done
}

func (s *shell) parts(b *fields, parts []syntax.WordPart, at place, quoted bool, depth int) {
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			for _, p := range s.literal(part, quoted) {
				b.add(p)
			}
			b.open = true
		case *syntax.SglQuoted:
			from := int(part.Left.Offset()) + 1
			if part.Dollar {
				from++
			}
			b.add(s.singleQuoted(part, from))
			b.open = true
		case *syntax.DblQuoted:
			if len(part.Parts) != 1 || !isArray(part.Parts[0]) {
				b.open = true
			}
			s.parts(b, part.Parts, at, true, depth)
		case *syntax.ParamExp:
			s.parameter(b, part, at, quoted, depth)
		default:
			b.add(s.unknown(part, !quoted && !b.single))
		}
	}
}

// isArray reports whether a part stands for all the elements of an array, or all parameters.
func isArray(part syntax.WordPart) bool {
	x, ok := part.(*syntax.ParamExp)
	return ok && x.Param != nil && (x.Param.Value == "@" || index(x) == "@")
}

// index returns the index that an expansion gives, if it is a word.
func index(x *syntax.ParamExp) string {
	if w, ok := x.Index.(*syntax.Word); ok {
		return w.Lit()
	}
	return ""
}

// unknown returns a part that is only known when the script is run.
func (s *shell) unknown(part syntax.WordPart, splits bool) piece {
	return piece{text: s.written(part), unknown: true, splits: splits || isArray(part), from: int(part.Pos().Offset())}
}

// parameter adds the value of a parameter, where it is known.
func (s *shell) parameter(b *fields, x *syntax.ParamExp, at place, quoted bool, depth int) {
	asWritten := s.unknown(x, !quoted && !b.single)
	if x.Param == nil || x.Excl || x.Length || x.Width || x.IsSet || x.Slice != nil || x.Repl != nil || x.Names != 0 {
		b.add(asWritten)
		return
	}
	at.offset = int(x.Pos().Offset())
	name, all := x.Param.Value, index(x)
	if name == "*" {
		name, all = "@", "*"
	}
	value, array, known := s.lookup(name, at, depth)
	isAll := name == "@" || all == "@" || all == "*"
	known = known && (x.Index == nil || isAll) && (quoted || b.single || !s.vars.ifs)
	if array && !isAll && known { // $ARRAY is its first element
		known, value = len(value) > 0 && !value[0].unknown(), value[:min(1, len(value))]
	}
	array = isAll && all != "*"
	if all == "*" && quoted {
		known = known && len(value) == 1
	}
	if x.Exp != nil {
		s.expansion(b, x, fieldsOf{value, known, array}, asWritten, at, quoted, depth)
		return
	}
	if !known || s.tooLong(value) {
		b.add(asWritten)
		return
	}
	b.value(s.show(value, asWritten), array || all == "*", quoted)
}

// fieldsOf is the value of a variable.
type fieldsOf struct {
	value        []field
	known, array bool
}

// unknown reports whether a part of a field is unknown.
func (f field) unknown() bool {
	return slices.ContainsFunc(f.pieces, func(p piece) bool { return p.unknown })
}

// show writes what is unknown of a value as the variable is written.
func (s *shell) show(value []field, asWritten piece) []field {
	shown := slices.Clone(value)
	for i := range shown {
		shown[i].pieces = slices.Clone(shown[i].pieces)
		for j, p := range shown[i].pieces {
			if p.unknown && p.text == "" {
				shown[i].pieces[j].text, shown[i].pieces[j].from = asWritten.text, asWritten.from
			}
		}
	}
	return shown
}

// tooLong reports whether a value is too long to be used, or too much was made of values already.
func (s *shell) tooLong(value []field) bool {
	const mostMade = 1 << 22
	if s.spent > mostMade {
		return true
	}
	size := 0
	for _, f := range value {
		for _, p := range f.pieces {
			size += len(p.text) + 1
		}
	}
	s.spent += size
	return size > mostBytes || len(value) > mostFields || s.spent > mostMade
}

// expansion adds ${X:-default} and ${X:+other}, where X is known; else the former is unknown, and so is the latter.
func (s *shell) expansion(b *fields, x *syntax.ParamExp, of fieldsOf, asWritten piece, at place, quoted bool,
	depth int) {
	known := of.known && !s.tooLong(of.value) && (len(of.value) == 0 || !of.value[0].unknown())
	empty := len(of.value) == 0 || len(of.value) == 1 && of.value[0].text() == ""
	alternate := x.Exp.Op == syntax.AlternateUnset || x.Exp.Op == syntax.AlternateUnsetOrNull
	switch op := x.Exp.Op; {
	case !known:
	case empty && alternate && (len(of.value) == 0 || op == syntax.AlternateUnsetOrNull):
		return
	case empty && !alternate && x.Exp.Word != nil && (op == syntax.DefaultUnsetOrNull || len(of.value) == 0 &&
		op == syntax.DefaultUnset):
		s.parts(b, x.Exp.Word.Parts, at, quoted, depth)
		return
	case empty:
	case op == syntax.AlternateUnset || op == syntax.AlternateUnsetOrNull:
		if x.Exp.Word != nil {
			s.parts(b, x.Exp.Word.Parts, at, quoted, depth)
		}
		return
	case op == syntax.DefaultUnset, op == syntax.DefaultUnsetOrNull, op == syntax.AssignUnset,
		op == syntax.AssignUnsetOrNull, op == syntax.ErrorUnset, op == syntax.ErrorUnsetOrNull:
		b.value(s.show(of.value, asWritten), of.array, quoted)
		return
	}
	// "${X:+--flag}" is a flag or, as an empty word, Podman's error: it is not the image.
	if w := x.Exp.Word; w != nil && strings.HasPrefix(s.Text[min(int(w.Pos().Offset()), len(s.Text)):], "-") {
		asWritten.splits = true
	}
	b.add(asWritten)
}

func (f field) text() string {
	var b strings.Builder
	for _, p := range f.pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

// literal returns text without its backslashes, as the shell takes them away.
func (s *shell) literal(l *syntax.Lit, quoted bool) []piece {
	from, to := int(l.ValuePos.Offset()), int(l.ValueEnd.Offset())
	text := l.Value
	if !strings.ContainsAny(text, "\\\n") && to-from == len(text) {
		return []piece{{text: text, from: from}}
	}
	// The parser leaves out lines' continuations, whose places count.
	written := expressions(s.Text)[min(from, len(s.Text)):min(max(from, to), len(s.Text))]
	whole := false
	switch unbroken := strings.NewReplacer("\\\r\n", "", "\\\n", ""); {
	case strings.HasPrefix(written, text): // the end of a here-document's last part is behind its delimiter
		written = text
	case unbroken.Replace(written) != unbroken.Replace(text):
		written, whole = text, true
	}
	var pieces []piece
	start := 0
	cut := func(i, next int) {
		if i > start {
			pieces = append(pieces, piece{text: written[start:i], from: from, whole: whole})
			if !whole {
				pieces[len(pieces)-1].from = from + start
			}
		}
		start = next
	}
	for i := 0; i+1 < len(written); i++ {
		if written[i] != '\\' {
			continue
		}
		switch next := written[i+1]; {
		case next == '\n':
			cut(i, i+2)
			i++
		case next == '\r' && strings.HasPrefix(written[i+2:], "\n"):
			cut(i, i+3)
			i += 2
		case !quoted || strings.IndexByte("$`\"\\", next) >= 0:
			cut(i, i+1)
			i++
		}
	}
	cut(len(written), len(written))
	return pieces
}

// script returns a script that words are handed to a shell as, joined by spaces.
func scriptOf(words []Word) Script {
	var text strings.Builder
	type stretch struct {
		at     int
		from   int
		whole  bool
		script *shell
		origin podman.Origin
	}
	var stretches []stretch
	for i, w := range words {
		if i > 0 {
			text.WriteString(" ")
		}
		if w.script == nil {
			stretches = append(stretches, stretch{at: text.Len(), origin: w.Origin})
			text.WriteString(w.Text)
			continue
		}
		for _, p := range w.pieces {
			stretches = append(stretches, stretch{at: text.Len(), from: p.from, whole: p.whole, script: w.script})
			text.WriteString(p.text)
		}
	}
	script := Script{Text: text.String()}
	if len(words) > 0 {
		script.File = words[0].Origin.File
		script.Template = words[0].script != nil && words[0].script.Template
	}
	lines := lineOffsets(script.Text)
	script.At = func(line, column int) (int, int) {
		offset := lines[min(max(line, 1), len(lines))-1] + column - 1
		i := sort.Search(len(stretches), func(i int) bool { return stretches[i].at > offset }) - 1
		if i < 0 {
			return 1, 1
		}
		s := stretches[i]
		origin := s.origin
		if s.script != nil {
			from := s.from
			if !s.whole {
				from += offset - s.at
			}
			origin = s.script.originAt(min(from, len(s.script.Text)))
		}
		return origin.Line, origin.Column
	}
	return script
}

// program returns the engine that a word may be the program of: what is only known when the script is run is one where
// its variable is given one's name somewhere, or is called by one.
func (s *shell) program(written *syntax.Word, w Word) string {
	if !w.Unknown {
		return engine(w.Text)
	}
	if !w.Splits && !isParameter(written) {
		return ""
	}
	found := ""
	syntax.Walk(written, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.ParamExp:
			if node.Param == nil {
				return true
			}
			name := node.Param.Value
			held, ok := s.engines[name]
			if !ok {
				held = s.engineIn(name)
				s.engines[name] = held
			}
			found = cmp.Or(found, held)
			if x := node.Exp; x != nil && x.Word != nil {
				found = cmp.Or(found, engineMentioned(s.written(x.Word)))
			}
			found = cmp.Or(found, engineOf(node.Param.Value))
		case *syntax.CmdSubst:
			found = cmp.Or(found, engineMentioned(s.written(node)))
			return false
		}
		return true
	})
	return found
}

// engineIn returns the engine that a variable is given somewhere, in this script or in those that it is in.
func (s *shell) engineIn(name string) string {
	for outer := s; outer != nil; outer = outer.outer {
		list := outer.vars.byName[name]
		for _, a := range list[:min(mostAssignments, len(list))] {
			if len(a.words) == 0 || len(a.words[0].Parts) == 0 {
				continue
			}
			if found := engineMentioned(outer.written(a.words[0])); found != "" {
				return found
			}
		}
	}
	return ""
}

// written returns the text of a node.
func (s *shell) written(node syntax.Node) string {
	from, to := min(int(node.Pos().Offset()), len(s.Text)), min(int(node.End().Offset()), len(s.Text))
	text := s.Text[from:max(from, to)]
	if s.Template && strings.HasPrefix(text, "{%") && !strings.HasSuffix(text, "%}") {
		text += "}" // its last byte is a backslash for the shell
	}
	return text
}

// singleQuoted returns what is between single quotes, which a template fills in before there is a shell.
func (s *shell) singleQuoted(part *syntax.SglQuoted, from int) piece {
	p := piece{text: part.Value, from: from}
	if s.Template && !part.Dollar && from+len(p.text) <= len(s.Text) {
		p.text = s.Text[from : from+len(p.text)]
		p.unknown = jinja.Unknown(p.text)
	}
	return p
}

// isParameter reports whether a word is a variable or the output of a command, in quotes or not.
func isParameter(w *syntax.Word) bool {
	parts := w.Parts
	if len(parts) == 1 {
		if quoted, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = quoted.Parts
		}
	}
	if len(parts) != 1 {
		return false
	}
	switch parts[0].(type) {
	case *syntax.ParamExp, *syntax.CmdSubst:
		return true
	}
	return false
}
