package live

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/podlint/podlint/podman"
)

// image is what podlint needs of an image's inspect answer.
type image struct {
	ID      string     `json:"Id"`
	Created *time.Time `json:"Created"`
	Config  struct {
		Env        []string
		Cmd        []string
		Entrypoint []string
		Labels     map[string]string
	} `json:"Config"`
	Labels      map[string]string
	RepoDigests []string
	Healthcheck *struct{ Test []string }
	History     []struct {
		Created   *time.Time `json:"created"`
		CreatedBy string     `json:"created_by"`
		Empty     bool       `json:"empty_layer"`
	}
	// texts holds what can be searched for secrets, made once.
	texts []podman.ConfigString
}

// imageCache asks for each image once, however many containers ask at the same time.
type imageCache struct {
	client *client
	mu     sync.Mutex
	asked  map[string]*lookup
}

type lookup struct {
	once  sync.Once
	image *image
	err   error
}

func (c *imageCache) get(ctx context.Context, name string) (*image, error) {
	c.mu.Lock()
	l := c.asked[name]
	if l == nil {
		l = &lookup{}
		c.asked[name] = l
	}
	c.mu.Unlock()
	l.once.Do(func() {
		var answer image
		if l.err = c.client.get(ctx, "/images/"+url.PathEscape(name)+"/json", nil, maxAnswer, &answer); l.err == nil {
			l.image = &answer
			answer.texts = answer.collect()
		}
	})
	return l.image, l.err
}

// image reads what the container was made from, and what its name stands for now. It returns the former, nil where it
// is not known.
func (r *reader) image(ctx context.Context, c *podman.Container, data *inspected) *image {
	c.Image.ID, c.Image.Name, c.Image.Digest = data.Image, data.ImageName, data.ImageDigest
	if data.Image == "" { // --rootfs
		return nil
	}
	var own *image
	if name := data.ImageName; name != "" && !isIDPrefix(strings.TrimPrefix(name, "sha256:"), data.Image) {
		switch named, err := r.images.get(ctx, name); {
		case err == nil:
			c.Image.Current = podman.Set(named.ID, podman.Field("ImageName"))
			if named.ID == data.Image {
				own = named
			}
		case !isNotFound(err): // the name may well be gone: then there is nothing to compare with
			r.problem(name, err)
		}
	}
	if own == nil {
		var err error
		if own, err = r.images.get(ctx, data.Image); err != nil {
			if !isNotFound(err) {
				r.problem(data.Image, err)
			}
			return nil
		}
	}
	if built, ok := own.built(); ok {
		c.Image.Built = podman.Set(built, podman.Field("Image.Created"))
	}
	c.Image.ConfigStrings = podman.Set(own.texts, podman.Field("Image"))
	c.Image.HostVariables = own.hostVariables()
	for _, name := range own.RepoDigests {
		if _, digest, ok := strings.Cut(name, "@"); ok && !slices.Contains(c.Image.Digests, digest) {
			c.Image.Digests = append(c.Image.Digests, digest)
		}
	}
	return own
}

// collect gathers the strings in which whoever built the image may have left a secret.
func (i *image) collect() []podman.ConfigString {
	var texts []podman.ConfigString
	add := func(place, name, field string, words ...string) {
		text := podman.ConfigString{Place: place, Name: name, Origin: podman.Field(field)}
		for _, w := range words {
			text.Words = append(text.Words, podman.Sensitive(w))
		}
		texts = append(texts, text)
	}
	for n, entry := range i.Config.Env {
		name, value, _ := strings.Cut(entry, "=")
		add("variable", name, fmt.Sprintf("Image.Config.Env[%d]", n), value)
	}
	labels := i.Config.Labels
	if labels == nil {
		labels = i.Labels
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		add("label", name, "Image.Config.Labels", labels[name])
	}
	for n, step := range i.History {
		if command := step.CreatedBy; command != "" && len(command) < 1<<16 {
			add("history", "", fmt.Sprintf("Image.History[%d]", n), strings.Fields(command)...)
		}
	}
	return texts
}

// hostVariables returns the variables whose values are the host's: they have none of their own.
func (i *image) hostVariables() podman.Setting[[]string] {
	found := podman.Set([]string{}, podman.Field("Image.Config.Env"))
	for n, entry := range i.Config.Env {
		if entry == "" || strings.Contains(entry, "=") {
			continue
		}
		if len(found.Value) == 0 {
			found.Origin = podman.Field(fmt.Sprintf("Image.Config.Env[%d]", n))
		}
		found.Value = append(found.Value, entry)
	}
	return found
}

// built returns when the image's newest layer was made, and false where its dates are fixed ones that say nothing about
// its age. Builders write the moment of a step with fractions of a second; a build for reproducibility sets every date
// of its own to one whole second: 1970, or SOURCE_DATE_EPOCH. Dates before containers were thought of are no dates
// either.
func (i *image) built() (time.Time, bool) {
	if i.Created == nil {
		return time.Time{}, false
	}
	newest, fixed := *i.Created, i.Created.Nanosecond() == 0
	for _, step := range i.History {
		if step.Created == nil {
			continue
		}
		if !step.Created.Equal(*i.Created) {
			fixed = fixed && notADate(*step.Created)
		}
		if step.Created.After(newest) {
			newest = *step.Created
		}
	}
	if fixed || notADate(newest) {
		return time.Time{}, false
	}
	return newest, true
}

func notADate(t time.Time) bool { return t.Year() < 2013 }
