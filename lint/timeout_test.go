package lint

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/rules"
)

// TestCheckEndsWithContext holds that a run ends with its context while containers are judged beside one another, and
// while edits are proposed, and that the report has what was found and says that it is not whole.
func TestCheckEndsWithContext(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.container"), []byte("[Container]\nImage=localhost/x:1\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	ended := errors.New("ended by the test")
	for name, slow := range map[string]func(r *rules.Rule, hang func()){
		"relations": func(r *rules.Rule, hang func()) {
			r.CheckPeers = func([]*rules.Peer) []rules.Finding { hang(); return nil }
		},
		"edits": func(r *rules.Rule, hang func()) {
			var calls atomic.Int32
			check := r.Check
			r.Check = func(c *podman.Container) []rules.Finding {
				if calls.Add(1) > 1 { // the first reads the file, the others what edits make of it
					hang()
				}
				return check(c)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			forGood := make(chan struct{})
			t.Cleanup(func() { close(forGood) })
			l, err := New(&policy.Config{}, Choice{Only: []string{"read-only"}})
			if err != nil {
				t.Fatal(err)
			}
			slow(&l.Rules[0], func() { cancel(ended); <-forGood })
			l.Propose = name == "edits"
			set, _ := definition.Open([]string{dir}, definition.Options{Now: time.Now()})
			r := l.NewReport()
			l.Check(ctx, set, r, func(string, int, int) {})
			l.Finish(r)
			if len(r.Findings) != 1 || len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, ended.Error()) {
				t.Errorf("%v, %v", r.Findings, r.Errors)
			}
		})
	}
}
