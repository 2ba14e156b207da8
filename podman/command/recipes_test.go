package command

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

// inScripts describes the containers of scripts: name, image, and where --privileged is written.
func inScripts(scripts []Script) string {
	host := podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{})
	var lines []string
	for _, s := range scripts {
		read := s.Read(host)
		found, problems := read.Containers, read.Problems
		for _, c := range found {
			at := "-"
			switch p := c.Confinement.Privileged; {
			case p.Value:
				at = fmt.Sprint(p.Origin.Line, ":", p.Origin.Column)
			case !p.Known():
				at = "?"
			}
			lines = append(lines, fmt.Sprintf("%s %s %s", c.Name, c.Image.Name, at))
		}
		for _, p := range problems {
			if !strings.Contains(p.Message, "may hold more flags") {
				lines = append(lines, fmt.Sprintf("%d: %s", p.Origin.Line, p.Message))
			}
		}
	}
	return strings.Join(lines, "; ")
}

func TestMakefiles(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"r:\n\tpodman run --privileged --name w i\n", "w i 2:13"},
		{"r: a b\n\t@-podman run --name w \\\n\t  --privileged i", "w i 3:4"},
		{"r: ; @podman run --privileged --name w i", "w i 1:18"},
		{"E ?= podman\nI = docker.io/a/b:1 # x\nr:\n\t$(E) run --privileged --name w $(I)", "w docker.io/a/b:1 4:11"},
		{"E := $(shell command -v podman)\nr:\n\t${E} run --privileged --name w i", "w i 3:11"},
		{"ifdef X\nE = podman\nelse\nE = docker\nendif\nr:\n\t$(E) run --privileged --name w i", "w i 7:11"},
		{"O = --rm\nO += --privileged\nr:\n\tpodman run $(O) --name w i", "w i 2:6"},
		{"O = $(P) --name w\nP = --privileged\nr:\n\tpodman run $(O) i", "w i 2:5"},
		{"O = --rm\nifdef X\nO += --privileged\nendif\nr:\n\tpodman run $(O) --name w i", "w i ?"},
		{"O = --rm\nr: O = --privileged\nr:\n\tpodman run $(O) --name w i", "w i ?"},
		{"O = $(O)\nr:\n\tpodman run $(O) --name w i", "w i ?"},
		{"r:\n\tpodman run $(OPTS) --privileged --name w i", "w i 2:21"},
		{"r:\n\tpodman run $(foreach x,$(Y),-v $(x)) --privileged --name w i", "w i 2:39"},
		{"r:\n\tpodman run -e A=$$HOME --privileged --name w i", "w i 2:25"},
		{"r:\n\tid=$$(podman run --privileged --name w i)", "w i 2:19"},
		{"r:\n\tsh -c 'podman run --privileged --name w i'", "w i 2:20"},
		{"define x\npodman run --privileged --name w i\nendef", "w i 2:12"},
		{".RECIPEPREFIX = >\nr:\n>podman run --privileged --name w i", "w i 3:13"},
		{"# x: podman run --privileged --name w i\n", ""},
		{"X = podman run --privileged --name w i\n", ""},
		{"r:\r\n\tpodman run --privileged --name w i\r\n", "w i 2:13"},
		{"A = $(B)$(B)\nB = $(C)$(C)\nC = $(A)\nr:\n\tpodman run $(A) --name w i", "w i ?"},
	} {
		if got := inScripts(InMakefile("Makefile", test.text)); got != test.want {
			t.Errorf("%q\n\tgot  %s\n\twant %s", test.text, got, test.want)
		}
	}
}

func TestJustfiles(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"r:\n  podman run --privileged --name w i\n", "w i 2:14"},
		{"r:\n    @podman run --name w \\\n      --privileged i\n", "w i 3:7"},
		{"e := 'podman'\nr a='x' *b: c\n\t{{e}} run --privileged --name w i", "w i 3:12"},
		{"r:\n {{e}} run --privileged --name w i\ne := \"podman\"", "w i 2:12"},
		{"e := env('E', 'podman')\nr:\n {{ e }} run --privileged --name w i", "w i 3:14"},
		{"o := '--privileged'\nr:\n podman run {{o}} --name w i", "w i 1:7"},
		{"o := '--privileged'\nr o:\n podman run {{o}} --name w i", "w i ?"},
		{"o := '--privileged' + x\nr:\n podman run {{o}} --name w i", "w i ?"},
		{"r:\n podman run {{o}} --privileged --name w i", "w i 2:19"},
		{"r:\n podman ps --format '{{{{.ID}}' && podman run --privileged --name w i", "w i 2:47"},
		{"r:\n  #!/usr/bin/env bash\n  P=--privileged\n  podman run $P --name w i\n\nq:\n  x", "w i 3:5"},
		{"r:\n  #!/usr/bin/env python3\n  podman run --privileged --name w i", ""},
		{"set shell := ['python3', '-c']\nr:\n  podman run --privileged --name w i", ""},
	} {
		if got := inScripts(InJustfile("justfile", test.text)); got != test.want {
			t.Errorf("%q\n\tgot  %s\n\twant %s", test.text, got, test.want)
		}
	}
}

