package lint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
)

// checked returns the report on definitions, by their paths.
func checked(t *testing.T, definitions map[string]string, c Choice, o definition.Options) *report.Report {
	t.Helper()
	t.Chdir(t.TempDir())
	for path, text := range definitions {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := New(&policy.Config{}, c)
	if err != nil {
		t.Fatal(err)
	}
	o.Now = time.Now()
	set, problems := definition.Open([]string{"."}, o)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := l.NewReport()
	l.Check(context.Background(), set, r, func(string, int, int) {})
	l.Finish(r)
	return r
}

// found lists a report's findings: rule, severity, container and place.
func found(r *report.Report) []string {
	var list []string
	for i := range r.Findings {
		f := &r.Findings[i]
		place := f.Location
		place.Column = 0
		waived := ""
		if f.Waived != "" {
			waived = " waived"
		}
		list = append(list, fmt.Sprintf("%s %s %s %s%s", f.Rule.ID, f.Severity, f.Container, place, waived))
	}
	slices.Sort(list)
	return list
}

const image = "Image=docker.io/library/nginx:1.27\n"

// TestPods holds that what a pod mounts and is given is found of its members, once, where the pod is defined; what
// Podman does with it was tried on 4.3.1 and 5.4.2.
func TestPods(t *testing.T) {
	member := func(more string) string { return "[Container]\n" + image + "Pod=ci.pod\n" + more }
	const ciPod = "[Pod]\nVolume=/run/podman/podman.sock:/var/run/docker.sock\nVolume=/etc:/host/etc\n" +
		"PodmanArgs=--device=/dev/sda\n"
	ofCI := func(who string, last string) []string {
		return []string{"device high " + who + " ci.pod:4", "engine-socket critical " + who + " ci.pod:2",
			"host-path " + last + " " + who + " ci.pod:3"}
	}
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"a member": {map[string]string{"ci.pod": ciPod, "runner.container": member("")},
			ofCI("systemd-runner", "high")},
		"a pod by itself": {map[string]string{"ci.pod": ciPod}, ofCI("systemd-ci", "high")},
		"the worst of several, once": {map[string]string{"ci.pod": ciPod, "a.container": member("User=1000\n"),
			"b.container": member("User=0\n"), "c.container": member("")},
			[]string{"device high systemd-a ci.pod:4", "engine-socket critical systemd-b ci.pod:2",
				"host-path critical systemd-b ci.pod:3"}},
		"another's": {map[string]string{"ci.pod": ciPod, "a.container": "[Container]\n" + image},
			ofCI("systemd-ci", "high")},
		"accepted where it is written": {map[string]string{"runner.container": member(""),
			"ci.pod": "[Pod]\n# podlint: ignore=host-path it is read only\nVolume=/etc:/host/etc\n"},
			[]string{"host-path high systemd-runner ci.pod:3 waived"}},
		"a volume that is a directory of the host's": {map[string]string{"runner.container": member(""),
			"ci.pod": "[Pod]\nVolume=etc.volume:/host/etc\n", "etc.volume": "[Volume]\nType=none\nOptions=bind\nDevice=/etc\n"},
			[]string{"host-path high systemd-runner ci.pod:2"}},
		"a drop-in of the pod": {map[string]string{"runner.container": member(""), "ci.pod": "[Pod]\n",
			"ci.pod.d/10.conf": "[Pod]\nVolume=/etc:/host/etc\n"},
			[]string{"host-path high systemd-runner ci.pod.d/10.conf:2"}},
		"without an infra container": {map[string]string{"runner.container": member(""),
			"ci.pod": "[Pod]\nVolume=/etc:/host/etc\nPodmanArgs=--infra=false --device=/dev/sda\n"}, nil},
		"the pod's network": {map[string]string{"a.container": member(""), "b.container": member(""),
			"ci.pod": "[Pod]\nNetwork=host\n"}, []string{"network-host medium systemd-a ci.pod:2"}},
		"the pod's label": {map[string]string{"a.container": member(""), "b.container": member("SecurityLabelType=x_t\n"),
			"ci.pod": "[Pod]\nPodmanArgs=--security-opt=label=disable --security-opt=seccomp=unconfined\n"},
			[]string{"selinux-off medium systemd-a ci.pod:2"}},
		"a script": {map[string]string{"up.sh": "#!/bin/sh\npodman pod create --name=ci -v /etc:/host/etc \\\n" +
			"  --device /dev/sda -p 80:80\npodman run -d --pod ci --name a docker.io/library/nginx:1.27\n" +
			"podman run -d --pod=ci --name b -v /etc:/mine docker.io/library/nginx:1.27\n"},
			[]string{"device high a up.sh:3", "host-path high a up.sh:2", "host-path high b up.sh:5",
				"port-exposed medium ci up.sh:3"}},
		"a pod that a container makes": {map[string]string{"up.sh": "#!/bin/sh\n" +
			"podman run -d --pod new:ci -p 80:80 -v /etc:/e --name a docker.io/library/nginx:1.27\n" +
			"podman run -d --pod ci --name b docker.io/library/nginx:1.27\n"},
			[]string{"host-path high a up.sh:2", "port-exposed medium ci up.sh:2"}},
		"a pod that is not known": {map[string]string{"up.sh": "#!/bin/sh\n" +
			"podman run -d --pod other --name b docker.io/library/nginx:1.27\n"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := checked(t, tt.files, Choice{Only: []string{"engine-socket", "host-path", "device", "port-exposed",
				"network-host", "selinux-off", "seccomp-off"}}, definition.Options{})
			if got := found(r); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for _, w := range r.Warnings {
				if strings.Contains(w.Message, "waiver") {
					t.Errorf("%+v", w)
				}
			}
			for _, c := range r.Containers {
				if c.Pod != "" && strings.Contains(tt.files["ci.pod"], "podman.sock") && c.Reach.Level.String() != "host-root" {
					t.Errorf("%s reaches %s", c.Name, c.Reach.Level)
				}
				if c.Pod == "other" && c.Reach.Level.String() != "unknown" {
					t.Errorf("%s reaches %s", c.Name, c.Reach.Level)
				}
			}
		})
	}
}

