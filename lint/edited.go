package lint

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// Edited lints texts that are to take the place of definitions, beside those that are left alone.
type Edited struct {
	linter *Linter
	set    *definition.Set
	// beside holds what is known of each file of the set, by path.
	beside func() map[string]judged
	// related holds the findings about relations between the containers of the set as it is.
	related func() []rules.Finding
}

// judged is what was found in a file, and what the judgement of others needs of it: what the rules about relations need
// of each of its containers, and what was found of their pods.
type judged struct {
	peers            []*rules.Peer
	findings, ofPods []rules.Finding
	problems         []podman.Problem
}

// judged returns what others need of what a file gave. The findings are copied, since a report changes its own.
func (o *outcome) judged() judged {
	return judged{o.peers, slices.Clone(o.findings), slices.Clone(o.ofPods), o.problems}
}

// NewEdited returns what lints edited definitions of a set.
func (l *Linter) NewEdited(set *definition.Set) *Edited { return l.newEdited(set, nil) }

// newEdited does the same where some files were judged before, by their paths.
func (l *Linter) newEdited(set *definition.Set, known map[string]judged) *Edited {
	e := &Edited{linter: l, set: set, beside: sync.OnceValue(func() map[string]judged {
		beside := map[string]judged{}
		for _, path := range set.Paths() {
			b, ok := known[path]
			if !ok {
				o := l.lint(set, path)
				b = o.judged()
			}
			beside[path] = b
		}
		return beside
	})}
	e.related = sync.OnceValue(func() []rules.Finding { return e.relate(e.beside()) })
	return e
}

// relate returns what is found about the relations between the containers of all files.
func (e *Edited) relate(beside map[string]judged) []rules.Finding {
	var all []*rules.Peer
	var ofPods []rules.Finding
	for _, path := range e.set.Paths() {
		all = append(all, beside[path].peers...)
		ofPods = append(ofPods, beside[path].ofPods...)
	}
	return append(e.linter.relations(all), rules.OncePerPod(ofPods)...)
}

// unchanged reports whether texts are what the files have, so that what is known of them holds.
func (e *Edited) unchanged(files []string, texts map[string][]byte) bool {
	for path, text := range texts {
		if now, err := e.set.Text(path); err != nil || !bytes.Equal(now, text) {
			return false
		}
	}
	beside := e.beside()
	return !slices.ContainsFunc(files, func(path string) bool { _, ok := beside[path]; return !ok })
}

// Lint lints files with texts in place of those that the files have, and returns what is found in them, and in what
// stands beside them where it is about both; and what is wrong with the files.
func (e *Edited) Lint(files []string, texts map[string][]byte) (found []rules.Finding, wrong []string) {
	result := report.Report{Started: e.linter.Now()}
	if e.unchanged(files, texts) {
		for _, path := range files {
			b := e.beside()[path]
			e.linter.keep(&result, slices.Clone(b.findings))
			wrong = append(wrong, errorsIn(b.problems)...)
		}
		e.linter.keep(&result, slices.Clone(e.related()))
		return result.Findings, wrong
	}
	overlay := maps.Clone(e.set.Overlay())
	if overlay == nil {
		overlay = map[string][]byte{}
	}
	maps.Copy(overlay, texts)
	set := e.set.With(overlay)
	beside := maps.Clone(e.beside())
	for path, b := range beside { // an edited pod changes what its members have
		if !slices.Contains(files, path) && slices.ContainsFunc(b.ofPods, func(f rules.Finding) bool {
			_, edited := texts[f.Location.File]
			return edited
		}) {
			b.ofPods = e.linter.lint(set, path).ofPods
			beside[path] = b
		}
	}
	for _, path := range files {
		o := e.linter.lint(set, path)
		wrong = append(wrong, missing(beside[path].peers, o.peers)...)
		wrong = append(wrong, errorsIn(o.problems)...)
		beside[path] = o.judged()
		e.linter.keep(&result, o.findings)
	}
	e.linter.keep(&result, e.relate(beside))
	return result.Findings, wrong
}

// errorsIn returns the messages of problems that are no warnings.
func errorsIn(problems []podman.Problem) (messages []string) {
	for i := range problems {
		if !problems[i].Warning {
			messages = append(messages, problems[i].Message)
		}
	}
	return messages
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
