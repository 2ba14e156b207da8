package fetch

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The bounds: scripts come from anywhere.
const (
	mostText     = 1 << 18
	mostDepth    = 12
	mostCommands = 4000
	mostFound    = 40
	mostFields   = 2000
)

// word is a word of a command. What only the shell knows is unknown.
type word struct {
	text    string
	unknown bool
	// from holds the downloads whose content the word is, or that it is a file of: "$(curl …)", <(curl …).
	from []*download
	// file is set where the word names a file that the content is read from.
	file bool
}

// stream is what a command writes to its output.
type stream struct {
	from []*download
	// text is what is known of it, and known whether that is all.
	text  string
	known bool
}

// download is something that an address serves, of which it shows only later whether it is run.
type download struct {
	host, name string
	address    string
	program    string
	pinned     bool
	checked    bool
	off        string
	repository bool
	// code is set where it is run or put where programs are, and script where it is handed to an interpreter as it comes.
	code, script bool
	guarded      bool
}

// eval runs a script without running anything.
type eval struct {
	ctx      *Context
	vars     map[string]word
	arrays   map[string][]word
	funcs    map[string]*syntax.Stmt
	files    map[string]*download
	texts    map[string]string
	dirs     map[string]*download
	all      []*download
	cwd      string
	found    []Fetch
	depth    int
	commands int
	fields   int
	// untrusted is the option in a list of repositories that switches signatures off.
	untrusted   string
	guarded     bool
	development bool
}

func newEval(c *Context) *eval {
	e := &eval{ctx: c, vars: map[string]word{}, arrays: map[string][]word{}, funcs: map[string]*syntax.Stmt{},
		files: map[string]*download{}, texts: map[string]string{}, dirs: map[string]*download{},
		development: c.Development && c.Sources}
	return e
}

// env returns the value of a variable of the command's environment, empty where it is not known.
func (e *eval) env(name string) string {
	if w, ok := e.vars[name]; ok {
		return w.text
	}
	return e.ctx.Environment[name]
}

// isOn reports whether a variable switches something on.
func (e *eval) isOn(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return isTrue(e.env(name)) })
}

func isTrue(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false", "no", "off", "none":
		return false
	}
	return !strings.Contains(value, "${")
}

func (e *eval) add(f Fetch) {
	if f.Level == None || len(e.found) >= mostFound {
		return
	}
	f.Guarded = f.Guarded || e.guarded
	for _, old := range e.found {
		if old.Program == f.Program && slices.Equal(old.What, f.What) && old.Variable == f.Variable {
			return
		}
	}
	e.found = append(e.found, f)
}

// result returns what was found, with the downloads that turned out to be run.
func (e *eval) result() []Fetch {
	for _, d := range e.all {
		if d.code {
			e.add(d.fetch())
		}
	}
	found := make([]Fetch, 0, len(e.found))
	for _, f := range e.found {
		found = append(found, e.ctx.settle(f, e.development))
	}
	return found
}

func (d *download) fetch() Fetch {
	f := Fetch{Shape: File, Program: d.program, What: []string{d.host}, Pinned: d.pinned, Level: High, Off: d.off,
		Guarded: d.guarded}
	if d.name != "" {
		f.What = []string{d.name, d.host}
	}
	if d.repository {
		f.Shape = Repository
	}
	switch {
	case d.off != "" && !d.checked:
	case d.script && !d.checked:
		f.Shape = Script
	case d.checked:
		f.Level = Low
		if f.Off = ""; !d.repository {
			f.Pinned = true
		}
	case d.pinned:
		f.Level = Medium
	}
	return f
}

// script runs the text of a script.
func (e *eval) script(text string, in stream) stream {
	if len(text) > mostText || e.depth >= mostDepth {
		return stream{}
	}
	e.depth++
	defer func() { e.depth-- }()
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return stream{}
	}
	return e.stmts(file.Stmts, in)
}

func (e *eval) stmts(list []*syntax.Stmt, in stream) stream {
	out := stream{known: true}
	for _, s := range list {
		out = out.and(e.stmt(s, in))
	}
	return out
}

func (s stream) and(o stream) stream {
	return stream{from: append(slices.Clip(s.from), o.from...), text: s.text + o.text, known: s.known && o.known}
}

// stmt runs a statement.
func (e *eval) stmt(s *syntax.Stmt, in stream) stream {
	if e.commands++; e.commands > mostCommands {
		return stream{}
	}
	var to string
	for _, r := range s.Redirs {
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			in = e.content(r.Hdoc)
		case syntax.WordHdoc:
			in = e.content(r.Word)
		case syntax.RdrIn:
			in = e.input(r.Word)
		case syntax.RdrOut, syntax.AppOut, syntax.RdrAll, syntax.RdrClob:
			if r.N == nil || r.N.Value == "1" {
				to = e.one(r.Word).text
			}
		default:
		}
	}
	out := e.command(s.Cmd, in)
	if to != "" && to != "/dev/null" && !strings.HasPrefix(to, "/dev/std") {
		e.save(to, out)
		return stream{known: true}
	}
	return out
}