// TestPodMembersNamed holds that a finding about a pod says whom it is about besides, and stays the same one whoever
// that is.
func TestPodMembersNamed(t *testing.T) {
	choice := Choice{Only: []string{"host-path"}}
	files := map[string]string{"ci.pod": "[Pod]\nVolume=/etc:/e\n",
		"a.container": "[Container]\n" + image + "Pod=ci.pod\n", "b.container": "[Container]\n" + image + "Pod=ci.pod\n"}
	two := checked(t, files, choice, definition.Options{}).Findings
	delete(files, "a.container")
	one := checked(t, files, choice, definition.Options{}).Findings
	if len(one) != 1 || len(two) != 1 || one[0].Fingerprint != two[0].Fingerprint {
		t.Fatalf("%+v, %+v", one, two)
	}
	if want := "(set by its pod, for systemd-b too)"; !strings.Contains(two[0].Message, want) {
		t.Errorf("%q does not say %q", two[0].Message, want)
	}
}

// TestSharedLabel holds that :Z takes nothing from a container that has the same SELinux label: a member of the same
// pod, one of the same level, one without a label like it.
func TestSharedLabel(t *testing.T) {
	const z, sameLevel = "Volume=/srv/x:/d:Z\n", "SecurityLabelLevel=s0:c200,c100\n"
	unit := func(more string) string { return "[Container]\n" + image + more }
	both := []string{"mount-relabel medium systemd-a a.container", "mount-relabel medium systemd-b b.container"}
	for name, tt := range map[string]struct {
		a, b, pod string
		want      []string
	}{
		"strangers":                 {z, z, "", both},
		"members of a pod":          {"Pod=p.pod\n" + z, "Pod=p.pod\n" + z, "[Pod]\n", nil},
		"a member and a stranger":   {"Pod=p.pod\n" + z, "Volume=/srv/x:/d\n", "[Pod]\n", both[:1]},
		"a pod that shares no IPC":  {"Pod=p.pod\n" + z, "Pod=p.pod\n" + z, "[Pod]\nPodmanArgs=--share=net\n", both},
		"a pod that shares its PID": {"Pod=p.pod\n" + z, "Pod=p.pod\n" + z, "[Pod]\nPodmanArgs=--share=pid\n", nil},
		"one with an IPC of its own": {"Pod=p.pod\nPodmanArgs=--ipc=private\n" + z, "Pod=p.pod\n" + z, "[Pod]\n",
			both},
		"the pod's and a stranger": {"Pod=p.pod\n", "Volume=/srv/x:/d\n", "[Pod]\n" + z,
			[]string{"mount-relabel medium p p.pod"}},
		"the pod's and a member's": {"Pod=p.pod\n", "Pod=p.pod\nVolume=/srv/x:/e:Z\n", "[Pod]\n" + z, nil},
		"one level":                {sameLevel + z, "SecurityLabelLevel=s0:c100,c200\n" + z, "", nil},
		"two levels":               {sameLevel + z, "SecurityLabelLevel=s0:c1,c2\n" + z, "", both},
		"a level and none":         {sameLevel + z, z, "", both},
		"no labels":                {"SecurityLabelDisable=true\n" + z, "PodmanArgs=--privileged\n" + z, "", nil},
		"a label and none":         {"SecurityLabelDisable=true\n" + z, z, "", both},
		"one IPC namespace":        {z, "PodmanArgs=--ipc=container:systemd-a\n" + z, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"a.container": unit(tt.a), "b.container": unit(tt.b)}
			if tt.pod != "" {
				files["p.pod"] = strings.Replace(tt.pod, "[Pod]\n", "[Pod]\nPodName=p\n", 1)
			}
			var got []string
			for _, f := range found(checked(t, files, Choice{Only: []string{"mount-relabel"}}, definition.Options{})) {
				got = append(got, f[:strings.LastIndexByte(f, ':')])
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
