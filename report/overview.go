package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// The overview is for many containers, where a block for each would be hundreds of lines that differ in few places:
//
//   - How far somebody gets, level by level, with the containers' names.
//   - What only some have, worst first: what to look at. Containers of which the same is said share an entry.
//   - What nearly all have, with the names of those that do not: what to change everywhere, or in the defaults.
//   - What takes away the most (see plan.go).
//
// The details of each are the blocks, with --full or a container's name.

const (
	// allNames is how many names are written of the containers that reach furthest, manyNames of those with what matters
	// most, and fewNames of others.
	allNames  = 40
	manyNames = 12
	fewNames  = 8
	// mostMessages is how many messages of a rule are written that differ; of more, its title says what they are about.
	mostMessages = 3
)

// names writes a list of names, the first of many.
func names(list []string, most int) string {
	shown := make([]string, 0, most)
	for i, name := range list {
		if i == most {
			return fmt.Sprintf("%s, … %d more", strings.Join(shown, ", "), len(list)-most)
		}
		shown = append(shown, safe.Text(name))
	}
	return strings.Join(shown, ", ")
}

// overview writes what all containers have in common, and what they do not.
func (t *textWriter) overview(blocks []block, clean []string) {
	called := t.namer()
	t.levels(called)
	judged := 0
	for _, c := range t.report.Containers {
		if c.isLinted() {
			judged++
		}
	}
	some, most := t.entries(blocks, judged, called)
	t.onlySome(some)
	t.nearlyAll(most, judged, called)
	t.clean(clean)
}

// namer returns what containers are called: by their names and, where several have one name, with what their files'
// paths differ by.
func (t *textWriter) namer() func(c Container) string {
	files := map[string][]string{}
	for _, c := range t.report.Containers {
		files[c.Name] = append(files[c.Name], c.Definition.Origin.File)
	}
	return func(c Container) string {
		if file := c.Definition.Origin.File; len(files[c.Name]) > 1 && file != "" {
			return c.Name + " (" + distinct(file, files[c.Name]) + ")"
		}
		return c.Name
	}
}

// distinct returns as much of a path as tells it from the others, from the first directory on in which they differ.
func distinct(path string, others []string) string {
	parts := strings.Split(path, "/")
	same := func(from, to int) bool { // whether another has the same directories there
		return slices.ContainsFunc(others, func(other string) bool {
			theirs := strings.Split(other, "/")
			return other != path && len(theirs) >= to && slices.Equal(theirs[from:to], parts[from:to])
		})
	}
	first := 0
	for first < len(parts)-1 && !slices.ContainsFunc(others, func(other string) bool {
		theirs := strings.Split(other, "/")
		return len(theirs) <= first || theirs[first] != parts[first]
	}) {
		first++
	}
	last := first + 1
	for last < len(parts) && same(first, last) {
		last++
	}
	shown := strings.Join(parts[first:last], "/")
	if last < len(parts) {
		shown += "/…"
	}
	return shown
}

// levels writes which containers reach how far.
func (t *textWriter) levels(called func(Container) string) {
	of := map[rules.Level][]Container{}
	for _, c := range t.report.Containers {
		if c.Reach != nil {
			of[c.Reach.Level] = append(of[c.Reach.Level], c)
		}
	}
	if len(of) == 0 {
		return
	}
	t.print("\n", t.palette.bold("Reach"), "\n")
	const width = len("escape-to-root")
	for _, level := range rules.Levels() {
		list := of[level]
		if len(list) == 0 {
			continue
		}
		paint, most := t.palette.dim, fewNames
		switch level {
		case rules.HostRoot:
			paint, most = t.palette.severity[rules.Critical], allNames
		case rules.HostUser:
			paint, most = t.palette.severity[rules.High], allNames
		default:
		}
		head := fmt.Sprintf("%s%s %4d  ", paint(level.String()), strings.Repeat(" ", width-len(level.String())), len(list))
		const indent = 2 + width + 1 + 4 + 2
		t.print("  ", head, t.wrapped(rated(list, most, called), indent, plain), "\n")
	}
}

func plain(s string) string { return s }

