package lint

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/policy"
)

// TestCheckFileTime holds that a file that takes too long is an error of that file, and that many end the run with a
// report that says so.
func TestCheckFileTime(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		if err := os.WriteFile(filepath.Join(dir, string(rune('A'+i))+".container"),
			[]byte("[Container]\nImage=localhost/x:1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := New(&policy.Config{}, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	l.FileTime = time.Nanosecond
	set, _ := definition.Open([]string{dir}, definition.Options{Now: time.Now()})
	r := l.NewReport()
	l.Check(context.Background(), set, r, func(string, int, int) {})
	l.Finish(r)
	if len(r.Errors) < mostStuck || r.ExitStatus() < 2 || !strings.Contains(r.Errors[0].Message, "takes longer than 1ns") {
		t.Errorf("status %d, %v", r.ExitStatus(), r.Errors)
	}
}
