package definition

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/yamlpath"
)

// wanted reports whether a file in a directory may be a definition, by its name.
func (s *Set) wanted(name string) bool {
	_, ok := kindOf(name)
	return ok && (s.options.Markdown || !isMarkdown(name))
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

// readDevcontainer reads a devcontainer.json.
func (s *Set) readDevcontainer(f podman.File, host *podman.Host) podman.Found {
	documents, err := yamlpath.Documents(command.PlainJSON([]byte(f.Text)))
	if err != nil {
		problem := yamlpath.Problem(f.Path, err)
		problem.Warning, problem.Message = true, strings.Replace(problem.Message, "YAML", "JSON", 1)
		return podman.Found{Problems: []podman.Problem{problem}, Files: []string{f.Path}}
	}
	var scripts []command.Script
	for _, document := range documents {
		scripts = append(scripts, command.InDevcontainer(f.Path, document)...)
	}
	return readEmbedded(f, scripts, host)
}
