// Package quadlet reads Quadlet units: .container, .pod, .kube, .volume, .network, .image and .build files.
//
// Podman's own generator (pkg/systemd/quadlet) makes the command line that systemd would run, package command reads it,
// and every word of it is traced back to the line that it comes from.
package quadlet

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/containers/podman/v5/pkg/systemd/parser"
	"github.com/containers/podman/v5/pkg/systemd/quadlet"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// Files is where units, their drop-ins and what they name are read from. Its functions may be called at the same time.
type Files struct {
	// Read returns a file's content.
	Read func(path string) ([]byte, error)
	// List returns the names in a directory, none where there is no such directory.
	List func(dir string) []string
	// Dirs returns the directories in which the drop-ins of a unit of dir may lie, dir itself first.
	Dirs func(dir string) []string
	// Find returns the path of another unit that a unit of dir names, and false where there is none.
	Find func(dir, name string) (string, bool)
}

// Reader reads units. It remembers what units say that others name.
type Reader struct {
	files Files

	mu         sync.Mutex
	referenced map[string]*referenced // by path
}

// NewReader returns a reader of units.
func NewReader(files Files) *Reader {
	return &Reader{files: files, referenced: map[string]*referenced{}}
}

// Unit is what a unit file makes.
type Unit struct {
	// Container is what a .container unit makes, and the infra container that a .pod unit makes; nil for others and for
	// one that Podman's generator refuses.
	Container *podman.Container
	// Resource is what others are made with: an image, a build, a volume, a network, an artifact; nil for others.
	Resource *podman.Container
	// Kube is what a .kube unit plays, nil for others.
	Kube *Kube
	// Words is the command line that the generator makes of the unit: its ExecStart, a pod's ExecStartPre.
	Words []string
	// Line is the same as the generated service has it, with its quotes.
	Line string
	// Files holds the paths that were read: the unit and its drop-ins.
	Files []string
	// Problems holds what is wrong with it.
	Problems []podman.Problem
}

// Kube is a .kube unit's YAML and what the unit adds to it.
type Kube struct {
	// Paths holds the YAML files.
	Paths []string
	// ConfigMaps holds the files of ConfigMap= and --configmap.
	ConfigMaps []string
	// UserNS is the value of UserNS= or of --userns in PodmanArgs=, and where it stands.
	UserNS podman.Setting[string]
	// Place is the unit's section.
	Place podman.Origin
}

// Extensions lists the file names' endings that Podman's generator takes for units.
func Extensions() []string {
	var all []string
	for ext := range quadlet.SupportedExtensions {
		all = append(all, ext)
	}
	slices.Sort(all)
	return all
}

// sections are the names of the sections that make a unit what it is.
var sections = map[string]string{
	".container": quadlet.ContainerGroup, ".pod": quadlet.PodGroup, ".kube": quadlet.KubeGroup,
	".volume":  quadlet.VolumeGroup,
	".network": quadlet.NetworkGroup, ".image": quadlet.ImageGroup, ".build": quadlet.BuildGroup,
	".artifact": quadlet.ArtifactGroup,
}

// Read reads a unit. The path tells its name, its kind and where its drop-ins lie.
func (r *Reader) Read(f podman.File, host *podman.Host) Unit {
	u, problems := r.load(f.Path, []byte(f.Text))
	result := Unit{Files: u.files, Problems: problems}
	if slices.ContainsFunc(problems, func(p podman.Problem) bool { return !p.Warning }) {
		return result
	}
	others, more := r.references(u, map[string]bool{f.Path: true}, host)
	result.Problems = append(result.Problems, more...)
	service, problems := convert(u, others.infos, host.Rootless.Value)
	result.Problems = append(result.Problems, problems...)
	switch filepath.Ext(u.name) {
	case ".container", ".pod", ".kube":
	default: // whether Podman takes it or not, its texts can be read
		result.Resource = u.resource(host)
	}
	if service == nil {
		return result
	}
	result.Words = commandLine(u, service)
	result.Line, _ = service.LookupLast(quadlet.ServiceGroup, commandKey(u))
	switch filepath.Ext(u.name) {
	case ".container", ".pod":
		c, problems := r.container(u, result.Words, others, host)
		result.Container = c
		result.Problems = append(result.Problems, problems...)
	case ".kube":
		result.Kube = kube(u, result.Words)
	}
	return result
}

