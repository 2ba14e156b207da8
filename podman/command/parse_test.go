package command

import (
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// TestNestedScripts holds that a script that is nested too deep is an error of that script, whatever nests, and that a
// long one that is not is read.
func TestNestedScripts(t *testing.T) {
	const many = 400_000
	deep := map[string]string{
		"subshells": strings.Repeat("(", many), "blocks": strings.Repeat("{ ", many),
		"command substitutions": strings.Repeat("$(", many), "backquotes": strings.Repeat("`\\", many),
		"process substitutions": strings.Repeat("<(", many), "arithmetic": "((" + strings.Repeat("(", many),
		"arithmetic expansions": strings.Repeat("$((", many), "expansions": strings.Repeat("${x:-", many),
		"expansions in quotes": strings.Repeat("\"${x:-", many), "tests": "[[ " + strings.Repeat("( ", many),
		"negated tests": "[[ " + strings.Repeat("! ", many) + "x ]]", "ifs": strings.Repeat("if ", many),
		"whiles": strings.Repeat("while ", many), "fors": strings.Repeat("for x in y; do ", many),
		"cases": strings.Repeat("case x in x) ", many), "functions": strings.Repeat("f() ", many),
		"coprocesses": strings.Repeat("coproc ", many), "times": strings.Repeat("time ", many),
		"negations": strings.Repeat("! ", many), "arrays": strings.Repeat("x=(", many),
		"indices": strings.Repeat("x[", many), "slices": strings.Repeat("${x:", many),
		"ands": strings.Repeat("x && ", many) + "x", "pipes": strings.Repeat("x | ", many) + "x",
		"sums": "((" + strings.Repeat("1+", many) + "1))", "unary": "((" + strings.Repeat("-", many) + "1))",
		"powers": "((" + strings.Repeat("2**", many) + "1))", "choices": "((" + strings.Repeat("1?1:", many) + "1))",
		"assignments": "((" + strings.Repeat("a=", many) + "1))", "or tests": "[[ " + strings.Repeat("x || ", many) + "x ]]",
		"heredocs": strings.Repeat("$(cat <<E\n", many), "extended globs": strings.Repeat("@(", many),
		"quotes": strings.Repeat("\"$(", many), "let": "let " + strings.Repeat("x+", many) + "1",
		"elses": strings.Repeat("if x; then x; else ", many),
		"elifs": "if x; then x; " + strings.Repeat("elif x; then x; ", many),
	}
	for name, text := range deep {
		t.Run(name, func(t *testing.T) {
			found := Script{File: "a.sh", Text: "podman\n" + text}.Read(podman.AssumedHost(podman.DefaultTo(false,
				podman.Origin{}), time.Time{}))
			if len(found.Problems) == 0 && name != "extended globs" && name != "negations" && name != "indices" {
				t.Error("no problem")
			}
			if calls := (Script{Text: "podman\n" + text}).Calls(); len(calls) > 0 {
				t.Error("calls")
			}
		})
	}
	long := Script{File: "a.sh", Text: strings.Repeat("podman run x\nif a; then (b && c | d); fi\n", 20_000)}
	found := long.Read(podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{}))
	if len(found.Problems) > 0 || len(found.Containers) != 20_000 {
		t.Errorf("%d containers, %v", len(found.Containers), found.Problems)
	}
}
