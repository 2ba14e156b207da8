package cli

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman/live/livetest"
)

const (
	hardUnit = "[Container]\nImage=registry.example.org/shop/web:1.4\nUser=10001:10001\nUserNS=auto\n" +
		"DropCapability=all\nNoNewPrivileges=true\nReadOnly=true\nNetwork=shop.network\nMemory=256m\n" +
		"HealthCmd=/bin/check\nNotify=healthy\nAutoUpdate=registry\n"
	// mediumUnit has one finding, which is medium.
	mediumUnit = "[Container]\nImage=registry.example.org/shop/web:1.4\nUser=10001:10001\nUserNS=auto\n" +
		"DropCapability=all\nNoNewPrivileges=true\nNetwork=shop.network\nMemory=256m\n" +
		"HealthCmd=/bin/check\nNotify=healthy\nAutoUpdate=registry\n"
)

// TestNoFalsePeace holds what the last lines say, and the exit status, where something is found and not shown, does not
// count, or was not looked at.
func TestNoFalsePeace(t *testing.T) {
	network := "[Network]\nInternal=true\n"
	tests := []struct {
		name   string
		files  map[string]string
		args   []string
		status int
		says   []string
		not    string
	}{
		{name: "nothing is found", files: map[string]string{"a.container": hardUnit}, says: []string{"1 clean.",
			"clean   systemd-a"}},
		{name: "hidden, and it fails", files: map[string]string{"a.container": mediumUnit},
			args: []string{"--min-severity", "high"}, status: 1, says: []string{"0 clean, 1 hidden below high.",
				"Exit status 1 (--fail-on=medium)", "nothing shown   systemd-a"}, not: "1 clean"},
		{name: "hidden, and it does not fail", files: map[string]string{"a.container": mediumUnit},
			args: []string{"--min-severity", "high", "--fail-on", "high"}, says: []string{"1 hidden below high."}},
		{name: "hidden by the configuration", files: map[string]string{"a.container": mediumUnit,
			"podlint.toml": "min-severity = \"high\"\n"}, status: 1, says: []string{"1 hidden below high",
			"podlint.toml (min-severity high)"}},
		{name: "waived", files: map[string]string{"a.container": strings.Replace(mediumUnit, "[Container]\n",
			"# podlint: ignore=read-only it writes its plugins\n[Container]\n", 1)}, says: []string{"0 clean, 1 waived."},
			not: "explain"},
		{name: "ignored", files: map[string]string{"a.container": hardUnit, "b.container": mediumUnit,
			".gitignore": "b.container\n", ".git/HEAD": "x"}, says: []string{"1 clean, 1 path ignored by .gitignore."}},
		{name: "a rule is off", files: map[string]string{"a.container": mediumUnit,
			"podlint.toml": "[rules]\nread-only = \"off\"\n"}, says: []string{"1 clean, podlint.toml (1 rule off)."}},
		{name: "no rule", files: map[string]string{"a.container": mediumUnit},
			args: []string{"--rule", "read-only", "--skip", "read-only"}, status: 2, says: []string{"no rule is left"}},
		{name: "no rule, on purpose", files: map[string]string{"a.container": mediumUnit},
			args: []string{"--rule", "read-only", "--skip", "read-only", "--allow-empty"}},
		{name: "no definition", files: map[string]string{"a.txt": "x"}, status: 2, says: []string{"nothing to lint",
			"no container is defined here", "Exit status 2"}, not: "clean"},
		{name: "no definition, on purpose", files: map[string]string{"a.txt": "x"}, args: []string{"--allow-empty"},
			says: []string{"nothing to lint"}, not: "clean"},
		{name: "everything is ignored", files: map[string]string{"b.container": mediumUnit, ".gitignore": "*\n",
			".git/HEAD": "x"}, status: 2, says: []string{"no container is defined here"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.files["shop.network"] = network
			if strings.HasPrefix(tt.name, "no definition") {
				delete(tt.files, "shop.network")
			}
			t.Chdir(writeTree(t, tt.files))
			status, out, errs := checkAt(t, "", append([]string{"."}, tt.args...)...)
			if status != tt.status {
				t.Errorf("status %d\n%s%s", status, out, errs)
			}
			for _, text := range tt.says {
				if !strings.Contains(out+errs, text) {
					t.Errorf("%q is not in\n%s%s", text, out, errs)
				}
			}
			if tt.not != "" && strings.Contains(out, tt.not) {
				t.Errorf("%q is in\n%s", tt.not, out)
			}
		})
	}
}

// TestBaselineIsNoPeace holds that what a baseline accepts is not clean, and that nothing leads on to it.
func TestBaselineIsNoPeace(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{"a.container": "[Container]\nImage=registry.example.org/x:1\n" +
		"PodmanArgs=--privileged\n"}))
	if status, out, errs := invoke(t, "baseline", "write", "check", "."); status != 0 {
		t.Fatalf("status %d, %s%s", status, out, errs)
	}
	args := []string{".", "--baseline", "podlint-baseline.json"}
	status, out, _ := checkAt(t, "", args...)
	if status != 0 || !strings.Contains(out, "1 container: nothing new, 8 in the baseline.") ||
		strings.Contains(out, "clean") || strings.Contains(out, "Next") {
		t.Errorf("status %d\n%s", status, out)
	}
	// What the baseline knows is not fixed because it is not shown.
	if _, out, _ := checkAt(t, "", append(args, "--min-severity", "critical")...); strings.Contains(out, "fixed") {
		t.Errorf("what is hidden is taken for fixed:\n%s", out)
	}
	if err := os.WriteFile("b.container", []byte(hardUnit), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := checkAt(t, "", args...); !strings.Contains(out, "1 clean, nothing new, 8 in the baseline.") {
		t.Errorf("with a clean one beside it:\n%s", out)
	}
}

// TestNoContainerMatches holds that filters which leave no container are an error.
func TestNoContainerMatches(t *testing.T) {
	capture := livetest.Load(t, "podman-5-rootful")
	none := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := capture[r.URL.RequestURI()]; !ok && strings.HasSuffix(r.URL.Path, "/containers/json") {
			_, _ = w.Write([]byte("[]"))
			return
		}
		capture.ServeHTTP(w, r)
	})
	url := livetest.Serve(t, none)
	for _, args := range [][]string{{"--filter", "label=no=such"}, {"--running", "--filter", "name=x"}} {
		status, out, _ := scanAt(t, url, append(args, "--allow-empty")...)
		if status != 0 || !strings.Contains(out, "nothing to lint") {
			t.Errorf("scan %q --allow-empty: status %d\n%s", args, status, out)
		}
		status, out, _ = scanAt(t, url, args...)
		if status != 2 || strings.Contains(out, "clean") || !strings.Contains(out, "no container matches") {
			t.Errorf("scan %q: status %d\n%s", args, status, out)
		}
	}
}

// TestHiddenInFormats holds that no format takes a container with hidden findings for one without.
func TestHiddenInFormats(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{"a.container": mediumUnit, "shop.network": "[Network]\n"}))
	for format, want := range map[string]string{"json": `"hidden":1`, "markdown": "1 hidden below high",
		"html": "1 hidden below high", "junit": "hidden"} {
		status, out, _ := checkAt(t, "", "--min-severity", "high", "--format", format, ".")
		if status != 1 || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, no %q in\n%s", format, status, want, out)
		}
	}
}