// load reads a unit's lines and those of its drop-ins.
func (r *Reader) load(path string, data []byte) (*unit, []podman.Problem) {
	u := &unit{name: filepath.Base(path), path: path, sections: map[string]podman.Origin{}}
	problems := u.add(u.file(), data)
	for _, dropin := range r.DropIns(path) {
		content, err := r.files.Read(dropin)
		if err != nil {
			problems = append(problems,
				podman.Problem{Origin: podman.Origin{File: dropin}, Message: "reading the drop-in: " + err.Error()})
			continue
		}
		problems = append(problems, u.add(dropin, content)...)
	}
	return u, problems
}

// DropIns returns the paths of a unit's drop-ins in the order in which they count.
func (r *Reader) DropIns(path string) []string {
	// As cmd/quadlet's loadUnitDropins: for each name the first directory counts, and the names decide on the order.
	dropins := map[string]string{}
	probe := parser.NewUnitFile()
	probe.Filename = filepath.Base(path)
	for _, in := range probe.GetUnitDropinPaths() {
		for _, dir := range r.files.Dirs(filepath.Dir(fileOf(path))) {
			dir = filepath.Join(dir, in)
			for _, name := range r.files.List(dir) {
				if filepath.Ext(name) == ".conf" && dropins[name] == "" {
					dropins[name] = filepath.Join(dir, name)
				}
			}
		}
	}
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(dropins)) {
		paths = append(paths, dropins[name])
	}
	return paths
}

// referenced is what others need to know of a unit.
type referenced struct {
	info   quadlet.UnitInfo
	pod    *command.PodCommand
	volume command.Volume // what a volume stands for of the host's
	// invalid is set where the unit cannot be read.
	invalid bool
}

// references is what a unit needs to know of those that it names.
type references struct {
	infos   map[string]*quadlet.UnitInfo
	pods    map[string]*command.PodCommand // by the pods' names
	volumes map[string]command.Volume      // by their names
	absent  map[string]bool
}

// unitName finds the names of units in a value.
var unitName = regexp.MustCompile(`[^\s:,="']+\.(?:volume|network|image|build|pod|container|kube|artifact)\b`)

// references reads the units that a unit names. One that is not there is made up, and the unit is read as if it were.
func (r *Reader) references(u *unit, reading map[string]bool, host *podman.Host) (references, []podman.Problem) {
	o := references{infos: map[string]*quadlet.UnitInfo{}, pods: map[string]*command.PodCommand{},
		volumes: map[string]command.Volume{}, absent: map[string]bool{}}
	var problems []podman.Problem
	o.infos[u.name] = info(u)
	for i := range u.assignments {
		a := &u.assignments[i]
		if a.section == quadlet.ServiceGroup || a.section == quadlet.InstallGroup {
			continue
		}
		switch a.key {
		case quadlet.KeyEnvironment, quadlet.KeyExec, quadlet.KeyLabel, quadlet.KeyAnnotation:
			continue
		}
		for _, name := range unitName.FindAllString(a.value, -1) {
			if strings.Contains(name, "/") || o.infos[name] != nil {
				continue
			}
			if n, ok := r.find(u, name, reading, host); ok {
				o.add(name, n)
				continue
			}
			o.invent(name)
			if a.section != quadlet.UnitGroup || strings.HasPrefix(name, "systemd-") {
				problems = append(problems, podman.Problem{Origin: a.origin, Warning: true,
					Message: fmt.Sprintf("%s=%s: there is no such unit here", a.key, name),
					Hint:    "what it says is unknown; check it together with the unit"})
			}
		}
	}
	return o, problems
}

