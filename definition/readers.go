package definition

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/quadlet"
)

// Reader reads what a file defines for a machine.
type Reader func(podman.File, *podman.Host) podman.Found

// kind is a kind of definition.
type kind struct {
	// named reports whether a file is called like one of this kind.
	named func(path string) bool
	// reader returns the reader of this kind, which may read the other files of the set.
	reader func(*Set) Reader
	// skip says, by a look at the file, why it is something else all the same, empty for one to read. It may be nil.
	skip func(*Set, podman.File) string
}

// kinds lists the kinds of definitions. The first that a file is called like reads it.
var kinds = []kind{
	{named: isMakefile, reader: scriptsIn(command.InMakefile)},
	{named: isJustfile, reader: scriptsIn(command.InJustfile)},
	{named: isTemplateOfUnit, reader: func(s *Set) Reader { return s.readTemplate }},
	{named: isDevcontainer, reader: func(s *Set) Reader { return s.readDevcontainer }},
	{named: hasExtension(quadlet.Extensions()...), reader: func(s *Set) Reader { return s.readUnit },
		skip: (*Set).isForeign},
	{named: hasExtension(quadlet.BundleExtension), reader: func(s *Set) Reader { return s.readBundle }},
	{named: hasExtension(".service"), reader: func(s *Set) Reader { return s.readService }},
	{named: hasExtension(".yaml", ".yml"), reader: func(s *Set) Reader { return s.readYAML }, skip: (*Set).isOtherYAML},
	{named: isMarkdown, reader: scriptsIn(command.InMarkdown)},
	{named: hasExtension(".sh", ".bash"), reader: func(s *Set) Reader { return s.readShell }},
}

// kindOf returns the kind of definition that a file is called like.
func kindOf(path string) (kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.named(path) })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

func hasExtension(extensions ...string) func(path string) bool {
	return func(path string) bool { return slices.Contains(extensions, extension(path)) }
}

var isMarkdown = hasExtension(".md", ".markdown")

// extension returns a name's ending. Podman takes a unit's as it is; of others large letters are as small ones.
func extension(name string) string {
	ext := filepath.Ext(name)
	if lower := strings.ToLower(ext); !slices.Contains(quadlet.Extensions(), lower) {
		return lower
	}
	return ext
}

// define reads a file as what its name, or its first line, says that it is.
func (s *Set) define(f podman.File) podman.Found {
	k, ok := kindOf(f.Path)
	switch {
	case ok && isMarkdown(f.Path) && !s.options.Markdown:
		return failed(f.Path, "Markdown is only read with --markdown", "")
	case !ok && command.IsShell([]byte(f.Text)):
		return s.readShell(f, s.host(f))
	case !ok:
		return failed(f.Path, "podlint does not know what this file is", "it reads Quadlet units, .service units, "+
			"Kubernetes YAML, compose files, playbooks, CI YAML, shell scripts, makefiles, justfiles, Taskfiles, "+
			"devcontainer.json and, with --markdown, Markdown")
	}
	if k.skip != nil {
		if why := k.skip(s, f); why != "" {
			return podman.Found{Nothing: why}
		}
	}
	return k.reader(s)(f, s.host(f))
}

func failed(path, message, hint string) podman.Found {
	return podman.Found{Problems: []podman.Problem{{Origin: podman.Origin{File: path}, Message: message, Hint: hint}}}
}

// scriptsIn returns a reader of the shell scripts that are embedded in a file.
func scriptsIn(find func(path, text string) []command.Script) func(*Set) Reader {
	return func(*Set) Reader {
		return func(f podman.File, host *podman.Host) podman.Found {
			return readEmbedded(f, find(f.Path, f.Text), host)
		}
	}
}

func (s *Set) readShell(f podman.File, host *podman.Host) podman.Found {
	return readScripts(f, []command.Script{{File: f.Path, Text: f.Text}}, host)
}

// readEmbedded reads scripts that may be examples or templates: it is only a warning where one cannot be read.
func readEmbedded(f podman.File, scripts []command.Script, host *podman.Host) podman.Found {
	found := readScripts(f, scripts, host)
	for i := range found.Problems {
		found.Problems[i].Warning = true
	}
	return found
}

func readScripts(f podman.File, scripts []command.Script, host *podman.Host) podman.Found {
	found := podman.Found{Files: []string{f.Path}}
	if !slices.ContainsFunc(scripts, func(s command.Script) bool { return command.MentionsPodman(s.Text) }) {
		found.Nothing = "no podman command in it"
	}
	for _, script := range scripts {
		found.Add(script.Read(host))
	}
	numbered(found.Containers) // each script has names of its own
	return found
}
