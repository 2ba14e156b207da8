package definition

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestConfigMapsOfUnit holds that the ConfigMaps are read which a .kube unit plays its YAML with, whether that has a
// turn of its own or not.
func TestConfigMapsOfUnit(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.kube": "[Kube]\nYaml=a.yaml\nConfigMap=maps/one.yaml\nConfigMap=maps/two.yaml\n",
		"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, envFrom: [" +
			"{configMapRef: {name: one}}, {configMapRef: {name: two}}]}]}\n",
		"maps/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {A: x}\n",
		"maps/two.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {B: y}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, named := range [][]string{{dir}, {filepath.Join(dir, "a.kube")}} {
		set, problems := Open(named, Options{Now: time.Now()})
		found := 0
		for _, path := range set.Paths() {
			r := set.Read(path)
			problems = append(problems, r.Problems...)
			for _, c := range r.Containers {
				found += len(c.Environment.Value)
			}
		}
		if found != 2 || len(problems) > 0 {
			t.Errorf("%v: %d variables, want 2; %v", named, found, problems)
		}
	}
}
