package live

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/machine"
)

// TestVolumesFrom holds that what other containers mount is mounted, as far as it is known, and what is not is said.
func TestVolumesFrom(t *testing.T) {
	const first, later = `"Created":"2026-11-01T10:00:00Z",`, `"Created":"2026-11-02T10:00:00Z",`
	inspect := func(id, created, mounts, from string) string {
		return fmt.Sprintf(`{"Id":%q,%s"Mounts":%s,"Config":{},"HostConfig":{"VolumesFrom":%s}}`, id, created, mounts, from)
	}
	const socket = `[{"Type":"bind","Source":"/run/podman/podman.sock","Destination":"/s","RW":true}]`
	for name, test := range map[string]struct {
		from, mounts string
		holder, base string // inspect answers, empty for a container that is gone
		want         string // the mounts and, behind a bar, what is missing
	}{
		"a bind": {`["holder"]`, "[]", inspect("h", first, socket, "[]"), "", "/run/podman/podman.sock /s true|"},
		"a bind, read-only": {`["holder:ro,z"]`, "null", inspect("h", first, socket, "[]"), "",
			"/run/podman/podman.sock /s false|"},
		// the kernel showed neither 4.3 nor 5.4 to hand these on
		"a bind of another's": {`["holder"]`, "[]", inspect("h", first, "[]", `["base"]`),
			inspect("b", first, socket, "[]"), "|"},
		"a volume of another's": {`["holder"]`, "[]", inspect("h", first, `[{"Type":"volume","Name":"v","Source":"/v",
			"Destination":"/d","RW":true}]`, `["base"]`), "", "/v /d true|"},
		"a volume's overlay": {`[]`, `[{"Type":"volume","Name":"v","Source":"/v","Destination":"/d","RW":true,
			"Options":["O","nosuid","nodev","rbind"]}]`, "", "", "/v /d false|"},
		"mounted over": {`["holder"]`, `[{"Type":"bind","Source":"/srv","Destination":"/s/"}]`,
			inspect("h", first, socket, "[]"), "", "/srv /s/ false|"},
		"gone": {`["holder"]`, "[]", "", "",
			"|what it mounts from holder is not known: that container is gone"},
		"made again": {`["holder"]`, "[]", inspect("h", `"Created":"2026-11-03T10:00:00Z",`, socket, "[]"), "",
			"|what it mounts from holder is not known: that container was made again since"},
		"another's that is gone": {`["holder"]`, "[]", inspect("h", first, socket, `["base"]`), "",
			"/run/podman/podman.sock /s true|"},
		"a circle": {`["holder"]`, "[]", inspect("h", first, "[]", `["holder"]`), "", "|"},
	} {
		more := map[string]string{"/volumes/json": "[]"}
		if test.holder != "" {
			more["/containers/holder/json"] = test.holder
		}
		if test.base != "" {
			more["/containers/base/json"] = test.base
		}
		c := read(t, "5.4.2", inspect("x", later, test.mounts, test.from), more)
		var got []string
		for _, m := range c.Files.Mounts.Value {
			got = append(got, fmt.Sprint(m.Source, " ", m.Destination, " ", m.Writable))
		}
		if text := strings.Join(got, ", ") + "|" + c.Files.Missing; text != test.want {
			t.Errorf("%s: %s, want %s", name, text, test.want)
		}
	}
}

