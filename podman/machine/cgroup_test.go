package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestLimitsOf holds what the kernel limits a container to, on both versions of cgroups.
func TestLimitsOf(t *testing.T) {
	for name, test := range map[string]struct {
		cgroup string
		files  map[string]string
		want   string // memory, pids, cpu
	}{
		"v2, none": {"0::/machine.slice/libpod-ID.scope\n", map[string]string{
			"machine.slice/libpod-ID.scope/memory.max": "max\n", "machine.slice/libpod-ID.scope/pids.max": "max\n",
			"machine.slice/libpod-ID.scope/cpu.max": "max 100000\n"}, "0 0 false"},
		"v2, all": {"0::/x/libpod-ID\n", map[string]string{"x/libpod-ID/memory.max": "67108864\n",
			"x/libpod-ID/pids.max": "100\n", "x/libpod-ID/cpu.max": "50000 100000\n"}, "67108864 100 true"},
		"v2, the parent's": {"0::/x/libpod-ID\n", map[string]string{"x/libpod-ID/memory.max": "max\n",
			"x/memory.max": "1048576\n", "x/libpod-ID/pids.max": "2048\n", "x/pids.max": "10\n"}, "1048576 10 -"},
		"v2, of everything of a kind": {"0::/user.slice/user-1001.slice/libpod-ID\n", map[string]string{
			"user.slice/user-1001.slice/libpod-ID/pids.max": "max", "user.slice/user-1001.slice/pids.max": "10"}, "- 0 -"},
		"v1": {"9:memory:/libpod_parent/libpod-ID\n8:cpu,cpuacct:/libpod_parent/libpod-ID\n7:pids:/x/libpod-ID\n",
			map[string]string{"memory/libpod_parent/libpod-ID/memory.limit_in_bytes": "67108864\n",
				"memory/libpod_parent/memory.limit_in_bytes":   "9223372036854771712\n",
				"pids/x/libpod-ID/pids.max":                    "max\n",
				"cpu/libpod_parent/libpod-ID/cpu.cfs_quota_us": "-1\n"}, "67108864 0 false"},
		"v1, none": {"9:memory:/libpod-ID\n", map[string]string{
			"memory/libpod-ID/memory.limit_in_bytes": "9223372036854771712\n"}, "0 - -"},
		"another's":  {"0::/x/libpod-OTHER\n", map[string]string{"x/libpod-OTHER/memory.max": "1\n"}, "- - -"},
		"out of it":  {"0::/../../libpod-ID\n", map[string]string{"libpod-ID/memory.max": "1\n"}, "- - -"},
		"no such":    {"0::/libpod-ID\n", nil, "- - -"},
		"no process": {"", nil, "- - -"},
	} {
		root := t.TempDir()
		files := map[string]string{}
		for file, text := range test.files {
			files["sys/fs/cgroup/"+file] = text
		}
		if test.cgroup != "" {
			files["proc/7/cgroup"] = test.cgroup
		}
		for file, text := range files {
			file = filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		limits := limitsOf(root, 7, "ID")
		got := text(limits.Memory) + " " + text(limits.PIDs) + " " + text(limits.CPU)
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// text writes a value, "-" for one that is not known.
func text[T any](value *T) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprint(*value)
}
