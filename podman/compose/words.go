package compose

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	units "github.com/docker/go-units"
	"github.com/mattn/go-shellwords"
	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// line is a command line under construction.
type line struct {
	*service
	words []command.Word
}

func (l *line) add(flag string, v value) {
	l.words = append(l.words, command.Word{Text: flag, Origin: v.origin}, v.word())
}

// all gives a flag for each item of a list.
func (l *line) all(flag string, keys ...string) {
	for _, v := range l.texts(keys...) {
		l.add(flag, v)
	}
}

// one gives a flag for a single value; one that is valid, where it is known.
func (l *line) one(flag string, valid func(text string) bool, keys ...string) bool {
	v, ok := l.scalar(keys...)
	if !ok || v.text == "" {
		return false
	}
	if valid != nil && !v.unknown && !valid(v.text) {
		l.fail(l.last(keys...), "%s cannot be %q", strings.Join(keys, "."), v.text)
		return false
	}
	l.add(flag, v)
	return true
}

func (l *line) last(keys ...string) placed {
	list := l.find(keys...)
	return list[len(list)-1]
}

// on gives a flag that is on or off.
func (l *line) on(flag string, keys ...string) {
	v, ok := l.scalar(keys...)
	if !ok {
		return
	}
	w := v.word()
	switch on, ok := truth(v.text); {
	case v.unknown:
		w.Text = flag + "=" + v.text
	case !ok:
		l.fail(l.last(keys...), "%s is true or false", strings.Join(keys, "."))
		return
	default:
		w.Text = flag + "=" + strconv.FormatBool(on)
	}
	l.words = append(l.words, w)
}

// truth reads a truth value of YAML.
func truth(text string) (on, ok bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y", "1":
		return true, true
	case "false", "no", "off", "n", "0":
		return false, true
	}
	return false, false
}

