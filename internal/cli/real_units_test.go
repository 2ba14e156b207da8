//go:build realpodman

package cli

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/quadlet"
)

// unitDir holds the units of testdata; the testbed copies them to where every user can read them.
var unitDir = os.Getenv("DEFINITIONS") + "/quadlet"

// unitsFor returns the units of testdata that are for the mode, read as `podlint check` reads them.
func unitsFor(t *testing.T, isRootless bool) map[string]quadlet.Unit {
	t.Helper()
	set, problems := definition.Open([]string{unitDir},
		definition.Options{Rootless: podman.Set(isRootless, podman.Field("test"))})
	if len(problems) > 0 || len(set.Paths()) == 0 {
		t.Fatalf("%d units, %v", len(set.Paths()), problems)
	}
	units := map[string]quadlet.Unit{}
	for _, path := range set.Paths() {
		data, err := set.Text(path)
		if err != nil {
			t.Fatal(err)
		}
		only := map[bool]string{true: "# only: rootful", false: "# only: rootless"}[isRootless]
		if bytes.HasPrefix(data, []byte(only)) {
			continue
		}
		unit, err := set.Unit(path)
		if err != nil {
			t.Fatal(err)
		}
		if unit.Line == "" {
			t.Fatalf("%s: %+v", path, unit.Problems)
		}
		units[filepath.Base(path)] = unit
	}
	return units
}

// TestRealGenerator holds what podlint makes of the units to what Podman's own generator prints, line by line.
func TestRealGenerator(t *testing.T) {
	const generator = "/usr/libexec/podman/quadlet"
	if _, err := os.Stat(generator); err != nil {
		if strings.HasPrefix(podmanCommand(t, "--version"), "podman version 4.3") {
			t.Skip("Podman 4.3 has no generator")
		}
		t.Fatal(err)
	}
	units := unitsFor(t, false)
	dir, err := filepath.Abs(unitDir)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(generator, "-dryrun", "-no-kmsg-log")
	command.Env = append(os.Environ(), "QUADLET_UNIT_DIRS="+dir)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	theirs := map[string]string{} // by unit
	service, source := "", ""
	for line := range strings.SplitSeq(string(out), "\n") {
		if name, ok := strings.CutPrefix(line, "---"); ok {
			service, source = strings.TrimSuffix(name, "---"), ""
		}
		if path, ok := strings.CutPrefix(line, "SourcePath="); ok {
			source = filepath.Base(path)
		}
		for _, key := range []string{"ExecStart=", "ExecStartPre="} {
			value, ok := strings.CutPrefix(line, key)
			if ok && (key == "ExecStartPre=") == strings.HasSuffix(source, ".pod") {
				theirs[source] = value
			}
		}
	}
	if service == "" {
		t.Fatalf("the generator printed nothing: %s", &stderr)
	}
	compared := 0
	for name, unit := range units {
		if strings.HasPrefix(name, "keep-id") {
			continue
		}
		want, ok := theirs[name]
		if !ok {
			t.Errorf("%s: the generator makes no service of it: %s", name, &stderr)
			continue
		}
		// The generator goes through maps: the order of flags differs from run to run.
		a, b := sameWords(want), sameWords(unit.Line)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%s:\npodman  %s\npodlint %s", name, want, unit.Line)
		}
		compared++
	}
	t.Logf("%d units compared", compared)
}

// sameWords splits a command line and takes away what 5.4's generator writes otherwise than 5.8's: it hands the pod
// over, and keeps the container's ID, in files; and it leaves spaces as they are.
func sameWords(line string) []string {
	line = strings.NewReplacer(`\x20`, " ", "--exit-policy=stop", "--exit-policy stop", "--pod-id-file "+
		"%t/web-pod.pod-id", "--pod web").Replace(line)
	return slices.DeleteFunc(strings.Fields(line), func(w string) bool {
		return w == "--cidfile=%t/%N.cid" || w == "--pod-id-file=%t/%N.pod-id"
	})
}

// create makes the container of a unit as systemd would, without starting it.
func create(t *testing.T, name string, words []string, change func([]string) []string) {
	t.Helper()
	service := strings.TrimSuffix(name, filepath.Ext(name))
	_, instance, _ := strings.Cut(service, "@")
	var args []string
	// networks outlive the testbed
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "systemd-front" })
	for _, w := range words[1:] {
		switch {
		case w == "run":
			w = "create"
		case w == "-d" || w == "--network" || w == "--replace" || w == "--rm" || w == "--ignore" ||
			strings.HasPrefix(w, "--cgroups=") || strings.HasPrefix(w, "--sdnotify=") ||
			strings.HasPrefix(w, "--infra-conmon-pidfile"):
			continue
		}
		args = append(args,
			strings.NewReplacer("%N", service, "%i", instance, "%t", "/run", "%p", service, "%H", "host").Replace(w))
	}
	switch args[len(args)-1] {
	case "localhost/plain:1": // which has no command of its own
		args = append(args, "/bin/busybox", "sleep", "1")
	case "--security-opt=no-new-privileges":
		args = append(args, "--network", "none")
	}
	if change != nil {
		args = change(args)
	}
	command := exec.Command("podman", args...)
	command.Env = append(os.Environ(), "PODMAN_SYSTEMD_UNIT="+service+".service")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: podman %q: %v\n%s", name, args, err, out)
	}
}

