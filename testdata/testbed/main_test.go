package main

import (
	"errors"
	"slices"
	"testing"
)

func TestSkipped(t *testing.T) {
	const log = `=== RUN   TestRealAutoUpdate
=== RUN   TestRealAutoUpdate/timer
    real_autoupdate_test.go:188: only root can write there
--- PASS: TestRealAutoUpdate (6.20s)
    --- SKIP: TestRealAutoUpdate/timer (0.00s)
PASS
`
	j := &job{}
	j.judge([]byte(log), nil)
	if want := []string{"TestRealAutoUpdate/timer: only root can write there"}; j.result != "PASS" ||
		!slices.Equal(j.skips, want) {
		t.Errorf("got %s, %q", j.result, j.skips)
	}
	j = &job{}
	j.judge([]byte("=== RUN   TestRealGenerator\n    real_units_test.go:51: it has none\n--- SKIP: TestRealGenerator "+
		"(0.02s)\nPASS\n"), nil)
	if want := []string{"TestRealGenerator: it has none"}; j.result != "SKIP" || !slices.Equal(j.skips, want) {
		t.Errorf("got %s, %q", j.result, j.skips)
	}
	for _, log := range []string{"", "--- FAIL: TestRealProve (3.00s)\nFAIL\n", "panic: x\n", "=== RUN   TestRealX\n"} {
		j := &job{}
		if j.judge([]byte(log), nil); j.result != "FAIL" {
			t.Errorf("%q: %s", log, j.result)
		}
	}
	j = &job{}
	if j.judge([]byte("--- PASS: TestRealX (1.00s)\nPASS\n"), errors.New("exit status 2")); j.result != "FAIL" {
		t.Errorf("a status that is not 0: %s", j.result)
	}
}
