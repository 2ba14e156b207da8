package fix

import (
	"errors"
	"testing"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// TestApply holds which edits of one place go together.
func TestApply(t *testing.T) {
	for _, c := range []struct {
		name  string
		edits []edit
		want  string
		err   error
	}{
		{"an insertion where a word goes", []edit{{3, 5, ""}, {3, 3, " x"}}, "run x i", nil},
		{"deletions that overlap", []edit{{2, 4, ""}, {3, 5, ""}}, "ru i", nil},
		{"the same deletion twice", []edit{{3, 5, ""}, {3, 5, ""}}, "run i", nil},
		{"an insertion behind a deletion", []edit{{3, 5, ""}, {5, 5, " x"}}, "run x i", nil},
		{"a replacement within a deletion", []edit{{2, 5, ""}, {3, 4, "x"}}, "", errOverlap},
		{"two replacements", []edit{{3, 5, "x"}, {3, 5, "y"}}, "", errOverlap},
		{"an insertion within a deletion", []edit{{2, 5, ""}, {3, 3, "x"}}, "", errOverlap},
	} {
		if got, err := apply([]byte("run p i"), c.edits); string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

// TestTmpfsInCompose holds that the options of a tmpfs stay one item of the list.
func TestTmpfsInCompose(t *testing.T) {
	text := "services:\n  a:\n    image: x\n"
	f := &rules.Finding{
		Definition: podman.Definition{Syntax: podman.SyntaxCompose,
			Origin: podman.Origin{File: "compose.yaml", Line: 2, Column: 3}},
		Rule: &rules.Rule{ID: "read-only"},
		Fix: rules.Fix{Changes: []rules.Change{
			{Flag: "--tmpfs=/run:rw,nosuid,nodev,noexec"}, {Flag: "--cap-add=SETGID,SETUID"},
		}},
	}
	want := "services:\n  a:\n    image: x\n    cap_add: [SETGID, SETUID]\n    tmpfs: " +
		"[\"/run:rw,nosuid,nodev,noexec\"]\n"
	if out := File("compose.yaml", []byte(text), []*rules.Finding{f}, ""); string(out.After) != want {
		t.Errorf("got\n%s%v", out.After, out.Left)
	}
}

// TestConflict holds that of two values for one option the second is left and said so.
func TestConflict(t *testing.T) {
	at := podman.Definition{Syntax: podman.SyntaxQuadlet,
		Origin: podman.Origin{File: "a.container", Line: 1, Column: 1}}
	user := func(id string) *rules.Finding {
		return &rules.Finding{Definition: at, Rule: &rules.Rule{ID: "root-user"},
			Fix: rules.Fix{Changes: []rules.Change{{Flag: "--user=" + id}}}}
	}
	out := File("a.container", []byte("[Container]\nImage=x\n"), []*rules.Finding{user("10"), user("20")}, "")
	if string(out.After) != "[Container]\nImage=x\nUser=10\n" || len(out.Left) != 1 || len(out.Done) != 1 {
		t.Errorf("got\n%s%v", out.After, out.Left)
	}
}

// TestNoFinalNewline holds that what takes the place of a last line without an ending, and what is added behind it,
// leave no empty line.
func TestNoFinalNewline(t *testing.T) {
	at := podman.Definition{Syntax: podman.SyntaxQuadlet,
		Origin: podman.Origin{File: "a.container", Line: 1, Column: 1}}
	readOnly := &rules.Finding{Definition: at, Rule: &rules.Rule{ID: "read-only"},
		Fix: rules.Fix{Changes: []rules.Change{
			{Flag: "--read-only"},
			{Flag: "--user=10"},
		}}}
	out := File("a.container", []byte("[Container]\nImage=x\nReadOnly=false"), []*rules.Finding{readOnly}, "")
	if want := "[Container]\nImage=x\nReadOnly=true\nUser=10\n"; string(out.After) != want {
		t.Errorf("got %q", out.After)
	}
}
