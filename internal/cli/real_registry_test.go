//go:build realpodman

package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// ownHome gives the test a home of its own, with what Podman and podlint take from one.
func ownHome(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("", "home") // a rootless Podman's storage in it only the testbed can remove
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, ".cache"))
	t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(home, "auth.json"))
	return home
}

// startRegistry starts Debian's registry on loopback with TLS, and with a password where one is given. It returns its
// address and a client that trusts it; Podman trusts it by the certs.d of the test's home.
func startRegistry(t *testing.T, home, password string) (string, *http.Client) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "registry"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	trusted := filepath.Join(home, ".config/containers/certs.d", address)
	if err := os.MkdirAll(trusted, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(trusted, "ca.crt"), cert, 0o644); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}, delete: "+
		"{enabled: true}}\nhttp: {addr: '%s', tls: {certificate: %s, key: %s}}\n",
		filepath.Join(dir, "storage"), address, write("cert.pem", cert),
		write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	if password != "" {
		hashed, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		config += fmt.Sprintf("auth: {htpasswd: {realm: test, path: %s}}\n",
			write("htpasswd", []byte("me:"+string(hashed)+"\n")))
	}
	cmd := exec.Command(os.Getenv("REGISTRY_PROGRAM"), "serve", write("config.yml", []byte(config)))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // it takes every variable that begins with REGISTRY_ for its own
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-exited })
	waitFor(t, "the registry to answer", func() bool {
		select {
		case <-exited:
			t.Fatalf("the registry has ended: %s", &log)
		default:
		}
		r, err := client.Get("https://" + address + "/v2/")
		if err == nil {
			r.Body.Close()
		}
		return err == nil
	})
	return address, client
}

// deleteTag takes the tag 1 of a repository away, which goes by the digest of its manifest.
func deleteTag(t *testing.T, client *http.Client, registry, repository string) {
	t.Helper()
	manifests := "https://" + registry + "/v2/" + repository + "/manifests/"
	request, _ := http.NewRequest(http.MethodHead, manifests+"1", nil)
	request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json, "+
		"application/vnd.docker.distribution.manifest.v2+json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	request, _ = http.NewRequest(http.MethodDelete, manifests+response.Header.Get("Docker-Content-Digest"), nil)
	if response, err = client.Do(request); err != nil || response.StatusCode != http.StatusAccepted {
		t.Fatalf("deleting the tag: %v %v", response, err)
	}
}

