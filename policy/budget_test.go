package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// labelled is a container with a label of many letters.
func labelled(length int) *podman.Container {
	c, err := sample(map[string]any{})
	if err != nil {
		panic(err)
	}
	c.Host = podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{})
	c.ConfigStrings = podman.Set([]podman.ConfigString{{Place: "label", Name: "a",
		Words: []podman.Sensitive{podman.Sensitive(strings.Repeat("a", length))}}}, podman.Origin{})
	return c
}

// TestRulesAreBounded holds that an expression neither takes much time or memory nor is passed over in silence for it.
func TestRulesAreBounded(t *testing.T) {
	const letters = `split(labels["a"], "")`
	tests := []struct{ name, when, refused, failed string }{
		{name: "loops over a long label", when: `any(` + letters + `, any(` + letters + `, len(` + letters + `) < 0))`,
			failed: "takes longer"},
		{name: "a long map", when: `len(map(` + letters + `, map(` + letters + `, labels["a"] + labels["a"]))) < 0`,
			failed: "lists of more than"},
		{name: "a long join", when: `join(` + letters + `, labels["a"]) == ""`, failed: "joins more"},
		{name: "a list as a text", when: `string(` + letters + `) == ""`, failed: "string takes a text"},
		{name: "a string that doubles", when: `let a = name + name; let b = a + a; len(b) > 0`, refused: "let"},
		{name: "repeat", when: `len(repeat("a", 900000)) > 0`, refused: "unknown name repeat"},
		{name: "replace", when: `len(replace(name, "a", name)) > 0`, refused: "unknown name replace"},
		{name: "reduce", when: `reduce(ports, true)`, refused: "reduce"},
		{name: "toJSON", when: `toJSON(ports) == ""`, refused: "unknown name toJSON"},
		{name: "flatten", when: `len(flatten([[1]])) > 0`, refused: "unknown name flatten"},
		{name: "a range", when: `any(1..900000, # > 0)`, refused: "ranges"},
		{name: "three loops", when: `any(ports, any(ports, any(ports, true)))`, refused: "loops nest"},
		{name: "parentheses", when: strings.Repeat("(", 100_000), refused: "at most 4000 bytes"},
		{name: "negations", when: strings.Repeat("!", 3_000) + "true", refused: "exceeds"},
		{name: "what expressions do not see", when: `podlint_budget == nil`, refused: "unknown name podlint_budget"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := fmt.Sprintf("[[rule]]\nid = \"z\"\nseverity = \"low\"\nmessage = \"m\"\nwhen = '''%s'''\n", tt.when)
			config, problems := Parse("podlint.toml", []byte(text))
			if tt.refused != "" {
				if len(problems) != 1 || !strings.Contains(problems[0].Message, tt.refused) {
					t.Errorf("%v, want it refused for %q", problems, tt.refused)
				}
				return
			}
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if found := config.Custom[0].Check(labelled(30_000)); len(found) > 0 {
				t.Error("it fires")
			}
			if failed := config.Failures(); len(failed) != 1 || !strings.Contains(failed[0].Message, tt.failed) {
				t.Errorf("%v, want a failure about %q", failed, tt.failed)
			}
		})
	}
	for name, text := range map[string]string{"too large": strings.Repeat("#", 300<<10),
		"nested": "x = " + strings.Repeat("[", 250<<10), "nested tables": "x = " + strings.Repeat("{a=", 80<<10),
		"long keys": strings.Repeat("a.", 100<<10) + "a = 1", "nested with strings": "x = " +
			strings.Repeat("[\"]\", \"\"\"]\"\"\", ", 10<<10)} {
		if _, problems := Parse("podlint.toml", []byte(text)); len(problems) != 1 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// TestRuleTextTooLong holds that a text that is too long to look at is an error of the rules that look at it only.
func TestRuleTextTooLong(t *testing.T) {
	for when, want := range map[string]int{`"x" in labels`: 1, `uid == 1`: 0} {
		config, problems := Parse("podlint.toml", []byte("[[rule]]\nid = \"z\"\nseverity = \"low\"\nmessage = \"m\"\n"+
			"when = '''"+when+"'''\n"))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		config.Custom[0].Check(labelled(70_000))
		if failed := config.Failures(); len(failed) != want {
			t.Errorf("%s: %v", when, failed)
		}
	}
}