// TestRealAgreement makes every unit of testdata for real: what the scan finds on the container is what the check finds
// in the file, but for what no file can know; and the scan names the line of the file.
func TestRealAgreement(t *testing.T) {
	isRootless := podmanCommand(t, "info", "-f", "{{.Host.Security.Rootless}}") == "true"
	if exec.Command("podman", "image", "exists", "localhost/plain:1").Run() != nil {
		buildImages(t)
	}
	emptyStorage(t)
	units := unitsFor(t, isRootless)
	for _, name := range slices.Sorted(maps.Keys(units)) {
		if ext := filepath.Ext(name); ext == ".pod" || ext == ".volume" {
			create(t, name, units[name].Words, nil)
		}
	}
	mode := map[bool]string{true: "--rootless", false: "--rootful"}[isRootless]
	_, out, errs := checkAt(t, "", "--format", "json", mode, unitDir)
	checked := parseReport(t, out)
	if len(checked.Errors) > 0 {
		t.Fatal(errs)
	}
	var names []string
	byName := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(units)) {
		unit := units[file]
		if unit.Container == nil || unit.Container.Kind != podman.KindContainer || strings.Contains(file, "@.") {
			continue
		}
		create(t, file, unit.Words, nil)
		names = append(names, unit.Container.Name)
		byName[unit.Container.Name] = file
	}
	dir, err := filepath.Abs(unitDir)
	if err != nil {
		t.Fatal(err)
	}
	scan := func(names ...string) *jsonReport {
		command := exec.Command(os.Getenv("PODLINT"), append([]string{"scan", "--format", "json"}, names...)...)
		command.Env = append(os.Environ(), "QUADLET_UNIT_DIRS="+dir)
		out, _ := command.Output()
		return parseReport(t, string(out))
	}
	live := scan(names...)
	if len(live.Containers) != len(names) {
		t.Fatalf("%d containers of %d: %+v", len(live.Containers), len(names), live.Errors)
	}
	for _, name := range names {
		got, want := checked.severities(name), live.severities(name)
		unit := units[byName[name]].Container
		if !unit.Process.UID.Known() { // whom the image runs as is not in the file
			delete(want, "root-user")
		}
		delete(want, "stale-image")                                 // nor what it was made from
		if unit.Process.User.Known() && !unit.Process.UID.Known() { // nor which UID a name has
			delete(got, "uid-map")
			delete(want, "uid-map")
		}
		for _, f := range live.Findings { // nor what is mounted below a path of the machine
			if f.Container == name && f.Rule == "host-path" && strings.Contains(f.Message, "read-only, but ") {
				delete(got, "host-path")
				delete(want, "host-path")
			}
		}
		// create gives every container a network of the test's own choice. Whether the image brings a health check no file
		// tells. Who may read an environment file counts where the unit is installed.
		for _, rule := range []string{"default-network", "healthcheck", "unit-writable"} {
			delete(got, rule)
			delete(want, rule)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: the file %v, the container %v", byName[name], got, want)
		}
	}
	for _, c := range live.Containers {
		if len(c.Changed) > 0 {
			t.Errorf("%s differs from its unit in %v", c.Name, c.Changed)
		}
	}
	for _, f := range live.Findings {
		if file := byName[f.Container]; f.Rule != "unit-writable" && !strings.Contains(f.Location.File,
			strings.TrimSuffix(file, "@one.container")) && !strings.Contains(f.Location.File,
			"web.pod") && !strings.Contains(f.Location.File, "secrets.env") ||
			f.Location.Line == 0 && f.Rule != "unit-writable" {
			t.Errorf("%s: %s stands in %v", f.Container, f.Rule, f.Location)
		}
	}

	// A unit that was changed after the container was made.
	podmanCommand(t, "rm", "-f", "systemd-podman-args")
	create(t, "podman-args.container", units["podman-args.container"].Words, func(args []string) []string {
		return slices.DeleteFunc(args, func(a string) bool { return a == "--read-only" })
	})
	changed := scan("systemd-podman-args")
	if got := changed.Containers[0].Changed; !slices.Equal(got, []string{"read-only"}) {
		t.Errorf("changed: %q", got)
	}
	told := false
	for _, f := range changed.Findings {
		told = told || f.Rule == "read-only" && strings.Contains(f.Message, "the unit was changed after the "+
			"container was made") && strings.Contains(f.Fix.Summary, "restart podman-args.service")
	}
	if !told {
		t.Errorf("%+v", changed.Findings)
	}
}