// rated writes containers with their exposures, the most exposed first; those that are alike share it.
func rated(list []Container, most int, called func(Container) string) string {
	exposure := func(c Container) float64 {
		if c.Exposure == nil {
			return -1
		}
		return *c.Exposure
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Container) int {
		return cmp.Or(cmp.Compare(exposure(b), exposure(a)), strings.Compare(a.Name, b.Name))
	})
	var parts []string
	for i := 0; i < len(list) && i < most; {
		var alike []string
		first := exposure(list[i])
		for ; i < len(list) && i < most && exposure(list[i]) == first; i++ {
			alike = append(alike, safe.Text(called(list[i])))
		}
		part := strings.Join(alike, ", ")
		if first >= 0 {
			part += fmt.Sprintf(" %.1f", first)
		}
		parts = append(parts, part)
	}
	text := strings.Join(parts, "; ")
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf("; … %d more", more)
	}
	return text
}

// entry is what several containers have in common.
type entry struct {
	rule     *rules.Rule
	severity rules.Severity
	message  string
	names    []string
	// held is which containers have it, and milder how many of them at a lower severity.
	held   map[containerKey]bool
	milder int
	// fixes counts what is to be done about it, and of how many.
	fixes map[string]int
	n     int
}

// entries parts what is found into what only some have and what nearly all have: three of four.
func (t *textWriter) entries(blocks []block, judged int, called func(Container) string) (some, most []*entry) {
	byRule := map[string]*entry{}
	for _, b := range blocks {
		worst := map[string]rules.Severity{}
		for _, f := range b.findings {
			worst[f.Rule.ID] = max(worst[f.Rule.ID], f.Severity)
			e := byRule[f.Rule.ID]
			if e == nil {
				e = &entry{rule: f.Rule, held: map[containerKey]bool{}, fixes: map[string]int{}}
				byRule[f.Rule.ID] = e
			}
			e.severity = max(e.severity, f.Severity)
			e.fixes[t.remedy(b.container, f)]++
			e.n++
			if b.container.isLinted() {
				e.held[b.container.key()] = true
			}
		}
	}
	const share, of = 3, 4
	for _, e := range byRule {
		if len(e.held)*of >= judged*share {
			most = append(most, e)
		}
	}
	common := map[string]bool{}
	for _, e := range most {
		common[e.rule.ID] = true
		for _, b := range blocks {
			if b.container.isLinted() && e.held[b.container.key()] && b.worst(e.rule.ID) < e.severity {
				e.milder++
			}
		}
	}
	return t.rare(blocks, common, called), inOrder(most)
}

// worst returns the highest severity that a rule found.
func (b block) worst(rule string) (worst rules.Severity) {
	for _, f := range b.findings {
		if f.Rule.ID == rule {
			worst = max(worst, f.Severity)
		}
	}
	return worst
}

// rare returns what only some containers have, what is said alike together.
func (t *textWriter) rare(blocks []block, common map[string]bool, called func(Container) string) []*entry {
	type key struct {
		rule, message string
		severity      rules.Severity
	}
	messages := map[key]map[string]bool{}
	for _, b := range blocks {
		for _, f := range b.findings {
			k := key{f.Rule.ID, "", f.Severity}
			if messages[k] == nil {
				messages[k] = map[string]bool{}
			}
			messages[k][f.Message] = true
		}
	}
	entries := map[key]*entry{}
	var list []*entry
	for _, b := range blocks {
		name := called(b.container)
		if b.container.Name == "" {
			name = "the host"
		}
		for _, f := range b.findings {
			if common[f.Rule.ID] {
				continue
			}
			message := f.Message
			if len(messages[key{f.Rule.ID, "", f.Severity}]) > mostMessages {
				message = f.Rule.Title
			}
			k := key{f.Rule.ID, message, f.Severity}
			e := entries[k]
			if e == nil {
				e = &entry{rule: f.Rule, severity: f.Severity, message: message, held: map[containerKey]bool{}}
				entries[k] = e
				list = append(list, e)
			}
			if !e.held[b.container.key()] {
				e.held[b.container.key()] = true
				e.names = append(e.names, name)
			}
		}
	}
	return inOrder(list)
}

// usual returns what is to be done about it mostly, and of how many.
func (e *entry) usual() (remedy string, most int) {
	for _, text := range slices.Sorted(maps.Keys(e.fixes)) {
		if n := e.fixes[text]; n > most {
			remedy, most = text, n
		}
	}
	return remedy, most
}

// inOrder sorts entries, the worst first, then what most have.
func inOrder(list []*entry) []*entry {
	slices.SortStableFunc(list, func(a, b *entry) int {
		return cmp.Or(int(b.severity)-int(a.severity), strings.Compare(a.rule.ID, b.rule.ID), len(b.held)-len(a.held),
			strings.Compare(a.message, b.message))
	})
	return list
}

