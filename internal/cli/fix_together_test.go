package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFixTogether holds edits that used to spoil each other, or to land in the wrong place: what is in the file
// afterwards, and what is not.
func TestFixTogether(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - "
	for _, c := range []struct {
		name, file, text string
		want, not        []string
	}{
		{"the first option goes", "a.sh", "podman run --privileged docker.io/library/redis:7\n",
			[]string{" --userns=auto", " --read-only", " --memory=512m"}, []string{"--privileged"}},
		{"a secret is the first option", "a.sh", "podman run -e DB_PASSWORD=horse-battery docker.io/library/e:1\n",
			[]string{"--secret=e-db-password,type=env,target=DB_PASSWORD", " --cap-drop=ALL"}, []string{"horse-battery"}},
		{"options on lines of their own go", "a.sh", "podman run \\\n  --privileged \\\n  --pid=host " +
			"docker.io/library/redis:7\n",
			[]string{" --read-only"}, []string{"--privileged", "--pid=host"}},
		{"a capability stays dropped", "a.container",
			"[Container]\nImage=docker.io/library/nginx:1.28\nAddCapability=SYS_ADMIN\n",
			[]string{"DropCapability=all\n"}, []string{"SYS_ADMIN"}},
		{"only the dangerous capability goes", "a.container",
			"[Container]\nImage=docker.io/library/nginx:1.28\nAddCapability=SYS_ADMIN CHOWN\n",
			[]string{"DropCapability=all\n", "AddCapability=CHOWN\n"}, []string{"SYS_ADMIN"}},
		{"columns are characters", "a.yaml",
			pod + `{name: a, image: "docker.io/library/nginx:1.28", args: ["日本語のとても長い引数です。これはテスト用の文字列であり"],` +
				" resources: {}, securityContext: {runAsUser: 10}}\n",
			[]string{"resources: {limits: {memory: 512Mi}}, securityContext: {readOnlyRootFilesystem: true, " +
				"allowPrivilegeEscalation: false"}, nil},
		{"a value behind other characters", "a.yaml",
			pod + `{name: a, image: "docker.io/library/nginx:1.28", env: [{name: X, value: "äöüäöü"}],` +
				" securityContext: {privileged: true}}\n", []string{"privileged: false}"}, nil},
		{"a value in a compose file behind other characters", "compose.yaml", `services:` + "\n" +
			`  a: {image: "docker.io/library/nginx:1.28", labels: ["größe=äöüäöü"], privileged: true}` + "\n",
			[]string{"privileged: false}"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeTree(t, map[string]string{c.file: c.text})
			if status, _, errs := fixAt(t, "--rootful", "--config", "none", "--write", "--all", dir); status != 0 {
				t.Fatalf("status %d, %s", status, errs)
			}
			got, err := os.ReadFile(filepath.Join(dir, c.file))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.want {
				if !strings.Contains(string(got), s) {
					t.Errorf("%q is missing:\n%s", s, got)
				}
			}
			for _, s := range c.not {
				if strings.Contains(string(got), s) {
					t.Errorf("%q is left:\n%s", s, got)
				}
			}
		})
	}
}

// TestFixLineEndings holds that a file whose lines end in CR and LF has no others afterwards.
func TestFixLineEndings(t *testing.T) {
	for name, text := range map[string]string{
		"a.container": "[Container]\nImage=docker.io/library/nginx:1.28\nPodmanArgs=--privileged\n",
		"b.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: a\n     " +
			" image: docker.io/library/nginx:1.28\n",
		"c.yaml": "services:\n  a:\n    image: docker.io/library/nginx:1.28\n    cap_add:\n      - CHOWN\n",
		"d.sh":   "podman run \\\n  --privileged \\\n  docker.io/library/nginx:1.28\n",
	} {
		dir := writeTree(t, map[string]string{name: strings.ReplaceAll(text, "\n", "\r\n")})
		if status, _, errs := fixAt(t, "--rootful", "--config", "none", "--write", "--all", dir); status != 0 {
			t.Fatalf("%s: status %d, %s", name, status, errs)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(got), "\n"); lines != strings.Count(string(got), "\r\n") ||
			lines <= strings.Count(text, "\n") && name != "d.sh" {
			t.Errorf("%s becomes %q", name, got)
		}
	}
}

