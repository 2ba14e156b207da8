package ansible_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/ansible"
	"github.com/podlint/podlint/podman/yamlpath"
)

// readTasks reads tasks without what they write and play.
func readTasks(f podman.File, host *podman.Host) podman.Found {
	return ansible.Reader{Write: func(ansible.Written) podman.Found { return podman.Found{} },
		Play: func(ansible.Played) podman.Found { return podman.Found{} }}.Read(f, host)
}

func read(t *testing.T, text string) podman.Found {
	t.Helper()
	documents, err := yamlpath.Documents([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !ansible.IsTasks(documents[0]) {
		t.Fatal("these are no tasks")
	}
	return readTasks(podman.File{Path: "site.yml", Text: text},
		podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{}))
}

// TestContainers reads each spelling of a task that makes a container with every privilege, and those that make none.
func TestContainers(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"collection": {"- containers.podman.podman_container: {name: a, image: x/y:1, privileged: yes}", "a x/y:1 1"},
		"short":      {"- podman_container: {name: a, image: x/y:1, privileged: 'True'}", "a x/y:1 1"},
		"a text":     {"- podman_container: name=a image=x/y:1 privileged=yes", "a x/y:1 1"},
		"action":     {"- action: podman_container name=a image=x/y:1 privileged=on", "a x/y:1 1"},
		"args":       {"- podman_container:\n  args: {name: a, image: x/y:1, privileged: true}", ""},
		"module": {"- local_action: {module: podman_container, name: a, image: x/y:1, privileged: true}",
			"a x/y:1 1"},
		"list": {"- podman_containers: {containers: [{name: a, image: x/y:1, privileged: true}, {name: b, image: z}]}",
			"a x/y:1 1; b z 0"},
		"no name":  {"- name: run\n  podman_container: {image: x/y:1, privileged: true}", "site.yml:2 x/y:1 1"},
		"cmd_args": {"- podman_container: {name: a, image: x/y:1, cmd_args: [--privileged]}", "a x/y:1 1"},
		"absent":   {"- podman_container: {name: a, image: x/y:1, privileged: true, state: absent}", ""},
		"stopped":  {"- podman_container: {name: a, image: x/y:1, privileged: true, state: stopped}", ""},
		"started":  {"- podman_container: {name: a, state: started, restart: true}", ""},
		"unknown":  {"- podman_container: {name: a, image: x/y:1, frobnicate: 7, restart: true}", "a x/y:1 0"},
		"other":    {"- hosts: all\n  tasks: [{community.general.podman_container: {name: a, image: x}}]", ""},
		"shell":    {"- shell: podman run --name a --privileged x/y:1", "a x/y:1 1"},
		"cmd":      {"- ansible.builtin.shell: {cmd: podman run --name a --privileged x/y:1}", "a x/y:1 1"},
		"command":  {"- command: chdir=/tmp podman run --name a --privileged x/y:1", "a x/y:1 1"},
		"argv":     {"- ansible.builtin.command: {argv: [podman, run, --name, a, --privileged, x/y:1]}", "a x/y:1 1"},
		"legacy":   {"- ansible.legacy.command: podman run --name a --privileged x/y:1", "a x/y:1 1"},
		"no shell": {"- command: podman run --name a -e X=a;b --privileged x/y:1", "a x/y:1 1"},
		"defaults": {"- hosts: all\n  module_defaults: {podman_container: {privileged: true}}\n  tasks: [{podman_container: {name: a, image: x/y:1}}]", "a x/y:1 1"}, //nolint:lll // a whole playbook
		"merge":    {"- podman_container: &c {name: a, image: x/y:1, privileged: true}\n- podman_container: {<<: *c, name: b}", "a x/y:1 1; b x/y:1 1"},              //nolint:lll // two tasks
	} {
		if name == "args" {
			c.want = "a x/y:1 1"
		}
		var got []string
		for _, made := range read(t, c.text).Containers {
			n := 0
			if made.Confinement.Privileged.Known() && made.Confinement.Privileged.Value {
				n = 1
			}
			got = append(got, fmt.Sprintf("%s %s %d", made.Name, made.Image.Name, n))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestPlaces reads tasks wherever a playbook has them.
func TestPlaces(t *testing.T) {
	text := "- hosts: all\n"
	want := 0
	for _, section := range []string{"pre_tasks", "tasks", "post_tasks", "handlers"} {
		text += "  " + section + ":\n    - block:\n        - podman_container: {image: a}\n      rescue:\n" +
			"        - podman_container: {image: a}\n      always:\n        - podman_container: {image: a}\n"
		want += 3
	}
	if got := len(read(t, text).Containers); got != want {
		t.Errorf("%d containers, not %d", got, want)
	}
}

// TestUnknown reads expressions, for which nothing is claimed.
func TestUnknown(t *testing.T) {
	found := read(t, `- podman_container:
    name: "{{ name }}"
    image: "{{ image }}"
    privileged: "{{ p }}"
    read_only: "{{ r }}"
    cap_drop: "{{ caps }}"
    user: "{{ u }}"
    env: {TOKEN: !vault "x", A: "{{ b }}"}
    volumes: ["{{ d | default('/a:/b') }}:/data:ro"]
    security_opt: "{{ opts }}"
`)
	c := found.Containers[0]
	for name, known := range map[string]bool{
		"image": c.Image.Written.Known(), "privileged": c.Confinement.Privileged.Known(),
		"read-only": c.Files.ReadOnly.Known(), "capabilities": c.Capabilities.Bounding.Known(),
		"user": c.Process.UID.Known(), "no-new-privileges": c.Confinement.NoNewPrivileges.Known(),
	} {
		if known {
			t.Errorf("%s is known", name)
		}
	}
	if c.Name != "site.yml:1" {
		t.Errorf("it is called %s", c.Name)
	}
	if m := c.Files.Mounts.Value[0]; m.Destination != "/data" || m.Writable {
		t.Errorf("the mount is %+v", m)
	}
	for _, v := range c.Environment.Value {
		if !strings.HasPrefix(v.Value.Reveal(), "{{") {
			t.Errorf("%s has a value", v.Name)
		}
	}
	open := read(t, `- podman_container: {name: a, image: x, cmd_args: "{{ more }}"}`).Containers[0]
	if open.Files.ReadOnly.Known() || open.Confinement.NoNewPrivileges.Known() {
		t.Error("what may be among further arguments is known")
	}
	all := read(t, "- podman_container: \"{{ item }}\"\n- podman_container: {name: a, image: x}").Containers
	if len(all) != 1 {
		t.Errorf("%d containers", len(all))
	}
}

// TestOrigins holds that every word has the place that it is written at.
func TestOrigins(t *testing.T) {
	c := read(t, `- name: web
  podman_container:
    name: web
    image: docker.io/library/nginx:1.27
    privileged: true
    volumes:
      - /etc:/host
    env:
      A: b
`).Containers[0]
	for name, origin := range map[string][2]podman.Origin{
		"image":      {c.Image.Written.Origin, {Line: 4, Column: 12}},
		"privileged": {c.Confinement.Privileged.Origin, {Line: 5, Column: 5}},
		"volume":     {c.Files.Mounts.Value[0].Origin, {Line: 7, Column: 9}},
		"variable":   {c.Environment.Value[0].Origin, {Line: 9, Column: 7}},
		"definition": {c.Definition.Origin, {Line: 2, Column: 3}},
	} {
		got, want := origin[0], origin[1]
		if got.File != "site.yml" || got.Line != want.Line || got.Column != want.Column {
			t.Errorf("%s: %+v, not %d:%d", name, got, want.Line, want.Column)
		}
	}
}

// TestPod holds that a container is in the pod of its file, whatever their order.
func TestPod(t *testing.T) {
	found := read(t, `- podman_container: {name: a, image: x, pod: p}
- podman_pod: {name: p, userns: auto, ports: ["80:80"]}
`)
	if len(found.Containers) != 2 || found.Containers[1].Kind != podman.KindInfra {
		t.Fatalf("%d containers", len(found.Containers))
	}
	if user := found.Containers[0].Namespaces.User.Value; user != "container:p" {
		t.Errorf("its user namespace is %q", user)
	}
}

// TestBounds holds that tasks which contain one another many times are read in bounded time.
func TestBounds(t *testing.T) {
	text := "- block: &a0 [{podman_container: {image: x}}]\n"
	for i := 1; i < 30; i++ {
		text += fmt.Sprintf("- block: &a%d [{block: *a%d}, {block: *a%d}]\n", i, i-1, i-1)
	}
	found := read(t, text)
	if len(found.Containers) > 20_000 || len(found.Problems) == 0 {
		t.Errorf("%d containers, %d problems", len(found.Containers), len(found.Problems))
	}
}

// FuzzRead holds that no text makes it panic.
func FuzzRead(f *testing.F) {
	f.Add("- podman_container: {name: a, image: x, env: {A: '{{ b }}'}}\n- shell: podman run {% if a %}-d{% endif %} x\n")
	f.Add("- command: 'podman run \"{{ a'\n- action: podman_pod\n- podman_play: {kube_file_content: 'a: b', state: x}")
	f.Fuzz(func(t *testing.T, text string) {
		documents, err := yamlpath.Documents([]byte(text))
		if err != nil || len(documents) == 0 {
			t.Skip()
		}
		readTasks(podman.File{Path: "f.yml", Text: text},
			podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{}))
	})
}
