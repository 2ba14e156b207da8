package definition

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/podlint/podlint/internal/files"
)

// ignores holds the patterns of .gitignore files, outermost first (gitignore(5)).
type ignores []ignore

type ignore struct {
	base    string // the directory of the .gitignore
	pattern *regexp.Regexp
	negated bool
	dirOnly bool
}

// ignoresAbove reads the .gitignore files of the directories above one, up to the root of its repository.
func ignoresAbove(dir string) ignores {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	var above []string
	for d := absolute; ; d = filepath.Dir(d) {
		if d != absolute {
			above = append(above, d)
		}
		if _, err := os.Stat(filepath.Join(d, ".git")); err == nil {
			break
		}
		if d == filepath.Dir(d) {
			return nil // no repository
		}
	}
	var all ignores
	for i := len(above) - 1; i >= 0; i-- {
		all = all.with(above[i])
	}
	return all
}

// with returns the patterns with those of a directory's .gitignore.
func (all ignores) with(dir string) ignores {
	data, err := files.Read(filepath.Join(dir, ".gitignore"))
	if err != nil {
		return all
	}
	base, err := filepath.Abs(dir)
	if err != nil {
		return all
	}
	all = all[:len(all):len(all)]
	for line := range strings.SplitSeq(string(data), "\n") {
		if i, ok := parseIgnore(line); ok {
			i.base = base
			all = append(all, i)
		}
	}
	return all
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
	expression := ""
	if !strings.Contains(line, "/") {
		expression = "(?:.*/)?"
	}
	pattern, err := regexp.Compile("^" + expression + globExpression(strings.TrimPrefix(line, "/")) + "$")
	if err != nil {
		return ignore{}, false
	}
	i.pattern = pattern
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
func (all ignores) match(path string, isDir bool) bool {
	if len(all) == 0 {
		return false
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	ignored := false
	for _, i := range all {
		if i.dirOnly && !isDir {
			continue
		}
		if below, ok := strings.CutPrefix(absolute, i.base+"/"); ok && i.pattern.MatchString(below) {
			ignored = !i.negated
		}
	}
	return ignored
}