func isMemory(text string) bool {
	n, err := units.RAMInBytes(text)
	return err == nil && n >= 0
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// container writes a service as podman-compose's container_to_args does, and reads that.
func (s *service) container() *podman.Container {
	place := s.place()
	l := &line{service: s, words: []command.Word{{Text: "podman", Origin: place}, {Text: "run", Origin: place}}}
	name := value{text: s.containerName(), origin: place}
	if v, ok := s.scalar("container_name"); ok {
		name = v
	}
	l.add("--name", name)
	l.confinement()
	l.namespaces()
	l.limits()
	l.one("--hostname", nil, "hostname")
	l.environment()
	l.storage()
	l.health()
	l.entrypoint()
	l.image()
	l.command()
	if s.wrong != nil {
		return nil
	}
	made, err := command.ParseWords(l.words)
	if err != nil {
		s.fail(placed{s.layers[len(s.layers)-1], nil, s.layers[len(s.layers)-1].node}, "%v", err)
		return nil
	}
	c := made.Container(command.Context{
		Words: l.words, Host: s.project.host,
		Definition:      podman.Definition{Syntax: podman.SyntaxCompose, Origin: place},
		EnvironmentFile: s.environmentFile,
		Volume:          func(name string) command.Volume { return s.project.volumes[name] },
	})
	c.ConfigStrings.Value = append(c.ConfigStrings.Value, s.otherTexts()...)
	return c
}

func (s *service) containerName() string { return s.project.name + "_" + s.name + "_1" }

// confinement writes what a service may do, and as whom.
func (l *line) confinement() {
	l.all("--cap-add", "cap_add")
	l.all("--cap-drop", "cap_drop")
	l.all("--security-opt", "security_opt")
	l.on("--privileged", "privileged")
	l.on("--read-only", "read_only")
	l.one("--user", nil, "user")
	l.one("--userns", nil, "userns_mode")
	for _, key := range []string{"uidmaps", "gidmaps"} {
		l.all("--"+strings.TrimSuffix(key, "s"), "x-podman."+key)
	}
	l.all("--group-add", "group_add")
	l.all("--device-cgroup-rule", "device_cgroup_rules")
	for _, d := range l.items("devices") {
		l.device(d)
	}
	for _, p := range l.pairs("sysctls") {
		p.value.text = p.name + "=" + p.value.text
		l.add("--sysctl", p.value)
	}
}

func (l *line) device(d placed) {
	if d.node.Kind == yaml.ScalarNode {
		l.add("--device", d.value(d.node, d.at))
		return
	}
	parts := l.texted(d, "source", "target", "permissions")
	v := value{text: parts[0].text, unknown: parts[0].unknown, origin: d.origin(d.at)}
	for _, part := range parts[1:] {
		if part.text != "" {
			v.text += ":" + part.text
			v.unknown = v.unknown || part.unknown
		}
	}
	if v.text != "" {
		l.add("--device", v)
	}
}

// texted returns scalars of a mapping, empty where there is none.
func (s *service) texted(m placed, keys ...string) []value {
	list := make([]value, len(keys))
	for i, key := range keys {
		f, ok := below(m.node, key)
		switch {
		case !ok || isNull(f.value):
		case f.value.Kind != yaml.ScalarNode:
			s.fail(placed{m.layer, f.value, f.key}, "%s is a single value", key)
		default:
			list[i] = m.value(f.value, f.key)
		}
	}
	return list
}

// namespaces writes what a service shares with the host and with others, as podman-compose does: a service that names
// no network joins the project's own.
func (l *line) namespaces() {
	for _, n := range []struct{ flag, key string }{
		{"--ipc", "ipc"}, {"--pid", "pid"}, {"--uts", "uts"}, {"--cgroupns", "cgroup"},
	} {
		if v, ok := l.scalar(n.key); ok && v.text != "" {
			l.add(n.flag, l.joined(v))
		}
	}
	l.network()
	for _, p := range l.items("ports") {
		l.publish(p)
	}
	l.all("--tmpfs", "tmpfs")
}

// joined names the container of a service whose namespace is joined.
func (l *line) joined(v value) value {
	name, ok := strings.CutPrefix(v.text, "service:")
	if !ok {
		return v
	}
	v.text = "container:" + l.project.name + "_" + name + "_1"
	if other := l.project.services[name]; other != nil {
		if own, ok := other.scalar("container_name"); ok {
			v.text, v.unknown = "container:"+own.text, own.unknown
		}
	}
	return v
}

func (l *line) network() {
	if v, ok := l.scalar("network_mode"); ok && v.text != "" {
		l.add("--network", l.joined(v))
		return
	}
	names := map[string]value{}
	for _, at := range l.find("networks") {
		if at.node.Kind == yaml.MappingNode {
			for _, f := range fields(at.node) {
				names[f.key.Value] = value{text: f.key.Value, origin: at.origin(at.at)}
			}
			continue
		}
		for _, item := range l.itemsOf(at, "networks") {
			v := item.value(item.node, at.at)
			names[v.text] = v
		}
	}
	if len(names) == 0 {
		l.add("--network", value{text: l.project.name + "_default", origin: l.place()})
	}
	for _, name := range sorted(names) {
		l.add("--network", names[name])
	}
}

// publish writes a port, which is written as podman writes it or with a key for each part.
func (l *line) publish(p placed) {
	if p.node.Kind == yaml.ScalarNode {
		v := p.value(p.node, p.at)
		if !v.unknown && !isPort(v.text) {
			l.fail(p, "ports: %q is no port", v.text)
			return
		}
		l.add("--publish", v)
		return
	}
	parts := l.texted(p, "target", "published", "host_ip", "protocol")
	target, published, address, protocol := parts[0], parts[1], parts[2], parts[3]
	v := value{text: target.text, origin: p.origin(p.at),
		unknown: target.unknown || published.unknown || address.unknown || protocol.unknown}
	if published.text != "" || address.text != "" {
		v.text = published.text + ":" + v.text
	}
	switch {
	case strings.Contains(address.text, ":"):
		v.text = "[" + address.text + "]:" + v.text
	case address.text != "":
		v.text = address.text + ":" + v.text
	}
	if protocol.text != "" {
		v.text += "/" + protocol.text
	}
	v.origin.Unless = published.origin.Unless
	if !v.unknown && !isPort(v.text) {
		l.fail(p, "ports: %q is no port", v.text)
		return
	}
	l.add("--publish", v)
}

// portLike matches what `podman run --publish` takes.
var portLike = regexp.MustCompile(
	`^(\[[0-9A-Fa-f:.%a-z]+\]:|[0-9.]+:|:)?([0-9]+(-[0-9]+)?)?:?[0-9]+(-[0-9]+)?(/[a-z]+)?$`)

func isPort(text string) bool { return portLike.MatchString(text) }

// limits writes how much of the machine a service may use, and how it is kept running.
func (l *line) limits() {
	for _, limit := range []struct {
		flag, key, inDeploy string
		valid               func(string) bool
	}{{"--memory", "mem_limit", "memory", isMemory}, {"--cpus", "cpus", "cpus", isNumber},
		{"--pids-limit", "pids_limit", "pids", isNumber}} {
		if !l.one(limit.flag, limit.valid, limit.key) {
			l.one(limit.flag, limit.valid, "deploy", "resources", "limits", limit.inDeploy)
		}
	}
	l.one("--cpuset-cpus", nil, "cpuset")
	if v, ok := l.scalar("oom_kill_disable"); ok && v.text != "false" {
		l.on("--oom-kill-disable", "oom_kill_disable")
	}
	if v, ok := l.scalar("oom_score_adj"); ok && v.text != "0" {
		l.one("--oom-score-adj", isNumber, "oom_score_adj")
	}
	if !l.one("--log-driver", nil, "logging", "driver") {
		l.one("--log-driver", nil, "log_driver")
	}
	l.one("--restart", nil, "restart")
}

// environment writes variables, labels, annotations and secrets.
func (l *line) environment() {
	for _, f := range l.items("env_file") {
		v := f.value(f.node, f.at)
		if f.node.Kind == yaml.MappingNode {
			v = l.texted(f, "path")[0]
		}
		if v.text != "" {
			if !filepath.IsAbs(v.text) && !v.unknown {
				v.text = filepath.Join(f.dir, v.text)
			}
			l.add("--env-file", v)
		}
	}
	for _, p := range l.pairs("environment") {
		if p.given {
			p.value.text = p.name + "=" + p.value.text
		} else if text, ok := l.layers[len(l.layers)-1].environment[p.name]; ok {
			p.value.text = p.name + "=" + text
		} else {
			p.value.text = p.name
		}
		l.add("--env", p.value)
	}
	for _, key := range []string{"labels", "annotations"} {
		for _, p := range l.pairs(key) {
			p.value.text = p.name + "=" + p.value.text
			l.add("--"+strings.TrimSuffix(key, "s"), p.value)
		}
	}
	for _, item := range l.items("secrets") {
		l.secret(item)
	}
}

// secret writes a secret of Podman's; one that is a file is mounted, and none.
func (l *line) secret(item placed) {
	v := item.value(item.node, item.at)
	var target, kind value
	if item.node.Kind == yaml.MappingNode {
		parts := l.texted(item, "source", "target", "type")
		v, target, kind = parts[0], parts[1], parts[2]
		v.origin = item.origin(item.at)
	}
	name, external := l.project.secrets[v.text]
	if !external && kind.text != "env" || v.text == "" {
		return
	}
	if external {
		v.text = name
	}
	if kind.text != "" {
		v.text += ",type=" + kind.text
	}
	if target.text != "" {
		v.text += ",target=" + target.text
	}
	l.add("--secret", v)
}

// storage writes volumes. Of those with one target the last layer's counts.
func (l *line) storage() {
	var order []string
	byTarget := map[string]value{}
	for _, item := range l.items("volumes") {
		v, target, ok := l.volume(item)
		if !ok {
			continue
		}
		if _, there := byTarget[target]; !there {
			order = append(order, target)
		}
		byTarget[target] = v
	}
	for _, target := range order {
		l.add("--volume", byTarget[target])
	}
}

// volume reads a volume, which is written as SOURCE:TARGET:OPTIONS or with a key for each part; false for one that is
// neither of the host's nor Podman's.
func (l *line) volume(item placed) (v value, target string, ok bool) {
	if item.node.Kind == yaml.ScalarNode {
		v = item.value(item.node, item.at)
		source, rest, hasTarget := cutSource(v.text)
		if !hasTarget {
			return v, source, source != ""
		}
		target, _, _ = strings.Cut(rest, ":")
		v.text = hostPath(source, item.dir) + ":" + rest
		return v, target, true
	}
	parts := l.texted(item, "type", "source", "target", "read_only")
	kind, source := parts[0].text, parts[1]
	target = parts[2].text
	if kind != "bind" && kind != "volume" && kind != "" || target == "" {
		return v, "", false
	}
	v = value{text: target, unknown: source.unknown || parts[2].unknown, origin: item.origin(item.at)}
	v.origin.Unless = source.origin.Unless
	if source.text == "" {
		return v, target, true
	}
	path := source.text
	if kind == "bind" && !filepath.IsAbs(path) && !strings.ContainsAny(path, "$~") {
		path = filepath.Join(absolute(item.dir), path)
	}
	v.text = path + ":" + target
	var options []string
	if readOnly, _ := truth(parts[3].text); readOnly {
		options = append(options, "ro")
	}
	if bind, ok := below(item.node, "bind"); ok {
		for _, o := range l.texted(placed{item.layer, bind.value, bind.key}, "selinux", "propagation") {
			if o.text != "" {
				options = append(options, o.text)
			}
		}
	}
	if len(options) > 0 {
		v.text += ":" + strings.Join(options, ",")
	}
	return v, target, true
}

// cutSource cuts SOURCE:TARGET, whose source may be what a variable stands for: ${DATA:-/srv}.
func cutSource(text string) (source, rest string, ok bool) {
	depth := 0
	for i, r := range text {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		case ':':
			if depth <= 0 {
				return text[:i], text[i+1:], true
			}
		}
	}
	return text, "", false
}

