package live

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/image/packages"
)

// FileScanner says what is to be looked for in an image's files. It is handed in, since what a secret is is not for
// this package to say.
type FileScanner struct {
	// Wants reports whether a file's beginning is to be read, by its path and size; Bytes is how much.
	Wants func(path string, size int64) bool
	Bytes int
	// Secret says what secret a file holds, by its path and beginning, empty for none.
	Secret func(path string, head []byte) string
}

// What is kept of an image at most: of findings, and of paths to tell which of them a later layer has replaced.
const (
	mostFiles = 10000
	mostPaths = 4 << 20
)

// What is read of an image at most: bytes, as the service sends them and once more unpacked, and entries of its
// archives. A stream without an end, which --timeout does not bound while it goes on, ends there.
const (
	mostBytes   = 256 << 30
	mostEntries = 32 << 20
)

// errTooLarge is why an image is not read to its end.
var errTooLarge = fmt.Errorf("it is larger than podlint reads (%d GiB, or %d files)", mostBytes>>30, mostEntries)

// Image reads an image: its configuration, and its layers as the service streams them. Nothing is unpacked to a disk
// here, and what is kept is what a rule asks for.
func (s *Service) Image(ctx context.Context, name string, look FileScanner,
	progress func(bytes int64)) (*podman.Container, error) {
	host, _, err := s.host(ctx)
	if err != nil {
		return nil, err
	}
	var config struct {
		image
		User   string
		Digest string
	}
	if err := s.client.get(ctx, "/images/"+url.PathEscape(name)+"/json", nil, maxAnswer, &config); err != nil {
		if isNotFound(err) {
			return nil, hint.With(fmt.Errorf("there is no image %q", name),
				"list them with `podman images`, or pull it")
		}
		return nil, err
	}
	c := &podman.Container{Name: name, ID: "", Kind: podman.KindImage, Host: host}
	c.Image = podman.Image{ID: config.ID, Name: name, Digest: config.Digest}
	if built, ok := config.built(); ok {
		c.Image.Built = podman.Set(built, podman.Field("Created"))
	}
	c.Image.Current = podman.Set(config.ID, podman.Field("Id"))
	c.Image.ConfigStrings = podman.Set(config.collect(), podman.Field("Image"))
	c.Image.HostVariables = config.hostVariables()
	c.Image.User = podman.Set(config.User, podman.Field("User"))
	content := &podman.ImageContent{}
	if config.Created != nil {
		content.Created = *config.Created
	}
	if len(config.History) > 0 && config.History[0].Created != nil {
		content.Base = *config.History[0].Created
	}
	for _, step := range config.History {
		if !step.Empty {
			content.Steps = append(content.Steps, step.CreatedBy)
		}
	}
	w := newLayerScanner(look, content)
	if err := s.client.stream(ctx, "/images/"+url.PathEscape(name)+"/get", url.Values{"format": {"docker-archive"}},
		progress, w.archive); err != nil {
		return nil, fmt.Errorf("reading the layers of %s: %w", name, err)
	}
	if err := w.finish(); err != nil {
		return nil, fmt.Errorf("reading the layers of %s: %w", name, err)
	}
	if len(content.Steps) != content.Layers {
		content.Steps = nil
	}
	c.Image.Content = podman.Set(content, podman.Field("layers"))
	return c, nil
}

// stream asks for a path whose answer may take any time, as long as it goes on: one that brings less than 64 KiB in six
// times the time limit is given up.
func (c *client) stream(ctx context.Context, path string, query url.Values, progress func(int64),
	consume func(io.Reader) error) error {
	const patience, enough = 6, 64 << 10
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := fmt.Errorf("hardly anything came for %s", patience*c.timeout)
	watchdog := time.AfterFunc(patience*c.timeout, func() { cancel(stalled) })
	defer watchdog.Stop()
	request, err := http.NewRequestWithContext(watched, http.MethodGet, c.base+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	ended := func(err error) error {
		if cause := context.Cause(watched); err != nil && cause != nil {
			return cause
		}
		return err
	}
	response, err := c.http.Do(request) //nolint:bodyclose // it is closed below
	if err != nil {
		return ended(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &answerError{code: response.StatusCode}
	}
	var total, counted int64
	return ended(consume(readFunc(func(p []byte) (int, error) {
		n, err := response.Body.Read(p)
		if total += int64(n); total-counted >= enough {
			counted = total
			watchdog.Reset(patience * c.timeout)
		}
		progress(total)
		return n, err
	})))
}

type readFunc func([]byte) (int, error)

// Read is io.Reader's.
func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// layer is what a layer was found to hold.
type layer struct {
	files   []podman.ImageFile
	owned   packages.Layer
	newest  podman.ImageFile
	entries int
	// paths holds the hashes of all its paths, and whether each is a directory; white the paths that it takes away,
	// opaque the directories of which it takes away everything.
	paths  map[uint64]bool
	white  map[uint64]bool
	opaque map[uint64]bool
}

// layerScanner goes through an image's archive as it comes.
type layerScanner struct {
	look    FileScanner
	owners  *packages.Collector
	content *podman.ImageContent
	layers  map[string]*layer
	order   []string // of the layers, by their names in the archive
	seed    maphash.Seed
	kept    int
	paths   int
	head    []byte
	// received, unpacked and entries are how many bytes and entries may still come.
	received, unpacked int64
	entries            int
}

func newLayerScanner(look FileScanner, content *podman.ImageContent) *layerScanner {
	return &layerScanner{look: look, owners: packages.NewCollector(), content: content,
		layers: map[string]*layer{}, seed: maphash.MakeSeed(),
		received: mostBytes, unpacked: mostBytes, entries: mostEntries}
}

// counted reads from a reader until nothing is left of a number of bytes, which it counts down.
func counted(from io.Reader, left *int64) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if *left <= 0 {
			return 0, errTooLarge
		}
		n, err := from.Read(p[:min(int64(len(p)), *left)])
		*left -= int64(n)
		return n, err
	})
}

