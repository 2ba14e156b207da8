package definition

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/quadlet"
)

// assumptions remembers what files, and what lies beside them, say of whether Podman is rootless: an edit of a file
// does not change for whom it is.
type assumptions struct {
	files, dirs sync.Map // from a path to a clue
}

// clue is what tells for whom a definition is.
type clue struct {
	// rootless and rootful say for whom; where both are set, nothing is known.
	rootless, rootful bool
	// at is the place of what says rootless, and its Field what stands there.
	at podman.Origin
}

func (c *clue) add(rootless bool, what, file string, line int) {
	switch {
	case !rootless:
		c.rootful = true
	case !c.rootless:
		c.rootless, c.at = true, podman.Origin{Field: what, File: file, Line: line}
	}
}

// decides reports whether it says something, if only that it contradicts itself.
func (c *clue) decides() bool { return c.rootless || c.rootful }

// assumed returns whether a definition is for rootless Podman, where neither an option nor its place says: by what is
// written in it and in the pod that it is of, else by what the guides and scripts beside it say. Rootful is assumed
// where nothing, or both, is said.
func (s *Set) assumed(f podman.File) podman.Setting[bool] {
	known, ok := s.assumptions.files.Load(f.Path)
	if !ok {
		known, _ = s.assumptions.files.LoadOrStore(f.Path, s.lookFor(f.Path, []byte(f.Text)))
	}
	c := known.(clue)
	if c.rootless && !c.rootful {
		return podman.DefaultTo(true, c.at)
	}
	return podman.DefaultTo(false, podman.Origin{})
}

func (s *Set) lookFor(path string, data []byte) clue {
	var c clue
	if ext := extension(path); slices.Contains(quadlet.Extensions(), ext) || ext == ".service" {
		c = s.unitClue(path, data)
	} else {
		c.read(path, string(data))
	}
	if _, given := s.options.Given[path]; !c.decides() && !given {
		c = s.nearby(filepath.Dir(path))
	}
	return c
}

// podOf finds the pod that a unit's container joins.
var podOf = regexp.MustCompile(`(?m)^[ \t]*Pod[ \t]*=[ \t]*([\w@.-]+\.pod)[ \t]*$`)

// unitClue reads a unit with its drop-ins, and the pod that it names.
func (s *Set) unitClue(path string, data []byte) clue {
	var c clue
	var targets []string
	c.unit(path, string(data), &targets)
	for _, dropIn := range s.units.DropIns(path) {
		if more, err := s.Text(dropIn); err == nil {
			c.unit(dropIn, string(more), &targets)
		}
	}
	if match := podOf.FindSubmatch(data); match != nil {
		if pod, ok := s.tree.find(filepath.Dir(path), string(match[1])); ok && pod != path {
			if more, err := s.Text(pod); err == nil {
				c.unit(pod, string(more), &[]string{})
			}
		}
	}
	const users, system = "default.target", "multi-user.target"
	switch generated := extension(path) == ".service"; { // podman generate systemd writes default.target for both
	case slices.Contains(targets, system) && !slices.Contains(targets, users):
		c.rootful = true // the manager of a user has no such target
	case slices.Contains(targets, users) && !slices.Contains(targets, system) && !generated && !c.rootless:
		c.add(true, "WantedBy="+users, path, lineWith(string(data), users))
	}
	return c
}

// keepID finds the user namespace that only a rootless Podman gives: a unit's key, an option, a key of compose files
// and of Kubernetes YAML.
var keepID = regexp.MustCompile(`(UserNS|RemapUsers|--userns|userns_mode|annotations\.userns(?:/[\w.-]+)?)["']?` +
	`[ \t]*[=: ][ \t]*["']?keep-id\b`)

// unit reads the lines of a unit, and adds the targets that start it.
func (c *clue) unit(file, text string, targets *[]string) {
	for i, line := range lines(text) {
		key, value, _ := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); key == "WantedBy" || key == "RequiredBy" {
			if value = strings.TrimSpace(value); value == "" {
				*targets = nil
			}
			*targets = append(*targets, strings.Fields(value)...)
		}
		if match := keepID.FindStringSubmatch(line); match != nil {
			c.add(true, match[1]+"=keep-id", file, i+1)
		}
		for _, sign := range []string{"%t/podman/podman.sock", "%h/", "%h:"} {
			if at := strings.Index(line, sign); at >= 0 && !strings.HasSuffix(line[:at], "%") {
				c.add(true, strings.TrimRight(sign, "/:"), file, i+1)
			}
		}
	}
}