// hostPath makes a relative path of the host absolute; a volume's name stays as it is.
func hostPath(source, dir string) string {
	if source == "." || source == ".." || strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") {
		return filepath.Join(absolute(dir), source)
	}
	return source
}

func absolute(dir string) string {
	if a, err := filepath.Abs(dir); err == nil {
		return a
	}
	return dir
}

func (l *line) health() {
	if v, ok := l.scalar("healthcheck", "disable"); ok && v.text == "true" {
		l.words = append(l.words, command.Word{Text: "--no-healthcheck=true", Origin: v.origin})
		return
	}
	list := l.find("healthcheck", "test")
	if len(list) == 0 {
		return
	}
	at := list[len(list)-1]
	if at.node.Kind == yaml.ScalarNode {
		l.add("--health-cmd", at.value(at.node, at.at))
		return
	}
	var words []string
	whole := value{origin: at.origin(at.at)}
	for _, item := range l.itemsOf(at, "healthcheck.test") {
		v := item.value(item.node, item.at)
		words = append(words, v.text)
		whole.unknown = whole.unknown || v.unknown
	}
	switch {
	case len(words) > 0 && words[0] == "NONE":
		l.words = append(l.words, command.Word{Text: "--no-healthcheck=true", Origin: whole.origin})
	case len(words) > 1:
		whole.text = strings.Join(words[1:], " ")
		l.add("--health-cmd", whole)
	}
}

