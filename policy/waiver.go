// Package policy decides which findings a team has accepted.
package policy

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// Waiver is an accepted finding, written in the definition as "# podlint: ignore=RULE[,RULE] REASON" in the line above
// the setting or the section that it is about.
type Waiver struct {
	Rules  []string
	Reason string
	// Origin is where the comment is written.
	Origin podman.Origin
	// First and Last are the lines that it covers, 1-based.
	First, Last int
	// Covered is the first of them, without blanks around it.
	Covered string

	used map[string]bool
}

// directive starts a waiver, after the comment's sign.
const directive = "podlint:"

// Waivers finds the waivers in a file. A waiver covers the next line that is not a comment: with the lines that
// continue it after a backslash, with the lines below it that are indented deeper, and, where it is the header of a
// unit's section, with the whole section. What is not a valid waiver is returned as a problem: known tells the names of
// rules.
func Waivers(file, text string, known func(rule string) error) ([]Waiver, []podman.Problem) {
	if !strings.Contains(text, directive) {
		return nil, nil
	}
	var waivers []Waiver
	var problems []podman.Problem
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		comment := strings.TrimSpace(line)
		if comment == "" || comment[0] != '#' && comment[0] != ';' {
			continue
		}
		rest, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimLeft(comment, "#;")), directive)
		if !ok {
			continue
		}
		origin := podman.Origin{File: file, Line: i + 1, Column: strings.IndexAny(line, "#;") + 1}
		fail := func(format string, args ...any) {
			problems = append(problems,
				podman.Problem{Origin: origin, Message: fmt.Sprintf(format, args...), Warning: true,
					Hint: "write # podlint: ignore=RULE and the reason, in the line above"})
		}
		names, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		names, ok = strings.CutPrefix(names, "ignore=")
		switch reason = strings.TrimSpace(reason); {
		case !ok || names == "":
			fail("invalid waiver: nothing is ignored")
			continue
		case reason == "":
			fail("a waiver needs a reason: nothing is ignored")
			continue
		}
		w := Waiver{Reason: reason, Origin: origin, used: map[string]bool{}}
		for name := range strings.SplitSeq(names, ",") {
			if err := known(name); err != nil {
				fail("%v", err)
				continue
			}
			w.Rules = append(w.Rules, name)
		}
		w.First, w.Last = covered(lines, i+1)
		if w.First <= len(lines) {
			w.Covered = strings.TrimSpace(lines[w.First-1])
		}
		waivers = append(waivers, w)
	}
	return waivers, problems
}

// covered returns the lines, 1-based, that a waiver covers whose comment is followed by the lines from index from on.
func covered(lines []string, from int) (first, last int) {
	isComment := func(s string) bool { s = strings.TrimSpace(s); return s == "" || s[0] == '#' || s[0] == ';' }
	for from < len(lines) && isComment(lines[from]) {
		from++
	}
	if from >= len(lines) {
		return from + 1, from
	}
	head := strings.TrimSpace(lines[from])
	end := from
	if strings.HasPrefix(head, "[") && strings.HasSuffix(head, "]") {
		for end+1 < len(lines) {
			next := strings.TrimSpace(lines[end+1])
			if strings.HasPrefix(next, "[") && strings.HasSuffix(next, "]") {
				break
			}
			end++
		}
		return from + 1, end + 1
	}
	depth := indentation(lines[from])
	for end+1 < len(lines) {
		if !strings.HasSuffix(strings.TrimRight(lines[end], " \t\r"), `\`) &&
			(isComment(lines[end+1]) && strings.TrimSpace(lines[end+1]) == "" || indentation(lines[end+1]) <= depth) {
			break
		}
		end++
	}
	return from + 1, end + 1
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// Apply marks the findings that a waiver covers, by where they are located.
func Apply(waivers []Waiver, findings []rules.Finding) {
	for i := range findings {
		f := &findings[i]
		for j := range waivers {
			w := &waivers[j]
			if w.Origin.File != f.Location.File || f.Location.Line < w.First || f.Location.Line > w.Last {
				continue
			}
			for _, name := range w.Rules {
				if name == f.Rule.ID {
					f.Waived, f.WaivedIn = w.Reason, w.Origin.File
					w.used[name] = true
				}
			}
		}
	}
}

// Unused returns a warning for each rule of a waiver that matched no finding. Rules that were not asked for are passed
// over.
func Unused(waivers []Waiver, asked func(rule string) bool) []podman.Problem {
	var problems []podman.Problem
	for _, w := range waivers {
		for _, name := range w.Rules {
			if !w.used[name] && asked(name) {
				problems = append(problems, podman.Problem{Origin: w.Origin, Warning: true,
					Message: fmt.Sprintf("this waiver of %s matches no finding", name),
					Hint:    "remove it, or move it to the line above the setting"})
			}
		}
	}
	return problems
}
