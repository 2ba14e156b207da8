package live

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// layerOf makes a layer of lines "MODE PATH CONTENT"; a path that ends in a slash is a directory.
func layerOf(t *testing.T, zipped bool, lines ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, line := range lines {
		var mode int64
		var name, content string
		if _, err := fmt.Sscanf(line, "%o %s", &mode, &name); err != nil {
			t.Fatal(err)
		}
		_, content, _ = strings.Cut(line, name+" ")
		h := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg,
			ModTime: time.Unix(1e9, 0)}
		if strings.HasSuffix(name, "/") {
			h.Typeflag, h.Size = tar.TypeDir, 0
		}
		if target, ok := strings.CutPrefix(content, "LINK:"); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, target, 0
		}
		if content == "CAP" {
			h.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": "x"}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			_, _ = w.Write([]byte(content))
		}
	}
	w.Close()
	if !zipped {
		return b.Bytes()
	}
	var z bytes.Buffer
	zw := gzip.NewWriter(&z)
	_, _ = zw.Write(b.Bytes())
	zw.Close()
	return z.Bytes()
}

// archiveOf makes a docker-archive of layers, which stand in it in the given order.
func archiveOf(t *testing.T, order []int, layers ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)),
			Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(data)
	}
	var names []string
	for i := range layers {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("l%d.tar", i)))
	}
	for _, i := range order {
		put(fmt.Sprintf("l%d.tar", i), layers[i])
	}
	put("manifest.json", []byte(`[{"Layers":[`+strings.Join(names, ",")+`]}]`))
	w.Close()
	return b.Bytes()
}

func walk(archive []byte) (*podman.ImageContent, error) {
	content := &podman.ImageContent{}
	w := newLayerScanner(FileScanner{
		Wants: func(path string, _ int64) bool { return strings.Contains(path, "key") }, Bytes: 16,
		Secret: func(_ string, head []byte) string {
			if bytes.HasPrefix(head, []byte("KEY")) {
				return "a key"
			}
			return ""
		},
	}, content)
	err := w.archive(bytes.NewReader(archive))
	if err == nil {
		err = w.finish()
	}
	return content, err
}

// TestLayers holds what is kept of an image's layers, whatever their order in the archive and whether they are
// compressed: what a later layer has taken away or replaced is gone, but for secrets.
func TestLayers(t *testing.T) {
	bottom := layerOf(t, true, "4755 bin/su x", "755 bin/ls x", "777 srv/", "1777 tmp/", "600 root/key KEY1",
		"600 root/other-key KEY2", "644 key.pub PUB", "755 bin/ping CAP", "644 etc/machine-id 0123",
		"4755 opt/old/suid x", "4755 usr/bin/chsh x", "644 var/log/dpkg.log x")
	top := layerOf(t, false, "755 bin/su x", "0 root/.wh.key ", "0 opt/.wh.old ", "0 usr/bin/.wh..wh..opq ",
		"644 etc/machine-id ")
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		content, err := walk(archiveOf(t, order, bottom, top))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range content.Files {
			got = append(got, fmt.Sprintf("%d %s %o %s%s cap=%v gone=%v", f.Layer, f.Path, f.Mode, f.Secret, f.Leftover,
				f.Capability, f.Gone))
		}
		want := []string{
			"1 /bin/ping 755  cap=true gone=false", "1 /root/key 600 a key cap=false gone=true",
			"1 /root/other-key 600 a key cap=false gone=false", "1 /srv 777  cap=false gone=false",
			"1 /var/log/dpkg.log 644 a log cap=false gone=false",
		}
		if !slices.Equal(got, want) || content.Layers != 2 || content.Newest.Path == "" {
			t.Errorf("order %v:\n%s", order, strings.Join(got, "\n"))
		}
	}
}

// TestBelowReplacedDirectory: a later layer has a link, or a file, where a directory was, and what lay below is gone. A
// directory that is there again takes nothing away, and a secret is in the image all the same.
func TestBelowReplacedDirectory(t *testing.T) {
	bottom := layerOf(t, false, "755 usr/lib/tool/", "4755 usr/lib/tool/gone x", "666 usr/lib/tool/world x",
		"4755 usr/lib/tool/deep/er/gone x", "600 usr/lib/tool/key KEY1", "755 opt/file/", "4755 opt/file/gone x",
		"755 usr/bin/", "4755 usr/bin/su x", "4755 usr/lib/tools x")
	link := layerOf(t, false, "777 usr/lib/tool LINK:/opt/t", "644 opt/file x", "755 usr/bin/")
	again := layerOf(t, false, "0 usr/lib/.wh.tool ", "755 usr/lib/tool/", "4755 usr/lib/tool/new x")
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
		content, err := walk(archiveOf(t, order, bottom, link, again))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range content.Files {
			got = append(got, fmt.Sprintf("%d %s gone=%v", f.Layer, f.Path, f.Gone))
		}
		want := []string{"1 /usr/bin/su gone=false", "1 /usr/lib/tool/key gone=true", "1 /usr/lib/tools gone=false",
			"3 /usr/lib/tool/new gone=false"}
		if !slices.Equal(got, want) {
			t.Errorf("order %v:\n%s", order, strings.Join(got, "\n"))
		}
	}
}

// TestBrokenLayers holds that an archive which is none is an error, and no crash.
func TestBrokenLayers(t *testing.T) {
	good := archiveOf(t, []int{0}, layerOf(t, true, "4755 bin/su x"))
	for name, archive := range map[string][]byte{
		"nothing": {}, "no tar": []byte(strings.Repeat("x", 2000)), "cut": good[:len(good)/3],
		"no manifest":             archiveOf(t, nil)[:0],
		"a layer that is missing": archiveOf(t, nil, layerOf(t, false)),
		"a layer that is no tar":  archiveOf(t, []int{0}, []byte(strings.Repeat("y", 4000))),
		"a layer that is no gzip": archiveOf(t, []int{0}, append([]byte{0x1f, 0x8b}, make([]byte, 2000)...)),
	} {
		if _, err := walk(archive); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzLayers reads arbitrary archives: it ends, without a crash.
func FuzzLayers(f *testing.F) {
	f.Add([]byte("x"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = walk(data) })
}
