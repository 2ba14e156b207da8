package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfigFound holds which podlint.toml counts.
func TestConfigFound(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	dir := writeTree(t, map[string]string{"a/b/x.container": softUnit, "named.toml": "fail-on = \"none\"\n"})
	t.Chdir(filepath.Join(dir, "a/b"))
	put := func(path, text string) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	failOn := func(args ...string) string {
		t.Helper()
		_, out, errs := invoke(t, append([]string{"config", "show"}, args...)...)
		for line := range strings.SplitSeq(out, "\n") {
			if words := strings.Fields(line); len(words) > 2 && words[0] == "fail-on" {
				return words[1] + " " + strings.Join(words[2:], " ")
			}
		}
		return errs
	}
	if got := failOn(); got != "medium default" {
		t.Errorf("without a file: %s", got)
	}
	put(filepath.Join(home, ".config/podlint/podlint.toml"), "fail-on = \"low\"\n")
	if got := failOn(); !strings.HasPrefix(got, "low ") || !strings.HasSuffix(got, ".config/podlint/podlint.toml:1") {
		t.Errorf("the user's: %s", got)
	}
	above := put(filepath.Join(dir, "podlint.toml"), "\nfail-on = \"critical\"\n")
	if got := failOn(); got != "critical ../../podlint.toml:2" {
		t.Errorf("one above: %s", got)
	}
	if got := failOn("--config", "none"); got != "medium default" {
		t.Errorf("none: %s", got)
	}
	if got := failOn("--config", "../../named.toml"); got != "none ../../named.toml:1" {
		t.Errorf("a named one: %s", got)
	}
	if status, _, _ := checkAt(t, "", "."); status != 0 {
		t.Errorf("--fail-on of the file does not count: status %d", status)
	}
	if status, _, _ := checkAt(t, "", ".", "--fail-on", "medium"); status != 1 {
		t.Errorf("--fail-on of the command line does not count more: status %d", status)
	}
	if err := os.Chmod(above, 0o666); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := checkAt(t, "", "."); status != 2 || out != "" ||
		!strings.Contains(errs, "may be written by everybody") ||
		!strings.Contains(errs, "hint: name it with --config") {
		t.Errorf("one that everybody may write: status %d, %s", status, errs)
	}
	put(above, "fail_on = \"low\"\n[rules]\nreadonly = \"off\"\n")
	if err := os.Chmod(above, 0o644); err != nil {
		t.Fatal(err)
	}
	want := "podlint: ../../podlint.toml:1: fail_on is not a key of podlint.toml\nhint: did you mean fail-on?\n" +
		"podlint: ../../podlint.toml:3: \"readonly\" is not a rule: did you mean read-only?\n"
	if status, out, errs := checkAt(t, "", "."); status != 2 || out != "" || errs != want {
		t.Errorf("a wrong one: status %d, %s%s", status, out, errs)
	}
	if status, _, errs := checkAt(t, "", ".", "--config", "no.toml"); status != 2 ||
		!strings.Contains(errs, "no.toml") {
		t.Errorf("one that is not there: status %d, %s", status, errs)
	}
}

// TestConfigApplies holds rules on and off, severities, sections, waivers and rules of one's own in a run of check.
func TestConfigApplies(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{
		"podlint.toml": `
[rules]
uid-map = "info"
auto-update = "off"
[[container]]
path = "units/ci/**"
rules = { read-only = "off" }
[[waiver]]
rule = "cap-drop-all"
container = "systemd-web"
reason = "it is on the list"
[[waiver]]
rule = "no-new-privileges"
container = "systemd-web"
reason = "it was on the list"
expires = 2026-01-31
[[waiver]]
rule = "sshd"
container = "systemd-web"
reason = "there was one"
[[rule]]
id = "our-registry"
severity = "high"
when = 'image != "" and not (image startsWith "registry.example.org/")'
message = "{image} is not ours"
`,
		"units/ci/job.container": softUnit,
		"units/web.container":    softUnit,
	}))
	status, out, errs := checkAt(t, "", "--format", "json", ".")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	found := map[string]string{}
	for _, f := range parseReport(t, out).Findings {
		found[f.Container+" "+f.Rule] = f.Severity + " " + f.Status
		if f.Rule == "our-registry" && f.Message != "localhost/plain:1 is not ours" {
			t.Errorf("its message: %s", f.Message)
		}
	}
	for key, want := range map[string]string{
		"systemd-web uid-map": "info open", "systemd-web auto-update": "", "systemd-web read-only": "medium open",
		"systemd-job read-only": "", "systemd-web cap-drop-all": "medium waived",
		"systemd-job cap-drop-all": "medium open", "systemd-web no-new-privileges": "medium open",
		"systemd-web our-registry": "high open", "systemd-job our-registry": "high open",
	} {
		if found[key] != want {
			t.Errorf("%s: %q, want %q", key, found[key], want)
		}
	}
	for _, want := range []string{"podlint.toml:12: this waiver of no-new-privileges expired on 2026-01-31",
		"podlint.toml:17: this waiver of sshd matches no finding"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not said: %s", want, errs)
		}
	}
	status, out, errs = invoke(t, "config", "check")
	if status != 0 || !strings.HasPrefix(out, "podlint.toml: ok (1 rule of its own, 3 waivers, 0 tests passed)") ||
		!strings.Contains(errs, "expired") {
		t.Errorf("config check: status %d, %s%s", status, out, errs)
	}
	_, out, _ = invoke(t, "config", "show")
	for _, want := range []string{"rules.uid-map ", "info", "podlint.toml:3", "rules.read-only for units/ci/**",
		"podlint.toml:5", "rules.our-registry"} {
		if !strings.Contains(out, want) {
			t.Errorf("config show does not say %q", want)
		}
	}
}