func (e *eval) content(w *syntax.Word) stream {
	if w == nil {
		return stream{}
	}
	c := e.one(w)
	return stream{from: c.from, text: c.text, known: !c.unknown}
}

func (e *eval) input(w *syntax.Word) stream {
	c := e.one(w)
	if c.file {
		return stream{from: c.from}
	}
	if d := e.at(c.text); d != nil {
		return stream{from: []*download{d}}
	}
	if text, ok := e.texts[e.path(c.text)]; ok {
		return stream{text: text, known: true}
	}
	return stream{}
}

// save notes what is written to a file.
func (e *eval) save(to string, out stream) {
	name := e.path(to)
	for _, d := range out.from {
		e.store(d, to)
	}
	if out.known && len(out.from) == 0 && len(out.text) < mostText && len(e.texts) < mostFields {
		e.texts[name] = out.text
	}
	if strings.HasPrefix(name, "/etc/apt/") && strings.Contains(strings.ToLower(out.text), "trusted=yes") {
		e.untrusted = "trusted=yes"
	}
}

func (e *eval) command(c syntax.Command, in stream) stream {
	switch c := c.(type) {
	case *syntax.CallExpr:
		return e.call(c, in)
	case *syntax.BinaryCmd:
		return e.binary(c, in)
	case *syntax.Block:
		return e.stmts(c.Stmts, in)
	case *syntax.Subshell:
		cwd := e.cwd
		out := e.stmts(c.Stmts, in)
		e.cwd = cwd
		return out
	case *syntax.IfClause:
		return e.ifClause(c, in)
	case *syntax.WhileClause:
		return e.stmts(c.Cond, in).and(e.stmts(c.Do, in))
	case *syntax.ForClause:
		return e.forClause(c, in)
	case *syntax.CaseClause:
		for _, item := range c.Items {
			e.guardedBy(func() { e.stmts(item.Stmts, in) })
		}
	case *syntax.FuncDecl:
		if c.Name != nil { // zsh has functions without one
			e.funcs[c.Name.Value] = c.Body
		}
	case *syntax.TimeClause:
		if c.Stmt != nil {
			return e.stmt(c.Stmt, in)
		}
	case *syntax.DeclClause:
		for _, a := range c.Args {
			e.assign(a)
		}
	}
	return stream{known: true}
}

func (e *eval) guardedBy(f func()) {
	before := e.guarded
	e.guarded = true
	f()
	e.guarded = before
}

func (e *eval) ifClause(c *syntax.IfClause, in stream) stream {
	out := e.stmts(c.Cond, in)
	e.guardedBy(func() {
		out = out.and(e.stmts(c.Then, in))
		if c.Else != nil {
			out = out.and(e.ifClause(c.Else, in))
		}
	})
	return out
}

// forClause runs a loop once for each of the first few words that it names.
func (e *eval) forClause(c *syntax.ForClause, in stream) stream {
	const rounds = 8
	loop, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		return e.stmts(c.Do, in)
	}
	items := e.words(loop.Items)
	out := stream{known: true}
	for _, item := range items[:min(len(items), rounds)] {
		e.vars[loop.Name.Value] = item
		out = out.and(e.stmts(c.Do, in))
	}
	if len(items) == 0 {
		e.vars[loop.Name.Value] = word{unknown: true}
		out = e.stmts(c.Do, in)
	}
	return out
}

func (e *eval) binary(c *syntax.BinaryCmd, in stream) stream {
	switch c.Op {
	case syntax.Pipe, syntax.PipeAll:
		return e.stmt(c.Y, e.stmt(c.X, in))
	case syntax.OrStmt:
		out := e.stmt(c.X, in)
		e.guardedBy(func() { out = out.and(e.stmt(c.Y, in)) })
		return out
	default:
		return e.stmt(c.X, in).and(e.stmt(c.Y, in))
	}
}

func (e *eval) assign(a *syntax.Assign) {
	if a.Name == nil {
		return
	}
	switch {
	case a.Array != nil:
		var items []word
		for _, el := range a.Array.Elems {
			if el.Value != nil {
				items = append(items, e.expand(el.Value)...)
			}
		}
		e.arrays[a.Name.Value] = items
	case a.Value != nil:
		e.vars[a.Name.Value] = e.one(a.Value)
	case !a.Naked:
		e.vars[a.Name.Value] = word{}
	}
}

func (e *eval) call(c *syntax.CallExpr, in stream) stream {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			e.assign(a)
		}
		return stream{known: true}
	}
	words := e.words(c.Args)
	before := map[string]word{}
	var fresh []string
	for _, a := range c.Assigns { // for this command only
		if a.Name == nil {
			continue
		}
		if old, ok := e.vars[a.Name.Value]; ok {
			before[a.Name.Value] = old
		} else {
			fresh = append(fresh, a.Name.Value)
		}
		e.assign(a)
	}
	out := e.run(words, in)
	for name, old := range before {
		e.vars[name] = old
	}
	for _, name := range fresh {
		delete(e.vars, name)
	}
	return out
}

