package quadlet

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containers/podman/v5/pkg/systemd/parser"

	"github.com/podlint/podlint/podman"
)

// FuzzUnit holds the reader of lines to Podman's parser: they take the same files, and see the same assignments in
// them.
func FuzzUnit(f *testing.F) {
	for _, seed := range []string{
		"[Container]\nImage=a\n", "[Container]\n Image = a b \\\n  # no\n c\nExec=\n", "# x\n\n[a]\n[b]\nk=v\\\n",
		"[a] \t\nb=[c]\n", "\\\n[a]\nx=\\\n\\\ny", "=x", "[a\nb=1", "[a]\nb",
		"[Container]\nEnvironment=\"A=b c\" D='e f'\nPodmanArgs=--cap-add=x \\\n  --privileged\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for line := range strings.SplitSeq(text, "\n") {
			if isTemplate(strings.TrimSpace(line)) {
				t.Skip() // podlint passes over it, Podman does not
			}
		}
		if strings.Contains(text, "\\\n") && strings.Contains(text, "{") {
			t.Skip()
		}
		theirs := parser.NewUnitFile()
		err := theirs.Parse(text)
		ours := &unit{name: "x.container", path: "/x.container", sections: map[string]podman.Origin{}}
		problems := ours.add("/x.container", []byte(text))
		if (err != nil) != (len(problems) > 0) {
			t.Fatalf("Podman says %v, podlint %v", err, problems)
		}
		if err != nil {
			return
		}
		file := ours.parsed()
		for _, section := range theirs.ListGroups() {
			if section == "" {
				continue
			}
			if !file.HasGroup(section) {
				t.Fatalf("section %q is missing", section)
			}
			if want, got := theirs.ListKeys(section), file.ListKeys(section); !slices.Equal(want, got) {
				t.Fatalf("[%s] has the keys %q, podlint sees %q", section, want, got)
			}
			for _, key := range theirs.ListKeys(section) {
				if want, got := theirs.LookupAllRaw(section, key),
					file.LookupAllRaw(section, key); !slices.Equal(want, got) {
					t.Fatalf("%s is %q, podlint sees %q", key, want, got)
				}
			}
		}
		lines := strings.Split(text, "\n")
		for i := range ours.assignments {
			a := &ours.assignments[i]
			if a.origin.Line < 1 || a.origin.Line > len(lines) {
				t.Fatalf("%s stands in line %d of %d", a.key, a.origin.Line, len(lines))
			}
			for offset := range len(a.value) {
				at := a.at(offset)
				if line := lines[at.Line-1]; at.Column < 1 || at.Column > len(line) ||
					line[at.Column-1] != a.value[offset] {
					t.Fatalf("byte %d of %s=%q stands in %d:%d, which is not it: %q", offset, a.key, a.value, at.Line,
						at.Column, line)
				}
			}
		}
	})
}

// FuzzRead reads whole units of every kind: it neither crashes nor takes long, and every place that it names is one.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"[Container]\nImage=a\nUser=%i\nVolume=x.volume:/a\nPod=p.pod\nPodmanArgs=--cap-add=x --privileged -v " +
			"/:/h\nExec=a 'b c'\n",
		"[Container]\nImage=a\nAddDevice=\"\"\n", "[Container]\nRootfs=/x\nEnvironment=A=b \"C=d " +
			"e\"\nNetwork=x.network:ip=1\nMount=type=bind,src=/a,dst=/b\n",
		"[Pod]\nUserNS=auto\n", "[Kube]\nYaml=a.yaml\n", "[Volume]\nImage=x.image\nDriver=image\n",
		"[Build]\nImageTag=a\nFile=b\n", "[Container]\nImage=x.build\nNewKey=1\n",
	} {
		for ext := range sections {
			f.Add(seed, ext)
		}
	}
	host := podman.AssumedHost(podman.Setting[bool]{}, time.Time{})
	f.Fuzz(func(t *testing.T, text, ext string) {
		if sections[ext] == "" {
			t.Skip()
		}
		nothing := Files{
			Read: func(string) ([]byte, error) { return nil, errors.New("not there") },
			List: func(string) []string { return nil },
			Dirs: func(dir string) []string { return []string{dir} },
			Find: func(string, string) (string, bool) { return "", false },
		}
		u := NewReader(nothing).Read(
			podman.File{Path: filepath.Join("/units", "web"+ext), Text: text}, host)
		lines := strings.Count(text, "\n") + 1
		for _, p := range u.Problems {
			if p.Origin.Line > lines || p.Message == "" {
				t.Fatalf("problem %+v of %d lines", p, lines)
			}
		}
		if c := u.Container; c != nil {
			for _, m := range c.Files.Mounts.Value {
				if m.Origin.Line < 1 || m.Origin.Line > lines {
					t.Fatalf("mount %+v", m)
				}
			}
		}
	})
}
