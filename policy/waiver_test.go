package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

func known(rule string) error {
	if rule == "read-only" || rule == "root-user" {
		return nil
	}
	return errors.New("is not a rule " + rule)
}

func TestWaivers(t *testing.T) {
	tests := []struct {
		name, text  string
		first, last int
		problem     string
	}{
		{"a line", "[Container]\n# podlint: ignore=read-only it writes\nReadOnly=false\nX=y\n", 3, 3, ""},
		{"a section", "# podlint: ignore=read-only it writes\n[Container]\nA=b\n\nC=d\n[Service]\nE=f\n", 2, 5, ""},
		{"continuation lines", "#podlint: ignore=read-only,root-user it writes\npodman run \\\n  -d \\\n  x\ny\n", 2, 4,
			""},
		{"what is indented deeper", "a:\n  # podlint: ignore=read-only it writes\n  - name: x\n    b: c\n    d: e\n  " +
			"- name: y\n", 3, 5, ""},
		{"other comments between", "; podlint: ignore=read-only it writes\n# x\n\nA=b\n", 4, 4, ""},
		{"no reason", "# podlint: ignore=read-only\nA=b\n", 0, 0, "needs a reason"},
		{"no such rule", "# podlint: ignore=nothing because\nA=b\n", 2, 2, "is not a rule nothing"},
		{"another word", "# podlint: disable=read-only because\nA=b\n", 0, 0, "invalid waiver"},
		{"nothing follows", "A=b\n# podlint: ignore=read-only because\n", 4, 3, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			waivers, problems := Waivers("f", tt.text, known)
			if tt.problem != "" && (len(problems) != 1 || !strings.Contains(problems[0].Message, tt.problem)) {
				t.Errorf("problems %+v, want %q", problems, tt.problem)
			}
			if tt.problem == "" && len(problems) > 0 {
				t.Errorf("problems %+v", problems)
			}
			if tt.first == 0 {
				if len(waivers) != 0 {
					t.Errorf("waivers %+v, want none", waivers)
				}
				return
			}
			if len(waivers) != 1 || waivers[0].First != tt.first || waivers[0].Last != tt.last {
				t.Errorf("waivers %+v, want lines %d to %d", waivers, tt.first, tt.last)
			}
		})
	}
}

func TestApply(t *testing.T) {
	waivers, _ := Waivers("f", "# podlint: ignore=read-only,root-user it writes\nA=b\n", known)
	rule := &rules.Rule{ID: "read-only"}
	at := func(file string, line int) podman.Origin { return podman.Origin{File: file, Line: line} }
	findings := []rules.Finding{
		{Rule: rule, Location: at("f", 2)}, {Rule: rule, Location: at("f", 3)}, {Rule: rule, Location: at("g", 2)},
		{Rule: &rules.Rule{ID: "uid-map"}, Location: at("f", 2)},
	}
	Apply(waivers, findings)
	for i, want := range []string{"it writes", "", "", ""} {
		if findings[i].Waived != want {
			t.Errorf("finding %d: waived %q, want %q", i, findings[i].Waived, want)
		}
	}
	unused := Unused(waivers, func(string) bool { return true })
	if len(unused) != 1 || !strings.Contains(unused[0].Message, "root-user") {
		t.Errorf("unused %+v, want that of root-user", unused)
	}
	if unused := Unused(waivers, func(rule string) bool { return rule != "root-user" }); len(unused) != 0 {
		t.Errorf("unused %+v, want none: root-user was not asked for", unused)
	}
}

// FuzzWaivers finds waivers in any text; the lines that they cover are the text's.
func FuzzWaivers(f *testing.F) {
	f.Add("# podlint: ignore=read-only x\n[a]\nb=c\\\n d\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		waivers, _ := Waivers("f", text, known)
		for _, w := range waivers {
			if w.First <= w.Last && (w.First <= w.Origin.Line || w.Last > lines) {
				t.Fatalf("%+v of %d lines", w, lines)
			}
		}
	})
}