// TestProfiles holds that each profile holds the one before it, and that --rule names rules of any.
func TestProfiles(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{"a.container": softUnit}))
	var before map[string]bool
	for _, profile := range []string{"baseline", "standard", "strict"} {
		_, out, _ := checkAt(t, "", "--profile", profile, "--format", "json", ".")
		now := map[string]bool{}
		for _, f := range parseReport(t, out).Findings {
			now[f.Rule] = true
		}
		for rule := range before {
			if !now[rule] {
				t.Errorf("%s does not find %s", profile, rule)
			}
		}
		if len(now) <= len(before) {
			t.Errorf("%s finds %d rules, the one before %d", profile, len(now), len(before))
		}
		before = now
	}
	if _, out, _ := checkAt(t, "", "--profile", "baseline", "--rule", "cpu-limit", "--format", "json",
		"."); len(parseReport(t, out).Findings) != 1 {
		t.Error("--rule does not name a rule of another profile")
	}
	if status, _, errs := checkAt(t, "", "--profile", "lax", "."); status != 2 ||
		!strings.Contains(errs, `"lax" is not a profile`) {
		t.Errorf("status %d, %s", status, errs)
	}
}

// TestBaselineGates holds that only what is new counts, that what is fixed is said, and that update only takes out.
func TestBaselineGates(t *testing.T) {
	dir := writeTree(t, map[string]string{"a.container": softUnit})
	t.Chdir(dir)
	base := func(args ...string) (int, string, string) {
		return invoke(t, append([]string{"baseline"}, args...)...)
	}
	if status, _, errs := checkAt(t, "", ".", "--baseline", "podlint-baseline.json"); status != 2 ||
		!strings.Contains(errs, "hint: create one with podlint baseline write") {
		t.Errorf("without one: status %d, %s", status, errs)
	}
	if status, out, errs := base("write", "check", "."); status != 0 ||
		!strings.HasPrefix(out, "podlint-baseline.json: ") {
		t.Fatalf("write: status %d, %s%s", status, out, errs)
	}
	if status, out, _ := checkAt(t, "", ".", "--baseline", "podlint-baseline.json"); status != 0 ||
		!strings.Contains(out, "in the baseline") {
		t.Errorf("nothing new: status %d\n%s", status, out)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("b.container", "[Container]\nImage=localhost/plain:1\nContainerName=systemd-a\n")
	if status, _, _ := checkAt(t, "", ".", "--baseline", "podlint-baseline.json"); status != 1 {
		t.Errorf("a second container of the same name counts as known: status %d", status)
	}
	if err := os.Remove("b.container"); err != nil {
		t.Fatal(err)
	}
	write("a.container", softUnit+"ReadOnly=true\nPodmanArgs=--privileged\n")
	status, out, _ := checkAt(t, "", ".", "--baseline", "podlint-baseline.json")
	if status != 1 || !strings.Contains(out, "1 critical") || !strings.Contains(out, "fixed since the baseline") {
		t.Errorf("something new and something fixed: status %d\n%s", status, out)
	}
	before, _ := os.ReadFile("podlint-baseline.json")
	if status, out, errs := base("update", "check", "."); status != 0 || !strings.Contains(out, "fixed and removed") {
		t.Errorf("update: status %d, %s%s", status, out, errs)
	}
	after, _ := os.ReadFile("podlint-baseline.json")
	if len(after) >= len(before) || strings.Contains(string(after), `"privileged"`) ||
		strings.Contains(string(after), `"read-only"`) {
		t.Errorf("update wrote\n%s", after)
	}
	write("c.container", "[Container]\nx\n")
	if status, _, errs := base("write", "check", "."); status != 2 || !strings.Contains(errs, "left as it is") {
		t.Errorf("write with a broken unit: status %d, %s", status, errs)
	}
	if now, _ := os.ReadFile("podlint-baseline.json"); string(now) != string(after) {
		t.Error("the baseline has changed all the same")
	}
}
