//go:build realpodman

package cli

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/report"
)

// lintImage returns the findings of an image, a line each, sorted, and the report.
func lintImage(t *testing.T, name string) (string, string) {
	t.Helper()
	_, out, _ := invoke(t, "image", name, "--profile", "strict", "--config", "none", "--format", "json")
	validate(t, "report", report.Schema, out)
	var found []string
	for _, f := range parseReport(t, out).Findings {
		found = append(found, f.Severity+" "+f.Rule+" "+f.Message)
	}
	slices.Sort(found)
	return strings.Join(found, "\n"), out
}

// TestRealImages lints images by themselves: one with something of each kind in it, one without fault.
func TestRealImages(t *testing.T) {
	emptyStorage(t)
	dir, write := busyboxRoot(t, "etc", "root/.aws", "app")
	write("root/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n"+planted("key")+"\nx\ny\n-----END OPENSSH "+
		"PRIVATE KEY-----\n", 0o600)
	write("root/.aws/credentials", "[default]\naws_secret_access_key = "+planted("aws")+"\n", 0o600)
	write("app/.env", "DB_PASSWORD="+planted("env")+"\n", 0o600)
	write("etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444)
	write("etc/passwd", "svc:x:10001:10001::/:/bin/sh\n", 0o644)
	write("Containerfile", `FROM scratch
COPY bin /bin
COPY etc/machine-id /etc/machine-id
COPY root /root
COPY app /app
RUN ["/bin/busybox", "rm", "-r", "/root/.aws"]
RUN ["/bin/busybox", "chmod", "777", "/app"]
RUN ["/bin/busybox", "chmod", "4755", "/bin/busybox"]
`, 0o644)
	podmanCommand(t, "build", "-q", "--network", "none", "-t", "localhost/seeded:1", dir)
	write("Containerfile", "FROM scratch\nCOPY bin /bin\nCOPY etc/passwd /etc/passwd\nUSER 10001:10001\n", 0o644)
	podmanCommand(t, "build", "-q", "--no-cache", "--network", "none", "--timestamp", "1262304000", "-t",
		"localhost/clean:1", dir)
	built := podmanCommand(t, "image", "inspect", "--format", `{{.Created.UTC.Format "2006-01-02 15:04:05"}}`,
		"localhost/seeded:1")
	want := `high image-secret-file /app/.env holds a secret among its variables (layer 4)
high image-secret-file /root/.aws/credentials holds AWS credentials; a later layer takes it away, ` +
		`and it is in this one all the same (layer 3)
high image-secret-file /root/id_ed25519 holds a private key (layer 3)
info image-unreproducible its own date, ` + built + `, is that of the build: built again it is another image
low image-setuid /bin/busybox runs as UID 0, no matter who starts it (layer 7)
low image-unreproducible the build has left a machine ID in it: /etc/machine-id (layer 2)
low image-writable everybody may put files into /app, and in place of others' (layer 6)
medium image-root it has no USER: a container of it runs as root`
	got, out := lintImage(t, "localhost/seeded:1")
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if strings.Contains(out, "planted-") {
		t.Error("a secret shows")
	}
	if got, _ := lintImage(t, "localhost/clean:1"); got != "" {
		t.Errorf("one without fault: %s", got)
	}
	if status, _, errs := invoke(t, "image", "localhost/none:1", "--config", "none"); status != 2 ||
		!strings.Contains(errs, "there is no image") {
		t.Errorf("one that is not there: status %d, %s", status, errs)
	}
}

// TestRealOwnImage builds podlint's own image twice, which is one image, and runs its unit's command line.
func TestRealOwnImage(t *testing.T) {
	emptyStorage(t)
	dir := t.TempDir()
	program, err := os.ReadFile(os.Getenv("PODLINT"))
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "podlint"), program, 0o755)
	file := filepath.Join(os.Getenv("DEPLOY"), "Containerfile")
	build := func() string {
		return podmanCommand(t, "build", "-q", "--no-cache", "--network", "none", "--timestamp", "1262304000", "-f",
			file, "-t", "localhost/podlint:latest", dir)
	}
	first := build()
	digest := podmanCommand(t, "image", "inspect", "--format", "{{.Digest}}", first)
	waitForNextSecond(t)
	os.Chtimes(filepath.Join(dir, "podlint"), time.Now(), time.Now())
	if again := build(); again != first ||
		podmanCommand(t, "image", "inspect", "--format", "{{.Digest}}", again) != digest {
		t.Errorf("built twice it is %s and %s", first, again)
	}
	_, out, _ := invoke(t, "image", "localhost/podlint:latest", "--profile", "strict", "--config", "none", "--format",
		"json")
	if found := parseReport(t, out).Findings; len(found) > 0 {
		t.Errorf("the image: %s %s", found[0].Rule, found[0].Message)
	}
	unit := filepath.Join(os.Getenv("DEPLOY"), "podlint.container")
	units := filepath.Join(dir, "units")
	os.MkdirAll(units, 0o755)
	os.Chmod(dir, 0o755)
	os.WriteFile(filepath.Join(units, "soft.container"),
		[]byte("[Container]\nImage=docker.io/library/x:1\nPodmanArgs=--privileged\n"), 0o644)
	set, _ := definition.Open([]string{unit}, definition.Options{Rootless: podman.Set(false, podman.Field("test"))})
	made, err := set.Unit(unit)
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	skip := false
	for _, w := range made.Words[1:] {
		switch {
		case skip:
			skip = false
			continue
		case w == "--log-driver" || w == "--health-cmd":
			skip = true // there is no systemd here
			continue
		case w == "-d" || w == "--replace" || strings.HasPrefix(w, "--cgroups=") || strings.HasPrefix(w, "--sdnotify="):
			continue
		}
		args = append(args,
			strings.NewReplacer("%N", "podlint", "/etc/containers/systemd:/etc", units+":/etc").Replace(w))
	}
	cmd := exec.Command("podman", args...)
	text, err := cmd.CombinedOutput()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.Contains(string(text), "privileged") {
		t.Errorf("the unit's command line: %v\n%q\n%s", err, args, text)
	}
}