// TestRealRegistry asks a real registry for newer images: one that is the newest, one that was pushed anew, a tag that
// is gone, right and wrong credentials.
func TestRealRegistry(t *testing.T) {
	home := ownHome(t)
	emptyStorage(t) // a rootless Podman's lies below its home
	buildImages(t)
	open, client := startRegistry(t, home, "")
	closed, _ := startRegistry(t, home, "secret-word")
	os.WriteFile(filepath.Join(home, "auth.json"), []byte("{}"), 0o600)
	podmanCommand(t, "login", "--username", "me", "--password", "secret-word", closed)

	put := func(image, name string) {
		t.Helper()
		podmanCommand(t, "push", "-q", image, "docker://"+name)
	}
	make := func(name, container string) {
		t.Helper()
		put("localhost/plain:1", name)
		podmanCommand(t, "pull", "-q", name)
		podmanCommand(t, "create", "--name", container, "--network", "none", name, "/bin/busybox", "sleep", "1")
	}
	make(open+"/app:1", "app")
	make(open+"/gone:1", "gone")
	make(closed+"/own:1", "own")
	scan := func() (int, map[string]string, string) {
		t.Helper()
		os.RemoveAll(filepath.Join(home, ".cache"))
		status, out, errs := invokeProgram(t, "scan", "--online", "--rule", "stale-image,read-only", "--config", "none",
			"--format", "json", "--registry-timeout", "5m")
		found := map[string]string{}
		for _, f := range parseReport(t, out).Findings {
			if f.Rule == "stale-image" {
				found[f.Container] = f.Message
			}
		}
		return status, found, errs
	}
	if status, found, errs := scan(); status != 1 || len(found) > 0 || errs != "" {
		t.Errorf("the newest everywhere: status %d, %v, %s", status, found, errs)
	}
	policies(t, home, open)
	registriesConf(t, home, open)
	platforms(t, open, func() string {
		_, found, errs := scan()
		text := errs
		for _, name := range []string{"many", "foreign"} {
			if strings.Contains(found[name], "behind") {
				text += name + " is behind;"
			}
		}
		return text
	})
	podmanCommand(t, "tag", "localhost/plain:1", "localhost/newer:1")
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "Containerfile"), []byte("FROM localhost/plain:1\nLABEL newer=yes\n"), 0o644)
	waitForNextSecond(t)
	podmanCommand(t, "build", "-q", "-t", "localhost/newer:1", dir)
	put("localhost/newer:1", open+"/app:1")
	put("localhost/newer:1", closed+"/own:1")
	status, found, errs := scan()
	if status != 1 || errs != "" || !strings.Contains(found["app"], "behind") ||
		!strings.Contains(found["own"], "behind") || found["gone"] != "" {
		t.Errorf("pushed anew: status %d, %v, %s", status, found, errs)
	}
	// A cached answer is one, with the registry gone too.
	if status, out, _ := invokeProgram(t, "scan", "app", "--online", "--rule", "stale-image", "--config",
		"none"); status != 1 || !strings.Contains(out, "behind") {
		t.Errorf("from the cache: status %d\n%s", status, out)
	}
	deleteTag(t, client, open, "gone")
	status, found, errs = scan()
	if status != 3 || !strings.Contains(errs, open+"/gone:1: the registry has no such tag any more") ||
		!strings.Contains(found["app"], "behind") {
		t.Errorf("a tag that is gone: status %d, %v, %s", status, found, errs)
	}
	podmanCommand(t, "rm", "gone")
	os.WriteFile(filepath.Join(home, "auth.json"), []byte(`{"auths":{"`+closed+`":{"auth":"bWU6d3Jvbmc="}}}`), 0o600)
	status, found, errs = scan()
	if status != 3 || !strings.Contains(errs, closed+"/own:1: the registry wants other credentials") ||
		!strings.Contains(found["app"], "behind") {
		t.Errorf("wrong credentials: status %d, %v, %s", status, found, errs)
	}
}

