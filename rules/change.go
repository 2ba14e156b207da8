package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Change is one setting to add. It is known by its flag; what other languages call it, the table below says.
type Change struct {
	// Flag is the flag of `podman run` with its value, such as "--cap-drop=ALL".
	Flag string `json:"flag"`
	// OfPod is set for an option of the pod, of `podman pod create` or a .pod unit, rather than of the container.
	OfPod bool `json:"of-pod,omitempty"`
}

// Setting is where YAML says a change.
type Setting struct {
	// Keys lead to it, from the container's mapping, or from the pod's, or its template's, with OfPod.
	Keys []string
	// Value is written as YAML takes it, in quotes where it needs them.
	Value string
	// List is set where the value is one of a list.
	List bool
	// OfPod is set where the path begins at the pod.
	OfPod bool
	// OfObject is set where the path begins at the object that makes the pod: a Deployment, or the pod itself.
	OfObject bool
	// OfFile is set where the path begins at the file's top.
	OfFile bool
}

// language says what a flag is called elsewhere.
type language struct {
	// key is the key of a unit, and since the first Podman whose Quadlet knows it, such as "4.5". An older one drops a
	// unit with a key that it does not know, so it is given PodmanArgs instead.
	key, since string
	// kube and compose are where YAML says it.
	kube, compose Setting
	// text is set for a value that YAML would take for a number.
	text bool
	// byHand is set where YAML has to say it in a second place too, so that an edit of this one would not do.
	byHand bool
}

func single(keys ...string) Setting { return Setting{Keys: keys} }
func listed(keys ...string) Setting { return Setting{Keys: keys, List: true} }

// annotation is one of an object: what is said of a container there counts for all of them. Podman does not read those
// of a Deployment's template.
func annotation(name string) Setting {
	return Setting{Keys: []string{"metadata", "annotations", name}, OfObject: true}
}

// languages holds, by flag, what the flags of fixes are called in other languages. The keys are Podman's (`man
// quadlet`, and its source for since when), the paths those that `podman kube play` and compose read.
var languages = map[string]language{
	"--cap-add": {key: "AddCapability", since: "4.4",
		kube: listed("securityContext", "capabilities", "add"), compose: listed("cap_add")},
	"--cap-drop": {key: "DropCapability", since: "4.4",
		kube: listed("securityContext", "capabilities", "drop"), compose: listed("cap_drop")},
	"--cpus":       {kube: single("resources", "limits", "cpu"), compose: single("cpus"), text: true},
	"--http-proxy": {key: "HttpProxy", since: "5.7"},
	"--label=io.containers.autoupdate": {key: "AutoUpdate", since: "4.6",
		kube: annotation("io.containers.autoupdate"), compose: listed("labels")},
	"--log-driver": {key: "LogDriver", since: "4.5", compose: single("logging", "driver")},
	"--memory": {key: "Memory", since: "5.5",
		kube: single("resources", "limits", "memory"), compose: single("mem_limit")},
	"--pids-limit": {key: "PidsLimit", since: "4.9", compose: single("pids_limit")},
	"--publish":    {key: "PublishPort", since: "4.4", compose: listed("ports")},
	"--read-only": {key: "ReadOnly", since: "4.4",
		kube: single("securityContext", "readOnlyRootFilesystem"), compose: single("read_only")},
	"--restart": {compose: single("restart")},
	"--secret":  {key: "Secret", since: "4.5", kube: listed("env"), compose: listed("secrets"), byHand: true},
	"--security-opt=no-new-privileges": {key: "NoNewPrivileges", since: "4.4",
		kube: single("securityContext", "allowPrivilegeEscalation"), compose: listed("security_opt")},
	"--tmpfs": {key: "Tmpfs", since: "4.5", compose: listed("tmpfs")},
	"--user":  {key: "User", since: "4.4", kube: single("securityContext", "runAsUser"), compose: single("user")},
	"--userns": {key: "UserNS", since: "4.5",
		kube: Setting{Keys: []string{"spec", "hostUsers"}, OfPod: true}, compose: single("userns_mode")},
}

