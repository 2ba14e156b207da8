package yamlpath

import (
	"errors"
	"strings"
	"testing"
)

// TestAt holds where values stand: at their keys, through aliases and merges too.
func TestAt(t *testing.T) {
	const text = `x-base: &base
  user: "1"
  caps: &caps [A, B]
services:
  web:
    <<: *base
    image: x
    list:
      - name: n
        values: *caps
    "quoted key": {deep: true}
`
	documents, err := Documents([]byte(text))
	if err != nil || len(documents) != 1 {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"services web":                 "f:5:3",
		"services web image":           "f:7:5",
		"services web user":            "f:2:3", // merged in
		"services web list 0":          "f:9:9",
		"services web list 0 name":     "f:9:9",
		"services web list 0 values 1": "f:3:19", // of the alias
		"services web quoted_key deep": "f:11:20",
		"services web none":            "",
		"services web list 1":          "",
		"services web image deeper":    "",
	} {
		var keys []any
		for _, key := range strings.Fields(path) {
			if key == "0" || key == "1" {
				keys = append(keys, int(key[0]-'0'))
			} else {
				keys = append(keys, strings.ReplaceAll(key, "_", " "))
			}
		}
		at, ok := At("f", documents[0], keys...)
		got := ""
		if ok {
			got = at.String()
		}
		if got != want || (Get(documents[0], keys...) != nil) != ok {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// TestDocuments holds what is no YAML, or none that podlint follows.
func TestDocuments(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want int // the documents
		is   error
		says string // the problem's place and message begin so
	}{
		"none":       {"", 0, nil, ""},
		"two":        {"a: 1\n---\nb: 2\n", 2, nil, ""},
		"broken":     {"a: 1\nb: [\n", 0, nil, "f:"},
		"itself":     {"a: &a {b: *a}\n", 0, ErrTooDeep, ""},
		"deep":       {strings.Repeat("[", 200) + strings.Repeat("]", 200), 0, ErrTooDeep, ""},
		"as base64":  {"!!binary a2luZA==: !!binary UG9k\n", 1, nil, ""},
		"bad anchor": {"a: *none\n", 0, nil, "f"},
	} {
		documents, err := Documents([]byte(tt.text))
		if len(documents) != tt.want || (err != nil) != (tt.is != nil || tt.says != "") ||
			tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %d documents, %v", name, len(documents), err)
		}
		if tt.says != "" {
			if p := Problem("f", err); !strings.HasPrefix(p.Origin.String(), tt.says) || p.Message == "" {
				t.Errorf("%s: %s: %s", name, p.Origin, p.Message)
			}
		}
	}
	documents, err := Documents([]byte("!!binary a2luZA==: !!binary UG9k\n"))
	if err != nil || Get(documents[0], "kind") == nil || Get(documents[0], "kind").Value != "Pod" {
		t.Error("what is in base64 is not what it says", err)
	}
}
