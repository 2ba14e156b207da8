package cli

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/podman/live/livetest"
	"github.com/podlint/podlint/report"
)

var update = flag.Bool("update", false, "write the golden files anew; with a real Podman, the captures")

// golden compares a text with a file of testdata/golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("../../testdata/golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (go test ./internal/cli -update writes it anew):\n%s", path, diff)
	}
}

// TestCaptures replays what real services answered, and holds the findings and how each format shows them.
func TestCaptures(t *testing.T) {
	for _, name := range livetest.Names() {
		t.Run(name, func(t *testing.T) {
			url := livetest.Serve(t, livetest.Load(t, name))
			status, out, errs := scanAt(t, url, "--format", "json")
			if status != 1 || errs != "" {
				t.Fatalf("status %d, %s", status, errs)
			}
			validate(t, "report", report.Schema, out)
			var lines strings.Builder
			for _, f := range parseReport(t, out).Findings {
				fmt.Fprintf(&lines, "%s: %s %s: %s\n", f.Container, f.Severity, f.Rule, f.Message)
			}
			golden(t, name+".findings", lines.String())
			golden(t, name+".json", normal(runScan(t, url, "--format", "json", "secret-variable", "drop-all-add")))
			sarif := runScan(t, url, "--format", "sarif", "secret-variable", "drop-all-add")
			validateSARIF(t, sarif)
			golden(t, name+".sarif", sarif)
			t.Setenv("COLUMNS", "100")
			text := runScan(t, url, "--full")
			golden(t, name+".txt", strings.ReplaceAll(text, url, "unix:///SOCKET"))
			t.Setenv("COLUMNS", "80")
			t.Setenv("CONTAINER_HOST", url)
			_, overview, _ := runAt(t, "scan")
			overview = strings.ReplaceAll(overview, url, "unix:///SOCKET")
			golden(t, name+".overview.txt", overview)
			if strings.Count(overview, "\n")*3 > strings.Count(text, "\n") {
				t.Error("the overview is more than a third as long as the details")
			}
		})
	}
}

func runScan(t *testing.T, url string, args ...string) string {
	t.Helper()
	_, out, errs := scanAt(t, url, args...)
	if errs != "" {
		t.Errorf("%q: %s", args, errs)
	}
	return out
}

// normal replaces what differs from run to run.
func normal(out string) string {
	head, rest, _ := strings.Cut(out, `"uri":"`)
	_, rest, _ = strings.Cut(rest, `"`)
	return head + `"uri":"unix:///SOCKET"` + rest
}

