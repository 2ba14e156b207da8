package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// TestParseMistakes holds that each mistake is named with its line, and that no configuration comes of one.
func TestParseMistakes(t *testing.T) {
	for _, tt := range []struct{ text, want string }{ // want: LINE: a piece of the message and the hint
		{"profile = \"lax\"\n", `1: "lax" is not a profile`},
		{"\nfail_on = \"high\"\n", "2: fail_on is not a key|did you mean fail-on?"},
		{"[rules]\nreadonly = \"off\"\n", "2: did you mean read-only?"},
		{"[rules]\nread-only = \"never\"\n", `2: "never" is neither on, off nor a severity`},
		{"[rules]\nread-only = false\n", "2: incompatible types"},
		{"[parameters]\nimage-age = \"soon\"\n", `2: "soon" is not a valid age|30d`},
		{"[parameters]\nallowed-capabilities = [\"NET_ADMIM\"]\n", `2: "NET_ADMIM" is not a capability|CAP_NET_ADMIN`},
		{"[parameters]\nallowed-mounts = [\"srv\"]\n", `2: "srv" is not an absolute path`},
		{"[[container]]\nname = \"[\"\n", `1: "[" is not a valid glob`},
		{"profile = \"strict\"\n[[container]]\nnme = \"x\"\n", "3: container.nme is not a key|container.name"},
		{"[[waiver]]\nrule = \"read-only\"\n", "1: this waiver has no reason|say why"},
		{"[[waiver]]\nreason = \"x\"\n", "1: this waiver names no rule"},
		{"[[waiver]]\nrule = \"read-ony\"\nreason = \"x\"\n", "1: did you mean read-only?"},
		{"a = 1\na = 2\n", "2: already been defined"},
		{"[rules\n", "2: expected"},
		{"[[rule]]\nid = \"Upper\"\n", "1: an id in lower case"},
		{"[[rule]]\nid = \"read-only\"\n", "1: a rule of podlint's own|[rules]"},
		{rule("x", "true", "m") + rule("x", "true", "m"), "6: is defined twice"},
		{rule("x", "imag == 'y'", "m"), "3: unknown name imag: did you mean image?"},
		{rule("x", "uid + 1", "m"), "3: expected bool"},
		{rule("x", "uid == 'root'", "m"), "3: mismatched types"},
		{rule("x", "any(mounts, .sorce == '')", "m"), "3: sorce"},
		{rule("x", "true", "{imgae}"), "4: unknown name imgae"},
		{rule("x", "true", "{image"), "4: { without a }"},
		{rule("x", "len(1..1000000) > 1", "m"), "3: ranges"},
		{rule("x", "any(mounts, any(mounts, any(mounts, true)))", "m"), "3: loops nest"},
		{rule("x", strings.Repeat("not ", 600)+"true", "m"), "3: "},
		{rule("x", "now() != nil", "m"), "3: "},
		{rule("x", "true", "m") + "[[rule.test]]\ncontainer = { imgae = \"x\" }\nfires = true\n",
			`1: a container has no "imgae": did you mean image?`},
		{rule("x", "true", "m") + "[[rule.test]]\ncontainer = { uid = \"x\" }\nfires = true\n", "1: uid is a string"},
		{rule("x", "true", "m") + "[[rule.test]]\ncontainer = { mounts = [{ sorce = \"x\" }] }\nfires = true\n",
			`1: an entry of mounts has no "sorce"`},
		{rule("x", "true", "m") + "[[rule.test]]\ncontainer = {}\n", "1: does not say whether the rule fires"},
	} {
		config, problems := Parse("podlint.toml", []byte(tt.text))
		if config != nil || len(problems) == 0 {
			t.Errorf("%q: no mistake", tt.text)
			continue
		}
		p := problems[0]
		got := fmt.Sprintf("%d: %s|%s", p.Origin.Line, p.Message, p.Hint)
		for i, piece := range strings.Split(tt.want, "|") {
			line, piece, ok := strings.Cut(piece, ": ")
			if !ok {
				line, piece = "", line
			}
			if i == 0 && !strings.HasPrefix(got, line+":") || !strings.Contains(got, piece) {
				t.Errorf("%q:\n got %s\nwant %s", tt.text, got, tt.want)
			}
		}
	}
}

// rule is a [[rule]] of five lines.
func rule(id, when, message string) string {
	return fmt.Sprintf("[[rule]]\nid = %q\nwhen = %q\nmessage = %q\nseverity = \"low\"\n", id, when, message)
}

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, problems := Parse("podlint.toml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("%s: %s", problems[0].Origin, problems[0].Message)
	}
	return c
}

func found(rule, container, file string) rules.Finding {
	r, err := rules.Find(rules.All(rules.Parameters{}), rule)
	if err != nil {
		panic(err)
	}
	return rules.Finding{Rule: r, Severity: rules.Medium, Container: container,
		Definition: podman.Definition{Origin: podman.Origin{File: file}}, Fingerprint: rule + container + file}
}