// wordsOf returns the words of a command: of a list its items, of a text what a shell makes of it.
func (l *line) wordsOf(keys ...string) []value {
	list := l.find(keys...)
	if len(list) == 0 {
		return nil
	}
	at := list[len(list)-1]
	if at.node.Kind != yaml.ScalarNode {
		var words []value
		for _, item := range l.itemsOf(at, strings.Join(keys, ".")) {
			words = append(words, item.value(item.node, item.at))
		}
		return words
	}
	whole := at.value(at.node, at.at)
	split, err := shellwords.Parse(whole.text)
	if err != nil {
		split = strings.Fields(whole.text)
	}
	words := make([]value, len(split))
	for i, text := range split {
		words[i] = value{text, whole.unknown, whole.origin}
	}
	return words
}

func (l *line) entrypoint() {
	words := l.wordsOf("entrypoint")
	if len(words) == 0 {
		return
	}
	whole := value{origin: l.last("entrypoint").origin(l.last("entrypoint").at)}
	var texts []string
	for _, w := range words {
		texts = append(texts, w.text)
		whole.unknown = whole.unknown || w.unknown
	}
	whole.text = strings.Join(texts, " ")
	l.add("--entrypoint", whole)
}

func (l *line) image() {
	v, ok := l.scalar("image")
	if !ok || v.text == "" {
		v = value{text: "localhost/" + l.project.name + "_" + l.name, origin: l.place()}
	}
	l.words = append(l.words, v.word())
}

