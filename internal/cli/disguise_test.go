package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// disguised is a definition of a privileged container under disguise: a file with what is beside it.
type disguised struct {
	ext, text string
	// beside holds other files by what is appended to the file's path.
	beside map[string]string
	said   []string // the disguises
}

// disguise changes a definition so that Podman reads the same, or refuses it.
type disguise struct {
	name string
	with func(*rand.Rand, *disguised)
}

func rewrite(name string, with func(r *rand.Rand, text string) string) disguise {
	return disguise{name, func(r *rand.Rand, p *disguised) { p.text = with(r, p.text) }}
}

// escapedKeys writes some keys of YAML in double quotes with some of their letters escaped.
func escapedKeys(r *rand.Rand, text string) string {
	for _, key := range []string{"apiVersion", "kind", "spec", "containers", "securityContext", "privileged", "services",
		"image", "run", "jobs", "items"} {
		if r.IntN(2) == 0 {
			continue
		}
		var b strings.Builder
		for i, letter := range key {
			format := []string{"%c", `\x%02x`, `\u%04x`, `\U%08x`}[r.IntN(4)]
			if i == 0 {
				format = `\x%02x`
			}
			fmt.Fprintf(&b, format, letter)
		}
		for _, before := range []string{"\n", " ", "{"} {
			text = strings.ReplaceAll(text, before+key+":", before+`"`+b.String()+`":`)
		}
	}
	return text
}

