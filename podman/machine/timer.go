package machine

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/podlint/podlint/podman"
)

const updateTimerUnit = "podman-auto-update.timer"

// UpdateTimer reports whether podman-auto-update.timer is on. It is unknown where no systemd runs.
func UpdateTimer(rootless bool) podman.Setting[bool] {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return podman.Setting[bool]{}
	}
	dirs := []string{"/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"}
	if rootless {
		dirs = []string{"/etc/systemd/user", "/usr/lib/systemd/user"}
		if dir, err := os.UserConfigDir(); err == nil {
			dirs = append(dirs, filepath.Join(dir, "systemd/user"))
		}
	}
	return podman.Set(timerOn(dirs), podman.Field(updateTimerUnit))
}

// timerOn reports whether it is on by what systemd goes by in these directories: enabling it makes a link in
// timers.target.wants, masking it one to /dev/null in the place of the unit (systemctl(1)).
func timerOn(dirs []string) bool {
	masked := slices.ContainsFunc(dirs, func(dir string) bool {
		to, err := os.Readlink(filepath.Join(dir, updateTimerUnit))
		return err == nil && to == os.DevNull
	})
	return !masked && slices.ContainsFunc(dirs, func(dir string) bool {
		_, err := os.Lstat(filepath.Join(dir, "timers.target.wants", updateTimerUnit))
		return err == nil
	})
}
