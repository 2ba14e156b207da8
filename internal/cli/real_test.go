//go:build realpodman

// The tests of this file run against a real Podman, inside testdata/testbed/with-podman. They are not skipped where
// there is none: without the build tag they are not there, and with it a missing Podman is a failure.

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/podlint/podlint/podman/live/livetest"
)

// cases are the containers of the matrix: what each is made with, and the rules that must fire on it with the severity
// on a rootful and on a rootless Podman ("" for silence). What is not named must be silent.
type realCase struct {
	name     string
	args     []string
	rootful  string
	rootless string
	only     string // "4" or "5" where only that version takes it; "rootful" or "rootless" likewise
}

const (
	softRootful  = "root-user=high uid-map=high cap-drop-all=medium no-new-privileges=medium read-only=medium"
	softRootless = "root-user=medium uid-map=medium cap-drop-all=low no-new-privileges=medium read-only=medium"
)

var realCases = []realCase{
	{"plain", nil, softRootful, softRootless, ""},
	{"read-only", []string{"--read-only"}, without(softRootful, "read-only"), without(softRootless, "read-only"), ""},
	{"nnp", []string{"--security-opt", "no-new-privileges"}, without(softRootful, "no-new-privileges"),
		without(softRootless, "no-new-privileges"), ""},
	{"nnp-false", []string{"--security-opt", "no-new-privileges=false"}, softRootful, softRootless, ""},
	{"drop-all", []string{"--cap-drop", "ALL"}, replaced(without(softRootful, "cap-drop-all"),
		"no-new-privileges=medium", "no-new-privileges=low"), replaced(without(softRootless, "cap-drop-all"),
		"no-new-privileges=medium", "no-new-privileges=low"), ""},
	{"drop-all-add", []string{"--cap-drop=all", "--cap-add=net_bind_service"}, without(softRootful, "cap-drop-all"),
		without(softRootless, "cap-drop-all"), ""},
	{"drop-one", []string{"--cap-drop=CHOWN"}, softRootful, softRootless, ""},
	{"user-33", []string{"--user", "33"}, "uid-map=high cap-drop-all=medium no-new-privileges=medium read-only=medium",
		"uid-map=low cap-drop-all=low no-new-privileges=medium read-only=medium", ""},
	{"user-www-data", []string{"--user", "www-data"}, "uid-map=high cap-drop-all=medium no-new-privileges=medium " +
		"read-only=medium", "uid-map=low cap-drop-all=low no-new-privileges=medium read-only=medium", ""},
	{"user-nobody", []string{"--user", "nobody"}, "user-nobody=medium uid-map=high cap-drop-all=medium " +
		"no-new-privileges=medium read-only=medium",
		"user-nobody=medium uid-map=low cap-drop-all=low no-new-privileges=medium read-only=medium", ""},
	{"user-65534", []string{"--user", "65534:65534"}, "user-nobody=medium uid-map=high cap-drop-all=medium " +
		"no-new-privileges=medium read-only=medium",
		"user-nobody=medium uid-map=low cap-drop-all=low no-new-privileges=medium read-only=medium", ""},
	{"user-00", []string{"--user", "00"}, softRootful, softRootless, ""},
	{"user-toor", []string{"--user", "toor"}, softRootful, softRootless, ""},
	{"privileged", []string{"--privileged"}, "privileged=critical root-user=high uid-map=high " +
		"no-new-privileges=medium read-only=medium",
		"privileged=high root-user=medium uid-map=medium no-new-privileges=medium read-only=medium", ""},
	{"privileged-drop", []string{"--privileged", "--cap-drop", "ALL"}, "privileged=critical root-user=high " +
		"uid-map=high no-new-privileges=medium read-only=medium", "privileged=high root-user=medium uid-map=medium " +
		"no-new-privileges=medium read-only=medium", ""},
	{"spoofed-privileged", []string{"--annotation", "io.podman.annotations.privileged=TRUE"}, softRootful, softRootless,
		"5"},
	{"userns-auto", []string{"--userns", "auto:size=1024"}, "root-user=low cap-drop-all=low no-new-privileges=low " +
		"read-only=medium", "", "rootful"},
	{"mapped", []string{"--uidmap", "0:100000:65536"}, "root-user=low cap-drop-all=low no-new-privileges=low " +
		"read-only=medium", "", "rootful"},
	{"identity-map", []string{"--uidmap", "0:0:65536"}, softRootful, "", "rootful"},
	{"uid-mapped-to-itself", []string{"--user", "33", "--uidmap", "0:100000:33", "--uidmap", "33:33:1", "--uidmap",
		"34:100034:1000"}, "uid-map=medium cap-drop-all=medium no-new-privileges=medium read-only=medium", "",
		"rootful"},
	{"gid-unmapped", []string{"--uidmap", "0:100000:65536", "--gidmap", "0:0:65536"}, "root-user=low uid-map=medium " +
		"cap-drop-all=low no-new-privileges=low read-only=medium", "", "rootful"},
	{"keep-id", []string{"--userns", "keep-id"}, softRootful, "uid-map=medium cap-drop-all=low no-new-privileges=medium " +
		"read-only=medium", "keep-id"},
	{"nomap", []string{"--userns", "nomap"}, "",
		"root-user=low cap-drop-all=low no-new-privileges=low read-only=medium", "rootless"},
	{"hardened", []string{"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "33:33",
		"--uidmap", "0:100000:65536"}, "", "", "rootful"},
	// what is mounted below /run and /etc here stays writable with :ro
	{"socket", []string{"-v", "/run:/hostrun:ro"}, softRootful + " engine-socket=critical host-path=critical",
		softRootless + " engine-socket=high host-path=low", ""},
	{"socket-root", []string{"-v", "/:/hostroot"}, softRootful + " engine-socket=critical host-path=critical",
		softRootless + " engine-socket=high host-path=low", ""},
	{"socket-volume", []string{"-v", "runvolume:/hostrun"}, softRootful + " engine-socket=critical", "", "rootful"},
	{"harmless-mounts", []string{"-v", "data:/data", "--tmpfs", "/scratch", "-v", "/etc:/hostetc:ro", "--mount",
		"type=image,src=localhost/plain:1,dst=/img"}, softRootful + " host-path=critical tmpfs-exec=low", "", "rootful"},
	{"secret-handed-over", []string{"--secret", "db", "--secret", "db,type=env,target=DB_PASSWORD"}, softRootful,
		softRootless, ""},
	{"secret-variable", []string{"-e", "DB_PASSWORD=" + planted("variable")}, softRootful + " plaintext-secret=high",
		softRootless + " plaintext-secret=high", ""},
	{"secret-env-file", []string{"--env-file", "ENVFILE"}, softRootful + " plaintext-secret=high", softRootless +
		" plaintext-secret=high", ""},
	{"secret-label", []string{"-l", "token=" + planted("label")}, softRootful + " plaintext-secret=high", softRootless +
		" plaintext-secret=high", ""},
	{"secret-annotation", []string{"--annotation", "org.example.password=" + planted("annotation")}, softRootful +
		" plaintext-secret=high", softRootless + " plaintext-secret=high", ""},
	{"secret-health", []string{"--health-cmd", "redis-cli -a " + planted("health") + " ping"}, softRootful +
		" plaintext-secret=high", softRootless + " plaintext-secret=high", ""},
	{"secret-url", []string{"-e", "STORE=postgres://u:" + planted("url") + "@h/db"}, softRootful +
		" plaintext-secret=high", softRootless + " plaintext-secret=high", ""},
	{"no-secret", []string{"-e", "DB_PASSWORD_FILE=/run/secrets/db", "-e", "MODE=fast", "-l", "app=web"}, softRootful,
		softRootless, ""},
	{"stale", nil, softRootful + " stale-image=medium", softRootless + " stale-image=medium",
		"image localhost/moving:1"},
	{"old", nil, softRootful + " stale-image=medium", softRootless + " stale-image=medium", "image localhost/old:1"},
	{"fixed-date", nil, softRootful, softRootless, "image localhost/fixed:1"},
	{"image-user", nil, "secret-in-image=high uid-map=high cap-drop-all=medium no-new-privileges=medium " +
		"read-only=medium", "secret-in-image=high uid-map=low cap-drop-all=low no-new-privileges=medium " +
		"read-only=medium", "image localhost/user:1"},
}

