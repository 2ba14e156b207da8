package quadlet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// in returns a reader of the units in a map of paths to contents.
func in(files map[string]string) *Reader {
	return NewReader(Files{
		Read: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		},
		List: func(dir string) (names []string) {
			for path := range files {
				if filepath.Dir(path) == dir {
					names = append(names, filepath.Base(path))
				}
			}
			return names
		},
		Dirs: func(dir string) []string { return []string{dir} },
		Find: func(dir, name string) (string, bool) {
			path := filepath.Join(dir, name)
			_, ok := files[path]
			return path, ok
		},
	})
}

func rootful() *podman.Host {
	return podman.AssumedHost(podman.Set(false, podman.Field("--rootful")), time.Time{})
}

// samples are values for the keys that do not take any word.
var samples = map[string]string{
	"AddHost": "a:1.2.3.4", "AutoUpdate": "registry", "CgroupsMode": "disabled", "ContainerName": "named",
	"PodName": "named", "EnvironmentFile": "/x.env", "EnvironmentHost": "true", "ExposeHostPort": "80", "Group": "5",
	"HttpProxy": "false", "Mount": "type=tmpfs,dst=/x", "NoNewPrivileges": "true", "Notify": "healthy",
	"PidsLimit": "5", "Pod": "p.pod", "ReadOnly": "true", "ReadOnlyTmpfs": "true", "RemapUsers": "manual",
	"RunInit": "yes", "SecurityLabelDisable": "true", "SecurityLabelNested": "true", "UIDMap": "0:1:2",
	"GIDMap": "0:1:2", "RemapUid": "0:1:2", "RemapGid": "0:1:2", "VolatileTmp": "true", "Volume": "/a:/b",
	"Environment": "A=b", "Label": "a=b", "Annotation": "a=b", "HostName": "h", "ExitPolicy": "continue",
	"Network": "host",
}

// TestKeys tries every key on Podman's generator: the flag that it makes must be traced back to its line, and to it
// alone.
func TestKeys(t *testing.T) {
	section := map[string]string{"PodName": "Pod", "ExitPolicy": "Pod"}
	for flag, keys := range keysOf {
		for _, k := range keys {
			t.Run(k.key, func(t *testing.T) {
				value := samples[k.key]
				if value == "" {
					value = "a"
				}
				ext, name := ".container", "Container"
				text := "[Container]\nImage=i\n"
				if section[k.key] == "Pod" {
					ext, name, text = ".pod", "Pod", "[Pod]\n\n"
				}
				if k.key == "RemapUid" || k.key == "RemapGid" {
					text = "[Container]\nImage=i\nRemapUsers=manual\n"
				}
				if k.key == "RemapUsers" {
					value = "auto"
				}
				line := strings.Count(text, "\n") + 1
				text += k.key + "=" + value + "\n"
				r := in(map[string]string{"/u/p.pod": "[Pod]\n"})
				path := "/u/x" + ext
				u, _ := r.load(path, []byte(text))
				o, _ := r.references(u, map[string]bool{}, rootful())
				service, problems := convert(u, o.infos, false)
				if service == nil || len(problems) > 0 {
					t.Fatalf("%+v", problems)
				}
				words := commandLine(u, service)
				c, err := command.Parse(words)
				if err != nil {
					t.Fatal(err)
				}
				at := u.origins(name, words, c)
				found := false
				for _, option := range c.Options {
					if at[option.ValueIndex].Line == line {
						found = true
						if option.Name != flag || at[option.ValueIndex].Field != k.key {
							t.Errorf("--%s is traced to %v", option.Name, at[option.ValueIndex])
						}
					}
				}
				if !found {
					t.Errorf("nothing of %q is traced to line %d", words, line)
				}
			})
		}
	}
}

