package definition

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// readTree writes files into a directory and reads them all.
func readTree(t *testing.T, texts map[string]string) (all map[string]*podman.Container, problems, skipped []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, wrong := Open([]string{dir}, Options{Now: time.Now()})
	all = map[string]*podman.Container{}
	for _, path := range set.Paths() {
		r := set.Read(path)
		wrong = append(wrong, r.Problems...)
		for _, c := range r.Containers {
			all[c.Name] = c
		}
		if r.Nothing != "" {
			skipped = append(skipped, filepath.Base(path))
		}
	}
	for _, p := range wrong {
		problems = append(problems, fmt.Sprint(filepath.Base(p.Origin.File), ":", p.Origin.Line, " ", p.Message))
	}
	return all, problems, skipped
}

// TestUnitsWithoutSection holds that a volume, a network and a pod need no section of their own (tried on 5.4);
// what only has such a name is passed over.
func TestUnitsWithoutSection(t *testing.T) {
	all, problems, skipped := readTree(t, map[string]string{
		"web.container": "[Container]\nImage=i\nVolume=data.volume:/d\nVolume=empty.volume:/e\n" +
			"Network=n.network\nPod=p.pod\n",
		"data.volume": "[Unit]\nDescription=d\n", "empty.volume": "",
		"n.network": "[Install]\nWantedBy=a\n",
		"p.pod":     "[Unit]\nDescription=p\n", "eth.network": "[Match]\nName=e\n",
		"notes.volume": "hello\n", "disk.image": "",
		"b.volume": "[Disk]\na=b\n",
	})
	if len(problems) > 0 || all["systemd-web"] == nil || all["systemd-p"] == nil {
		t.Errorf("%d read, problems: %q", len(all), problems)
	}
	if want := []string{"b.volume", "disk.image", "eth.network", "notes.volume"}; !slices.Equal(skipped, want) {
		t.Errorf("passed over: %q, want %q", skipped, want)
	}
}

// TestBundle holds that the units of a bundle are read in a directory, that they find one another, and where they are.
func TestBundle(t *testing.T) {
	all, problems, _ := readTree(t, map[string]string{"a.quadlets": "# FileName=web\n[Container]\nImage=i\n" +
		"Volume=data.volume:/d\nPodmanArgs=--privileged\n---\n\n---\n# FileName=data\n[Volume]\nDevice=/srv\n" +
		"Options=bind\n" +
		"---\n[Container]\nImage=x\n--- \n# FileName=../e\n[Volume]\n---\n# FileName=f\nfoo\n"})
	c := all["systemd-web"]
	if c == nil || c.Confinement.Privileged.Origin.Line != 5 || filepath.Base(c.Definition.Origin.File) != "a.quadlets" ||
		len(c.Files.Mounts.Value) != 1 || c.Files.Mounts.Value[0].Source != "/srv" {
		t.Errorf("the container: %+v", c)
	}
	want := []string{"a.quadlets:14 a unit of the bundle has no name: a comment # FileName=NAME",
		`a.quadlets:17 a unit of the bundle has the name "../e", which is not one of a file`,
		"a.quadlets:20 a unit of the bundle has no section that says what it is, such as [Container]"}
	if !slices.Equal(problems, want) {
		t.Errorf("problems: %q, want %q", problems, want)
	}
	many := strings.Repeat("# FileName=v\n[Volume]\n---\n", 20_000)
	if _, problems, _ := readTree(t, map[string]string{"a.quadlets": many}); len(problems) == 0 {
		t.Error("a bundle of too many units is read")
	}
}

// TestResourceUnits holds which texts of units without a container are looked at, and how their images are pulled.
func TestResourceUnits(t *testing.T) {
	all, problems, _ := readTree(t, map[string]string{
		"a.image": "[Image]\nImage=i\nCreds=u:p\nTLSVerify=false\n",
		"b.build": "[Build]\nImageTag=i\nSetWorkingDirectory=unit\nEnvironment=A=b C=d\n" +
			"PodmanArgs=--build-arg E=f --creds=g\n",
		"c.volume":   "[Volume]\nDevice=x\nOptions=username=u,password=p\nPodmanArgs=--opt o=password=q\n",
		"d.artifact": "[Artifact]\nArtifact=i\nCreds=u:p\nTLSVerify=true\n",
		"e.image":    "[Image]\nImage=i\nPodmanArgs=--tls-verify=false\n",
	})
	if len(problems) > 0 {
		t.Error(problems)
	}
	for name, want := range map[string]string{
		"a.image": "true false [option --creds=u:p:3]",
		"b.build": "false false [build variable A=b:4 build variable C=d:4 build argument E=f:5 option --creds=g:5]",
		"c.volume": "false false [volume option x=:2 volume option username=u:3 volume option password=p:3 " +
			"volume option password=q:4]",
		"d.artifact": "true true [option --creds=u:p:3]", "e.image": "true false []",
	} {
		texts := []string{}
		for _, text := range all[name].ConfigStrings.Value {
			texts = append(texts, fmt.Sprintf("%s %s=%s:%d", text.Place, text.Name, text.Words[0].Reveal(),
				text.Origin.Line))
		}
		verify := all[name].Image.TLSVerify
		if got := fmt.Sprint(verify.Known(), " ", verify.Value, " ", texts); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
