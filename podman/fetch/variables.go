package fetch

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// variable is a variable that has a known image fetch code.
type variable struct {
	// images holds parts of the image's name; none for every image.
	images []string
	// level is that without a version, pinned that with one in each entry.
	level, pinned Level
	// on is set where the value only switches something on.
	on   bool
	what string
}

// known holds, by the variable's name, what images do with it, as their documentation says.
var known = map[string]variable{
	"GF_INSTALL_PLUGINS":                 {images: []string{"grafana"}, level: Low, pinned: Info},
	"GF_PLUGINS_PREINSTALL":              {images: []string{"grafana"}, level: Low, pinned: Info},
	"GF_PLUGINS_PREINSTALL_SYNC":         {images: []string{"grafana"}, level: Low, pinned: Info},
	"DOCKER_MODS":                        {images: []string{"linuxserver/"}, level: Medium, pinned: Low},
	"_PIP_ADDITIONAL_REQUIREMENTS":       {images: []string{"airflow"}, level: High, pinned: Medium},
	"ROUNDCUBEMAIL_COMPOSER_PLUGINS":     {images: []string{"roundcube"}, level: Medium, pinned: Low},
	"EXTRA_PIP_PACKAGES":                 {images: []string{"dask", "prefect"}, level: Medium, pinned: Low},
	"EXTRA_CONDA_PACKAGES":               {images: []string{"dask"}, level: Medium, pinned: Low},
	"EXTRA_APT_PACKAGES":                 {images: []string{"dask"}, level: Low, pinned: Low},
	"MODRINTH_PROJECTS":                  {images: []string{"itzg/"}, level: Medium, pinned: Low},
	"CURSEFORGE_FILES":                   {images: []string{"itzg/"}, level: Medium, pinned: Low},
	"SPIGET_RESOURCES":                   {images: []string{"itzg/"}, level: Medium, pinned: Medium},
	"PLUGINS":                            {images: []string{"itzg/"}, level: Medium, pinned: Medium},
	"MODS":                               {images: []string{"itzg/"}, level: Medium, pinned: Medium},
	"MODPACK":                            {images: []string{"itzg/"}, level: Medium, pinned: Medium},
	"CF_SLUG":                            {images: []string{"itzg/"}, level: Medium, pinned: Medium},
	"CF_PAGE_URL":                        {images: []string{"itzg/"}, level: Medium, pinned: Medium},
	"INSTALL_BOOK_AND_ADVANCED_HTML_OPS": {images: []string{"stirling"}, level: Low, on: true, what: "programs"},
	"AUTO_UPDATE": {images: []string{"linuxserver/"}, level: Low, on: true,
		what: "its newest version"},
	"UPDATE_ON_BOOT": {images: []string{"steam", "server"}, level: Low, on: true,
		what: "its newest version"},
	"UPDATE_ON_START": {images: []string{"steam", "server"}, level: Low, on: true,
		what: "its newest version"},
	"INSTALL_PIP_PACKAGES": {images: []string{"linuxserver/"}, level: Medium, pinned: Low},
}

// Variables returns what variables of the environment have an image fetch.
func Variables(c Context) []Fetch {
	var found []Fetch
	repository, _ := imageName(strings.ToLower(c.Image))
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		value := strings.TrimSpace(c.Environment[name])
		if !isTrue(value) || len(value) > mostText {
			continue
		}
		if v, ok := known[name]; ok && slices.ContainsFunc(v.images, func(part string) bool {
			return strings.Contains(repository, part)
		}) {
			if f, ok := v.fetch(name, value); ok {
				found = append(found, f)
			}
			continue
		}
		found = append(found, commandsIn(name, value, c)...)
	}
	return found
}

// fetch returns what a value of the variable asks for.
func (v variable) fetch(name, value string) (Fetch, bool) {
	f := Fetch{Shape: Plugin, Program: name, Variable: name, Level: v.level, Pinned: true}
	if v.on {
		f.What, f.Pinned = []string{v.what}, false
		return f, true
	}
	for entry := range strings.FieldsFuncSeq(value, func(r rune) bool {
		return strings.ContainsRune(", \t\n;|", r)
	}) {
		f.What = append(f.What, shownPlugin(entry))
		f.Pinned = f.Pinned && pinnedEntry(entry)
		if isAddress(entry) && f.Level < Medium {
			f.Level = Medium
			f.Pinned = false
		}
	}
	if len(f.What) == 0 {
		return f, false
	}
	if f.Pinned {
		f.Level = v.pinned
	}
	const most = 5
	if more := len(f.What) - most; more > 0 {
		f.What = f.What[:most]
	}
	return f, true
}

// pinnedEntry reports whether an entry of a list of plugins names a version: NAME==1.2, NAME@1.2, NAME:1.2, a mod of
// LinuxServer's with a commit behind its name, or a digest.
func pinnedEntry(entry string) bool {
	switch i := strings.LastIndexAny(entry, "@=:"); {
	case isAddress(entry), strings.Contains(entry, ">="):
		return false
	case strings.Contains(entry, "@sha256:"):
		return true
	case i < 0:
		return false
	default:
		version := entry[i+1:]
		if dash := strings.LastIndexByte(version, '-'); dash >= 0 && strings.Contains(entry, "mods:") {
			version = version[dash+1:]
			return len(version) >= 7 && strings.Trim(version, "0123456789abcdef") == ""
		}
		return version != "" && version[0] >= '0' && version[0] <= '9' && !strings.Contains(entry, "mods:")
	}
}

// commandsIn finds commands in variables that gateways start: a command line, or JSON with "command" and "args".
func commandsIn(name, value string, c Context) []Fetch {
	upper := strings.ToUpper(name)
	fields := strings.Fields(value)
	var found []Fetch
	switch {
	case strings.HasPrefix(value, "{"):
		var tree any
		if json.Unmarshal([]byte(value), &tree) == nil {
			eachServer(tree, 0, func(words []string) { found = append(found, Words(words, started(c))...) })
		}
	case len(fields) > 1 && isRunner(fields) && (strings.Contains(upper, "COMMAND") || strings.Contains(upper, "CMD") ||
		strings.Contains(upper, "STDIO") || strings.Contains(upper, "SERVER")):
		found = OfScript(value, started(c))
	}
	for i := range found {
		found[i].Variable = name
	}
	return found
}

// started is the context of a command that does not stand behind the image's entrypoint.
func started(c Context) Context {
	c.Entrypoint = true
	return c
}

// eachServer calls visit with the command of each object that has one.
func eachServer(tree any, depth int, visit func([]string)) {
	if depth > mostDepth {
		return
	}
	switch t := tree.(type) {
	case map[string]any:
		if command, ok := t["command"].(string); ok {
			words := []string{command}
			if args, ok := t["args"].([]any); ok {
				for _, a := range args {
					if text, ok := a.(string); ok {
						words = append(words, text)
					}
				}
			}
			visit(words)
		}
		for _, key := range slices.Sorted(maps.Keys(t)) {
			eachServer(t[key], depth+1, visit)
		}
	case []any:
		for _, one := range t {
			eachServer(one, depth+1, visit)
		}
	}
}
