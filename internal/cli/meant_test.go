package cli

import (
	"bytes"
	"strings"
	"testing"
)

// TestMeant holds that a mistake is answered with what was probably meant, and what is nothing like anything with
// nothing.
func TestMeant(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{"a.container": softUnit}))
	tests := []struct{ args, want string }{
		{"scna", "did you mean scan?"},
		{"chek .", "did you mean check?"},
		{"xplain privileged", "explain?"},
		{"baseline wirte", "did you mean write?"},
		{"check . --frmat json", "did you mean --format?"},
		{"check . -rule x", "did you mean --rule?"},
		{"check . --min-sev high", "did you mean --min-severity?"},
		{"check . --format jsn", "did you mean json?"},
		{"check . --fail-on hihg", "did you mean high?"},
		{"check . --rule cap-drop", "did you mean cap-drop-all?"},
		{"check . --skip No_New_Privileges", "did you mean no-new-privileges?"},
		{"explain 5.4", "did you mean cap-drop-all or cap-dangerous?"},
		{"explain privilegd", "did you mean privileged?"},
		{"check . --color=sometimes", "must be one of auto, always, never"},
		{"quux", ""},
		{"explain zzz", ""},
		{"check . --zzzzzzzz", ""},
		{"check . -x", ""},
	}
	for _, tt := range tests {
		status, _, errs := invoke(t, strings.Fields(tt.args)...)
		if status != 2 || !strings.Contains(errs, tt.want) || tt.want == "" && strings.Contains(errs, "did you mean") {
			t.Errorf("podlint %s: status %d, no %q in %s", tt.args, status, tt.want, errs)
		}
	}
}

// TestColor holds what decides on colour, in which order.
func TestColor(t *testing.T) {
	tests := []struct {
		mode                colorMode
		noColor, force, tty string
		want                bool
	}{
		{mode: colorAuto},
		{mode: colorAuto, force: "1", want: true},
		{mode: colorAuto, force: "1", noColor: "1"},
		{mode: colorAlways, noColor: "1", want: true},
		{mode: colorNever, force: "1"},
	}
	for _, tt := range tests {
		t.Setenv("NO_COLOR", tt.noColor)
		t.Setenv("FORCE_COLOR", tt.force)
		if got := wantsColor(&bytes.Buffer{}, tt.mode); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	t.Chdir(writeTree(t, map[string]string{"a.container": softUnit}))
	for args, want := range map[string]bool{"--color=always": true, "--no-color": false, "--color=never": false} {
		if _, out, _ := checkAt(t, "", args, "."); strings.Contains(out, "\x1b[") != want {
			t.Errorf("%s: colour is not %v", args, want)
		}
	}
}
