package compose

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlint/podlint/podman"
)

// readAll reads a project of texts, whose first file is compose.yaml.
func readAll(texts map[string]string) ([]*podman.Container, []podman.Problem) {
	read := func(path string) ([]byte, error) {
		name, _ := filepath.Rel("/shop", path)
		if text, ok := texts[name]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file")
	}
	var override []string
	if _, ok := texts["compose.override.yaml"]; ok {
		override = append(override, "/shop/compose.override.yaml")
	}
	found := Reader{Override: override, ReadFile: read}.Read(
		podman.File{Path: "/shop/compose.yaml", Text: texts["compose.yaml"]},
		podman.AssumedHost(podman.Setting[bool]{}, time.Time{}))
	return found.Containers, found.Problems
}

// shown writes what a setting is and where it stands: "?" where it is not known.
func shown[T any](s podman.Setting[T]) string {
	text := fmt.Sprint(s.Value)
	if !s.Known() {
		text = "?"
	}
	text = fmt.Sprintf("%s@%s:%d", text, filepath.Base(s.Origin.File), s.Origin.Line)
	if s.Origin.Unless != "" {
		text += " unless " + s.Origin.Unless
	}
	return text
}

// TestRead holds what is read of services, and what is wrong with them.
func TestRead(t *testing.T) {
	privileged := func(c *podman.Container) string { return shown(c.Confinement.Privileged) }
	variables := func(c *podman.Container) string {
		var list []string
		for _, v := range c.Environment.Value {
			list = append(list, fmt.Sprintf("%s=%s@%s:%d", v.Name, v.Value.Reveal(), filepath.Base(v.Origin.File),
				v.Origin.Line))
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	mounts := func(c *podman.Container) string {
		var list []string
		for _, m := range c.Files.Mounts.Value {
			list = append(list, fmt.Sprintf("%s:%s:%t@%d", m.Source, m.Destination, m.Writable, m.Origin.Line))
		}
		return strings.Join(list, " ")
	}
	ports := func(c *podman.Container) string {
		var list []string
		for _, p := range c.Network.Ports.Value {
			list = append(list,
				fmt.Sprintf("%s:%d:%d/%s@%d", p.Address, p.Host, p.Container, p.Protocol, p.Origin.Line))
		}
		if !c.Network.Ports.Known() {
			return "?"
		}
		return strings.Join(list, " ")
	}
	networks := func(c *podman.Container) string {
		return c.Network.Mode.Value + " " + strings.Join(c.Network.Names.Value, ",")
	}
	type files map[string]string
	one := func(text string) files { return files{"compose.yaml": "services:\n  a:\n    image: x:1\n" + text} }
	for name, tt := range map[string]struct {
		texts files
		of    func(c *podman.Container) string
		want  string // of each container, joined by " | "
		wrong string // the problems
	}{
		"a default counts": {one("    read_only: ${RO:-true}\n"),
			func(c *podman.Container) string { return shown(c.Files.ReadOnly) }, "true@compose.yaml:4 unless RO", ""},
		"without a default it is unknown": {one("    privileged: ${P}\n"), privileged, "?@compose.yaml:4", ""},
		"that of .env counts": {files{"compose.yaml": "services:\n  a:\n    image: x:1\n    privileged: ${P}\n",
			".env": "export P = \"true\" # yes\n"}, privileged, "true@compose.yaml:4", ""},
		"a required one is unknown": {one("    user: ${U:?say who}\n"),
			func(c *podman.Container) string { return shown(c.Process.User) }, "?@.:0", ""},
		"a dollar that is none": {one("    environment: {A: a$$b}\n"), variables, "A=a$b@compose.yaml:4", ""},
		"memory": {one("    mem_limit: ${MEM:-512m}\n"),
			func(c *podman.Container) string { return shown(c.Limits.Memory) }, "536870912@compose.yaml:4 unless MEM",
			""},
		"memory of deploy": {one("    deploy: {resources: {limits: {memory: 1g}}}\n"),
			func(c *podman.Container) string { return shown(c.Limits.Memory) }, "1073741824@compose.yaml:4", ""},
		"one that is not valid is named, the others are read": {
			files{"compose.yaml": "services:\n  a: {image: x:1, privileged: true}\n  b: {image: x:1, mem_limit: lots}\n" +
				"  c: {image: x:1, ports: {a: b}}\n  d: [x]\n  e: {image: x:1, privileged: maybe}\n" +
				"  f: {image: x:1, ports: [a:b]}\n"}, privileged, "true@compose.yaml:2",
			`3: service b: mem_limit cannot be "lots"|4: service c: ports is a list|5: service d: it is no mapping|` +
				`6: service e: privileged is true or false|7: service f: ports: "a:b" is no port`},
		"an override": {files{"compose.yaml": "services:\n  a: {image: x:1, privileged: true, environment: {A: 1, B: " +
			"1}}\n",
			"compose.override.yaml": "services:\n  a:\n    environment: [B=2, C=3]\n"}, variables,
			"A=1@compose.yaml:2 B=2@compose.override.yaml:3 C=3@compose.override.yaml:3", ""},
		"an override takes back": {files{"compose.yaml": "services:\n  a: {image: x:1, cap_add: [A], privileged: " +
			"true}\n",
			"compose.override.yaml": "services:\n  a: {cap_add: !override [CHOWN], privileged: !reset null}\n"},
			func(c *podman.Container) string {
				return fmt.Sprint(c.Capabilities.Requested.Value, c.Confinement.Privileged.Value)
			}, "[CAP_CHOWN] false", ""},
		"of volumes with one target the last": {files{
			"compose.yaml": "services:\n  a: {image: x:1, volumes: ['/a:/t', '/b:/u:ro']}\n",
			"compose.override.yaml": "services:\n  a: {volumes: [{type: bind, source: ./c, target: /t, read_only: " +
				"true}]}\n"},
			mounts, "/shop/c:/t:false@2 /b:/u:false@2", ""},
		"a volume that stands for a path": {files{"compose.yaml": "services:\n  a: {image: x:1, volumes: ['v:/t', " +
			"'w:/u']}\n" +
			"volumes:\n  v: {driver_opts: {type: none, o: bind, device: /etc}}\n  w: {}\n"}, mounts,
			"/etc:/t:true@2 w:/u:true@2", ""},
		"a source with a default": {one("    volumes: ['${DIR:-/srv}:/t', '${NONE}:/u']\n"), mounts,
			"/srv:/t:true@4 ${NONE}:/u:true@4", ""},
		"ports": {one("    ports: [8080:80, '127.0.0.1:1:2/udp', '[::1]:3:4', '${P:-5}:6', 7, {target: 8, " +
			"published: 9, " +
			"host_ip: '::2', protocol: udp}]\n"), ports,
			":8080:80/tcp@4 127.0.0.1:1:2/udp@4 ::1:3:4/tcp@4 :5:6/tcp@4 :0:7/tcp@4 ::2:9:8/udp@4", ""},
		"a port that is not known": {one("    ports: ['${P}:6']\n"), ports, "", ""},
		"another's network": {files{"compose.yaml": "services:\n  a: {image: x:1, container_name: me}\n" +
			"  b: {image: x:1, network_mode: 'service:a'}\n  c: {image: x:1, network_mode: host}\n" +
			"  d: {image: x:1, networks: [n, m]}\n  e: {image: x:1}\n"}, networks,
			"bridge shop_default | container:me  | host  | bridge m,n | bridge shop_default", ""},
		"it extends another": {files{"compose.yaml": "services:\n  a: {extends: b, image: x:1}\n  b:\n    image: x:1\n" +
			"    privileged: true\n"}, privileged, "true@compose.yaml:5 | true@compose.yaml:5", ""},
		"it extends one of another file": {files{
			"compose.yaml":  "services:\n  a: {extends: {file: lib/base.yaml, service: b}}\n",
			"lib/base.yaml": "services:\n  b: {image: x:1, extends: c, env_file: v.env}\n  c:\n    privileged: true\n",
			"lib/v.env":     "A=1\n"},
			func(c *podman.Container) string { return privileged(c) + " " + variables(c) },
			"true@base.yaml:4 A=1@v.env:1", ""},
		"it extends itself": {files{"compose.yaml": "services:\n  a: {image: x:1, extends: b}\n  b: {image: x:1, " +
			"extends: a}\n"}, privileged, "false@compose.yaml:2 | false@compose.yaml:3",
			"3: this is no compose file that podlint can read: a is extended by itself|" +
				"2: this is no compose file that podlint can read: b is extended by itself"},
		"includes": {files{"compose.yaml": "include: [db/compose.yaml]\nservices:\n  a: {image: x:1}\n",
			"db/compose.yaml": "services:\n  b: {image: 'y:${TAG}', env_file: v.env}\n", "db/.env": "TAG=7\n",
			"db/v.env": "A = 'b c' # d\nexport E=F\nNONE= # nothing\nA=twice\n"},
			func(c *podman.Container) string { return c.Image.Name + " " + variables(c) },
			"x:1  | y:7 A=twice@v.env:4 E=F@v.env:2 NONE=@v.env:3", ""},
		"an include that is not there": {files{"compose.yaml": "services:\n  a: {image: x:1}\ninclude: [none.yaml]\n"},
			privileged, "false@compose.yaml:2",
			"3: this is no compose file that podlint can read: /shop/none.yaml: no such file"},
		"it includes itself": {files{"compose.yaml": "include: [compose.yaml]\nservices:\n  a: {image: x:1}\n"},
			privileged, "false@compose.yaml:3", "1: this is no compose file that podlint can read: it is included by " +
				"itself"},
		"from afar": {files{"compose.yaml": "include: ['https://x/y.yaml']\nservices:\n  a: {image: x:1}\n"},
			privileged,
			"false@compose.yaml:3", "1: this is no compose file that podlint can read: https://x/y.yaml: podlint " +
				"fetches nothing"},
		"merges": {files{"compose.yaml": "x-a: &a {privileged: true, image: x:1}\nx-b: &b {image: y:1}\nservices:\n" +
			"  a: {<<: *a}\n  b: {<<: [*b, *a], privileged: false}\n"},
			func(c *podman.Container) string { return c.Image.Name + privileged(c) },
			"x:1true@compose.yaml:1 | y:1false@compose.yaml:5", ""},
		"podman-compose's own words": {files{"compose.yaml": "x-podman: {in_pod: false}\nservices:\n  a:\n    image: " +
			"x:1\n" +
			"    depends_on: {b: {condition: stopped}}\n    x-podman.uidmaps: ['0:1:2']\n" +
			"    secrets: [{source: pg, target: PW, type: env}, {source: own}]\n" +
			"secrets:\n  pg: {external: true, name: real}\n  own: {file: ./x}\n"}, func(c *podman.Container) string {
			return fmt.Sprint(c.SecretVariables.Value, c.SecretFiles.Value, c.Namespaces.UIDs.Value)
		}, "[real] [] 0:1:2", ""},
		"a name without a value": {files{"compose.yaml": "services:\n  a: {image: x:1, environment: [A, B]}\n",
			".env": "A=1\n"}, variables, "A=1@compose.yaml:2 B=@compose.yaml:2", ""},
		"a file of variables that need not be there": {one("    env_file: [{path: none.env, required: false}]\n    " +
			"environment: [A=1]\n"), variables, "A=1@compose.yaml:5", ""},
		"its command": {one("    entrypoint: sh -c\n    command: 'run \"a b\" c'\n"), func(c *podman.Container) string {
			return strings.Join(podman.RevealAll(c.Process.Command.Value), "|")
		}, "sh|-c|run|a b|c", ""},
		"no service is a text": {files{"compose.yaml": "services: {a: {build: .}, b: null}\n"},
			func(c *podman.Container) string { return c.Image.Name }, "localhost/shop_a | localhost/shop_b", ""},
	} {
		containers, problems := readAll(tt.texts)
		var got, wrong []string
		for _, c := range containers {
			got = append(got, tt.of(c))
		}
		for _, p := range problems {
			wrong = append(wrong, fmt.Sprintf("%d: %s", p.Origin.Line, p.Message))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " | ")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(tt.wrong, strings.Join(wrong, "|")); diff != "" {
			t.Errorf("%s: problems: %s", name, diff)
		}
	}
}

// TestOtherTexts holds in which other places secrets are looked for.
func TestOtherTexts(t *testing.T) {
	containers, problems := readAll(map[string]string{"compose.yaml": `services:
  a:
    build: {context: ., args: {TOKEN: t1, PLAIN: p}}
    configs: [c, {source: d}]
    volumes: [v:/x]
configs:
  c: {content: "password=t2"}
  d: {file: x}
volumes:
  v: {driver_opts: {type: cifs, o: "username=bob,password=t3"}}
`})
	if len(containers) != 1 || len(problems) > 0 {
		t.Fatal(containers, problems)
	}
	var got []string
	for _, s := range containers[0].ConfigStrings.Value {
		if s.Place == "option" {
			continue
		}
		got = append(got, fmt.Sprintf("%s %s %s:%d", s.Place, s.Name, podman.RevealAll(s.Words), s.Origin.Line))
	}
	want := []string{"build argument PLAIN [p]:3", "build argument TOKEN [t1]:3", "config c [password=t2]:7",
		"volume option username [bob]:10", "volume option password [t3]:10"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestVolumes holds what a project's volumes stand for of the host's.
func TestVolumes(t *testing.T) {
	containers, problems := readAll(map[string]string{"compose.yaml": `services:
  a:
    image: localhost/i:1
    volumes: [bound:/a, disk:/b, own:/c]
volumes:
  bound: {driver_opts: {type: none, o: bind, device: /run}}
  disk: {driver_opts: {type: ext4, device: /dev/sdb1}}
  own: {}
`})
	if len(containers) != 1 || len(problems) > 0 {
		t.Fatalf("%d containers, %v", len(containers), problems)
	}
	var got []string
	for _, m := range containers[0].Files.Mounts.Value {
		got = append(got, m.Destination+" "+m.Source+" "+m.Disk)
	}
	want := []string{"/a /run ", "/b disk /dev/sdb1", "/c own "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
