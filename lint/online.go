package lint

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/registry"
)

// RegistryTimeout is how long each registry has for an answer where nobody says otherwise.
const RegistryTimeout = 15 * time.Second

// Registries says how registries are asked for newer images.
type Registries struct {
	// Timeout bounds what each registry has for an answer.
	Timeout time.Duration
	// CacheFile keeps answers, empty for nowhere.
	CacheFile string
	// AuthFiles is whether the files that containers name with an auto-update label are this machine's to read.
	AuthFiles bool
	// Log is called with what does not belong in a report.
	Log func(format string, args ...any)
}

// CachePath returns where the answers of registries are kept between runs, empty where the account has no cache
// directory.
func CachePath() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "podlint", "digests.json")
}

// ask asks for the image behind each name that the containers were made by, once for each, several at once, and puts
// the answers into the containers. It returns what could not be answered, by the names.
func (r *Registries) ask(ctx context.Context, all []*podman.Container, now func() time.Time,
	progress Progress) map[string]error {
	byName := map[string][]*podman.Container{}
	var names []string
	for _, c := range all {
		if c.Kind != podman.KindContainer || !registry.Asks(c.Image.Name) {
			continue
		}
		if byName[c.Image.Name] == nil {
			names = append(names, c.Image.Name)
		}
		byName[c.Image.Name] = append(byName[c.Image.Name], c)
	}
	client := &registry.Client{Timeout: r.Timeout, Now: now, CacheFile: r.CacheFile}
	failed := map[string]error{}
	var mu sync.Mutex
	var group sync.WaitGroup
	next := make(chan string)
	const atOnce = 8
	done := 0
	for range min(atOnce, len(names)) {
		group.Go(func() {
			for name := range next {
				latest, err := client.Latest(ctx, r.question(name, byName[name]))
				mu.Lock()
				if err != nil {
					failed[name] = err
				} else {
					for _, c := range byName[name] {
						c.Image.Latest = podman.Set(latest, podman.Field("registry"))
					}
				}
				done++
				progress("asking registries", done, len(names))
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	group.Wait()
	if err := client.Save(); err != nil {
		r.Log("the registries' answers are not kept: %v", err)
	}
	return failed
}

// question returns what is asked about a name: whether it is one of the images that the containers have.
func (r *Registries) question(name string, containers []*podman.Container) registry.Question {
	q := registry.Question{Name: name}
	for _, c := range containers {
		q.Known = append(append(q.Known, c.Image.Digest), c.Image.Digests...)
		if c.AutoUpdated() && c.Lifecycle.AuthFile != "" && r.AuthFiles && c.Host.API.Value == "unix" {
			q.AuthFile = c.Lifecycle.AuthFile
		}
	}
	return q
}
