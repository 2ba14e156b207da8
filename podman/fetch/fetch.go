// Package fetch knows which code a command downloads when it is run, and what holds that code to what was tested: a
// version, a lock file, a hash, a distribution's signature. It decides on the words that a shell parser makes of a
// command, never on its text, and claims nothing where it does not know. There is a file for each family of programs.
//
// What it is given is hostile: it is bounded in depth and in the number of commands, and what it returns names
// programs, packages and hosts, never whole addresses or commands, which may hold a secret.
package fetch

import (
	"path"
	"slices"
	"strings"
)

// Level is how much a download matters, from the least to the most.
type Level uint8

// The levels. The zero value is for what is silent.
const (
	None Level = iota
	Info
	Low
	Medium
	High
)

var levelNames = [...]string{"none", "info", "low", "medium", "high"}

// String returns the level's name.
func (l Level) String() string { return levelNames[min(int(l), len(levelNames)-1)] }

// Shape is what kind of download it is, which its message and its fix go by.
type Shape uint8

// The shapes.
const (
	// Runner downloads a package and runs it: npx, uvx, go run.
	Runner Shape = iota + 1
	// Install installs packages by their names.
	Install
	// Manifest installs what a file names, whose pins are not seen.
	Manifest
	// Locked installs what a lock file, hashes or a commit hold.
	Locked
	// Script runs what an address serves, unchecked.
	Script
	// File saves a program and runs it, or puts it where programs are.
	File
	// Signed installs packages that the distribution has signed.
	Signed
	// Repository takes code from a repository.
	Repository
	// Plugin adds to a program: a plugin, an extension, a mod.
	Plugin
	// Remote runs code that comes with a model.
	Remote
	// Update is a program that updates itself.
	Update
)

// Fetch is one download of code.
type Fetch struct {
	Shape Shape
	// Program is what downloads, such as "npx" or "pip install".
	Program string
	// What holds the names of the packages, the host's name, or the file's, as far as they are known.
	What []string
	// Pinned is set where a version is named.
	Pinned bool
	Level  Level
	// Off is the option that switches a check off, empty for none.
	Off string
	// Local is set where what is run may be in the image already.
	Local bool
	// Guarded is set where a test decides whether it is run.
	Guarded bool
	// Variable is the variable of the environment that asks for it, empty where a command does.
	Variable string
}

// Context is what is known about a container besides the command.
type Context struct {
	// Image is the name of the image.
	Image string
	// Environment holds the variables whose values are known.
	Environment map[string]string
	// Secret reports whether a variable's value is a secret, which no name of a package may show; nil for never.
	Secret func(name, value string) bool
	// Entrypoint is set where the words begin with the entrypoint; else the image's own may stand before them.
	Entrypoint bool
	// Own is set for an image of one's own: built from the definition, or of localhost.
	Own bool
	// Sources is set where a directory of the host is mounted that may hold the program.
	Sources bool
	// Development is set where the file says that it is for development.
	Development bool
	// Host is set for a command that the host runs, and Mounted holds the host's directories that the container mounts
	// with where they are mounted.
	Host    bool
	Mounted map[string]string
}

// Words returns what a command downloads that is given as words.
func Words(words []string, c Context) []Fetch {
	e := newEval(&c)
	list := make([]word, len(words))
	for i, w := range words {
		list[i] = word{text: w}
	}
	if !c.Entrypoint {
		list = e.behindEntrypoint(list)
	}
	e.run(list, stream{})
	return e.result()
}

// OfScript returns what a shell script downloads.
func OfScript(text string, c Context) []Fetch {
	e := newEval(&c)
	e.script(text, stream{})
	return e.result()
}

// Fetches reports whether a command may download code, or is a script that is not seen: whether it is worth while to
// look at what it has done.
func Fetches(words []string, image string) bool {
	if len(Words(words, Context{Image: image, Entrypoint: true})) > 0 {
		return true
	}
	for _, w := range words[:min(len(words), 2)] {
		switch path.Ext(w) {
		case ".sh", ".bash":
			return true
		}
		if strings.Contains(path.Base(w), "entrypoint") {
			return true
		}
	}
	return false
}

// runtimes are images that hold a language or a distribution and nothing of one's own.
var runtimes = []string{"node", "python", "alpine", "debian", "ubuntu", "ruby", "golang", "rust", "php", "fedora",
	"centos", "rockylinux", "almalinux", "archlinux", "busybox", "bun", "deno", "uv", "ubi8", "ubi9", "ubi9-minimal",
	"composer", "openjdk", "eclipse-temurin", "maven", "gradle", "buildpack-deps", "amazonlinux", "perl", "elixir",
	"miniconda3", "pypy", "javascript-node"}

// imageName returns an image's name without registry, tag and digest, and its last part.
func imageName(image string) (repository, base string) {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return image, path.Base(image)
}

func (c *Context) isRuntime() bool {
	_, base := imageName(c.Image)
	return slices.Contains(runtimes, base)
}

// settle fits what was found to the container.
func (c *Context) settle(f Fetch, development bool) Fetch {
	if f.Shape == Script || f.Off != "" {
		return f
	}
	switch {
	case f.Level > Info && development && (f.Shape == Runner || f.Shape == Install || f.Shape == Manifest ||
		f.Shape == Locked):
		f.Level = Info
	case f.Local && (c.Own || c.Sources) && f.Level > Low:
		f.Level = Low
	case f.Local && !c.isRuntime() && f.Shape == Runner && c.Image != "" && f.Level > Low && f.Program == "npx" &&
		!strings.HasPrefix(first(f.What), "@"):
		f.Level = Low
	default:
		f.Local = false
	}
	return f
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
