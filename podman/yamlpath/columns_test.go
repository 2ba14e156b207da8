package yamlpath

import (
	"strings"
	"testing"
)

// TestColumns holds that columns count bytes, whatever stands before a value.
func TestColumns(t *testing.T) {
	const text = "größe: {ä: 1, b: [𝄞, c]} # é\nplain: x\n日本: {語: ok}\n"
	documents, err := Documents([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path []any
		want string // what stands at the place
	}{
		{[]any{"größe"}, "größe"}, {[]any{"größe", "ä"}, "ä"}, {[]any{"größe", "b"}, "b"},
		{[]any{"größe", "b", 1}, "c"},
		{[]any{"plain"}, "plain"}, {[]any{"日本", "語"}, "語"},
	} {
		at, ok := At("f", documents[0], tt.path...)
		line := strings.Split(text, "\n")[at.Line-1]
		if got := line[at.Column-1:]; !ok || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%v: %s is %q", tt.path, at, got)
		}
	}
}
