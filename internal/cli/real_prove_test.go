//go:build realpodman

package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// provenCase is a container with the tightest set that it runs with: what prove says of each fix, "rule" for one that
// holds, "rule:exceptions" for one that holds but for these, "-rule" for one that breaks it.
type provenCase struct {
	name    string
	args    []string
	command string
	// probe succeeds when a copy has done what it has to: a proof that goes by it alone comes out the same on a slow
	// machine. Without one it goes by a copy's running on for a while.
	probe string
	want  string // of cap-drop-all, no-new-privileges and read-only
}

// started succeeds in a copy whose shell has done what it does first, and has become the program that stays.
const started = "/bin/busybox pidof sleep"

var provenCases = []provenCase{
	{"needs-nothing", nil, "exec sleep 1000", "", "cap-drop-all no-new-privileges read-only"},
	{"writes", nil, "touch /var/cache/x/a && touch /run/x.pid && exec sleep 1000", started, "cap-drop-all " +
		"no-new-privileges read-only:/var/cache/x"},
	{"binds-and-drops", nil, "exec httpd -f -p 80 -u svc", "/bin/busybox wget -q -O /dev/null " +
		"http://127.0.0.1/index.html", "cap-drop-all:NET_BIND_SERVICE,SETGID no-new-privileges read-only"},
	{"chowns", []string{"-v", "data:/var/lib/x"}, "chown 101:101 /var/lib/x && exec sleep 1000", started,
		"cap-drop-all:CHOWN no-new-privileges read-only"},
	{"setuid", []string{"--user", "101:101"}, "/bin/suid && exec sleep 1000", started, "cap-drop-all " +
		"-no-new-privileges read-only"},
}

// proofImage makes an image with what the cases need.
func proofImage(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"bin", "etc", "tmp", "run", "var/lib/x", "var/cache/x"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), data, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/busybox", busybox, 0o755)
	suid, err := os.ReadFile(os.Getenv("SETUID_PROGRAM"))
	if err != nil {
		t.Fatal(err)
	}
	write("bin/suid", suid, 0o755)
	for _, applet := range []string{"sh", "sleep", "chown", "touch", "httpd", "true"} {
		if err := os.Symlink("busybox", filepath.Join(dir, "bin", applet)); err != nil {
			t.Fatal(err)
		}
	}
	write("etc/passwd", []byte("root:x:0:0::/:/bin/sh\nsvc:x:101:101::/:/bin/sh\n"), 0o644)
	write("index.html", []byte("here\n"), 0o644)
	write("etc/group", []byte("root:x:0:\nsvc:x:101:\n"), 0o644)
	write("Containerfile", []byte("FROM scratch\nCOPY bin /bin\nCOPY etc /etc\nCOPY tmp /tmp\nCOPY run /run\nCOPY "+
		"var /var\nCOPY index.html /\nRUN [\"/bin/busybox\", \"chmod\", \"4755\", \"/bin/suid\"]\n"), 0o644)
	podmanCommand(t, "build", "-q", "--network", "none", "-t", "localhost/proof:1", dir)
}

// untouched is what must be the same of every other container after a proof.
func untouched(t *testing.T) string {
	t.Helper()
	state := podmanCommand(t, "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Image}}")
	if names := strings.Fields(podmanCommand(t, "ps", "--all", "--format", "{{.Names}}")); len(names) > 0 {
		const facts = "{{.Id}} {{.State.StartedAt}} {{.State.Pid}} {{.RestartCount}}"
		state += podmanCommand(t, append([]string{"inspect", "--type", "container", "--format", facts}, names...)...) +
			"\n"
	}
	for _, volume := range strings.Fields(podmanCommand(t, "volume", "ls", "-q")) {
		dir := podmanCommand(t, "volume", "inspect", "--format", "{{.Mountpoint}}", volume)
		tar := exec.Command("tar", "-C", dir, "-c", "--sort=name", ".")
		if os.Geteuid() != 0 {
			tar = exec.Command("podman", "unshare", "tar", "-C", dir, "-c", "--sort=name", ".")
		}
		data, err := tar.Output()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		state += volume + " " + hex.EncodeToString(sum[:]) + "\n"
	}
	return state
}

