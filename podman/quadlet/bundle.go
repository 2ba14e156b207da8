package quadlet

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/podlint/podlint/podman"
)

// BundleExtension is how a file ends that holds several units, which podman quadlet install takes apart from 5.8 on.
const BundleExtension = ".quadlets"

// Part is a unit of a bundle.
type Part struct {
	// Path is what stands for it: the bundle's path with the unit's name below.
	Path string
	// Text is the unit, below as many empty lines as there are before it in the bundle.
	Text []byte
}

// mostPadding is how many empty lines may stand above the parts of a bundle altogether.
const mostPadding = 16 << 20

// Parts takes a bundle apart: units between lines of "---", each with its name in a comment, "# FileName=NAME", and its
// kind by its section (podman's pkg/domain/infra/abi/quadlet.go, parseMultiQuadletFile). One that Podman could not name
// is a problem.
func Parts(path string, data []byte) ([]Part, []podman.Problem) {
	var parts []Part
	var problems []podman.Problem
	var lines []string
	first, padding := 1, 0
	flush := func(next int) {
		text := strings.Join(lines, "\n")
		if strings.TrimSpace(text) != "" {
			name, why := partName(lines)
			if padding += first; padding > mostPadding {
				why = "is one of too many"
			}
			if why != "" {
				problems = append(problems, podman.Problem{Origin: podman.Origin{File: path, Line: first},
					Message: "a unit of the bundle " + why, Hint: "podman quadlet install refuses the bundle"})
			} else {
				parts = append(parts, Part{Path: filepath.Join(path, name),
					Text: []byte(strings.Repeat("\n", first-1) + text + "\n")})
			}
		}
		lines, first = nil, next
	}
	all := strings.Split(string(data), "\n")
	for i, line := range all {
		if strings.TrimSpace(line) == "---" {
			flush(i + 2)
			continue
		}
		lines = append(lines, line)
	}
	flush(0)
	return parts, problems
}

// partName returns the file name of a unit in a bundle, or why it has none.
func partName(lines []string) (name, why string) {
	ext := ""
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "#"); ok && name == "" {
			if named, ok := strings.CutPrefix(strings.TrimSpace(comment), "FileName="); ok {
				name = strings.TrimSpace(named)
			}
		}
		if inner, ok := strings.CutPrefix(line, "["); ok && ext == "" && strings.HasSuffix(inner, "]") {
			candidate := "." + strings.ToLower(strings.Trim(inner, "[]"))
			if _, ok := sections[candidate]; ok {
				ext = candidate
			}
		}
	}
	switch {
	case ext == "":
		return "", "has no section that says what it is, such as [Container]"
	case name == "":
		return "", "has no name: a comment # FileName=NAME"
	case strings.ContainsAny(name, "/\\\x00") || name == "." || name == "..":
		return "", fmt.Sprintf("has the name %q, which is not one of a file", name)
	}
	return name + ext, ""
}

// fileOf returns the file that a unit is written in: itself, or the bundle that it is a part of.
func fileOf(path string) string {
	if dir := filepath.Dir(path); filepath.Ext(dir) == BundleExtension && filepath.Ext(path) != BundleExtension {
		return dir
	}
	return path
}

// file returns the file that the unit is written in.
func (u *unit) file() string { return fileOf(u.path) }