// add notes a unit that is named.
func (o *references) add(name string, n *referenced) {
	known := n.info
	known.ContainersToStart = nil
	o.infos[name] = &known
	if n.pod != nil {
		o.pods[n.info.ResourceName] = n.pod
	}
	if n.volume != (command.Volume{}) {
		o.volumes[n.info.ResourceName] = n.volume
	}
}

// invent makes up a unit that is named and not there.
func (o *references) invent(name string) {
	stub := parser.NewUnitFile()
	stub.Filename = name
	service, _ := quadlet.GetUnitServiceName(stub)
	made := &quadlet.UnitInfo{ServiceName: service,
		ResourceName: "systemd-" + strings.TrimSuffix(name, filepath.Ext(name))}
	if filepath.Ext(name) == ".image" || filepath.Ext(name) == ".build" {
		made.ResourceName = name
	}
	o.infos[name] = made
	o.absent[name] = true
}

// find reads a unit that another names, once.
func (r *Reader) find(from *unit, name string, reading map[string]bool, host *podman.Host) (*referenced, bool) {
	path, ok := r.files.Find(filepath.Dir(from.path), name)
	if !ok || reading[path] {
		return nil, false
	}
	r.mu.Lock()
	n := r.referenced[path]
	r.mu.Unlock()
	if n != nil {
		return n, !n.invalid
	}
	refuse := func() (*referenced, bool) { // remembered, so that units that name one another are each read once
		r.mu.Lock()
		defer r.mu.Unlock()
		r.referenced[path] = &referenced{invalid: true}
		return nil, false
	}
	data, err := r.files.Read(path)
	if err != nil {
		return refuse()
	}
	const deepest = 100 // units that name one another in a row
	u, problems := r.load(path, data)
	if len(problems) > 0 || len(reading) > deepest {
		return refuse()
	}
	reading[path] = true
	defer delete(reading, path)
	known, _ := r.references(u, reading, host)
	service, _ := convert(u, known.infos, host.Rootless.Value)
	if service == nil {
		return refuse()
	}
	n = &referenced{info: *known.infos[u.name]}
	switch filepath.Ext(name) {
	case ".pod":
		words := commandLine(u, service)
		if c, err := command.Parse(words); err == nil {
			n.pod = &command.PodCommand{Command: c, Definition: u.definition()}
			n.pod.Words = withOrigins(u, words, c, host)
			n.pod.Volume = func(name string) command.Volume { return known.volumes[name] }
		}
	case ".volume":
		options, _ := u.parsed().Lookup(quadlet.VolumeGroup, "Options")
		device, _ := u.parsed().Lookup(quadlet.VolumeGroup, "Device")
		kind, _ := u.parsed().Lookup(quadlet.VolumeGroup, "Type")
		if strings.HasPrefix(device, "/") {
			n.volume = command.VolumeOf(kind, options, device)
		}
	}
	r.mu.Lock()
	r.referenced[path] = n
	r.mu.Unlock()
	return n, true
}

// info returns what the generator knows of every unit before it converts any (cmd/quadlet, generateUnitsInfoMap).
func info(u *unit) *quadlet.UnitInfo {
	file := u.parsed()
	service, err := quadlet.GetUnitServiceName(file)
	if err != nil {
		service = strings.TrimSuffix(u.name, filepath.Ext(u.name))
	}
	i := &quadlet.UnitInfo{ServiceName: service}
	switch filepath.Ext(u.name) {
	case ".container":
		i.ResourceName = quadlet.GetContainerResourceName(file)
	case ".build":
		i.ResourceName = quadlet.GetBuiltImageName(file)
	case ".pod":
		i.ResourceName = quadlet.GetPodResourceName(file)
	}
	return i
}

var unsupported = regexp.MustCompile(`^unsupported key '(.*)' in group '([^']*)' in `)