func (l *line) command() {
	for _, w := range l.wordsOf("command") {
		l.words = append(l.words, w.word())
	}
}

// environmentFile reads a file of variables as compose does.
func (s *service) environmentFile(path string) ([]podman.Variable, error) {
	if strings.Contains(path, "${") {
		return nil, errNotGiven
	}
	data, err := s.project.readFile(path)
	if err != nil {
		for _, f := range s.items("env_file") { // one that need not be there
			if f.node.Kind == yaml.MappingNode && s.texted(f, "required")[0].text == "false" &&
				filepath.Join(f.dir, s.texted(f, "path")[0].text) == path {
				return nil, nil
			}
		}
		return nil, err
	}
	environment := s.layers[len(s.layers)-1].environment
	values, err := dotenv.UnmarshalBytesWithLookup(data, func(name string) (string, bool) {
		text, ok := environment[name]
		return text, ok
	})
	lines := command.EnvironmentFile(path, data)
	if values == nil || err != nil { // the library's error quotes the line, which may hold a secret
		return lines, nil //nolint:nilerr // it is read as podman would read it
	}
	var found []podman.Variable
	for _, v := range lines {
		name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(v.Name), "export "))
		text, ok := values[name]
		if !ok {
			continue
		}
		found = slices.DeleteFunc(found, func(w podman.Variable) bool { return w.Name == name }) // the last one counts
		if strings.HasPrefix(strings.TrimSpace(v.Value.Reveal()), "#") {                         // nothing, and a comment
			text = ""
		}
		v.Name, v.Value = name, podman.Sensitive(text)
		found = append(found, v)
	}
	return found, nil
}

// otherTexts returns what else holds secrets: arguments of a build, the contents of configs, options of volumes.
func (s *service) otherTexts() []podman.ConfigString {
	var found []podman.ConfigString
	add := func(place, name string, v value) {
		found = append(found, podman.ConfigString{Place: place, Name: name,
			Words: []podman.Sensitive{podman.Sensitive(v.text)}, Origin: v.origin})
	}
	if at := s.find("build"); len(at) > 0 && at[len(at)-1].node.Kind == yaml.MappingNode {
		for _, p := range s.pairs("build", "args") {
			add("build argument", p.name, p.value)
		}
	}
	for _, item := range s.items("configs") {
		name := item.value(item.node, item.at).text
		if item.node.Kind == yaml.MappingNode {
			name = s.texted(item, "source")[0].text
		}
		if content, ok := s.project.contents[name]; ok {
			for text := range strings.Lines(content.text) {
				add("config", name, value{text: text, origin: content.origin})
			}
		}
	}
	for _, item := range s.items("volumes") {
		name, _, _ := cutSource(item.value(item.node, item.at).text)
		if item.node.Kind == yaml.MappingNode {
			name = s.texted(item, "source")[0].text
		}
		if options, ok := s.project.options[name]; ok {
			for option := range strings.SplitSeq(options.text, ",") {
				key, text, _ := strings.Cut(option, "=")
				add("volume option", key, value{text: text, origin: options.origin})
			}
		}
	}
	return found
}