func document(t *testing.T, text string) *yaml.Node {
	t.Helper()
	documents, err := yamlpath.Documents([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return documents[0]
}

func TestTaskfiles(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"tasks:\n  a: podman run --privileged --name w i", "w i 2:17"},
		{"tasks:\n  a:\n    - podman run --privileged --name w i", "w i 3:18"},
		{"tasks:\n  a:\n    cmd: 'podman run --privileged --name w i'", "w i 3:22"},
		{"tasks:\n  a:\n    cmds:\n    - cmd: |\n        x\n        podman run --privileged --name w i", "w i 6:20"},
		{"tasks:\n  a:\n    cmds:\n    - defer: podman run --privileged --name w i", "w i 4:25"},
		{"vars: {E: podman}\ntasks:\n  a:\n  - '{{.E}} run --privileged --name w i'", "w i 4:17"},
		{"vars: {E: '{{.E | default \"podman\"}}'}\ntasks:\n  a:\n  - '{{.E}} run --privileged --name w i'", "w i 4:17"},
		{"vars: {E: {sh: command -v podman}}\ntasks:\n  a:\n  - '{{.E}} run --privileged --name w i'", "w i 4:17"},
		{"vars: {O: --privileged}\ntasks:\n  a: podman run {{.O}} --name w i", "w i 3:17"},
		{"vars: {O: --rm}\ntasks:\n  a:\n    vars: {O: --privileged}\n    cmd: podman run {{.O}} --name w i", "w i ?"},
		{"tasks:\n  a: podman run {{.CLI_ARGS}} --privileged --name w i", "w i 2:31"},
		{"tasks:\n  a:\n    desc: podman run --privileged --name w i", ""},
		{"a: podman run --privileged --name w i", ""},
	} {
		if got := inScripts(InTaskfile("Taskfile.yml", test.text, document(t, test.text))); got != test.want {
			t.Errorf("%q\n\tgot  %s\n\twant %s", test.text, got, test.want)
		}
	}
}

func TestWorkflows(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"jobs:\n  a:\n    container:\n      image: i\n      options: --privileged", "a i 5:16"},
		{"jobs:\n  a:\n    container:\n      image: i\n      options: >-\n        --cpus 1\n        --privileged", "a i 7:9"},
		{"jobs:\n  a:\n    services:\n      db:\n        image: i\n        options: '--health-cmd \"a b\" --privileged'",
			"db i 6:38"},
		{"jobs: {a: {container: {image: '${{ x }}', options: '${{ y }} --privileged'}}}", "a ${expression} 1:62"},
		{"jobs:\n  a:\n    container:\n      image: i\n      volumes: [/:/h]", "a i ?"},
		{"jobs:\n  a:\n    container: i", ""},
		{"jobs:\n  a:\n    container: {image: i}", ""},
		{"jobs:\n  a:\n    container: {image: i, options: --no-such-flag}",
			"3: this podman command line: word 5: podman " + TableVersion + " has no flag --no-such-flag"},
		{"jobs: [a]", ""}, {"services: {a: {image: i, options: --privileged}}", ""},
	} {
		if got := inScripts(InWorkflow("a.yml", test.text, document(t, test.text))); got != test.want {
			t.Errorf("%q\n\tgot  %s\n\twant %s", test.text, got, test.want)
		}
	}
}

