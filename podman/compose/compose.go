// Package compose reads compose files as podman-compose does: the project's own library (compose-go) merges, extends
// and interpolates, what comes of a service is put into the words of a podman command line, and package command reads
// that.
package compose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/yamlpath"
)

// IsCompose reports whether a document is a compose file: it has services that have an image or a build.
func IsCompose(document *yaml.Node) bool {
	services := yamlpath.Get(document, "services")
	if services == nil || services.Kind != yaml.MappingNode || yamlpath.Get(document, "apiVersion") != nil {
		return false
	}
	for i := 0; i+1 < len(services.Content); i += 2 {
		for _, key := range []string{"image", "build", "extends"} {
			if yamlpath.Get(services.Content[i+1], key) != nil {
				return true
			}
		}
	}
	return len(services.Content) == 0
}

// Files are a compose file and the one that overrides it, if there is one.
type Files struct {
	Paths []string
	// Read returns a file's content: also of those that are extended or included, and of .env.
	Read func(path string) ([]byte, error)
}

// project is a loaded project with the trees of the files that it comes from.
type project struct {
	files Files
	host  *podman.Host
	trees map[string]*yaml.Node
	paths []string // in the order of what counts most
}

// Read returns the containers that a compose project defines, of every profile, and the paths of the files that it was
// read from. Variables that .env does not set stay unknown.
func Read(files Files, host *podman.Host) ([]*podman.Container, []string, []podman.Problem) {
	p := &project{files: files, host: host, trees: map[string]*yaml.Node{}}
	dir := filepath.Dir(files.Paths[0])
	details := types.ConfigDetails{WorkingDir: dir, Environment: types.Mapping{}}
	for _, path := range files.Paths {
		data, err := files.Read(path)
		if err != nil {
			return nil, nil, []podman.Problem{{Origin: podman.Origin{File: path}, Message: err.Error()}}
		}
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: path, Content: data})
		if problem := p.tree(path, data); problem != nil {
			return nil, nil, []podman.Problem{*problem}
		}
	}
	slices.Reverse(p.paths)
	variables := map[string]string{}
	if data, err := files.Read(filepath.Join(dir, ".env")); err == nil {
		for _, v := range command.EnvironmentFile(".env", data) {
			variables[v.Name] = strings.Trim(v.Value.Reveal(), `"'`)
		}
	}
	loaded, err := p.load(details, variables)
	if err != nil {
		return nil, p.paths, []podman.Problem{p.blame(err)}
	}
	var found []*podman.Container
	var problems []podman.Problem
	for _, name := range slices.Sorted(maps.Keys(loaded.Services)) {
		service := loaded.Services[name]
		c, err := p.container(loaded.Name, &service)
		if err != nil {
			problems = append(problems,
				podman.Problem{Origin: p.at(name), Message: fmt.Sprintf("service %s: %v", name, err)})
			continue
		}
		found = append(found, c)
	}
	slices.SortStableFunc(found,
		func(a, b *podman.Container) int { return a.Definition.Origin.Line - b.Definition.Origin.Line })
	return found, p.paths, problems
}

// tree keeps a file's tree.
func (p *project) tree(path string, data []byte) *podman.Problem {
	documents, err := yamlpath.Documents(data)
	if err != nil {
		problem := yamlpath.Problem(path, err)
		return &problem
	}
	p.paths = append(p.paths, path)
	if len(documents) > 0 {
		p.trees[path] = documents[0]
	}
	return nil
}

// local reads every other file through Files.Read, so that none is waited for and none is fetched from the network.
type local struct {
	project *project
	dir     string
}

// Accept is loader.ResourceLoader's.
func (l local) Accept(string) bool { return true }

// Load is loader.ResourceLoader's.
func (l local) Load(_ context.Context, path string) (string, error) {
	if strings.Contains(path, "://") || strings.HasPrefix(path, "git@") {
		return "", errors.New("podlint fetches nothing")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.dir, path)
	}
	data, err := l.project.files.Read(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if problem := l.project.tree(path, data); problem != nil {
		return "", errors.New(problem.Message)
	}
	return path, nil
}

// Dir is loader.ResourceLoader's.
func (l local) Dir(path string) string { return filepath.Dir(path) }

