// Package compose reads compose files as podman-compose does: files are merged, services extended and variables filled
// in, what comes of a service is put into the words of a podman command line, and package command reads that.
//
// A file is read by its YAML, with compose-go's own parts for what has a grammar of its own: variables (template) and
// files of variables (dotenv). The library's loader would refuse a file as a whole, for one service, one word of
// podman-compose's or one variable that is not set here.
package compose

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/yamlpath"
)

// IsCompose reports whether a document is a compose file: it has services that have an image or a build.
func IsCompose(document *yaml.Node) bool {
	services, ok := below(document, "services")
	if _, kube := below(document, "apiVersion"); !ok || kube || services.value.Kind != yaml.MappingNode {
		return false
	}
	all := fields(services.value)
	for _, service := range all {
		for _, key := range []string{"image", "build", "extends"} {
			if _, ok := below(service.value, key); ok {
				return true
			}
		}
	}
	return len(all) == 0
}

// Reader reads compose projects.
type Reader struct {
	// Override holds the paths of the files that override the one that is read.
	Override []string
	// ReadFile returns another file's content: of those that override, are extended or included, and of .env.
	ReadFile func(path string) ([]byte, error)
}

// Named returns the files that the .env of a directory makes a project of (COMPOSE_FILE), none where it names none.
func Named(dir string, read func(path string) ([]byte, error)) []string {
	r := &reading{readFile: read}
	variables := r.variables(filepath.Join(dir, ".env"), nil)
	list := variables["COMPOSE_FILE"]
	if list == "" {
		return nil
	}
	var paths []string
	for name := range strings.SplitSeq(list, cmp.Or(variables["COMPOSE_PATH_SEPARATOR"], ":")) {
		if name != "" && !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		paths = append(paths, name)
	}
	return paths
}

// reading is one reading of compose files, those that are included among them.
type reading struct {
	// readFile returns a file's content.
	readFile func(path string) ([]byte, error)
	host     *podman.Host
	trees    map[string]*yaml.Node
	// paths are the files that were read, and problems what is wrong with them.
	paths    []string
	problems []podman.Problem
}

// project is the services of some files, with what they share.
type project struct {
	*reading
	// dir is the directory that the project is in, and name its name.
	dir, name string
	services  map[string]*service
	// volumes holds what volumes stand for of the host's, and secrets those that are kept by Podman.
	volumes map[string]command.Volume
	secrets map[string]string
	// contents holds the texts of configs.
	contents map[string]value
	// options are those of volumes, in which passwords stand.
	options map[string]value
}

// mostFiles is how many files a project may be made of.
const mostFiles = 200

// Read returns the containers that a compose project defines, of every profile, and the paths of the files that it was
// read from. A service that is not valid is a problem, and the others are read all the same. What variables stand for
// that neither .env sets nor the file has a default for stays unknown.
func (reader Reader) Read(f podman.File, host *podman.Host) podman.Found {
	readFile := func(path string) ([]byte, error) {
		if path == f.Path {
			return []byte(f.Text), nil
		}
		return reader.ReadFile(path)
	}
	r := &reading{readFile: readFile, host: host, trees: map[string]*yaml.Node{}}
	dir := filepath.Dir(f.Path)
	p := r.newProject(dir)
	p.load(append([]string{f.Path}, reader.Override...), dir, r.variables(filepath.Join(dir, ".env"), nil), 0)
	if p.name == "" {
		p.name = projectName(dir)
	}
	var found []*podman.Container
	for _, name := range sorted(p.services) {
		s := p.services[name]
		c := s.container()
		if s.wrong != nil {
			r.problems = append(r.problems, *s.wrong)
			continue
		}
		found = append(found, c)
	}
	slices.SortStableFunc(found, func(a, b *podman.Container) int {
		x, y := a.Definition.Origin, b.Definition.Origin
		return cmp.Or(cmp.Compare(slices.Index(r.paths, x.File), slices.Index(r.paths, y.File)), x.Line-y.Line)
	})
	return podman.Found{Containers: found, Files: r.paths, Problems: r.problems}
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reading) newProject(dir string) *project {
	return &project{reading: r, dir: dir, services: map[string]*service{}, volumes: map[string]command.Volume{},
		secrets: map[string]string{}, contents: map[string]value{}, options: map[string]value{}}
}

