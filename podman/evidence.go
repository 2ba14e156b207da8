package podman

import (
	"path"
	"slices"
	"strings"
)

// Observation is what a live container has done so far, which says what a fix may take away from it.
type Observation struct {
	// Written holds the paths that it has added or changed outside of its volumes since it was made; of directories
	// only those of which nothing below is named.
	Written Setting[[]string]
	// Processes holds what runs in it now.
	Processes Setting[[]ProcessInfo]
	// Accounts holds those of its passwd.
	Accounts Setting[[]Account]
}

// ProcessInfo is a process of a container.
type ProcessInfo struct {
	// User is its name inside, UID its number there.
	User string
	UID  uint32
	// Capabilities are those that are in effect, without "CAP_".
	Capabilities []string
}

// Account is a line of a container's passwd.
type Account struct {
	Name     string
	UID, GID uint32
}

// Leaves returns, in their order, the paths below which no other one lies: podman diff names directories too in which
// something was written.
func Leaves(paths []string) []string {
	sorted := slices.Clone(paths)
	slices.Sort(sorted)
	leaves := []string{}
	for i, p := range sorted {
		if i+1 < len(sorted) && strings.HasPrefix(sorted[i+1], strings.TrimSuffix(p, "/")+"/") {
			continue
		}
		leaves = append(leaves, path.Clean(p))
	}
	return slices.Compact(leaves)
}

// WrittenDirectories returns the directories that paths were written in, without what lies in another of them, and
// without those that Podman itself writes to, or gives a read-only container a tmpfs on (/run, /tmp, /var/tmp:
// podman-run(1), --read-only-tmpfs).
func WrittenDirectories(paths []string) []string {
	var dirs []string
	for _, p := range paths {
		dir := path.Dir(p)
		own := dir == "/" || dir == "."
		for _, by := range []string{"/run", "/tmp", "/var/tmp", "/etc", "/dev", "/proc", "/sys"} {
			own = own || dir == by || strings.HasPrefix(dir, by+"/")
		}
		if !own && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return slices.DeleteFunc(slices.Clone(dirs), func(dir string) bool {
		return slices.ContainsFunc(dirs, func(other string) bool { return strings.HasPrefix(dir, other+"/") })
	})
}
