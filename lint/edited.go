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
	// peers holds what the rules about relations need of each container of the set, by file.
	peers func() map[string][]*rules.Peer
}

// NewEdited returns what lints edited definitions of a set.
func (l *Linter) NewEdited(set *definition.Set) *Edited {
	return &Edited{l, set, sync.OnceValue(func() map[string][]*rules.Peer {
		peers := map[string][]*rules.Peer{}
		for _, path := range set.Paths() {
			for _, c := range set.Read(path).Containers {
				peers[path] = append(peers[path], rules.PeerOf(c))
			}
		}
		return peers
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
	peers := maps.Clone(e.peers())
	for _, path := range files {
		o := e.linter.lint(set, path)
		e.linter.keep(&result, o.findings)
		wrong = append(wrong, missing(peers[path], o.peers)...)
		peers[path] = o.peers
		for _, p := range o.problems {
			if !p.Warning {
				wrong = append(wrong, p.Message)
			}
		}
	}
	var all []*rules.Peer
	for _, path := range e.set.Paths() {
		all = append(all, peers[path]...)
	}
	e.linter.keep(&result, e.linter.relations(all))
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