// convert runs Podman's generator. A key that it does not know is left out and named: a newer Podman may know it.
func convert(u *unit, infos map[string]*quadlet.UnitInfo,
	rootless bool) (service *parser.UnitFile, problems []podman.Problem) {
	section := sections[filepath.Ext(u.name)]
	place, ok := u.sections[section]
	if !ok { // a volume, a network and a pod do without (tried on 5.4)
		place = podman.Origin{File: u.file(), Line: 1, Column: 1}
		u.sections[section] = place
	}
	const most = 20 // each costs another run of the generator
	for range most {
		service, warnings, err := generate(u, infos, rootless)
		if err == nil {
			if warnings != nil {
				problems = append(problems, podman.Problem{Origin: place, Message: warnings.Error(), Warning: true})
			}
			return service, problems
		}
		match := unsupported.FindStringSubmatch(err.Error())
		if match == nil && !ok {
			return nil, append(problems, podman.Problem{Origin: podman.Origin{File: u.file()},
				Message: fmt.Sprintf("there is no section [%s]", section),
				Hint:    fmt.Sprintf("a %s unit has one", filepath.Ext(u.name))})
		}
		if newer := u.dropNewer(section, err.Error()); len(newer) > 0 {
			problems = append(problems, newer...)
			continue
		}
		if match == nil {
			return nil, append(problems, podman.Problem{Origin: u.locate(section, err.Error()), Message: err.Error(),
				Hint: "Podman's generator makes no service of this unit"})
		}
		at := u.last(match[2], match[1])
		if at == nil {
			return nil, append(problems, podman.Problem{Origin: place, Message: err.Error()})
		}
		problem := podman.Problem{Origin: at.origin, Warning: true, Message: fmt.Sprintf("Podman %s knows no key %s "+
			"in [%s]", command.TableVersion, match[1], match[2]),
			Hint: "a generator that does not know a key drops the whole unit"}
		if near := nearKey(match[1]); near != "" {
			problem.Hint = fmt.Sprintf("did you mean %s? %s", near, problem.Hint)
		}
		problems = append(problems, problem)
		u.drop(match[2], match[1])
	}
	return nil, append(problems,
		podman.Problem{Origin: place, Message: fmt.Sprintf("more than %d keys that Podman does not know", most)})
}

// locate returns the line that an error of the generator is about: the last one whose key or value it names.
func (u *unit) locate(section, message string) podman.Origin {
	best, length := u.sections[section], 0
	for i := range u.assignments {
		a := &u.assignments[i]
		for _, text := range []string{a.key, a.value} {
			if len(text) > max(length, 2) && strings.Contains(message, text) {
				best, length = a.origin, len(text)
			}
		}
	}
	return best
}

// nearKey returns the key that a misspelt one may stand for.
func nearKey(key string) string {
	for _, made := range keysOf {
		for _, k := range made {
			if strings.EqualFold(k.key, key) {
				return k.key
			}
		}
	}
	return ""
}

// generate calls the generator for the unit's kind. Should it crash, that is the unit's failure and not podlint's.
func generate(u *unit, infos map[string]*quadlet.UnitInfo,
	rootless bool) (service *parser.UnitFile, warnings, err error) {
	defer func() {
		if p := recover(); p != nil {
			service, err = nil,
				fmt.Errorf("Podman's generator crashes on this unit: %v", p) //nolint:staticcheck // a name
		}
	}()
	file := u.parsed()
	switch filepath.Ext(u.name) {
	case ".container":
		return quadlet.ConvertContainer(file, infos, rootless)
	case ".pod":
		return quadlet.ConvertPod(file, infos, rootless)
	case ".volume":
		return quadlet.ConvertVolume(file, infos, rootless)
	case ".network":
		return quadlet.ConvertNetwork(file, infos, rootless)
	case ".build":
		return quadlet.ConvertBuild(file, infos, rootless)
	case ".kube":
		service, err = quadlet.ConvertKube(file, infos, rootless)
	case ".image":
		service, err = quadlet.ConvertImage(file, infos, rootless)
	case ".artifact":
		service, err = quadlet.ConvertArtifact(file, infos, rootless)
	default:
		err = errors.New("no kind of unit that Podman knows")
	}
	return service, nil, err
}

