package definition

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/quadlet"
	"github.com/podlint/podlint/podman/yamlpath"
)

// wanted reports whether a file in a directory may be a definition, by its name.
func (s *Set) wanted(name string) bool {
	if isMakefile(name) || isJustfile(name) || isDevcontainer(name) {
		return true
	}
	if _, ok := unitOfTemplate(name); ok {
		return true
	}
	switch ext := extension(name); ext {
	case ".service", ".sh", ".bash", ".yaml", ".yml", quadlet.BundleExtension:
		return true
	case ".md", ".markdown":
		return s.options.Markdown
	default:
		return slices.Contains(quadlet.Extensions(), ext)
	}
}

// mayBeScript reports whether a file in a directory whose name does not say what it is may be a script: it has no
// extension, or is a program.
func mayBeScript(name string, info os.FileInfo) bool {
	ext := filepath.Ext(name)
	const anybodyRuns = 0o111
	return info.Mode().IsRegular() && info.Size() > 0 &&
		(ext == "" || ext == name || strings.Trim(ext, ".0123456789") == "" || info.Mode().Perm()&anybodyRuns != 0)
}

// startsAsScript reports whether a file's first line names a shell.
func startsAsScript(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false // it is not known to be one
	}
	defer file.Close()
	const longest = 200
	start := make([]byte, longest)
	n, _ := file.Read(start)
	return command.IsShell(start[:n])
}

// isMakefile reports whether make, or an include of a makefile, finds a file by its name.
func isMakefile(path string) bool {
	name, ext := strings.ToLower(filepath.Base(path)), strings.ToLower(filepath.Ext(path))
	return slices.Contains([]string{"makefile", "gnumakefile", "bsdmakefile"}, name) ||
		strings.HasPrefix(name, "makefile.") && ext != ".md" && ext != ".yaml" && ext != ".yml" && ext != ".in" &&
			ext != ".am" || ext == ".mk" || ext == ".mak"
}

func isJustfile(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	return name == "justfile" || name == ".justfile" || filepath.Ext(name) == ".just"
}

// isDevcontainer reports whether a file describes a development container, by its name (containers.dev).
func isDevcontainer(path string) bool {
	name := filepath.Base(path)
	return name == "devcontainer.json" || name == ".devcontainer.json"
}

// recipes returns the scripts in the recipes of a makefile or a justfile, and false for another file.
func recipes(path string, data []byte) ([]command.Script, bool) {
	switch {
	case isMakefile(path):
		return command.InMakefile(path, string(data)), true
	case isJustfile(path):
		return command.InJustfile(path, string(data)), true
	}
	return nil, false
}

// defineDevcontainer reads a devcontainer.json.
func (s *Set) defineDevcontainer(path string, data []byte) Result {
	documents, err := yamlpath.Documents(command.PlainJSON(data))
	if err != nil {
		problem := yamlpath.Problem(path, err)
		problem.Warning, problem.Message = true, strings.Replace(problem.Message, "YAML", "JSON", 1)
		return Result{Problems: []podman.Problem{problem}, Files: []string{path}}
	}
	var scripts []command.Script
	for _, document := range documents {
		scripts = append(scripts, command.InDevcontainer(path, document)...)
	}
	return s.defineScripts(path, data, scripts, true)
}
