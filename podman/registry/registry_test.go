package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.podman.io/image/v5/pkg/sysregistriesv2"

	"github.com/podlint/podlint/podman"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// TestMisbehavingRegistry holds what a registry that goes wrong comes to: named in a few words, and not waited for
// longer than it may take.
func TestMisbehavingRegistry(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string // the digest, or the error
	}{
		"well": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Docker-Content-Digest", digest)
		}, digest},
		"no such tag": {errorOf(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown"), "no such tag any more"},
		"credentials": {errorOf(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required"),
			"wants other credentials"},
		"too many": {errorOf(http.StatusTooManyRequests, "TOOMANYREQUESTS", "slow down"), "too many requests|no " +
			"answer within"},
		"broken":  {errorOf(http.StatusInternalServerError, "UNKNOWN", strings.Repeat("x", 5000)), "500|status"},
		"garbage": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "digest"},
		"slow":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer within 2s"},
		"dying": {func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				conn.Close()
			}
		}, "EOF|cannot be reached|reset"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				test.answer(w, r)
			}))
			defer server.Close()
			address := server.Listener.Addr().String()
			insecure(t, address)
			timeout := time.Hour // no answer takes as long, on any machine
			if strings.Contains(test.want, "no answer within") {
				timeout = 2 * time.Second // and no answer, or none but a refusal, comes
			}
			c := &Client{Timeout: timeout, Now: time.Now}
			latest, err := c.Latest(t.Context(), Question{Name: address + "/x:1", Known: []string{digest}})
			got := latest.Digest
			if err != nil {
				got = err.Error()
			}
			ok := false
			for want := range strings.SplitSeq(test.want, "|") {
				ok = ok || strings.Contains(got, want)
			}
			if !ok || len(got) > 300 {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func errorOf(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
	}
}

// insecure lets a registry be asked without TLS, for this test.
func insecure(t *testing.T, address string) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "registries.conf")
	if err := os.WriteFile(conf, []byte("[[registry]]\nlocation = \""+address+"\"\ninsecure = true\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONTAINERS_REGISTRIES_CONF", conf)
	t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(t.TempDir(), "auth.json"))
}

// TestCache holds that an answer is kept for an hour, and not longer.
func TestCache(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			asked.Add(1)
			w.Header().Set("Docker-Content-Digest", digest)
		}
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	insecure(t, address)
	file := filepath.Join(t.TempDir(), "a", "digests.json")
	now := time.Now()
	known := []string{digest}
	ask := func() {
		t.Helper()
		c := &Client{Timeout: 5 * time.Second, Now: func() time.Time { return now }, CacheFile: file}
		latest, err := c.Latest(context.Background(), Question{Name: address + "/x:1", Known: known})
		if err != nil || latest.Digest != digest {
			t.Errorf("%v, %v", latest, err)
		}
		if err := c.Save(); err != nil {
			t.Error(err)
		}
	}
	ask()
	now = now.Add(30 * time.Minute)
	ask()
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times within the hour", n)
	}
	known = []string{"sha256:" + strings.Repeat("2", 64), digest} // an image that was pulled meanwhile
	ask()
	now = now.Add(time.Minute)
	known = []string{digest, "sha256:" + strings.Repeat("2", 64)}
	ask()
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times with another image here", n)
	}
	now = now.Add(time.Hour)
	ask()
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times after it", n)
	}
	if err := os.WriteFile(file, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask()
}

