package fix

import (
	"fmt"
	"slices"

	"github.com/podlint/podlint/rules"
)

// Request is what Verified plans.
type Request struct {
	Path string
	Text []byte
	// Groups holds the findings. Those of a group are planned with one reading of the text, the last ones of the file
	// first.
	Groups [][]*rules.Finding
	// Version is that of the Podman that reads the file, empty for the newest.
	Version string
	// Lint reads the definitions with a text in place of the file's and returns the findings of the selected rules.
	Lint func(text []byte) ([]rules.Finding, error)
	// Refuse says why an edit is not made that follows from another; nil where each is made.
	Refuse Refuse
	// Regroup parts the findings of an edited text as those in Groups are.
	Regroup func(findings []rules.Finding) [][]*rules.Finding
}

// tries bounds how often a plan is made without the edits that failed, and rounds how often edits follow from others.
const (
	tries  = 12
	rounds = 4
)

// Verified plans the edits of a file, lints the edited text, and plans again without the edits that failed: their
// finding is still there, or there is a new one that is as severe. A milder finding that an edit uncovers, such as the
// capabilities of a container that was privileged, gets an edit of its own.
func Verified(r *Request) Outcome {
	before, err := r.Lint(r.Text)
	if err != nil {
		return r.unverified(fmt.Sprintf("the file cannot be linted: %v", err))
	}
	known := map[identity]bool{}
	for i := range before {
		known[identityOf(&before[i])] = true
	}
	out := Outcome{After: r.Text}
	groups := r.Groups
	for range rounds {
		step, found := r.round(out.After, groups, known)
		if undone(out.Done, found) { // what an edit uncovers does not take back what it is for
			for _, d := range step.Done {
				out.Failed = append(out.Failed, Left{d.Finding, "with this edit a finding comes back that another " +
					"one ended"})
			}
			out.Left, out.Failed = append(out.Left, step.Left...), append(out.Failed, step.Failed...)
			break
		}
		out.After, out.Done = step.After, append(out.Done, step.Done...)
		out.Left, out.Failed = append(out.Left, step.Left...), append(out.Failed, step.Failed...)
		var next []rules.Finding
		for i := range found {
			f := &found[i]
			id := identityOf(f)
			if known[id] || f.Waived != "" || f.Definition.Origin.File == "" {
				continue
			}
			known[id] = true
			next = append(next, *f)
		}
		if len(next) == 0 || r.Regroup == nil {
			break
		}
		groups = r.Regroup(next)
		for i, group := range groups {
			groups[i] = slices.DeleteFunc(group, func(f *rules.Finding) bool {
				why := f.Breaks
				if why == "" && r.Refuse != nil {
					why = r.Refuse(f)
				}
				if why != "" {
					out.Left = append(out.Left, Left{f, why})
				}
				return why != ""
			})
		}
	}
	return out
}

// undone reports whether a finding that edits ended is found again.
func undone(done []Done, found []rules.Finding) bool {
	return slices.ContainsFunc(done, func(d Done) bool {
		return slices.ContainsFunc(found, func(f rules.Finding) bool {
			return identityOf(&f) == identityOf(d.Finding)
		})
	})
}

// needsTrying is why an edit is left that only --all makes.
const needsTrying = "it needs trying (podlint prove), or --all"

// round plans groups until every edit holds, and returns what is found in the text then.
func (r *Request) round(
	text []byte, groups [][]*rules.Finding, known map[identity]bool,
) (Outcome, []rules.Finding) {
	failed := map[*rules.Finding]string{}
	for range tries {
		out := r.plan(text, groups, failed)
		if len(out.Done) == 0 {
			return r.nothing(text, groups, failed, out.Left), nil
		}
		found, err := r.Lint(out.After)
		bad := len(failed)
		if err != nil {
			unreadable := func(_ []rules.Finding, err error) bool { return err != nil }
			if blamed := r.blame(text, groups, failed, unreadable); blamed != nil {
				failed[blamed] = fmt.Sprintf("with this edit the file is not read as it was: %v", err)
				continue
			}
			break
		}
		stillThere(out.Done, found, failed)
		if len(failed) == bad {
			r.uncovered(text, groups, found, known, failed)
		}
		if len(failed) == bad {
			out.Failed = failures(groups, failed)
			return out, found
		}
	}
	for _, f := range slices.Concat(groups...) { // nothing holds together
		if failed[f] == "" {
			failed[f] = "no set of edits was found that holds"
		}
	}
	return r.nothing(text, groups, failed, nil), nil
}

