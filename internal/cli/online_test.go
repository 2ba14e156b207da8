package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman/live/livetest"
)

// TestMisbehavingRegistries holds what a scan makes of registries of which one is well and the others go wrong, each in
// its way: each is named, the status says that not everything could be read, and what is known is reported.
func TestMisbehavingRegistries(t *testing.T) {
	const theirs = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	refuse := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"topsecret"}]}`, code)
		}
	}
	registries := map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"plain": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Docker-Content-Digest", theirs) },
			""},
		"read-only": {refuse(http.StatusTooManyRequests, "TOOMANYREQUESTS"), "too many requests|no answer within 5s"},
		"nnp":       {hang, "no answer within 5s"},
		"drop-one":  {hangUp, "the registry's answer names no digest"},
		"user-33": {refuse(http.StatusUnauthorized, "UNAUTHORIZED"), "the registry wants other credentials (podman " +
			"login)"},
	}
	conf, names := &strings.Builder{}, map[string]string{}
	for container, registry := range registries {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				registry.answer(w, r)
			}
		}))
		defer server.Close()
		address := server.Listener.Addr().String()
		names[container] = address + "/x:1"
		fmt.Fprintf(conf, "[[registry]]\nlocation = %q\ninsecure = true\n", address)
	}
	file := filepath.Join(t.TempDir(), "registries.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONTAINERS_REGISTRIES_CONF", file)
	good := livetest.Load(t, "podman-5-rootful")
	url := livetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := good[r.URL.RequestURI()]
		var c map[string]any
		if !ok || !inspects(r) || json.Unmarshal(a.JSON, &c) != nil ||
			names[strings.TrimPrefix(fmt.Sprint(c["Name"]), "/")] == "" {
			good.ServeHTTP(w, r)
			return
		}
		c["ImageName"], c["ImageDigest"] = names[c["Name"].(string)], theirs
		_ = json.NewEncoder(w).Encode(c)
	}))
	// The one that is well has to answer within this time, on a slow machine too; each that hangs takes all of it.
	status, out, errs := scanAt(t, url, "--online", "--registry-timeout", "5s", "--format", "json")
	r := parseReport(t, out)
	if status != 3 || r.Summary.Complete || len(r.Containers) < 20 || len(r.Findings) < 100 ||
		len(r.Errors) != len(registries)-1 || strings.Contains(out+errs, "topsecret") {
		t.Errorf("status %d, %d containers, %d findings, %d errors\n%s", status, len(r.Containers), len(r.Findings),
			len(r.Errors), errs)
	}
	for container, registry := range registries {
		said := ""
		for line := range strings.Lines(errs) {
			if _, text, ok := strings.Cut(line, names[container]+": "); ok {
				said += text
			}
		}
		ok := registry.says == "" && said == ""
		for want := range strings.SplitSeq(registry.says, "|") {
			ok = ok || want != "" && strings.Contains(said, want)
		}
		if !ok {
			t.Errorf("%s: %q, want %q", container, said, registry.says)
		}
	}
}
