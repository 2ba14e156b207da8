package cli

import (
	"bytes"
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/rules"
)

// verifiedBy has plans verified by linting what they make of the files.
func verifiedBy(l *lint.Linter, set *definition.Set, plans []plan, dropIn bool) {
	for i := range plans {
		p := &plans[i]
		var files []string
		for _, group := range p.groups {
			for _, f := range group {
				if file := f.Definition.Origin.File; !slices.Contains(files, file) {
					files = append(files, file)
				}
			}
		}
		var known []string
		first := true
		p.lint = func(text []byte) ([]rules.Finding, error) {
			overlay := maps.Clone(set.Overlay())
			if overlay == nil {
				overlay = map[string][]byte{}
			}
			overlay[p.path] = text
			found, wrong := l.Findings(set.With(overlay), files)
			if dropIn && filepath.Ext(p.path) == ".container" && !bytes.Equal(text, p.before) {
				more, problems, err := withDropIn(l, set, p, text, files)
				if err != nil {
					return nil, err
				}
				found, wrong = append(found, more...), append(wrong, problems...)
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
		p.settle(nil)
	}
}

// withDropIn lints a unit with the drop-in that would be written beside it.
func withDropIn(l *lint.Linter, set *definition.Set, p *plan, text []byte,
	files []string) (found []rules.Finding, wrong []string, err error) {
	target := filepath.Join(p.path+".d", fix.DropInName)
	have, err := readDropIn(target)
	if err != nil {
		return nil, nil, err
	}
	found, wrong = l.Findings(set.With(map[string][]byte{target: fix.DropIn(p.path, have, p.before, text)}), files)
	return found, wrong, nil
}

// settle plans the edits anew and verifies them; wanted says which of those that follow from others may be made.
func (p *plan) settle(wanted func(*rules.Finding) bool) {
	out := fix.Verified(&fix.Request{
		Path: p.path, Text: p.before, Groups: p.groups, Version: p.version, Lint: p.lint, Wanted: wanted,
		Regroup: func(findings []rules.Finding) (groups [][]*rules.Finding) {
			for _, g := range groupsOf(findings) {
				if g.file == p.path {
					groups = append(groups, g.findings)
				}
			}
			return groups
		},
	})
	p.after, p.done = out.After, out.Done
	p.left = slices.Concat(p.broken, out.Left)
	p.failed = out.Failed
}
