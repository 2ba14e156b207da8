package machine

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTimerOn holds when systemd has a timer on: where a link wants it, and the unit is not masked.
func TestTimerOn(t *testing.T) {
	const unit = updateTimerUnit
	etc, lib := t.TempDir(), t.TempDir()
	dirs := []string{etc, lib, filepath.Join(t.TempDir(), "none")}
	link := func(to string, path ...string) {
		t.Helper()
		name := filepath.Join(path...)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	if timerOn(dirs) {
		t.Error("without a link")
	}
	link("/usr/lib/systemd/system/other.timer", etc, "timers.target.wants", "other.timer")
	if timerOn(dirs) {
		t.Error("with another's link")
	}
	link("/usr/lib/systemd/system/"+unit, lib, "timers.target.wants", unit)
	if !timerOn(dirs) {
		t.Error("with a link, to what is not there in a container")
	}
	link(os.DevNull, etc, unit)
	if timerOn(dirs) {
		t.Error("masked")
	}
}
