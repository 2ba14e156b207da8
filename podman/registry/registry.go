// Package registry asks registries which image stands behind a name now. It asks as Podman does: with the account's
// auth file, and the mirrors, blocks and TLS settings of registries.conf and certs.d.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/types"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
)

// Client asks registries, each name once.
type Client struct {
	// Timeout is how long to wait for what one name needs.
	Timeout time.Duration
	// Now tells the time.
	Now func() time.Time
	// CacheFile keeps the answers for a while, empty for no cache.
	CacheFile string

	mu    sync.Mutex
	cache map[string]cached
	dirty bool
}

// cached is an answer with when it was given, and for which images that were here: with another one the registry may
// have moved on as well.
type cached struct {
	podman.Latest
	Known []string  `json:"known"`
	Asked time.Time `json:"asked"`
}

// fresh is how long an answer is taken from the cache.
const fresh = time.Hour

// Asks reports whether a name is one that a registry can be asked about: of a registry, and by a tag rather than a
// digest.
func Asks(name string) bool {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return false
	}
	_, pinned := named.(reference.Digested)
	domain := reference.Domain(named)
	return !pinned && domain != "localhost" && strings.Contains(name, "/")
}

// Question is what a registry is asked.
type Question struct {
	// Name is the image's.
	Name string
	// Known holds the digests that need no further question: those of the image that is here.
	Known []string
	// AuthFile is where the credentials are, empty for where Podman looks for them.
	AuthFile string
}

