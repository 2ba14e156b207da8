//go:build realpodman

package cli

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ruleCase is a container on which a rule fires, or on which one that fires everywhere is silent. What it is made with
// comes after what a plain container of the matrix has; what is expected is the difference to the plain one's findings
// under the strict profile: "rule=severity" for one more or another severity, "-rule" for one less.
type ruleCase struct {
	name     string
	args     []string
	command  []string
	rootful  string
	rootless string // "=" for the same, "skip" for not made
	image    string
}

var ruleCases = []ruleCase{
	{name: "cap-sysadmin", args: []string{"--cap-add", "SYS_ADMIN"}, rootful: "cap-dangerous=high -host-rootful",
		rootless: "cap-dangerous=medium"},
	{name: "cap-mapped", args: []string{"--cap-add", "SYS_ADMIN", "--uidmap", "0:400000:65536"},
		rootful:  "cap-dangerous=low root-user=low cap-drop-all=low no-new-privileges=low -uid-map -host-rootful",
		rootless: "skip"},
	{name: "cap-all", args: []string{"--cap-add", "ALL"}, rootful: "cap-dangerous=high -host-rootful",
		rootless: "cap-dangerous=medium"},
	{name: "cap-harmless", args: []string{"--cap-add", "CHOWN"}, rootless: "="},
	{name: "seccomp-unconfined", args: []string{"--security-opt", "seccomp=unconfined"}, rootful: "seccomp-off=high",
		rootless: "seccomp-off=medium"},
	{name: "seccomp-own", args: []string{"--security-opt", "seccomp=/usr/share/containers/seccomp.json"},
		rootless: "="},
	{name: "unmask-all", args: []string{"--security-opt", "unmask=ALL"}, rootful: "proc-unmasked=high",
		rootless: "proc-unmasked=medium"},
	{name: "unmask-one", args: []string{"--security-opt", "unmask=/proc/kcore"}, rootful: "proc-unmasked=medium",
		rootless: "proc-unmasked=low"},
	{name: "mask", args: []string{"--security-opt", "mask=/etc/passwd"}, rootless: "="},
	// the testbed's kernel has no SELinux
	{name: "no-lsm", args: []string{"--security-opt", "label=disable"}, rootless: "="},
	{name: "keep-groups", args: []string{"--group-add", "keep-groups"}, rootful: "skip", rootless: "groups-kept=low"},
	{name: "etc", args: []string{"-v", "/etc:/hostetc"}, rootful: "host-path=critical -host-rootful",
		rootless: "host-path=low"},
	{name: "etc-as-33", args: []string{"--user", "33", "-v", "/etc:/hostetc"}, rootful: "host-path=high " +
		"-host-rootful -root-user", rootless: "host-path=low -root-user uid-map=low"},
	// the testbed has /etc/subuid mounted over /etc, and :ro leaves that writable
	{name: "etc-read-only", args: []string{"-v", "/etc:/hostetc:ro"}, rootful: "host-path=critical -host-rootful",
		rootless: "host-path=low"},
	{name: "localtime", args: []string{"-v", "/etc/passwd:/p:ro"}, rootful: "-host-rootful"},
	{name: "data", args: []string{"-v", "DIR:/data"}, rootful: "-host-rootful", rootless: ""},
	{name: "chown", args: []string{"-v", "DIR:/data:U"}, rootful: "mount-chown=medium -host-rootful",
		rootless: "mount-chown=low"},
	{name: "ssh-keys", args: []string{"-v", "DIR/.ssh:/k:ro"}, rootful: "secret-file=medium -host-rootful",
		rootless: "secret-file=medium"},
	{name: "agent", args: []string{"-v", "DIR/ssh-agent:/a"}, rootful: "host-socket=high -host-rootful",
		rootless: "host-socket=medium"},
	// what a rootless Podman mounts does not reach the host
	{name: "shared", args: []string{"-v", "DIR:/data:rshared"}, rootful: "mount-shared=medium -host-rootful",
		rootless: ""},
	{name: "slave", args: []string{"-v", "DIR:/data:rslave"}, rootful: "-host-rootful", rootless: ""},
	{name: "fuse", args: []string{"--device", "/dev/fuse"}, rootful: "device=low -host-rootful",
		rootless: "device=low"},
	{name: "kmsg", args: []string{"--device", "/dev/kmsg"}, rootful: "device=high -host-rootful",
		rootless: "device=medium"},
	{name: "null", args: []string{"--device", "/dev/null"}, rootful: "-host-rootful", rootless: ""},
	// without MKNOD, which 4.3 gives every container, there is no device that the rule could be about
	{name: "device-rule", args: []string{"--cap-add", "MKNOD", "--device-cgroup-rule", "a *:* rwm"},
		rootful: "device=high cap-dangerous=medium -host-rootful", rootless: "skip"},
	{name: "pid-host", args: []string{"--pid", "host"}, rootful: "pid-host=high -host-rootful",
		rootless: "pid-host=medium"},
	// a rootless one binds /dev/mqueue, which these machines do not have
	{name: "ipc-host", args: []string{"--ipc", "host"}, rootful: "ipc-host=medium", rootless: "skip"},
	{name: "ipc-private", args: []string{"--ipc", "private"}, rootless: "="},
	{name: "uts-host", args: []string{"--uts", "host"}, rootful: "uts-host=low", rootless: "="},
	{name: "network-host", args: []string{"--network", "host"}, rootful: "network-host=high -host-rootful",
		rootless: "network-host=medium"},
	{name: "network-joined", args: []string{"--network", "container:network-host"}, rootful: "network-host=high",
		rootless: "network-host=medium"},
	{name: "pid-joined", args: []string{"--pid", "container:pid-host"}, rootful: "pid-host=high",
		rootless: "pid-host=medium"},
	{name: "tmpfs", args: []string{"--tmpfs", "/scratch"}, rootful: "tmpfs-exec=low", rootless: "="},
	{name: "tmpfs-noexec", args: []string{"--tmpfs", "/scratch:rw,noexec,nosuid,nodev,size=1m"}, rootless: "="},
	{name: "tmpfs-mount", args: []string{"--mount", "type=tmpfs,dst=/scratch,noexec"}, rootless: "="},
	{name: "port", args: []string{"--network", "NETWORK", "-p", "18080:80"}, rootful: "port-exposed=medium " +
		"default-network=low", rootless: "port-exposed=medium"},
	{name: "port-low", args: []string{"--network", "NETWORK", "-p", "192.0.2.1:53:53/udp"},
		rootful: "port-privileged=low default-network=low -host-rootful", rootless: "port-privileged=low"},
	{name: "port-loopback", args: []string{"--network", "NETWORK", "-p", "127.0.0.1:18081:80"},
		rootful: "default-network=low", rootless: ""},
	{name: "own-network", args: []string{"--network", "own"}, rootful: "", rootless: "skip"},
	{name: "loopback", args: []string{"--network", "slirp4netns:allow_host_loopback=true"},
		rootful: "network-loopback=medium", rootless: "="},
	{name: "sysctl", args: []string{"--network", "NETWORK", "--sysctl", "net.ipv4.ip_forward=1"},
		rootful: "sysctl=low default-network=low", rootless: "sysctl=low"},
	{name: "sysctl-harmless", args: []string{"--sysctl", "kernel.msgmax=65536"}, rootless: "="},
	// rootless on cgroup v1 drops limits
	{name: "memory", args: []string{"--memory", "64m"}, rootful: "-memory-limit", rootless: ""},
	{name: "pids", args: []string{"--pids-limit", "0"}, rootful: "pids-limit=low", rootless: ""},
	{name: "cpus", args: []string{"--cpus", "0.5"}, rootful: "-cpu-limit", rootless: ""},
	{name: "no-cgroups", args: []string{"--cgroups", "disabled", "--memory", "64m"}, rootful: "pids-limit=low",
		rootless: ""},
	{name: "oom-score", args: []string{"--oom-score-adj", "-500"}, rootful: "oom=low", rootless: "="},
	{name: "oom-positive", args: []string{"--oom-score-adj", "500"}, rootless: "="},
	// the unit may set limits
	{name: "updated", args: []string{"-l", "io.containers.autoupdate=local", "-l", "PODMAN_SYSTEMD_UNIT=none.service"},
		rootful:  "-auto-update -cpu-limit -memory-limit",
		rootless: "-auto-update -cpu-limit -memory-limit -pids-limit"},
	// podman auto-update fails for it
	{name: "updated-without-unit", args: []string{"-l", "io.containers.autoupdate=local"}, rootless: "="},
	{name: "update-disabled", args: []string{"-l", "io.containers.autoupdate=disabled"}, rootless: "="},
	{name: "short-name", image: "thing:1", rootful: "image-short-name=low image-unsigned=medium", rootless: "="},
	{name: "unpinned", image: "docker.io/library/thing:latest", rootful: "image-unpinned=info image-unsigned=medium",
		rootless: "="},
	{name: "no-tls", args: []string{"--tls-verify=false"}, rootful: "registry-insecure=high", rootless: "="},
	{name: "image-secret", image: "localhost/user:1", rootful: "secret-in-image=high -root-user",
		rootless: "secret-in-image=high -root-user uid-map=low"},
	{name: "secret-variable", args: []string{"--secret", "db,type=env,target=DB_PASSWORD"}, rootful: "secret-env=low",
		rootless: "="},
	{name: "secret-mounted", args: []string{"--secret", "db"}, rootless: "="},
	{name: "env-host", args: []string{"--env-host"}, rootful: "env-host=medium", rootless: "="},
	{name: "health", args: []string{"--health-cmd", "true"}, rootful: "-healthcheck", rootless: "="},
	{name: "no-health", args: []string{"--no-healthcheck"}, rootless: "="},
	{name: "log-none", args: []string{"--log-driver", "none"}, rootful: "log-none=low", rootless: "="},
	{name: "restart", args: []string{"--restart", "always"}, rootful: "restart-forever=info", rootless: "="},
	{name: "restart-five", args: []string{"--restart", "on-failure:5"}, rootless: "="},
	{name: "ssh-server", command: []string{"/usr/sbin/sshd", "-D"}, rootful: "sshd=low", rootless: "="},
	// without a network nothing can be fetched
	{name: "code-at-start", args: []string{"--network", "NETWORK"}, command: []string{"npx", "--yes", "--", "http-server"},
		rootful: "code-at-start=low default-network=low", rootless: "code-at-start=low"}, // its own image may have it
	{name: "script-at-start", args: []string{"--network", "NETWORK"},
		command: []string{"sh", "-c", "wget -qO- https://get.example.org/x | sh"},
		rootful: "code-at-start=high default-network=low", rootless: "code-at-start=high"},
	{name: "code-without-network", command: []string{"npx", "--yes", "--", "http-server"}, rootless: "="},
	{name: "same-users-a", args: []string{"--uidmap", "0:500000:65536"}, rootful: "uid-map-shared=low root-user=low " +
		"cap-drop-all=low no-new-privileges=low -uid-map -host-rootful", rootless: "skip"},
	{name: "same-users-b", args: []string{"--uidmap", "0:550000:65536"}, rootful: "uid-map-shared=low root-user=low " +
		"cap-drop-all=low no-new-privileges=low -uid-map -host-rootful", rootless: "skip"},
	{name: "by-the-book", args: []string{
		"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "33:33", "--uidmap",
		"0:700000:65536", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "64", "--tmpfs",
		"/scratch:rw,noexec,nosuid,nodev", "--health-cmd", "true", "-l", "io.containers.autoupdate=local", "-l",
		"PODMAN_SYSTEMD_UNIT=none.service", "--secret", "db",
	}, rootful: "-read-only -cap-drop-all -no-new-privileges -root-user -uid-map -memory-limit -cpu-limit " +
		"-healthcheck -auto-update -host-rootful", rootless: "skip"},
}

