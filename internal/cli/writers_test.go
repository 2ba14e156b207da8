package cli

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// safeFunctions are the functions whose result may be printed as it is: what they are given is made safe, or podlint's
// own.
var safeFunctions = []string{
	"safe.Text", "safe.Whole", "pasteable", "engine.Redact", "word.Count", "len", "versionLine", "strings.Join",
	"hint", "took.Seconds", "filepath.Base",
}

// ownWords are values of podlint's own, by the file that prints them: numbers, names of rules, texts whose foreign
// parts were made safe where they were put in.
var ownWords = map[string][]string{
	"catalogue.go": {"width", "r.ID", "r.Severity", "r.Title"},
	"config.go":    {"width"},
	// a diff, whose lines fix.Diff has made safe
	"fix.go": {"text", "mark", "head", "d.Finding.Rule.ID", "l.Finding.Rule.ID"},
	"prove.go": {"text", "word", "holds", "r.Copies", "r.Took.Round(time.Second)",
		"f.Rule.ID", "l.Finding.Rule.ID"},
	"progress.go": {"back", "what", "done", "total"},
}

// TestWriters holds that whatever the command prints on its streams is podlint's own or was made safe: a name, a path
// or an error of somebody else's never reaches a terminal as it is.
func TestWriters(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	printed := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		n, wrong := unsafePrints(positions, file, ownWords[name])
		printed += n
		for _, w := range wrong {
			t.Errorf("%s: %s is printed as it is: it may be somebody else's; safe.Text it", w.at, w.what)
		}
	}
	if printed < 30 {
		t.Errorf("only %d calls were looked at", printed)
	}
}

// TestWritersAreSeen holds that the check above sees a foreign word where one is printed.
func TestWritersAreSeen(t *testing.T) {
	const source = `package p
func f(a *app, name string, err error) {
	fmt.Fprintf(a.Out, "%s: %d %s\n", name, len(name), safe.Text(name))
	fmt.Fprintln(a.Err, err)
	fmt.Fprintln(a.Err, "x" + err.Error())
	fmt.Fprintln(a.Out, strings.Join([]string{"a", name}, ", "))
	fmt.Fprintln(a.Out, "own words", 3)
}`
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, "x.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, wrong := unsafePrints(positions, file, nil)
	var got []string
	for _, w := range wrong {
		got = append(got, w.what)
	}
	if n != 5 || strings.Join(got, "|") != `name|err|"x" + err.Error()|strings.Join([]string{"a", name}, ", ")` {
		t.Errorf("%d, %q", n, got)
	}
}

type unsafePrint struct{ at, what string }

// unsafePrints counts the calls that print on the command's streams, and returns what they print that is neither a
// literal, nor of a harmless function, nor among own.
func unsafePrints(positions *token.FileSet, file *ast.File, own []string) (printed int, wrong []unsafePrint) {
	source := func(n ast.Node) string {
		var b strings.Builder
		_ = printer.Fprint(&b, positions, n)
		return b.String()
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 ||
			!strings.HasPrefix(source(call.Fun), "fmt.Fprint") && source(call.Fun) != "hanging" {
			return true
		}
		if to := source(call.Args[0]); to != "a.Out" && to != "a.Err" && to != "p.to" {
			return true
		}
		printed++
		for _, arg := range call.Args[1:] {
			if !isHarmless(arg, source, own) {
				wrong = append(wrong, unsafePrint{positions.Position(arg.Pos()).String(), source(arg)})
			}
		}
		return true
	})
	return printed, wrong
}

func isHarmless(e ast.Expr, source func(ast.Node) string, own []string) bool {
	if slices.Contains(own, source(e)) {
		return true
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return isHarmless(e.X, source, own) && isHarmless(e.Y, source, own)
	case *ast.SelectorExpr: // a constant of a package
		return source(e) == "fix.NotForPatch"
	case *ast.CallExpr:
		name := source(e.Fun)
		switch name {
		case "strings.Join", "filepath.Base":
			return isHarmless(e.Args[0], source, own)
		case "fmt.Sprintf":
			return !slices.ContainsFunc(e.Args, func(a ast.Expr) bool { return !isHarmless(a, source, own) })
		}
		return slices.Contains(safeFunctions, name)
	}
	return false
}
