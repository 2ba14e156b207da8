// Mutate breaks the conditions of the rules one by one and says which break no test notices: go run ./testdata/mutate
//
// For each `if` and each `case` without a value in the file of a rule it compiles podlint with the condition negated
// (go test -overlay: nothing is written into the tree) and runs the tests that need no Podman. It takes some seconds a
// condition.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/podlint/podlint/rules"
)

// mutant is a condition to negate.
type mutant struct {
	file       string
	start, end int
	line       int
}

func main() {
	only := flag.String("rule", "", "only this rule")
	flag.Parse()
	var mutants []mutant
	for _, r := range rules.All(rules.Parameters{}) {
		if *only == "" || r.ID == *only {
			mutants = append(mutants, conditions(filepath.Join("rules", strings.ReplaceAll(r.ID, "-", "_")+".go"))...)
		}
	}
	var mu sync.Mutex
	survived, done := 0, 0
	next := make(chan mutant)
	var group sync.WaitGroup
	const atOnce = 2
	for range atOnce {
		group.Go(func() {
			for m := range next {
				killed, text := try(m)
				mu.Lock()
				done++
				if !killed {
					survived++
					fmt.Printf("survived: %s:%d: %s\n", m.file, m.line, text)
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		next <- m
	}
	close(next)
	group.Wait()
	fmt.Printf("%d conditions, %d noticed, %d not\n", done, done-survived, survived)
	if survived > 0 {
		os.Exit(1)
	}
}

// conditions finds what can be negated in a file.
func conditions(file string) []mutant {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		panic(err)
	}
	var found []mutant
	add := func(e ast.Expr) {
		start, end := set.Position(e.Pos()), set.Position(e.End())
		found = append(found, mutant{file, start.Offset, end.Offset, start.Line})
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			add(n.Cond)
		case *ast.SwitchStmt:
			if n.Tag != nil {
				return true
			}
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					add(e)
				}
			}
		}
		return true
	})
	return found
}

// try negates a condition and reports whether a test fails.
func try(m mutant) (killed bool, condition string) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		panic(err)
	}
	condition = string(source[m.start:m.end])
	dir, err := os.MkdirTemp("", "podlint-mutant-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	broken, overlay := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
	text := string(source[:m.start]) + "!(" + condition + ")" + string(source[m.end:])
	absolute, err := filepath.Abs(m.file)
	if err != nil {
		panic(err)
	}
	data, err := json.Marshal(map[string]any{"Replace": map[string]string{absolute: broken}})
	if err != nil {
		panic(err)
	}
	for name, content := range map[string][]byte{broken: []byte(text), overlay: data} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			panic(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "test", "-failfast", "-vet=off", "-overlay", overlay, "./rules",
		"./internal/cli", "-skip", "HTML|Interrupt|Misbehaving|Docs").CombinedOutput()
	if err != nil && strings.Contains(string(out), "[build failed]") {
		panic(string(out))
	}
	return err != nil, condition
}
