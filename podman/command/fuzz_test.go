package command

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
)

// FuzzScript reads scripts: every place that it names is one.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		"podman run -d nginx", "sudo -u x podman run --name \"$N\" $OPTS img:$TAG a", "podman run ${{ x }} img",
		"if x; then podman create -v $PWD:/a \\\n --cap-add=x y; fi", "podman run \"$@\" x", "$PODMAN run x",
		"f() { podman pod create --name p; podman run --pod p x; }", "podman run --bogus x",
	} {
		f.Add(seed)
	}
	host := podman.AssumedHost(podman.Setting[bool]{}, time.Time{})
	f.Fuzz(func(t *testing.T, text string) {
		found := Script{File: "x.sh", Text: text}.Read(host)
		lines := strings.Count(text, "\n") + 1
		for _, c := range found.Containers {
			if at := c.Definition.Origin; at.Line < 1 || at.Line > lines || c.Name == "" {
				t.Fatalf("container %q at %v of %d lines", c.Name, at, lines)
			}
		}
		for _, p := range found.Problems {
			if p.Origin.Line > lines+1 || p.Message == "" {
				t.Fatalf("problem %+v of %d lines", p, lines)
			}
		}
	})
}

// FuzzMarkdown finds scripts in Markdown: their lines are the file's.
func FuzzMarkdown(f *testing.F) {
	f.Add("# x\n```sh\npodman run x\n```\n")
	f.Add("  ~~~console\n  $ podman run \\\n    x\n  out\n  ~~~")
	f.Add("```")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, s := range InMarkdown("x.md", text) {
			for i, line := range strings.Split(s.Text, "\n") {
				if at, _ := s.At(i+1, 1); s.Text != "" &&
					(at > len(lines) || !strings.HasSuffix(lines[at-1], strings.TrimLeft(line, " "))) {
					t.Fatalf("line %d of the block is not line %d of the file", i+1, at)
				}
			}
		}
	})
}

// FuzzInYAML finds scripts in YAML; where it says that a byte stands, it stands, if the script is a literal block.
func FuzzInYAML(f *testing.F) {
	f.Add("run: |\n  podman run x\n  y\n")
	f.Add("a:\n- run: podman run x\n- script: [podman run y, >-\n z]\n")
	f.Fuzz(func(t *testing.T, text string) {
		var document yaml.Node
		if !decodes(text, &document) {
			return
		}
		for _, s := range InYAML("x.yml", text, &document) {
			s.At(1, 1)
			s.Read(podman.AssumedHost(podman.Setting[bool]{}, time.Time{}))
		}
	})
}

func decodes(text string, into *yaml.Node) (ok bool) {
	defer func() { ok = recover() == nil && ok }()
	return yaml.Unmarshal([]byte(text), into) == nil
}

// FuzzEnvironmentFile reads variables' files.
func FuzzEnvironmentFile(f *testing.F) {
	f.Add("A=b\n# x\n  C = d\r\nE\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, v := range EnvironmentFile("x", []byte(text)) {
			if v.Origin.Line < 1 || v.Origin.Line > len(lines) || !strings.Contains(lines[v.Origin.Line-1], v.Name) {
				t.Fatalf("%+v", v)
			}
		}
	})
}
