package safe

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestTextCommands holds that no foreign word starts a command of GitHub, GitLab or Azure Pipelines, and that what only
// looks alike stays.
func TestTextCommands(t *testing.T) {
	for text, want := range map[string]string{
		"::stop-commands::zz":                    `\x3a:stop-commands::zz`,
		"  ::error file=a::x":                    `  \x3a:error file=a::x`,
		"\t::error::x":                           `\t::error::x`,
		"web ##[error]x":                         `web #\x23[error]x`,
		"##vso[task.setvariable variable=P]/tmp": `#\x23vso[task.setvariable variable=P]/tmp`,
		"###VSO[task]":                           `##\x23VSO[task]`,
		"section_start:1:x\r\x1b[0K":             `section_start:1:x\r\x1b[0K`,
		"x ::error::y":                           `x \x3a:error::y`,
		"::1":                                    "::1",
		"[::]:80":                                "[::]:80",
		"a::b::c":                                "a::b::c",
		"## heading":                             "## heading",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestJSONCommands(t *testing.T) {
	var out bytes.Buffer
	const name = "##[error]x ##vso[task]y"
	if err := json.NewEncoder(JSON{&out}).Encode(name); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back != name {
		t.Errorf("%v: %q", err, back)
	}
	if logCommand.Match(out.Bytes()) {
		t.Errorf("a command stays: %s", &out)
	}
}