// TestAdjust holds what sections, severities and waivers do to findings.
func TestAdjust(t *testing.T) {
	c := parsed(t, `
[rules]
read-only = "high"
cpu-limit = "on"
healthcheck = "off"
[[container]]
name = "ci-*"
rules = { read-only = "off", healthcheck = "low" }
[[container]]
path = "legacy/**"
rules = { cap-drop-all = "info" }
[[container]]
name = "ci-1"
rules = { read-only = "critical" }
[[waiver]]
rule = "uid-map"
container = "web"
reason = "its own machine"
expires = 2026-11-24
[[waiver]]
rule = "no-new-privileges"
container = "web"
reason = "sudo"
[[waiver]]
rule = "privileged"
container = "web"
reason = "is not"
`)
	catalogue := c.Catalogue(rules.Parameters{})
	uses := map[string]bool{}
	for i := range catalogue {
		uses[catalogue[i].ID] = c.Uses(&catalogue[i], rules.Standard)
	}
	for rule, want := range map[string]bool{"read-only": true, "cpu-limit": true, "image-unpinned": false,
		"healthcheck": true /* in a section */, "uid-map": true} {
		if uses[rule] != want {
			t.Errorf("uses %s: %v", rule, uses[rule])
		}
	}
	day := func(s string) time.Time {
		d, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, tt := range []struct {
		f      rules.Finding
		now    string
		want   rules.Severity // 0 for left out
		waived string
	}{
		{found("read-only", "web", ""), "2026-11-24T12:00:00Z", rules.High, ""},
		{found("read-only", "ci-2", ""), "2026-11-24T12:00:00Z", 0, ""},
		{found("read-only", "ci-1", ""), "2026-11-24T12:00:00Z", rules.Critical, ""},
		{found("healthcheck", "web", ""), "2026-11-24T12:00:00Z", 0, ""},
		{found("healthcheck", "ci-2", ""), "2026-11-24T12:00:00Z", rules.Low, ""},
		{found("cap-drop-all", "old", "legacy/a/b.container"), "2026-11-24T12:00:00Z", rules.Info, ""},
		{found("cap-drop-all", "old", "units/legacy/b.container"), "2026-11-24T12:00:00Z", rules.Info, ""},
		{found("cap-drop-all", "old", "legacies/b.container"), "2026-11-24T12:00:00Z", rules.Medium, ""},
		{found("uid-map", "web", ""), "2026-11-24T23:59:00Z", rules.Medium, "its own machine"},
		{found("uid-map", "web", ""), "2026-11-25T00:01:00Z", rules.Medium, ""},
		{found("no-new-privileges", "web", ""), "2030-01-01T00:00:00Z", rules.Medium, "sudo"},
		{found("no-new-privileges", "db", ""), "2030-01-01T00:00:00Z", rules.Medium, ""},
	} {
		kept := c.Adjust([]rules.Finding{tt.f}, rules.Standard, day(tt.now))
		switch {
		case tt.want == 0 && len(kept) > 0, tt.want > 0 && len(kept) == 0:
			t.Errorf("%s of %s: kept %d", tt.f.Rule.ID, tt.f.Container, len(kept))
		case tt.want > 0 && (kept[0].Severity != tt.want || kept[0].Waived != tt.waived):
			t.Errorf("%s of %s: %s, waived %q", tt.f.Rule.ID, tt.f.Container, kept[0].Severity, kept[0].Waived)
		}
	}
	var stale []string
	for _, p := range c.Stale(func(string) bool { return true }, day("2026-11-26T00:00:00Z")) {
		stale = append(stale, fmt.Sprintf("%d: %s", p.Origin.Line, p.Message))
	}
	if got, want := strings.Join(stale, "; "), "15: this waiver of uid-map expired on 2026-11-24; 24: this waiver of "+
		"privileged matches no finding"; got != want {
		t.Errorf("stale waivers: %s, want %s", got, want)
	}
}

// TestParameters holds that the parameters reach the rules.
func TestParameters(t *testing.T) {
	c := parsed(t, "[parameters]\nimage-age = \"7d\"\nallowed-capabilities = [\"net_admin\"]\nallowed-mounts = "+
		"[\"/etc/shop/**\"]\ntrusted-registries = [\"quay.io\"]\n")
	if c.Parameters.ImageAge != 7*24*time.Hour {
		t.Errorf("the age is %v", c.Parameters.ImageAge)
	}
	sample, err := sample(map[string]any{"image": "docker.io/library/nginx:1", "mounts": []any{
		map[string]any{"type": "bind", "source": "/etc/shop/conf", "destination": "/c", "writable": true},
		map[string]any{"type": "bind", "source": "/etc", "destination": "/e", "writable": true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	sample.Capabilities.Bounding.Value = append(sample.Capabilities.Bounding.Value, "CAP_NET_ADMIN", "CAP_SYS_MODULE")
	var got []string
	for _, f := range rules.Check(c.Catalogue(rules.Parameters{}), sample) {
		switch f.Rule.ID {
		case "cap-dangerous", "host-path", "image-untrusted":
			got = append(got, f.Rule.ID+" "+f.Cause)
		}
	}
	if want := "host-path /e, cap-dangerous CAP_SYS_MODULE, image-untrusted "; strings.Join(got, ", ") != want {
		t.Errorf("found %q, want %q", strings.Join(got, ", "), want)
	}
}

// TestCustomRules holds when a rule of one's own fires, what it says, and that of what is not known it says nothing.
func TestCustomRules(t *testing.T) {
	c := parsed(t, `
[[rule]]
id = "service-user"
severity = "high"
when = "uid != 0 and uid < 10000"
message = "runs as UID {uid} of {image}, reach {reach}"
fix = "give it another"
[[rule.test]]
name = "low"
container = { uid = 33 }
fires = true
[[rule.test]]
container = { uid = 0 }
fires = true
`)
	var failed []string
	for i := range c.Tests {
		if err := c.Tests[i].Run(); err != nil {
			failed = append(failed, err.Error())
		}
	}
	if len(c.Tests) != 2 || strings.Join(failed, "") != "rule service-user, test 2: it fires: false, wanted: true" {
		t.Errorf("the tests: %q", failed)
	}
	s, err := sample(map[string]any{"uid": int64(33), "image": "x/y", "no_new_privileges": true})
	if err != nil {
		t.Fatal(err)
	}
	got := rules.Check(c.Custom, s)
	if len(got) != 1 || got[0].Message != "runs as UID 33 of x/y, reach escape-to-user" ||
		got[0].Severity != rules.High || got[0].Fix.Summary != "give it another" || got[0].Fingerprint == "" {
		t.Errorf("found %+v", got)
	}
	s.Process.UID = podman.Setting[uint32]{}
	if got := rules.Check(c.Custom, s); len(got) != 0 {
		t.Errorf("of an unknown UID it says %s", got[0].Message)
	}
}

// TestCustomRulesKeepSecrets holds that no expression gets at a secret.
func TestCustomRulesKeepSecrets(t *testing.T) {
	c := parsed(t, rule("leak", `len(labels) >= 0`, `{labels} {variables}`))
	s, err := sample(map[string]any{"labels": map[string]any{"db-password": "hunter2-9f3Kq7xZ"}})
	if err != nil {
		t.Fatal(err)
	}
	s.Environment.Value = []podman.Variable{{Name: "DB_PASSWORD", Value: "hunter2-9f3Kq7xZ"}}
	if got := rules.Check(c.Custom, s); len(got) != 1 || strings.Contains(got[0].Message, "hunter2") ||
		!strings.Contains(got[0].Message, "[redacted]") {
		t.Errorf("found %+v", got)
	}
}

// TestBaseline holds what counts as new and what as fixed, with two containers of one name.
func TestBaseline(t *testing.T) {
	old := []rules.Finding{found("read-only", "a", ""), found("read-only", "a", ""), found("uid-map", "a", ""),
		found("oom", "b", "")}
	b, err := ParseBaseline(NewBaseline(old).JSON())
	if err != nil || len(b.Known) != 4 {
		t.Fatalf("%v, %d findings", err, len(b.Known))
	}
	now := []rules.Finding{found("read-only", "a", ""), found("read-only", "a", ""), found("read-only", "a", ""),
		found("sysctl", "a", "")}
	fixed := b.Mark(now, func(name string) bool { return name == "a" })
	var marks []bool
	for _, f := range now {
		marks = append(marks, f.Baseline)
	}
	if fmt.Sprint(marks) != "[true true false false]" || len(fixed) != 1 || fixed[0].Rule != "uid-map" {
		t.Errorf("marks %v, fixed %v", marks, fixed)
	}
	if left := b.Without(fixed); len(left.Known) != 3 {
		t.Errorf("%d are left", len(left.Known))
	}
	for _, text := range []string{"", "[]", `{"format":"podlint","version":1}`,
		`{"format":"podlint-baseline","version":2}`} {
		if _, err := ParseBaseline([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// FuzzParse feeds arbitrary text: it ends, and either there is a configuration or a mistake.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"profile = \"strict\"\n", rule("x", "uid == 0 and any(mounts, .writable)", "{uid}"),
		"[[waiver]]\nrule = \"oom\"\nreason = \"x\"\n", "[rules]\noom = \"off\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, problems := Parse("podlint.toml", []byte(text))
		if (c == nil) != (len(problems) > 0) {
			t.Errorf("a configuration: %v, mistakes: %v", c != nil, problems)
		}
		if c == nil {
			return
		}
		s, err := sample(nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Tests {
			_ = c.Tests[i].Run()
		}
		_ = rules.Check(c.Custom, s)
	})
}

// BenchmarkCustomRule measures a rule of one's own on a container with twenty mounts.
func BenchmarkCustomRule(b *testing.B) {
	c, problems := Parse("podlint.toml",
		[]byte(rule("data-mounts", `any(mounts, .type == "bind" and .writable and not (.source startsWith "/srv/"))`,
			"m")))
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	s, err := sample(nil)
	if err != nil {
		b.Fatal(err)
	}
	for range 20 {
		s.Files.Mounts.Value = append(s.Files.Mounts.Value,
			podman.Mount{Type: "bind", Source: "/srv/data", Destination: "/data", Writable: true})
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = rules.Check(c.Custom, s)
	}
}
