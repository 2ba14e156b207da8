//go:build realpodman

package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// startBus starts a D-Bus where Podman looks for systemd's: podman auto-update --dry-run wants to be connected, and
// asks it nothing.
func startBus(t *testing.T) {
	t.Helper()
	dir := "/run/systemd"
	if os.Getuid() != 0 {
		dir = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "systemd")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(dir, "private")
	cmd := exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=unix:path="+socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); os.Remove(socket) })
	waitFor(t, "the bus", func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})
}

// TestRealAutoUpdate holds what podlint says of containers that are labelled for podman auto-update to what podman
// auto-update --dry-run says of them: whether there is something newer, and where it fails.
func TestRealAutoUpdate(t *testing.T) {
	home := ownHome(t)
	emptyStorage(t)
	buildImages(t)
	startBus(t)
	open, client := startRegistry(t, home, "")
	closed, _ := startRegistry(t, home, "secret-word")
	own := filepath.Join(home, "own-auth.json")
	podmanCommand(t, "login", "--authfile", own, "--username", "me", "--password", "secret-word", closed)
	os.WriteFile(filepath.Join(home, "auth.json"), []byte("{}"), 0o600)
	version4 := strings.HasPrefix(podmanCommand(t, "version", "--format", "{{.Client.Version}}"), "4.")
	dir := t.TempDir()
	build := func(name, from, label string) {
		t.Helper()
		os.WriteFile(filepath.Join(dir, "Containerfile"), []byte("FROM "+from+"\nLABEL "+label+"\n"), 0o644)
		podmanCommand(t, "build", "-q", "-t", name, dir)
	}
	push := func(image, name string) {
		t.Helper()
		podmanCommand(t, "push", "-q", "--authfile", own, image, "docker://"+name)
	}
	build("localhost/newer:1", "localhost/plain:1", "newer=yes")
	build("localhost/labelled:1", "localhost/plain:1", "io.containers.autoupdate=registry")
	pull := func(image, name string) string {
		t.Helper()
		push(image, name)
		podmanCommand(t, "pull", "-q", "--authfile", own, name)
		return name
	}

	// What each says: Podman's word for whether there is something newer ("" where it does not look at it, "fails" where
	// it ends in an error, "silent" where 4.3 keeps the registry's error to itself and 5.4 does not), and podlint's
	// findings.
	type expectation struct{ updated, found string }
	want := map[string]expectation{}
	var made []string
	create := func(name, image, policy, unit, updated, found string, more ...string) {
		t.Helper()
		args := []string{"run", "-d", "--name", name, "--network", "none", "--health-cmd", "true", "--health-interval",
			"disable"}
		if policy != "" {
			args = append(args, "--label", "io.containers.autoupdate="+policy)
		}
		if unit != "" {
			args = append(args, "--label", "PODMAN_SYSTEMD_UNIT="+unit)
		}
		if updated == "silent" {
			updated = "fails"
			if version4 {
				updated = "false"
			}
		}
		args = append(append(args, more...), image, "/bin/busybox", "sleep", "1000")
		podmanCommand(t, args...)
		want[name], made = expectation{updated, found}, append(made, name)
	}
	const (
		behind = "stale-image"
		unit   = "x.service"
	)
	podmanCommand(t, "pod", "create", "--name", "madebyhand", "--network", "none", "--infra-image", "localhost/plain:1",
		"--infra-command", "/bin/busybox sleep 1000")
	podmanCommand(t, "pod", "create", "--name", "ofunit", "--network", "none", "--infra-image", "localhost/plain:1",
		"--infra-command", "/bin/busybox sleep 1000", "--label", "PODMAN_SYSTEMD_UNIT=pod.service")
	fresh, moved := pull("localhost/plain:1", open+"/fresh:1"), pull("localhost/plain:1", open+"/moved:1")
	gone := pull("localhost/plain:1", open+"/never:1")
	digest := open + "/fresh@" + podmanCommand(t, "image", "inspect", "--format", "{{.Digest}}", fresh)
	podmanCommand(t, "tag", "localhost/plain:1", "localhost/here:1", "localhost/there:1")

	create("fresh", fresh, "registry", unit, "false", "")
	create("old-word", moved, "image", unit, "pending", behind)
	create("moved", moved, "registry", unit, "pending", behind)
	create("disabled", moved, "disabled", unit, "", "auto-update: auto-update is disabled: nothing pulls newer "+
		"images and recreates the container; "+behind)
	create("unlabelled", moved, "", unit, "", "auto-update: nothing pulls newer images and recreates the container; "+
		behind)
	create("unknown", fresh, "always", unit, "fails", "auto-update: auto-update is always: podman auto-update does "+
		"not know it and fails for the container")
	create("no-unit", fresh, "registry", "", "fails", "auto-update: auto-update is registry, and no systemd unit "+
		"makes the container: podman auto-update fails for it")
	create("pinned", digest, "registry", unit, "false", "auto-update: auto-update is registry, and a digest does not "+
		"move: it finds nothing newer")
	create("local", "localhost/here:1", "local", unit, "false", "")
	create("local-moved", "localhost/there:1", "local", unit, "pending", behind)
	create("built-here", "localhost/here:1", "registry", unit, "silent", "auto-update: auto-update is registry, and "+
		"no registry has it: podman auto-update finds nothing newer for localhost/here:1")
	// it goes by what is here; the registry has a newer one all the same
	create("local-of-registry", moved, "local", unit, "false", behind)
	create("image-label", pull("localhost/labelled:1", open+"/labelled:1"), "", unit, "false", "")
	create("own-auth", pull("localhost/plain:1", closed+"/fresh:1"), "registry", unit, "false", "", "--label",
		"io.containers.autoupdate.authfile="+own)
	create("own-auth-moved", pull("localhost/plain:1", closed+"/moved:1"), "registry", unit, "pending", behind,
		"--label", "io.containers.autoupdate.authfile="+own)
	create("no-auth", pull("localhost/plain:1", closed+"/other:1"), "registry", unit, "silent", "error: the registry "+
		"wants other credentials (podman login)")
	// which goes by the member's own label
	if noUnit := "auto-update: auto-update is registry, and no systemd unit makes "; version4 {
		create("member", fresh, "registry", unit, "false", "", "--pod", "madebyhand")
		create("unit-member", fresh, "registry", "", "fails", noUnit+"the container: podman auto-update fails for it",
			"--pod", "ofunit")
	} else {
		create("member", fresh, "registry", unit, "fails", noUnit+"its pod: podman auto-update fails for it", "--pod",
			"madebyhand")
		create("unit-member", fresh, "registry", "", "false", "", "--pod", "ofunit")
	}
	create("by-id", podmanCommand(t, "image", "inspect", "--format", "{{.Id}}", fresh), "local", unit, "false", "")
	create("gone", gone, "registry", unit, "silent", "error: the registry has no such tag any more")
	create("conmon", fresh, "registry", unit, "false", "auto-update: auto-update is registry, and its health check "+
		"has no say in it: it goes back only from an image that does not start", "--sdnotify", "conmon")
	if text, err := exec.Command("podman", "create", "--label", "io.containers.autoupdate=registry", "plain:1",
		"/bin/busybox").CombinedOutput(); err == nil || !strings.Contains(string(text), "fully-qualified") {
		t.Errorf("a short name: %v, %s", err, text)
	}
	build("localhost/unnamed:1", "localhost/plain:1", "other=yes")
	create("unnamed", pull("localhost/unnamed:1", open+"/unnamed:1"), "registry", unit, "false", "")
	podmanCommand(t, "untag", open+"/unnamed:1") // all its names: what it was pulled by is gone with them
	podmanCommand(t, "tag", "localhost/newer:1", "localhost/there:1")
	push("localhost/newer:1", open+"/moved:1")
	push("localhost/newer:1", closed+"/moved:1")
	deleteTag(t, client, open, "never")

	// Podman's word.
	cmd := exec.Command("podman", "auto-update", "--dry-run", "--format", "json")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // its status says that it failed for some
	var rows []struct{ ContainerName, ContainerID, Updated string }
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("%v\n%s%s", err, out, &stderr)
	}
	updated := map[string]string{}
	for _, row := range rows {
		updated[row.ContainerName] = strings.Replace(row.Updated, "failed", "fails", 1)
	}
	for _, name := range made {
		if want[name].updated == "fails" && name == "unknown" && strings.Contains(stderr.String(), `policy "always"`) {
			updated[name] = "fails" // 4.3 does not say whose
		}
		if id := podmanCommand(t, "container", "inspect", "--format", "{{.Id}}", name); updated[name] == "" &&
			strings.Contains(stderr.String(), id) {
			updated[name] = "fails"
		}
	}

	// podlint's.
	status, report, errs := invokeProgram(t, "scan", "--online", "--rule", "stale-image,auto-update", "--config",
		"none", "--format", "json", "--registry-timeout", "5m")
	if status != 3 {
		t.Errorf("status %d, %s", status, errs)
	}
	found := map[string][]string{}
	for _, f := range parseReport(t, report).Findings {
		text := f.Rule
		if f.Rule == "auto-update" {
			text += ": " + f.Message
		}
		found[f.Container] = append(found[f.Container], text)
	}
	for container, image := range map[string]string{"no-auth": closed + "/other:1", "gone": gone} {
		for line := range strings.Lines(errs) {
			if _, text, ok := strings.Cut(strings.TrimSpace(line), image+": "); ok {
				found[container] = append(found[container], "error: "+text)
			}
		}
	}
	for _, name := range made {
		slices.Sort(found[name])
		got := expectation{updated[name], strings.Join(found[name], "; ")}
		if got != want[name] {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want[name])
		}
	}
	t.Run("timer", timer)
	if t.Failed() {
		t.Logf("podman: %s\npodlint: %s", &stderr, errs)
	}
}

