package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/podlint/podlint/internal/files"
)

// checkAt is invoke for `podlint check`, at a fixed time and with a standard input.
func checkAt(t testing.TB, stdin string, args ...string) (status int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	var stdout, stderr bytes.Buffer
	a := &app{Streams: Streams{strings.NewReader(stdin), &stdout, &stderr}, now: func() time.Time { return captured }}
	status = a.run(ctx, append([]string{"check"}, args...))
	return status, stdout.String(), stderr.String()
}

// writeTree writes files below a directory of the test's and returns it.
func writeTree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestCheckGoldens holds what the project's own definitions of every kind come to, in every format; that it is the same
// on every run; and that no secret is in it.
func TestCheckGoldens(t *testing.T) {
	golden := func(name, got string) { golden(t, name, got) }
	t.Chdir("../../testdata/definitions")
	t.Setenv("COLUMNS", "100")
	for _, format := range formats {
		status, out, _ := checkAt(t, "", "--full", "--format", format, "--markdown", ".")
		if status != 2 { // one of them is broken
			t.Errorf("%s: status %d", format, status)
		}
		if _, again, _ := checkAt(t, "", "--full", "--format", format, "--markdown", "."); again != out {
			t.Errorf("%s: the second run says something else", format)
		}
		if strings.Contains(out, "planted-") {
			t.Errorf("%s: a secret is in it", format)
		}
		golden("check."+map[string]string{"text": "txt"}[format]+strings.TrimPrefix(format, "text"), out)
		wellFormed(t, format, out)
	}
	t.Setenv("COLUMNS", "80")
	_, out, _ := checkAt(t, "", "--markdown", ".")
	golden("check.overview.txt", out)
}

const softUnit = "[Container]\nImage=localhost/plain:1\n"

