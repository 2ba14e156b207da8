package live

import (
	"fmt"
	"os"
	"testing"

	"github.com/podlint/podlint/podman"
)

// TestJoins holds that a namespace is followed to its end, through containers that are not among those selected.
func TestJoins(t *testing.T) {
	inspect := func(id, mode string) string {
		return fmt.Sprintf(`{"Id":%[1]q,"Name":%[1]q,"Config":{},"HostConfig":{"PidMode":%[2]q,"NetworkMode":%[2]q,
			"UTSMode":%[2]q,"IpcMode":%[2]q,"CgroupMode":%[2]q}}`, id, mode)
	}
	for name, test := range map[string]struct {
		mode string
		more map[string]string // modes of other containers
		want string            // "mode through"; empty for what cannot be followed
	}{
		"the host's":        {"host", nil, ""},
		"another's":         {"container:b", map[string]string{"b": "host"}, "host b"},
		"another's own":     {"container:b", map[string]string{"b": "private"}, "private b"},
		"another's further": {"container:b", map[string]string{"b": "container:a", "a": "host"}, "host a"},
		"one that is gone":  {"container:b", nil, ""},
		"a circle":          {"container:b", map[string]string{"b": "container:b"}, ""},
		"the first process": {"ns:/proc/1/ns/%s", nil, "host "},
		"another's path":    {"container:b", map[string]string{"b": "ns:/proc/1/ns/%s"}, "host b"},
		"another process":   {"ns:/proc/77/ns/%s", nil, ""},
		"a path":            {"ns:/run/netns/x", nil, ""},
		"another kind":      {"ns:/proc/1/ns/mnt", nil, ""},
	} {
		for _, k := range namespaceKinds {
			more := map[string]string{}
			filled := func(mode string) string {
				if len(mode) > 1 && mode[len(mode)-2:] == "%s" {
					return fmt.Sprintf(mode, k.file)
				}
				return mode
			}
			for id, mode := range test.more {
				more["/containers/"+id+"/json"] = inspect(id, filled(mode))
			}
			c := read(t, "5.4.2", inspect("x", filled(test.mode)), more)
			got := ""
			if join, ok := c.Namespaces.Joins[k.kind]; ok {
				got = join.Mode + " " + join.Container
			}
			if k.kind == podman.NamespaceNetwork && got == "bridge b" {
				got = "private b"
			}
			if got != test.want {
				t.Errorf("%s, %s: %q, want %q", name, k.kind, got, test.want)
			}
			host := test.mode == "host" || len(test.want) > 4 && test.want[:5] == "host "
			if c.SharesHost(k.kind) != host {
				t.Errorf("%s, %s: shares the host's: %v", name, k.kind, !host)
			}
		}
	}
	if !isHostNamespace(fmt.Sprintf("/proc/%d/ns/uts", os.Getpid()), "uts", true) ||
		isHostNamespace(fmt.Sprintf("/proc/%d/ns/uts", os.Getpid()), "uts", false) {
		t.Error("a process of the host's is told by looking, and only so")
	}
}

// TestProcesses holds whose processes a container sees that joins another's PID namespace.
func TestProcesses(t *testing.T) {
	holder := `{"Id":"h","Name":"holder","Created":"2026-11-01T10:00:00Z","BoundingCaps":["CAP_CHOWN"],"Mounts":[
		{"Type":"bind","Source":"/etc","Destination":"/e","RW":true}],"Config":{"User":""},"HostConfig":{"PidMode":"private",
		"UsernsMode":"","Privileged":false,"SecurityOpt":[]}}`
	c := read(t, "5.4.2", `{"Id":"x","Config":{"User":""},"HostConfig":{"PidMode":"container:h","UsernsMode":""}}`,
		map[string]string{"/containers/h/json": holder})
	if len(c.Namespaces.Processes) != 1 {
		t.Fatalf("it sees the processes of %d containers", len(c.Namespaces.Processes))
	}
	other := c.Namespaces.Processes[0]
	if other.Name != "holder" || other.Host == nil || other.Identity(0) != podman.IdentityRoot ||
		len(other.Files.Mounts.Value) != 1 {
		t.Errorf("%+v", other)
	}
}