// TestOrigins holds where settings of a whole unit stand.
func TestOrigins(t *testing.T) {
	r := in(map[string]string{
		"/u/x.container.d/10.conf": "[Container]\nReadOnly=true\n",
		"/u/web.pod":               "[Pod]\nUserNS=auto\n",
		"/u/run.volume":            "[Volume]\nType=none\nOptions=bind\nDevice=/run\n",
		"/u/x.env":                 "# c\nB=c\n",
	})
	text := `[Container]
Image=localhost/i:1
Environment=A=b \
  "C=d e"
PodmanArgs=--cap-add=NET_ADMIN \
  # a comment
  --privileged
DropCapability=
DropCapability=chown fowner
Volume=run.volume:/a
EnvironmentFile=x.env
Pod=web.pod
Exec=run 'it all' now
`
	u := r.Read(podman.File{Path: "/u/x.container", Text: text}, rootful())
	if len(u.Problems) > 0 {
		t.Fatalf("%+v", u.Problems)
	}
	c := u.Container
	places := map[string]string{}
	for _, v := range c.Environment.Value {
		places["env "+v.Name] = v.Origin.String()
	}
	places["read-only"] = c.Files.ReadOnly.Origin.String()
	places["privileged"] = c.Confinement.Privileged.Origin.String()
	places["user namespace"] = c.Namespaces.UIDs.Origin.String()
	places["mount of "+c.Files.Mounts.Value[0].Source] = c.Files.Mounts.Value[0].Origin.String()
	places["no-new-privileges"] = c.Confinement.NoNewPrivileges.Origin.String()
	places["capabilities"] = c.Capabilities.Bounding.Origin.String()
	for _, text := range c.ConfigStrings.Value {
		if text.Place == "argument" {
			for i, o := range text.WordOrigins {
				places[fmt.Sprint("argument ", i)] = o.String()
			}
		}
	}
	want := map[string]string{
		"env A": "/u/x.container:3:13", "env C": "/u/x.container:4:3", "env B": "/u/x.env:2:1",
		"read-only": "/u/x.container.d/10.conf:2:1", "privileged": "/u/x.container:7:3",
		"user namespace": "/u/web.pod:2:1", "mount of /run": "/u/x.container:10:1",
		"no-new-privileges": "/u/x.container:1:1", "capabilities": "/u/x.container:9:16",
		"argument 0": "/u/x.container:13:6", "argument 1": "/u/x.container:13:10", "argument 2": "/u/x.container:13:19",
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Error(diff)
	}
}

// TestProblems holds what is said about units that are wrong, and where.
func TestProblems(t *testing.T) {
	tests := []struct {
		name, text string
		line       int
		message    string
		warning    bool
		container  bool
	}{
		{"no image", "[Container]\nUser=1\n", 1, "no Image", false, false},
		{"no section", "[Service]\nUser=1\n", 0, "no section [Container]", false, false},
		{"no key", "[Container]\nImage=a\n\nnonsense\n", 4, "neither", false, false},
		{"key before a section", "Image=a\n", 1, "before the first", false, false},
		{"a newer key", "[Container]\nImage=a\nNewKey=1\n", 3, "knows no key NewKey", true, true},
		{"a misspelt key", "[Container]\nImage=a\nreadonly=1\n", 3, "knows no key readonly", true, true},
		{"group without user", "[Container]\nImage=a\nGroup=5\n", 3, "Group set without User", false, false},
		{"a flag that Podman has not", "[Container]\nImage=a\nPodmanArgs=--no-such\n", 3, "has no flag --no-such",
			false, false},
		{"a unit that is not there", "[Container]\nImage=a\nVolume=v.volume:/a\n", 3, "no such unit", true, true},
		{"an environment file that is not there", "[Container]\nImage=a\nEnvironmentFile=/e\n", 3, "environment file",
			true, true},
		{"a template", "[Container]\n{{#if x}}\nImage=a\n{{/if}}\n", 2, "template", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := in(nil).Read(podman.File{Path: "/u/x.container", Text: tt.text}, rootful())
			if len(u.Problems) != 1 {
				t.Fatalf("%+v", u.Problems)
			}
			p := u.Problems[0]
			if p.Origin.Line != tt.line || !strings.Contains(p.Message, tt.message) || p.Warning != tt.warning ||
				(u.Container != nil) != tt.container {
				t.Errorf("%+v, container %t", p, u.Container != nil)
			}
		})
	}
}