// invokeProgram runs podlint as a program: the libraries that read a user's configuration remember the first home that
// they saw.
func invokeProgram(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Getenv("PODLINT"), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// mirrored holds that a mirror is asked where the registry is not there, and that a blocked registry is not asked, as
// podman pull does.
func mirrored(t *testing.T, conf, registry string, scan func(string, ...string) (int, string, string)) {
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(conf, []byte("unqualified-search-registries = []\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const name = "mirrored.example.org/mirror:1"
	write("[[registry]]\nlocation = \"mirrored.example.org\"\n[[registry.mirror]]\nlocation = \"" + registry + "\"\n")
	podmanCommand(t, "push", "-q", "localhost/plain:1", "docker://"+registry+"/mirror:1")
	podmanCommand(t, "pull", "-q", name)
	podmanCommand(t, "create", "--name", "mirrored", "--network", "none", name, "/bin/busybox", "sleep", "1")
	if _, found, errs := scan("mirrored", "--online"); found != "" || errs != "" {
		t.Errorf("by a mirror: %s, %s", found, errs)
	}
	podmanCommand(t, "push", "-q", "localhost/user:1", "docker://"+registry+"/mirror:1")
	os.RemoveAll(os.Getenv("XDG_CACHE_HOME"))
	if _, found, errs := scan("mirrored", "--online"); !strings.Contains(found, "stale-image") || errs != "" {
		t.Errorf("by a mirror, pushed anew: %s, %s", found, errs)
	}
	write("[[registry]]\nlocation = \"" + registry + "\"\nblocked = true\n")
	os.RemoveAll(os.Getenv("XDG_CACHE_HOME"))
	if err := exec.Command("podman", "pull", "-q", registry+"/app:1").Run(); err == nil {
		t.Error("podman pulls from a registry that is blocked")
	}
	if status, _, errs := scan("app", "--online"); status != 3 ||
		!strings.Contains(errs, registry+"/app:1: the registry is blocked in registries.conf") {
		t.Errorf("blocked: status %d, %s", status, errs)
	}
	podmanCommand(t, "rm", "mirrored")
}

// platforms holds that a container of an index of several platforms is behind when its own platform's image was pushed
// anew, and is not when only another's was: one of this machine's platform, and one of another.
func platforms(t *testing.T, registry string, said func() string) {
	const other = "riscv64"
	dir := t.TempDir()
	push := func(versions map[string]string) {
		t.Helper()
		_ = exec.Command("podman", "manifest", "rm", "localhost/index:1").Run()
		for arch, v := range versions {
			os.WriteFile(filepath.Join(dir, "Containerfile"), []byte("FROM scratch\nCOPY Containerfile /\nLABEL "+
				"version="+v+"-"+arch+"\n"), 0o644)
			podmanCommand(t, "build", "-q", "--platform", "linux/"+arch, "--timestamp", "1700000000", "--manifest",
				"localhost/index:1", dir)
		}
		for _, name := range []string{"many", "foreign"} {
			podmanCommand(t, "manifest", "push", "-q", "--all", "localhost/index:1", "docker://"+registry+"/"+name+":1")
		}
	}
	push(map[string]string{runtime.GOARCH: "1", other: "1"})
	for name, arch := range map[string]string{"many": runtime.GOARCH, "foreign": other} {
		podmanCommand(t, "pull", "-q", "--platform", "linux/"+arch, registry+"/"+name+":1")
		podmanCommand(t, "create", "--name", name, "--pull", "never", "--platform", "linux/"+arch, "--network", "none",
			registry+"/"+name+":1", "/x")
	}
	for _, step := range []struct {
		versions map[string]string
		want     string
	}{
		{map[string]string{runtime.GOARCH: "1", other: "1"}, ""},
		{map[string]string{runtime.GOARCH: "1", other: "2"}, "foreign is behind;"},
		{map[string]string{runtime.GOARCH: "2", other: "1"}, "many is behind;"},
		{map[string]string{runtime.GOARCH: "2", other: "2"}, "many is behind;foreign is behind;"},
	} {
		push(step.versions)
		if text := said(); text != step.want {
			t.Errorf("%v: %q", step.versions, text)
		}
	}
	podmanCommand(t, "rm", "many", "foreign")
}

// policies holds what image-unsigned says of a signature policy to what podman pull does with it: where it pulls,
// unsigned as the image is, there is a finding; where it refuses, there is none.
func policies(t *testing.T, home, registry string) {
	key := filepath.Join(home, "key.pub")
	os.WriteFile(key, []byte("-----BEGIN PUBLIC "+
		"KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM\n"+
		"5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==\n-----END PUBLIC KEY-----\n"), 0o644)
	const accept, reject = `[{"type":"insecureAcceptAnything"}]`, `[{"type":"reject"}]`
	signed := `[{"type":"sigstoreSigned","keyPath":"` + key + `"}]`
	docker := func(entries ...string) string {
		var list []string
		for i := 0; i < len(entries); i += 2 {
			list = append(list, fmt.Sprintf("%q: %s", entries[i], entries[i+1]))
		}
		return `"transports": {"docker": {` + strings.Join(list, ", ") + `}}`
	}
	host, _, _ := strings.Cut(registry, ":")
	file := filepath.Join(home, ".config/containers/policy.json")
	defer os.Remove(file)
	for _, text := range []string{
		`{"default": ` + accept + `}`,
		`{"default": ` + reject + `}`,
		`{"default": ` + reject + `, ` + docker(registry, accept) + `}`,
		`{"default": ` + accept + `, ` + docker(registry, reject) + `}`,
		`{"default": ` + reject + `, ` + docker(registry+"/app", accept) + `}`,
		`{"default": ` + reject + `, ` + docker(registry+"/other", accept) + `}`,
		`{"default": ` + reject + `, ` + docker(registry, reject, registry+"/app:1", accept) + `}`,
		`{"default": ` + accept + `, ` + docker(registry, accept, registry+"/app:1", reject) + `}`,
		`{"default": ` + accept + `, ` + docker("", reject) + `}`,
		`{"default": ` + reject + `, ` + docker("", accept) + `}`,
		`{"default": ` + accept + `, ` + docker(registry, signed) + `}`,
		`{"default": ` + reject + `, ` + docker("*."+host, accept) + `}`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		pulled := exec.Command("podman", "pull", "-q", registry+"/app:1").Run() == nil
		_, out, _ := invokeProgram(t, "scan", "app", "--rule", "image-unsigned", "--config", "none", "--format", "json")
		if found := len(parseReport(t, out).Findings) > 0; found != pulled {
			t.Errorf("podman pulls: %v, podlint finds: %v\n%s", pulled, found, text)
		}
	}
}

// registriesConf holds what podlint makes of a registries.conf to what Podman does with it: a prefix that lies
// elsewhere, without TLS, behind an alias.
func registriesConf(t *testing.T, home, registry string) {
	conf := filepath.Join(home, "registries.conf")
	t.Setenv("CONTAINERS_REGISTRIES_CONF", conf)
	defer os.Unsetenv("CONTAINERS_REGISTRIES_CONF")
	write := func(more string) {
		text := fmt.Sprintf("unqualified-search-registries = []\n[[registry]]\nprefix = "+
			"\"registry.example.org\"\nlocation = %q\n%s\n[aliases]\n\"shorty\" = \"registry.example.org/app\"\n",
			registry, more)
		if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("insecure = true")
	podmanCommand(t, "pull", "-q", "registry.example.org/app:1")
	podmanCommand(t, "create", "--name", "elsewhere", "--network", "none", "registry.example.org/app:1", "/bin/busybox",
		"sleep", "1")
	podmanCommand(t, "create", "--name", "short", "--network", "none", "shorty:1", "/bin/busybox", "sleep", "1")
	scan := func(name string, args ...string) (int, string, string) {
		t.Helper()
		status, out, errs := invokeProgram(t,
			append([]string{"scan", name, "--rule", "registry-insecure,image-short-name,stale-image", "--profile",
				"strict", "--config", "none", "--format", "json"}, args...)...)
		var found []string
		for _, f := range parseReport(t, out).Findings {
			found = append(found, f.Severity+" "+f.Rule+": "+f.Message)
		}
		return status, strings.Join(found, "; "), errs
	}
	if _, found, errs := scan("elsewhere", "--online"); found != "high registry-insecure: its image comes from "+
		"registry.example.org, which registries.conf calls insecure" || errs != "" {
		t.Errorf("without TLS: %s, %s", found, errs)
	}
	if _, found, _ := scan("short"); !strings.Contains(found, "low image-short-name: shorty:1 names no registry: "+
		"here it was registry.example.org/app:1") {
		t.Errorf("by an alias: %s", found)
	}
	write("[[registry]]\nprefix = \"registry.example.org/app\"\nlocation = \"" + registry + "/app\"")
	if _, found, _ := scan("elsewhere"); found != "" {
		t.Errorf("with TLS for this one: %s", found)
	}
	mirrored(t, conf, registry, scan)
	write("")
	if _, found, _ := scan("elsewhere"); found != "" {
		t.Errorf("with TLS: %s", found)
	}
	podmanCommand(t, "rm", "elsewhere", "short")
	unit := filepath.Join(home, "x.container")
	os.WriteFile(unit, []byte("[Container]\nImage=registry.example.org/app:1\n"), 0o644)
	write("insecure = true")
	if _, out, errs := invokeProgram(t, "check", unit, "--registries", conf, "--rule", "registry-insecure", "--config",
		"none"); !strings.Contains(out, "which registries.conf calls insecure") {
		t.Errorf("a definition: %s%s", out, errs)
	}
}
