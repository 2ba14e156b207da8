package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/live/livetest"
)

// service is a Podman service of so many lines: the answers to paths below the API's root.
func service(t *testing.T, version string, answers map[string]string) *Service {
	t.Helper()
	url := livetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Libpod-API-Version", version)
		_, path, _ := strings.Cut(r.URL.EscapedPath(), "/libpod")
		answer, ok := answers[path]
		if path == "/_ping" {
			answer, ok = "OK", true
		}
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"cause":"no such thing","message":"no such thing","response":404}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	s, err := Connect(t.Context(), Options{
		URL: url, Timeout: 5 * time.Second, Concurrency: 2, Now: time.Now, Log: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

const rootful = `{"host":{"security":{"rootless":false,"capabilities":"CAP_CHOWN,CAP_KILL"}},
	"version":{"Version":"5.4.2"}}`

// read reads the one container "x" of a service with the given inspect answer.
func read(t *testing.T, version, inspect string, more map[string]string) *podman.Container {
	t.Helper()
	answers := map[string]string{"/info": rootful, "/containers/json": `[{"Id":"x","Names":["x"]}]`,
		"/containers/x/json": inspect}
	for path, answer := range more {
		answers[path] = answer
	}
	var c *podman.Container
	_, problems, err := service(t, version, answers).Containers(t.Context(), Selection{}, func(int, int) {},
		func(found *podman.Container) { c = found })
	if err != nil || len(problems) > 0 || c == nil {
		t.Fatalf("%v %v", err, problems)
	}
	return c
}

// readNamed reads one of the containers that some answers give, by its name.
func readNamed(t *testing.T, answers map[string]string, name string) *podman.Container {
	t.Helper()
	var c *podman.Container
	_, problems, err := service(t, "5.4.2", answers).Containers(t.Context(), Selection{}, func(int, int) {},
		func(found *podman.Container) {
			if found.Name == name {
				c = found
			}
		})
	if err != nil || len(problems) > 0 || c == nil {
		t.Fatalf("%v %v", err, problems)
	}
	return c
}

// TestAbsentIsUnknown holds that what a service leaves out is unknown, and what it says is null is empty.
func TestAbsentIsUnknown(t *testing.T) {
	c := read(t, "5.4.2", `{"Id":"x","Config":{},"HostConfig":{}}`, nil)
	for name, known := range map[string]bool{
		"ReadOnly": c.Files.ReadOnly.Known(), "Mounts": c.Files.Mounts.Known(),
		"Bounding":  c.Capabilities.Bounding.Known(),
		"Requested": c.Capabilities.Requested.Known(), "NoNewPrivileges": c.Confinement.NoNewPrivileges.Known(),
		"Privileged": c.Confinement.Privileged.Known(),
		"User":       c.Process.User.Known(), "UID": c.Process.UID.Known(), "UIDs": c.Namespaces.UIDs.Known(),
		"IPC": c.Namespaces.IPC.Known(), "Environment": c.Environment.Known(),
	} {
		if known {
			t.Errorf("%s is known", name)
		}
	}
	c = read(t, "5.4.2",
		`{"Id":"x","BoundingCaps":null,"Mounts":null,"Config":{"Env":null},"HostConfig":{"SecurityOpt":null}}`, nil)
	if !c.Capabilities.Bounding.Known() || !c.Confinement.NoNewPrivileges.Known() || !c.Files.Mounts.Known() ||
		!c.Environment.Known() {
		t.Error("null is unknown")
	}
}

// TestIPC holds that on Podman before 4.4, which says "shareable" for all, only the command line tells.
func TestIPC(t *testing.T) {
	inspect := func(mode, command string) string {
		return fmt.Sprintf(`{"Id":"x","Config":{"CreateCommand":%s},"HostConfig":{"IpcMode":%q}}`, command, mode)
	}
	for _, test := range []struct{ version, mode, command, want string }{
		{"4.3.1", "shareable", `["podman","run","--ipc=host","i"]`, "host set"},
		{"4.3.1", "shareable", `["podman","run","--ipc","private","i"]`, "private set"},
		{"4.3.1", "shareable", `["podman","run","i"]`, "shareable default"},
		{"4.3.1", "shareable", `null`, " unknown"},
		{"4.3.1", "shareable", `["podman","system","service","--time","0"]`, " unknown"},
		{"4.3.1", "container:abc", `null`, "container:abc set"},
		{"5.4.2", "host", `null`, "host set"},
		{"5.4.2", "shareable", `["podman","run","--ipc=host","i"]`, "shareable set"},
	} {
		ipc := read(t, test.version, inspect(test.mode, test.command), nil).Namespaces.IPC
		if got := ipc.Value + " " + ipc.State.String(); got != test.want {
			t.Errorf("%s, %s, %s: %s, want %s", test.version, test.mode, test.command, got, test.want)
		}
	}
}

// TestHostVariables holds that an image's variables without a value are seen, and no others.
func TestHostVariables(t *testing.T) {
	for env, want := range map[string]string{
		`["PATH=/bin","TOKEN","EMPTY=","AWS_*",""]`: "[TOKEN AWS_*]", `["A=b"]`: "[]", `null`: "[]",
	} {
		c := read(t, "5.4.2", `{"Id":"x","Image":"img","Config":{},"HostConfig":{}}`,
			map[string]string{"/images/img/json": `{"Id":"img","Config":{"Env":` + env + `}}`})
		if got := fmt.Sprint(c.Image.HostVariables.Value); got != want || !c.Image.HostVariables.Known() {
			t.Errorf("%s: %s, want %s", env, got, want)
		}
	}
	if c := read(t, "5.4.2", `{"Id":"x","Image":"img","Config":{},"HostConfig":{}}`, nil); c.Image.HostVariables.Known() {
		t.Error("known without the image")
	}
}

// TestEnvironment holds whose each variable is, and that a secret's value is not kept.
func TestEnvironment(t *testing.T) {
	image := map[string]string{"/images/img/json": `{"Id":"img","Config":{"Env":["A=image","B=image"]}}`}
	inspect := func(command string, env ...string) string {
		data, _ := json.Marshal(env)
		return fmt.Sprintf(`{"Id":"x","Image":"img","Config":{"CreateCommand":%s,"Env":%s},"HostConfig":{}}`, command,
			data)
	}
	const typed = `["podman","run","-e","B=mine","--secret","db,type=env,target=PW","img"]`
	for _, test := range []struct {
		version, command string
		env              []string
		want             map[string]podman.Owner
	}{
		{"4.3.1", typed, []string{"A=image", "B=mine", "PW=value", "PATH=/bin", "http_proxy=p", "FROM_FILE=1"},
			map[string]podman.Owner{
				"A": podman.OwnerImage, "B": podman.OwnerUser, "PW": podman.OwnerSecret, "PATH": podman.OwnerPodman,
				"http_proxy": podman.OwnerProxy, "FROM_FILE": podman.OwnerUser,
			}},
		{"4.3.1", "null", []string{"A=image", "PW=value"},
			map[string]podman.Owner{"A": podman.OwnerImage, "PW": podman.OwnerUnknown}},
		{"5.4.2", "null", []string{"A=other", "db=*******", "PW=value"},
			map[string]podman.Owner{"A": podman.OwnerUser, "db": podman.OwnerSecret, "PW": podman.OwnerUser}},
	} {
		got := map[string]podman.Owner{}
		for _, v := range read(t, test.version, inspect(test.command, test.env...), image).Environment.Value {
			got[v.Name] = v.Owner
			if (v.Owner == podman.OwnerSecret || v.Owner == podman.OwnerUnknown) && v.Value != "" {
				t.Errorf("%s: the value of %s is kept", test.version, v.Name)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s, %s: %s", test.version, test.command, diff)
		}
	}
	// Where there are no secrets at all, a value is no secret's.
	for answer, want := range map[string]podman.Owner{"[]": podman.OwnerUser, `[{"ID":"s"}]`: podman.OwnerUnknown} {
		more := map[string]string{"/images/img/json": image["/images/img/json"], "/secrets/json": answer}
		if got := read(t, "4.3.1", inspect("null", "PW=value"), more).Environment.Value[0].Owner; got != want {
			t.Errorf("secrets %s: %s, want %s", answer, got, want)
		}
	}
}

// TestBuilt holds which images' dates say when they were built.
func TestBuilt(t *testing.T) {
	for answer, want := range map[string]string{
		`{"Created":"2026-10-01T10:00:00.123456789Z"}`: "2026-10-01",
		`{"Created":"1970-01-01T00:00:00Z"}`:           "",
		`{"Created":"0001-01-01T00:00:00Z"}`:           "",
		`{"Created":"1980-01-01T00:00:01.5Z"}`:         "",
		`{}`:                                           "",
		// SOURCE_DATE_EPOCH
		`{"Created":"2026-10-01T10:00:00Z","History":[{"created":"2026-10-01T10:00:00Z"}]}`: "",
		// on a base of 1970
		`{"Created":"2026-10-01T10:00:00Z","History":[{"created":"1970-01-01T00:00:00Z"},
			{"created":"2026-10-01T10:00:00Z"}]}`: "",
		// on a base with a date
		`{"Created":"2026-10-01T10:00:00Z","History":[{"created":"2026-10-05T00:00:00.5Z"},
			{"created":"2026-10-01T10:00:00Z"}]}`: "2026-10-05",
		`{"Created":"2026-10-01T10:00:00.5Z","History":[{"created":"2026-09-01T10:00:00.5Z"},
			{"created":"2026-10-01T10:00:00.25Z"}]}`: "2026-10-01",
	} {
		var i image
		if err := json.Unmarshal([]byte(answer), &i); err != nil {
			t.Fatal(err)
		}
		got := ""
		if built, ok := i.built(); ok {
			got = built.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", answer, got, want)
		}
	}
}

// TestMounts holds what a mount's source is, and what is no mount of the user's.
func TestMounts(t *testing.T) {
	const mounts = `[
		{"Type":"bind","Source":"/etc","Destination":"/a","RW":true,"Options":["rbind"]},
		{"Type":"bind","Source":"/srv","Destination":"/b","RW":true,"Options":["bind"]},
		{"Type":"volume","Name":"v","Source":"/var/lib/containers/storage/volumes/v/_data","Destination":"/c","RW":true},
		{"Type":"bind","Source":"/var/lib/containers/storage/overlay-containers/x/userdata/overlay/1/merge",
		 "Destination":"/d","RW":true,"Options":["lowerdir=/run","upperdir=/u"]},
		{"Type":"bind","Source":"/var/lib/containers/storage/overlay-containers/x/userdata/overlay/2/merge",
		 "Destination":"/e","RW":true},
		{"Type":"bind","Source":"devpts","Destination":"/dev/pts","RW":true}]`
	c := read(t, "5.4.2", `{"Id":"x","Mounts":`+mounts+`,"Config":{},"HostConfig":{}}`,
		map[string]string{"/volumes/json": `[{"Name":"v","Options":{"type":"none","o":"bind,ro","device":"/run"}},
			{"Name":"w","Options":{"device":"tmpfs"}}]`})
	var got []string
	for _, m := range c.Files.Mounts.Value {
		got = append(got, fmt.Sprint(m.Type, " ", m.Source, " ", m.Destination, " ", m.Writable, " ", m.Recursive))
	}
	want := []string{"bind /etc /a true true", "bind /srv /b true false", "volume /run /c true true",
		"bind /run /d false false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestChoose holds what names, IDs and their beginnings stand for.
func TestChoose(t *testing.T) {
	rows := []listed{
		{ID: "aaa1", Names: []string{"web"}, Pod: "p1", PodName: "shop", State: "running"},
		{ID: "aab2", Names: []string{"db"}, Pod: "p1", PodName: "shop"},
		{ID: "bbb3", Names: []string{"aaa"}},
	}
	for _, test := range []struct {
		selection Selection
		want      string
	}{
		{Selection{}, "web db aaa"},
		{Selection{Names: []string{"aaa"}}, "aaa"}, // a name before the beginning of an ID
		{Selection{Names: []string{"bb", "web"}}, "web aaa"},
		{Selection{Names: []string{"aa"}}, `"aa" is the beginning of 2 container IDs`},
		{Selection{Names: []string{"nope"}}, `there is no container "nope"`},
		{Selection{Names: []string{""}}, `there is no container ""`},
		{Selection{Pods: []string{"shop"}}, "web db"},
		{Selection{Pods: []string{"p"}}, "web db"},
		{Selection{Pods: []string{"q"}}, `there is no pod "q"`},
		{Selection{Running: true}, "web"},
	} {
		chosen, err := choose(append([]listed{}, rows...), test.selection)
		var names []string
		for _, row := range chosen {
			names = append(names, row.name())
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %s, want %s", test.selection, got, test.want)
		}
	}
}

// TestSweep holds that what a dead podlint has left is removed, and nothing else.
func TestSweep(t *testing.T) {
	base := t.TempDir()
	dead, own, other := filepath.Join(base, ownPrefix+"4194305-1"),
		filepath.Join(base, fmt.Sprintf("%s%d-1", ownPrefix, os.Getpid())), filepath.Join(base, ownPrefix+"mine")
	for _, dir := range []string{dead, own, other} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dead, "podman.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sweep(base)
	for dir, want := range map[string]bool{dead: false, own: true, other: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v", dir, err == nil)
		}
	}
}

// TestNotPodman holds that what is no Podman service is not taken for one.
func TestNotPodman(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("OK"))
	}))
	defer server.Close()
	_, err := Connect(context.Background(), Options{URL: "tcp://" + server.Listener.Addr().String(),
		Timeout: time.Second, Concurrency: 1, Now: time.Now, Log: t.Logf})
	if err == nil || !strings.Contains(err.Error(), "no Podman service") {
		t.Error(err)
	}
}

