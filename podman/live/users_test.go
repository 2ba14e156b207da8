package live

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/live/livetest"
)

// passwd returns the archive in which a service hands over a container's /etc/passwd.
func passwd(t *testing.T, lines string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: "passwd", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(lines))})
	_, err2 := w.Write([]byte(lines))
	if err := errors.Join(err, err2, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestUserNames holds that a user's name means what the container's passwd says, and which group a user has.
func TestUserNames(t *testing.T) {
	const usual, odd = "root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
		"nobody:x:0:0::/:/bin/sh\nroot:x:1234:1234::/:/bin/sh\n"
	const socket = `"Mounts":[{"Type":"bind","Source":"/run/podman/podman.sock","Destination":"/s"}],`
	for name, test := range map[string]struct {
		user, passwd, more string
		nnp                bool
		want               string // UID and GID, "-" for unknown
	}{
		"nothing":                             {"", usual, "", false, "0 0"},
		"a name":                              {"app", usual, "", false, "1000 1001"},
		"a name and a group":                  {"app:7", usual, "", false, "1000 7"},
		"a name and a group by name":          {"app:staff", usual, "", false, "1000 -"},
		"nobody who is root":                  {"nobody", odd, "", false, "0 0"},
		"root who is not":                     {"root", odd, "", false, "1234 1234"},
		"root without a passwd":               {"root", "", "", false, "0 0"},
		"a name without a passwd":             {"app", "", "", false, "- -"},
		"a name that is not there":            {"web", usual, "", false, "- -"},
		"a number":                            {"1000", usual, "", false, "1000 -"},
		"a number, a socket":                  {"1000", usual, socket, true, "1000 1001"},
		"a number without a line, a socket":   {"1001", usual, socket, true, "1001 0"},
		"a number without a passwd, a socket": {"1001", "", socket, true, "1001 0"},
		"a number and a group":                {"1000:0", usual, "", false, "1000 0"},
		"zeros":                               {"00", usual, "", false, "0 0"},
	} {
		options := "[]"
		if test.nnp {
			options = `["no-new-privileges"]`
		}
		more := map[string]string{}
		if test.passwd != "" {
			more["/containers/x/archive"] = passwd(t, test.passwd)
		}
		p := read(t, "5.4.2", fmt.Sprintf(`{"Id":"x",%s"Config":{"User":%q},"HostConfig":{"SecurityOpt":%s}}`, test.more,
			test.user, options), more).Process
		got := [2]string{"-", "-"}
		for i, id := range []podman.Setting[uint32]{p.UID, p.GID} {
			if id.Known() {
				got[i] = fmt.Sprint(id.Value)
			}
		}
		if strings.Join(got[:], " ") != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
}

// TestUsersAskedOnce holds that the passwd of an image is asked for once, whatever the number of its containers, but
// that of a container with one of its own by itself; and that one that cannot be mounted is named and no more.
func TestUsersAskedOnce(t *testing.T) {
	var asked atomic.Int32
	archive := passwd(t, "app:x:1000:1000::/:/bin/sh\n")
	url := livetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Libpod-API-Version", "5.4.2")
		_, path, _ := strings.Cut(r.URL.EscapedPath(), "/libpod")
		id := strings.TrimSuffix(strings.TrimPrefix(path, "/containers/"), "/json")
		inspect := func(image, mounts string) string {
			return fmt.Sprintf(`{"Id":%[1]q,"Name":%[1]q,"Image":%[2]q,"Mounts":%[3]s,"Config":{"User":"app"},
				"HostConfig":{}}`, id, image, mounts)
		}
		switch {
		case path == "/_ping":
			_, _ = w.Write([]byte("OK"))
		case path == "/info":
			_, _ = w.Write([]byte(rootful))
		case path == "/containers/json":
			rows := []string{}
			for i := range 32 {
				rows = append(rows, fmt.Sprintf(`{"Id":"c%d","Names":["c%d"]}`, i, i))
			}
			_, _ = w.Write([]byte("[" + strings.Join(rows, ",") + "]"))
		case strings.HasSuffix(path, "/archive"):
			if asked.Add(1); strings.Contains(path, "/c31/") {
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = w.Write([]byte(`{"message":"cannot mount it","response":500}`))
				return
			}
			_, _ = w.Write([]byte(archive))
		case id == "c30":
			_, _ = w.Write([]byte(inspect("img", `[{"Type":"bind","Source":"/srv/p","Destination":"/etc/passwd"}]`)))
		case id == "c31":
			_, _ = w.Write([]byte(inspect("broken", "[]")))
		case strings.HasPrefix(path, "/containers/"):
			_, _ = w.Write([]byte(inspect("img", "[]")))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	s, err := Connect(t.Context(), Options{URL: url, Timeout: 5 * time.Second, Concurrency: 2, Now: time.Now, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	known := 0
	_, problems, err := s.Containers(t.Context(), Selection{}, func(int, int) {}, func(c *podman.Container) {
		if c.Process.UID.Known() && c.Process.UID.Value == 1000 {
			known++
		} else if c.ID != "c31" {
			t.Errorf("%s: the user is not known", c.ID)
		}
	})
	if err != nil || known != 31 {
		t.Errorf("%d known: %v", known, err)
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("asked for a passwd %d times", n)
	}
	if len(problems) != 1 || !problems[0].Warning || problems[0].Target != "c31" ||
		!strings.Contains(problems[0].Err.Error(), "cannot mount it") {
		t.Errorf("problems: %v", problems)
	}
}

// TestPrivilegedIsEffective holds that a container is privileged that has what goes with it, not one that says so.
func TestPrivilegedIsEffective(t *testing.T) {
	const every = `["CAP_CHOWN","CAP_SYS_ADMIN","CAP_SYS_MODULE","CAP_SYS_PTRACE"]`
	for name, test := range map[string]struct{ version, bounding, options, command, want string }{
		"the flag":             {"5.4.2", every, `["unmask=all"]`, `["podman","run","--privileged","i"]`, "true set"},
		"a claim":              {"5.4.2", `["CAP_CHOWN"]`, "[]", `["podman","run","i"]`, "false set"},
		"a claim, SYS_ADMIN":   {"5.4.2", `["CAP_CHOWN","CAP_SYS_ADMIN"]`, "[]", `["podman","run","i"]`, "false set"},
		"a claim, everything":  {"5.4.2", every, "[]", `["podman","run","--cap-add=ALL","i"]`, "false set"},
		"a claim over the API": {"5.4.2", every, "[]", "null", "false set"},
		"a claim, all unmasked": {"5.4.2", every, `["unmask=all"]`,
			`["podman","run","--cap-add=ALL","--security-opt=unmask=ALL","i"]`, "false set"},
		"over the API":    {"5.4.2", every, `["unmask=all"]`, "null", "true set"},
		"containers.conf": {"5.4.2", every, `["unmask=all"]`, `["podman","run","i"]`, "true set"},
		"Podman 4":        {"4.3.1", every, "[]", "null", "true set"},
	} {
		c := read(t, test.version, fmt.Sprintf(`{"Id":"x","BoundingCaps":%s,"Config":{"CreateCommand":%s},"HostConfig":{
			"Privileged":true,"SecurityOpt":%s,"Devices":[]}}`, test.bounding, test.command, test.options), nil)
		p := c.Confinement.Privileged
		if got := fmt.Sprint(p.Value, " ", p.State); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if test.command == "null" && !p.Value && c.Files.Devices.Known() {
			t.Errorf("%s: it is known to have no devices, which inspect does not show", name)
		}
	}
}

// TestUnmasked holds what is known of the paths that are not masked.
func TestUnmasked(t *testing.T) {
	for name, test := range map[string]struct{ options, command, want string }{
		"nothing": {"[]", `["podman","run","i"]`, "[] default"},
		"a glob": {"[]", `["podman","run","--security-opt","unmask=/proc/s*","i"]`,
			"[/proc/sched_debug /proc/scsi /proc/sys /proc/sysrq-trigger] set"},
		"two paths": {"[]", `["podman","run","--security-opt","unmask=/proc/kcore:/proc/sys","i"]`,
			"[/proc/kcore /proc/sys] set"},
		"masked again": {"[]",
			`["podman","run","--security-opt=unmask=/proc/s*","--security-opt=mask=/proc/sys:/proc/scsi","i"]`,
			"[/proc/sched_debug /proc/sysrq-trigger] set"},
		"the API":            {"[]", "null", "[] unknown"},
		"the API, all of it": {`["unmask=all"]`, "null", "19 set"},
	} {
		c := read(t, "5.4.2", fmt.Sprintf(`{"Id":"x","Config":{"CreateCommand":%s},"HostConfig":{"SecurityOpt":%s}}`,
			test.command, test.options), nil)
		open := c.Confinement.OpenPaths()
		got := fmt.Sprint(open, " ", c.Confinement.Unmasked.State)
		if strings.HasPrefix(test.want, "19") {
			got = fmt.Sprint(len(open), " ", c.Confinement.Unmasked.State)
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestEffective holds what a process that is not root starts with, and that kept groups are seen whoever kept them.
func TestEffective(t *testing.T) {
	c := read(t, "5.4.2", `{"Id":"x","EffectiveCaps":["CAP_DAC_OVERRIDE"],"BoundingCaps":["CAP_CHOWN",
		"CAP_DAC_OVERRIDE"],"Config":{"User":"33","Annotations":{"run.oci.keep_original_groups":"1"}},"HostConfig":{}}`, nil)
	if got := c.Capabilities.Effective; !got.Known() || len(got.Value) != 1 || got.Value[0] != "CAP_DAC_OVERRIDE" {
		t.Errorf("effective: %v", got)
	}
	if got := c.Process.Groups; !got.Known() || len(got.Value) != 1 || got.Value[0] != podman.KeepGroups {
		t.Errorf("groups: %v", got)
	}
	c = read(t, "5.4.2", `{"Id":"x","Config":{"Annotations":{"run.oci.keep_original_groups":"0"}},"HostConfig":{}}`, nil)
	if c.Process.Groups.Known() || c.Capabilities.Effective.Known() {
		t.Errorf("groups %v, effective %v", c.Process.Groups, c.Capabilities.Effective)
	}
}
