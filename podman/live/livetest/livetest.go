// Package livetest replays, in tests, what real Podman services have answered. The answers are written anew by
// `make update`.
package livetest

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Answer is one answer of a service in testdata/captures.
type Answer struct {
	Status  int
	Version string          `json:",omitempty"`
	JSON    json.RawMessage `json:",omitempty"`
	Body    []byte          `json:",omitempty"`
}

// Capture is what a real service answered, by the request's path and query.
type Capture map[string]Answer

// Names returns the names of the captures in testdata/captures.
func Names() []string {
	return []string{"podman-4-rootful", "podman-4-rootless", "podman-5-rootful", "podman-5-rootless"}
}

// Load reads a capture of testdata/captures.
func Load(t testing.TB, name string) Capture {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	data, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../../testdata/captures", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var c Capture
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// ServeHTTP answers as the service did; what it was not asked is not there.
func (c Capture) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := c[r.URL.RequestURI()]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"cause":"no such container","message":"not in the capture","response":404}`))
		return
	}
	if a.Version != "" {
		w.Header().Set("Libpod-API-Version", a.Version)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(append(a.Body, a.JSON...))
}

// Serve serves a handler on a socket and returns its address.
func Serve(t testing.TB, h http.Handler) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "podlint") // a test's own directory may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // a handler that hangs ends with its connection
		server.Close()
	})
	return "unix://" + listener.Addr().String()
}
