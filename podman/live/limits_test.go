package live

import (
	"fmt"
	"testing"
)

// TestLimits holds which limits are known, and which a pod, a unit or a cgroup of the user's choice may set.
func TestLimits(t *testing.T) {
	for name, test := range map[string]struct{ row, top, host, want string }{
		"none": {"", "", `"Memory":0,"PidsLimit":2048,"NanoCpus":0`, "0 set, 2048 set, false set"},
		"Podman's parent": {"", "", `"Memory":0,"PidsLimit":0,"NanoCpus":0,"CgroupParent":"machine.slice"`,
			"0 set, 0 set, false set"},
		"another parent": {"", "", `"Memory":0,"PidsLimit":0,"NanoCpus":0,"CgroupParent":"/x"`,
			"0 unknown, 0 unknown, false unknown"},
		"another parent, a limit of its own": {"", "", `"Memory":64,"PidsLimit":10,"NanoCpus":1,"CgroupParent":"/x"`,
			"64 set, 10 set, true set"},
		"a pod by itself": {`{"Id":"i","Names":["i"],"Pod":"p","IsInfra":true}`, `"Pod":"p",`,
			`"Memory":0,"PidsLimit":0,"NanoCpus":0`, "0 unknown, 0 set, false unknown"},
		"a unit's pod": {`{"Id":"i","Names":["i"],"Pod":"p","IsInfra":true,"Labels":{"PODMAN_SYSTEMD_UNIT":"p.service"}}`,
			`"Pod":"p",`, `"Memory":0,"PidsLimit":0,"NanoCpus":0`, "0 unknown, 0 unknown, false unknown"},
		"no cgroup": {"", "", `"Memory":64,"PidsLimit":10,"NanoCpus":1,"Cgroups":"disabled"`, "0 set, 0 set, false set"},
	} {
		more := map[string]string{}
		if test.row != "" {
			more["/containers/json"] = `[{"Id":"x","Names":["x"],"Pod":"p"},` + test.row + `]`
			more["/containers/i/json"] = `{"Id":"i","Name":"i","IsInfra":true,"Config":{},"HostConfig":{}}`
		}
		answers := map[string]string{"/info": rootful, "/containers/json": `[{"Id":"x","Names":["x"]}]`,
			"/containers/x/json": `{"Id":"x","Name":"x",` + test.top + `"Config":{},"HostConfig":{` + test.host + `}}`}
		for path, answer := range more {
			answers[path] = answer
		}
		c := readNamed(t, answers, "x")
		got := fmt.Sprintf("%d %s, %d %s, %v %s", c.Limits.Memory.Value, c.Limits.Memory.State, c.Limits.PIDs.Value,
			c.Limits.PIDs.State, c.Limits.CPU.Value, c.Limits.CPU.State)
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestPastaPorts holds that the ports are seen that pasta's own options publish, beside those of --publish.
func TestPastaPorts(t *testing.T) {
	c := read(t, "5.4.2", `{"Id":"x","Config":{"CreateCommand":["podman","run","--network=pasta:-t,18410","-p",
		"80:80","i"]},"HostConfig":{"NetworkMode":"pasta","PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"80"}]}}}`, nil)
	if got := c.Network.Ports.Value; len(got) != 2 || got[1].Host != 18410 || !got[1].ByNetwork || got[0].ByNetwork {
		t.Errorf("%+v", got)
	}
}