// proven reads what prove says of the fixes.
func proven(out string, rules ...string) string {
	var found []string
	for line := range strings.SplitSeq(out, "\n") {
		words := strings.Fields(line)
		if len(words) < 2 || !slices.Contains(rules, words[1]) {
			continue
		}
		switch words[0] {
		case "holds":
			text := words[1]
			if _, exceptions, ok := strings.Cut(line, "except "); ok {
				text += ":" + strings.ReplaceAll(exceptions, ", ", ",")
			}
			found = append(found, text)
		case "breaks":
			found = append(found, "-"+words[1])
		}
	}
	slices.SortFunc(found,
		func(a, b string) int { return strings.Compare(strings.TrimPrefix(a, "-"), strings.TrimPrefix(b, "-")) })
	return strings.Join(found, " ")
}

// TestRealProve proves containers of each kind, finds the expected tightest set, touches nothing, and what it prints
// runs as it is.
func TestRealProve(t *testing.T) {
	emptyStorage(t)
	proofImage(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, c := range provenCases {
		podmanCommand(t, slices.Concat([]string{"run", "-d", "--name", c.name, "--network", "none"}, c.args,
			[]string{"localhost/proof:1", "/bin/sh", "-c", c.command})...)
	}
	for _, c := range provenCases {
		waitUntilStarted(t, c.name)
	}
	for _, c := range provenCases {
		t.Run(c.name, func(t *testing.T) {
			before := untouched(t)
			args := []string{"prove", c.name, "--for", "1s", "--patience", "5m", "--limit", "1h", "--config", "none"}
			if c.probe != "" {
				args = append(args, "--probe", c.probe)
			}
			status, out, errs := invoke(t, args...)
			if status != 0 {
				t.Fatalf("status %d\n%s%s", status, out, errs)
			}
			if got := proven(out, "cap-drop-all", "no-new-privileges", "read-only"); got != c.want {
				t.Errorf("got %s, want %s\n%s%s", got, c.want, out, errs)
			}
			if after := untouched(t); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			_, line, _ := strings.Cut(out, "\n\n")
			runs(t, c.name, line)
			// What fix prints holds what was proven, and only that is called so.
			_, line, said := invoke(t, "fix", c.name, "--skip", "memory-limit", "--config", "none")
			if strings.Contains(c.want, "-no-new-privileges") == strings.Contains(said, "proven        "+
				"no-new-privileges") || !strings.Contains(said, "proven        cap-drop-all") || strings.Contains(said,
				"needs trying") {
				t.Errorf("fix says\n%s", said)
			}
			runs(t, c.name, line)
			// The finding says so, until the image is another.
			_, scanned, _ := invoke(t, "scan", c.name, "--format", "json", "--config", "none")
			if !strings.Contains(scanned, `"proven":"on `) {
				t.Errorf("the scan does not say that it is proven")
			}
		})
	}
	podmanCommand(t, "run", "-d", "--name", "sick", "--network", "none", "localhost/proof:1", "/bin/sh", "-c", "exit 3")
	if status, _, errs := invoke(t, "prove", "sick", "--for", "1s", "--config", "none"); status != 2 ||
		!strings.Contains(errs, "the unmodified copy never became healthy") {
		t.Errorf("one that never gets well: status %d, %s", status, errs)
	}
	podmanCommand(t, "run", "-d", "--name", "host-network", "--network", "host", "localhost/proof:1", "/bin/sh", "-c",
		"exec sleep 1000")
	if status, _, errs := invoke(t, "prove", "host-network", "--for", "1s", "--config", "none"); status != 2 ||
		!strings.Contains(errs, "is not copied") {
		t.Errorf("one on the host's network: status %d, %s", status, errs)
	}
	before := untouched(t)
	if status, out, errs := invoke(t, "prove", "writes", "--dry-run", "--config", "none"); status != 0 ||
		!strings.Contains(out, "podlint-proof-") || untouched(t) != before {
		t.Errorf("a dry run: status %d, %s%s", status, out, errs)
	}
}

// runs runs a command line as it was printed, but for the container's name, and holds that what it makes stays.
func runs(t *testing.T, name, line string) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "run.sh")
	if err := os.WriteFile(script, []byte(strings.Replace(line, "--name "+name+" ", "--name again ", 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command("sh", script).CombinedOutput(); err != nil {
		t.Errorf("what is printed does not run: %v\n%s\n%s", err, text, line)
		return
	}
	waitUntilStarted(t, "again")
	waitFor(t, "podman rm", func() bool { // Podman 4.3 finds a mount busy whose last process is only just gone
		return exec.Command("podman", "rm", "--force", "--time", "0", "again").Run() == nil
	})
}

// waitUntilStarted waits until a container has done what its shell does first, and runs the program that stays.
func waitUntilStarted(t *testing.T, name string) {
	t.Helper()
	waitFor(t, name+" to start its program", func() bool {
		state := podmanCommand(t, "inspect", "--type", "container", "--format", "{{.State.Status}} {{.State.Pid}}",
			name)
		status, pid, _ := strings.Cut(state, " ")
		if status == "exited" || status == "stopped" {
			t.Fatalf("%s does not stay: %s", name, podmanCommand(t, "logs", name))
		}
		line, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		program, _, _ := strings.Cut(string(line), "\x00")
		return slices.Contains([]string{"sleep", "httpd"}, filepath.Base(program))
	})
}

// TestRealProveUnit proves a unit that is not running, and writes what holds into it.
func TestRealProveUnit(t *testing.T) {
	emptyStorage(t)
	proofImage(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	unit := filepath.Join(t.TempDir(), "cache.container")
	text := "# a cache\n[Container]\nImage=localhost/proof:1\nNetwork=none\nExec=/bin/sh -c 'touch /var/cache/x/a && " +
		"exec sleep 1000'\n\n[Install]\nWantedBy=default.target\n"
	if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	status, out, errs := invoke(t, "prove", unit, "--probe", started, "--patience", "5m", "--limit", "1h", "--write",
		"--config", "none", "--podman", "5.4")
	after, _ := os.ReadFile(unit)
	if status != 0 || !strings.Contains(string(after), "ReadOnly=true\nTmpfs=/var/cache/x:") ||
		!strings.HasPrefix(string(after), "# a cache\n[Container]\nImage=localhost/proof:1\n") {
		t.Errorf("status %d\n%s\n%s%s", status, after, out, errs)
	}
	if _, checked, _ := invoke(t, "check", "--rule", "read-only,cap-drop-all,no-new-privileges", "--config", "none",
		unit); strings.Contains(checked, "medium") {
		t.Errorf("the unit is still found fault with:\n%s", checked)
	}
	if left := podmanCommand(t, "ps", "-aq"); left != "" {
		t.Errorf("containers are left: %s", left)
	}
	// The command line that Podman's generator makes of what was written.
	set, _ := definition.Open([]string{unit}, definition.Options{Rootless: podman.Set(false, podman.Field("test"))})
	hardened, err := set.Unit(unit)
	if err != nil {
		t.Fatal(err)
	}
	words := hardened.Words
	words = slices.DeleteFunc(words, func(w string) bool {
		return w == "--replace" || w == "--rm" || strings.HasPrefix(w, "--cgroups=") ||
			strings.HasPrefix(w, "--sdnotify=")
	})
	words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "--name") || w == "systemd-%N" })
	if len(words) < 3 {
		t.Fatalf("the generator makes %q of it", words)
	}
	runs(t, "", command.Join(slices.Concat([]string{"podman", "run", "--name", "again"}, words[2:]))+"\n")
}

