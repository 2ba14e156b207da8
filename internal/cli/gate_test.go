package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// openUnit is a unit that must never be passed over.
const openUnit = "[Container]\nImage=docker.io/library/nginx\nPodmanArgs=--privileged\n"

// openPod is the same as Kubernetes YAML.
const openPod = `apiVersion: v1
kind: Pod
metadata:
  name: x
spec:
  containers:
  - name: a
    image: docker.io/library/nginx
    securityContext:
      privileged: true
`

// inUTF16 writes a text in UTF-16 with its byte order mark.
func inUTF16(text string, big bool) string {
	var b strings.Builder
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		high, low := byte(unit>>8), byte(unit)
		if big {
			b.Write([]byte{high, low})
		} else {
			b.Write([]byte{low, high})
		}
	}
	return b.String()
}

// git runs the git program in a directory.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.org"},
		args...)...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestCheckNothingHidden holds that a privileged container is found, or its file is an error, however it is disguised.
func TestCheckNothingHidden(t *testing.T) {
	pod := func(old, now string) map[string]string {
		return map[string]string{"a.yaml": strings.Replace(openPod, old, now, 1)}
	}
	list := "apiVersion: v1\nkind: List\nitems:\n- " +
		strings.ReplaceAll(strings.TrimSuffix(openPod, "\n"), "\n", "\n  ") + "\n"
	tests := []struct {
		name  string
		files map[string]string
		make  func(t *testing.T, dir string)
		// wrong is set where it is an error rather than found.
		wrong string
	}{
		{name: "a NUL byte in a unit's comment", files: map[string]string{"a.container": "# \x00\n" + openUnit},
			wrong: "a.container:1: not a text file"},
		{name: "a NUL byte in a drop-in", files: map[string]string{
			"a.container": softUnit, "a.container.d/x.conf": "[Container]\nPodmanArgs=--privileged\x00\n"},
			wrong: "x.conf:2: not a text file"},
		{name: "a NUL byte in a service", files: map[string]string{
			"a.service": "[Service]\n# \x00\nExecStart=podman run --privileged x\n"}, wrong: "a.service:2: not a text"},
		{name: "a NUL byte late in a script", files: map[string]string{
			"a.sh": "#!/bin/sh\n" + strings.Repeat("# text\n", 3000) + "# \x00\npodman run --privileged x\n"},
			wrong: "a.sh:3002: not a text file"},
		{name: "a NUL byte within the word", files: map[string]string{"a.sh": "pod\x00man run --privileged x\n"},
			wrong: "a.sh:1: not a text file"},
		{name: "a shell within the script", files: map[string]string{
			"a.sh": "sudo bash -ec 'cd / && podman run --privileged x'\n"}},
		{name: "eval", files: map[string]string{"a.sh": "eval podman \"run --privileged\" x\n"}},
		{name: "shells within shells", files: map[string]string{
			"a.sh": "sh -c \"bash -c 'podman run --privileged x'\"\n"}},
		{name: "quotes within the word", files: map[string]string{"a.sh": "po\"d\"m\\an run --privileged x\n"}},
		{name: "UTF-16, little endian", files: map[string]string{"a.yaml": inUTF16(openPod, false)}},
		{name: "UTF-16, big endian", files: map[string]string{"a.yaml": inUTF16(openPod, true)}},
		{name: "a unit in UTF-16", files: map[string]string{"a.container": inUTF16(openUnit, false)},
			wrong: "not a text file"},
		{name: "a byte order mark before a unit", files: map[string]string{"a.container": "\ufeff" + openUnit},
			wrong: "neither KEY=VALUE"},
		{name: "UTF-8 with a byte order mark", files: map[string]string{"a.yaml": "\ufeff" + openPod}},
		{name: "apiVersion escaped", files: pod("apiVersion", `"\x61piVersion"`)},
		{name: "kind escaped", files: pod("kind", `"\u006bind"`)},
		{name: "both escaped", files: map[string]string{"a.yaml": strings.NewReplacer("apiVersion",
			`"api\x56ersion"`, "kind", `"k\U00000069nd"`).Replace(openPod)}},
		{name: "a key in base64", files: pod("kind", "!!binary a2luZA==")},
		{name: "a value in base64", files: pod("kind: Pod", "kind: !!binary UG9k")},
		{name: "keys of another case", files: pod("kind", "Kind"), wrong: "Kind is read by Podman as kind"},
		{name: "a list of another case", files: pod("containers", "Containers"),
			wrong: "Containers is read by Podman as containers"},
		{name: "a List", files: map[string]string{"a.yaml": list}},
		{name: "services escaped", files: map[string]string{
			"a.yaml": "\"\\x73ervices\":\n  a: {image: docker.io/library/nginx, privileged: true}\n"}},
		{name: "services merged", files: map[string]string{
			"a.yaml": "x-a: &a {a: {image: docker.io/library/nginx, privileged: true}}\nservices: {<<: *a}\n"}},
		{name: "a compose file that only includes", files: map[string]string{"compose.yaml": "include: [b.txt]\n",
			"b.txt": "services: {a: {image: docker.io/library/nginx, privileged: true}}\n"}},
		{name: "a script's word escaped in YAML", files: map[string]string{
			".github/workflows/a.yml": "jobs: {a: {steps: [{run: \"\\x70odman run --privileged x\"}]}}\n"}},
		{name: "an ending in large letters", files: map[string]string{"a.YAML": openPod}},
		{name: "a hidden file", files: map[string]string{".a.container": openUnit}},
		{name: "in .hg", files: map[string]string{".hg/a.container": openUnit}},
		{name: "in .svn", files: map[string]string{".svn/b/a.container": openUnit}},
		{name: "in .git", files: map[string]string{".git/refs/a.container": openUnit, ".gitignore": "*"}},
		{name: "a .gitignore without a repository", files: map[string]string{".gitignore": "*.container\n",
			"a.container": openUnit}},
		{name: "a tracked file", files: map[string]string{".gitignore": "*.container\n", "a.container": openUnit},
			make: func(t *testing.T, dir string) { git(t, dir, "init", "-q"); git(t, dir, "add", "-f", ".") }},
		{name: "a tracked file in a directory",
			files: map[string]string{".gitignore": "b/\n", "b/c/a.container": openUnit},
			make: func(t *testing.T, dir string) {
				git(t, dir, "init", "-q")
				git(t, dir, "add", "-f", ".")
				git(t, dir, "update-index", "--index-version", "4")
			}},
		{name: "a split index", files: map[string]string{".gitignore": "*.container\n", "a.container": openUnit},
			make: func(t *testing.T, dir string) {
				git(t, dir, "init", "-q")
				git(t, dir, "add", "-f", ".")
				git(t, dir, "update-index", "--split-index")
			}},
		{name: "an index with SHA-256",
			files: map[string]string{".gitignore": "*.container\n", "a.container": openUnit},
			make: func(t *testing.T, dir string) {
				git(t, dir, "init", "-q", "--object-format=sha256")
				git(t, dir, "add", "-f", ".")
			}},
		{name: "an index that is not one",
			files: map[string]string{".gitignore": "*.container\n", "a.container": openUnit,
				".git/index": "DIRC\x00\x00\x00\x02\x7f\xff\xff\xff"}},
		{name: "a link to a directory outside", files: map[string]string{"../evil/a.container": openUnit},
			make:  func(t *testing.T, dir string) { link(t, "../evil", filepath.Join(dir, "b")) },
			wrong: "b: not read: it is outside"},
		{name: "a link to a file outside", files: map[string]string{"../evil/a": openUnit},
			make:  func(t *testing.T, dir string) { link(t, "../evil/a", filepath.Join(dir, "a.container")) },
			wrong: "a.container: not read: it is outside"},
		{name: "a link to a directory that is ignored", files: map[string]string{".gitignore": "/b\n",
			"b/a.container": openUnit, ".git/HEAD": "x"},
			make: func(t *testing.T, dir string) { link(t, "b", filepath.Join(dir, "c")) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			above := t.TempDir()
			dir := filepath.Join(above, "tree")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			writeBelow(t, dir, tt.files)
			t.Chdir(dir)
			if tt.make != nil {
				tt.make(t, dir)
			}
			status, out, errs := checkAt(t, "", "--rule", "privileged", "-f", "json", ".")
			if tt.wrong != "" {
				if status != 2 || !strings.Contains(errs, tt.wrong) {
					t.Errorf("status %d, %s, want an error about %q", status, errs, tt.wrong)
				}
				return
			}
			if status != 1 || !strings.Contains(out, `"rule":"privileged"`) {
				t.Errorf("status %d, %s\n%s", status, errs, out)
			}
		})
	}
}