// TestFixDropInTwice holds that a drop-in is planned against the unit with its drop-ins: a second one does not put back
// what the first took away.
func TestFixDropInTwice(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"a.container": "[Container]\nImage=docker.io/library/redis:7\nAddCapability=NET_ADMIN\n" +
			"PodmanArgs=--privileged --cap-add=SYS_ADMIN\n",
		"b.container":               "[Container]\nImage=docker.io/library/redis:7\nPodmanArgs=--pid=host\n",
		"b.container.d/10-own.conf": "[Container]\nPodmanArgs=--privileged\n",
	})
	for _, args := range [][]string{{"--rule", "privileged"}, {"--rule", "cap-dangerous"}, {}} {
		args = append(args, "--rootful", "--config", "none", "--drop-in", "--write", "--all", dir)
		if status, _, errs := fixAt(t, args...); status != 0 {
			t.Fatalf("status %d, %s", status, errs)
		}
		found := rulesFound(t, dir)
		if found["privileged"] {
			t.Errorf("%v: privileged again:\n%s", args, treeText(t, dir))
		}
	}
	if found := rulesFound(t, dir); found["cap-dangerous"] || found["cap-drop-all"] || found["namespace-pid"] {
		t.Errorf("found %v in\n%s", found, treeText(t, dir))
	}
	once := treeText(t, dir)
	if fixAt(t, "--rootful", "--config", "none", "--drop-in", "--write", "--all", dir); treeText(t, dir) != once {
		t.Errorf("again it becomes\n%s\nof\n%s", treeText(t, dir), once)
	}
	if own, _ := os.ReadFile(filepath.Join(dir,
		"b.container.d/10-own.conf")); string(own) != "[Container]\nPodmanArgs=--privileged\n" {
		t.Errorf("the drop-in beside podlint's is changed:\n%s", own)
	}
}

// TestFixEverything applies all rules at once to every definition of the repository. No edit that is listed as made has
// its finding left, and a second run changes nothing.
func TestFixEverything(t *testing.T) {
	dirs := []string{"../../testdata/definitions"}
	examples, err := filepath.Glob("../../rules/examples/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range append(dirs, examples...) {
		dir := t.TempDir()
		if info, err := os.Stat(from); err != nil || !info.IsDir() {
			continue
		}
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		args := []string{"--rootful", "--profile", "strict", "--config", "none", "--write", "--all", dir}
		_, _, first := fixAt(t, args...)
		if strings.Contains(first, "no set of edits") {
			t.Errorf("%s: %s", from, first)
		}
		made := editsNamed(first, "safe", "needs trying", "proven")
		once := treeText(t, dir)
		_, _, errs := fixAt(t, args...)
		if treeText(t, dir) != once {
			t.Errorf("%s: again it becomes\n%s\nof\n%s", from, treeText(t, dir), once)
		}
		if again := editsNamed(errs, "safe", "needs trying", "proven"); len(again) > 0 {
			t.Errorf("%s: the second run makes edits: %v", from, again)
		}
		for edit := range editsNamed(errs, "failed") {
			if made[edit] {
				t.Errorf("%s: listed as made, and still found: %s", from, edit)
			}
		}
	}
}

// editsNamed returns the edits with one of some marks that fix names, each as its file, rule and container.
func editsNamed(errs string, marks ...string) map[string]bool {
	edits := map[string]bool{}
	file := ""
	for line := range strings.SplitSeq(errs, "\n") {
		if !strings.HasPrefix(line, " ") {
			file = line
			continue
		}
		for _, mark := range marks {
			rest, ok := strings.CutPrefix(line, "  "+mark+" ")
			fields := strings.Fields(rest)
			if !ok || len(fields) < 2 {
				continue
			}
			edit := file + " " + fields[0]
			if strings.HasSuffix(fields[1], ":") { // the container, where there are several
				edit += " " + fields[1]
			}
			edits[edit] = true
		}
	}
	return edits
}

// TestFixAutoUpdate holds that the label is proposed only where podman auto-update can follow it, and never as safe:
// elsewhere it fails for every container of the machine, or Podman makes no container at all.
func TestFixAutoUpdate(t *testing.T) {
	const full, short = "docker.io/library/nginx:1.27", "nginx:1.27"
	for name, tt := range map[string]struct {
		file, text string
		want       string // what is written, empty for nothing
	}{
		"a unit":              {"a.container", "[Container]\nImage=" + full + "\n", "+AutoUpdate=registry\n"},
		"a unit, built here":  {"a.container", "[Container]\nImage=localhost/x:1\n", "+AutoUpdate=local\n"},
		"a short name":        {"a.container", "[Container]\nImage=" + short + "\n", ""},
		"a script":            {"a.sh", "#!/bin/sh\npodman run -d --name web " + full + "\n", ""},
		"a service":           {"a.service", "[Service]\nExecStart=podman run --name web " + full + "\n", ""},
		"a generated service": {"a.service", podmanService + full + "\n", "--label=io.containers.autoupdate=registry"},
		"compose":             {"compose.yaml", "services:\n  a:\n    image: " + full + "\n", ""},
		"Kubernetes": {"a.yaml",
			"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: c, " +
				"image: " + full + "}\n", ""},
	} {
		dir := writeTree(t, map[string]string{tt.file: tt.text})
		status, out, errs := fixAt(t, "--rootful", "--config", "none", "--rule", "auto-update", dir)
		if status != 0 || (tt.want == "") != (out == "") || !strings.Contains(out, tt.want) ||
			strings.Contains(errs, "safe ") || strings.Contains(errs, "failed ") {
			t.Errorf("%s: status %d\n%s%s", name, status, out, errs)
		}
	}
}

const podmanService = "[Service]\nEnvironment=PODMAN_SYSTEMD_UNIT=%n\nExecStart=/usr/bin/podman run --name web "
