package definition

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// TestInstalled holds which unit a live container is matched with: by the name of its service, an instance with its
// template, and none where the service is another machine's.
func TestInstalled(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("QUADLET_UNIT_DIRS", dir)
	for name, text := range map[string]string{
		"web.container":  "[Container]\nImage=localhost/web:1\n",
		"job@.container": "[Container]\nImage=localhost/job:1\nMemory=1g\n",
		"db.container":   "[Container]\nImage=localhost/db:1\nServiceName=database\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ uri, unit, want string }{
		{"unix:///run/podman/podman.sock", "web.service", "web.container"},
		{"unix:///run/podman/podman.sock", "job@7.service", "job@.container"},
		{"unix:///run/podman/podman.sock", "database.service", "db.container"},
		{"unix:///run/podman/podman.sock", "db.service", ""},
		{"unix:///run/podman/podman.sock", "other@7.service", ""},
		{"unix:///run/podman/podman.sock", "../web.service", ""},
		{"ssh://host/run/podman/podman.sock", "web.service", ""},
	} {
		host := podman.AssumedHost(podman.Set(false, podman.Field("test")), time.Time{})
		c := &podman.Container{Kind: podman.KindContainer, Unit: test.unit, Host: host}
		NewInstalled(test.uri).Define(c)
		got := filepath.Base(c.Definition.Origin.File)
		if test.want == "" && (c.FromUnit != nil || c.Definition.Origin.File != "") ||
			test.want != "" && got != test.want {
			t.Errorf("%s at %s: defined by %q, want %q", test.unit, test.uri, got, test.want)
		}
	}
}