func (e *eval) words(list []*syntax.Word) []word {
	var words []word
	for _, w := range list {
		words = append(words, e.expand(w)...)
	}
	return words
}

// one expands a word where nothing is split.
func (e *eval) one(w *syntax.Word) word {
	if w == nil {
		return word{}
	}
	var out word
	e.parts(&out, w.Parts)
	return out
}

// expand makes words of one: what a variable holds is split where it is not in quotes.
func (e *eval) expand(w *syntax.Word) []word {
	if x, ok := only(w.Parts); ok {
		if x.Param != nil {
			if items, ok := e.arrays[x.Param.Value]; ok && x.Index != nil {
				return items
			}
		}
	}
	if len(w.Parts) == 1 {
		if _, ok := w.Parts[0].(*syntax.ParamExp); ok {
			value := e.one(w)
			if value.unknown || len(value.from) > 0 {
				return []word{value}
			}
			var words []word
			for _, field := range strings.Fields(value.text) {
				words = append(words, word{text: field})
			}
			return words
		}
	}
	braced := syntax.SplitBraces(w)
	if braced { // {a,b}: the alternatives are not run apart
		return []word{{text: "{}", unknown: true}}
	}
	return []word{e.one(w)}
}

// only returns the expansion that a word is, in quotes or not.
func only(parts []syntax.WordPart) (*syntax.ParamExp, bool) {
	if len(parts) != 1 {
		return nil, false
	}
	if q, ok := parts[0].(*syntax.DblQuoted); ok {
		return only(q.Parts)
	}
	x, ok := parts[0].(*syntax.ParamExp)
	return x, ok
}

func (e *eval) parts(out *word, parts []syntax.WordPart) {
	if e.fields++; e.fields > mostFields*10 || len(out.text) > mostText {
		out.unknown = true
		return
	}
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			out.text += unescape(p.Value)
		case *syntax.SglQuoted:
			out.text += p.Value
		case *syntax.DblQuoted:
			e.parts(out, p.Parts)
		case *syntax.ParamExp:
			e.parameter(out, p)
		case *syntax.CmdSubst:
			s := e.stmts(p.Stmts, stream{})
			out.from = append(out.from, s.from...)
			if out.unknown = out.unknown || !s.known || len(s.from) > 0; s.known {
				out.text += strings.TrimRight(s.text, "\n")
			}
		case *syntax.ProcSubst:
			s := e.stmts(p.Stmts, stream{})
			out.from, out.file, out.unknown = append(out.from, s.from...), true, true
			out.text += "/dev/fd/63"
		default:
			out.unknown = true
		}
	}
}

func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
			if text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func (e *eval) parameter(out *word, p *syntax.ParamExp) {
	if p.Param == nil {
		out.unknown = true
		return
	}
	name := p.Param.Value
	value, ok := e.vars[name]
	if !ok {
		var text string
		if text, ok = e.ctx.Environment[name]; ok {
			value = word{text: text}
		}
	}
	plain := p.Exp == nil && p.Slice == nil && p.Repl == nil && !p.Length && !p.Excl && p.Index == nil
	switch {
	case ok && (plain || p.Exp != nil && isDefault(p.Exp.Op) && value.text != ""):
	case p.Exp != nil && isDefault(p.Exp.Op) && p.Exp.Word != nil:
		value = word{}
		e.parts(&value, p.Exp.Word.Parts)
	default:
		value = word{text: "$" + name, unknown: true}
	}
	if e.ctx.Secret != nil && e.ctx.Secret(name, value.text) { // its name is said in its place
		value.text, value.unknown = "$"+name, true
	}
	out.text += value.text
	out.from = append(out.from, value.from...)
	out.unknown = out.unknown || value.unknown
}

func isDefault(op syntax.ParExpOperator) bool {
	return op == syntax.DefaultUnset || op == syntax.DefaultUnsetOrNull || op == syntax.AssignUnset ||
		op == syntax.AssignUnsetOrNull
}

// path returns the path that a file's name stands for.
func (e *eval) path(name string) string {
	if name == "" {
		return ""
	}
	if path.IsAbs(name) || strings.HasPrefix(name, "~") || strings.HasPrefix(name, "$") {
		return path.Clean(name)
	}
	return path.Join(e.cwd, name)
}

// at returns the download that a file is, or is from, nil for none.
func (e *eval) at(name string) *download {
	if name == "" {
		return nil
	}
	full := e.path(name)
	if d := e.files[full]; d != nil {
		return d
	}
	for dir, n := full, 0; dir != "." && dir != "/" && n < 64; dir, n = path.Dir(dir), n+1 {
		if d := e.dirs[dir]; d != nil {
			return d
		}
	}
	if d := e.dirs[""]; d != nil && !path.IsAbs(full) {
		return d
	}
	return nil
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