func link(t testing.TB, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// writeBelow writes files below a directory.
func writeBelow(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckPassedOver holds that what is passed over is counted, and listed where asked.
func TestCheckPassedOver(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"a.container": softUnit, "b.container": softUnit, ".gitignore": "b.container\nsub/\n", ".git/HEAD": "x",
		"sub/c.container": softUnit, "d.yaml": "a: b", "e.service": "[Service]\nExecStart=true\n",
		"f.network": "[Match]\nName=x\n[Network]\nDHCP=yes\n", "g.sh": "echo\n"})
	link(t, "nothing", filepath.Join(dir, "h.container"))
	link(t, "/dev/null", filepath.Join(dir, "i.container"))
	t.Chdir(dir)
	status, out, errs := checkAt(t, "", ".")
	if status != 1 || errs != "" || !strings.Contains(out, "2 paths ignored by .gitignore, 6 paths passed over") ||
		strings.Contains(out, "masked") {
		t.Errorf("status %d, %s\n%s", status, errs, out)
	}
	_, out, _ = checkAt(t, "", ".", "--verbose")
	for _, want := range []string{"b.container: excluded by .gitignore", "sub: excluded", "d.yaml: YAML that defines",
		"e.service: a service", "f.network: a unit of systemd-networkd", "g.sh: no podman command",
		"h.container: a symbolic link that leads nowhere", "i.container: masked"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if _, out, _ = checkAt(t, "", ".", "-f", "json"); !strings.Contains(out,
		`{"path":"d.yaml","reason":"YAML that defines no container"}`) {
		t.Error(out)
	}
}

// TestCheckNothingOutside holds that nothing outside of the paths is read, whatever a definition names and wherever a
// link leads, and that not a word of it shows.
func TestCheckNothingOutside(t *testing.T) {
	const secret = "Zq601Xv7Kp2Lm9Rt4"
	outside := map[string]string{"outside/env": "A_PASSWORD=" + secret + "\n", "outside/shadow": "root:" + secret +
		":1\n",
		"outside/b.yaml":   "services: {b: {image: " + secret + "}}\n",
		"outside/pod.yaml": strings.ReplaceAll(openPod, "nginx", secret), "outside/x.conf": secret}
	const service = "services: {a: {image: \"docker.io/library/x:${A_PASSWORD}\", %s}}\n"
	tests := []struct {
		name, file, text string
		links            map[string]string // from paths in the tree
		status           int
		says             string
	}{
		{name: "compose include", file: "compose.yaml", text: "include: [../outside/b.yaml]\nservices: {a: {image: " +
			"x}}\n",
			status: 2, says: "outside of what is checked"},
		{name: "compose include of what is no YAML", file: "compose.yaml",
			text: "include: [../outside/shadow]\nservices: {a: {image: x}}\n", status: 2, says: "outside of what is"},
		{name: "compose extends", file: "compose.yaml",
			text:   "services: {a: {extends: {file: ../outside/b.yaml, service: b}}}\n",
			status: 2, says: "outside of what is checked"},
		{name: "compose env_file", file: "compose.yaml",
			text:   strings.Replace(service, "%s", "env_file: ../outside/env", 1),
			status: 1, says: "outside of what is checked"},
		{name: "compose .env", file: "compose.yaml", text: strings.Replace(service, "%s", "init: true", 1),
			links: map[string]string{".env": "../outside/env"}, status: 2, says: ".env: not read"},
		{name: "compose .env that the kernel makes up", file: "compose.yaml",
			text:  strings.Replace(service, "%s", "init: true", 1),
			links: map[string]string{".env": "/proc/self/environ"}, status: 2, says: ".env: not read"},
		{name: "EnvironmentFile", file: "a.container", text: softUnit + "EnvironmentFile=../outside/env\n", status: 1,
			says: "the environment file is not read"},
		{name: "EnvironmentFile by a link", file: "a.container", text: softUnit + "EnvironmentFile=env\n",
			links: map[string]string{"env": "../outside/env"}, status: 1, says: "the environment file is not read"},
		{name: "EnvironmentFile by a link to a directory", file: "a.container", text: softUnit +
			"EnvironmentFile=d/env\n",
			links: map[string]string{"d": "../outside"}, status: 2, says: "the environment file is not read"},
		{name: "EnvironmentFile in /proc", file: "a.container", text: softUnit + "EnvironmentFile=/proc/kmsg\n",
			status: 1,
			says:   "the environment file is not read"},
		{name: "EnvironmentFile that is a device", file: "a.container", text: softUnit + "EnvironmentFile=/dev/zero\n",
			status: 1, says: "the environment file is not read"},
		{name: "a .kube unit's YAML", file: "a.kube", text: "[Kube]\nYaml=../outside/pod.yaml\n", status: 2,
			says: "its YAML"},
		{name: "a drop-in", file: "a.container", text: softUnit,
			links: map[string]string{"a.container.d": "../outside"}, status: 2, says: "reading the drop-in"},
		{name: "ConfigMaps beside it", file: "a.yaml", text: openPod + "    env: [{name: A, valueFrom: " +
			"{configMapKeyRef: " +
			"{name: x, key: y}}}]\n", links: map[string]string{"b.yaml": "../outside/pod.yaml"}, status: 2,
			says: "b.yaml: not read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			above := writeTree(t, outside)
			dir := filepath.Join(above, "tree")
			writeBelow(t, dir, map[string]string{tt.file: tt.text})
			t.Chdir(dir)
			for path, target := range tt.links {
				link(t, target, path)
			}
			t.Setenv("A_PASSWORD", secret)
			for _, path := range []string{".", tt.file} {
				status, out, errs := checkAt(t, "", "-f", "json", "-v", path)
				if path == "." && (status != tt.status || !strings.Contains(errs, tt.says)) {
					t.Errorf("status %d, %s", status, errs)
				}
				if strings.Contains(out+errs, secret) || strings.Contains(out, `"A_PASSWORD`) {
					t.Errorf("%s: what is outside shows in\n%s%s", path, errs, out)
				}
			}
		})
	}
}

// TestCheckAllowOutside holds that --allow-outside reads what definitions name, and that the units of this machine may
// name any file.
func TestCheckAllowOutside(t *testing.T) {
	above := writeTree(t,
		map[string]string{"outside/env": "A_PASSWORD=Zq601Xv7Kp2Lm9Rt4\n", "outside/b.container": openUnit,
			"tree/a.container":                    softUnit + "EnvironmentFile=../outside/env\n",
			"home/containers/systemd/c.container": softUnit + "EnvironmentFile=../../../outside/env\n"})
	link(t, "../outside/b.container", filepath.Join(above, "tree/b.container"))
	t.Chdir(filepath.Join(above, "tree"))
	status, out, errs := checkAt(t, "", "-f", "json", "--allow-outside", ".")
	if status != 1 || errs != "" || !strings.Contains(out, "A_PASSWORD") || !strings.Contains(out, `"privileged"`) {
		t.Errorf("status %d, %s\n%s", status, errs, out)
	}
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(above, "home"))
	status, out, errs = checkAt(t, "", "-f", "json", "../home/containers/systemd")
	if status != 1 || errs != "" || !strings.Contains(out, "A_PASSWORD") {
		t.Errorf("status %d, %s\n%s", status, errs, out)
	}
}