// TestCheckInputs holds what is read, what is passed over, and what is an error.
func TestCheckInputs(t *testing.T) {
	soft := map[string]string{"a.container": softUnit}
	tests := []struct {
		name   string
		files  map[string]string
		make   func(dir string) error
		args   []string // relative to the directory
		stdin  string
		status int
		found  string // the containers, by name
		errs   string
	}{
		{name: "a directory", files: soft, status: 1, found: "systemd-a"},
		{name: "a file", files: soft, args: []string{"a.container"}, status: 1, found: "systemd-a"},
		{name: "a file and its directory", files: soft, args: []string{"a.container", "."}, status: 1,
			found: "systemd-a"},
		{name: "an empty directory", status: 2, errs: "no container is defined here"},
		{name: "an empty directory that may be", args: []string{"--allow-empty", "."}, status: 0},
		{name: "a network alone", files: map[string]string{"a.network": "[Network]\nInternal=true\n"}, status: 0,
			found: "a.network"},
		{name: "nothing of that name", args: []string{"none.container"}, status: 2, errs: "none.container: no such " +
			"file or directory"},
		{name: "a broken unit beside a good one", files: map[string]string{"a.container": softUnit,
			"b.container": "[Container]\nx\n"}, status: 2, found: "systemd-a", errs: "b.container:2: neither"},
		{name: "what is not podlint's", files: map[string]string{"a.txt": "x", "b.yaml": "a: b",
			"c.network": "[Match]\nName=x\n[Network]\nDHCP=yes\n", "d.image": "raw", "e.sh": "echo",
			"f.service": "[Service]\nExecStart=/bin/true\n"}, status: 2, errs: "no container is defined here"},
		{name: "a file that podlint does not know", files: map[string]string{"a.txt": "x"}, args: []string{"a.txt"},
			status: 2, errs: "a.txt: podlint does not know"},
		{name: "a script without an ending", files: map[string]string{"a": "#!/usr/bin/env bash\npodman run --name " +
			"x y\n"}, args: []string{"a"}, status: 1, found: "x"},
		{name: "binary", files: map[string]string{"a.container": "\x7fELF\x00"}, args: []string{"a.container"},
			status: 2, errs: "not a text file"},
		{name: "binary in a directory", files: map[string]string{"a.image": "\x7fELF\x00"}, status: 2,
			errs: "no container is defined here"},
		{name: "a FIFO", make: func(dir string) error {
			return syscall.Mkfifo(filepath.Join(dir, "a.container"),
				0o644)
		}, status: 2, errs: "no container is defined here"},
		{name: "a FIFO by name", make: func(dir string) error {
			return syscall.Mkfifo(filepath.Join(dir, "a.container"),
				0o644)
		}, args: []string{"a.container"}, status: 2, errs: "not a regular file"},
		{name: "a FIFO as environment file", files: map[string]string{"a.container": softUnit + "EnvironmentFile=f\n"},
			make: func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "f"), 0o644) }, status: 1,
			found: "systemd-a", errs: "not a regular file"},
		{name: "a loop of links", files: soft,
			make: func(dir string) error { return os.Symlink(".", filepath.Join(dir, "loop")) }, status: 1,
			found: "systemd-a"},
		{name: "a link to nothing", files: soft,
			make: func(dir string) error { return os.Symlink("nothing", filepath.Join(dir, "b.container")) }, status: 1,
			found: "systemd-a"},
		{name: "larger than is read", files: map[string]string{"a.container": softUnit +
			strings.Repeat("# x\n", files.Largest/4)}, status: 2, errs: "larger than 8 MiB"},
		{name: "standard input", args: []string{"-", "--stdin-name", "x.container"}, stdin: softUnit, status: 1,
			found: "systemd-x"},
		{name: "standard input without a name", args: []string{"-"}, status: 2, errs: "--stdin-name"},
		{name: "no path", args: []string{"--verbose"}, status: 2, errs: "takes the files"},
		{name: "both modes", args: []string{"--rootless", "--rootful", "."}, status: 2, errs: "exclude each other"},
		{name: "billion laughs", files: map[string]string{"a.yaml": laughs("apiVersion: v1\nkind: Pod\n")}, status: 2,
			errs: "excessive aliasing"},
		{name: "billion laughs in a compose file",
			files: map[string]string{"a.yaml": laughs("services: {a: {image: x}}\n")}, status: 1,
			found: "001_a_1"},
		{name: "deeply nested", files: map[string]string{"a.yaml": "apiVersion: v1\nkind: " +
			strings.Repeat("[", 5000) + strings.Repeat("]", 5000)}, status: 2, errs: "nested deeper"},
		{name: "YAML that contains itself", files: map[string]string{"a.yaml": "x-a: &a {<<: *a, image: " +
			"i}\nservices: {a: {image: x}}\n"}, status: 2, errs: "or in itself"},
		{name: "Markdown", files: map[string]string{"a.md": "```\npodman run --name x y\n```\n"}, status: 2,
			errs: "no container is defined here"},
		{name: "Markdown when asked for", files: map[string]string{"a.md": "```\npodman run --name x y\n```\n"},
			args: []string{".", "--markdown"}, status: 1, found: "x"},
		{name: "units of one name", files: map[string]string{"a/x.container": softUnit, "b/x.container": softUnit},
			status: 1, found: "systemd-x systemd-x"},
		{name: "a Helm template", files: map[string]string{"a.yaml": "apiVersion: v1\nkind: {{ .Kind }}\n  x: y\n {{ " +
			"end }}"}, status: 0, errs: "template"},
		{name: "ignored", files: map[string]string{".gitignore": "*.container\n!keep.container\n/sub/\n",
			"a.container": softUnit, "keep.container": softUnit, "sub/keep.container": softUnit}, status: 1,
			found: "systemd-keep",
			make:  func(dir string) error { return os.Mkdir(filepath.Join(dir, ".git"), 0o755) }},
		{name: "ignored, but named", files: map[string]string{".gitignore": "*.container\n", "a.container": softUnit},
			args: []string{"a.container"}, status: 1, found: "systemd-a"},
		{name: "a name with an escape sequence", files: map[string]string{"a\x1b[31m.container": softUnit}, status: 1,
			found: "systemd-a\x1b[31m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(writeTree(t, tt.files))
			if tt.make != nil {
				if err := tt.make("."); err != nil {
					t.Fatal(err)
				}
			}
			args := tt.args
			if args == nil {
				args = []string{"."}
			}
			status, out, errs := checkAt(t, tt.stdin, append([]string{"--format", "json"}, args...)...)
			if status != tt.status || !strings.Contains(errs, tt.errs) || tt.errs == "" && errs != "" {
				t.Errorf("status %d, %s", status, errs)
			}
			if strings.ContainsAny(out+errs, "\x1b") {
				t.Error("an escape sequence is in the output")
			}
			if out == "" {
				return
			}
			var names []string
			for _, c := range parseReport(t, out).Containers {
				names = append(names, c.Name)
			}
			if got := strings.Join(names, " "); got != tt.found {
				t.Errorf("containers %q, want %q", got, tt.found)
			}
			for _, format := range formats {
				if _, out, _ := checkAt(t, tt.stdin,
					append([]string{"--format", format}, args...)...); strings.ContainsAny(out, "\x1b") {
					t.Errorf("%s: an escape sequence is in the output", format)
				}
			}
		})
	}
}

