package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman/live/livetest"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// needsAChoice names the rules whose finding ends by a choice that only the owner can make, and which.
var needsAChoice = map[string]string{
	"default-network": "which network", "healthcheck": "which command tells", "image-short-name": "which registry",
	"image-unpinned": "which version", "port-privileged": "which port", "secret-env": "whether the image can read " +
		"a file", "sshd": "what to start instead", "code-at-start": "what to build", "host-rootful": "which account",
	"ignored-setting": "whether it is to be written where it counts",
}

func fixAt(t testing.TB, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{Streams: Streams{strings.NewReader(""), &stdout, &stderr}, now: func() time.Time { return captured }}
	status = a.run(context.Background(), append([]string{"fix"}, args...))
	return status, stdout.String(), stderr.String()
}

// rulesFound returns the rules that check finds below a directory.
func rulesFound(t testing.TB, dir string) map[string]bool {
	t.Helper()
	_, out, _ := checkAt(t, "", "--rootful", "--profile", "strict", "--config", "none", "--format", "json", dir)
	found := map[string]bool{}
	for _, f := range parseReport(t, out).Findings {
		found[f.Rule] = true
	}
	return found
}

// TestFixRoundTrip holds that every bad example is mended by fix, that doing it twice changes nothing more, that good
// ones stay as they are, and that every line which an edit is not about is the same to the byte.
func TestFixRoundTrip(t *testing.T) {
	for _, r := range rules.All(rules.Parameters{}) {
		files := exampleFiles(t, r.ID)
		for _, dropIn := range []bool{false, true} {
			bad := map[string]string{}
			for name, text := range files {
				if strings.HasPrefix(name, "bad") && (!dropIn || strings.HasSuffix(name, ".container")) {
					bad[name] = text
				}
			}
			if len(bad) == 0 {
				continue
			}
			dir := writeTree(t, bad)
			write := []string{"--rootful", "--profile", "strict", "--config", "none", "--write", "--all", "--rule",
				r.ID, dir}
			if dropIn {
				write = append([]string{"--drop-in"}, write...)
			}
			if status, _, errs := fixAt(t, write...); status != 0 {
				t.Errorf("%s: status %d, %s", r.ID, status, errs)
			}
			if _, choice := needsAChoice[r.ID]; rulesFound(t, dir)[r.ID] != choice {
				t.Errorf("%s (drop-in %v): found after the fix: %v\n%s", r.ID, dropIn, !choice, treeText(t, dir))
			}
			for name, text := range bad {
				after, _ := os.ReadFile(filepath.Join(dir, name))
				if dropIn && string(after) != text {
					t.Errorf("%s: the unit was changed beside its drop-in", r.ID)
				}
				lost := 0
				for line := range strings.SplitSeq(text, "\n") {
					if !slices.Contains(strings.Split(string(after), "\n"), line) {
						lost++
					}
				}
				const most = 2 // UIDMap= and GIDMap=
				if lost > most && !strings.HasSuffix(name, ".sh") {
					t.Errorf("%s: %d lines are others:\n%s", r.ID, lost, after)
				}
			}
			once := treeText(t, dir)
			if fixAt(t, write...); treeText(t, dir) != once {
				t.Errorf("%s: doing it twice makes\n%s\nof\n%s", r.ID, treeText(t, dir), once)
			}
		}
		good := map[string]string{}
		for name, text := range files {
			if strings.HasPrefix(name, "good") {
				good[name] = text
			}
		}
		dir := writeTree(t, good)
		before := treeText(t, dir)
		if fixAt(t, "--rootful", "--profile", "strict", "--config", "none", "--write", "--all", dir); treeText(t,
			dir) != before {
			t.Errorf("%s: the good example becomes\n%s", r.ID, treeText(t, dir))
		}
	}
}

