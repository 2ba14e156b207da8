package secret

import (
	"strings"
	"testing"
)

// TestMask holds what is masked and what stays readable beside it.
func TestMask(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"Environment=MODE=fast \"DB_PASSWORD=a b c\" X=y", "Environment=MODE=fast \"DB_PASSWORD=[redacted]\" X=y"},
		{"podman --root /var/tmp/storage-5-71234-Ab3dE9/root run img",
			"podman --root /var/tmp/storage-5-71234-Ab3dE9/root run img"},
		{"DB_PASSWORD=correct horse battery", "DB_PASSWORD=[redacted]"},
		{"podman run -e DB_PASSWORD=hunter2 img", "podman run -e DB_PASSWORD=[redacted] img"},
		{"a: 1 # admin password: hunter2", "a: 1 # admin password: [redacted]"},
		{"{privileged: true, environment: {DB_PASSWORD: hunter2}, a: b}", "{privileged: true, environment: " +
			"{DB_PASSWORD: [redacted]}, a: b}"},
		{"- name: DB_PASSWORD\n  value: hunter2\n- name: A\n  value: b", "- name: DB_PASSWORD\n  value: " +
			"[redacted]\n- name: A\n  value: b"},
		{"- value: hunter2\n  name: DB_PASSWORD", "- value: [redacted]\n  name: DB_PASSWORD"},
		{"password: |\n  hunter2\n  hunter3\nuser: a", "password: |\n  [redacted]\n  [redacted]\nuser: a"},
		{"# password: |\n#   hunter2\n# user: a", "# password: |\n#   [redacted]\n# user: a"},
		{"kind: Secret\nstringData:\n  a: abc\n  b: |\n    def\n---\nkind: Pod\ndata: abc",
			"kind: Secret\nstringData:\n  [redacted]\n  [redacted]\n    [redacted]\n---\nkind: Pod\ndata: abc"},
		{"kind: Secret\nstringData: {config: abc}", "kind: Secret\nstringData: [redacted]"},
		{"redis-cli -a hunter2 ping", "redis-cli -a [redacted] ping"},
		{"[\"redis-cli\", \"-a\", \"hunter2\", \"ping\"]", "[\"redis-cli\", \"-a\", \"[redacted]\", \"ping\"]"},
		{"- --password\n- hunter2", "- --password\n- [redacted]"},
		{"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nx", "[redacted]\n[redacted]\n[redacted]\nx"},
		{"postgres://u:p/w2@h/db", "postgres://u:[redacted]@h/db"},
		{`{"password": "hunter2", "user": "a"}`, `{"password": "[redacted]", "user": "a"}`},
		// What is no secret.
		{"Secret=db-password,type=env,target=DB_PASSWORD", "Secret=db-password,type=env,target=DB_PASSWORD"},
		{"podman run --secret db-password,type=mount -v ./secrets:/run/secrets:ro --user app:app img",
			"podman run --secret db-password,type=mount -v ./secrets:/run/secrets:ro --user app:app img"},
		{"DB_PASSWORD_FILE=/run/secrets/db", "DB_PASSWORD_FILE=/run/secrets/db"},
		{"PASSWORD=${DB_PASSWORD}", "PASSWORD=${DB_PASSWORD}"},
		{"secrets:\n  - db_password", "secrets:\n  - db_password"},
		{"Image=docker.io/library/nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			"Image=docker.io/library/nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
	} {
		t.Run(test.text, func(t *testing.T) {
			if got := Mask(test.text); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// FuzzMask holds that the lines keep their numbers.
func FuzzMask(f *testing.F) {
	f.Add("password: |\n  a\n\n b\n-----BEGIN PRIVATE KEY-----\nx\n'")
	f.Add("kind: Secret\ndata:\n\n  x\n---\n\\\"")
	f.Add("- value: 'x\n- name: DB_PASSWORD\n\\")
	f.Fuzz(func(t *testing.T, text string) {
		if got := Mask(text); strings.Count(got, "\n") != strings.Count(text, "\n") {
			t.Errorf("%q has other lines: %q", text, got)
		}
	})
}

// TestMaskHidesWhatIsFound holds that what the detector finds in a line of the corpus is masked in every syntax that
// holds such lines: the detector finds nothing in what is left.
func TestMaskHidesWhatIsFound(t *testing.T) {
	for _, file := range []string{"tuning.txt", "heldout.txt"} {
		total, failed := 0, 0
		for _, l := range corpus(t, file) {
			if !found(l) || strings.Contains(l.text, `"`) {
				continue
			}
			for _, syntax := range syntaxesOf(l) {
				total++
				masked := Mask(syntax.before + syntax.text + syntax.after)
				inner := strings.TrimSuffix(strings.TrimPrefix(masked, syntax.before), syntax.after)
				if strings.HasPrefix(masked, syntax.before) && found(line{kind: l.kind, text: syntax.back(inner)}) {
					failed++
					if file == "tuning.txt" {
						t.Errorf("%s%s%s -> %s", syntax.before, syntax.text, syntax.after, masked)
					}
				}
			}
		}
		if failed > 0 || total == 0 {
			t.Errorf("%s: %d of %d shown", file, failed, total)
		}
	}
}

// syntax is a line of the corpus as a definition has it.
type syntax struct {
	before, text, after string
	// back makes the line of the corpus of what is between before and after.
	back func(string) string
}

func syntaxesOf(l line) []syntax {
	same := func(s string) string { return s }
	switch l.kind {
	case "args":
		words := strings.Split(l.text, `\t`)
		return []syntax{
			{`command: ["`, strings.Join(words, `", "`), `"]`,
				func(s string) string { return strings.ReplaceAll(s, `", "`, `\t`) }},
			{"Exec=", strings.Join(words, " "), "", func(s string) string { return strings.ReplaceAll(s, " ", `\t`) }},
		}
	case "shell":
		return []syntax{
			{"HealthCmd=", l.text, "", same},
			{`test: ["CMD-SHELL", "`, l.text, `"]`, same},
			{"# ", l.text, "", same},
		}
	case "label":
		return []syntax{{`Label="`, l.text, `"`, same}}
	}
	name, value, _ := strings.Cut(l.text, "=")
	return []syntax{
		{"", l.text, "", same},
		{`Environment="`, l.text, `"`, same},
		{`      - "`, l.text, `"`, same},
		{"export ", l.text, "", same},
		{"      " + name + `: "`, value, `"`, func(s string) string { return name + "=" + s }},
		{`podman run -e "`, l.text, `" docker.io/library/x:1`, same},
	}
}