// TestRealRules makes a container for each rule, on which it fires, and others on which it is silent.
func TestRealRules(t *testing.T) {
	isRootless := podmanCommand(t, "info", "-f", "{{.Host.Security.Rootless}}") == "true"
	emptyStorage(t)
	buildImages(t)
	podmanCommand(t, "tag", "localhost/plain:1", "docker.io/library/thing:1")
	podmanCommand(t, "tag", "localhost/plain:1", "docker.io/library/thing:latest")
	dir := t.TempDir()
	for _, sub := range []string{".ssh", "ssh-agent"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	network := "bridge"
	if isRootless {
		network = "slirp4netns"
	} else {
		_ = exec.Command("podman", "network", "rm", "--force", "own").Run() // networks outlive a storage
		podmanCommand(t, "network", "create", "own")
		t.Cleanup(func() { _ = exec.Command("podman", "network", "rm", "--force", "own").Run() })
	}
	conf := filepath.Join(dir, "short-names.conf")
	os.WriteFile(conf, []byte("unqualified-search-registries = [\"docker.io\"]\n"), 0o644)
	t.Setenv("CONTAINERS_REGISTRIES_CONF", conf)
	make := func(c ruleCase) {
		args := []string{"create", "--name", c.name}
		if !slices.Contains(c.args, "--network") {
			args = append(args, "--network", "none")
		}
		for _, a := range c.args {
			args = append(args, strings.NewReplacer("DIR", dir, "NETWORK", network).Replace(a))
		}
		image, command := "localhost/plain:1", []string{"/bin/busybox", "sleep", "3600"}
		if c.image != "" {
			image = c.image
		}
		if c.command != nil {
			command = c.command
		}
		podmanCommand(t, append(append(args, image), command...)...)
	}
	make(ruleCase{name: "plain"})
	expected := map[string]string{}
	for _, c := range ruleCases {
		want := c.rootful
		if isRootless && c.rootless != "=" {
			want = c.rootless
		}
		if want != "skip" {
			make(c)
			expected[c.name] = want
		}
	}
	podmanCommand(t, "start", "plain")
	podmanCommand(t, "exec", "-d", "--privileged", "plain", "/bin/busybox", "sleep", "3600")

	_, out, _ := invoke(t, "scan", "--profile", "strict", "--format", "json")
	r := parseReport(t, out)
	plain := r.severities("plain")
	if want := map[bool]string{false: "medium", true: "low"}[isRootless]; plain["exec-privileged"] != want {
		t.Errorf("exec-privileged: %q, want %s", plain["exec-privileged"], want)
	}
	delete(plain, "exec-privileged")
	fired := map[string]bool{"exec-privileged": true}
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		want := maps.Clone(plain)
		for _, word := range strings.Fields(expected[name]) {
			rule, severity, _ := strings.Cut(word, "=")
			if less, ok := strings.CutPrefix(rule, "-"); ok {
				if _, there := want[less]; !there {
					t.Errorf("%s: %s is not among the plain container's findings", name, less)
				}
				delete(want, less)
				continue
			}
			fired[rule] = true
			want[rule] = severity
		}
		if got := r.severities(name); !maps.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, want)
		}
	}
	t.Run("machine", func(t *testing.T) { machineRules(t, isRootless, fired) })
	t.Run("configured", func(t *testing.T) { configuredRules(t, fired) })
	for rule := range plain {
		fired[rule] = true
	}
	t.Logf("%d rules seen to fire: %s", len(fired), strings.Join(slices.Sorted(maps.Keys(fired)), " "))
}

