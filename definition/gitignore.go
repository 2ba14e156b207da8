package definition

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
)

// ignores holds what .gitignore files leave out in a directory (gitignore(5)), nil outside of a repository: without one
// nothing is ignored, and what is tracked is not known.
type ignores struct {
	top      string // the repository's top directory
	index    *tracked
	patterns []ignore // outermost first
	wrong    []podman.Problem
	budget   *int // how much more is spent on comparisons
}

type ignore struct {
	base string // the directory of the .gitignore
	// literal is a pattern without wildcards, which is for a whole path where it is anchored, else for a name; pattern
	// any other.
	literal  string
	anchored bool
	pattern  *regexp.Regexp
	cost     int // of a comparison, for each byte of a path
	negated  bool
	dirOnly  bool
}

// Bounds of .gitignore files. What goes beyond is not applied, so that what it would leave out is read.
const (
	mostPatterns   = 2000
	longestPattern = 400
	// mostWork bounds what all comparisons of a repository cost, in bytes of patterns times bytes of paths.
	mostWork = 500_000_000
	// compiling is what it costs to read a pattern.
	compiling = 2000
)

// ignoresAbove reads the .gitignore files of the directories above one, up to the root of its repository.
func ignoresAbove(dir string) *ignores {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	var above []string
	for d := absolute; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil {
			above = append(above, d)
			break
		}
		above = append(above, d)
		if d == filepath.Dir(d) {
			return nil // no repository
		}
	}
	all := newIgnores(above[len(above)-1])
	for i := len(above) - 1; i > 0; i-- {
		all = all.with(above[i], false)
	}
	return all
}

func newIgnores(top string) *ignores {
	budget := mostWork
	return &ignores{top: top, index: readTracked(top), budget: &budget}
}

// with returns the patterns with those of a directory's .gitignore. A directory that is a repository of its own has
// only these.
func (all *ignores) with(dir string, isTop bool) *ignores {
	base, err := filepath.Abs(dir)
	if err != nil {
		return all
	}
	if isTop && (all == nil || all.top != base) {
		all = newIgnores(base)
	}
	if all == nil {
		return nil
	}
	more := *all
	more.wrong = nil
	file := filepath.Join(dir, ".gitignore")
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return &more // git does not follow a link there either
	}
	data, err := files.Read(file)
	if err != nil {
		more.wrong = []podman.Problem{unreadable(file, err)}
		return &more
	}
	more.patterns = more.patterns[:len(more.patterns):len(more.patterns)]
	for line := range strings.SplitSeq(string(data), "\n") {
		*more.budget -= compiling
		if len(line) > longestPattern || len(more.patterns) >= mostPatterns || *more.budget < 0 {
			more.patterns = all.patterns
			more.wrong = []podman.Problem{{Origin: podman.Origin{File: file}, Warning: true,
				Message: fmt.Sprintf("not applied: it has more than %d patterns, or one longer than %d bytes",
					mostPatterns, longestPattern)}}
			break
		}
		if i, ok := parseIgnore(line); ok {
			i.base = base
			more.patterns = append(more.patterns, i)
		}
	}
	return &more
}

// problems returns what is wrong with the .gitignore that was added last.
func (all *ignores) problems() []podman.Problem {
	if all == nil {
		return nil
	}
	return all.wrong
}

// source returns the .gitignore that excludes a path: the one with the last pattern that matches it.
func (all *ignores) source(name string) string {
	absolute, err := filepath.Abs(name)
	if err != nil || all == nil {
		return ".gitignore"
	}
	for _, i := range slices.Backward(all.patterns) {
		if below, ok := strings.CutPrefix(absolute, strings.TrimSuffix(i.base, "/")+"/"); ok && !i.negated &&
			i.matches(below) {
			return filepath.Join(files.Relative(i.base), ".gitignore")
		}
	}
	return ".gitignore"
}

// tracked reports whether git tracks a path, or something below it.
func (all *ignores) tracked(name string, isDir bool) bool {
	if all == nil {
		return true
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return true
	}
	below, err := filepath.Rel(all.top, absolute)
	return err != nil || all.index.has(below, isDir)
}

func parseIgnore(line string) (ignore, bool) {
	line = strings.TrimSuffix(line, "\r")
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	if line == "" || line[0] == '#' {
		return ignore{}, false
	}
	var i ignore
	if line[0] == '!' {
		i.negated, line = true, line[1:]
	}
	if strings.HasSuffix(line, "/") {
		i.dirOnly, line = true, strings.TrimSuffix(line, "/")
	}
	if line == "" {
		return ignore{}, false
	}
	if !strings.ContainsAny(line, `*?[\`) {
		i.literal, i.anchored = strings.TrimPrefix(line, "/"), strings.Contains(line, "/")
		return i, i.literal != ""
	}
	expression := ""
	if !strings.Contains(line, "/") {
		expression = "(?:.*/)?"
	}
	pattern, err := regexp.Compile("^" + expression + globExpression(strings.TrimPrefix(line, "/")) + "$")
	if err != nil {
		return ignore{}, false
	}
	i.pattern, i.cost = pattern, len(line)
	return i, true
}

// globExpression writes a pattern of gitignore(5) as a regular expression.
func globExpression(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		rest := glob[i:]
		switch {
		case strings.HasPrefix(rest, "**/") && (i == 0 || glob[i-1] == '/'):
			b.WriteString("(?:.*/)?")
			i += 2
		case rest == "**" && i > 0 && glob[i-1] == '/':
			b.WriteString(".+")
			i++
		case rest[0] == '*':
			b.WriteString("[^/]*")
		case rest[0] == '?':
			b.WriteString("[^/]")
		case rest[0] == '[' && strings.IndexByte(rest, ']') > 1:
			end := strings.IndexByte(rest, ']')
			class := rest[1:end]
			if class[0] == '!' || class[0] == '^' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end
		case rest[0] == '\\' && len(rest) > 1:
			i++
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	return b.String()
}

// match reports whether a path is ignored. The last pattern that matches counts.
func (all *ignores) match(name string, isDir bool) bool {
	if all == nil || len(all.patterns) == 0 {
		return false
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return false
	}
	for _, i := range slices.Backward(all.patterns) {
		if i.dirOnly && !isDir {
			continue
		}
		below, ok := strings.CutPrefix(absolute, strings.TrimSuffix(i.base, "/")+"/")
		if *all.budget -= 1 + i.cost*len(below); *all.budget < 0 {
			return false
		}
		if ok && i.matches(below) {
			return !i.negated
		}
	}
	return false
}

func (i *ignore) matches(below string) bool {
	switch {
	case i.pattern != nil:
		return i.pattern.MatchString(below)
	case i.anchored:
		return below == i.literal
	default:
		return path.Base(below) == i.literal
	}
}