// Latest returns the image that a name stands for in its registry now: its digest and, where that is not among the
// known ones, its date. An index of several platforms has a digest of its own, which is among the known ones of an
// image that was pulled by it.
func (c *Client) Latest(ctx context.Context, q Question) (podman.Latest, error) {
	slices.Sort(q.Known)
	q.Known = slices.Compact(q.Known)
	c.mu.Lock()
	c.load()
	if hit, ok := c.cache[q.Name]; ok && c.Now().Sub(hit.Asked) < fresh && c.Now().After(hit.Asked) &&
		slices.Equal(hit.Known, q.Known) {
		c.mu.Unlock()
		return hit.Latest, nil
	}
	c.mu.Unlock()
	if q.AuthFile != "" {
		if err := readable(q.AuthFile); err != nil {
			return podman.Latest{}, err
		}
	}
	bounded, cancel := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("no answer within %s", c.Timeout))
	defer cancel()
	latest, err := ask(bounded, q)
	if err != nil {
		if bounded.Err() != nil {
			err = context.Cause(bounded)
		}
		return podman.Latest{}, explained(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cache[q.Name], c.dirty = cached{latest, q.Known, c.Now()}, true
	return latest, nil
}

// settings are what Podman hands to the same library from its environment (podman(1), containers-registries.conf(5));
// the rest the library reads by itself.
func settings() *types.SystemContext {
	sys := &types.SystemContext{AuthFilePath: os.Getenv("REGISTRY_AUTH_FILE")}
	for _, name := range []string{"CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH"} {
		if path := os.Getenv(name); path != "" {
			sys.SystemRegistriesConfPath = path
			break
		}
	}
	return sys
}

func ask(ctx context.Context, q Question) (podman.Latest, error) {
	named, err := reference.ParseNormalizedNamed(q.Name)
	if err != nil {
		return podman.Latest{}, err
	}
	ref, err := docker.NewReference(reference.TagNameOnly(named))
	if err != nil {
		return podman.Latest{}, err
	}
	sys := settings()
	if q.AuthFile != "" {
		sys.AuthFilePath = q.AuthFile
	}
	digest, err := digestOf(ctx, sys, ref, named.Name())
	if err != nil {
		return podman.Latest{}, err
	}
	latest := podman.Latest{Digest: digest}
	if slices.Contains(q.Known, latest.Digest) {
		return latest, nil
	}
	image, err := ref.NewImage(ctx, sys)
	if err != nil {
		return podman.Latest{}, err
	}
	defer func() { _ = image.Close() }()
	if raw, kind, err := image.Manifest(ctx); err == nil && manifest.MIMETypeIsMultiImage(kind) {
		if list, err := manifest.ListFromBlob(raw, kind); err == nil {
			for _, instance := range list.Instances() {
				latest.Platforms = append(latest.Platforms, instance.String())
			}
		}
	}
	if inspected, err := image.Inspect(ctx); err == nil && inspected.Created != nil {
		latest.Created = *inspected.Created
	}
	return latest, nil
}

// readable refuses an auth file that could hold up whoever reads it: a label may name any path.
func readable(authFile string) error {
	const most = 1 << 20
	info, err := os.Stat(authFile)
	switch {
	case err != nil:
		return fmt.Errorf("its auth file: %w", err)
	case !info.Mode().IsRegular() || info.Size() > most:
		return fmt.Errorf("its auth file %s is none", authFile)
	}
	return nil
}

// settingsOf are the settings with a registries.conf of their own, whose drop-ins and aliases are not this machine's.
func settingsOf(named string) *types.SystemContext {
	sys := settings()
	if named != "" {
		sys.SystemRegistriesConfPath, sys.SystemRegistriesConfDirPath, sys.UserShortNameAliasConfPath = named,
			"/dev/null", "/dev/null"
	}
	return sys
}

// digestOf returns the digest of what a reference names. A HEAD request does, which registries do not count; but it
// goes by the name alone, so that where registries.conf has mirrors for it or says that it lies elsewhere, the manifest
// is asked for as podman pull does.
func digestOf(ctx context.Context, sys *types.SystemContext, ref types.ImageReference, name string) (string, error) {
	entry, err := sysregistriesv2.FindRegistry(sys, name)
	if err != nil {
		return "", err
	}
	if entry == nil || len(entry.Mirrors) == 0 && (entry.Location == "" || entry.Location == entry.Prefix) {
		digest, err := docker.GetDigest(ctx, sys, ref)
		return digest.String(), err
	}
	source, err := ref.NewImageSource(ctx, sys)
	if err != nil {
		return "", err
	}
	defer func() { _ = source.Close() }()
	raw, _, err := source.GetManifest(ctx, nil)
	if err != nil {
		return "", err
	}
	digest, err := manifest.Digest(raw)
	return digest.String(), err
}

// explained puts what a registry says into few words: its own text may be a page.
func explained(err error) error {
	text := err.Error()
	var unauthorized docker.ErrUnauthorizedForCredentials
	switch {
	case strings.Contains(text, "invalid checksum digest"):
		return errors.New("the registry's answer names no digest")
	case strings.Contains(text, " is blocked in "):
		return errors.New("the registry is blocked in registries.conf")
	case errors.As(err, &unauthorized), strings.Contains(text, "unauthorized"),
		strings.Contains(text, "StatusCode: 401"), strings.Contains(text, "authentication required"),
		strings.Contains(text, "denied"):
		return errors.New("the registry wants other credentials (podman login)")
	case errors.Is(err, docker.ErrTooManyRequests), strings.Contains(text, "toomanyrequests"),
		strings.Contains(text, "StatusCode: 429"):
		return errors.New("the registry has had too many requests (429)")
	case strings.Contains(text, "StatusCode: 404"), strings.Contains(text, "manifest unknown"),
		strings.Contains(text, "name unknown"):
		return errors.New("the registry has no such tag any more")
	case strings.Contains(text, "x509"), strings.Contains(text, "certificate"):
		return errors.New("the registry's certificate cannot be verified")
	case strings.Contains(text, "connection refused"), strings.Contains(text, "no such host"),
		strings.Contains(text, "no route to host"):
		return errors.New("the registry cannot be reached")
	}
	const long = 200
	if len(text) > long {
		text = text[:long] + "…"
	}
	return errors.New(text)
}

// Registries reads what a registries.conf says about the registries: the named file, else this machine's with its
// drop-ins. It is unknown where none can be read.
func Registries(named string) podman.Setting[map[string]podman.Registry] {
	sys, origin := settingsOf(named), "registries.conf"
	if named != "" {
		origin = named
	}
	list, err := sysregistriesv2.GetRegistries(sys)
	if err != nil {
		return podman.Setting[map[string]podman.Registry]{}
	}
	found := map[string]podman.Registry{}
	for i := range list {
		r := &list[i]
		entry := podman.Registry{Insecure: r.Insecure, Blocked: r.Blocked, Origin: podman.Field(origin)}
		for _, mirror := range r.Mirrors {
			entry.Insecure = entry.Insecure || mirror.Insecure
		}
		found[r.Prefix] = entry
	}
	return podman.Set(found, podman.Field(origin))
}

// Alias returns the full name that a short one stands for by an alias of registries.conf: of the named file, else of
// this machine's. It is empty where there is none.
func Alias(short, named string) string {
	sys := settingsOf(named)
	name, tail := short, ""
	if i := strings.IndexAny(short, ":@"); i >= 0 {
		name, tail = short[:i], short[i:]
	}
	full, _, err := sysregistriesv2.ResolveShortNameAlias(sys, name)
	if err != nil || full == nil {
		return ""
	}
	return full.Name() + tail
}

// load reads the cache once. What cannot be read is none.
func (c *Client) load() {
	if c.cache != nil {
		return
	}
	c.cache = map[string]cached{}
	if c.CacheFile == "" {
		return
	}
	data, err := files.Read(c.CacheFile)
	if err != nil {
		return
	}
	var kept map[string]cached
	if json.Unmarshal(data, &kept) == nil {
		for name, k := range kept {
			if c.Now().Sub(k.Asked) < fresh {
				c.cache[name] = k
			}
		}
	}
}

// Save writes the cache, where something is new in it.
func (c *Client) Save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.CacheFile == "" || !c.dirty {
		return nil
	}
	data, err := json.Marshal(c.cache)
	if err != nil {
		return err
	}
	const own = 0o600
	if err := files.MakeDirs(filepath.Dir(c.CacheFile)); err != nil {
		return err
	}
	return files.Write(c.CacheFile, own, func(w io.Writer) error { _, err := w.Write(data); return err })
}