// projectName is the name that a directory gives a project: small letters, digits, dashes and underscores.
func projectName(dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(filepath.Base(dir)))
	return strings.TrimLeft(name, "-_")
}

// variables reads a file of variables, if there is one; what it takes from others it takes from the ones given.
func (r *reading) variables(path string, others map[string]string) map[string]string {
	all := map[string]string{}
	for name, text := range others {
		all[name] = text
	}
	data, err := r.readFile(path)
	if err != nil {
		return all
	}
	found, err := dotenv.UnmarshalBytesWithLookup(data, func(name string) (string, bool) {
		text, ok := others[name]
		return text, ok
	})
	if err != nil { // the library quotes the line, which may hold a secret
		r.problem(podman.Origin{File: path}, "this is no file of variables that podlint can read")
		return all
	}
	for name, text := range found {
		all[name] = text
	}
	return all
}

// problem notes what is wrong with a file.
func (r *reading) problem(at podman.Origin, format string, args ...any) {
	r.problems = append(r.problems, podman.Problem{Origin: at,
		Message: "this is no compose file that podlint can read: " + fmt.Sprintf(format, args...)})
}

// tree reads a file as YAML, once.
func (r *reading) tree(path string, by podman.Origin) *yaml.Node {
	if tree, ok := r.trees[path]; ok {
		return tree
	}
	r.trees[path] = nil
	if len(r.paths) >= mostFiles {
		r.problem(by, "it is made of more than %d files", mostFiles)
		return nil
	}
	if strings.Contains(path, "://") || strings.HasPrefix(filepath.Base(path), "git@") {
		r.problem(by, "%s: podlint fetches nothing", path)
		return nil
	}
	data, err := r.readFile(path)
	if err != nil {
		if by.File == "" {
			r.problems = append(r.problems, podman.Problem{Origin: podman.Origin{File: path}, Message: err.Error()})
		} else {
			r.problem(by, "%s: %v", path, err)
		}
		return nil
	}
	documents, err := yamlpath.Documents(data)
	if err != nil {
		r.problems = append(r.problems, yamlpath.Problem(path, err))
		return nil
	}
	r.paths = append(r.paths, path)
	if len(documents) > 0 {
		r.trees[path] = documents[0]
	}
	return r.trees[path]
}

// load reads files into the project, one over the other, with paths relative to a directory.
func (p *project) load(paths []string, dir string, environment map[string]string, depth int) {
	for _, path := range paths {
		tree := p.tree(path, podman.Origin{})
		if tree == nil {
			continue
		}
		top := &layer{file: path, dir: dir, node: tree, environment: environment}
		if f, ok := below(tree, "include"); ok {
			p.include(top, f, depth)
		}
		if f, ok := below(tree, "name"); ok && f.value.Kind == yaml.ScalarNode && p.name == "" {
			p.name = top.value(f.value, f.key).text
		}
		p.shared(top)
		f, ok := below(tree, "services")
		if !ok {
			continue
		}
		for _, entry := range fields(f.value) {
			p.add(&layer{path, dir, entry.value, environment}, entry)
		}
	}
}

// add puts a file's layer over what the project has of a service.
func (p *project) add(l *layer, entry field) {
	name := entry.key.Value
	s := p.services[name]
	if s == nil {
		s = &service{project: p, name: name}
		p.services[name] = s
	}
	switch {
	case entry.value.Tag == "!reset":
		delete(p.services, name)
		return
	case entry.value.Kind != yaml.MappingNode && !isNull(entry.value):
		s.fail(placed{l, entry.value, entry.key}, "it is no mapping")
	}
	l.node = placedAtKey(entry)
	base := p.extended(l, map[string]bool{l.file + "\x00" + name: true})
	if entry.value.Tag == "!override" {
		s.layers = nil
	}
	s.layers = append(append(s.layers, base...), l)
}

// placedAtKey returns a service's mapping, which stands where its key does.
func placedAtKey(entry field) *yaml.Node {
	node := *entry.value
	node.Line, node.Column = entry.key.Line, entry.key.Column
	return &node
}