func (p *project) load(details types.ConfigDetails, variables map[string]string) (loaded *types.Project, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the compose library gives up: %v", r)
		}
	}()
	return loader.LoadWithContext(context.Background(), details, func(o *loader.Options) {
		o.SkipConsistencyCheck, o.SkipResolveEnvironment, o.SkipResolveLabels, o.SkipNormalization = true, true, true,
			true
		o.ResolvePaths = false
		o.Profiles = []string{"*"}
		o.ResourceLoaders = []loader.ResourceLoader{local{p, details.WorkingDir}}
		o.SetProjectName(strings.TrimLeft(loader.NormalizeProjectName(filepath.Base(absolute(details.WorkingDir))),
			"-_")+"x", false)
		o.Interpolate.LookupValue = func(name string) (string, bool) {
			if value, ok := variables[name]; ok {
				return value, true
			}
			return "${" + name + "}", true
		}
	})
}

func absolute(dir string) string {
	if a, err := filepath.Abs(dir); err == nil {
		return a
	}
	return dir
}

// blame returns an error of the library with the place of the service that it names.
func (p *project) blame(err error) podman.Problem {
	message := err.Error()
	origin := podman.Origin{File: p.files.Paths[0]}
	for _, word := range strings.FieldsFunc(message, func(r rune) bool { return strings.ContainsRune(" :'\"`", r) }) {
		path := []any{}
		for _, part := range strings.Split(word, ".") {
			path = append(path, part)
		}
		if at, ok := p.find(path...); ok && len(path) > 1 {
			origin = at
			break
		}
	}
	return podman.Problem{Origin: origin, Message: "this is no compose file that podlint can read: " + message}
}

// find returns where a value stands in the file that counts most.
func (p *project) find(path ...any) (podman.Origin, bool) {
	for _, file := range p.paths {
		if at, ok := yamlpath.At(file, p.trees[file], path...); ok {
			return at, true
		}
	}
	return podman.Origin{}, false
}

// at returns where a service's setting stands, in its own mapping or in that of one that it extends, or where it would
// have to.
func (p *project) at(service string, keys ...any) podman.Origin {
	name := service
	for range 20 {
		if at, ok := p.find(append([]any{"services", name}, keys...)...); ok {
			return at
		}
		base := ""
		for _, file := range p.paths {
			if node := yamlpath.Get(p.trees[file], "services", name, "extends"); node != nil {
				if node.Kind == yaml.ScalarNode {
					base = node.Value
				} else if inner := yamlpath.Get(node, "service"); inner != nil {
					base = inner.Value
				}
			}
		}
		if base == "" || base == name {
			break
		}
		name = base
	}
	if at, ok := p.find("services", service); ok {
		return at
	}
	return podman.Origin{File: p.files.Paths[0]}
}

// line is a command line under construction.
type line struct {
	project *project
	// name is the project's, service the service's.
	name, service string
	words         []command.Word
}

func (l *line) add(flag, value string, keys ...any) {
	at := l.project.at(l.service, keys...)
	l.words = append(l.words, command.Word{Text: flag, Origin: at})
	l.words = append(l.words, command.Word{Text: value, Unknown: strings.Contains(value, "${"), Origin: at})
}

func (l *line) flag(flag string, value bool, keys ...any) {
	l.words = append(l.words,
		command.Word{Text: fmt.Sprintf("%s=%t", flag, value), Origin: l.project.at(l.service, keys...)})
}

