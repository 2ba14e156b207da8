package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// TestDeviceCgroup holds where no cgroup keeps a container from a device, as the kernel's devices.list showed it.
func TestDeviceCgroup(t *testing.T) {
	const maps = `"IDMappings":{"UidMap":[%q],"GidMap":[%q]}`
	for name, test := range map[string]struct{ version, words, mapping, cgroups, want string }{
		"no user namespace": {"5.4.2", `["podman","run","i"]`, "", "default", "false known"},
		"no cgroup":         {"5.4.2", `["podman","run","i"]`, "", "disabled", "true known"},
		"mapped":            {"5.4.2", `["podman","run","i"]`, "0:100000:65536", "default", "true known"},
		"mapped to itself":  {"5.4.2", `["podman","run","i"]`, "0:0:65536", "default", "true known"},
		"rootful keep-id":   {"5.4.2", `["podman","run","i"]`, "0:0:4294967295", "default", "false known"},
		"chosen by Podman": {"5.4.2", `["podman","run","--userns=auto","i"]`, "0:2147483647:1024", "default",
			"true known"},
		"mapped, 4.3": {"4.3.1", `["podman","run","--uidmap=0:0:9","i"]`, "0:0:9", "default", "true known"},
		"chosen by Podman 4.3": {"4.3.1", `["podman","run","--userns=auto","i"]`, "0:2147483647:65534", "default",
			"false known"},
		"in a mapped pod, 4.3":     {"4.3.1", `["podman","run","--pod=p","i"]`, "0:400000:65536", "default", "false known"},
		"in a mapped pod":          {"5.4.2", `["podman","run","--pod=p","i"]`, "0:400000:65536", "default", "true known"},
		"by the API of Podman 4.3": {"4.3.1", `null`, "0:2147483647:65534", "default", "false unknown"},
	} {
		mapping := ""
		if test.mapping != "" {
			mapping = "," + fmt.Sprintf(maps, test.mapping, test.mapping)
		}
		c := read(t, test.version, fmt.Sprintf(`{"Id":"x","Name":"x","Config":{"CreateCommand":%s},"HostConfig":{
			"UsernsMode":"private","Cgroups":%q%s}}`, test.words, test.cgroups, mapping), nil)
		state := "unknown"
		if c.Files.AnyDevice.Known() {
			state = "known"
		}
		if got := fmt.Sprint(c.Files.AnyDevice.Value, " ", state); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestPrivilegedIsUnmasked holds that nothing but what was asked for is masked in a privileged container, which Podman
// 4 does not show, and Podman 5 not beside a mask.
func TestPrivilegedIsUnmasked(t *testing.T) {
	for name, test := range map[string]struct{ version, words, want string }{
		"4.3":             {"4.3.1", `["podman","run","--privileged","i"]`, "[ALL] []"},
		"4.3, by the API": {"4.3.1", `null`, "[ALL] []"},
		"beside a mask": {"5.4.2", `["podman","run","--privileged","--security-opt=mask=/proc/bus","i"]`,
			"[ALL] [/proc/bus]"},
	} {
		c := read(t, test.version, fmt.Sprintf(`{"Id":"x","Name":"x","BoundingCaps":["CAP_SYS_ADMIN"],
			"Config":{"CreateCommand":%s},"HostConfig":{"Privileged":true,"SecurityOpt":[]}}`, test.words), nil)
		if got := fmt.Sprint(c.Confinement.Unmasked.Value, " ", c.Confinement.Masked); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestUnseenDevices holds that the devices of a rootless container are not known where nothing but inspect tells, which
// lists none of them.
func TestUnseenDevices(t *testing.T) {
	for name, test := range map[string]struct {
		words    string
		rootless bool
		want     string
	}{
		"rootful, by the API":  {`null`, false, "[] known"},
		"rootless, by the API": {`null`, true, "[] unknown"},
		"rootless, by a command line": {`["podman","run","--device=/dev/fuse","i"]`, true,
			"[/dev/fuse] known"},
		"rootless, without one": {`["podman","run","i"]`, true, "[] known"},
	} {
		c := read(t, "5.4.2", fmt.Sprintf(`{"Id":"x","Name":"x","Config":{"CreateCommand":%s},
			"HostConfig":{"Devices":[]}}`, test.words), nil)
		c.Host = podman.AssumedHost(podman.Set(test.rootless, podman.Field("test")), time.Time{})
		unseenDevices(c)
		paths := []string{}
		for _, d := range c.Files.Devices.Value {
			paths = append(paths, d.Path)
		}
		state := "unknown"
		if c.Files.Devices.Known() {
			state = "known"
		}
		if got := fmt.Sprint(paths, " ", state); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