// A moment is a command of a proof at which it is ended: podlint --verbose says each before it runs it.
type moment struct {
	// verb is what the command's line holds, and time which of the commands that hold it is meant, from 1.
	verb string
	time int
}

// moments are those of a proof of a container with a volume: its first copy is being made, runs, is looked at and is
// removed, and so is a later one.
var moments = []moment{{" run --detach ", 1}, {" inspect --type container podlint-proof-", 1}, {" diff ", 1},
	{" rm --force ", 1}, {" run --detach ", 3}, {" rm --force ", 3}}

// endedAt proves a container, ends podlint with a signal at a moment, and returns its exit status and what it said.
func endedAt(t *testing.T, at moment, signal syscall.Signal, name string, args ...string) (status int, said string) {
	t.Helper()
	cmd := exec.Command(os.Getenv("PODLINT"),
		slices.Concat([]string{"prove", name, "--verbose", "--config", "none"}, args)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	seen := 0
	for scanner := bufio.NewScanner(errs); scanner.Scan(); {
		lines.WriteString(scanner.Text() + "\n")
		if strings.Contains(scanner.Text(), at.verb) {
			if seen++; seen == at.time {
				_ = cmd.Process.Signal(signal)
			}
		}
	}
	_ = cmd.Wait()
	if seen < at.time {
		t.Fatalf("the proof has no %q number %d:\n%s", at.verb, at.time, &lines)
	}
	return cmd.ProcessState.ExitCode(), lines.String()
}

// TestRealProveInterrupted holds that Ctrl-C ends a proof at once, with nothing left.
func TestRealProveInterrupted(t *testing.T) {
	emptyStorage(t)
	proofImage(t)
	podmanCommand(t, "run", "-d", "--name", "quiet", "--network", "none", "localhost/proof:1", "/bin/sh", "-c",
		"exec sleep 1000")
	before := untouched(t)
	// A copy of this proof runs for an hour: what ends sooner was interrupted.
	for _, at := range []moment{{" run --detach ", 1}, {" inspect --type container podlint-proof-", 1},
		{" inspect --type container podlint-proof-", 4}} {
		status, said := endedAt(t, at, syscall.SIGINT, "quiet", "--for", "1h", "--limit", "3h")
		if status != 3 || !strings.Contains(said, "interrupted") {
			t.Errorf("at%snumber %d: status %d, %s", at.verb, at.time, status, said)
		}
		if after := untouched(t); after != before {
			t.Errorf("at%snumber %d: before:\n%s\nafter:\n%s", at.verb, at.time, before, after)
		}
	}
}

// TestRealProveKilled kills podlint at several moments: after the next run nothing of it is left, and nothing else is
// gone.
func TestRealProveKilled(t *testing.T) {
	emptyStorage(t)
	proofImage(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	podmanCommand(t, "run", "-d", "--name", "writes", "--network", "none", "-v", "data:/var/lib/x", "localhost/proof:1",
		"/bin/sh", "-c", "touch /var/cache/x/a /var/lib/x/a && exec sleep 1000")
	// Somebody else's container that has the label, but not the name, is not podlint's.
	podmanCommand(t, "run", "-d", "--name", "other", "--network", "none", "--label", "podlint.proof=1-1",
		"localhost/proof:1", "/bin/sh", "-c", "exec sleep 1000")
	waitUntilStarted(t, "writes")
	waitUntilStarted(t, "other")
	before := untouched(t)
	rounds := len(moments)
	if n := os.Getenv("PODLINT_KILLS"); n != "" {
		fmt.Sscan(n, &rounds)
	}
	for i := range rounds {
		endedAt(t, moments[i%len(moments)], syscall.SIGKILL, "writes", "--probe", started, "--patience", "5m")
	}
	// it runs on by itself, and may still be making a copy
	waitFor(t, "the podman of the killed podlint to end", func() bool {
		return len(processes(t, func(args []string) bool {
			return filepath.Base(args[0]) == "podman" && strings.Contains(strings.Join(args, " "), "podlint-proof-")
		})) == 0
	})
	status, _, errs := invoke(t, "prove", "writes", "--rule", "no-new-privileges", "--probe", started, "--patience",
		"5m", "--config", "none")
	if status != 0 {
		t.Errorf("status %d, %s", status, errs)
	}
	if after := untouched(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestRealServices proves units of Debian's own nginx, redis-server and postgresql, which are not running, and holds
// the units that come of it.
func TestRealServices(t *testing.T) {
	archive := os.Getenv("SERVICES_IMAGE")
	if podmanCommand(t, "info", "-f", "{{.Host.Security.Rootless}}") == "true" {
		t.Skip("the small ones are tried rootless")
	}
	emptyStorage(t)
	podmanCommand(t, "import", "-q", archive, "localhost/services:1")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	major := strings.TrimPrefix(podmanCommand(t, "--version"), "podman version ")[:1]
	for name, probe := range map[string]string{"nginx": "nginx-answers", "redis": "redis-cli ping",
		"postgres": "pg_isready -q -h /var/run/postgresql"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(os.Getenv("SERVICES"), name+".container"))
			if err != nil {
				t.Fatal(err)
			}
			unit := filepath.Join(t.TempDir(), name+".container")
			if err := os.WriteFile(unit, text, 0o644); err != nil {
				t.Fatal(err)
			}
			// A copy of nginx whose workers may not become www-data runs on and answers nobody: each such copy takes all the
			// patience.
			status, out, errs := invoke(t, "prove", unit, "--write", "--probe", probe, "--patience", "20s", "--limit",
				"1h", "--config", "none")
			if status != 0 {
				t.Fatalf("status %d\n%s%s", status, out, errs)
			}
			got, _ := os.ReadFile(unit)
			golden := filepath.Join("proven", "podman-"+major, name+".container")
			if *update {
				to := filepath.Join(os.Getenv("CAPTURES"), golden)
				if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(to, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want, _ := os.ReadFile(filepath.Join(os.Getenv("SERVICES"), golden)); string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s\n%s%s", got, want, out, errs)
			}
			if left := podmanCommand(t, "ps", "-aq") + podmanCommand(t, "volume", "ls", "-q"); left != "" {
				t.Errorf("left: %s", left)
			}
		})
	}
}
