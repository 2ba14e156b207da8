package live

import (
	"context"
	"net/url"
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
	Healthcheck *struct{ Test []string }
	History     []struct {
		Created *time.Time `json:"created"`
	}
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
		}
	})
	return l.image, l.err
}

// image reads what the container was made from, and what its name stands for now. It returns the former, nil where it is
// not known.
func (r *reader) image(ctx context.Context, c *podman.Container, data *inspected) *image {
	c.Image = podman.Image{ID: data.Image, Name: data.ImageName, Digest: data.ImageDigest}
	if data.Image == "" { // --rootfs
		return nil
	}
	var own *image
	if name := data.ImageName; name != "" && !isIDPrefix(strings.TrimPrefix(name, "sha256:"), data.Image) {
		switch named, err := r.images.get(ctx, name); {
		case err == nil:
			c.Image.Current = podman.Read(named.ID, "ImageName")
			if named.ID == data.Image {
				own = named
			}
		case !gone(err): // the name may well be gone: then there is nothing to compare with
			r.problem(name, err)
		}
	}
	if own == nil {
		var err error
		if own, err = r.images.get(ctx, data.Image); err != nil {
			if !gone(err) {
				r.problem(data.Image, err)
			}
			return nil
		}
	}
	if built, ok := own.built(); ok {
		c.Image.Built = podman.Read(built, "Image.Created")
	}
	return own
}

// built returns when the image's newest layer was made, and false where its dates are fixed ones that say nothing about
// its age. Builders write the moment of a step with fractions of a second; a build for reproducibility sets every date of
// its own to one whole second: 1970, or SOURCE_DATE_EPOCH. Dates before containers were thought of are no dates either.
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