// extended returns the layers of the service that a layer extends, which count less.
func (p *project) extended(l *layer, seen map[string]bool) []*layer {
	f, ok := below(l.node, "extends")
	if !ok || isNull(f.value) {
		return nil
	}
	name, file, dir := f.value, l.file, l.dir
	at := l.origin(f.key)
	if f.value.Kind == yaml.MappingNode {
		of, _ := below(f.value, "service")
		name = of.value
		if from, ok := below(f.value, "file"); ok && from.value.Kind == yaml.ScalarNode {
			file = p.path(l, from.value)
			dir = filepath.Dir(file)
		}
	}
	if name == nil || name.Kind != yaml.ScalarNode {
		p.problem(at, "extends names no service")
		return nil
	}
	key := file + "\x00" + name.Value
	if seen[key] || len(seen) > deepest {
		p.problem(at, "%s is extended by itself", name.Value)
		return nil
	}
	seen[key] = true
	services, _ := below(p.tree(file, at), "services")
	entry, ok := below(services.value, name.Value)
	if !ok || entry.value.Kind != yaml.MappingNode {
		if p.trees[file] != nil {
			p.problem(at, "there is no service %s to extend in %s", name.Value, file)
		}
		return nil
	}
	base := &layer{file, dir, placedAtKey(entry), l.environment}
	return append(p.extended(base, seen), base)
}

// path returns a path that a layer names, of the file that it stands for here.
func (p *project) path(l *layer, n *yaml.Node) string {
	text := l.value(n, n).text
	if filepath.IsAbs(text) || strings.Contains(text, "://") {
		return text
	}
	return filepath.Join(l.dir, text)
}

// include reads the files that a file includes, each with its own directory and variables.
func (p *project) include(l *layer, f field, depth int) {
	if depth > deepest {
		p.problem(l.origin(f.key), "it is included by itself")
		return
	}
	items := []*yaml.Node{f.value}
	if f.value.Kind == yaml.SequenceNode {
		items = f.value.Content
	}
	for _, item := range items {
		item = resolved(item)
		paths := []*yaml.Node{item}
		dir, environment := "", l.environment
		if item != nil && item.Kind == yaml.MappingNode {
			of, _ := below(item, "path")
			if paths = []*yaml.Node{of.value}; of.value != nil && of.value.Kind == yaml.SequenceNode {
				paths = of.value.Content
			}
			if own, ok := below(item, "project_directory"); ok {
				dir = p.path(l, own.value)
			}
			if own, ok := below(item, "env_file"); ok && own.value.Kind == yaml.ScalarNode {
				environment = p.variables(p.path(l, own.value), environment)
			}
		}
		var named []string
		for _, n := range paths {
			if n = resolved(n); n == nil || n.Kind != yaml.ScalarNode {
				p.problem(l.origin(f.key), "an include names no file")
				continue
			}
			named = append(named, p.path(l, n))
			p.tree(named[len(named)-1], l.origin(n))
		}
		if len(named) == 0 {
			continue
		}
		if dir == "" {
			dir = filepath.Dir(named[0])
		}
		p.load(named, dir, p.variables(filepath.Join(dir, ".env"), environment), depth+1)
	}
}

// shared reads what services refer to: volumes that stand for paths of the host, secrets of Podman's, configs.
func (p *project) shared(l *layer) {
	each := func(key string, use func(name string, m *yaml.Node)) {
		f, _ := below(l.node, key)
		for _, entry := range fields(f.value) {
			use(entry.key.Value, entry.value)
		}
	}
	text := func(m *yaml.Node, key string) value {
		f, ok := below(m, key)
		if !ok || f.value.Kind != yaml.ScalarNode {
			return value{}
		}
		return l.value(f.value, f.key)
	}
	each("volumes", func(name string, m *yaml.Node) {
		f, _ := below(m, "driver_opts")
		o, device := text(f.value, "o"), text(f.value, "device").text
		if o.text != "" {
			p.options[name] = o
		}
		if v := command.VolumeOf(text(f.value, "type").text, o.text, device); v != (command.Volume{}) {
			p.volumes[name] = v
		}
	})
	each("secrets", func(name string, m *yaml.Node) {
		if external := text(m, "external").text; external == "true" {
			p.secrets[name] = cmp.Or(text(m, "name").text, name)
		}
	})
	each("configs", func(name string, m *yaml.Node) {
		if content := text(m, "content"); content.text != "" {
			p.contents[name] = content
		}
	})
}

var errNotGiven = errors.New("its path is only known when it is run")