// TestHostVolumes holds what volumes stand for that are not Podman's own directories.
func TestHostVolumes(t *testing.T) {
	volumes := map[string]string{"/volumes/json": `[
		{"Name":"disk","Options":{"type":"ext4","device":"/dev/loop0"}},
		{"Name":"ro","Options":{"type":"xfs","device":"/dev/../dev/sdb1","o":"ro,noatime"}},
		{"Name":"over","Options":{"type":"overlay","device":"overlay",
		 "o":"lowerdir=/etc:/usr,upperdir=/srv/up,workdir=/srv/wk"}},
		{"Name":"bound","Options":{"type":"none","device":"/home","o":"rbind"}},
		{"Name":"mem","Options":{"type":"tmpfs","device":"tmpfs"}},
		{"Name":"net","Options":{"type":"nfs","device":":/export"}},
		{"Name":"plain","Options":{}}]`}
	for name, want := range map[string]string{
		"disk":  "/v true disk /dev/loop0",
		"ro":    "/v false disk /dev/../dev/sdb1",
		"over":  "/etc false disk , /usr false disk , /srv/up true disk ",
		"bound": "/home true disk ",
		"mem":   "/v true disk ", "net": "/v true disk ", "plain": "/v true disk ", "gone": "/v true disk ",
	} {
		c := read(t, "5.4.2", fmt.Sprintf(`{"Id":"x","Mounts":[{"Type":"volume","Name":%q,"Source":"/v","Destination":"/d",
			"RW":true}],"Config":{},"HostConfig":{}}`, name), volumes)
		var got []string
		for _, m := range c.Files.Mounts.Value {
			got = append(got, fmt.Sprint(m.Source, " ", m.Writable, " disk ", m.Disk))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestBinds holds which binds bring along what is mounted below them, and that the part of a volume that kube play
// mounts is unknown where podlint may not look.
func TestBinds(t *testing.T) {
	inspect := func(source, options string) string {
		return fmt.Sprintf(`{"Id":"x","Mounts":[{"Type":"bind","Source":%q,"Destination":"/d","RW":true,"Options":%s}],
			"Config":{},"HostConfig":{}}`, source, options)
	}
	for _, test := range []struct {
		version, options string
		want             bool
	}{
		{"4.3.1", `["bind"]`, true}, {"4.3.1", `["rbind"]`, true}, {"5.4.2", `["bind"]`, false},
		{"5.4.2", `["rbind"]`, true}, {"5.4.2", "[]", true},
	} {
		if got := read(t, test.version, inspect("/", test.options), nil).Files.Mounts.Value[0].Recursive; got != test.want {
			t.Errorf("%s, %s: recursive %v", test.version, test.options, got)
		}
	}
	if !read(t, "5.4.2", inspect("/", `["rbind","rro"]`), nil).Files.Mounts.Value[0].ReadOnlyBelow {
		t.Error("rro is not read")
	}
	c := read(t, "5.4.2", inspect("/var/lib/containers/storage/overlay-containers/x/userdata/subpath0", "[]"), nil)
	if !strings.Contains(c.Files.Missing, "at /d") {
		t.Errorf("missing: %q", c.Files.Missing)
	}
}

// TestLocate holds that sources and devices are what they lead to on the machine, where podlint may look.
func TestLocate(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link": "/etc", "null": "/dev/null"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	paths := machine.NewPaths()
	if paths == nil {
		t.Fatal("/proc/self/mountinfo cannot be read")
	}
	c := &readContainer{Container: &podman.Container{State: "running"}, pid: os.Getpid()}
	c.Files.Mounts.Value = []podman.Mount{{Type: "bind", Source: dir + "/link"}, {Type: "bind", Source: dir},
		{Type: "bind", Source: "/", Recursive: true}, {Type: "bind", Source: "/", Recursive: true, Writable: true}}
	c.Files.Devices.Value = []podman.Device{{Path: dir + "/null"}, {Path: "nvidia.com/gpu=all"}}
	c.ID = "proc" // what stands among the mounts of the test itself
	locate(c, place{paths, dir})
	if c.Files.Mounts.Value[0].Written != "" {
		t.Error("it looks though the container's files are not there")
	}
	if c.Confinement.Unmasked.Known() {
		t.Error("what is masked is known though podlint may not look")
	}
	if err := os.Mkdir(filepath.Join(dir, c.ID), 0o700); err != nil {
		t.Fatal(err)
	}
	locate(c, place{paths, dir})
	m := c.Files.Mounts.Value
	if m[0].Source != "/etc" || m[0].Written != dir+"/link" || !m[0].Access.Known() || m[0].Access.Value.UID != 0 {
		t.Errorf("%+v", m[0])
	}
	if m[1].Source != dir || m[1].Written != "" || m[1].Access.Value.Mode != 0o755 {
		t.Errorf("%+v", m[1])
	}
	if !slices.Contains(m[2].WritableBelow, "/proc") || m[3].WritableBelow != nil {
		t.Errorf("below the root directory: %v, %v", m[2].WritableBelow, m[3].WritableBelow)
	}
	if !c.Confinement.Unmasked.Known() {
		t.Error("what is masked for a running container is not known")
	}
	d := c.Files.Devices.Value
	if d[0].Path != "/dev/null" || d[0].Written != dir+"/null" || d[0].Block || d[1].Path != "nvidia.com/gpu=all" {
		t.Errorf("%+v", d)
	}
}
