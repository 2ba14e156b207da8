package command

import (
	"cmp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Bounds on the values of variables, beyond which they are taken as unknown: a script of few lines can make a value of
// any length.
const (
	mostAssignments = 200
	mostBytes       = 1 << 16
	mostFields      = 2000
	deepestValue    = 50
)

// place is where in a script something is: its offset, and the innermost loop or function and the function around it.
type place struct {
	offset       int
	region, body syntax.Node
}

// assignment is an assignment to a variable of a script.
type assignment struct {
	place
	// end is the offset behind it, and until how far it has been made wherever the script gets.
	end, until int
	// words holds what is assigned, nil where that is not known.
	words []*syntax.Word
	array bool
	// adds is set where the value goes behind the one before.
	adds bool
	// local is set where it is seen in its function only.
	local bool

	value     []field
	known     bool
	evaluated bool
}

// variables are those that a script assigns.
type variables struct {
	byName map[string][]*assignment
	// any holds what may assign any variable, such as the script of another file.
	any []*assignment
	// ifs is set where the script changes what splits words.
	ifs bool
}

// ancestors is a walk's stack of nodes.
type ancestors []syntax.Node

// walkWithin calls visit for each node with the nodes around it, the outermost first and the node itself last.
func walkWithin(root syntax.Node, visit func(node syntax.Node, around ancestors)) {
	var around ancestors
	syntax.Walk(root, func(node syntax.Node) bool {
		if node == nil {
			around = around[:len(around)-1]
			return true
		}
		around = append(around, node)
		visit(node, around)
		return true
	})
}

// place returns where the last node of the stack is.
func (a ancestors) place() place {
	p := place{offset: int(a[len(a)-1].Pos().Offset())}
	for _, node := range slices.Backward(a) {
		switch node.(type) {
		case *syntax.FuncDecl:
			p.region, p.body = cmp.Or(p.region, node), node
			return p
		case *syntax.ForClause, *syntax.WhileClause:
			p.region = cmp.Or(p.region, node)
		}
	}
	return p
}

// until returns the offset up to which a command has been run, wherever the script gets from it: the end of the
// statements that follow it.
func (a ancestors) until() int {
	var statement *syntax.Stmt
	for i, node := range slices.Backward(a) {
		switch node := node.(type) {
		case *syntax.Stmt:
			if statement = node; node.Background || node.Coprocess {
				return int(node.End().Offset())
			}
		case *syntax.BinaryCmd:
			switch {
			case node.Op == syntax.Pipe || node.Op == syntax.PipeAll:
				return int(statement.End().Offset())
			case statement == node.Y:
				return a[:i+1].chainEnd()
			}
		case *syntax.File:
			return int(node.End().Offset()) + 1
		case *syntax.IfClause:
			return end(node.Cond, node.Then, statement)
		case *syntax.WhileClause:
			return end(node.Cond, node.Do, statement)
		case *syntax.ForClause:
			return end(node.Do, nil, statement)
		case *syntax.CaseItem:
			return end(node.Stmts, nil, statement)
		case *syntax.CallExpr, *syntax.DeclClause, *syntax.Block, *syntax.TimeClause, *syntax.Assign, *syntax.LetClause,
			*syntax.ArithmCmd:
		default: // a function, a subshell, a substitution
			return int(node.End().Offset())
		}
	}
	return 0
}

// chainEnd returns the end of the commands that && chains to the last one of the stack.
func (a ancestors) chainEnd() int {
	last := int(a[len(a)-1].End().Offset())
	if a[len(a)-1].(*syntax.BinaryCmd).Op != syntax.AndStmt {
		return last
	}
	for i := len(a) - 3; i >= 0; i -= 2 {
		chain, ok := a[i].(*syntax.BinaryCmd)
		if !ok || chain.Op != syntax.AndStmt || syntax.Node(chain.X) != a[i+1] {
			break
		}
		last = int(chain.End().Offset())
	}
	return last
}

// end returns the end of the list of statements, of two, that a statement is in.
func end(list, other []*syntax.Stmt, statement *syntax.Stmt) int {
	if slices.Contains(other, statement) {
		list = other
	}
	if len(list) == 0 {
		return 0
	}
	return int(list[len(list)-1].End().Offset())
}

// findVariables finds the assignments of a script.
func findVariables(file *syntax.File) *variables {
	v := &variables{byName: map[string][]*assignment{}}
	walkWithin(file, func(node syntax.Node, around ancestors) {
		switch node := node.(type) {
		case *syntax.CallExpr:
			if len(node.Args) > 0 {
				v.builtin(node, around)
				return
			}
			for _, a := range node.Assigns {
				v.assign(a, around, "")
			}
		case *syntax.DeclClause:
			v.declare(node, around)
		case *syntax.WordIter:
			v.put(node.Name.Value, opaque(around))
		case *syntax.ParamExp:
			if e := node.Exp; e != nil && node.Param != nil &&
				(e.Op == syntax.AssignUnset || e.Op == syntax.AssignUnsetOrNull) {
				v.put(node.Param.Value, opaque(around))
			}
		case *syntax.BinaryArithm:
			if strings.HasSuffix(node.Op.String(), "=") {
				v.arithmetic(node.X, around)
			}
		case *syntax.UnaryArithm:
			v.arithmetic(node.X, around)
		}
	})
	v.ifs = len(v.byName["IFS"]) > 0
	return v
}

func (v *variables) put(name string, a *assignment) { v.byName[name] = append(v.byName[name], a) }

// opaque returns an assignment of what is not known by the last node of a stack.
func opaque(around ancestors) *assignment {
	return &assignment{place: around.place(), end: int(around[len(around)-1].End().Offset()), until: around.until()}
}

// arithmetic notes that an arithmetic expression may change a variable.
func (v *variables) arithmetic(x syntax.ArithmExpr, around ancestors) {
	if w, ok := x.(*syntax.Word); ok {
		v.put(w.Lit(), opaque(around))
	}
}

// assign notes NAME=VALUE.
func (v *variables) assign(given *syntax.Assign, around ancestors, declared string) {
	if given.Name == nil {
		return
	}
	a := opaque(around)
	a.offset, a.end = int(given.Pos().Offset()), int(given.End().Offset())
	a.adds, a.array, a.local = given.Append, given.Array != nil, a.body != nil && declared != ""
	name := given.Name.Value
	switch {
	case given.Index != nil:
		a.adds = true
	case given.Array != nil:
		a.words = []*syntax.Word{}
		for _, e := range given.Array.Elems {
			if e.Index != nil || e.Value == nil {
				a.words = nil
				break
			}
			a.words = append(a.words, e.Value)
		}
	case given.Value != nil:
		a.words = []*syntax.Word{given.Value}
		a.addsToItself(name)
	case !given.Naked:
		a.words = []*syntax.Word{}
	}
	v.put(name, a)
}

// addsToItself makes X="$X more" what it is, an addition.
func (a *assignment) addsToItself(name string) {
	parts := a.words[0].Parts
	quoted, inQuotes := parts[0].(*syntax.DblQuoted)
	if inQuotes {
		parts = quoted.Parts
	}
	if len(parts) == 0 {
		return
	}
	x, ok := parts[0].(*syntax.ParamExp)
	if !ok || x.Param == nil || x.Param.Value != name || x.Index != nil || x.Length || x.Excl || x.Slice != nil ||
		x.Repl != nil || x.Exp != nil {
		return
	}
	rest := &syntax.Word{Parts: parts[1:]}
	if inQuotes {
		kept := *quoted
		kept.Parts = parts[1:]
		rest.Parts = append([]syntax.WordPart{&kept}, a.words[0].Parts[1:]...)
	}
	a.adds, a.words = true, []*syntax.Word{rest}
}

// declare notes what declare, local, export, readonly and typeset assign.
func (v *variables) declare(d *syntax.DeclClause, around ancestors) {
	kind, strange := d.Variant.Value, d.Variant.Value == "nameref"
	for _, a := range d.Args {
		if a.Name == nil {
			if flags := a.Value.Lit(); strings.Trim(flags, "-argxp") != "" {
				strange = true
			}
		}
	}
	if kind == "export" || kind == "readonly" {
		kind = ""
	}
	for _, a := range d.Args {
		switch {
		case a.Name == nil, a.Naked && kind == "":
		case strange:
			v.put(a.Name.Value, opaque(around))
		default:
			v.assign(a, around, kind)
		}
	}
}

// builtin notes what a command of the shell's own assigns.
func (v *variables) builtin(call *syntax.CallExpr, around ancestors) {
	name := call.Args[0].Lit()
	args := call.Args[1:]
	switch name {
	case "source", ".", "eval":
		v.any = append(v.any, opaque(around))
	case "shift":
		v.put("@", opaque(around))
	case "set":
		if len(args) > 0 && args[0].Lit() == "--" {
			a := opaque(around)
			a.words, a.array = slices.Clone(args[1:]), true
			v.put("@", a)
		} else if len(args) > 0 && !strings.HasPrefix(args[0].Lit(), "-") && !strings.HasPrefix(args[0].Lit(), "+") {
			v.put("@", opaque(around))
		}
	case "read", "mapfile", "readarray", "getopts", "unset", "printf":
		if name == "printf" && (len(args) < 2 || args[0].Lit() != "-v") {
			return
		}
		for _, arg := range args {
			if text := arg.Lit(); text == "" {
				v.any = append(v.any, opaque(around))
			} else if syntax.ValidName(text) {
				v.put(text, opaque(around))
			}
		}
	}
}

// lookup returns the value that a variable has at a place; false where nothing is known about it. Of a value that is
// known in part, the unknown parts are fields that may be any number of words.
func (s *shell) lookup(name string, at place, depth int) (value []field, array, ok bool) {
	list := s.vars.byName[name]
	if len(list) == 0 || len(list)+len(s.vars.any) > mostAssignments || depth > deepestValue {
		return nil, false, false
	}
	base, last := latest(list, at)
	if name == "@" && (base == nil || base.body != at.body) {
		return nil, false, false
	}
	settled := base != nil && !slices.ContainsFunc(slices.Concat(list, s.vars.any), func(a *assignment) bool {
		return a != base && !a.adds && !a.hidden(at) && !a.before(base) && !a.behind(base, at)
	})
	if settled {
		value, settled = s.valueOf(base, depth)
		array = base.array
	}
	if !settled {
		if value = []field{unknownField(last)}; base == nil {
			base = &assignment{place: place{offset: last}, end: last}
		}
	}
	found := settled
	for _, a := range list {
		if !a.adds || a.hidden(at) || a.before(base) || a.behind(base, at) {
			continue
		}
		array = array || a.array
		more, known := s.valueOf(a, depth)
		if known && a.reaches(at) && a.region == base.region && a.body == base.body && (settled || a.offset >= last) {
			found = true
		} else {
			more = []field{unknownField(a.offset)}
		}
		if value = joined(value, more, a.array); len(value) > mostFields {
			return nil, false, false
		}
	}
	return value, array, found
}

// latest returns the last assignment that is always made before a place, nil for none, and the end of the last one of
// all.
func latest(list []*assignment, at place) (base *assignment, last int) {
	for _, a := range list {
		if a.hidden(at) || a.adds {
			continue
		}
		last = max(last, a.end)
		if a.reaches(at) && (base == nil || a.end > base.end) {
			base = a
		}
	}
	return base, last
}

// reaches reports whether an assignment has been made wherever the script gets to a place.
func (a *assignment) reaches(at place) bool { return a.end <= at.offset && at.offset < a.until }

// joined adds to a value: elements to an array, text to a string.
func joined(value, more []field, array bool) []field {
	if array || len(value) == 0 || len(more) == 0 {
		return append(slices.Clone(value), more...)
	}
	value = slices.Clone(value)
	last := &value[len(value)-1]
	last.pieces = append(slices.Clone(last.pieces), more[0].pieces...)
	return append(value, more[1:]...)
}

// hidden reports whether an assignment is not seen at a place, because it is a function's own.
func (a *assignment) hidden(at place) bool { return a.local && a.body != at.body }

// before reports whether an assignment is overwritten by a later one that is always made.
func (a *assignment) before(base *assignment) bool {
	return a.end <= base.offset && (a.body == nil || a.body == base.body) || base.local && a.body != base.body
}

// behind reports whether an assignment is made only after what is at a place has been run.
func (a *assignment) behind(base *assignment, at place) bool {
	return a.offset >= at.offset && base.region == at.region && (a.body == nil || a.body == base.body)
}

// valueOf returns what an assignment assigns, and false where that is not known.
func (s *shell) valueOf(a *assignment, depth int) ([]field, bool) {
	if a.evaluated {
		return a.value, a.known
	}
	if a.words == nil || depth > deepestValue {
		return nil, false
	}
	a.evaluated, a.known = true, true
	size := 0
	for _, w := range a.words {
		made := s.expand(w, a.place, !a.array, depth+1)
		if !a.array && len(made) == 0 {
			made = []field{{at: a.offset}}
		}
		a.value = append(a.value, made...)
		for _, f := range made {
			for _, p := range f.pieces {
				size += len(p.text)
			}
		}
		if size > mostBytes || len(a.value) > mostFields {
			a.value, a.known = nil, false
			break
		}
	}
	return a.value, a.known
}
