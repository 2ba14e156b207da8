package rules

import (
	"strings"

	"github.com/podlint/podlint/podman"
)

// hostNamespace makes the rule for one kind of namespace that a container shares with the host: by itself, or with a
// container that does.
func hostNamespace(r Rule, mode func(*podman.Container) podman.Setting[string], judge func(*podman.Container) (Severity, string)) Rule {
	name, _, _ := strings.Cut(r.ID, "-")
	flag := map[string]string{"pid": "--pid", "ipc": "--ipc", "network": "--network", "uts": "--uts", "cgroup": "--cgroupns"}[name]
	r.ByMode, r.Pods = true, false
	r.Settings = []string{name + " namespace"}
	find := func(c *podman.Container, s podman.Setting[string], value, through string) []Finding {
		severity, message := judge(c)
		return violated(s, severity, message+through, name, value, Fix{Summary: "leave " + flag + "=host out", Drop: true})
	}
	r.Check = func(c *podman.Container) []Finding {
		if s := mode(c); s.Known() && s.Value == "host" {
			return find(c, s, "host", "")
		}
		return nil
	}
	r.Relate = func(all []*podman.Container) []Finding {
		known := map[string]*podman.Container{}
		for _, c := range all {
			known[c.Name] = c
			if c.ID != "" {
				known[c.ID] = c
			}
		}
		var found []Finding
		for _, c := range all {
			if c.Kind != podman.KindContainer {
				continue
			}
			s := mode(c)
			target, through := c, ""
			for range 16 { // as long as one container joins another; a circle ends too
				next, ok := strings.CutPrefix(mode(target).Value, "container:")
				if !ok || known[next] == nil || !mode(target).Known() {
					break
				}
				target = known[next]
				through = "; it joins " + target.Name + ", which has the host's"
			}
			if target != c && mode(target).Known() && mode(target).Value == "host" {
				for _, f := range find(c, s, s.Value, through) {
					f.About = c
					f.Fix = Fix{Summary: "leave " + flag + "=host out of " + target.Name + ", or do not join it"}
					found = append(found, f)
				}
			}
		}
		return found
	}
	return r
}
