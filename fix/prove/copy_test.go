package prove

import (
	"strings"
	"testing"
)

// TestRefusal holds what is not copied, and why.
func TestRefusal(t *testing.T) {
	for words, want := range map[string]string{
		"podman run x":                                               "",
		"podman run --network=none -v a:/a x":                        "",
		"podman run --network host x":                                "host's network",
		"podman run --network container:a x":                         "another's namespace",
		"podman run --pid=container:a x":                             "another's namespace",
		"podman run --userns=ns:/proc/1/ns/user x":                   "another's namespace",
		"podman run --pod web x":                                     "member of a pod",
		"podman run --device /dev/fuse x":                            "device of the host",
		"podman run --device-cgroup-rule 'a' x":                      "device of the host",
		"podman run --volumes-from a x":                              "volumes of another",
		"podman run --privileged x":                                  "it is privileged",
		"podman run -v /run/podman/podman.sock:/s x":                 "podman.sock",
		"podman run --mount type=bind,src=/run/docker.sock,dst=/s x": "docker.sock",
		"podman run --pid host x":                                    "namespace of the host",
		"podman run --cap-add ALL x":                                 "all capabilities",
		"podman run --security-opt seccomp=unconfined x":             "not filtered",
		"podman run -v /run:/r:ro x":                                 "/run of the host",
		"podman run -v /:/r:ro x":                                    "root directory",
		"podman run -v /dev/shm:/r x":                                "/dev/shm of the host",
		"docker run x":                                               "cannot read",
		"not a command":                                              "cannot read",
	} {
		if got := refusal(&Subject{Text: words}); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", words, got, want)
		}
	}
}

// TestOwner holds that a label names a process that lives, and only it.
func TestOwner(t *testing.T) {
	own := owner()
	pid, _, _ := strings.Cut(own, "-")
	for label, want := range map[string]bool{own: true, pid + "-1": false, "1-1": false, "999999999-5": false,
		"": false, "x": false, pid: false, "0-0": false} {
		if alive(label) != want {
			t.Errorf("%q is alive: %v", label, !want)
		}
	}
}
