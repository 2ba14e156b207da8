package cli

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/rules"
)

// TestDocs holds that docs is what podlint writes, beside the pages that people write.
func TestDocs(t *testing.T) {
	a := &app{now: time.Now}
	files, err := a.documentation()
	if err != nil {
		t.Fatal(err)
	}
	const dir = "../../docs"
	there := map[string]bool{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			there[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range handWritten(t) {
		if name, err := filepath.Rel(dir, page); err == nil {
			delete(there, name)
		}
	}
	if *update {
		for name := range there {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
		if status, _, errs := invoke(t, "docs", dir); status != 0 {
			t.Fatal(errs)
		}
		return
	}
	for name, text := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("docs/%s is not what podlint docs writes (go test ./internal/cli -update)", name)
		}
		delete(there, name)
	}
	if len(there) > 0 {
		t.Errorf("docs holds %v, which podlint docs does not write", slices.Sorted(maps.Keys(there)))
	}
}

// TestCIS holds that the table names every item of section 5, and that each is looked at by a rule or says why not.
func TestCIS(t *testing.T) {
	by := map[string][]string{}
	for _, r := range rules.All(rules.Parameters{}) {
		if r.CIS != "" {
			by[r.CIS] = append(by[r.CIS], r.ID)
		}
	}
	last := 0
	for _, item := range rules.CISItems() {
		if (len(by[item.Number]) > 0) == (item.Why != "") {
			t.Errorf("%s: rules %v, and why not: %q", item.Number, by[item.Number], item.Why)
		}
		delete(by, item.Number)
		if strings.HasPrefix(item.Number, "5.") {
			last++
		}
	}
	if len(by) > 0 || last != 32 {
		t.Errorf("%d items of section 5; items that are not in the table: %v", last, by)
	}
}

// TestDocumentedConfigurations holds that every podlint.toml of the pages is right and its tests pass, six rules among
// them.
func TestDocumentedConfigurations(t *testing.T) {
	for page, rules := range map[string]int{"configuration.md": 0, "custom-rules.md": 6} {
		text, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		_, block, _ := strings.Cut(string(text), "```toml\n")
		block, _, ok := strings.Cut(block, "```")
		if !ok {
			t.Fatalf("%s has no toml", page)
		}
		file := filepath.Join(t.TempDir(), "podlint.toml")
		if err := os.WriteFile(file, []byte(block), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, errs := invoke(t, "config", "check", file)
		if status != 0 || errs != "" || strings.Count(block, "[[rule]]") != rules {
			t.Errorf("%s: status %d, %s%s", page, status, out, errs)
		}
	}
}
