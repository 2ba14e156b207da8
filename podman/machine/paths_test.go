package machine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFind holds what paths lead to: through links, links to links and "..", without end, and through /proc.
func TestFind(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"data/deep", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"abs": dir + "/data", "rel": "data/deep", "up": "data/deep/../../other", "chain": "rel", "loop": "loop2",
		"loop2": "loop", "gone": "nowhere/at/all", "host": "/", "self": "/proc/self/root",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	p := NewPaths()
	if p == nil {
		t.Fatal("/proc/self/mountinfo cannot be read")
	}
	for name, want := range map[string]string{
		dir + "/data":                      dir + "/data",
		dir + "/abs/deep":                  dir + "/data/deep",
		dir + "/rel":                       dir + "/data/deep",
		dir + "/chain/..":                  dir + "/data",
		dir + "/up":                        dir + "/other",
		dir + "/data/../other/./":          dir + "/other",
		dir + "/gone/x":                    dir + "/nowhere/at/all/x",
		dir + "/host" + dir + "/other":     dir + "/other",
		"/../../" + dir:                    dir,
		"/dev/../dev/null":                 "/dev/null",
		dir + "/loop":                      "",
		dir + "/loop/../data":              "",
		"relative/path":                    "",
		"/proc/self/fd/0":                  "",
		"/proc/self/exe":                   "",
		dir + "/data/\x00":                 "",
		dir + "/nothing/../../../../../et": "",
	} {
		found, ok := p.Find(name)
		if !ok {
			found.Path = ""
		}
		if found.Path != want {
			t.Errorf("%s: %q, want %q", name, found.Path, want)
		}
	}
	if found, ok := p.Find(dir + "/data"); !ok || !found.Owned || int(found.UID) != os.Getuid() || found.Mode != 0o755 {
		t.Errorf("%+v %v", found, ok)
	}
}

// TestFindTraps holds that podlint does not step into what may hang.
func TestFindTraps(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/elsewhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{
		"nfs4": dir + "/link/x", "fuse.sshfs": dir + "/link/x", "autofs": dir + "/link/x", "ext4": "/elsewhere/x",
	} {
		p := &Paths{mounts: []mountPoint{{path: dir + "/link", kind: kind}}}
		if found, ok := p.Find(dir + "/link/x"); !ok || found.Path != want {
			t.Errorf("%s: %q %v, want %q", kind, found.Path, ok, want)
		}
	}
}

// TestMountPoints holds what is mounted where, as the kernel says it.
func TestMountPoints(t *testing.T) {
	p := &Paths{mounts: parseMounts([]byte(`22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:20 / /proc rw,nosuid - proc proc rw
31 22 0:21 / /sys ro,nosuid - sysfs sysfs rw
32 31 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup rw
33 22 0:23 / /srv/tree/a\040b rw - tmpfs tmpfs rw
34 22 0:24 / /srv/tree/r rw - tmpfs tmpfs ro
40 22 8:1 /etc /var/lib/containers/x/userdata/subpath0 rw - ext4 /dev/sda1 rw
41 22 0:25 /dir /var/lib/containers/x/userdata/subpath1 rw - tmpfs tmpfs rw
broken line
`))}
	for dir, want := range map[string][]string{
		"/srv/tree": {"/srv/tree/a b"}, "/sys": {"/sys/fs/cgroup"}, "/srv/tre": nil, "/proc": nil,
	} {
		if got := p.WritableBelow(dir); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
	if got, ok := p.Behind("/var/lib/containers/x/userdata/subpath0"); !ok || got != "/etc" {
		t.Errorf("subpath0: %q %v", got, ok)
	}
	seen := &Mounts{parseMounts([]byte(`50 1 0:60 / / rw - overlay overlay rw
51 50 0:61 / /proc rw - proc proc rw
52 51 0:61 /sys /proc/sys ro - proc proc rw
53 51 0:62 / /proc/acpi ro - tmpfs tmpfs ro
54 50 8:1 /etc /e rw - ext4 /dev/sda1 rw
55 50 0:60 / /gone rw - tmpfs tmpfs rw
`))}
	if got, ok := p.BehindIn(seen, "/e"); !ok || got != "/etc" {
		t.Errorf("/e: %q %v", got, ok)
	}
	for _, point := range []string{"/gone", "/nothing"} {
		if got, ok := p.BehindIn(seen, point); ok {
			t.Errorf("%s: %q", point, got)
		}
	}
	candidates := []string{"/proc/sys", "/proc/sys/kernel", "/proc/uptime", "/proc/not-there"}
	if got := seen.Open(candidates); !slices.Equal(got, []string{"/proc/uptime"}) {
		t.Errorf("open: %q", got)
	}
	if own, ok := MountsOf(os.Getpid(), "proc"); !ok || own.at("/proc") == nil {
		t.Error("the test's own mounts cannot be read")
	}
	if _, ok := MountsOf(-1, "proc"); ok {
		t.Error("the mounts of no process are read")
	}
	if _, ok := MountsOf(os.Getpid(), "not a container's ID"); ok {
		t.Error("the mounts of another process are read")
	}
	for _, point := range []string{"/var/lib/containers/x/userdata/subpath1", "/nowhere"} {
		if got, ok := p.Behind(point); ok {
			t.Errorf("%s: %q", point, got)
		}
	}
}
