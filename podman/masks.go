package podman

import (
	"path"
	"slices"
	"strings"
)

// MaskedPaths returns what Podman hides of /proc and /sys (go.podman.io/common/pkg/config, DefaultMaskedPaths).
func MaskedPaths() []string {
	return []string{
		"/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap",
		"/sys/firmware", "/sys/fs/selinux",
	}
}

// MaskedBySome reports whether only some Podmans hide a path, so that it is open where nobody asked for that: 4.3 and
// 5.4 leave /proc/interrupts and the powercap alone, and a container that 5.4.2's kube play makes has /sys/dev/block.
func MaskedBySome(p string) bool {
	switch p {
	case "/proc/interrupts", "/sys/devices/virtual/powercap", "/sys/dev/block":
		return true
	}
	return false
}

// ReadOnlyPaths returns what Podman makes read-only of /proc (go.podman.io/common/pkg/config, DefaultReadOnlyPaths).
func ReadOnlyPaths() []string {
	return []string{"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
}

// OpenPaths returns which of the paths that Podman hides or makes read-only are not, sorted: those that a pattern of
// Unmasked matches (path.Match, so that "*" does not match a slash) and that Masked does not hide again. It is empty
// where what is unmasked is not known.
func (f *Confinement) OpenPaths() []string {
	if !f.Unmasked.Known() {
		return nil
	}
	var open []string
	for _, p := range slices.Concat(MaskedPaths(), ReadOnlyPaths()) {
		unmasked := slices.ContainsFunc(f.Unmasked.Value, func(pattern string) bool {
			if strings.EqualFold(pattern, "all") {
				return true
			}
			ok, err := path.Match(pattern, p)
			return err == nil && ok
		})
		if unmasked && !slices.ContainsFunc(f.Masked, func(m string) bool { return covers(m, p) }) {
			open = append(open, p)
		}
	}
	slices.Sort(open)
	return open
}

// covers reports whether a directory that is hidden takes a path with it.
func covers(dir, p string) bool {
	if !path.IsAbs(dir) { // Podman passes over it
		return false
	}
	dir = path.Clean(dir)
	return dir == p || dir == "/" || strings.HasPrefix(p, dir+"/")
}

// KernelSwitches reports whether /proc/sys/kernel can be written to by the container's root: by core_pattern the kernel
// runs a program of its choice.
func (f *Confinement) KernelSwitches() bool {
	return slices.Contains(f.OpenPaths(), "/proc/sys") &&
		!slices.ContainsFunc(f.Masked, func(m string) bool { return covers(m, "/proc/sys/kernel") })
}