// treeText is every file below a directory.
func treeText(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(dir, path)
			b.WriteString("== " + name + "\n" + string(data))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestFixDefinitions holds what fix makes of the project's own definitions of every kind: the diff, what is said, that
// no secret shows, that what is written can be read again, and that what was said to be done is.
func TestFixDefinitions(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/definitions")); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	_, out, errs := fixAt(t, ".")
	t.Chdir(here)
	golden(t, "fix.diff", out)
	golden(t, "fix.txt", errs)
	t.Chdir(dir)
	if strings.Contains(out+errs, "planted-") {
		t.Error("a secret shows")
	}
	_, before, known := checkAt(t, "", "--format", "json", ".")
	fixAt(t, "--write", "--all", ".")
	_, after, problems := checkAt(t, "", "--format", "json", ".")
	lines := regexp.MustCompile(`:\d+:`) // of a script they move
	if lines.ReplaceAllString(problems, "") != lines.ReplaceAllString(known, "") {
		t.Errorf("other problems than before:\n%s\nbefore:\n%s", problems, known)
	}
	was, is := parseReport(t, before), parseReport(t, after)
	if len(is.Containers) != len(was.Containers) {
		t.Errorf("%d containers, and %d before", len(is.Containers), len(was.Containers))
	}
	if len(is.Findings) >= len(was.Findings)/2 {
		t.Errorf("%d findings are left of %d", len(is.Findings), len(was.Findings))
	}
}

// TestFixDiffApplies holds that git apply makes of each of the project's definitions what --write --all makes of it,
// but of those whose diff is said not to be for that.
func TestFixDiffApplies(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here to apply a diff with")
	}
	patched, written := t.TempDir(), t.TempDir()
	for _, dir := range []string{patched, written} {
		if err := os.CopyFS(dir, os.DirFS("../../testdata/definitions")); err != nil {
			t.Fatal(err)
		}
	}
	var paths []string
	err := filepath.WalkDir(written, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && isDefinition(path) {
			name, _ := filepath.Rel(written, path)
			paths = append(paths, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	applied := 0
	for _, path := range paths {
		t.Chdir(patched)
		_, diff, errs := fixAt(t, "--config", "none", path)
		if diff == "nothing to fix\n" || diff == "" || strings.Contains(errs, fix.NotForPatch) {
			continue
		}
		cmd := exec.Command("git", "apply", "-")
		cmd.Stdin = strings.NewReader(diff)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s\n%s", path, err, out, diff)
			continue
		}
		t.Chdir(written)
		fixAt(t, "--config", "none", "--write", "--all", path)
		applied++
	}
	if patched, written := treeText(t, patched), treeText(t, written); patched != written || applied < 10 {
		t.Errorf("of %d diffs git apply makes\n%s\nand --write\n%s", applied, patched, written)
	}
}

// TestFixFailedEdit holds that an edit which does not end its finding is named, not made, and told by the exit status.
func TestFixFailedEdit(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {io.podman.annotations.userns: host}}\n" +
		"spec:\n  containers:\n  - {name: c, image: docker.io/library/nginx:1.27}\n"
	path := filepath.Join(writeTree(t, map[string]string{"a.yaml": pod}), "a.yaml")
	status, _, errs := fixAt(t, "--config", "none", "--rule", "uid-map", "--write", "--all", path)
	after, err := os.ReadFile(path)
	if status != statusEditFailed || err != nil || string(after) != pod ||
		!strings.Contains(errs, "failed        uid-map") {
		t.Errorf("status %d, %v, %s\n%s", status, err, errs, after)
	}
}

// TestFixWrite holds when a file is written, and when it is not.
func TestFixWrite(t *testing.T) {
	unit := "# ours\n[Unit]\nDescription=x\n\n[Container]\n# the image\nImage=localhost/plain:1\n" +
		"PodmanArgs=--oom-score-adj=-500\n\n[Install]\nWantedBy=default.target\n"
	dir := writeTree(t, map[string]string{"a.container": unit, "sub/b.container": unit})
	t.Chdir(dir)
	if err := os.Chmod("a.container", 0o640); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := fixAt(t, "a.container"); !strings.Contains(out, "+NoNewPrivileges=true") {
		t.Errorf("the diff:\n%s", out)
	}
	if got, _ := os.ReadFile("a.container"); string(got) != unit {
		t.Error("without --write it is written")
	}
	if _, _, errs := fixAt(t, "--write", "a.container"); !strings.Contains(errs, "podlint prove") {
		t.Errorf("it does not say what is left: %s", errs)
	}
	want := strings.Replace(unit, "PodmanArgs=--oom-score-adj=-500\n", "", 1)
	if got, _ := os.ReadFile("a.container"); string(got) != want {
		t.Errorf("the safe edits make\n%s", got)
	}
	if info, _ := os.Stat("a.container"); info.Mode().Perm() != 0o640 {
		t.Errorf("its mode is %v", info.Mode())
	}
	if err := os.Symlink("../a.container", "sub/c.container"); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := fixAt(t, "--write", "--all", "sub/c.container"); status != 2 ||
		!strings.Contains(errs, "outside its directory") {
		t.Errorf("a link: status %d, %s", status, errs)
	}
	if err := os.Symlink("b.container", "sub/d.container"); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := fixAt(t, "--write", "--all", "sub/d.container"); status != 0 {
		t.Errorf("a link within: status %d, %s", status, errs)
	}
	if info, _ := os.Lstat("sub/d.container"); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link has become a file")
	}
	if err := files.Replace(&files.Change{Dir: ".", Name: "a.container", Before: []byte("something else"),
		After: []byte("x")}); err == nil ||
		!strings.Contains(err.Error(), "was changed") {
		t.Errorf("a file that has changed: %v", err)
	}
	if left, _ := filepath.Glob(".podlint-*"); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestFixElsewhere holds that what a pod's unit or a drop-in sets is changed there, once for all members, and what
// several containers share gets the label for that.
func TestFixElsewhere(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"web.pod":     "[Pod]\nPodName=web\nNetwork=pasta:-T,443\nPublishPort=8000:80\n",
		"a.container": softUnit + "Pod=web.pod\nVolume=/srv/data:/data:ro,Z\n",
		"b.container": softUnit +
			"Pod=web.pod\nMount=type=bind,src=/srv/data,dst=/data,relabel=private\n",
		"c.container":               softUnit,
		"d.container":               softUnit + "Volume=/srv/data:/data\n",
		"c.container.d/10-own.conf": "[Container]\nReadOnly=false\nPodmanArgs=--privileged\n",
	})
	for _, more := range [][]string{nil, {"--rule", "port-exposed"}} {
		args := append([]string{"--rootful", "--config", "none", "--podman", "5.4", "--write", "--all", dir}, more...)
		if status, _, errs := fixAt(t, args...); status != 0 {
			t.Fatalf("status %d, %s", status, errs)
		}
	}
	got := map[string]string{}
	for _, name := range []string{"web.pod", "a.container", "b.container", "c.container", "c.container.d/10-own.conf"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(data)
	}
	if want := "[Pod]\nPodName=web\nPublishPort=127.0.0.1:8000:80\nUserNS=auto\n"; got["web.pod"] != want {
		t.Errorf("the pod:\n%s", got["web.pod"])
	}
	if want := "[Container]\nReadOnly=true\n"; got["c.container.d/10-own.conf"] != want {
		t.Errorf("the drop-in:\n%s", got["c.container.d/10-own.conf"])
	}
	if !strings.Contains(got["a.container"], "Volume=/srv/data:/data:ro,z\n") ||
		!strings.Contains(got["b.container"], "dst=/data,relabel=shared\n") ||
		strings.Contains(got["a.container"], "UserNS") {
		t.Errorf("the members:\n%s\n%s", got["a.container"], got["b.container"])
	}
}