// TestEvidence holds what is asked about what a container has done, and that nothing is asked for which Podman would
// run a program.
func TestEvidence(t *testing.T) {
	s := service(t, "5.4.2", map[string]string{
		"/containers/x/changes": `[{"Path":"/var","Kind":0},{"Path":"/var/lib","Kind":0},{"Path":"/var/lib/x","Kind":1},
			{"Path":"/gone","Kind":2},{"Path":"/run/x.pid","Kind":1}]`,
		"/containers/x/top": `{"Titles":["PID","USER","EFFECTIVE CAPS"],"Processes":[["1","root","CHOWN,SETUID"],
			["7","svc","none"],["8","12345","none"],
			["9","ghost","none"],["short"]]}`,
		"/containers/x/archive": string(layerOf(t, false,
			"644 passwd root:x:0:0::/:/bin/sh\nsvc:x:101:102::/:/bin/sh\n")),
	})
	e := s.Evidence(context.Background(), &podman.Container{ID: "x", State: "running"})
	if got := fmt.Sprint(podman.WrittenDirectories(e.Written.Value)); got != "[/var/lib]" {
		t.Errorf("written: %s", got)
	}
	if got := fmt.Sprint(e.Processes.Value); got != "[{root 0 [CHOWN SETUID]} {svc 101 []} {12345 12345 []}]" {
		t.Errorf("processes: %s", got)
	}
	for d := range strings.SplitSeq(topDescriptors, ",") { // those of 4.3
		if !slices.Contains([]string{"args", "capamb", "capbnd", "capeff", "capinh", "capprm", "comm", "etime", "group",
			"groups", "hgroup", "hgroups", "hpid", "huser", "label", "nice", "pcpu", "pgid", "pid", "ppid", "rgroup",
			"ruser", "seccomp", "state", "stime", "time", "tty", "user", "vsz"}, d) {
			t.Errorf("Podman 4.3 would run ps in the container for %q", d)
		}
	}
}