// next returns the next entry of an archive, as long as there are not too many.
func (w *layerScanner) next(archive *tar.Reader) (*tar.Header, error) {
	if w.entries--; w.entries < 0 {
		return nil, errTooLarge
	}
	return archive.Next()
}

// archive reads a docker-archive: the layers as tar files, their order in manifest.json, which may come last.
func (w *layerScanner) archive(from io.Reader) error {
	archive := tar.NewReader(counted(from, &w.received))
	for {
		header, err := w.next(archive)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errTooLarge):
			return err
		case err != nil:
			return fmt.Errorf("the service's archive is none: %w", err)
		}
		name := path.Clean(header.Name)
		switch {
		case header.Typeflag != tar.TypeReg:
		case name == "manifest.json":
			const most = 1 << 20
			var manifest []struct{ Layers []string }
			if err := json.NewDecoder(io.LimitReader(archive, most)).Decode(&manifest); err != nil ||
				len(manifest) != 1 {
				return errors.New("the service's archive has a manifest that podlint cannot read")
			}
			w.order = manifest[0].Layers
		case strings.HasSuffix(name, ".tar"):
			layer, err := w.layer(archive)
			if err != nil {
				return fmt.Errorf("layer %s: %w", path.Base(name), err)
			}
			w.layers[name] = layer
		}
	}
}

// layer reads one layer.
func (w *layerScanner) layer(from io.Reader) (*layer, error) {
	seen := &layer{paths: map[uint64]bool{}, white: map[uint64]bool{}, opaque: map[uint64]bool{}}
	buffered := bufio.NewReader(from)
	var plain io.Reader = buffered
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		plain = unzipped
	}
	files := tar.NewReader(counted(plain, &w.unpacked))
	for {
		header, err := w.next(files)
		if errors.Is(err, io.EOF) {
			return seen, nil
		}
		if err != nil {
			return nil, err
		}
		if err := w.entry(seen, header, files); err != nil {
			return nil, err
		}
	}
}

