package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/podman/live/livetest"
)

// choices are the ways to choose rules in which no rule needs to have looked for secrets.
var choices = [][]string{nil, {"--rule", "read-only"}, {"--rule", "privileged,port-exposed"},
	{"--skip", "plaintext-secret"}}

// keepsSecret runs check and fix over a file in every format and fails where the planted value is printed.
func keepsSecret(t *testing.T, path, value string) {
	t.Helper()
	check, dir := []string{"check", "-v", path}, t.TempDir()
	for _, format := range formats { // text goes to standard output
		if format != "text" {
			format += "=" + filepath.Join(dir, format)
		}
		check = append(check, "--format", format)
	}
	for _, run := range [][]string{{"fix", path}, {"fix", "--drop-in", path}, check} {
		for _, choice := range choices {
			args := append(slices.Concat(run, choice), "--config", "none")
			_, out, errs := invoke(t, args...)
			said := out + errs
			for _, format := range formats {
				data, err := os.ReadFile(filepath.Join(dir, format))
				if err != nil && format != "text" && run[0] == "check" {
					t.Fatal(err)
				}
				said += string(data)
			}
			if strings.Contains(said, value) {
				t.Errorf("podlint %s prints the secret:\n%s", strings.Join(args, " "), linesWith(said, value))
				return
			}
		}
	}
}

func linesWith(text, part string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// TestKnownSecretsStayHidden holds definitions whose secrets, which all begin with "hunter", once were printed.
func TestKnownSecretsStayHidden(t *testing.T) {
	paths, err := filepath.Glob("testdata/secrets/*")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		keepsSecret(t, path, "hunter")
	}
}

// plantedSecrets holds values by how a reader knows that they are secret. Each is given as a variable's name and value,
// and as a command line.
var plantedSecrets = []struct{ kind, name, variable, command, value string }{
	{"name", "DB_PASSWORD", "hunter2secret", "serve --db-password hunter2secret", "hunter2secret"},
	{"name joined", "SMTP_PASS", "hunter3secret", "serve --smtp-pass=hunter3secret", "hunter3secret"},
	{"token", "WORD", "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", "serve ghp_0123456789abcdefghijklmnopqrstuvwxyzAB",
		"0123456789abcdefghij"},
	{"URL", "DATABASE", "postgres://app:hunter4secret@db/app", "serve postgres://app:hunter4secret@db/app",
		"hunter4secret"},
	{"query", "ENDPOINT", "https://x.example/?apikey=hunter5secret", "curl https://x.example/?apikey=hunter5secret",
		"hunter5secret"},
	{"redis", "REDIS_PASSWORD", "hunter6secret", "redis-cli -a hunter6secret ping", "hunter6secret"},
	{"mysql", "MYSQL_PWD", "hunter7secret", "mysqladmin -u root -phunter7secret ping", "hunter7secret"},
	{"random", "KEYED", "gY7Qm2Xv9Kp4Lr8Tz1Wn6Bs3", "serve gY7Qm2Xv9Kp4Lr8Tz1Wn6Bs3", "gY7Qm2Xv9Kp4Lr8Tz1Wn6Bs3"},
}

