package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// podmanWords are the IDs of rules that are also words of Podman's own language or of podlint.toml. Elsewhere they name
// no rule unless they are compared with one.
var podmanWords = []string{
	"device", "env-host", "healthcheck", "no-new-privileges", "pids-limit", "privileged", "read-only", "sysctl",
}

// TestRuleNames holds that what podlint knows about a rule is a field of the rule: no code outside this package goes by
// a rule's name.
func TestRuleNames(t *testing.T) {
	var ids []string
	for _, r := range All(Parameters{}) {
		ids = append(ids, r.ID)
	}
	read := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == filepath.Join("..", "rules") || entry.Name() == "testdata" ||
			entry.Name() == ".git"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		read++
		for _, literal := range namedRules(file, ids) {
			t.Errorf("%s: %s names a rule: make what is meant a field of rules.Rule", positions.Position(literal.Pos()),
				literal.Value)
		}
		return nil
	})
	if err != nil || read == 0 {
		t.Errorf("%d files read: %v", read, err)
	}
}

// TestRuleNamesAreFound holds that the check above sees a rule's name where one could be written.
func TestRuleNamesAreFound(t *testing.T) {
	const source = `package p
var a = map[string]int{"cap-drop-all": 1, "read-only": 2}
func f(f *Finding) bool {
	switch f.Rule.ID {
	case "privileged":
	}
	switch word {
	case "device":
	}
	return f.Rule.ID == "sysctl" || "read-only" != id.Rule || word == "read-only"
}`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, literal := range namedRules(file, []string{"cap-drop-all", "read-only", "privileged", "device", "sysctl"}) {
		got = append(got, literal.Value)
	}
	slices.Sort(got)
	if want := []string{`"cap-drop-all"`, `"privileged"`, `"read-only"`, `"sysctl"`}; !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// namedRules returns the string literals of a file that name a rule.
func namedRules(file *ast.File, ids []string) []*ast.BasicLit {
	var named []*ast.BasicLit
	add := func(e ast.Expr, wanted func(id string) bool) {
		literal, ok := e.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && slices.Contains(ids, text) && wanted(text) {
			named = append(named, literal)
		}
	}
	isWord := func(id string) bool { return slices.Contains(podmanWords, id) }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			add(n, func(id string) bool { return !isWord(id) })
		case *ast.BinaryExpr:
			if isRuleName(n.X) {
				add(n.Y, isWord)
			}
			if isRuleName(n.Y) {
				add(n.X, isWord)
			}
		case *ast.SwitchStmt:
			if n.Tag == nil || !isRuleName(n.Tag) {
				return true
			}
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					add(e, isWord)
				}
			}
		}
		return true
	})
	return named
}

// isRuleName reports whether an expression is a field that holds a rule's name: finding.Rule.ID, proof.Rule.
func isRuleName(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && (s.Sel.Name == "Rule" || s.Sel.Name == "ID")
}
