//go:build realpodman

package cli

import (
	"testing"
	"time"
)

// waitFor waits until a condition holds. Its deadline is far beyond what a machine under load takes: a test that waits
// for the condition itself fails where the condition never comes, not where the machine is slow.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	const patience, pause = 5 * time.Minute, 10 * time.Millisecond
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// waitForNextSecond waits until what is made next has a date of its own: images are dated by the second.
func waitForNextSecond(t testing.TB) {
	t.Helper()
	second := time.Now().Unix()
	waitFor(t, "the next second", func() bool { return time.Now().Unix() > second })
}