// plantedSyntaxes holds definitions in which NAME, VALUE, COMMAND, and LIST and ITEMS, which are the command's words,
// are filled in.
var plantedSyntaxes = []struct{ name, file, text string }{
	{"unit", "a.container",
		"[Container]\nImage=docker.io/library/nginx:1.27\nEnvironment=NAME=VALUE\nPodmanArgs=--privileged\n" +
			"Exec=COMMAND\n"},
	{"unit quoted", "a.container", "[Container]\nImage=docker.io/library/nginx:1.27\nEnvironment=A=b \"NAME=VALUE\" " +
		"C=d\nPublishPort=80:80\nHealthCmd=COMMAND\n"},
	{"unit arguments", "a.container", "[Container]\nImage=docker.io/library/nginx:1.27\nPodmanArgs=--privileged " +
		"--env NAME=VALUE --env=NAME=VALUE\n"},
	{"unit continued", "a.container", "[Container]\nImage=docker.io/library/nginx:1.27\nEnvironment=A=b \\\n  " +
		"NAME=VALUE\nPodmanArgs=--privileged \\\n  --health-cmd=\"COMMAND\"\n"},
	{"unit comment", "a.container", "[Container]\nImage=docker.io/library/nginx:1.27\n# NAME=VALUE\n# " +
		"COMMAND\n#Environment=NAME=VALUE\nPodmanArgs=--privileged\n"},
	{"unit expanded", "a.container", "[Container]\nImage=docker.io/library/node:22\nEnvironment=NAME=VALUE\n" +
		"Exec=sh -c 'npx -y $NAME; pip install ${NAME}==1; go run example.org/$NAME@latest; apt-get -o " +
		"Acquire::AllowUnauthenticated=$NAME install x'\n"},
	{"script expanded", "a.sh", "podman run -d -e 'NAME=VALUE' docker.io/library/node:22 sh -c 'npx -y \"$NAME\"'\n" +
		"podman run -d docker.io/library/node:22 sh -c 'NAME=\"VALUE\"; npx -y ${NAME:-x}; npx ${NAME2:-$NAME}'\n"},
	{"script", "a.sh", "podman run -d --privileged -e NAME=VALUE docker.io/library/nginx:1.27 COMMAND\n"},
	{"script lines", "a.sh", "NAME=VALUE\nexport NAME='VALUE' # NAME=VALUE\npodman run -d --privileged \\\n  -e " +
		"NAME='VALUE' \\\n  -e \"NAME=VALUE\" \\\n  docker.io/library/nginx:1.27 \\\n  COMMAND\n"},
	{"script comment", "a.sh", "# NAME=VALUE\n# COMMAND\npodman run -d --privileged docker.io/library/nginx:1.27 # " +
		"NAME: VALUE\n"},
	{"script health", "a.sh", "podman run -d --privileged --health-cmd 'COMMAND' -p 80:80 " +
		"docker.io/library/nginx:1.27\n"},
	{"kube", "a.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    " +
		"image: docker.io/library/nginx:1.27\n    env:\n    - name: NAME\n      value: VALUE\n    - value: VALUE\n   " +
		"   name: NAME\n    - name: NAME\n      # as NAME: VALUE\n      value: >-\n        VALUE\n    args: [LIST]\n " +
		"   securityContext:\n      privileged: true # NAME: VALUE\n"},
	{"kube flow", "a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, " +
		"image: \"docker.io/library/nginx:1.27\", env: [{name: NAME, value: \"VALUE\"}, {value: VALUE, name: NAME}], " +
		"command: [LIST], securityContext: {privileged: true}}\n"},
	{"kube lists", "a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    " +
		"image: docker.io/library/nginx:1.27\n    args:\nITEMS    securityContext: {privileged: true}\n"},
	{"kube secret", "a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  one: VALUE\n  two: " +
		"|\n    VALUE\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, " +
		"image: x, securityContext: {privileged: true}}\n"},
	{"compose", "compose.yaml", "services:\n  a:\n    image: docker.io/library/nginx:1.27\n    privileged: true # " +
		"NAME: VALUE\n    environment:\n      NAME: VALUE\n      B: c\n    command: COMMAND\n"},
	{"compose quoted", "compose.yaml", "services:\n  a:\n    image: docker.io/library/nginx:1.27\n    environment:\n " +
		"     'NAME': \"VALUE\"\n    command: [LIST]\n    ports: ['80:80'] # COMMAND\n"},
	{"compose scalar", "compose.yaml", "services:\n  a:\n    image: docker.io/library/nginx:1.27\n    environment:\n " +
		"     NAME: |\n        VALUE\n        VALUE\n    privileged: true\n    command: >\n      COMMAND\n"},
	{"compose next line", "compose.yaml", "services:\n  a:\n    image: docker.io/library/nginx:1.27\n    " +
		"environment:\n      NAME:\n        VALUE\n    privileged: true\n"},
	{"compose flow", "compose.yaml", "services:\n  a: {image: \"docker.io/library/nginx:1.27\", privileged: true, " +
		"environment: {A: b, NAME: VALUE}, command: [LIST]}\n"},
	{"compose flow list", "compose.yaml", "services:\n  a: {image: \"docker.io/library/nginx:1.27\", privileged: " +
		"true, environment: [A=b, NAME=VALUE, \"NAME=VALUE\"]}\n"},
	{"compose list", "compose.yaml", "services:\n  a:\n    image: docker.io/library/nginx:1.27\n    environment:\n   " +
		"   - A=b\n      - NAME=VALUE\n      - \"NAME=VALUE\"\n    healthcheck:\n      test: [CMD, LIST]\n    " +
		"privileged: true\n"},
	{"compose default", "compose.yaml", "services:\n  a:\n    image: docker.io/library/nginx:1.27\n    " +
		"environment:\n      NAME: ${NAME:-VALUE}\n    privileged: true\n"},
	{"broken YAML", "a.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - env:\n    - name: NAME\n      " +
		"value: VALUE\n   NAME: VALUE\n"},
}