// severities returns the severity of each rule's worst finding about a container.
func (r *jsonReport) severities(container string) map[string]string {
	found := map[string]string{}
	for _, f := range r.Findings {
		if f.Container == container && found[f.Rule] == "" { // findings come worst first
			found[f.Rule] = f.Severity
		}
	}
	return found
}

func without(list, rule string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(list),
		func(f string) bool { return strings.HasPrefix(f, rule+"=") }), " ")
}

func replaced(list, old, now string) string { return strings.Replace(list, old, now, 1) }

// boundedPodman is a call of Podman that ends: Podman 4.3 may wait for a lock of its own for good where several
// containers are made at once. The limit is far above what any call takes on a machine under load. Where it is reached,
// the caller's error says so, since the process was killed.
func boundedPodman(args ...string) *exec.Cmd {
	const limit = 4 * time.Minute
	cmd := exec.Command("timeout", append([]string{"--kill-after=10", strconv.Itoa(int(limit.Seconds())), "podman"},
		args...)...)
	cmd.WaitDelay = 10 * time.Second // what Podman leaves running may hold its output
	return cmd
}

func podmanCommand(t testing.TB, args ...string) string {
	t.Helper()
	out, err := boundedPodman(args...).Output()
	if err != nil {
		var stderr string
		if exit, ok := err.(*exec.ExitError); ok {
			stderr = string(exit.Stderr)
		}
		t.Fatalf("podman %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return strings.TrimSpace(string(out))
}

// busyboxRoot lays out a directory to build images from, with busybox in bin and other directories. It returns it with
// how to write a file in it.
func busyboxRoot(t *testing.T, others ...string) (string, func(name, text string, mode os.FileMode)) {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range append(others, "bin") {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	write("bin/busybox", string(busybox), 0o755)
	return dir, write
}

// buildImages makes the images of the matrix from busybox, without a registry.
func buildImages(t *testing.T) {
	dir, write := busyboxRoot(t, "etc")
	if err := os.Symlink("busybox", filepath.Join(dir, "bin/sh")); err != nil {
		t.Fatal(err)
	}
	write("etc/passwd",
		"root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
		0o644)
	write("etc/group", "root:x:0:\nwww-data:x:33:\n", 0o644)
	base := "FROM scratch\nCOPY bin /bin\nCOPY etc /etc\n"
	build := func(tag, more string, flags ...string) {
		write("Containerfile", base+more, 0o644)
		podmanCommand(t, append(append([]string{"build", "-q", "-t", tag}, flags...), dir)...)
	}
	build("localhost/plain:1", "")
	build("localhost/user:1", "USER www-data\nENV IMG_TOKEN=fromtheimage1\nLABEL password=fromtheimage2\n")
	build("localhost/moving:1", "LABEL v=1\n")
	build("localhost/fixed:1", "LABEL v=2\n", "--timestamp", "1262304000")
	oldImage(t, dir)
}

// oldImage loads an image with a real date of long ago, which no builder makes.
func oldImage(t *testing.T, dir string) {
	archive := filepath.Join(dir, "old.tar")
	podmanCommand(t, "save", "-q", "--format", "docker-archive", "-o", archive, "localhost/plain:1")
	unpacked := filepath.Join(dir, "old")
	if err := os.Mkdir(unpacked, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("tar", "-xf", archive, "-C", unpacked).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v %s", err, out)
	}
	// the archive's files have no mode
	if out, err := exec.Command("chmod", "-R", "u+rwX", unpacked).CombinedOutput(); err != nil {
		t.Fatalf("chmod: %v %s", err, out)
	}
	var manifest []map[string]any
	data, err := os.ReadFile(filepath.Join(unpacked, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(data, &manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	config := manifest[0]["Config"].(string)
	data, err = os.ReadFile(filepath.Join(unpacked, config))
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	const date = "2020-01-02T03:04:05.678901234Z"
	c["created"] = date
	for _, h := range c["history"].([]any) {
		h.(map[string]any)["created"] = date
	}
	data, _ = json.Marshal(c)
	manifest[0]["Config"], manifest[0]["RepoTags"] = "old.json", []string{"localhost/old:1"}
	m, _ := json.Marshal(manifest)
	for name, text := range map[string][]byte{"old.json": data, "manifest.json": m} {
		if err := os.WriteFile(filepath.Join(unpacked, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	os.Remove(filepath.Join(unpacked, "repositories"))
	if out, err := exec.Command("tar", "-cf", archive, "-C", unpacked, ".").CombinedOutput(); err != nil {
		t.Fatalf("tar: %v %s", err, out)
	}
	podmanCommand(t, "load", "-q", "-i", archive)
}

func TestRealPodman(t *testing.T) {
	major := strings.TrimPrefix(podmanCommand(t, "--version"), "podman version ")[:1]
	isRootless := podmanCommand(t, "info", "-f", "{{.Host.Security.Rootless}}") == "true"
	emptyStorage(t)
	buildImages(t)
	envFile := filepath.Join(t.TempDir(), "env")
	os.WriteFile(envFile, []byte("API_TOKEN="+planted("envfile")+"\n"), 0o600)
	if !isRootless {
		podmanCommand(t, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/run", "runvolume")
	}

	want := map[string]map[string]string{}
	for _, c := range realCases {
		image, expected := "localhost/plain:1", c.rootful
		if isRootless {
			expected = c.rootless
		}
		switch {
		case strings.HasPrefix(c.only, "image "):
			image = strings.TrimPrefix(c.only, "image ")
		case c.only == "keep-id" && !isRootless && major == "4", // refused there
			c.only == "rootful" && isRootless, c.only == "rootless" && !isRootless,
			(c.only == "4" || c.only == "5") && c.only != major:
			continue
		}
		args := []string{"run", "-d", "--name", c.name, "--network", "none"}
		if c.name == "uid-mapped-to-itself" { // overlay on these kernels cannot be mounted with such a map
			args = []string{"create", "--name", c.name, "--network", "none"}
		}
		for _, a := range c.args {
			args = append(args, strings.ReplaceAll(a, "ENVFILE", envFile))
		}
		podmanCommand(t, append(args, image, "/bin/busybox", "sleep", "3600")...)
		want[c.name] = map[string]string{}
		for _, f := range strings.Fields(expected) {
			rule, severity, _ := strings.Cut(f, "=")
			want[c.name][rule] = severity
		}
	}
	// A container that was never started, by a user whose name only its image knows.
	podmanCommand(t, "create", "--name", "created", "--user", "toor", "--network", "none", "localhost/plain:1",
		"/bin/busybox", "sleep", "1")
	want["created"] = want["plain"]
	// A user that nobody knows: the service cannot even read a file of such a container, and that is no failure of the
	// scan.
	podmanCommand(t, "create", "--name", "unknown-user", "--user", "ghost", "--network", "none", "localhost/plain:1",
		"/bin/busybox", "sleep", "1")
	want["unknown-user"] = maps.Clone(want["user-33"])
	if isRootless { // it may be root's, and so the account that runs Podman
		want["unknown-user"]["uid-map"] = "medium"
	}
	withConf(t, want, major)
	kubePlay(t, want, major)
	// What a pod was given does not reach its members; its user namespace does.
	podmanCommand(t, "pod", "create", "--name", "pod", "--network", "none", "--security-opt", "no-new-privileges")
	podmanCommand(t, "run", "-d", "--name", "member", "--pod", "pod", "localhost/plain:1", "/bin/busybox", "sleep",
		"3600")
	want["member"] = want["plain"]
	if !isRootless {
		podmanCommand(t, "pod", "create", "--name", "mapped-pod", "--network", "none", "--uidmap", "0:300000:65536",
			"--gidmap", "0:300000:65536")
		podmanCommand(t, "run", "-d", "--name", "mapped-member", "--pod", "mapped-pod", "localhost/plain:1",
			"/bin/busybox", "sleep", "3600")
		want["mapped-member"] = want["mapped"]
	}
	// The tag moves on after the container was made.
	podmanCommand(t, "tag", "localhost/plain:1", "localhost/moving:1")

	status, out, errs := invoke(t, "scan", "--format", "json")
	if status != 1 || errs != "" {
		t.Errorf("status %d, errors %q", status, errs)
	}
	r := parseReport(t, out)
	kinds := map[string]int{}
	for _, c := range r.Containers {
		kinds[c.Kind]++
		if c.Kind != "container" {
			continue
		}
		if _, ok := want[c.Name]; !ok {
			t.Errorf("container %s is not of this test", c.Name)
		}
	}
	if kinds["container"] != len(want) || kinds["infra"] == 0 {
		t.Errorf("kinds %v, want %d containers and some infra", kinds, len(want))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got := r.severities(name)
		// TestRealRules tries these
		for _, rule := range []string{"memory-limit", "pids-limit", "healthcheck", "auto-update", "uid-map-shared"} {
			delete(got, rule)
		}
		if !maps.Equal(got, want[name]) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, want[name])
		}
	}

	t.Run("no secret shows", func(t *testing.T) {
		dir := t.TempDir()
		_, text, errs := invoke(t, "scan", "-v", "--format", "text", "--format", "json="+dir+"/json", "--format",
			"sarif="+dir+"/sarif")
		all := text + errs
		for _, name := range []string{"json", "sarif"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all += string(data)
		}
		if strings.Contains(all, "planted-") || strings.Contains(all, "9f3Kq7") {
			t.Error("a planted secret shows")
		}
	})
	t.Run("selection", func(t *testing.T) {
		id := podmanCommand(t, "inspect", "-f", "{{.Id}}", "plain")
		for _, test := range []struct {
			args []string
			want string
		}{
			{[]string{"plain"}, "plain"},
			{[]string{id[:12], "member"}, "member plain"},
			{[]string{"--pod", "pod"}, "member"},
			{[]string{"--filter", "label=app=web"}, "no-secret"},
			{[]string{"--filter", "name=^user-0"}, "user-00"},
			{[]string{"--filter", "status=created", "--filter", "name=^created"}, "created"},
			{[]string{"created", "plain", "--running"}, "plain"},
		} {
			_, out, _ := invoke(t, append([]string{"scan", "--format", "json"}, test.args...)...)
			var names []string
			for _, c := range parseReport(t, out).Containers {
				if c.Kind == "container" {
					names = append(names, c.Name)
				}
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("%q: %q, want %q", test.args, got, test.want)
			}
		}
		if status, _, errs := invoke(t, "scan", "no-such-container"); status != 2 ||
			!strings.Contains(errs, "there is no container") {
			t.Errorf("a name that nothing has: status %d, %q", status, errs)
		}
	})
	t.Run("nothing is left", func(t *testing.T) {
		if left := leftovers(); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	})
	t.Run("killed", func(t *testing.T) { killed(t) })
	if *update {
		record(t, major, isRootless)
	}
}

// withConf makes containers for which containers.conf decides what no flag of theirs says.
func withConf(t *testing.T, want map[string]map[string]string, major string) {
	soft := maps.Clone(want["plain"])
	readOnly := maps.Clone(soft)
	delete(readOnly, "read-only")
	privileged := maps.Clone(want["privileged"])
	if major == "4" { // which does not know these keys
		readOnly, privileged = soft, soft
	}
	secret := maps.Clone(soft)
	secret["plaintext-secret"] = "high"
	own := os.Getenv("CONTAINERS_CONF")
	conf, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	defer t.Setenv("CONTAINERS_CONF", own)
	for _, c := range []struct {
		name, setting string
		want          map[string]string
	}{
		{"conf-read-only", "read_only = true", readOnly},
		{"conf-privileged", "privileged = true", privileged},
		{"conf-env", `env = ["API_TOKEN=` + planted("conf") + `"]`, secret},
	} {
		file := filepath.Join(t.TempDir(), "containers.conf")
		text := strings.Replace(string(conf), "[containers]\n", "[containers]\n"+c.setting+"\n", 1)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Setenv("CONTAINERS_CONF", file)
		podmanCommand(t, "run", "-d", "--name", c.name, "--network", "none", "localhost/plain:1", "/bin/busybox",
			"sleep", "3600")
		want[c.name] = c.want
	}
}

// kubePlay makes a container without a command line: who asked for a capability is not known then, and on a Podman that
// shows the values of secrets, whose a variable is neither.
func kubePlay(t *testing.T, want map[string]map[string]string, major string) {
	file := filepath.Join(t.TempDir(), "pod.yaml")
	const pod = `apiVersion: v1
kind: Pod
metadata: {name: kube}
spec:
  containers:
  - {name: soft, image: localhost/plain:1, imagePullPolicy: Never, command: [/bin/busybox, sleep, "3600"],
     env: [{name: DB_PASSWORD, value: PLANTED}]}
  - name: hard
    image: localhost/plain:1
    imagePullPolicy: Never
    command: [/bin/busybox, sleep, "3600"]
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]},
      runAsUser: 33}
`
	if err := os.WriteFile(file, []byte(strings.Replace(pod, "PLANTED", planted("kube"), 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	podmanCommand(t, "kube", "play", "--network", "none", file)
	want["kube-soft"] = maps.Clone(want["plain"])
	if major != "4" {
		want["kube-soft"]["plaintext-secret"] = "high"
	}
	want["kube-hard"] = map[string]string{"uid-map": want["user-33"]["uid-map"]}
	if want["user-33"]["uid-map"] == "high" { // it has nothing to become root by
		want["kube-hard"]["uid-map"] = "medium"
	}
}

// leftovers finds the directories of podlint's own services.
func leftovers() []string {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "podlint-service-*"))
	inRuntime, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "podlint-service-*"))
	return append(left, inRuntime...)
}

// killed interrupts and kills a podlint with its own service, and looks for what is left of that.
func killed(t *testing.T) {
	program := os.Getenv("PODLINT")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		cmd := exec.Command(program, "scan", "--concurrency", "1", "--timeout", "1h")
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = io.Discard, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// A service that is stopped answers nothing: the scan goes on until the signal ends it.
		var stopped []int
		waitFor(t, "podlint's own service", func() bool {
			stopped = services(t)
			return len(stopped) > 0
		})
		for _, pid := range stopped {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			// Until it is, it would take a signal that comes meanwhile.
			waitFor(t, "the service to be stopped",
				func() bool { return strings.HasPrefix(processStatus(pid, "State"), "T") })
		}
		_ = cmd.Process.Signal(signal)
		err := cmd.Wait()
		if signal == syscall.SIGINT &&
			(cmd.ProcessState.ExitCode() != 3 || !strings.Contains(errs.String(), "interrupted")) {
			t.Errorf("interrupted: %v, %s", err, &errs)
		}
		// a service without work would end by itself later, and is not to go on until then
		if signal == syscall.SIGKILL {
			waitFor(t, "the kernel's SIGTERM to the service",
				func() bool { return slices.ContainsFunc(stopped, terminated) })
		}
		for _, pid := range stopped {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
		waitFor(t, fmt.Sprintf("the end of the service after %v", signal), func() bool { return len(services(t)) == 0 })
	}
	invoke(t, "scan", "plain")
	if left := leftovers(); len(left) > 0 {
		t.Errorf("the next run has left behind: %q", left)
	}
}

// terminated reports whether a process that is stopped has been sent SIGTERM (proc_pid_status(5), ShdPnd).
func terminated(pid int) bool {
	pending, err := strconv.ParseUint(processStatus(pid, "ShdPnd"), 16, 64)
	return err == nil && pending&(1<<(syscall.SIGTERM-1)) != 0
}

// processStatus returns a field of a process's status in /proc, empty where there is none.
func processStatus(pid int, field string) string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), field+":")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

// services returns the processes that serve a socket of podlint's.
func services(t *testing.T) []int {
	t.Helper()
	return processes(t, func(args []string) bool {
		line := strings.Join(args, " ")
		return strings.Contains(line, "system service") && strings.Contains(line, "podlint-service-")
	})
}

// processes returns the IDs of the processes whose arguments are those that are looked for.
func processes(t *testing.T, wanted func(args []string) bool) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, file := range files {
		line, _ := os.ReadFile(file)
		if wanted(strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			found = append(found, pid)
		}
	}
	return found
}

// waitForListener waits until somebody listens at an address.
func waitForListener(t *testing.T, network, address string) {
	t.Helper()
	waitFor(t, "a listener at "+address, func() bool {
		conn, err := net.Dial(network, address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// record writes what a service answers during a scan to testdata/captures. The values are the tests' own.
func record(t *testing.T, major string, isRootless bool) {
	socket := filepath.Join(t.TempDir(), "s")
	service := exec.Command("podman", "system", "service", "-t", "0", "unix://"+socket)
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { service.Process.Kill(); service.Wait() }()
	waitForListener(t, "unix", socket)
	var mu sync.Mutex
	answers := map[string]livetest.Answer{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "d"})
	proxy.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn,
		error) {
		return net.Dial("unix", socket)
	}}
	proxy.ModifyResponse = func(resp *http.Response) error {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
		a := livetest.Answer{Status: resp.StatusCode, Version: resp.Header.Get("Libpod-API-Version")}
		if json.Valid(body) {
			a.JSON = bytes.TrimSpace(body)
		} else {
			a.Body = body
		}
		mu.Lock()
		defer mu.Unlock()
		answers[resp.Request.URL.RequestURI()] = a
		return nil
	}
	front := filepath.Join(t.TempDir(), "f")
	listener, err := net.Listen("unix", front)
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(listener, proxy)
	if status, _, errs := invoke(t, "scan", "--url", "unix://"+front, "--format", "json"); status != 1 {
		t.Fatalf("status %d, %s", status, errs)
	}
	mode := "rootful"
	if isRootless {
		mode = "rootless"
	}
	data, err := json.MarshalIndent(answers, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("%s/podman-%s-%s.json", os.Getenv("CAPTURES"), major, mode)
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