// stillThere fails the edits whose finding is found again after them.
func stillThere(done []Done, found []rules.Finding, failed map[*rules.Finding]string) {
	now := map[identity]bool{}
	for i := range found {
		now[identityOf(&found[i])] = true
	}
	for _, d := range done {
		if d.Finding.Rule.Kind != rules.FixImage && now[identityOf(d.Finding)] {
			failed[d.Finding] = "the finding is still there after the edit"
		}
	}
}

// uncovered fails the first edit with which there is a new finding that is as severe as the one that it ends.
func (r *Request) uncovered(text []byte, groups [][]*rules.Finding, found []rules.Finding, known map[identity]bool,
	failed map[*rules.Finding]string) {
	for i := range found {
		f := &found[i]
		id := identityOf(f)
		if known[id] || f.Waived != "" || f.Severity < rules.Low {
			continue
		}
		blamed := r.blame(text, groups, failed, func(list []rules.Finding, err error) bool {
			again := func(g rules.Finding) bool { return identityOf(&g) == id }
			return err != nil || slices.ContainsFunc(list, again)
		})
		if blamed != nil && f.Severity >= blamed.Severity {
			failed[blamed] = fmt.Sprintf("with this edit there is a new finding, %s (%s): %s",
				f.Rule.ID, f.Severity, f.Message)
			return
		}
	}
}

// blame returns the finding whose edit is the first, in the order that they are made, with which a text is bad.
func (r *Request) blame(
	text []byte, groups [][]*rules.Finding, failed map[*rules.Finding]string, bad func([]rules.Finding, error) bool,
) *rules.Finding {
	all := slices.DeleteFunc(slices.Concat(groups...), func(f *rules.Finding) bool { return failed[f] != "" })
	for n := range all {
		without := map[*rules.Finding]string{}
		for _, f := range all[n+1:] {
			without[f] = "later"
		}
		for f, why := range failed {
			without[f] = why
		}
		if bad(r.Lint(r.plan(text, groups, without).After)) {
			return all[n]
		}
	}
	return nil
}

// plan plans the groups without the edits that failed.
func (r *Request) plan(text []byte, groups [][]*rules.Finding, failed map[*rules.Finding]string) Outcome {
	all := Outcome{After: text}
	for _, group := range groups {
		group = slices.DeleteFunc(slices.Clone(group), func(f *rules.Finding) bool { return failed[f] != "" })
		out := File(r.Path, all.After, group, r.Version)
		all.After, all.Done, all.Left = out.After, append(all.Done, out.Done...), append(all.Left, out.Left...)
	}
	return all
}

// nothing is the outcome of a plan in which no edit is made.
func (r *Request) nothing(
	text []byte, groups [][]*rules.Finding, failed map[*rules.Finding]string, left []Left,
) Outcome {
	return Outcome{After: text, Left: left, Failed: failures(groups, failed)}
}

// unverified leaves every finding.
func (r *Request) unverified(why string) Outcome {
	out := Outcome{After: r.Text}
	for _, f := range slices.Concat(r.Groups...) {
		out.Failed = append(out.Failed, Left{f, why})
	}
	return out
}

// failures returns the findings whose edit failed, in their order.
func failures(groups [][]*rules.Finding, failed map[*rules.Finding]string) []Left {
	var list []Left
	for _, f := range slices.Concat(groups...) {
		if why := failed[f]; why != "" {
			list = append(list, Left{f, why})
		}
	}
	return list
}

// identity tells findings of two readings of a file apart: lines and messages may change.
type identity struct{ container, rule, cause string }

func identityOf(f *rules.Finding) identity { return identity{f.Container, f.Rule.ID, f.Cause} }
