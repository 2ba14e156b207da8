package packages

import (
	"archive/tar"
	"bytes"
	"crypto/md5"  //nolint:gosec // dpkg's
	"crypto/sha1" //nolint:gosec // apk's
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
)

// caseEntry is a line of a case: see testdata/README.md.
type caseEntry struct {
	kind, path, target string
	mode               int64
	data               []byte
}

// readCase reads a case file: its layers, and the lines that say what is right.
func readCase(t *testing.T, name string) (layers [][]caseEntry, wants []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	files := map[string][]byte{}
	for i := 0; i < len(lines); i++ {
		w := strings.Fields(lines[i])
		if len(w) == 0 || strings.HasPrefix(w[0], "#") || w[0] == "manifest" {
			continue
		}
		if w[0] == "want" || w[0] == "expect" {
			wants = append(wants, strings.TrimSpace(lines[i]))
			continue
		}
		if w[0] == "layer" {
			layers = append(layers, nil)
			continue
		}
		e := caseEntry{kind: w[0], path: w[1]}
		switch w[0] {
		case "f":
			e.mode, _ = strconv.ParseInt(w[2], 8, 32)
			for i+1 < len(lines) && (strings.HasPrefix(lines[i+1], "  ") ||
				lines[i+1] == "" && i+2 < len(lines) && strings.HasPrefix(lines[i+2], "  ")) {
				i++
				e.data = append(e.data, strings.TrimPrefix(lines[i], "  ")+"\n"...)
			}
		case "b":
			e.mode, _ = strconv.ParseInt(w[2], 8, 32)
			e.kind = "f"
			if e.data, err = hex.DecodeString(w[3]); err != nil {
				t.Fatal(err)
			}
		case "l", "h":
			e.target = w[2]
		}
		if e.kind == "f" {
			if _, ok := files[e.path]; !ok {
				files[e.path] = e.data
			}
			files[fmt.Sprintf("%s@%d", e.path, len(layers))] = e.data
		}
		layers[len(layers)-1] = append(layers[len(layers)-1], e)
	}
	digests := regexp.MustCompile(`\{(\w+) ([^}]+)\}`)
	for _, layer := range layers {
		for i := range layer {
			layer[i].data = digests.ReplaceAllFunc(layer[i].data, func(m []byte) []byte {
				parts := digests.FindSubmatch(m)
				data, ok := files[string(parts[2])]
				if !ok {
					return m
				}
				return []byte(digest(string(parts[1]), data))
			})
		}
	}
	return layers, wants
}

func digest(how string, data []byte) string {
	two := sha256.Sum256(data)
	switch how {
	case "md5":
		return fmt.Sprintf("%x", md5.Sum(data)) //nolint:gosec // dpkg's
	case "sha1q":
		one := sha1.Sum(data) //nolint:gosec // apk's
		return "Q1" + base64.StdEncoding.EncodeToString(one[:])
	case "sha256q":
		return "Q2" + base64.StdEncoding.EncodeToString(two[:])
	case "sha256b64":
		return base64.RawURLEncoding.EncodeToString(two[:])
	case "len":
		return strconv.Itoa(len(data))
	}
	return hex.EncodeToString(two[:])
}

func collect(t *testing.T, c *Collector, entries []caseEntry) *Layer {
	t.Helper()
	l := &Layer{}
	for _, e := range entries {
		h := &tar.Header{Name: strings.TrimPrefix(e.path, "/"), Mode: e.mode, Linkname: e.target}
		switch e.kind {
		case "d":
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		case "l":
			h.Typeflag = tar.TypeSymlink
		case "h":
			h.Typeflag, h.Linkname = tar.TypeLink, strings.TrimPrefix(e.target, "/")
		case "x":
			dir, base := filepath.Split(h.Name)
			h.Typeflag, h.Name = tar.TypeReg, dir+".wh."+base
		case "o":
			h.Typeflag, h.Name = tar.TypeReg, h.Name+"/.wh..wh..opq"
		default:
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.data))
		}
		if err := c.Entry(l, h, bytes.NewReader(e.data)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// TestCases: every case has exactly the verdicts that it asks for.
func TestCases(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.case")
	if err != nil || len(cases) < 20 {
		t.Fatal(len(cases), err)
	}
	for _, name := range cases {
		t.Run(filepath.Base(name), func(t *testing.T) {
			layers, wants := readCase(t, name)
			c := NewCollector()
			var list []*Layer
			for _, l := range layers {
				list = append(list, collect(t, c, l))
			}
			got := map[string]string{}
			p := c.join(list, func(f podman.Provenanced, v podman.Verdict) {
				text := map[podman.Verdict]string{podman.Unaltered: "distribution"}[v]
				if text == "" {
					text = string(v)
				}
				if f.Sensitive != "" {
					text += " sensitive"
				}
				got[f.Path] = fmt.Sprintf("%s %s layer %d", text, f.Package, f.Layer)
			})
			for _, want := range wants {
				checkWant(t, p, got, want)
			}
		})
	}
}

func checkWant(t *testing.T, p *podman.Provenance, got map[string]string, want string) {
	t.Helper()
	w := strings.Fields(want)
	if w[0] == "expect" {
		count := map[string]int{"packages": len(p.Packages), "altered": len(p.Altered), "unowned": len(p.Unowned),
			"config-changed": len(p.Config)}
		number, known := count[w[1]]
		if n, err := strconv.Atoi(w[len(w)-1]); known && err == nil && n != number {
			t.Errorf("%s: %d\n%v", want, number, got)
		}
		switch {
		case strings.HasPrefix(want, "expect hint"):
			if len(p.Rewritten) != 1 || p.Rewritten[0].Package != "coreutils" || p.Rewritten[0].Layer != 2 {
				t.Errorf("%s: %v", want, p.Rewritten)
			}
		case strings.HasPrefix(want, "expect database removed"):
			if p.DatabaseRemoved != 2 {
				t.Errorf("%s: %d", want, p.DatabaseRemoved)
			}
		case want == "expect database none":
			if p.Database != "" || p.Release.ID == "" || len(p.Unowned) > 0 {
				t.Errorf("%s: %q, %v", want, p.Database, p.Unowned)
			}
		}
		return
	}
	have := got[w[1]] + got["/usr"+w[1]] // merged /usr
	switch w[2] {
	case "no", "gone,", "not", "missing,":
		if strings.Contains(have, "unowned") || strings.Contains(have, "altered") || strings.Contains(have, "changed") {
			t.Errorf("%s: %s", want, have)
		}
		return
	case "package": // of another repository: an index tells
		w = []string{"want", w[1], "distribution", strings.TrimRight(w[3], ",")}
	}
	if w[1] == "/usr/local/bin/rackup" { // "or unowned; never the distribution's"
		w = []string{"want", w[1], "unowned"}
	}
	for _, word := range w[2:] {
		if strings.HasPrefix(word, "(") || word == "or" {
			break
		}
		if word = strings.TrimRight(word, ","); strings.HasPrefix(want, "want /etc/gone.conf") {
			break
		}
		if word = strings.SplitN(word, ":amd64", 2)[0]; !strings.Contains(have, strings.TrimSuffix(word, ":i386")) {
			t.Errorf("%s: %q (%s)", want, have, word)
		}
	}
}