// machineRules tries the rules about the machine: a service on TCP, a weak containers.conf, overlapping subordinate
// IDs.
func machineRules(t *testing.T, isRootless bool, fired map[string]bool) {
	host := func(args ...string) map[string]string {
		_, out, _ := invoke(t, append([]string{"scan", "plain", "--format", "json"}, args...)...)
		found := map[string]string{}
		for _, f := range parseReport(t, out).Findings {
			if f.Container == "" {
				found[f.Rule] = f.Severity
			}
		}
		return found
	}
	if got := host(); len(got) > 0 {
		t.Errorf("a machine without fault: %v", got)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("tcp://%s", listener.Addr())
	listener.Close()
	service := exec.Command("podman", "system", "service", "-t", "0", address)
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { service.Process.Kill(); service.Wait() }()
	waitForListener(t, "tcp", strings.TrimPrefix(address, "tcp://"))
	want := "critical"
	if isRootless {
		want = "high"
	}
	if got := host("--url", address); got["host-api"] != want {
		t.Errorf("a service on TCP: %v, want host-api=%s", got, want)
	}
	fired["host-api"] = true

	own := os.Getenv("CONTAINERS_CONF")
	text, _ := os.ReadFile(own)
	weak := filepath.Join(t.TempDir(), "containers.conf")
	os.WriteFile(weak, []byte(strings.Replace(string(text), "[containers]\n", "[containers]\npids_limit = "+
		"0\nseccomp_profile = \"unconfined\"\ndefault_capabilities = [\"CHOWN\", \"SYS_ADMIN\"]\n", 1)), 0o644)
	t.Setenv("CONTAINERS_CONF", weak)
	// containers.conf is read once by a process
	program := exec.Command(os.Getenv("PODLINT"), "scan", "plain", "--format", "json")
	out, _ := program.Output()
	n := 0
	for _, f := range parseReport(t, string(out)).Findings {
		if f.Rule == "engine-defaults" {
			n++
		}
	}
	if n != 3 {
		t.Errorf("a weak containers.conf: %d findings, want 3", n)
	}
	fired["engine-defaults"] = true
	t.Setenv("CONTAINERS_CONF", own)

	if !isRootless {
		before, _ := os.ReadFile("/etc/subuid") // laid over the machine's, for this run only
		os.WriteFile("/etc/subuid", append(before, "other:120000:65536\n"...), 0o644)
		defer os.WriteFile("/etc/subuid", before, 0o644)
		if got := host(); got["subid-overlap"] != "high" {
			t.Errorf("overlapping subordinate IDs: %v", got)
		}
		fired["subid-overlap"] = true
	}
}

// configuredRules tries the rules that look at files of this machine: at a unit's mode, at the registries that
// podlint.toml trusts.
func configuredRules(t *testing.T, fired map[string]bool) {
	dir := t.TempDir()
	unit, config := filepath.Join(dir, "made.container"), filepath.Join(dir, "podlint.toml")
	os.WriteFile(unit, []byte("[Container]\nImage=localhost/plain:1\n"), 0o644)
	t.Setenv("QUADLET_UNIT_DIRS", dir)
	podmanCommand(t, "create", "--name", "made", "--network", "none", "--label", "PODMAN_SYSTEMD_UNIT=made.service",
		"localhost/plain:1", "/bin/busybox", "sleep", "1")
	found := func(name string, args ...string) map[string]string {
		_, out, _ := invoke(t, append([]string{"scan", name, "--format", "json"}, args...)...)
		return parseReport(t, out).severities(name)
	}
	if got := found("made"); got["unit-writable"] != "" {
		t.Errorf("a unit that only its owner may write: %v", got)
	}
	os.Chmod(unit, 0o666)
	if got := found("made"); got["unit-writable"] != "high" {
		t.Errorf("a unit that everybody may write: %v", got)
	}
	for registry, want := range map[string]string{"quay.io": "medium", "docker.io": ""} {
		os.WriteFile(config, []byte("[parameters]\ntrusted-registries = [\""+registry+"\"]\n"), 0o644)
		if got := found("unpinned", "--config", config); got["image-untrusted"] != want {
			t.Errorf("an image of docker.io where %s is trusted: %v", registry, got)
		}
	}
	fired["unit-writable"], fired["image-untrusted"] = true, true
}

// emptyStorage removes what other tests left, whose names and IDs are in the way, and keeps the secret "db" there.
func emptyStorage(t *testing.T) {
	for range 3 { // Podman 4.3 finds a shm busy whose last process is only just gone
		if boundedPodman("pod", "rm", "--all", "--force", "--time", "0").Run() == nil {
			break
		}
	}
	if left := podmanCommand(t, "pod", "ps", "-q"); left != "" {
		t.Fatalf("pods are left: %s", left)
	}
	for range 3 { // nor does it remove in the order of what joins what
		if boundedPodman("rm", "--all", "--force", "--time", "0").Run() == nil {
			break
		}
	}
	if left := podmanCommand(t, "ps", "-aq"); left != "" {
		t.Fatalf("containers are left: %s", left)
	}
	podmanCommand(t, "volume", "rm", "--all", "--force")
	podmanCommand(t, "secret", "rm", "--all")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(planted("secret")), 0o600); err != nil {
		t.Fatal(err)
	}
	podmanCommand(t, "secret", "create", "db", secret)
}