// timer holds that a container which is labelled is found where podman-auto-update.timer is not on, by what systemd
// goes by. Where systemd says that it runs only root can write.
func timer(t *testing.T) {
	const wants, unit = "/run/systemd/system/timers.target.wants", "podman-auto-update.timer"
	if os.Getuid() != 0 {
		t.Skip("only root can write where systemd says what it runs")
	}
	say := func() string {
		t.Helper()
		_, out, _ := invokeProgram(t, "scan", "fresh", "--rule", "auto-update", "--config", "none", "--format", "json")
		var found []string
		for _, f := range parseReport(t, out).Findings {
			found = append(found, f.Message)
		}
		return strings.Join(found, "; ")
	}
	if text := say(); text != "" {
		t.Errorf("without systemd: %s", text)
	}
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll("/run/systemd/system")
	mask := filepath.Join("/run/systemd/system", unit) // Debian 12's package switches it on
	if err := os.Symlink(os.DevNull, mask); err != nil {
		t.Fatal(err)
	}
	if text := say(); text != "auto-update is registry, and podman-auto-update.timer is not on, without which it "+
		"does nothing by itself" {
		t.Errorf("without the timer: %q", text)
	}
	os.Remove(mask)
	if err := os.Symlink(filepath.Join("/usr/lib/systemd/system", unit), filepath.Join(wants, unit)); err != nil {
		t.Fatal(err)
	}
	if text := say(); text != "" {
		t.Errorf("with the timer: %s", text)
	}
}
