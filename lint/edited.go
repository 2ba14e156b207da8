package lint

import (
	"maps"
	"slices"
	"sync"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// Edited lints texts that are to take the place of definitions, beside those that are left alone.
type Edited struct {
	linter *Linter
	set    *definition.Set
	// beside holds what is known of each file of the set, by path.
	beside func() map[string]besides
}

// besides is what the judgement of other files needs of one: what the rules about relations need of each of its
// containers, and what was found of their pods.
type besides struct {
	peers  []*rules.Peer
	ofPods []rules.Finding
}

// NewEdited returns what lints edited definitions of a set.
func (l *Linter) NewEdited(set *definition.Set) *Edited {
	return &Edited{l, set, sync.OnceValue(func() map[string]besides {
		beside := map[string]besides{}
		for _, path := range set.Paths() {
			o := l.lint(set, path)
			beside[path] = besides{o.peers, o.ofPods}
		}
		return beside
	})}
}

// Lint lints files with texts in place of those that the files have, and returns what is found in them, and in what
// stands beside them where it is about both; and what is wrong with the files.
func (e *Edited) Lint(files []string, texts map[string][]byte) (found []rules.Finding, wrong []string) {
	overlay := maps.Clone(e.set.Overlay())
	if overlay == nil {
		overlay = map[string][]byte{}
	}
	maps.Copy(overlay, texts)
	set := e.set.With(overlay)
	result := report.Report{Started: e.linter.Now()}
	beside := maps.Clone(e.beside())
	for path, b := range beside { // an edited pod changes what its members have
		if !slices.Contains(files, path) && slices.ContainsFunc(b.ofPods, func(f rules.Finding) bool {
			_, edited := texts[f.Location.File]
			return edited
		}) {
			beside[path] = besides{b.peers, e.linter.lint(set, path).ofPods}
		}
	}
	for _, path := range files {
		o := e.linter.lint(set, path)
		e.linter.keep(&result, o.findings)
		wrong = append(wrong, missing(beside[path].peers, o.peers)...)
		beside[path] = besides{o.peers, o.ofPods}
		for _, p := range o.problems {
			if !p.Warning {
				wrong = append(wrong, p.Message)
			}
		}
	}
	var all []*rules.Peer
	var ofPods []rules.Finding
	for _, path := range e.set.Paths() {
		all = append(all, beside[path].peers...)
		ofPods = append(ofPods, beside[path].ofPods...)
	}
	e.linter.keep(&result, e.linter.relations(all))
	e.linter.keep(&result, rules.OncePerPod(ofPods))
	return result.Findings, wrong
}

// missing names the containers that an edited file does not define any more.
func missing(before, after []*rules.Peer) (wrong []string) {
	for _, p := range before {
		if !slices.ContainsFunc(after, func(q *rules.Peer) bool { return p.Name == q.Name }) {
			wrong = append(wrong, "it does not define the container "+p.Name+" any more")
		}
	}
	return wrong
}