// words returns what a change's flag is called elsewhere, and its value.
func (c Change) words() (row language, value string) {
	name, value, _ := strings.Cut(c.Flag, "=")
	if value == "" {
		value = "true"
	}
	if row, ok := languages[name]; ok {
		return row, value
	}
	for flag, row := range languages { // with an option of its own
		if rest, ok := strings.CutPrefix(c.Flag, flag); ok && strings.Contains(flag, "=") {
			if rest == "" {
				return row, "true"
			}
			if option, ok := strings.CutPrefix(rest, "="); ok {
				return row, option
			}
		}
	}
	return language{}, value
}

// Key returns the line of a Quadlet unit that says a change, such as "DropCapability=all", and the first Podman that
// knows its key; empty where Quadlet has none.
func (c Change) Key() (line, since string) {
	row, value := c.words()
	since = row.since
	switch row.key {
	case "":
		return "", ""
	case "DropCapability":
		value = strings.Replace(value, "ALL", "all", 1)
	case "AddCapability":
		value = strings.ReplaceAll(value, ",", " ")
	case "UserNS":
		if c.OfPod {
			since = "5.3"
		}
	}
	return row.key + "=" + value, since
}

// Settings returns where YAML of a syntax says a change, none where it has no word for it. Where byHand is set, it has
// to be said in another place too.
func (c Change) Settings(syntax podman.Syntax) (settings []Setting, byHand bool) {
	row, value := c.words()
	switch {
	case syntax == podman.SyntaxKube && len(row.kube.Keys) > 0:
		settings = c.inKube(row, value)
	case syntax == podman.SyntaxCompose && len(row.compose.Keys) > 0:
		if _, whole, _ := strings.Cut(c.Flag, "="); row.compose.List { // an item is what the flag is given
			value = whole
		}
		settings = inCompose(row, value)
	default:
		return nil, false
	}
	for i := range settings {
		if s := &settings[i]; row.text || !plainYAML.MatchString(s.Value) && !strings.HasPrefix(s.Value, "{") {
			s.Value = strconv.Quote(s.Value)
		}
	}
	return settings, row.byHand
}

func (c Change) inKube(row language, value string) []Setting {
	s := row.kube
	s.Value = value
	switch row.key {
	case "AddCapability", "DropCapability":
		return items(s)
	case "NoNewPrivileges":
		s.Value = "false" // the setting is whether there may be new ones
	case "Memory":
		s.Value = strings.Replace(value, "m", "Mi", 1)
	case "Secret":
		variable, ref := c.SecretRef()
		s.Value = "{name: " + variable + ", " + ref + "}"
	case "UserNS": // the annotation is one of Podman 5, hostUsers one of 4.3 too
		if value != "auto" {
			s = annotation("io.podman.annotations.userns")
			s.Value = value
			return []Setting{s}
		}
		s.Value = "false" // whether it has the host's
	case "User":
		if uid, gid, ok := strings.Cut(value, ":"); ok {
			group := single("securityContext", "runAsGroup")
			s.Value, group.Value = uid, gid
			return []Setting{s, group}
		}
	}
	return []Setting{s}
}

func inCompose(row language, value string) []Setting {
	s := row.compose
	s.Value = value
	switch row.key {
	case "AddCapability", "DropCapability":
		return items(s)
	case "Secret":
		s.Value, _ = secretOf(value)
	case "UserNS": // else podman-compose calls podman create --pod=… --userns=…, which Podman refuses (4.3.1, 5.4.2)
		return []Setting{s, {Keys: []string{"x-podman", "in_pod"}, Value: "false", OfFile: true}}
	}
	return []Setting{s}
}

// items returns one setting for each item of a list that a flag takes separated by commas.
func items(s Setting) []Setting {
	var list []Setting
	for item := range strings.SplitSeq(s.Value, ",") {
		s.Value = item
		list = append(list, s)
	}
	return list
}

// plainYAML matches what YAML takes as it is, in a list in brackets too.
var plainYAML = regexp.MustCompile(`^[A-Za-z0-9_./=-]+$`)

// Flow writes a setting in one line, with the mappings that it stands in.
func (s Setting) Flow() string { return flow(s.Keys, s.Value, s.List) }

func flow(keys []string, value string, list bool) string {
	text := value
	if list {
		text = "[" + value + "]"
	}
	for i, key := range slices.Backward(keys) {
		text = key + ": " + text
		if i > 0 {
			text = "{" + text + "}"
		}
	}
	return text
}

