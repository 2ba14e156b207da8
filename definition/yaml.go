package definition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/ansible"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/compose"
	"github.com/podlint/podlint/podman/kube"
	"github.com/podlint/podlint/podman/yamlpath"
)

// fromUTF16 returns YAML in UTF-8. The YAML that Podman reads may be in UTF-16 with a byte order mark (YAML 1.2, 5.2).
func fromUTF16(path string, data []byte) []byte {
	ext := extension(path)
	if ext != ".yaml" && ext != ".yml" || len(data) < 2 || len(data)%2 != 0 {
		return data
	}
	var order binary.ByteOrder
	switch {
	case data[0] == 0xff && data[1] == 0xfe:
		order = binary.LittleEndian
	case data[0] == 0xfe && data[1] == 0xff:
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// mayDefine reports whether YAML is worth parsing. A key of a definition is in the text as it is, unless something in
// the text is escaped, tagged (base64), or written in another encoding.
func mayDefine(path string, data []byte) bool {
	has := func(s string) bool { return bytes.Contains(data, []byte(s)) }
	lower := bytes.ToLower(data)
	return isComposeName(path) || bytes.ContainsAny(data, "\\!\x00") || bytes.HasPrefix(data, []byte{0xff}) ||
		bytes.HasPrefix(data, []byte{0xfe}) || has("services") || bytes.Contains(lower, []byte("podman")) ||
		bytes.Contains(lower, []byte("docker")) || has("jobs") && has("container") ||
		has("containers/systemd") ||
		bytes.Contains(lower, []byte("apiversion")) && bytes.Contains(lower, []byte("kind"))
}

// composeName is how a compose file is called for docker compose and podman-compose to find it.
var composeName = regexp.MustCompile(`^(?:(?:docker|podman|container)-)?compose(?:\.[\w.-]+)?\.ya?ml$`)

func isComposeName(path string) bool { return composeName.MatchString(filepath.Base(path)) }

const otherYAML = "YAML that defines no container"

// isOtherYAML says so of YAML that is not worth parsing.
func (s *Set) isOtherYAML(f podman.File) string {
	if !mayDefine(f.Path, []byte(f.Text)) {
		return otherYAML
	}
	return ""
}

// readYAML reads Kubernetes YAML, a compose file, a playbook, or the scripts in a CI system's YAML. What is none of
// them is passed over.
func (s *Set) readYAML(f podman.File, host *podman.Host) podman.Found {
	documents, err := yamlpath.Documents([]byte(f.Text))
	if err != nil {
		problem := yamlpath.Problem(f.Path, err)
		// What a template makes may be anything; that it is nested too deep, podlint alone says.
		if isTemplate([]byte(f.Text)) && !errors.Is(err, yamlpath.ErrTooDeep) {
			problem.Warning, problem.Hint = true, "it looks like a template; check what is made of it"
		}
		return podman.Found{Problems: []podman.Problem{problem}}
	}
	if command.IsTaskfile(filepath.Base(f.Path)) {
		var scripts []command.Script
		for _, document := range documents {
			scripts = append(scripts, command.InTaskfile(f.Path, f.Text, document)...)
		}
		return readEmbedded(f, scripts, host)
	}
	documents = kube.Items(documents)
	switch {
	case slices.ContainsFunc(documents, kube.MayBeKube):
		if how, ok := s.kubes[absolutePath(f.Path)]; ok {
			return how.reader(f, how.host)
		}
		return s.kubeReader(podman.Setting[string]{})(f, host)
	case len(documents) > 0 && isCompose(f.Path, documents[0]):
		return s.readCompose(f, host)
	case slices.ContainsFunc(documents, ansible.IsTasks):
		return s.readTasks(f, host)
	}
	var scripts []command.Script
	for _, document := range documents {
		scripts = append(scripts, command.InYAML(f.Path, f.Text, document)...)
		scripts = append(scripts, command.InWorkflow(f.Path, f.Text, document)...)
	}
	if len(scripts) == 0 {
		return podman.Found{Nothing: otherYAML}
	}
	return readEmbedded(f, scripts, host)
}

// isTemplate reports whether YAML is made by a template: it has the sign of one, other than in a comment, and is text.
func isTemplate(data []byte) bool {
	if bytes.IndexByte(data, 0) >= 0 {
		return false
	}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if !bytes.HasPrefix(line, []byte("#")) && (bytes.Contains(line, []byte("{{")) || bytes.Contains(line, []byte("{%"))) {
			return true
		}
	}
	return false
}

// isCompose reports whether a document is a compose file: by what it says, and where merges (<<) hide that, by what it
// says with them. One that only includes others is known by its name.
func isCompose(path string, document *yaml.Node) bool {
	if compose.IsCompose(document) {
		return true
	}
	if yamlpath.Get(document, "apiVersion") != nil {
		return false
	}
	if yamlpath.Get(document, "include") != nil && isComposeName(path) {
		return true
	}
	if yamlpath.Get(document, "services") == nil {
		return false
	}
	if isComposeName(path) {
		return true
	}
	var plain struct {
		Services map[string]map[string]any `yaml:"services"`
	}
	if document.Decode(&plain) != nil { // of another shape
		return false
	}
	for _, service := range plain.Services {
		for _, key := range []string{"image", "build", "extends"} {
			if service[key] != nil {
				return true
			}
		}
	}
	return false
}

// kubeReader returns a reader of Kubernetes YAML that is played in a user namespace, together with files of ConfigMaps.
func (s *Set) kubeReader(userNS podman.Setting[string], configMaps ...string) Reader {
	return kube.Reader{UserNS: userNS, ConfigMaps: configMaps, ReadFile: s.Text, List: s.tree.list}.Read
}

// readCompose reads a compose file with the one that overrides it, which has no turn of its own.
func (s *Set) readCompose(f podman.File, host *podman.Host) podman.Found {
	path := f.Path
	ext := filepath.Ext(path)
	base := strings.TrimSuffix(path, ext)
	beside := func(name string) (string, bool) {
		return name, name != path && slices.Contains(s.tree.list(filepath.Dir(path)), filepath.Base(name))
	}
	if main, ok := strings.CutSuffix(base, ".override"); ok {
		for _, e := range []string{".yaml", ".yml"} {
			if _, ok := beside(main + e); ok && !s.tree.named[path] {
				return podman.Found{Nothing: "read together with " + filepath.Base(main+e)}
			}
		}
	}
	if problems := s.tooManyPorts(path); len(problems) > 0 {
		return podman.Found{Problems: problems}
	}
	refused := map[string]error{}
	project := compose.Reader{ReadFile: func(name string) ([]byte, error) {
		text, err := s.Text(name)
		var elsewhere *files.OutsideError
		if errors.As(err, &elsewhere) {
			refused[name] = err
		}
		return text, err
	}}
	named := compose.Named(filepath.Dir(path), s.Text)
	switch slices.Index(named, path) {
	case -1:
		for _, e := range []string{".yaml", ".yml"} {
			if override, ok := beside(base + ".override" + e); ok {
				project.Override = []string{override}
				break
			}
		}
	case 0:
		project.Override = named[1:]
	default:
		if !s.tree.named[path] {
			return podman.Found{Nothing: "read together with " + filepath.Base(named[0])}
		}
	}
	found := project.Read(f, host)
	for name, err := range refused {
		told := slices.ContainsFunc(found.Problems, func(p podman.Problem) bool {
			return strings.Contains(p.Message, err.Error()) && !p.Warning
		})
		if !told {
			problem := outside(name, err)
			below, relErr := filepath.Rel(filepath.Dir(path), name)
			// As with EnvironmentFile=, what a service openly takes from elsewhere is unknown; a link hides it.
			problem.Warning = relErr != nil || below == ".." || strings.HasPrefix(below, "../")
			found.Problems = append(found.Problems, problem)
		}
	}
	return found
}

// portRange finds a range of ports in a compose file's ports.
var portRange = regexp.MustCompile(`\b(\d{1,5})-(\d{1,5})\b`)

// tooManyPorts returns an error where a compose file publishes so many ports that its library, which makes a list of
// them, would take minutes.
func (s *Set) tooManyPorts(path string) []podman.Problem {
	const most = 1 << 16
	data, err := s.Text(path)
	if err != nil {
		return nil
	}
	documents, err := yamlpath.Documents(data)
	if err != nil || len(documents) == 0 {
		return nil
	}
	services := yamlpath.Get(documents[0], "services")
	if services == nil {
		return nil
	}
	total := 0
	for i := 1; i < len(services.Content); i += 2 {
		ports := yamlpath.Get(services.Content[i], "ports")
		if ports == nil {
			continue
		}
		for _, port := range ports.Content {
			total++
			widest := 0
			for _, node := range append([]*yaml.Node{yamlpath.Get(port)}, port.Content...) {
				if node == nil {
					continue
				}
				for _, found := range portRange.FindAllStringSubmatch(node.Value, -1) {
					first, _ := strconv.Atoi(found[1])
					last, _ := strconv.Atoi(found[2])
					widest = max(widest, last-first)
				}
			}
			if total += widest; total > most {
				return []podman.Problem{{Origin: yamlpath.Origin(path, port),
					Message: fmt.Sprintf("the services publish more than %d ports together", most),
					Hint:    "publish only the ports that are used"}}
			}
		}
	}
	return nil
}