// entry looks at one file of a layer.
func (w *layerScanner) entry(seen *layer, header *tar.Header, content io.Reader) error {
	name := path.Clean("/" + header.Name)
	dir, base := path.Split(name)
	seen.entries++
	switch {
	case base == ".wh..wh..opq":
		w.removes(seen.opaque, path.Clean(dir))
		return w.owners.Entry(&seen.owned, header, content)
	case strings.HasPrefix(base, ".wh."):
		w.removes(seen.white, dir+strings.TrimPrefix(base, ".wh."))
		return w.owners.Entry(&seen.owned, header, content)
	}
	if w.paths++; w.paths <= mostPaths {
		seen.paths[maphash.String(w.seed, name)] = header.Typeflag == tar.TypeDir
	} else {
		w.content.Truncated = true
	}
	f := podman.ImageFile{Path: name, Mode: uint32(header.Mode) & 0o7777, UID: header.Uid, GID: header.Gid,
		Size: header.Size, Dated: header.ModTime, Directory: header.Typeflag == tar.TypeDir}
	_, f.Capability = header.PAXRecords["SCHILY.xattr.security.capability"]
	f.Leftover = leftover(name, header)
	if header.Typeflag == tar.TypeReg && w.look.Wants(name, header.Size) {
		if w.head == nil {
			w.head = make([]byte, w.look.Bytes)
		}
		n, err := io.ReadFull(content, w.head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		f.Secret = w.look.Secret(name, w.head[:n])
		content = io.MultiReader(bytes.NewReader(w.head[:n]), content)
	}
	if err := w.owners.Entry(&seen.owned, header, content); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeReg && f.Dated.After(seen.newest.Dated) {
		seen.newest = f
	}
	const setuid, setgid, othersWrite, sticky = 0o4000, 0o2000, 0o002, 0o1000
	privileged := header.Typeflag == tar.TypeReg && f.Mode&(setuid|setgid) != 0
	open := f.Mode&othersWrite != 0 && (f.Directory && f.Mode&sticky == 0 || header.Typeflag == tar.TypeReg)
	if !privileged && !open && !f.Capability && f.Secret == "" && f.Leftover == "" {
		return nil
	}
	if w.kept++; w.kept > mostFiles {
		w.content.Truncated = true
		return nil
	}
	seen.files = append(seen.files, f)
	return nil
}

// removes notes a path that a layer takes away, as long as there are not too many.
func (w *layerScanner) removes(from map[uint64]bool, name string) {
	if w.paths++; w.paths > mostPaths {
		w.content.Truncated = true
		return
	}
	from[maphash.String(w.seed, name)] = true
}

// leftover says what a file has from the machine or the moment of the build, which another build would have otherwise.
func leftover(name string, header *tar.Header) string {
	if header.Typeflag != tar.TypeReg || header.Size == 0 {
		return ""
	}
	base := path.Base(name)
	switch {
	case name == "/etc/machine-id" || name == "/var/lib/dbus/machine-id":
		const uninitialized = len("uninitialized\n")
		if header.Size == int64(uninitialized) {
			return ""
		}
		return "a machine ID"
	case strings.HasPrefix(name, "/etc/ssh/ssh_host_") && strings.HasSuffix(base, "_key"):
		return "an SSH host key"
	case strings.HasPrefix(name, "/var/log/"):
		return "a log"
	case strings.HasPrefix(name, "/var/lib/apt/lists/"), strings.HasPrefix(name, "/var/cache/apt/"),
		strings.HasPrefix(name, "/var/cache/dnf/"), strings.HasPrefix(name, "/var/cache/apk/"):
		return "a package manager's cache"
	case strings.HasPrefix(name, "/var/cache/ldconfig/"), strings.HasPrefix(name, "/root/.cache/"),
		strings.Contains(name, "/.cache/pip/"), strings.Contains(name, "/.npm/_cacache/"):
		return "a cache"
	case base == ".bash_history" || base == ".ash_history" || base == ".python_history" || base == ".wget-hsts":
		return "a history of commands"
	case name == "/var/lib/systemd/random-seed" || name == "/var/lib/urandom/random-seed":
		return "a random seed"
	}
	return ""
}

// finish puts the layers in their order and takes out what later ones have replaced.
func (w *layerScanner) finish() error {
	if len(w.order) == 0 {
		return errors.New("the service's archive names no layers")
	}
	list := make([]*layer, 0, len(w.order))
	for _, name := range w.order {
		layer := w.layers[path.Clean(name)]
		if layer == nil {
			return fmt.Errorf("the service's archive has no layer %s", path.Base(name))
		}
		list = append(list, layer)
	}
	w.content.Layers = len(list)
	owned := make([]*packages.Layer, 0, len(list))
	for _, layer := range list {
		owned = append(owned, &layer.owned)
	}
	w.content.Provenance = w.owners.Join(owned)
	for i, layer := range list {
		w.content.Entries += layer.entries
		if layer.newest.Dated.After(w.content.Newest.Dated) {
			w.content.Newest, w.content.Newest.Layer = layer.newest, i+1
		}
		for _, f := range layer.files {
			f.Layer = i + 1
			replaced, removed := w.later(list[i+1:], f.Path)
			if (replaced || removed) && f.Secret == "" {
				continue
			}
			f.Gone = replaced || removed
			w.content.Files = append(w.content.Files, f)
		}
	}
	slices.SortStableFunc(w.content.Files, func(a, b podman.ImageFile) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), strings.Compare(a.Path, b.Path))
	})
	return nil
}

// later reports whether a later layer has another file at a path, or has taken it away: by itself, or with a directory
// that it lay in. A layer that has a link or a file where a directory was takes away all that lay below.
func (w *layerScanner) later(layers []*layer, name string) (replaced, removed bool) {
	key := maphash.String(w.seed, name)
	var above []uint64 // the directories that it is in
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		above = append(above, maphash.String(w.seed, dir))
		if dir == "/" || dir == "." {
			break
		}
	}
	for _, layer := range layers {
		in := func(gone map[uint64]bool) bool {
			return slices.ContainsFunc(above, func(dir uint64) bool { return gone[dir] })
		}
		_, again := layer.paths[key]
		replaced = replaced || again
		removed = removed || layer.white[key] || in(layer.white) || in(layer.opaque) ||
			slices.ContainsFunc(above, func(dir uint64) bool {
				directory, present := layer.paths[dir]
				return present && !directory
			})
	}
	return replaced, removed
}
