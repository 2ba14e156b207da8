package cli

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/registry"
)

// askRegistries asks for the image behind each name that the containers were made by, once for each, several at once, and puts the answers into
// the containers. It returns what could not be answered, by the names.
func (a *app) askRegistries(ctx context.Context, flags *scanFlags, all []*podman.Container, shown *progress) map[string]error {
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
	client := &registry.Client{Timeout: flags.registryTimeout, Now: a.now}
	if dir, err := os.UserCacheDir(); err == nil && a.machine {
		client.CacheFile = filepath.Join(dir, "podlint", "digests.json")
	}
	shown.name("asking registries")
	failed := map[string]error{}
	var mu sync.Mutex
	var group sync.WaitGroup
	next := make(chan string)
	const atOnce = 8
	done := 0
	for range min(atOnce, len(names)) {
		group.Go(func() {
			for name := range next {
				q := registry.Question{Name: name}
				for _, c := range byName[name] {
					q.Known = append(append(q.Known, c.Image.Digest), c.Image.Digests...)
					if c.AutoUpdated() && c.Upkeep.AuthFile != "" && a.machine && c.Host.API.Value == "unix" {
						q.AuthFile = c.Upkeep.AuthFile
					}
				}
				latest, err := client.Latest(ctx, q)
				mu.Lock()
				if err != nil {
					failed[name] = err
				} else {
					for _, c := range byName[name] {
						c.Image.Latest = podman.Read(latest, "registry")
					}
				}
				done++
				shown.set(done, len(names))
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	group.Wait()
	if err := client.Save(); err != nil && flags.verbose {
		flags.service.Log("the registries' answers are not kept: %v", err)
	}
	return failed
}
