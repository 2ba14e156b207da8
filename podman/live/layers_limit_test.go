package live

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/podlint/podlint/podman"
)

// endless is a reader that begins with a text and goes on with zeros for good.
func endless(begin []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(begin), readFunc(func(p []byte) (int, error) {
		clear(p)
		return len(p), nil
	}))
}

// imageOf returns a docker-archive with one layer, which holds n files and takes away n others.
func imageOf(t *testing.T, n int, zip bool) []byte {
	t.Helper()
	var layer, archive bytes.Buffer
	var to io.Writer = &layer
	zipped := gzip.NewWriter(&layer)
	if zip {
		to = zipped
	}
	put := func(w *tar.Writer, name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)),
			Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	files := tar.NewWriter(to)
	for i := range n {
		put(files, fmt.Sprintf("d/%d", i), make([]byte, 600))
		put(files, fmt.Sprintf("d/.wh.x%d", i), nil)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if zip {
		if err := zipped.Close(); err != nil {
			t.Fatal(err)
		}
	}
	whole := tar.NewWriter(&archive)
	put(whole, "manifest.json", []byte(`[{"Layers":["l.tar"]}]`))
	put(whole, "l.tar", layer.Bytes())
	if err := whole.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func scanner() *layerScanner {
	return newLayerScanner(FileScanner{Wants: func(string, int64) bool { return false }}, &podman.ImageContent{})
}

// TestImageLimits holds that an image beyond the limits is an error, whatever it is too large by, and that one below
// them is read.
func TestImageLimits(t *testing.T) {
	var header bytes.Buffer
	w := tar.NewWriter(&header)
	if err := w.WriteHeader(&tar.Header{Name: "l.tar", Size: 1 << 40, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from  io.Reader
		limit func(*layerScanner)
		large bool
	}{
		"below the limits":     {bytes.NewReader(imageOf(t, 100, true)), func(*layerScanner) {}, false},
		"a stream without end": {endless(header.Bytes()), func(w *layerScanner) { w.received = 1 << 20 }, true},
		"a layer without end": {bytes.NewReader(imageOf(t, 100, true)),
			func(w *layerScanner) { w.unpacked = 20 << 10 }, true},
		"files without end": {bytes.NewReader(imageOf(t, 100, false)), func(w *layerScanner) { w.entries = 50 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := scanner()
			c.limit(w)
			if err := w.archive(c.from); errors.Is(err, errTooLarge) != c.large || err != nil && !c.large {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestWhiteoutLimit holds that what is kept of paths and whiteouts is bounded, and that the report says so.
func TestWhiteoutLimit(t *testing.T) {
	w := scanner()
	w.paths = mostPaths - 10
	if err := w.archive(bytes.NewReader(imageOf(t, 100, false))); err != nil {
		t.Fatal(err)
	}
	layer := w.layers["l.tar"]
	if kept := len(layer.paths) + len(layer.white); kept != 10 || !w.content.Truncated {
		t.Errorf("%d are kept, truncated: %v", kept, w.content.Truncated)
	}
}
