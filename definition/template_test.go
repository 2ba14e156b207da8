package definition_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/podlint/podlint/definition"
)

// TestTemplate reads templates of units: what an expression stands for, and what a condition decides about, is unknown.
func TestTemplate(t *testing.T) {
	text := `# {{ ansible_managed }}
[Container]
Image={{ image }}:{{ tag }}
Volume={{ dir }}:/data
ReadOnly={{ ro }}
{% if debug %}
NoNewPrivileges=true
DropCapability=all
Volume=/:/host
{% endif %}
PodmanArgs=--privileged
`
	for _, name := range []string{"web.container.j2", "web.container.in", "web.container.tmpl"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		set, _ := definition.Open([]string{filepath.Dir(path)}, definition.Options{})
		if len(set.Paths()) != 1 {
			t.Fatalf("%s is not read", name)
		}
		d := set.Read(path)
		if len(d.Containers) != 1 {
			t.Fatalf("%s: %d containers, %v", name, len(d.Containers), d.Problems)
		}
		c := d.Containers[0]
		if at := c.Confinement.Privileged.Origin; !c.Confinement.Privileged.Value || at.Line != 11 || at.File != path {
			t.Errorf("privileged: %+v", c.Confinement.Privileged)
		}
		if c.Files.ReadOnly.Known() || c.Confinement.NoNewPrivileges.Known() || c.Image.Written.Known() ||
			c.Capabilities.Bounding.Known() && !c.Confinement.Privileged.Value {
			t.Errorf("%s: what is not known is known", name)
		}
		if c.Image.Name != "{{ image }}:{{ tag }}" {
			t.Errorf("the image is %q", c.Image.Name)
		}
		if mounts := c.Files.Mounts.Value; len(mounts) != 1 || mounts[0].Destination != "/data" {
			t.Errorf("mounts: %+v", mounts)
		}
	}
}