// TestOtherLanguages holds that the script of a step that no shell runs is none.
func TestOtherLanguages(t *testing.T) {
	for text, want := range map[string]int{
		"steps: [{run: podman run i}]": 1, "steps: [{run: podman run i, shell: bash -e {0}}]": 1,
		"steps: [{run: podman run i, shell: python}]": 0, "steps: [{run: podman run i, shell: pwsh}]": 0,
		"steps: [{uses: actions/github-script@v7, with: {script: podman run i}}]": 0,
		"steps: [{uses: a/ssh-action@v1, with: {script: podman run i}}]":          1,
	} {
		text = strings.Replace(text, "{0}", "'{0}'", 1)
		text = strings.Replace(text, "bash -e '{0}'", "'bash -e {0}'", 1)
		if got := InYAML("a.yml", text, document(t, text)); len(got) != want {
			t.Errorf("%s: %d scripts, want %d", text, len(got), want)
		}
	}
}

func TestDevcontainers(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"image": "i", "privileged": true}`, "devcontainer i 1:30"},
		{`{"image": "i", "privileged": false}`, "devcontainer i ?"},
		{"// \"x\n{\n\t/* y\n */ \"image\": \"i\", // z\n\t\"runArgs\": [\"--cpus\", \"1\",\n\t\t\"--privileged\",],\n}",
			"devcontainer i 6:4"},
		{`{"image": "http:\/\/a\ud83d\ude00", "runArgs": ["--privileged"]}`, "devcontainer http://a😀 1:50"},
		{`{"build": {}, "runArgs": ["--privileged"]}`, "devcontainer ${image} 1:28"},
		{`{"dockerComposeFile": "a.yml", "runArgs": ["--privileged"]}`, "devcontainer ${image} ?"},
		{`{"dockerComposeFile": "a.yml", "privileged": true}`, "devcontainer ${image} 1:46"},
		{`{"image": "i", "runArgs": ["-v", "${localEnv:HOME}/.ssh:/x", "--privileged"]}`, "devcontainer i 1:63"},
	} {
		doc := document(t, string(PlainJSON([]byte(test.text))))
		if got := inScripts(InDevcontainer("devcontainer.json", doc)); got != test.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", test.text, got, test.want)
		}
	}
	const text = `{"mounts": ["type=bind,source=/,target=/h",
		{"type": "bind", "source": "${localEnv:HOME}/.ssh", "target": "/s"}],
		"capAdd": ["SYS_PTRACE"], "securityOpt": ["seccomp=unconfined"], "containerEnv": {"A": "b c"}, "containerUser": "u"}`
	host := podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{})
	c := InDevcontainer("devcontainer.json", document(t, text))[0].Read(host).Containers[0]
	mounts := c.Files.Mounts.Value
	got := fmt.Sprint(mounts[0].Source, mounts[1].Source, mounts[1].Origin.Line, mounts[1].Origin.Column,
		c.Capabilities.Requested.Value, c.Confinement.Seccomp.Value,
		c.Environment.Value[0].Name, c.Process.User.Value)
	if want := "/${HOME}/.ssh2 3 [CAP_SYS_PTRACE]unconfinedAu"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIsShell(t *testing.T) {
	for text, want := range map[string]bool{
		"#!/bin/sh\n": true, "#!/bin/bash -e\nx": true, "#! /usr/bin/env bash": true, "#!/usr/bin/env -S bash -e": true,
		"#!/usr/bin/env A=b zsh": true, "#!/usr/bin/python3\n": false, "": false, "#!": false, "x\n#!/bin/sh": false,
		"#!/usr/bin/env": false,
	} {
		if IsShell([]byte(text)) != want {
			t.Errorf("%q: not %v", text, want)
		}
	}
}

// FuzzRecipes reads makefiles and justfiles: every place that their scripts name is one.
func FuzzRecipes(f *testing.F) {
	f.Add("E ?= podman\nO += $(E)\nr: x ; podman run $(O) \\\n\t$$x $@\ndefine a\nendef\n")
	f.Add("e := 'podman'\nr a='x' *b: c\n\t@{{e}} run {{{{ \\\n  --privileged {{ x")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for _, s := range append(InMakefile("Makefile", text), InJustfile("justfile", text)...) {
			for i := range strings.Count(s.Text, "\n") + 1 {
				if line, column := s.At(i+1, 1); line < 1 || line > lines || column < 1 {
					t.Fatalf("line %d of %q is at %d:%d of %d lines", i+1, s.Text, line, column, lines)
				}
			}
		}
		if plain := PlainJSON([]byte(text)); len(plain) != len(text) || strings.Count(string(plain), "\n") > lines-1 {
			t.Fatalf("%q became %q", text, plain)
		}
	})
}