// quotedLetters puts quotes and backslashes into the words of a shell's line.
func quotedLetters(r *rand.Rand, text string) string {
	for _, word := range []string{"podman", "--privileged"} {
		at := 1 + r.IntN(len(word)-2)
		quoted := word[:at] + []string{`""`, `''`, `\`, "\\\n"}[r.IntN(4)] + word[at:]
		text = strings.ReplaceAll(text, word, quoted)
	}
	return text
}

var yamlDisguises = []disguise{
	rewrite("escaped keys", escapedKeys),
	rewrite("UTF-16", func(r *rand.Rand, text string) string { return inUTF16(text, r.IntN(2) == 0) }),
	rewrite("byte order mark", func(_ *rand.Rand, text string) string {
		return "\ufeff" + strings.TrimPrefix(text, "\n")
	}),
	rewrite("CRLF", func(_ *rand.Rand, text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }),
	rewrite("a template's sign", func(_ *rand.Rand, text string) string { return "# {{ x }}" + text }),
	rewrite("a NUL byte", func(_ *rand.Rand, text string) string { return "# \x00" + text }),
	rewrite("padding", func(r *rand.Rand, text string) string {
		return strings.Repeat("\n# text", r.IntN(3000)) + text
	}),
	rewrite("base64", func(_ *rand.Rand, text string) string {
		return strings.NewReplacer("kind: Pod", "!!binary a2luZA==: !!binary UG9k", "\nservices:",
			"\n!!binary c2VydmljZXM=:").Replace(text)
	}),
	rewrite("nesting", func(_ *rand.Rand, text string) string {
		return "\n# {{ x }}\nx-a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + text
	}),
}

var podDisguises = append(slices.Clone(yamlDisguises),
	rewrite("a List", func(_ *rand.Rand, text string) string {
		if strings.Contains(text, "---") {
			return text
		}
		return "\napiVersion: v1\nkind: List\nitems:\n- " +
			strings.ReplaceAll(strings.Trim(text, "\n"), "\n", "\n  ") + "\n"
	}),
	rewrite("a document before", func(_ *rand.Rand, text string) string { return "\n---\na: b\n---\n" + text }),
	rewrite("other case", func(r *rand.Rand, text string) string {
		key := []string{"kind", "apiVersion", "spec", "containers", "securityContext", "privileged", "image"}[r.IntN(7)]
		return strings.Replace(text, key+":", strings.ToUpper(key)+":", 1)
	}))

var unitDisguises = []disguise{
	rewrite("a NUL byte", func(r *rand.Rand, text string) string {
		lines := strings.Split(text, "\n")
		at := r.IntN(len(lines))
		return strings.Join(slices.Insert(lines, at, "# \x00"), "\n")
	}),
	rewrite("UTF-16", func(r *rand.Rand, text string) string { return inUTF16(text, r.IntN(2) == 0) }),
	rewrite("byte order mark", func(_ *rand.Rand, text string) string { return "\ufeff" + text }),
	rewrite("CRLF", func(_ *rand.Rand, text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }),
	rewrite("blanks", func(_ *rand.Rand, text string) string {
		return strings.NewReplacer("\n", "\n \t", "=--", " \t= \t--").Replace(text)
	}),
	rewrite("escaped value", func(_ *rand.Rand, text string) string {
		return strings.Replace(text, "--privileged", `"\x2d-privilege\u0064"`, 1)
	}),
	rewrite("a continued line", func(_ *rand.Rand, text string) string {
		return strings.Replace(text, "=--privileged", "=\\\n# text\n--privileged", 1)
	}),
	rewrite("words of other files", func(_ *rand.Rand, text string) string { return "# [Match] [Link]\n" + text }),
	{"a drop-in", func(_ *rand.Rand, p *disguised) {
		if line := "PodmanArgs=--privileged\n"; strings.Contains(p.text, line) {
			p.text = strings.Replace(p.text, line, "", 1)
			p.beside[".d/x.conf"] = "[Container]\n" + line
		}
	}},
}

var scriptDisguises = []disguise{
	rewrite("quotes", quotedLetters),
	rewrite("a NUL byte late", func(_ *rand.Rand, text string) string {
		return strings.Repeat("# text\n", 2000) + "# \x00\n" + text
	}),
	rewrite("a NUL byte in a word", func(_ *rand.Rand, text string) string {
		return strings.Replace(text, "podman", "pod\x00man", 1)
	}),
	rewrite("a function", func(_ *rand.Rand, text string) string { return "f() (\n" + text + ")\nf\n" }),
	rewrite("sudo", func(_ *rand.Rand, text string) string {
		return strings.Replace(text, "podman", "A=b sudo -n /usr/bin/podman", 1)
	}),
	rewrite("nesting", func(_ *rand.Rand, text string) string { return text + strings.Repeat("(", 100_000) }),
	rewrite("UTF-16", func(r *rand.Rand, text string) string { return inUTF16(text, r.IntN(2) == 0) }),
}

// plant makes a definition of some kind under some disguises.
func plant(r *rand.Rand) *disguised {
	const line = "podman run --privileged docker.io/library/nginx:1\n"
	kinds := []struct {
		exts      []string
		text      string
		disguises []disguise
	}{
		{[]string{".container"}, openUnit, unitDisguises},
		{[]string{".yaml", ".yml", ".YAML"}, "\n" + openPod, podDisguises},
		{[]string{".yaml", ".yml"}, "\nservices:\n  a:\n    image: docker.io/library/nginx:1\n    privileged: true\n",
			yamlDisguises},
		{[]string{".sh", ".bash"}, line, scriptDisguises},
		{[]string{".yml"}, "\njobs:\n  a:\n    steps:\n    - run: |\n        " + line, yamlDisguises},
		{[]string{".service"}, "[Service]\nExecStart=/usr/bin/" + line, unitDisguises[:5]},
	}
	kind := kinds[r.IntN(len(kinds))]
	p := &disguised{ext: kind.exts[r.IntN(len(kind.exts))], text: kind.text, beside: map[string]string{}}
	for range r.IntN(4) {
		d := kind.disguises[r.IntN(len(kind.disguises))]
		if slices.ContainsFunc(p.said, func(said string) bool { // these are of the text as a whole
			return said == d.name || said == "UTF-16" || said == "byte order mark"
		}) {
			continue
		}
		d.with(r, p)
		p.said = append(p.said, d.name)
	}
	return p
}

// hide puts a definition somewhere into a tree.
func hide(t *testing.T, r *rand.Rand, dir string, p *disguised) {
	names := []string{"evil", ".evil", "-evil", "e v", "a\nb", "\x1b[31m", "é", "evil@", "a.b", "%h", "UPPER"}
	places := []string{"", "sub/", "a/b/c/", ".hg/", ".svn/x/", ".hidden/", "node_modules/", "evil.container/"}
	if p.ext == ".container" {
		places = append(places, ".git/x/")
	}
	path := places[r.IntN(len(places))] + names[r.IntN(len(names))] + p.ext
	write := func(path, text string) {
		writeBelow(t, dir, map[string]string{path: text})
		for more, text := range p.beside {
			writeBelow(t, dir, map[string]string{path + more: text})
		}
	}
	p.said = append(p.said, fmt.Sprintf("%q", path))
	switch r.IntN(7) {
	case 0:
		p.said = append(p.said, "a link to a file of another name")
		write("other.txt", p.text)
		writeBelow(t, dir, map[string]string{filepath.Dir(path) + "/keep.txt": ""})
		target, err := filepath.Rel(filepath.Dir(path), "other.txt")
		if err != nil {
			t.Fatal(err)
		}
		link(t, target, filepath.Join(dir, path))
		for more, text := range p.beside {
			writeBelow(t, dir, map[string]string{path + more: text})
		}
	case 1:
		p.said = append(p.said, "a link to a directory outside")
		write("../outside/"+filepath.Base(path), p.text)
		link(t, "../outside", filepath.Join(dir, "linked"))
	case 2:
		p.said = append(p.said, "a link to a directory that is ignored")
		write("ignored/"+filepath.Base(path), p.text)
		writeBelow(t, dir, map[string]string{".gitignore": "/ignored/\n"})
		git(t, dir, "init", "-q")
		link(t, "ignored", filepath.Join(dir, "linked"))
	case 3:
		p.said = append(p.said, "tracked and ignored")
		write(path, p.text)
		writeBelow(t, dir, map[string]string{".gitignore": []string{"*", "evil*\n/sub/\n", "*.container\n*.y*ml\n",
			"**/a/\n.*\n"}[r.IntN(4)] + "\n"})
		if strings.HasPrefix(path, ".git/") {
			return
		}
		git(t, dir, "init", "-q")
		git(t, dir, "add", "-f", ".")
		if r.IntN(2) == 0 {
			git(t, dir, "update-index", "--index-version", "4")
		}
	case 4:
		p.said = append(p.said, "ignored without a repository")
		write(path, p.text)
		writeBelow(t, dir, map[string]string{".gitignore": "*\n"})
	default:
		write(path, p.text)
	}
}

// harmless holds files among which a definition is hidden.
var harmless = map[string]string{
	"good.container": softUnit, "README.md": "# text\n", "data.yaml": "a: [1, 2]\nb: \"\\x41\"\n", "run.sh": "echo hi\n",
	"x/good.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\nspec: {containers: [{name: a, image: " +
		"docker.io/library/x:1}]}\n",
	"wired.network": "[Match]\nName=eth0\n[Network]\nDHCP=yes\n", "a.service": "[Service]\nExecStart=/bin/true\n",
	"compose/compose.yaml": "services: {a: {image: docker.io/library/x:1}}\n", "disk.image": "\x7fELF\x00\x00",
	"custom.yaml": "apiVersion: example.org/v1\nkind: Custom\nspec: {Containers: 3}\n",
}

// TestDisguisedDefinitions hides a privileged container in random trees and under random disguises: either it is found,
// or there is an error. Without it the same tree has neither.
func TestDisguisedDefinitions(t *testing.T) {
	const trees = 200
	for seed := range uint64(trees) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same trees on every run
		above := t.TempDir()
		dir := filepath.Join(above, "tree")
		writeBelow(t, dir, harmless)
		p := plant(r)
		hide(t, r, dir, p)
		status, out, errs := checkAt(t, "", "--rule", "privileged", "--fail-on", "low", "-f", "json", dir)
		var report struct {
			Findings []json.RawMessage
			Errors   []json.RawMessage
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatalf("tree %d (%s): %v", seed, strings.Join(p.said, ", "), err)
		}
		if status == 0 || len(report.Findings)+len(report.Errors) == 0 {
			t.Errorf("tree %d (%s, %s): status %d, nothing is said\n%s\n%.500q", seed, p.ext, strings.Join(p.said, ", "),
				status, errs, p.text)
		}
		if err := os.RemoveAll(above); err != nil {
			t.Fatal(err)
		}
	}
	status, out, errs := checkAt(t, "", "--rule", "privileged", "--fail-on", "low", "-f", "json",
		writeTree(t, maps.Clone(harmless)))
	if status != 0 || errs != "" || strings.Contains(out, `"rule":"privileged"`) {
		t.Errorf("without it: status %d, %s\n%s", status, errs, out)
	}
}
