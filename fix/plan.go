package fix

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// Planner plans the edits of definitions, those of several files at once: its functions have to bear that.
type Planner struct {
	// Read returns the text of a file.
	Read func(path string) ([]byte, error)
	// Lint lints files with texts in place of those that the files have, and returns what is found and what is wrong
	// with the files.
	Lint func(files []string, texts map[string][]byte) (found []rules.Finding, wrong []string)
	// Version is that of the Podman that reads the definitions, empty for the newest.
	Version string
	// DropIn is set where units are left alone, and what changes goes into a drop-in of each.
	DropIn bool
}

// Plan is what is to become of a file, or of a container's command line.
type Plan struct {
	Path   string
	Before []byte
	Outcome
	// CommandLine is set for the command line that a container was made with, which has no file.
	CommandLine bool
	// Notes says what the container was seen to do.
	Notes []string

	// given holds what is left since its fix is known to break the service.
	given   []Left
	request Request
}

// Plans groups findings by the file that they are about and plans each file's edits. Files that cannot be read have no
// plan.
func (p *Planner) Plans(findings []rules.Finding) []*Plan {
	var plans []*Plan
	for _, g := range groupsOf(findings) {
		if n := len(plans); n == 0 || plans[n-1].Path != g.file {
			text, err := p.Read(g.file)
			if err != nil {
				continue
			}
			plans = append(plans, p.plan(g.file, text))
		}
		plans[len(plans)-1].group(g.findings)
	}
	var group sync.WaitGroup
	next := make(chan *Plan)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for plan := range next {
				plan.settle(nil)
			}
		})
	}
	for _, plan := range plans {
		next <- plan
	}
	close(next)
	group.Wait()
	return plans
}

// plan returns the plan of a file without findings.
func (p *Planner) plan(path string, text []byte) *Plan {
	plan := &Plan{Path: path, Before: text}
	plan.request = Request{Path: path, Text: text, Version: p.Version,
		Regroup: func(findings []rules.Finding) (groups [][]*rules.Finding) {
			for _, g := range groupsOf(findings) {
				if g.file == path {
					groups = append(groups, g.findings)
				}
			}
			return groups
		}}
	var known []string
	first := true
	plan.request.Lint = func(text []byte) ([]rules.Finding, error) {
		found, wrong, err := p.lint(plan, text)
		if err != nil {
			return nil, err
		}
		if first {
			known, first = wrong, false
		}
		for _, message := range wrong {
			if !slices.Contains(known, message) {
				return nil, errors.New(message)
			}
		}
		return found, nil
	}
	return plan
}

// lint lints the definitions that a plan is about with an edited text, as the file's own and, where that is asked for,
// as a drop-in.
func (p *Planner) lint(plan *Plan, text []byte) (found []rules.Finding, wrong []string, err error) {
	var defining []string
	for _, f := range slices.Concat(plan.request.Groups...) {
		if file := f.Definition.Origin.File; !slices.Contains(defining, file) {
			defining = append(defining, file)
		}
	}
	found, wrong = p.Lint(defining, map[string][]byte{plan.Path: text})
	if !p.DropIn || !plan.hasDropIn() || bytes.Equal(text, plan.Before) {
		return found, wrong, nil
	}
	target, _, dropIn, err := plan.dropIn(text)
	if err != nil {
		return nil, nil, err
	}
	more, problems := p.Lint(defining, map[string][]byte{target: dropIn})
	return append(found, more...), append(wrong, problems...), nil
}

// hasDropIn reports whether what changes can go into a drop-in.
func (p *Plan) hasDropIn() bool { return !p.CommandLine && filepath.Ext(p.Path) == ".container" }

// dropIn returns the path of a unit's drop-in, its text now, and the text that says of the unit what an edited one
// does.
func (p *Plan) dropIn(edited []byte) (path string, before, after []byte, err error) {
	path = filepath.Join(p.Path+".d", DropInName)
	before, err = files.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return path, before, DropIn(p.Path, before, p.Before, edited), nil
}

// Target returns the file that the plan writes, with its text before and after: the definition itself or, where that is
// asked for and possible, its drop-in.
func (p *Plan) Target(dropIn bool) (path string, before, after []byte, err error) {
	if dropIn && p.hasDropIn() && !bytes.Equal(p.Before, p.After) {
		return p.dropIn(p.After)
	}
	return p.Path, p.Before, p.After, nil
}

