package live

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/live/livetest"
	"github.com/podlint/podlint/podman/machine"
)

// TestFailing holds that what a service fails to say is unknown, with a reason, and that the scan says that it failed.
func TestFailing(t *testing.T) {
	const inspect = `{"Id":"x","Name":"x","BoundingCaps":["CAP_MKNOD"],"Mounts":[{"Type":"volume","Name":"v","Source":"/v",
		"Destination":"/d","RW":true}],"Config":{"User":""},"HostConfig":{"UsernsMode":"","CgroupMode":"host"}}`
	for broken, check := range map[string]func(*podman.Container) string{
		"/info": func(c *podman.Container) string {
			switch {
			case c.Host.Rootless.Known(), c.Namespaces.UIDs.Known(), c.Host.CgroupVersion != "",
				c.Host.DefaultCapabilities != nil:
				return "it is guessed what the service is"
			}
			return ""
		},
		"/volumes/json": func(c *podman.Container) string {
			if !strings.Contains(c.Files.Missing, "what its volumes are is not known") {
				return "missing: " + c.Files.Missing
			}
			return ""
		},
	} {
		url := livetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Libpod-API-Version", "5.4.2")
			_, path, _ := strings.Cut(r.URL.EscapedPath(), "/libpod")
			answer := map[string]string{"/_ping": "OK", "/info": rootful, "/containers/json": `[{"Id":"x","Names":["x"]}]`,
				"/containers/x/json": inspect, "/volumes/json": "[]"}[path]
			if path == broken {
				w.WriteHeader(http.StatusInternalServerError)
				answer = `{"message":"too busy","response":500}`
			}
			_, _ = w.Write([]byte(answer))
		}))
		s, err := Connect(t.Context(), Options{URL: url, Timeout: 5 * time.Second, Concurrency: 2, Now: time.Now,
			Log: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		wrong := "no container was read"
		_, problems, err := s.Containers(t.Context(), Selection{}, func(int, int) {}, func(c *podman.Container) {
			wrong = check(c)
		})
		s.Close()
		if err != nil || wrong != "" || len(problems) != 1 || problems[0].Warning ||
			!strings.Contains(problems[0].Err.Error(), "too busy") {
			t.Errorf("%s: %s; %v %v", broken, wrong, err, problems)
		}
	}
}

// TestNotLookedAt holds what is said of accounts whose containers a scan of root's does not see, and when.
func TestNotLookedAt(t *testing.T) {
	problems := notLookedAt("unix:///s", []machine.Owner{{Name: "alice", UID: 1001, Containers: 2}, {UID: 1002}})
	if len(problems) != 2 || !problems[0].Warning ||
		!strings.HasPrefix(problems[0].Err.Error(), "alice (UID 1001) has 2 containers: not looked at") ||
		!strings.HasPrefix(problems[1].Err.Error(), "UID 1002 has containers that run: not looked at") {
		t.Errorf("%v", problems)
	}
	if advice, ok := hint.Of(problems[0].Err); !ok || !strings.Contains(advice, "/run/user/1001/podman/podman.sock") {
		t.Errorf("advice: %q", advice)
	}
	rootless := &podman.Host{Rootless: podman.Set(true, podman.Origin{})}
	for name, s := range map[string]*Service{
		"a remote service":       {URI: "ssh://host/s", opts: Options{Machine: true}},
		"without the machine":    {URI: "unix:///s"},
		"a service on TCP":       {URI: "tcp://host:1", opts: Options{Machine: true}},
		"an account's own scans": {URI: "unix:///s", opts: Options{Machine: true}},
	} {
		host := &podman.Host{}
		if name == "an account's own scans" {
			host = rootless
		}
		if got := s.otherAccounts(host); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	local := &Service{URI: "podman system service", opts: Options{Machine: true}}
	if got, want := len(local.otherAccounts(&podman.Host{})), len(machine.Owners()); os.Getuid() == 0 && got != want {
		t.Errorf("%d accounts are named of %d", got, want)
	}
}