func validate(t *testing.T, name string, schema []byte, document string) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(schema)))
	if err == nil {
		err = compiler.AddResource(name, parsed)
	}
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, document)
	}
	if err := compiled.Validate(instance); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func validateSARIF(t *testing.T, document string) {
	t.Helper()
	schema, err := os.ReadFile("../../report/testdata/sarif-2.1.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	validate(t, "sarif", schema, document)
}

// TestCapturesKeepSecrets searches every format for the values that were planted in the captured containers.
func TestCapturesKeepSecrets(t *testing.T) {
	for _, name := range livetest.Names() {
		url := livetest.Serve(t, livetest.Load(t, name))
		for _, format := range formats {
			_, out, errs := scanAt(t, url, "-v", "--format", format)
			if strings.Contains(out+errs, "planted-") || strings.Contains(out+errs, "9f3Kq7") ||
				strings.Contains(out, "fromtheimage") {
				t.Errorf("%s: a secret shows in %s", name, format)
			}
		}
	}
}

// inspects reports whether a request is the inspection of a container.
func inspects(r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/containers/") && strings.HasSuffix(r.URL.Path, "/json") &&
		!strings.HasSuffix(r.URL.Path, "/containers/json")
}

// TestMisbehavingService holds what a scan makes of a service that goes wrong while it reads.
func TestMisbehavingService(t *testing.T) {
	good := livetest.Load(t, "podman-5-rootful")
	all := len(parseReport(t, runScan(t, livetest.Serve(t, good), "--format", "json")).Containers)
	tests := []struct {
		name     string
		on       func(*http.Request) bool
		answer   http.HandlerFunc
		times    int32 // how often; 0 for always
		status   int
		read     int // containers in the report
		mentions string
	}{
		{"removed meanwhile", inspects, problem(404, "no such container", "no container with that ID"), 1, 1, all - 1,
			""},
		{"removed meanwhile, told with 500", inspects, problem(500, "no such container", "no container with ID x "+
			"found in database: no such container"), 1, 1, all - 1, ""},
		{"one failure", inspects, problem(500, "internal libpod error", "database is locked"), 1, 3, all - 1,
			"database is locked"},
		{"garbage", inspects, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>topsecret"))
		}, 2, 3, all - 2, "no valid JSON"},
		{"truncated JSON", inspects, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"Id":"topsecret`))
		}, 1, 3, all - 1, "ends in the middle"},
		{"another type", inspects, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"Id":["topsecret"]}`))
		}, 1, 3, all - 1, `field "Id"`},
		{"an empty object", inspects, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }, 1,
			3, all - 1, "no Id, Config or HostConfig"},
		{"a broken connection", inspects, hangUp, 1, 3, all - 1, "closed the connection"},
		{"dead from now on", inspects, hangUp, 0, 3, 0, "stopped answering; not read:"},
		{"hanging", inspects, hang, 0, 3, 0, "no answer within 200ms"},
		{"no list", func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/containers/json") },
			problem(500, "x", "boom"), 0, 3, 0, "listing the containers: the service answered 500: boom"},
		{"no info", func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/info") },
			problem(500, "x", "boom"), 0, 3, all, "what this service is"},
		{"no images", func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/images/") },
			problem(500, "x", "boom"), 0, 3, all, "boom"},
		{"no volumes", func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/volumes/json") },
			problem(500, "x", "boom"), 0, 3, all, "listing the volumes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var count atomic.Int32
			timeout := "1h" // no answer takes as long, on any machine
			if strings.Contains(test.mentions, "no answer within") {
				timeout = "200ms" // and no answer comes
			}
			url := livetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if test.on(r) && (count.Add(1) <= test.times || test.times == 0) {
					test.answer(w, r)
					return
				}
				good.ServeHTTP(w, r)
			}))
			status, out, errs := scanAt(t, url, "--format", "json", "--timeout", timeout)
			// failures, after which a service that does not recover is not asked for every container
			const enough = 2 * live.DefaultConcurrency
			if n := count.Load(); strings.Contains(test.mentions, "no answer within") && n > enough {
				t.Errorf("it was asked %d times", n)
			}
			r := parseReport(t, out)
			validate(t, "report", report.Schema, out)
			if status != test.status || len(r.Containers) != test.read || r.Summary.Complete != (test.status != 3) {
				t.Errorf("status %d, %d containers, complete %v; want status %d, %d containers\n%s", status,
					len(r.Containers), r.Summary.Complete, test.status, test.read, errs)
			}
			if test.mentions == "" && (errs != "" || len(r.Errors) > 0) || !strings.Contains(errs, test.mentions) ||
				strings.Contains(out+errs, "topsecret") {
				t.Errorf("errors: %s", errs)
			}
		})
	}
}

func problem(code int, cause, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]any{"cause": cause, "message": message, "response": code})
	}
}

func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		// With no byte of an answer the client would be right to try again.
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))
		conn.Close()
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// TestNoPodman holds what podlint says where nothing answers, to an address with a password too.
func TestNoPodman(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CONTAINERS_CONF", "/dev/null")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if _, err := net.Dial("unix", "/run/podman/podman.sock"); err != nil {
		status, out, errs := invoke(t, "scan")
		if status != 2 || out != "" || strings.Count(errs, "\n") != 2 ||
			!strings.Contains(errs, "\nhint: install podman") {
			t.Errorf("status %d, %q %q", status, out, errs)
		}
	}
	status, _, errs := invoke(t, "scan", "--url", "tcp://user:geheim@127.0.0.1:1")
	if status != 2 || strings.Contains(errs, "geheim") || !strings.Contains(errs, "nothing listens there") {
		t.Errorf("status %d, %s", status, errs)
	}
}

// TestUnknownHostKey holds that an ssh host is refused that known_hosts does not name, and that nothing is written
// there.
func TestUnknownHostKey(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	status, _, errs := invoke(t, "scan", "--url", "ssh://root@127.0.0.1:2222/run/podman/podman.sock")
	if status != 2 || !strings.Contains(errs, "the ssh host key of 127.0.0.1:2222 is not known") ||
		!strings.Contains(errs, "hint: compare it") {
		t.Errorf("status %d, %s", status, errs)
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) > 0 {
		t.Errorf("the home directory holds %v", entries)
	}
}

// hostileService serves a capture in which a container's every word is an attacker's, who wants a page to ask an
// address.
func hostileService(t *testing.T, address string) string {
	t.Helper()
	good := livetest.Load(t, "podman-4-rootful")
	evil := "evil\x1b]0;owned\x07\x1b[2J\u009b31m\u202egnp.\u200b\r\n" +
		"::error::x\xff</script><script>document.documentElement.dataset.owned=1</script>\"'><img src=" + address +
		" onerror=\"document.documentElement.dataset.owned=1\">`|[x](" + address + ")"
	return livetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := good[r.URL.RequestURI()]
		if !ok || !inspects(r) {
			good.ServeHTTP(w, r)
			return
		}
		var c map[string]any
		if err := json.Unmarshal(a.JSON, &c); err != nil {
			t.Error(err)
		}
		config := c["Config"].(map[string]any)
		env := []any{evil + "_PASSWORD=" + planted("hostile"), "no-equals-sign", "=",
			"ghp_" + strings.Repeat("a1B2c3D4e", 4)}
		for i := range 5000 {
			env = append(env, fmt.Sprintf("V%d_TOKEN=%s%d", i, planted("many"), i))
		}
		config["Env"] = env
		config["User"] = evil
		config["Hostname"] = evil
		config["Labels"] = map[string]any{evil + "password": planted("label"), "big": strings.Repeat("x\x1b", 1<<19),
			"PODMAN_SYSTEMD_UNIT": evil}
		config["Cmd"] = []any{"sh", "-c", evil + " --password=" + planted("argument")}
		c["Name"], c["ImageName"] = evil, evil
		c["Mounts"] = []any{map[string]any{"Type": "bind", "Source": "/run", "Destination": evil, "RW": true,
			"Options": []any{"rbind"}}}
		data, err := json.Marshal(c)
		if err != nil {
			t.Error(err)
		}
		// encoding/json has made the stray byte a replacement character; a service need not.
		_, _ = w.Write([]byte(strings.ReplaceAll(string(data), `\ufffd`, "\xff")))
	}))
}