// TestFixSafePod holds that the safe edits of a pod's several members each come to what they are alone, and that the
// pod's unit, which only edits that need trying would change, stays as it is.
func TestFixSafePod(t *testing.T) {
	members := map[string]string{
		"web.pod":     "[Pod]\nPodName=web\nPublishPort=8000:80\n",
		"a.container": softUnit + "Pod=web.pod\nPodmanArgs=--oom-score-adj=-500\n",
		"b.container": softUnit + "Pod=web.pod\nLogDriver=none\n",
	}
	edited := func(names ...string) map[string]string {
		t.Helper()
		files := map[string]string{}
		for _, name := range names {
			files[name] = members[name]
		}
		dir := writeTree(t, files)
		if status, _, errs := fixAt(t, "--rootful", "--config", "none", "--write", dir); status != 0 {
			t.Fatalf("status %d, %s", status, errs)
		}
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = string(data)
		}
		return files
	}
	together := edited("web.pod", "a.container", "b.container")
	if together["web.pod"] != members["web.pod"] {
		t.Errorf("the pod:\n%s", together["web.pod"])
	}
	for _, name := range []string{"a.container", "b.container"} {
		if alone := edited("web.pod", name); together[name] != alone[name] || together[name] == members[name] {
			t.Errorf("%s together:\n%s\nalone:\n%s", name, together[name], alone[name])
		}
	}
	if !strings.Contains(together["b.container"], "LogDriver=journald\n") {
		t.Errorf("its logs:\n%s", together["b.container"])
	}
}