// laughs is YAML whose aliases stand for a thousand million elements.
func laughs(head string) string {
	text := head + "x-a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		text += fmt.Sprintf("x-%c: &%c [%s]\n", 'b'+i, 'b'+i,
			strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", 'a'+i), 10), ", "))
	}
	return text
}

// TestCheckMode holds how severities follow from where a unit lies, and that an assumption is told.
func TestCheckMode(t *testing.T) {
	text := softUnit + "User=0\n"
	dir := writeTree(t, map[string]string{
		"etc/containers/systemd/a.container": text, "home/x/.config/containers/systemd/b.container": text,
		"etc/containers/systemd/users/c.container": text, "d.container": text,
	})
	for path, want := range map[string]string{
		"etc/containers/systemd/a.container": "high", "home/x/.config/containers/systemd/b.container": "medium",
		"etc/containers/systemd/users/c.container": "medium", "d.container": "high assumed",
		"d.container --rootless": "medium", "d.container --rootful": "high",
		"home/x/.config/containers/systemd/b.container --rootful": "high",
	} {
		args := strings.Fields(path)
		_, out, _ := checkAt(t, "",
			append([]string{filepath.Join(dir, args[0]), "--rule", "root-user", "--format", "json"}, args[1:]...)...)
		f := parseReport(t, out).Findings
		if len(f) != 1 {
			t.Fatalf("%s: %d findings", path, len(f))
		}
		got := f[0].Severity
		if strings.Contains(f[0].Message, "(rootful assumed)") {
			got += " assumed"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// TestCheckFixes applies the edits that SARIF offers, one finding at a time: the result is silent about it.
func TestCheckFixes(t *testing.T) {
	type sarif struct {
		Runs []struct {
			Results []struct {
				RuleID       string
				Fingerprints struct {
					V1 string `json:"podlint/v1"`
				} `json:"partialFingerprints"`
				Fixes []struct {
					ArtifactChanges []struct {
						Replacements []struct {
							DeletedRegion   struct{ StartLine, StartColumn, EndLine, EndColumn int }
							InsertedContent struct{ Text string }
						}
					}
				}
			}
		}
	}
	read := func(path string) sarif {
		_, out, _ := checkAt(t, "", "--format", "sarif", path)
		var s sarif
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, text := range map[string]string{
		"soft.container": softUnit +
			"User=root\nReadOnly=false\n# keep me\nNoNewPrivileges=no\nUserNS=host\n\n[Install]\nWantedBy=x\n",
		"run.sh":    "if a; then\n  sudo podman run -d --name x \\\n    quay.io/x/img:1\nfi\n",
		"x.service": "[Service]\nExecStart=podman run --name x quay.io/x/img:1\n",
	} {
		path := filepath.Join(writeTree(t, map[string]string{name: text}), name)
		for range 10 { // one edit after the other
			var fixed string
			for _, r := range read(path).Runs[0].Results {
				if len(r.Fixes) == 0 {
					continue
				}
				data, _ := os.ReadFile(path)
				now := string(data)
				for _, edit := range slices.Backward(r.Fixes[0].ArtifactChanges[0].Replacements) {
					lines := strings.SplitAfter(now, "\n")
					offset := func(line, column int) int { return len(strings.Join(lines[:line-1], "")) + column - 1 }
					at := edit.DeletedRegion
					now = now[:offset(at.StartLine, at.StartColumn)] + edit.InsertedContent.Text +
						now[offset(at.EndLine, at.EndColumn):]
				}
				if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
					t.Fatal(err)
				}
				fixed = r.RuleID
				for _, after := range read(path).Runs[0].Results {
					if after.RuleID == fixed && len(after.Fixes) > 0 {
						t.Fatalf("%s: %s is still found after its fix:\n%s", name, fixed, now)
					}
				}
				break
			}
			if fixed == "" {
				break
			}
		}
		data, _ := os.ReadFile(path)
		if strings.Contains(text, "# keep me") && !strings.Contains(string(data), "# keep me\n") {
			t.Errorf("a comment is gone:\n%s", data)
		}
		status, out, _ := checkAt(t, "", "--fail-on", "medium", path)
		if status != 0 {
			t.Errorf("%s: status %d after every fix:\n%s\n%s", name, status, data, out)
		}
	}
}

// TestCheckAsInCI is a job that fails on a finding and passes after the edit that podlint named.
func TestCheckAsInCI(t *testing.T) {
	dir := writeTree(t,
		map[string]string{"web.container": "[Container]\nImage=quay.io/a/a:1\nUserNS=auto\nDropCapability=all\n" +
			"NoNewPrivileges=true\n"})
	t.Chdir(dir)
	status, out, _ := checkAt(t, "", "--format", "github", ".")
	if status != 1 || !strings.Contains(out, "::warning file=web.container,line=1,col=1,title=podlint read-only "+
		"(medium)::") || !strings.Contains(out, "%0A→ ReadOnly=true") {
		t.Fatalf("status %d:\n%s", status, out)
	}
	text, _ := os.ReadFile("web.container")
	if err := os.WriteFile("web.container", append(text, "ReadOnly=true\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := checkAt(t, "", "--format", "github", "."); status != 0 ||
		strings.Contains(out, "::warning") || strings.Contains(out, "::error") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

// BenchmarkCheck lints a tree of ten thousand units.
func BenchmarkCheck(b *testing.B) {
	unit, err := os.ReadFile("../../testdata/definitions/quadlet/podman-args.container")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	const units = 10000
	for i := range units {
		sub := filepath.Join(dir, fmt.Sprint(i/100))
		_ = os.MkdirAll(sub, 0o755)
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("u%d.container", i)), unit, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if status, _, errs := checkAt(b, "", "--quiet", dir); status != 1 {
			b.Fatal(errs)
		}
	}
	b.ReportMetric(float64(units*b.N)/b.Elapsed().Seconds(), "units/s")
}

// TestSameName holds that two definitions of one name, of which one takes the other's place, are no neighbours.
func TestSameName(t *testing.T) {
	unit := "[Container]\nImage=localhost/plain:1\nContainerName=db\nVolume=data:/data:Z\nUIDMap=0:100000:65536\n" +
		"GIDMap=0:100000:65536\n"
	rules := []string{"--rule", "mount-relabel,uid-map-shared", "--format", "json"}
	_, out, _ := checkAt(t, "",
		append(rules, writeTree(t, map[string]string{"new/db.container": unit, "old/db.container": unit}))...)
	if found := parseReport(t, out).Findings; len(found) > 0 {
		t.Errorf("%s: %s", found[0].Rule, found[0].Message)
	}
	_, out, _ = checkAt(t, "",
		append(rules,
			writeTree(t, map[string]string{"db.container": unit,
				"backup.container": strings.Replace(unit, "=db", "=backup", 1)}))...)
	if found := parseReport(t, out).Findings; len(found) != 4 {
		t.Errorf("of two neighbours there are %d findings, want 4", len(found))
	}
}

// TestOwnUnit holds that podlint finds nothing in the unit that it runs by, however strict.
func TestOwnUnit(t *testing.T) {
	status, out, errs := checkAt(t, "", "--rootful", "--profile", "strict", "--config", "none", "../../deploy")
	if status != 0 || errs != "" || !strings.Contains(out, "1 container: 1 clean") {
		t.Errorf("status %d, %s%s", status, out, errs)
	}
}

// TestCheckTrust holds what the files say that a machine accepts images by, as they are named.
func TestCheckTrust(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{
		"a.container": "[Container]\nImage=quay.io/x/y:1\n", "b.container": "[Container]\nImage=shorty:1\n",
		"policy.json": `{"default": [{"type": "reject"}],
 "transports": {"docker": {"quay.io": [{"type": "insecureAcceptAnything"}]}}}`,
		"registries.conf": "[[registry]]\nlocation = \"quay.io\"\ninsecure = true\n[aliases]\n\"shorty\" = " +
			"\"quay.io/x/shorty\"\n",
	}))
	_, out, errs := checkAt(t, "", ".", "--policy", "policy.json", "--registries", "registries.conf", "--rule",
		"image-unsigned,registry-insecure,image-short-name", "--config", "none", "--format", "json")
	var found []string
	for _, f := range parseReport(t, out).Findings {
		found = append(found, f.Container+" "+f.Severity+" "+f.Rule)
	}
	slices.Sort(found)
	if got, want := strings.Join(found, ", "), "systemd-a high registry-insecure, systemd-a medium image-unsigned, "+
		"systemd-b high registry-insecure, systemd-b low image-short-name, "+
		"systemd-b medium image-unsigned"; got != want || errs != "" {
		t.Errorf("got %s\n%s", got, errs)
	}
	if status, _, errs := checkAt(t, "", ".", "--policy", "none.json", "--config", "none"); status != 2 ||
		!strings.Contains(errs, "none.json cannot be read as a signature policy") {
		t.Errorf("status %d, %s", status, errs)
	}
}

// TestWideCharacters holds that a place behind characters beyond ASCII is that of the value: in SARIF by UTF-16 code
// units, in JSON by bytes, whatever the language.
func TestWideCharacters(t *testing.T) {
	for name, tt := range map[string]struct{ text, rule, word string }{
		"a.sh": {"podman run --name a --label \"größe=𝄞ü\" --cap-add SYS_ADMIN docker.io/library/nginx:1.28\n",
			"cap-dangerous", "SYS_ADMIN"},
		"a.yaml": {"services:\n  a: {image: \"docker.io/library/nginx:1.28\", labels: [\"größe=𝄞ü\"], privileged: " +
			"true}\n",
			"privileged", "privileged"},
		"b.yaml": {"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, image: x:1, " +
			"args: " +
			"[\"𝄞日本\"], securityContext: {privileged: true}}\n", "privileged", "privileged"},
		"a.container": {"[Container]\nImage=docker.io/library/nginx:1.28\nPodmanArgs=--label größe=𝄞ü --privileged\n",
			"privileged", "--privileged"},
	} {
		dir := writeTree(t, map[string]string{name: tt.text})
		_, out, _ := checkAt(t, "", "--rule", tt.rule, "--format", "json", dir)
		_, sarif, _ := checkAt(t, "", "--rule", tt.rule, "--format", "sarif", dir)
		found := parseReport(t, out).Findings
		var parsed struct {
			Runs []struct {
				Results []struct {
					Locations []struct {
						PhysicalLocation struct {
							Region struct{ StartLine, StartColumn int }
						}
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(sarif), &parsed); err != nil || len(found) != 1 {
			t.Fatalf("%s: %d findings, %v", name, len(found), err)
		}
		line := strings.Split(tt.text, "\n")[found[0].Location.Line-1]
		if got := line[found[0].Location.Column-1:]; !strings.HasPrefix(got, tt.word) {
			t.Errorf("%s: JSON points at %q", name, got)
		}
		region := parsed.Runs[0].Results[0].Locations[0].PhysicalLocation.Region
		units := utf16.Encode([]rune(line))
		if got := string(utf16.Decode(units[region.StartColumn-1:])); !strings.HasPrefix(got, tt.word) {
			t.Errorf("%s: SARIF points at %q", name, got)
		}
	}
}
