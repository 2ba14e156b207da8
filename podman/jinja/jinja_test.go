package jinja_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podlint/podlint/podman/jinja"
)

func TestScript(t *testing.T) {
	for text, want := range map[string]string{
		"podman run {{ image }}":                    "podman run ${xxxxxxxx}",
		"a {{ x | default(\"}}\") }} b":             "a ${xxxxxxxxxxxxxxxxxxxx} b",
		"{% if a %}\nb\n{% endif %}\n":              "          \nb\n           \n",
		"run {% if a %}--x {% endif %} b":           "run ${xxxxxxxxxxxxxxxxxxxxxx} b",
		"a \\\n{% if b %}\n  -c \\\n{% endif %}\nd": "a \\\n${xxxxxx}\\\n     \\\n          \\\nd",
		"{# a #}b {{ c":                             "       b {{ c",
		"{% raw %}{{ a }}{% endraw %}":              "         {{ a }}            ",
	} {
		if diff := cmp.Diff(want, jinja.Script(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		if len(jinja.Script(text)) != len(text) {
			t.Errorf("%q has another length", text)
		}
	}
}

func TestLines(t *testing.T) {
	lines, written := jinja.Lines("[Container]\nImage={{ a b }}\n{% if x %}\nVolume=/:/h\n{% endif %}\nUser=@USER@\n")
	want := []jinja.Line{{Text: "[Container]"}, {Text: "Image={{_a_b_}}"}, {}, {Text: "Volume=/:/h", Uncertain: true}, {},
		{Text: "User={{SE}}"}, {}}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if written["{{_a_b_}}"] != "{{ a b }}" || written["{{SE}}"] != "@USER@" {
		t.Errorf("written: %v", written)
	}
}

func FuzzMarks(f *testing.F) {
	f.Add("{% if a %}{{ b }}\n{# c #}{% endif %}\\\n{% raw %}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(jinja.Script(text)) != len(text) {
			t.Error("it has another length")
		}
		jinja.Lines(text)
	})
}