// TestFixOlderPodman holds that a key which the Podman at hand does not know becomes PodmanArgs.
func TestFixOlderPodman(t *testing.T) {
	dir := writeTree(t, map[string]string{"a.container": softUnit})
	for version, want := range map[string]string{"": "+PodmanArgs=--memory=512m", "5.5": "+Memory=512m",
		"5.4": "+PodmanArgs=--memory=512m",
		"4.4": "+PodmanArgs=--userns=auto"} {
		if _, out, _ := fixAt(t, "--podman", version, filepath.Join(dir, "a.container")); !strings.Contains(out,
			want+"\n") {
			t.Errorf("for Podman %q there is no %s:\n%s", version, want, out)
		}
	}
}

// TestFixContainers holds the command lines that fix prints for real services' containers: they parse, their rules are
// silent, and no secret is in them.
func TestFixContainers(t *testing.T) {
	for _, name := range livetest.Names() {
		url := livetest.Serve(t, livetest.Load(t, name))
		_, out, errs := fixAt(t, "--url", url, "plain", "secret-variable", "privileged")
		if strings.Contains(out+errs, "planted-") || strings.Contains(out+errs, "9f3Kq7") {
			t.Errorf("%s: a secret shows", name)
		}
		for _, want := range []string{"# plain\n", "--read-only", "--cap-drop=ALL",
			"--security-opt=no-new-privileges"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: there is no %q:\n%s%s", name, want, out, errs)
			}
		}
		dir := writeTree(t, map[string]string{"run.sh": out})
		found := rulesFound(t, dir)
		for _, rule := range []string{"read-only", "no-new-privileges", "privileged"} {
			if found[rule] {
				t.Errorf("%s: %s is found in what fix prints:\n%s", name, rule, out)
			}
		}
	}
}

// FuzzFix edits arbitrary definitions: it ends without a crash, and what was a unit, YAML or a script still is one.
func FuzzFix(f *testing.F) {
	for _, seed := range []struct {
		kind uint8
		text string
	}{
		{0, softUnit + "PodmanArgs=--privileged --cap-add=NET_ADMIN,SYS_ADMIN \\\n  --security-opt " +
			"seccomp=unconfined\nVolume=/etc:/etc:U,Z\nAddCapability=a SYS_MODULE\nTmpfs=/x\nUIDMap=0:0:10\n"},
		{1, "#!/bin/sh\nsudo podman run -v /:/h --privileged \\\n  --cap-add=ALL -p 80:80 --tmpfs /x:size=1m -e " +
			"'A_PASSWORD=x y' img sh\n"},
		{2, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostNetwork: true\n  containers:\n  - name: " +
			"x\n    image: y\n    securityContext: {privileged: true}\n    volumeMounts:\n    - {name: v, mountPath: " +
			"/v}\n  volumes:\n  - {name: v, hostPath: {path: /etc}}\n"},
		{2, "services:\n  a:\n    image: x\n    privileged: true\n    ports:\n      - 80:80\n    cap_add: [SYS_ADMIN]\n"},
	} {
		f.Add(seed.kind, seed.text)
	}
	names := []string{"x.container", "x.sh", "x.yaml"}
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		name := names[int(kind)%len(names)]
		all := rules.All(rules.Parameters{})
		l := &lint.Linter{Config: &policy.Config{}, Catalogue: all, Rules: all, Least: rules.Info,
			Now: func() time.Time { return captured }}
		read := func(text []byte) (*report.Report, *definition.Set) {
			r := l.NewReport()
			set, _ := definition.Open(nil, definition.Options{
				Rootless: modeOf(false, true), Given: map[string][]byte{name: text}, Now: captured,
			})
			l.Check(context.Background(), set, r, func(string, int, int) {})
			return r, set
		}
		before, set := read([]byte(text))
		if before.Unreadable {
			return
		}
		unverified := fix.Planner{Read: set.Text,
			Lint: func([]string, map[string][]byte) ([]rules.Finding, []string) { return nil, nil }}
		for _, p := range unverified.Plans(before.Findings) {
			_, _ = fix.Diff(p.Path, p.Before, p.After, safe.Whole, true)
			_ = fix.DropIn(name, nil, p.Before, p.After)
			after, _ := read(p.After)
			if after.Unreadable || len(after.Containers) != len(before.Containers) {
				t.Errorf("of %d containers there are %d after the fix: %v\n%s\n--- before\n%s", len(before.Containers),
					len(after.Containers), after.Errors, p.After, text)
			}
		}
	})
}