// yaml writes a change in one line, empty where the syntax has no word for it.
func (c Change) yaml(syntax podman.Syntax) string {
	settings, _ := c.Settings(syntax)
	if len(settings) == 0 {
		return ""
	}
	first, elsewhere := settings[0], ""
	var values []string
	for _, s := range settings {
		switch {
		case s.OfFile:
			elsewhere += "  " + s.Flow()
		case s.List:
			values = append(values, s.Value)
		default: // those of one mapping
			values = append(values, s.Keys[len(s.Keys)-1]+": "+s.Value)
		}
	}
	switch {
	case first.List:
		return flow(first.Keys, strings.Join(values, ", "), true)
	case len(first.Keys) == 1 || len(values) == 1:
		return first.Flow() + elsewhere
	default:
		return flow(first.Keys[:len(first.Keys)-1], "{"+strings.Join(values, ", ")+"}", false) + elsewhere
	}
}

// Knows reports whether a language has a word of its own for a change, rather than taking it as a flag.
func (c Change) Knows(syntax podman.Syntax) bool {
	switch syntax {
	case podman.SyntaxQuadlet:
		line, _ := c.Key()
		return line != ""
	case podman.SyntaxKube, podman.SyntaxCompose:
		return c.yaml(syntax) != ""
	default:
		return true
	}
}

// In returns a change in the language of a definition: a key of a unit, YAML of Kubernetes or compose, a flag of
// podman. What a language has no word for is given as a flag. The version is that of the Podman that reads the
// definition, empty for the newest.
func (c Change) In(syntax podman.Syntax, version string) string {
	switch syntax {
	case podman.SyntaxQuadlet:
		line, since := c.Key()
		if line == "" || olderThan(version, since) {
			return "PodmanArgs=" + c.Flag
		}
		return line
	case podman.SyntaxKube, podman.SyntaxCompose:
		if text := c.yaml(syntax); text != "" {
			return text
		}
	default:
	}
	return c.Flag
}

// In returns the changes of a fix in the language of a definition, as Change.In does.
func (f Fix) In(syntax podman.Syntax, version string) []string {
	words := []string{}
	for _, c := range f.Changes {
		words = append(words, c.In(syntax, version))
	}
	return words
}

// Flags returns the flags to add.
func (f Fix) Flags() []string {
	flags := []string{}
	for _, c := range f.Changes {
		flags = append(flags, c.Flag)
	}
	return flags
}

// Words returns the changes of a fix as people are told them: as In does, and where it is not known which Podman reads
// a unit, with the key and since when Podman knows it: "Memory=512m (from Podman 5.5 on)".
func (f Fix) Words(syntax podman.Syntax, version string) []string {
	words := f.In(syntax, version)
	if _, known := podman.ParseVersion(version); known || syntax != podman.SyntaxQuadlet {
		return words
	}
	for i, c := range f.Changes {
		if line, since := c.Key(); line != "" && olderThan("", since) {
			words[i] = line + " (from Podman " + since + " on)"
		}
	}
	return words
}

// NewestPodman is a version that knows every key.
const NewestPodman = "999.0"

// OldestQuadlet is the Podman that units are written for where it is not known which one reads them: the oldest with
// Quadlet in a distribution that is still supported (RHEL 8.10 and Ubuntu 24.04 have 4.9).
const OldestQuadlet = "4.9"

// WithoutQuadlet reports whether a version of Podman is one that reads no units: Quadlet came with 4.4.
func WithoutQuadlet(version string) bool { return olderThan(version, "4.4") }

// olderThan reports whether a version is older than another. One that is not known counts as the oldest.
func olderThan(version, than string) bool {
	v, known := podman.ParseVersion(version)
	if !known {
		v, _ = podman.ParseVersion(OldestQuadlet)
	}
	first, _ := podman.ParseVersion(than)
	return v.Before(first)
}

// SecretRef returns the variable that a secret is handed over as, and what takes the place of its value in Kubernetes
// YAML: the key of a Secret of the same name.
func (c Change) SecretRef() (variable, ref string) {
	_, value := c.words()
	secret, variable := secretOf(value)
	return variable, "valueFrom: {secretKeyRef: {name: " + secret + ", key: " + secret + "}}"
}

// secretOf splits "NAME,type=env,target=VARIABLE".
func secretOf(value string) (secret, variable string) {
	for i, field := range strings.Split(value, ",") {
		if target, ok := strings.CutPrefix(field, "target="); ok {
			variable = target
		} else if i == 0 {
			secret = field
		}
	}
	return secret, variable
}
