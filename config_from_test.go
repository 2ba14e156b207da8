package podlint_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/podlint/podlint"
)

// TestConfigFrom holds that the configuration of the revision that ConfigFrom names counts, not that of the change.
func TestConfigFrom(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Chdir(t.TempDir())
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("podlint.toml", "[rules]\nhealthcheck = \"off\"\n")
	write("a.container", "[Container]\nImage=localhost/x:1\n")
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-q", "-m", "base")
	write("podlint.toml", "[rules]\nread-only = \"off\"\n")
	write("a.container", "# podlint: ignore=cap-drop-all the change's own\n[Container]\nImage=localhost/x:1\n")
	r, err := podlint.Check(t.Context(), []string{"."}, podlint.Options{ConfigFrom: "main"})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range r.Findings {
		found[f.Rule.ID] = f.Waived == ""
	}
	if !found["read-only"] || !found["cap-drop-all"] || found["healthcheck"] {
		t.Errorf("found %v", found)
	}
	for _, o := range []podlint.Options{{ConfigFrom: "nothing"}, {ConfigFrom: "main", Config: "none"},
		{ConfigFrom: "./none.toml"}, {ConfigFrom: "main", Baseline: "none.json"}} {
		if _, err := podlint.Check(t.Context(), []string{"."}, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