// TestSpecifiers holds what a file tells about systemd's specifiers, and that the rest stays unknown.
func TestSpecifiers(t *testing.T) {
	tests := []struct{ unit, rootless, word, want, unknown string }{
		{"web.container", "", "%N-%p-%n-%%-%j", "web-web-web.service-%-web", ""},
		{"a-b@c.container", "", "%N %p %i %j", "a-b@c a-b c b", ""},
		{"a@.container", "", "%p %i %N", "a %i %N", "unknown"},
		{"web.container", "", "%t/x", "/run/x", ""},
		{"web.container", "rootless", "%t/x", "/run/user/%U/x", "unknown"},
		{"web.container", "", "%h/x", "%h/x", "unknown"},
		{"web.container", "", "a$$b ${C} $D 5$", "a$b ${C} $D 5$", "unknown"},
		{"web.container", "", "{{x}}", "{{x}}", "unknown"},
	}
	for _, tt := range tests {
		u := &unit{name: tt.unit, path: "/u/" + tt.unit}
		host := podman.AssumedHost(podman.Set(tt.rootless != "", podman.Origin{}), time.Time{})
		got, unknown := specifiersOf(u, host).expand(tt.word)
		if got != tt.want || unknown != (tt.unknown != "") {
			t.Errorf("%s: %q is %q, unknown %t", tt.unit, tt.word, got, unknown)
		}
	}
}

// TestService reads .service units.
func TestService(t *testing.T) {
	text := "[Service]\nUser=web\nExecStartPre=-/usr/bin/podman rm x\nExecStart=/usr/bin/podman run --name x \\\n  " +
		"--read-only -e \"A=b c\" img serve\nExecStartPost=/bin/sh -c 'podman run --privileged other'\n"
	found := in(nil).Service(podman.File{Path: "/etc/x.service", Text: text},
		podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{}))
	containers := found.Containers
	if len(found.Problems) > 0 || len(containers) != 2 {
		t.Fatalf("%d containers, %+v", len(containers), found.Problems)
	}
	i := slices.IndexFunc(containers, func(c *podman.Container) bool { return c.Name == "x" })
	if i < 0 {
		t.Fatal("there is no x")
	}
	x, other := containers[i], containers[1-i]
	if got := x.Files.ReadOnly; !got.Value || got.Origin.String() != "/etc/x.service:5:3" {
		t.Errorf("read-only %+v", got)
	}
	if !x.Host.Rootless.Value || x.Host.Rootless.State != podman.StateSet {
		t.Errorf("User=web is not rootless: %+v", x.Host.Rootless)
	}
	if got := other.Confinement.Privileged; !got.Value || got.Origin.Line != 6 {
		t.Errorf("privileged %+v", got)
	}
}

// TestCycles reads units that name each other.
func TestCycles(t *testing.T) {
	r := in(map[string]string{"/u/a.image": "[Image]\nImage=b.build\n",
		"/u/b.build":  "[Build]\nImageTag=x\nFile=f\nSetWorkingDirectory=unit\nVolume=c.volume:/x\n",
		"/u/c.volume": "[Volume]\nDriver=image\nImage=a.image\n"})
	u := r.Read(podman.File{Path: "/u/x.container", Text: "[Container]\nImage=a.image\nVolume=c.volume:/c\n"}, rootful())
	if u.Container == nil {
		t.Errorf("%+v", u.Problems)
	}
}

var errNotThere = errors.New("not there")

func BenchmarkRead(b *testing.B) {
	data, err := os.ReadFile("../../testdata/definitions/quadlet/podman-args.container")
	if err != nil {
		b.Fatal(err)
	}
	r := NewReader(Files{Read: func(string) ([]byte, error) { return nil, errNotThere },
		List: func(string) []string { return nil },
		Dirs: func(dir string) []string { return []string{dir} },
		Find: func(string, string) (string, bool) { return "", false }})
	host := rootful()
	for b.Loop() {
		if r.Read(podman.File{Path: "/u/x.container", Text: string(data)}, host).Container == nil {
			b.Fatal("no container")
		}
	}
}