// commandLine returns the words of the generated service's command.
func commandLine(u *unit, service *parser.UnitFile) []string {
	words, _, _ := service.LookupLastArgs(quadlet.ServiceGroup, commandKey(u))
	return words
}

func commandKey(u *unit) string {
	if filepath.Ext(u.name) == ".pod" {
		return "ExecStartPre"
	}
	return "ExecStart"
}

func (u *unit) definition() podman.Definition {
	return podman.Definition{Syntax: podman.SyntaxQuadlet, Origin: u.sections[sections[filepath.Ext(u.name)]]}
}

// withOrigins puts the words of a command line where they were written, with the specifiers read that a file tells.
func withOrigins(u *unit, words []string, c *command.Command, host *podman.Host) []command.Word {
	at := u.origins(sections[filepath.Ext(u.name)], words, c)
	s := specifiersOf(u, host)
	list := make([]command.Word, len(words))
	for i, w := range words {
		text, unknown := s.expand(w)
		list[i] = command.Word{Text: text, Unknown: unknown, Origin: at[i]}
	}
	return list
}

func (r *Reader) container(u *unit, words []string, o references,
	host *podman.Host) (*podman.Container, []podman.Problem) {
	plain, err := command.Parse(words)
	definition := u.definition()
	if err != nil {
		return nil, []podman.Problem{{Origin: u.locatePodmanArgs(definition.Origin), Message: "the command line that " +
			"it makes: " + err.Error()}}
	}
	if at, taken := u.takesImage(words, plain); taken {
		return nil, []podman.Problem{{Origin: at, Message: "a word of PodmanArgs= takes the place of the image, and the " +
			"image of the unit becomes an argument", Hint: "PodmanArgs= is split at blanks: put a flag whose value has " +
			`some into quotes, PodmanArgs="--flag=a b"`}}
	}
	list := withOrigins(u, words, plain, host)
	c, err := command.ParseWords(list)
	if err != nil {
		return nil, []podman.Problem{{Origin: definition.Origin, Message: "the command line that it makes: " +
			err.Error()}}
	}
	var problems []podman.Problem
	ctx := command.Context{Words: list, Definition: definition, Host: host,
		Volume: func(name string) command.Volume { return o.volumes[name] },
		EnvironmentFile: func(path string) ([]podman.Variable, error) {
			data, err := r.files.Read(path)
			if err != nil {
				at := definition.Origin
				if a := u.last(quadlet.ContainerGroup, quadlet.KeyEnvironmentFile); a != nil {
					at = a.origin
				}
				problems = append(problems, podman.Problem{Origin: at, Message: fmt.Sprintf("the environment file is "+
					"not read, its variables are unknown: %v", err), Warning: true})
				return nil, err
			}
			return command.EnvironmentFile(path, data), nil
		},
	}
	if pod, ok := c.Last("pod"); ok {
		ctx.Pod = o.pods[pod.Value]
	}
	made := c.Container(ctx)
	// Of NoNewPrivileges=no the generator makes nothing, and still it is where the setting stands.
	if a := u.last(quadlet.ContainerGroup, quadlet.KeyNoNewPrivileges); a != nil &&
		made.Confinement.NoNewPrivileges.State == podman.StateDefault {
		made.Confinement.NoNewPrivileges.State, made.Confinement.NoNewPrivileges.Origin = podman.StateSet, a.origin
	}
	if service := o.infos[u.name].ServiceFileName(); service != "" {
		made.Unit = service
	}
	u.systemdLimits(&made.Limits)
	made.Lifecycle.RunsOnce = made.Lifecycle.RunsOnce || u.isOneshot() && made.Lifecycle.Foreground
	made.Ignored = u.ignored()
	return made, problems
}