// lines returns the lines of a text by their index, those without a comment.
func lines(text string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		i := 0
		for line := range strings.SplitSeq(text, "\n") {
			trimmed := strings.TrimSpace(line)
			if trimmed != "" && trimmed[0] != '#' && trimmed[0] != ';' && !yield(i, line) {
				return
			}
			i++
		}
	}
}

func lineWith(text, word string) int {
	for i, line := range lines(text) {
		if strings.Contains(line, word) {
			return i + 1
		}
	}
	return 0
}

// said finds what guides and scripts say of who runs Podman.
var said = []struct {
	pattern  *regexp.Regexp
	rootless bool
	what     string
}{
	{regexp.MustCompile(`\bloginctl[ \t]+enable-linger\b`), true, "loginctl enable-linger"},
	{regexp.MustCompile(`\.config/containers/systemd\b`), true, "~/.config/containers/systemd"},
	{regexp.MustCompile(`XDG_RUNTIME_DIR\}?/podman/podman\.sock`), true, "$XDG_RUNTIME_DIR/podman/podman.sock"},
	{regexp.MustCompile(`/etc/containers/systemd/(?:[^u]|u[^s]|$)|/etc/containers/systemd(?:[^/\w]|$)`), false, ""},
	{regexp.MustCompile(`\bsudo[ \t]+podman\b`), false, ""},
}

// verb finds what is done to services, and ofUser that they are a user's.
var (
	verb   = regexp.MustCompile(`\b(?:enable|disable|start|stop|restart|reload|daemon-reload|status)\b`)
	ofUser = regexp.MustCompile(`[ \t]--user(?:[ \t"']|$)`)
)

// services reads the calls of systemctl in a line, in a sentence or in a script.
func (c *clue) services(file, line string, number int) {
	parts := strings.Split(line, "systemctl")
	for _, call := range parts[1:] {
		if end := strings.IndexAny(call, ";|&`"); end >= 0 {
			call = call[:end]
		}
		switch {
		case ofUser.MatchString(call):
			c.add(true, "systemctl --user", file, number)
		case verb.MatchString(call):
			c.add(false, "", file, number)
		}
	}
}

// read reads a guide, a script, or what else is text.
func (c *clue) read(file, text string) {
	for i, line := range strings.Split(text, "\n") {
		if match := keepID.FindStringSubmatch(line); match != nil && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			c.add(true, strings.TrimPrefix(match[1], "annotations.")+"=keep-id", file, i+1)
		}
		for _, s := range said {
			if s.pattern.MatchString(line) {
				c.add(s.rootless, s.what, file, i+1)
			}
		}
		c.services(file, line, i+1)
	}
}

// guide tells the files that say how what lies beside them is put into service.
var guide = regexp.MustCompile(`(?i)^(?:(?:readme|install)[\w.-]*|makefile|justfile|.*\.(?:sh|bash))$`)

// nearby returns what the guides and scripts in a directory say, or else those above it, up to what was named.
func (s *Set) nearby(dir string) clue {
	for _, d := range s.tree.dirs(dir) {
		known, ok := s.assumptions.dirs.Load(d)
		if !ok {
			known, _ = s.assumptions.dirs.LoadOrStore(d, s.readGuides(d))
		}
		if c := known.(clue); c.decides() {
			return c
		}
	}
	return clue{}
}

func (s *Set) readGuides(dir string) clue {
	const most, largest = 20, 256 << 10 // files, and bytes of each
	var c clue
	n := 0
	for _, name := range s.tree.list(dir) {
		if !guide.MatchString(name) {
			continue
		}
		if n++; n > most {
			break
		}
		if data, err := s.Text(filepath.Join(dir, name)); err == nil {
			c.read(filepath.Join(dir, name), string(data[:min(len(data), largest)]))
		}
	}
	return c
}