// TestAuthFile holds that an auth file which a label names is read, and that one which would hold up its reader is
// refused.
func TestAuthFile(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "right" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Docker-Content-Digest", digest)
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	insecure(t, address)
	t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(t.TempDir(), "none"))
	dir := t.TempDir()
	file := filepath.Join(dir, "auth.json")
	if err := os.WriteFile(file, []byte(`{"auths":{"`+address+`":{"auth":"bWU6cmlnaHQ="}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file: "", "": "the registry wants other credentials (podman login)", pipe: "its auth file " + pipe + " is none",
		dir:                        "its auth file " + dir + " is none",
		filepath.Join(dir, "gone"): "its auth file: stat " + filepath.Join(dir, "gone") + ": no such file or directory",
	} {
		c := &Client{Timeout: 5 * time.Second, Now: time.Now}
		latest, err := c.Latest(t.Context(), Question{Name: address + "/x:1", Known: []string{digest}, AuthFile: path})
		if got := fmt.Sprint(err); want == "" && (err != nil || latest.Digest != digest) || want != "" && got != want {
			t.Errorf("%q: %v, %v", path, latest, err)
		}
	}
}

// TestAsks holds which names a registry can be asked about.
func TestAsks(t *testing.T) {
	for name, want := range map[string]bool{
		"docker.io/library/nginx:1": true, "quay.io/x/y": true, "localhost/x:1": false, "quay.io/x/y@" + digest: false,
		"nginx": false, "": false, "quay.io/X": false, "127.0.0.1:5000/x": true,
	} {
		if got := Asks(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestRegistries holds what is read of a registries.conf, and that of a named one only it counts.
func TestRegistries(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "r.conf")
	text := "[[registry]]\nprefix = \"a.example.org\"\nlocation = \"b.example.org\"\ninsecure = true\n[[registry]]\n" +
		"location = \"c.example.org\"\nblocked = true\n[[registry]]\nlocation = \"d.example.org\"\n" +
		"[[registry.mirror]]\nlocation = \"m\"\ninsecure = true\n[aliases]\n\"shorty\" = \"a.example.org/x/shorty\"\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Registries(conf)
	if !r.Known() || len(r.Value) != 3 || !r.Value["a.example.org"].Insecure || !r.Value["c.example.org"].Blocked ||
		!r.Value["d.example.org"].Insecure || r.Value["c.example.org"].Insecure {
		t.Errorf("%+v", r)
	}
	for short, want := range map[string]string{"shorty": "a.example.org/x/shorty",
		"shorty:1": "a.example.org/x/shorty:1", "shorty@" + digest: "a.example.org/x/shorty@" + digest, "other": "",
		"Bad name": ""} {
		if got := Alias(short, conf); got != want {
			t.Errorf("%s: %q, want %q", short, got, want)
		}
	}
	if r := Registries(filepath.Join(t.TempDir(), "none")); r.Known() {
		t.Error("a file that is not there is read")
	}
}

// TestRegistryOf holds which entry of registries.conf counts for a name to what Podman's library says.
func TestRegistryOf(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "r.conf")
	var text strings.Builder
	for _, prefix := range []string{"example.org", "example.org/team", "example.org/team/app", "example.org/team/app:2",
		"*.example.net", "a.example.net", "example.com:5000", "*.deep.example.net"} {
		fmt.Fprintf(&text, "[[registry]]\nprefix = %q\n", prefix)
		if !strings.HasPrefix(prefix, "*") {
			fmt.Fprintf(&text, "location = %q\n", prefix)
		}
	}
	if err := os.WriteFile(conf, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	registries := Registries(conf)
	if !registries.Known() {
		t.Fatal("not read")
	}
	for _, name := range []string{
		"example.org/x:1", "example.org/team/x:1", "example.org/teams/x:1", "example.org/team/app:1",
		"example.org/team/app:2", "example.org/team/app@" + digest, "example.organic/x", "b.example.net/x:1",
		"a.example.net/x:1", "example.net/x:1", "b.example.net:5000/x", "example.com/x", "example.com:5000/x",
		"x.deep.example.net/y", "other/b.example.net/x", "quay.io/x", "localhost/x",
	} {
		want := ""
		entry, err := sysregistriesv2.FindRegistry(settingsOf(conf), name)
		if err != nil {
			t.Fatal(err)
		}
		if entry != nil {
			want = entry.Prefix
		}
		if got, _, ok := podman.RegistryOf(registries.Value, name); got != want || ok != (want != "") {
			t.Errorf("%s: %q, the library says %q", name, got, want)
		}
	}
}