// TestNoSecretIsPrinted plants secrets in definitions and looks for them in what every command prints.
func TestNoSecretIsPrinted(t *testing.T) {
	for _, syntax := range plantedSyntaxes {
		for _, s := range plantedSecrets {
			t.Run(syntax.name+"/"+s.kind, func(t *testing.T) {
				words := strings.Fields(s.command)
				items := ""
				for _, w := range words {
					items += "    - " + w + "\n"
				}
				text := strings.NewReplacer("NAME", s.name, "VALUE", s.variable, "COMMAND", s.command, "ITEMS", items,
					"LIST", `"`+strings.Join(words, `", "`)+`"`).Replace(syntax.text)
				path := filepath.Join(t.TempDir(), syntax.file)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				keepsSecret(t, path, s.value)
			})
		}
	}
}

// TestEnvFileIsNotPrinted holds the same of variables that a definition takes from a file.
func TestEnvFileIsNotPrinted(t *testing.T) {
	for _, s := range plantedSecrets {
		t.Run(s.kind, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			write("app.env", fmt.Sprintf("# %s=%s\nA=b\n%s=%s\n", s.name, s.variable, s.name, s.variable))
			keepsSecret(t, write("a.container",
				"[Container]\nImage=docker.io/library/nginx:1.27\nEnvironmentFile=./app.env\n"), s.value)
			keepsSecret(t, write("compose.yaml", "services:\n  a:\n    image: docker.io/library/nginx:1.27\n    "+
				"env_file: app.env\n"), s.value)
		})
	}
}

// TestMaskedDiff holds that standard error says so where a diff has a mask, and that what is written has the secret.
func TestMaskedDiff(t *testing.T) {
	const unit = "[Container]\nImage=docker.io/library/nginx:1.27\nHealthCmd=redis-cli -a hunter6secret ping\n"
	path := filepath.Join(t.TempDir(), "a.container")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out, errs := invoke(t, "fix", "--config", "none", path)
	if !strings.Contains(errs, "a.container: "+fix.NotForPatch+"\n") || !strings.HasPrefix(out, "--- a/") ||
		!strings.Contains(out, " HealthCmd=redis-cli -a [redacted] ping\n") {
		t.Errorf("the diff:\n%s", out)
	}
	if status, _, errs := invoke(t, "fix", "--config", "none", "--write", "--all", path); status > statusEditFailed {
		t.Errorf("status %d: %s", status, errs)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "HealthCmd=redis-cli -a hunter6secret ping\n") || string(text) == unit {
		t.Errorf("written:\n%s", text)
	}
}

// TestScanKeepsSecretsUnderEveryChoice looks in a replayed scan for what was planted in the captured containers.
func TestScanKeepsSecretsUnderEveryChoice(t *testing.T) {
	url := livetest.Serve(t, livetest.Load(t, livetest.Names()[2]))
	for _, format := range formats {
		for _, choice := range choices {
			_, out, errs := scanAt(t, url, append([]string{"-v", "--format", format}, choice...)...)
			if strings.Contains(out+errs, "planted-") || strings.Contains(out+errs, "9f3Kq7") {
				t.Errorf("%s %q: a secret shows", format, choice)
			}
		}
	}
}