// TestVolumes holds what a unit's volumes stand for of the host's.
func TestVolumes(t *testing.T) {
	r := in(map[string]string{
		"/u/bound.volume": "[Volume]\nType=bind\nDevice=/run\n",
		"/u/disk.volume":  "[Volume]\nType=ext4\nDevice=/dev/sdb1\n",
		"/u/own.volume":   "[Volume]\n",
	})
	u := r.Read(podman.File{Path: "/u/x.container", Text: "[Container]\nImage=localhost/i:1\nVolume=bound.volume:/a\n" +
		"Volume=disk.volume:/b\nVolume=own.volume:/c\n"}, rootful())
	if len(u.Problems) > 0 {
		t.Fatalf("%+v", u.Problems)
	}
	var got []string
	for _, m := range u.Container.Files.Mounts.Value {
		got = append(got, m.Destination+" "+m.Source+" "+m.Disk)
	}
	want := []string{"/a /run ", "/b systemd-disk /dev/sdb1", "/c systemd-own "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestIgnored holds which keys count as written in the wrong section: not those that systemd has too.
func TestIgnored(t *testing.T) {
	for text, want := range map[string]string{
		"[Service]\nReadOnly=true\nPodmanArgs=--init\nUser=a\nEnvironment=A=b\nNoNewPrivileges=yes\n" +
			"Restart=always\n": "[ReadOnly= in [Service] true:4 PodmanArgs= in [Service] false:5]",
		"[Pod]\nPublishPort=80:80\n":      "[PublishPort= in [Pod] false:4]",
		"[X-Own]\nReadOnly=true\n":        "[]",
		"[Install]\nDropCapability=all\n": "[DropCapability= in [Install] true:4]",
		"[Container]\nReadOnly=true\n":    "[]",
	} {
		text = "[Container]\nImage=i\n" + text
		u := in(map[string]string{"/u/a.container": text}).Read(podman.File{Path: "/u/a.container", Text: text}, rootful())
		got := []string{}
		for _, i := range u.Container.Ignored {
			got = append(got, fmt.Sprint(i.Setting, " ", i.Protects, ":", i.Origin.Line))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestTakenImage holds that a word of PodmanArgs which Podman takes for the image, or that takes the image for its
// value, is an error at its place.
func TestTakenImage(t *testing.T) {
	for text, want := range map[string]string{
		"PodmanArgs=--device-cgroup-rule=c 226:* rwm\n":                              "3:35",
		"PodmanArgs=--init\nPodmanArgs=--memory 1g x\nExec=a b\n":                    "4:24",
		"PodmanArgs=--device\nExec=a b\n":                                            "3:1",
		"PodmanArgs=--device\n":                                                      "3:1",
		"PodmanArgs=\"--device-cgroup-rule=c 226:* rwm\"\nExec=a b\n":                "",
		"PodmanArgs=--memory 1g --cpus=1\nExec=--x y 'z z'\nEnvironment=A=b\n":       "",
		"GlobalArgs=--log-level debug\nPodmanArgs=--init\nContainersConfModule=/m\n": "",
	} {
		text = "[Container]\nImage=i\n" + text
		u := in(map[string]string{}).Read(podman.File{Path: "/u/a.container", Text: text}, rootful())
		got := ""
		for _, p := range u.Problems {
			got += fmt.Sprint(p.Origin.Line, ":", p.Origin.Column)
		}
		if got != want || (u.Container == nil) != (want != "") {
			t.Errorf("%q: %v, want %s", text, u.Problems, want)
		}
	}
	rootfs := "[Container]\nRootfs=/r\nPodmanArgs=--init\nExec=a\n"
	of := podman.File{Path: "/u/a.container", Text: rootfs}
	if u := in(map[string]string{}).Read(of, rootful()); len(u.Problems) > 0 {
		t.Errorf("a root filesystem: %v", u.Problems)
	}
}

// TestNewer holds that what a newer Podman takes is left out with a notice, and the rest is read at its places.
func TestNewer(t *testing.T) {
	files := map[string]string{
		"/u/a.container": "[Container]\nImage=i\nMount=type=volume,destination=/anon type=bind,src=/s,dst=/d\n" +
			"ImageVolume=ignore\nPodmanArgs=--privileged\nVolume=b.volume:/v\n",
		"/u/b.volume":    "[Volume]\nUID=1000\nGID=1000\nOptions=noexec\n",
		"/u/c.container": "[Container]\nImage=i\nMount=type=bind,destination=/anon\n",
	}
	for path, want := range map[string]string{"/u/a.container": "w3 w4", "/u/b.volume": "w2 w3 w4",
		"/u/c.container": "1"} {
		u := in(files).Read(podman.File{Path: path, Text: files[path]}, rootful())
		var got []string
		for _, p := range u.Problems {
			line := fmt.Sprint(p.Origin.Line)
			if p.Warning {
				line = "w" + line
			}
			got = append(got, line)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", path, u.Problems, want)
		}
		if path == "/u/a.container" && (u.Container == nil || len(u.Container.Files.Mounts.Value) != 2 ||
			!u.Container.Confinement.Privileged.Value) {
			t.Errorf("%s: %+v", path, u.Container)
		}
	}
}