// systemdLimits reads the limits that systemd sets for the whole service, and so for the container in it: Quadlet makes
// it with --cgroups=split (systemd.resource-control(5)).
func (u *unit) systemdLimits(l *podman.Limits) {
	given := func(key string) (podman.Origin, bool) {
		a := u.last(quadlet.ServiceGroup, key)
		if a == nil || a.value == "" || a.value == "infinity" {
			return podman.Origin{}, false
		}
		return a.origin, true
	}
	if at, ok := given("MemoryMax"); ok && l.Memory.Value == 0 {
		l.Memory = podman.Set[int64](1, at)
	}
	if at, ok := given("TasksMax"); ok && l.PIDs.Value <= 0 {
		l.PIDs = podman.Set[int64](1, at)
	}
	if at, ok := given("CPUQuota"); ok && !l.CPU.Value {
		l.CPU = podman.Set(true, at)
	}
}

// locatePodmanArgs returns where PodmanArgs stands: only what is written there can be a flag that Podman does not have.
func (u *unit) locatePodmanArgs(place podman.Origin) podman.Origin {
	for _, key := range []string{quadlet.KeyPodmanArgs, quadlet.KeyGlobalArgs} {
		if a := u.last(quadlet.ContainerGroup, key); a != nil {
			return a.origin
		}
	}
	return place
}

// takesImage reports whether a word of PodmanArgs stands where Podman looks for the image, or takes the image for its
// value, and where it is.
func (u *unit) takesImage(words []string, c *command.Command) (podman.Origin, bool) {
	extra := u.words(quadlet.ContainerGroup, quadlet.KeyPodmanArgs, eachArg)
	image := len(words) - len(u.words(quadlet.ContainerGroup, quadlet.KeyExec, anyLast)) - 1
	first := image - len(extra)
	if a := u.last(quadlet.ContainerGroup, quadlet.KeyRootfs); a != nil && a.value != "" {
		first-- // --rootfs
	}
	switch {
	case c.Pod || len(extra) == 0 || first < 0 || c.ImageIndex == image || c.ImageIndex < first:
		return podman.Origin{}, false
	case c.ImageIndex-first < len(extra):
		return extra[c.ImageIndex-first], true
	}
	return extra[len(extra)-1], true
}

func kube(u *unit, words []string) *Kube {
	k := &Kube{Place: u.sections[quadlet.KubeGroup]}
	paths := len(u.words(quadlet.KubeGroup, quadlet.KeyYaml, eachWord))
	k.Paths = words[max(len(words)-paths, 0):]
	for i, word := range words {
		value, ok := strings.CutPrefix(word, "--configmap=")
		if word == "--configmap" && i+1 < len(words) {
			value, ok = words[i+1], true
		}
		if ok {
			k.ConfigMaps = append(k.ConfigMaps, strings.Split(value, ",")...)
		}
	}
	k.UserNS = podman.DefaultTo("", k.Place.At("UserNS"))
	if a := u.last(quadlet.KubeGroup, quadlet.KeyUserNS); a != nil && a.value != "" {
		k.UserNS = podman.Set(a.value, a.origin)
	}
	for _, a := range u.effective(quadlet.KubeGroup, quadlet.KeyPodmanArgs) {
		origins, list := a.words(eachArg), splitAs(a.value, eachArg)
		for i, word := range list {
			value, ok := strings.CutPrefix(word, "--userns=")
			if word == "--userns" && i+1 < len(list) {
				value, ok = list[i+1], true
			}
			if ok {
				k.UserNS = podman.Set(value, origins[i])
			}
		}
	}
	return k
}

// ServiceName returns the name of the service that a unit becomes, with its ".service".
func (r *Reader) ServiceName(path string, data []byte) string {
	u, _ := r.load(path, data)
	return info(u).ServiceFileName()
}