// TestImageByID holds that nothing is said to be current of a container that was made from an image's ID: its name can
// never stand for another image.
func TestImageByID(t *testing.T) {
	const id = "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
	answer := fmt.Sprintf(`{"Id":%q,"Config":{}}`, id)
	more := map[string]string{}
	for _, name := range []string{id, "sha256:" + id, "abcdef012345", "sha256:abcdef012345", "localhost%2Fapp:1"} {
		more["/images/"+name+"/json"] = answer
	}
	for name, known := range map[string]bool{
		id: false, "sha256:" + id: false, "abcdef012345": false, "sha256:abcdef012345": false, "localhost/app:1": true,
		"": false,
	} {
		c := read(t, "5.4.2", fmt.Sprintf(`{"Id":"x","Image":%q,"ImageName":%q,"Config":{},"HostConfig":{}}`, id, name),
			more)
		if got := c.Image.Current; got.Known() != known || known && got.Value != id {
			t.Errorf("%q: %+v", name, got)
		}
	}
}

// TestSeccomp holds that where no command line tells a container's seccomp profile, its processes do.
func TestSeccomp(t *testing.T) {
	inspect := func(state, pid, command string) string {
		return fmt.Sprintf(`{"Id":"x","State":{"Status":%q},"Config":{"CreateCommand":%s},"HostConfig":{"PidMode":%q}}`,
			state, command, pid)
	}
	const typed = `["podman","run","--security-opt=seccomp=/p.json","i"]`
	for name, test := range map[string]struct{ inspect, top, want string }{
		"filtered": {inspect("running", "private", "null"), `{"Processes":[["1","filter"],["7","filter"]]}`,
			" default"},
		"one is not": {inspect("running", "private", "null"), `{"Processes":[["1","filter"],["7","disabled"]]}`,
			"unconfined set"},
		"strict":            {inspect("running", "private", "null"), `{"Processes":[["1","strict"]]}`, " unknown"},
		"no process":        {inspect("running", "private", "null"), `{"Processes":[]}`, " unknown"},
		"not running":       {inspect("exited", "private", "null"), `{"Processes":[["1","filter"]]}`, " unknown"},
		"host's processes":  {inspect("running", "host", "null"), `{"Processes":[["1","disabled"]]}`, " unknown"},
		"the command tells": {inspect("running", "private", typed), `{"Processes":[["1","disabled"]]}`, "/p.json set"},
	} {
		s := read(t, "5.4.2", test.inspect, map[string]string{"/containers/x/top": test.top}).Confinement.Seccomp
		if got := s.Value + " " + s.State.String(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