// layerOf makes a layer of files, as tar has them; a name that ends in a slash is a directory.
func layerOf(t *testing.T, dated time.Time, files map[string]string) []byte {
	t.Helper()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(files[name])), ModTime: dated,
			Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		switch path.Base(name) {
		case "lifted":
			header.Mode = 0o4755
		case "capable":
			header.Mode = 0o755
			header.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04" +
				strings.Repeat("\x00", 14)}
		case "open":
			header.Mode, header.Typeflag = 0o777, tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return layer.Bytes()
}

// loadImage makes an image of a Debian that mmdebstrap made and of layers above it, and loads it.
func loadImage(t *testing.T, name, debian string, created time.Time, config map[string]any, layers ...[]byte) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	base, err := os.Open(debian)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	info, err := base.Stat()
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(file)
	names, digests := []string{}, []string{}
	history := []map[string]string{}
	add := func(name string, size int64, content io.Reader) string {
		t.Helper()
		sum := sha256.New()
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.Copy(io.MultiWriter(w, sum), content)
		}
		if err != nil {
			t.Fatal(err)
		}
		return "sha256:" + hex.EncodeToString(sum.Sum(nil))
	}
	layer := func(name string, size int64, content io.Reader, step string) {
		t.Helper()
		names, digests = append(names, name), append(digests, add(name, size, content))
		history = append(history, map[string]string{"created": created.Format(time.RFC3339Nano), "created_by": step})
	}
	layer("debian.tar", info.Size(), base, "mmdebstrap --variant=minbase bookworm")
	for i, l := range layers {
		layer(string(rune('a'+i))+".tar", int64(len(l)), bytes.NewReader(l), "curl --user me:"+planted("history")+
			" https://example.org")
	}
	text, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "created": created.Format(time.RFC3339Nano), "config": config,
		"rootfs": map[string]any{"type": "layers", "diff_ids": digests}, "history": history,
	})
	if err != nil {
		t.Fatal(err)
	}
	add("config.json", int64(len(text)), bytes.NewReader(text))
	if text, err = json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{name},
		"Layers": names}}); err != nil {
		t.Fatal(err)
	}
	add("manifest.json", int64(len(text)), bytes.NewReader(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	podmanCommand(t, "load", "-q", "-i", file.Name())
	os.Remove(file.Name())
}

// TestRealDebianImages lints Debian as mmdebstrap makes it: with SOURCE_DATE_EPOCH, which comes out the same each time,
// without, and with every kind of secret and leftover put on top.
func TestRealDebianImages(t *testing.T) {
	emptyStorage(t)
	dated, undated := os.Getenv("DEBIAN_IMAGES")+"/debian-12-dated.tar", os.Getenv("DEBIAN_IMAGES")+
		"/debian-12-undated.tar"
	epoch := time.Unix(1751328000, 0).UTC() // as testdata/testbed/run builds it
	plain := map[string]any{"Env": []string{"PATH=/usr/bin:/bin"}, "User": "10001:10001"}
	// What Debian itself has.
	var setuid []string
	for _, program := range []string{"UID 0 /usr/bin/chfn chsh gpasswd mount newgrp passwd su umount",
		"GID 42 /usr/bin/chage expiry", "GID 42 /usr/sbin/unix_chkpwd"} {
		words := strings.Fields(program)
		for _, name := range words[2:] {
			setuid = append(setuid, "low image-setuid "+path.Join(path.Dir(words[2]), path.Base(name))+" runs as "+
				words[0]+" "+words[1]+", no matter who starts it (layer 1)")
		}
	}
	expect := func(name string, want ...string) {
		t.Helper()
		want = append(want, setuid...)
		slices.Sort(want)
		got, out := lintImage(t, name)
		if text := strings.Join(want, "\n"); got != text {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, text)
		}
		if strings.Contains(out, "planted-") {
			t.Errorf("%s: a secret shows", name)
		}
	}
	loadImage(t, "localhost/dated:1", dated, epoch, plain)
	expect("localhost/dated:1")
	moment := time.Date(2026, 11, 20, 12, 0, 0, 123456789, time.UTC)
	if info, err := os.Stat(undated); err != nil {
		t.Fatal(err)
	} else if info.ModTime().After(moment) {
		moment = info.ModTime().UTC().Add(time.Hour).Truncate(time.Second).Add(1)
	}
	loadImage(t, "localhost/undated:1", undated, moment, plain)
	expect("localhost/undated:1", "info image-unreproducible its own date, "+moment.Format(time.DateTime)+
		", is that of the build: built again it is another image")
	// One that says that it is of the epoch, and whose files are not.
	loadImage(t, "localhost/declared:1", undated, epoch, plain)
	if got, _ := lintImage(t, "localhost/declared:1"); strings.Count(got, "later than the image's own date of "+
		"2025-07-01 00:00:00") != 1 || strings.Count(got, "image-unreproducible") != 1 {
		t.Errorf("files later than SOURCE_DATE_EPOCH: %s", got)
	}

	key := "-----BEGIN OPENSSH PRIVATE KEY-----\n" + planted("key") + "\nx\ny\n-----END OPENSSH PRIVATE KEY-----\n"
	secrets := map[string][2]string{
		"root/.ssh/id_ed25519":  {key, "a private key"},
		"srv/tls/server":        {key, "a private key"},
		"app/.env":              {"DB_PASSWORD=" + planted("env") + "\n", "a secret among its variables"},
		"root/.aws/credentials": {"[default]\naws_secret_access_key = " + planted("aws") + "\n", "AWS credentials"},
		"root/.config/gcloud/application_default_credentials.json": {`{"refresh_token": "` + planted("gcloud") + `"}`,
			"Google Cloud credentials"},
		"root/.azure/msal_token_cache.json": {`{"RefreshToken": {"secret": "` + planted("azure") + `"}}`,
			"Azure credentials"},
		"root/.kube/config": {"users: [{user: {token: " + planted("kube") + "}}]\n",
			"Kubernetes credentials"},
		"root/.docker/config.json": {`{"auths": {"quay.io": {"auth": "` + planted("docker") + `"}}}`,
			"registry credentials"},
		"src/.git/config": {"[remote \"origin\"]\n\turl = https://me:" + planted("git") +
			"@git.example.org/x\n", "git credentials"},
		"root/.npmrc":  {"//registry.npmjs.org/:_authToken=" + planted("npm") + "\n", "an npm token"},
		"root/.pypirc": {"[pypi]\npassword = " + planted("pypi") + "\n", "a Python index's password"},
		"root/.cargo/credentials.toml": {"[registry]\ntoken = \"" + planted("cargo") + "\"\n",
			"a Cargo registry's token"},
		"etc/apt/auth.conf.d/x.conf": {"machine deb.example.org login me password " + planted("apt") + "\n",
			"an apt repository's password"},
		"root/.netrc": {"machine x login me password " + planted("netrc") + "\n", "passwords for hosts"},
		"root/.m2/settings.xml": {"<server><password>" + planted("maven") + "</password></server>\n",
			"a Maven repository's password"},
	}
	files, want := map[string]string{}, []string{}
	for name, s := range secrets {
		files[name] = s[0]
		want = append(want, "high image-secret-file /"+name+" holds "+s[1]+" (layer 2)")
	}
	files["usr/lib/python3/dist-packages/x/test/key.pem"] = key
	files["src/.git/HEAD"] = "ref: refs/heads/main\n"
	files["etc/shadow"] = "root:$y$j9T$" + planted("shadow") + ":20000:0:99999:7:::\n"
	files["usr/local/bin/lifted"], files["usr/local/bin/capable"], files["srv/open"] = "x", "x", ""
	want = append(want,
		"info image-secret-file /usr/lib/python3/dist-packages/x/test/key.pem holds a private key, a sample that "+
			"everybody has by its place (layer 2)",
		"medium image-secret-file /src/.git/HEAD holds the history of a git repository, with whatever was ever "+
			"committed to it (layer 2)",
		"medium image-secret-file /etc/shadow holds the hash of an account's password (layer 2)",
		"high secret-in-image the image's variable API_TOKEN holds a value whose name says that it is secret",
		"high secret-in-image the image's label db.password holds a value whose name says that it is secret",
		"high secret-in-image the image's history holds a password on a command line (--user)",
		"medium image-root it has no USER: a container of it runs as root",
		"high image-unowned /usr/local/bin/lifted belongs to no package, and is setuid (layer 2: curl --user "+
			"me:[redacted] https://example.org)",
		"low image-setuid /usr/local/bin/lifted runs as UID 0, no matter who starts it (layer 2)",
		"low image-setuid /usr/local/bin/capable has file capabilities, which every user who runs it gets (layer 2)",
		"low image-writable everybody may put files into /srv/open, and in place of others' (layer 2)",
	)
	config := map[string]any{"Env": []string{"API_TOKEN=" + planted("variable")},
		"Labels": map[string]string{"db.password": planted("label")}}
	seeds := layerOf(t, epoch, files)
	loadImage(t, "localhost/seeded:1", dated, epoch, config, seeds)
	expect("localhost/seeded:1", want...)

	// What an image has from the build that made it, and secrets that a later layer removes.
	removed := layerOf(t, epoch, map[string]string{"root/.wh..aws": "", "src/.wh..git": ""})
	left := map[string]string{
		"etc/machine-id": "0123456789abcdef0123456789abcdef\n", "etc/ssh/ssh_host_ed25519_key": key,
		"var/log/dpkg.log": "x\n", "var/lib/apt/lists/deb.debian.org_InRelease": "x\n", "root/.cache/pip/x": "x\n",
		"root/.bash_history": "ls\n", "var/lib/systemd/random-seed": "0123456789abcdef",
	}
	loadImage(t, "localhost/left:1", dated, epoch, config, seeds, removed, layerOf(t, epoch, left))
	for i, w := range want {
		for _, gone := range []string{"/root/.aws/credentials holds AWS credentials", "/src/.git/config holds git " +
			"credentials", "/src/.git/HEAD holds the history of a git repository, with whatever was ever committed " +
			"to it"} {
			want[i] = strings.Replace(w, gone+" (", gone+"; a later layer takes it away, and it is in this one all "+
				"the same (", 1)
			w = want[i]
		}
	}
	expect("localhost/left:1", append(want,
		"high image-secret-file /etc/ssh/ssh_host_ed25519_key holds a private key (layer 4)",
		"low image-unreproducible the build has left a machine ID in it: /etc/machine-id (layer 4)",
		"low image-unreproducible the build has left an SSH host key in it: /etc/ssh/ssh_host_ed25519_key (layer 4)",
		"low image-unreproducible the build has left a random seed in it: /var/lib/systemd/random-seed (layer 4)",
		"info image-unreproducible the build has left a log in it: /var/log/dpkg.log (layer 4)",
		"info image-unreproducible the build has left a package manager's cache in it: "+
			"/var/lib/apt/lists/deb.debian.org_InRelease (layer 4)",
		"info image-unreproducible the build has left a cache in it: /root/.cache/pip/x (layer 4)",
		"info image-unreproducible the build has left a history of commands in it: /root/.bash_history (layer 4)",
	)...)
}
