package fix_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/rules"
)

var update = flag.Bool("update", false, "write what the cases come to anew")

// TestCases fixes testdata/fix/NAME/in.EXT with every rule at once, under a rootful Podman, and compares it with
// out.EXT beside it. A second time there is nothing left to do, and no edit fails.
func TestCases(t *testing.T) {
	inputs, err := filepath.Glob("../testdata/fix/*/in.*")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no cases", err)
	}
	for _, in := range inputs {
		t.Run(filepath.Base(filepath.Dir(in)), func(t *testing.T) {
			text, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			got := fixed(t, in, text)
			if again := fixed(t, in, got); string(again) != string(got) {
				t.Errorf("a second time: %s", cmp.Diff(string(got), string(again)))
			}
			out := filepath.Join(filepath.Dir(in), "out"+filepath.Ext(in))
			if *update {
				if err := os.WriteFile(out, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// fixed returns a text with every edit.
func fixed(t *testing.T, name string, text []byte) []byte {
	t.Helper()
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	all := rules.All(rules.Parameters{})
	l := &lint.Linter{Config: &policy.Config{}, Catalogue: all, Rules: all, Least: rules.Info,
		Now: func() time.Time { return now }}
	set, _ := definition.Open(nil, definition.Options{
		Rootless: podman.Set(false, podman.Field("test")), Given: map[string][]byte{name: text}, Now: now,
	})
	r := l.NewReport()
	l.Check(context.Background(), set, r, func(string, int, int) {})
	if len(r.Containers) == 0 || r.Unreadable {
		t.Fatalf("it defines nothing: %v", r.Errors)
	}
	planner := fix.Planner{Read: set.Text, Lint: l.NewEdited(set).Lint}
	plans := planner.Plans(r.Findings)
	if i := slices.IndexFunc(plans, func(p *fix.Plan) bool { return len(p.Failed) > 0 }); i >= 0 {
		t.Errorf("failed: %+v", plans[i].Failed[0])
	}
	if len(plans) != 1 {
		t.Fatalf("%d plans", len(plans))
	}
	return plans[0].After
}