// idWidth is how wide the names of the entries' rules are.
func idWidth(list []*entry) int {
	width := 0
	for _, e := range list {
		width = max(width, len(e.rule.ID))
	}
	return width
}

func (t *textWriter) onlySome(list []*entry) {
	if len(list) == 0 {
		return
	}
	t.print("\n", t.palette.bold("Only in some"), t.palette.dim("   what to look at first"), "\n")
	width := idWidth(list)
	for _, e := range list {
		slices.Sort(e.names)
		most := manyNames
		if e.severity < rules.High {
			most = fewNames
		}
		t.entry(e, width, names(e.names, most)+": "+safe.Text(e.message))
	}
}

// entry writes the severity, the rule and what is said of it, and what is to be added: in the same line where there is
// room for all of it.
func (t *textWriter) entry(e *entry, width int, text string, added ...string) {
	severity := e.severity.String()
	head := "  " + t.palette.severity[e.severity](severity) + strings.Repeat(" ", severityWidth-len(severity)+1) +
		e.rule.ID + strings.Repeat(" ", width-len(e.rule.ID)+2)
	body := 2 + severityWidth + 1 + width + 2
	const narrow = 30
	if t.style.Width > 0 && t.style.Width-body < narrow {
		head, body = strings.TrimRight(head, " ")+"\n    ", 4
	}
	for _, more := range added {
		if one := text + "   " + more; t.style.Width == 0 || body+utf8.RuneCountInString(one) <= t.style.Width {
			text = one
			continue
		}
		t.print(head, t.wrapped(text, body, plain), "\n")
		head, text = strings.Repeat(" ", body), more
	}
	t.print(head, t.wrapped(text, body, plain), "\n")
}

// notIn names the containers that do not have what nearly all have.
func notIn(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return []string{"not in: " + names(list, fewNames)}
}

func (t *textWriter) nearlyAll(list []*entry, judged int, called func(Container) string) {
	if len(list) == 0 {
		return
	}
	t.print("\n", t.palette.bold("In nearly all"), "\n")
	width := idWidth(list)
	for _, e := range list {
		text := fmt.Sprintf("%d of %d", len(e.held), judged)
		if e.milder > 0 {
			text += fmt.Sprintf(" (%d less severe)", e.milder)
		}
		if remedy, n := e.usual(); n == e.n {
			text += "  → " + remedy
		} else if n*2 >= e.n {
			text += fmt.Sprintf("  → %s (%d otherwise)", remedy, e.n-n)
		} else {
			text += "  " + e.rule.Title
		}
		var without []string
		for _, c := range t.report.Containers {
			if c.isLinted() && !e.held[c.key()] {
				without = append(without, called(c))
			}
		}
		slices.Sort(without)
		t.entry(e, width, text, notIn(without)...)
	}
}

// alike writes errors or warnings, those with one message together.
func (t *textWriter) alike(title string, list []Error) {
	const few = 3
	targets := map[string][]string{}
	for _, e := range list {
		targets[e.Message] = append(targets[e.Message], e.Target)
	}
	var once []Error
	for _, e := range list {
		switch same := targets[e.Message]; {
		case len(same) <= few:
			once = append(once, e)
		case same[0] == e.Target:
			e.Target = fmt.Sprintf("%s and %d more", e.Target, len(same)-1)
			once = append(once, e)
		}
	}
	t.errors(title, once)
}

// worstContainer returns the container that is to be looked at first, false for none.
func (t *textWriter) worstContainer(blocks []block) (Container, bool) {
	var worst *block
	for i := range blocks {
		b := &blocks[i]
		if b.container.Kind == podman.KindContainer && (worst == nil || b.worse(worst)) {
			worst = b
		}
	}
	if worst == nil {
		return Container{}, false
	}
	return worst.container, true
}

// worse reports whether there is more to say of a container than of another: it reaches further, is more exposed, or
// has more findings of the worst severities.
func (b *block) worse(than *block) bool {
	level := func(b *block) (rules.Level, float64) {
		if b.container.Reach == nil || b.container.Exposure == nil {
			return rules.ReachUnknown, 0
		}
		return b.container.Reach.Level, *b.container.Exposure
	}
	x, exposure := level(b)
	y, other := level(than)
	if order := cmp.Or(cmp.Compare(x, y), cmp.Compare(exposure, other)); order != 0 {
		return order > 0
	}
	return b.compare(*than) < 0
}
