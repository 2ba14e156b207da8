package cli

import (
	"bytes"
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"github.com/podlint/podlint/fix"
	"github.com/podlint/podlint/podman/quadlet"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// list returns the names in a directory, those of texts that are no files yet among them.
func (l *linter) list(dir string) []string {
	names := l.tree.list(dir)
	for path := range l.overlay {
		if name := filepath.Base(path); filepath.Dir(path) == dir && !slices.Contains(names, name) {
			names = append(slices.Clip(names), name)
		}
	}
	return names
}

// foldDropIns makes a unit's drop-ins its last lines, which means the same. So an edit is planned against the settings
// that are in effect.
func (l *linter) foldDropIns() {
	folded := map[string][]byte{}
	for _, path := range l.tree.files {
		if filepath.Ext(path) != ".container" {
			continue
		}
		dropIns := l.units.DropIns(path)
		text, err := l.read(path)
		if err != nil || len(dropIns) == 0 {
			continue
		}
		text = slices.Clone(text)
		for _, dropIn := range dropIns {
			more, err := l.read(dropIn)
			if err != nil {
				continue
			}
			if len(text) > 0 && text[len(text)-1] != '\n' {
				text = append(text, '\n')
			}
			text = append(text, more...)
			folded[dropIn] = nil
		}
		folded[path] = text
	}
	l.overlay = folded
}

// with returns a linter of the same tree that reads some texts in place of files' own.
func (l *linter) with(overlay map[string][]byte) *linter {
	v := &linter{
		flags: l.flags, catalogue: l.catalogue, now: l.now, given: l.given, overlay: overlay, proofs: l.proofs,
		policy: l.policy, registries: l.registries, tree: l.tree, kubes: l.kubes,
	}
	v.units = quadlet.NewReader(quadlet.Files{Read: v.read, List: v.list, Dirs: l.tree.dirs, Find: l.tree.find})
	return v
}

// findings lints some files and returns what is found, and what is wrong with them.
func (l *linter) findings(files []string) (found []rules.Finding, wrong []string) {
	var result report.Report
	for _, file := range files {
		o := l.lint(file)
		l.flags.keep(&result, o.findings)
		for _, p := range o.problems {
			if !p.Warning {
				wrong = append(wrong, p.Message)
			}
		}
	}
	return result.Findings, wrong
}

// verifiedBy has plans verified by linting what they make of the files.
func verifiedBy(l *linter, plans []plan, dropIn bool) {
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
			overlay := maps.Clone(l.overlay)
			if overlay == nil {
				overlay = map[string][]byte{}
			}
			overlay[p.path] = text
			found, wrong := l.with(overlay).findings(files)
			if dropIn && filepath.Ext(p.path) == ".container" && !bytes.Equal(text, p.before) {
				more, problems, err := l.withDropIn(p, text, files)
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
func (l *linter) withDropIn(p *plan, text []byte, files []string) (found []rules.Finding, wrong []string, err error) {
	target := filepath.Join(p.path+".d", fix.DropInName)
	have, err := readDropIn(target)
	if err != nil {
		return nil, nil, err
	}
	found, wrong = l.with(map[string][]byte{target: fix.DropIn(p.path, have, p.before, text)}).findings(files)
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