// TestFixManual holds that --write --all leaves what decides whether a service does its work, and that naming the rule
// makes the edit.
func TestFixManual(t *testing.T) {
	const unit = `[Container]
Image=docker.io/library/web:1
User=nobody
Volume=/run/podman/podman.sock:/s
Volume=/etc:/etc-of-host
AddDevice=/dev/sda
PublishPort=8080:80
`
	dir := writeTree(t, map[string]string{"web.container": unit})
	path := filepath.Join(dir, "web.container")
	kept := []string{"User=nobody", "Volume=/run/podman/podman.sock:/s", "Volume=/etc:/etc-of-host",
		"AddDevice=/dev/sda", "PublishPort=8080:80"}
	_, _, errs := fixAt(t, "--write", "--all", path)
	text := textOf(t, path)
	for _, line := range kept {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("--write --all took %s:\n%s", line, text)
		}
	}
	if !strings.Contains(text, "DropCapability=all\n") {
		t.Errorf("what needs trying was not written:\n%s", text)
	}
	for _, rule := range []string{"user-nobody", "engine-socket", "host-path", "device", "port-exposed"} {
		if !strings.Contains(errs, "  manual        "+rule) || !strings.Contains(errs, "only the owner knows") {
			t.Errorf("%s is not named as manual:\n%s", rule, errs)
		}
	}
	for rule, line := range map[string]string{"engine-socket": kept[1], "host-path": kept[2], "device": kept[3],
		"port-exposed": kept[4], "user-nobody": kept[0]} {
		fixAt(t, "--write", "--all", "--rule", rule, path)
		if text := textOf(t, path); strings.Contains(text, line+"\n") {
			t.Errorf("--rule %s left %s:\n%s", rule, line, text)
		}
	}
}

// TestFixSecretNames holds that two containers' secrets have names of their own: an account has one namespace of them.
func TestFixSecretNames(t *testing.T) {
	unit := func(name string) string {
		return "[Container]\nImage=docker.io/library/postgres:16\nContainerName=" + name +
			"\nEnvironment=POSTGRES_PASSWORD=planted-9f3Kq7\n"
	}
	dir := writeTree(t, map[string]string{"a.container": unit("synapse-db"), "b.container": unit("weblate-db"),
		"c.container": unit("postgres")})
	_, out, _ := fixAt(t, "--rule", "plaintext-secret", dir)
	for _, want := range []string{"+Secret=synapse-db-postgres-password,type=env,target=POSTGRES_PASSWORD\n",
		"+Secret=weblate-db-postgres-password,", "+Secret=postgres-password,"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q:\n%s", want, out)
		}
	}
}

// TestFixWhichPodman holds that fix says which Podman units are written for, where none was named.
func TestFixWhichPodman(t *testing.T) {
	dir := writeTree(t, map[string]string{"a.container": softUnit})
	if _, _, errs := fixAt(t, filepath.Join(dir, "a.container")); !strings.Contains(errs, "for Podman 4.9, the oldest") {
		t.Errorf("it does not say for which Podman:\n%s", errs)
	}
	_, _, errs := fixAt(t, "--podman", "5.5", filepath.Join(dir, "a.container"))
	if strings.Contains(errs, "units are written for") {
		t.Errorf("it says what it was told:\n%s", errs)
	}
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
