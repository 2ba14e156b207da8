package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recorded is one answer of a service in testdata/captures.
type recorded struct {
	Status  int
	Version string          `json:",omitempty"`
	JSON    json.RawMessage `json:",omitempty"`
	Body    []byte          `json:",omitempty"`
}

// capture is what a real service answered, by the request's path and query.
type capture map[string]recorded

var captures = []string{"podman-4-rootful", "podman-4-rootless", "podman-5-rootful", "podman-5-rootless"}

func loadCapture(t testing.TB, name string) capture {
	t.Helper()
	data, err := os.ReadFile("../../testdata/captures/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var c capture
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c capture) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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

// serve serves a handler on a socket and returns its address.
func serve(t testing.TB, h http.Handler) string {
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
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // a handler that hangs ends with its connection
		server.Close()
	})
	return "unix://" + listener.Addr().String()
}

// captured is the moment that the replayed scans take place at.
var captured = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// scanAt is invoke for `podlint scan` of a service, at a fixed time.
func scanAt(t testing.TB, url string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{Streams: Streams{bytes.NewReader(nil), &stdout, &stderr}, now: func() time.Time { return captured }}
	status = a.run(context.Background(), append([]string{"scan", "--url", url}, args...))
	return status, stdout.String(), strings.ReplaceAll(stderr.String(), url, "unix:///SOCKET")
}
