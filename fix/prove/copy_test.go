package prove

import (
	"errors"
	"fmt"
	"slices"
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
		"docker run x":                                               "cannot read",
		"not a command":                                              "cannot read",
	} {
		if got := refusal(words); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", words, got, want)
		}
	}
}

// TestThrowAway holds what becomes of a mount in a copy: nothing that is written to it stays.
func TestThrowAway(t *testing.T) {
	copyOf := func(source string) (string, error) { return "copy-of-" + strings.ReplaceAll(source, "/", "-"), nil }
	for _, tt := range []struct {
		value  string
		copied bool
		want   string
	}{
		{"/anonymous", false, "/anonymous"},
		{"data:/d", false, "data:/d:O"},
		{"/srv/d:/d", false, "/srv/d:/d:O"},
		{"/srv/d:/d:rw,Z", false, "/srv/d:/d:O,z"},
		{"/srv/d:/d:z,noexec", false, "/srv/d:/d:O,z"},
		{"/srv/d:/d:ro", false, "/srv/d:/d:ro"},
		{"/srv/d:/d:O", true, "/srv/d:/d:O"},
		{"/srv/d:/d:ro,Z", true, "/srv/d:/d:ro,Z"},
		{"data:/d", true, "copy-of-data:/d"},
		{"data:/d:idmap", true, "copy-of-data:/d:idmap"},
		{"/srv/d:/d:U,Z", true, "copy-of--srv-d:/d:U"},
	} {
		if got, err := throwAway(tt.value, tt.copied, copyOf); err != nil || got != tt.want {
			t.Errorf("%s, copied %v: %q %v, want %q", tt.value, tt.copied, got, err, tt.want)
		}
	}
	if _, err := throwAway("data:/d", true, func(string) (string, error) { return "", errors.New("too large") }); err == nil {
		t.Error("a copy that cannot be made is none")
	}
	for value, want := range map[string]string{
		"type=bind,source=/a,target=/b": "/a:/b", "type=volume,src=v,dst=/b,ro": "v:/b:ro", "type=bind,src=/a,dst=/b,readonly=true": "/a:/b:ro", "type=bind,src=/a,dst=/b,ro=false": "/a:/b",
		"type=volume,src=v,dst=/b,idmap": "v:/b:idmap", "type=bind,src=/a,dst=/b,U=true": "/a:/b:U", "type=tmpfs,dst=/b": "", "type=volume,dst=/b": "", "type=image,src=i,dst=/b": "",
	} {
		if got, ok := asVolume(value); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", value, got, ok, want)
		}
	}
}

// TestCopied holds the command line of a copy: nothing of the original's name, unit, ports or addresses is in it.
func TestCopied(t *testing.T) {
	p := &prover{engine: &Engine{Program: []string{"false"}}, subject: Subject{Image: "abc"}, opts: Options{Memory: "1g"}}
	words := []string{"podman", "run", "--name", "web", "--replace", "--rm", "-d", "-p", "80:80", "-P", "--ip", "10.0.0.1", "--network", "net", "--network-alias", "w", "--restart", "always",
		"--cgroups=split", "--sdnotify=conmon", "--label", "PODMAN_SYSTEMD_UNIT=web.service", "--label", "a=b", "--secret", "db,type=env,target=PW", "-e", "X=y", "--read-only", "--user", "5", "img", "sh", "-c", "true"}
	args, err := p.copied("podlint-proof-x", words, nil)
	if err != nil {
		t.Fatal(err)
	}
	args = slices.DeleteFunc(args, func(a string) bool { return strings.HasPrefix(a, Label+"=") })
	want := "[run --detach --name podlint-proof-x --label --log-driver k8s-file --pull never --memory 1g --network=net --label=a=b --secret=db,type=env,target=PW --env=X=y --read-only --user=5 abc sh -c true]"
	if got := fmt.Sprint(args); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestOwner holds that a label names a process that lives, and only it.
func TestOwner(t *testing.T) {
	own := owner()
	pid, _, _ := strings.Cut(own, "-")
	for label, want := range map[string]bool{own: true, pid + "-1": false, "1-1": false, "999999999-5": false, "": false, "x": false, pid: false, "0-0": false} {
		if alive(label) != want {
			t.Errorf("%q is alive: %v", label, !want)
		}
	}
}