// TestHostileContainer holds that no format shows what an attacker's words would do, nor a secret.
func TestHostileContainer(t *testing.T) {
	url := hostileService(t, "http://127.0.0.1:1/x")
	for _, format := range formats {
		status, out, errs := scanAt(t, url, "-v", "--format", format, "plain")
		if status != 1 {
			t.Errorf("%s: status %d", format, status)
		}
		for _, r := range out + errs {
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
				t.Errorf("%s: control character %U", format, r)
				break
			}
		}
		if !utf8.ValidString(out) || strings.Contains(out+errs, "9f3Kq7") || strings.Contains(out+errs, "ghp_") {
			t.Errorf("%s: not UTF-8, or a secret shows", format)
		}
		wellFormed(t, format, out)
	}
}

// TestOutputs holds that all formats can be written in one run.
func TestOutputs(t *testing.T) {
	url := livetest.Serve(t, livetest.Load(t, "podman-5-rootless"))
	dir := t.TempDir()
	status, out, errs := scanAt(t, url, "--format", "text", "--format", "json="+dir+"/j", "--format", "sarif="+dir+"/s")
	if status != 1 || errs != "" || !strings.Contains(out, "Exit status 1") {
		t.Errorf("status %d, %s", status, errs)
	}
	for _, name := range []string{"j", "s"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !json.Valid(data) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for args, want := range map[string]int{"--fail-on none": 0, "--fail-on critical": 0, "--fail-on high --rule " +
		"read-only": 0, "--min-severity high": 1, "--quiet": 1} {
		status, out, _ := scanAt(t, url, strings.Fields(args)...)
		if status != want || (args == "--quiet") != (out == "") {
			t.Errorf("%s: status %d, want %d", args, status, want)
		}
	}
}

// TestInterrupt holds that Ctrl-C ends a scan of a service that hangs within a second, with a report of what was read.
func TestInterrupt(t *testing.T) {
	good := livetest.Load(t, "podman-5-rootful")
	for name, hangs := range map[string]func(*http.Request) bool{
		"while connecting": func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/_ping") },
		"while reading": func(r *http.Request) bool {
			return inspects(r) &&
				!strings.Contains(r.URL.Path, "/containers/a")
		},
		"while listing": func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/containers/json") },
	} {
		t.Run(name, func(t *testing.T) {
			reached := make(chan struct{}, 1000)
			url := livetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if hangs(r) {
					reached <- struct{}{}
					hang(w, r)
					return
				}
				good.ServeHTTP(w, r)
			}))
			go func() {
				<-reached
				_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
			}()
			// Nothing but the interrupt ends this scan.
			status, out, errs := scanAt(t, url, "--format", "json", "--timeout", "1h")
			if status != 3 || !strings.Contains(errs, "interrupted") {
				t.Errorf("status %d, %s", status, errs)
			}
			if name != "while connecting" {
				if r := parseReport(t, out); r.Summary.Complete {
					t.Error("the report says that it is complete")
				}
			}
		})
	}
}