// group adds findings that are edited together. Those whose fix is known to break the service are left.
func (p *Plan) group(findings []*rules.Finding) {
	var hopeful []*rules.Finding
	for _, f := range findings {
		if f.Breaks != "" {
			p.given = append(p.given, Left{f, f.Breaks})
			continue
		}
		hopeful = append(hopeful, f)
	}
	p.request.Groups = append(p.request.Groups, hopeful)
}

// settle plans the edits and verifies them; refuse says which of those that follow from others are not made.
func (p *Plan) settle(refuse Refuse) {
	p.request.Refuse = refuse
	p.Outcome = Verified(&p.request)
	p.Left = slices.Concat(p.given, p.Left)
}

// Refuse says why an edit is not made, empty where it is.
type Refuse func(*rules.Finding) (why string)

// OnlySafe refuses what could take something from the service.
func OnlySafe(f *rules.Finding) string {
	if f.Fix.Safe {
		return ""
	}
	return needsTrying
}

// Unnamed refuses the edits that decide whether a service does its work (rules.Rule.Manual), other than those of the
// rules that are named.
func Unnamed(named []string) Refuse {
	return func(f *rules.Finding) string {
		if slices.Contains(named, f.Rule.ID) {
			return ""
		}
		return manual(f)
	}
}

// manual is why an edit is left that only the owner decides on; empty for others.
func manual(f *rules.Finding) string {
	if f.Rule.Manual == "" {
		return ""
	}
	return f.Fix.Summary + ": " + f.Rule.Manual + "; --rule " + f.Rule.ID + " makes the edit"
}

// Keep plans again, without the edits that are refused.
func (p *Plan) Keep(refuse Refuse) {
	if !slices.ContainsFunc(p.Done, func(d Done) bool { return refuse(d.Finding) != "" }) {
		return
	}
	kept := map[*rules.Finding]bool{}
	for _, d := range p.Done {
		if why := refuse(d.Finding); why != "" {
			p.Left = append(p.Left, Left{d.Finding, why})
		} else {
			kept[d.Finding] = true
		}
	}
	left, failed := p.Left, p.Failed
	for i, group := range p.request.Groups {
		p.request.Groups[i] = slices.DeleteFunc(group, func(f *rules.Finding) bool { return !kept[f] })
	}
	p.settle(refuse)
	for _, l := range p.Left { // those of the first plan are named already
		if !slices.ContainsFunc(left, func(k Left) bool { return identityOf(k.Finding) == identityOf(l.Finding) }) {
			left = append(left, l)
		}
	}
	p.Left, p.Failed = left, append(failed, p.Failed...)
}

// fileFindings are findings that are edited together in a file.
type fileFindings struct {
	file     string
	findings []*rules.Finding
}

// groupsOf groups findings by the file that they are about and by container, the last container of a file first: what
// stands above does not move then.
func groupsOf(findings []rules.Finding) []fileFindings {
	type key struct{ file, container string }
	groups := map[key][]*rules.Finding{}
	var order []key
	for i := range findings {
		f := &findings[i]
		file := editedFile(f)
		if f.Waived != "" || file == "" {
			continue
		}
		k := key{file, f.Container}
		if file != f.Definition.Origin.File || filepath.Ext(file) == ".pod" ||
			f.Definition.Syntax == podman.SyntaxKube || f.Definition.Syntax == podman.SyntaxCompose {
			k.container = "" // what is several containers' is edited for all of them at once
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	slices.SortStableFunc(order, func(a, b key) int {
		x, y := groups[a][0].Definition.Origin, groups[b][0].Definition.Origin
		return cmp.Or(strings.Compare(a.file, b.file), cmp.Compare(y.Line, x.Line), cmp.Compare(y.Column, x.Column))
	})
	var list []fileFindings
	for _, k := range order {
		list = append(list, fileFindings{k.file, groups[k]})
	}
	return list
}

// editedFile returns the file in which a finding is ended: that of the container's definition, or the drop-in or pod
// that sets what is found; empty for none.
func editedFile(f *rules.Finding) string {
	ext := filepath.Ext(f.Location.File)
	if f.Definition.Syntax == podman.SyntaxQuadlet && f.Definition.Origin.File != "" &&
		(ext == ".conf" || ext == ".pod") {
		return f.Location.File
	}
	return f.Definition.Origin.File
}