// container writes a service as podman-compose's container_to_args does.
func (p *project) container(projectName string, s *types.ServiceConfig) (*podman.Container, error) {
	place := p.at(s.Name)
	l := &line{project: p, name: strings.TrimSuffix(projectName, "x"), service: s.Name,
		words: []command.Word{{Text: "podman", Origin: place}, {Text: "run", Origin: place}}}
	name := s.ContainerName
	if name == "" {
		name = strings.TrimSuffix(projectName, "x") + "_" + s.Name + "_1"
	}
	l.add("--name", name, "container_name")
	for i, v := range s.CapAdd {
		l.add("--cap-add", v, "cap_add", i)
	}
	for i, v := range s.CapDrop {
		l.add("--cap-drop", v, "cap_drop", i)
	}
	for i, v := range s.SecurityOpt {
		l.add("--security-opt", v, "security_opt", i)
	}
	if _, ok := p.find("services", s.Name, "privileged"); ok || s.Privileged {
		l.flag("--privileged", s.Privileged, "privileged")
	}
	if _, ok := p.find("services", s.Name, "read_only"); ok || s.ReadOnly {
		l.flag("--read-only", s.ReadOnly, "read_only")
	}
	if s.User != "" {
		l.add("--user", s.User, "user")
	}
	if s.UserNSMode != "" {
		l.add("--userns", s.UserNSMode, "userns_mode")
	}
	for _, extension := range []string{"uidmaps", "gidmaps"} {
		values, _ := s.Extensions["x-podman."+extension].([]any)
		for i, v := range values {
			l.add("--"+strings.TrimSuffix(extension, "s"), fmt.Sprint(v), "x-podman."+extension, i)
		}
	}
	l.namespaces(s)
	l.limits(s)
	if s.Hostname != "" {
		l.add("--hostname", s.Hostname, "hostname")
	}
	for i, f := range s.EnvFiles {
		l.add("--env-file", f.Path, "env_file", i)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Environment)) {
		value := key
		if v := s.Environment[key]; v != nil {
			value += "=" + *v
		}
		l.add("--env", value, p.entry(s.Name, "environment", key)...)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		l.add("--label", key+"="+s.Labels[key], p.entry(s.Name, "labels", key)...)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Annotations)) {
		l.add("--annotation", key+"="+s.Annotations[key], p.entry(s.Name, "annotations", key)...)
	}
	for i, v := range s.Volumes {
		if v.Type != types.VolumeTypeBind && v.Type != types.VolumeTypeVolume {
			continue
		}
		source := v.Source
		if v.Type == types.VolumeTypeBind && !filepath.IsAbs(source) && !strings.ContainsAny(source, "$~") {
			source = filepath.Join(absolute(filepath.Dir(p.files.Paths[0])), source)
		}
		value := source + ":" + v.Target
		if source == "" {
			value = v.Target
		} else if options := volumeOptions(&v); len(options) > 0 {
			value += ":" + strings.Join(options, ",")
		}
		l.add("--volume", value, "volumes", i)
	}
	switch check := s.HealthCheck; {
	case check == nil:
	case check.Disable || len(check.Test) == 1 && check.Test[0] == "NONE":
		l.flag("--no-healthcheck", true, "healthcheck")
	case len(check.Test) > 1:
		l.add("--health-cmd", strings.Join(check.Test[1:], " "), "healthcheck", "test")
	}
	if len(s.Entrypoint) > 0 {
		l.add("--entrypoint", strings.Join(s.Entrypoint, " "), "entrypoint")
	}
	image := s.Image
	if image == "" {
		image = "localhost/" + strings.TrimSuffix(projectName, "x") + "_" + s.Name
	}
	l.words = append(l.words,
		command.Word{Text: image, Unknown: strings.Contains(image, "${"), Origin: p.at(s.Name, "image")})
	for i, word := range s.Command {
		l.words = append(l.words,
			command.Word{Text: word, Unknown: strings.Contains(word, "${"), Origin: p.word(s.Name, i)})
	}
	c, err := command.ParseWords(l.words)
	if err != nil {
		return nil, err
	}
	return c.Container(command.Context{
		Words: l.words, Host: p.host, Definition: podman.Definition{Syntax: podman.SyntaxCompose, Origin: place},
		EnvironmentFile: func(path string) ([]podman.Variable, error) {
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(p.files.Paths[0]), path)
			}
			data, err := p.files.Read(path)
			if err != nil {
				return nil, err
			}
			return command.EnvironmentFile(path, data), nil
		},
	}), nil
}

// entry returns the path of an entry that is written as a mapping's key or as NAME=VALUE in a list.
func (p *project) entry(service, key, name string) []any {
	for _, file := range p.paths {
		node := yamlpath.Get(p.trees[file], "services", service, key)
		if node == nil || node.Kind != yaml.SequenceNode {
			continue
		}
		for i, item := range node.Content {
			if found, _, _ := strings.Cut(item.Value, "="); found == name {
				return []any{key, i}
			}
		}
	}
	return []any{key, name}
}

// word returns where a word of a service's command stands.
func (p *project) word(service string, i int) podman.Origin {
	if at, ok := p.find("services", service, "command", i); ok {
		return at
	}
	return p.at(service, "command")
}
