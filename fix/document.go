package fix

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// occurrence is a flag as it is given in a document.
type occurrence struct {
	flag, value string
	from, to    int // the words that give it
	wordFrom    int // the word that holds the value
	wordTo      int
	group       int // the assignment that it is a word of, -1 for none
	off         bool
}

// group is an assignment of a unit: whole lines.
type group struct {
	key      string
	from, to int
	// sole is set where the value is one word, at whose key a setting may be said to stand.
	sole bool
}

// document is a text with the flags that are given in it.
type document struct {
	path        string
	text        []byte
	occurrences []occurrence
	groups      []group
	parts       []partChange
	added       []addition
	taken       []occurrence // what findings had taken away: another one does not put it back
	place       int          // where what is added goes
	version     string
	isUnit      bool
	separator   string          // that stands before what is added to a command line
	ofVariables []podman.Origin // of options that are, or are in, the value of a variable, which others may use
}

// addition is an option to add.
type addition struct {
	change rules.Change
	group  int // that it takes the place of, -1 for none
}

// partChange changes a part of a word: an item of a list, an option of a mount.
type partChange struct {
	from, to int // the word
	// change returns the word without the part, and false where nothing is left of it.
	change func(word string) (text string, left bool)
}

// edit replaces bytes of the text.
type edit struct {
	from, to int
	text     string
}

// end plans the edits that end a finding. It changes nothing where it returns why not.
func (d *document) end(f *rules.Finding) (Done, string) {
	done := Done{Finding: f}
	if why := d.unfit(f); why != "" {
		return done, why
	}
	gone := removals{inGroup: -1}
	if f.Fix.Drop {
		if why := d.remove(f, &gone); why != "" {
			return done, why
		}
	}
	changes := slices.Concat(f.Fix.Changes, f.Fix.Replacement)
	for _, c := range changes {
		if other := d.conflict(c); other != "" {
			return done, "it conflicts with " + other + ", which another finding needs"
		}
	}
	done.Dropped = gone.named
	for _, i := range gone.off {
		d.occurrences[i].off = true
	}
	d.taken = append(d.taken, gone.taken...)
	d.parts = append(d.parts, gone.parts...)
	for _, c := range changes {
		left, ok := d.kept(c)
		if ok && d.add(left, gone.inGroup) {
			done.Words = append(done.Words, d.written(left))
			gone.inGroup = -1
		}
	}
	if f.Fix.MountOption != "" {
		d.mountWith(f.Fix.MountOption)
	}
	return done, ""
}

// unfit returns why a finding cannot be ended by an edit of this document, empty where it may be.
func (d *document) unfit(f *rules.Finding) string {
	changes := slices.Concat(f.Fix.Changes, f.Fix.Replacement)
	switch {
	case !f.Fix.Drop && len(changes) == 0:
		return needsChoice + f.Fix.Summary
	case f.Rule.Kind == rules.FixImage: // what can be written keeps it fresh from then on
		return "no edit makes an image fresh: " + f.Fix.Summary
	case d.isUnit && !strings.HasSuffix(d.path, ".pod") &&
		slices.ContainsFunc(changes, func(c rules.Change) bool { return c.OfPod }):
		return "its pod decides: " + f.Fix.Summary
	}
	return ""
}

// removals is what a finding has taken away.
type removals struct {
	off   []int // occurrences that go as a whole
	parts []partChange
	taken []occurrence // all of it
	named []string     // for people
	// inGroup is the assignment that goes, whose place something may take, -1 for none.
	inGroup int
}

// remove plans to take away what a finding's evidence rests on.
func (d *document) remove(f *rules.Finding, gone *removals) (why string) {
	for _, e := range f.Evidence {
		if e.Origin.File == "" && e.Setting == "Podman" { // what was assumed of the machine
			continue
		}
		found := d.at(e.Origin, false)
		if f.Fix.Of != "" {
			found = d.of(f.Fix.Of, f.Fix.Part)
		}
		if len(found) == 0 {
			if why := d.whyAbsent(f, e.Origin); why != "" {
				return why
			}
		}
		for _, i := range d.meant(found, f.Fix.Part, e.Value) {
			d.removeOne(i, f.Fix, gone)
		}
	}
	return ""
}

// whyAbsent returns why nothing can be taken away at a place, empty where nothing has to be.
func (d *document) whyAbsent(f *rules.Finding, place podman.Origin) string {
	nothingWritten := f.Rule.Kind == rules.FixIDMap || len(f.Fix.Changes) > 0 && place.Line == f.Definition.Origin.Line
	switch {
	case len(d.at(place, true)) > 0: // it went for another finding
		return ""
	case slices.Contains(d.ofVariables, podman.Origin{File: place.File, Line: place.Line, Column: place.Column}):
		return "a variable holds it, which may be used elsewhere too: " + f.Fix.Summary
	case place.File != d.path:
		return "it is set in " + place.String()
	case nothingWritten:
		return ""
	}
	return "what sets it is not found at " + place.String()
}

// removeOne plans to take an occurrence away, or only the part of it that is meant.
func (d *document) removeOne(i int, fix rules.Fix, gone *removals) {
	o := d.occurrences[i]
	if fix.Part != "" {
		word := string(d.text[o.wordFrom:o.wordTo])
		if _, found, left := without(word, o.flag, fix.Part, fix.Becomes); found && left {
			gone.parts = append(gone.parts, d.part(o, fix.Part, fix.Becomes))
			gone.taken = append(gone.taken, occurrence{flag: o.flag, value: fix.Part})
			gone.named = append(gone.named, fix.Part)
			return
		}
	}
	gone.off = append(gone.off, i)
	gone.taken = append(gone.taken, o)
	gone.named = append(gone.named, d.named(o))
	gone.inGroup = o.group
	if o.flag != "env" {
		return
	}
	variable, _, _ := strings.Cut(o.value, "=")
	for j, other := range d.occurrences { // what it took the place of would come to light, and holds a secret too
		if name, _, _ := strings.Cut(other.value, "="); j != i && other.flag == "env" && !other.off && name == variable {
			gone.off = append(gone.off, j)
		}
	}
}

// conflict returns the option that was planned already and cannot be given along with another one, empty where there is
// none.
func (d *document) conflict(c rules.Change) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(c.Flag, "--"), "=")
	for _, a := range d.added {
		other, _, _ := strings.Cut(strings.TrimPrefix(a.change.Flag, "--"), "=")
		if other == name && a.change.Flag != c.Flag && !command.Repeats(name) {
			return a.change.Flag
		}
	}
	return ""
}

// kept returns an option without the capabilities that another finding took away, and false where none is left:
// dropping all capabilities adds back what was asked for, but not what is dangerous.
func (d *document) kept(c rules.Change) (rules.Change, bool) {
	value, ok := strings.CutPrefix(c.Flag, "--cap-add=")
	if !ok {
		return c, true
	}
	items := strings.Split(value, ",")
	left := slices.DeleteFunc(slices.Clone(items), func(item string) bool {
		return slices.ContainsFunc(d.taken,
			func(o occurrence) bool { return o.flag == "cap-add" && sameItem(o.flag, o.value, item) })
	})
	if len(left) == len(items) {
		return c, true
	}
	c.Flag = "--cap-add=" + strings.Join(left, ",")
	return c, len(left) > 0
}

// part is the change that takes a part out of an occurrence's word, or puts another in its place.
func (d *document) part(o occurrence, part, becomes string) partChange {
	return partChange{o.wordFrom, o.wordTo, func(word string) (string, bool) {
		text, _, left := without(word, o.flag, part, becomes) // another finding may have taken it already
		return text, left
	}}
}

// mountWith adds an option to every mount that can be written.
func (d *document) mountWith(option string) {
	for _, o := range d.occurrences {
		before, after, ok := strings.Cut(string(d.text[o.wordFrom:o.wordTo]), o.value)
		if o.off || !ok {
			continue
		}
		d.parts = append(d.parts, partChange{o.wordFrom, o.wordTo, func(word string) (string, bool) {
			value := strings.TrimSuffix(strings.TrimPrefix(word, before), after)
			if text, ok := withOption(o.flag, value, option); ok {
				return before + text + after, true
			}
			return word, true
		}})
	}
}

// withOption adds an option to the value of --volume or --mount; it is false for what cannot be written, or has it or
// its like.
func withOption(flag, value, option string) (string, bool) {
	switch flag {
	case "volume":
		parts := strings.SplitN(value, ":", 3)
		if len(parts) < 2 {
			return "", false
		}
		if len(parts) == 2 {
			return value + ":" + option, true
		}
		for o := range strings.SplitSeq(parts[2], ",") {
			if o == "ro" || o == "O" || o == "U" || strings.HasPrefix(o, "idmap") {
				return "", false
			}
		}
		return value + "," + option, true
	case "mount":
		for field := range strings.SplitSeq(value, ",") {
			name, v, _ := strings.Cut(field, "=")
			switch {
			case name == "type" && v != "bind" && v != "volume", name == "ro", name == "readonly", name == "U",
				name == "chown", name == "idmap":
				return "", false
			}
		}
		if option == "U" {
			option = "U=true"
		}
		return value + "," + option, true
	}
	return "", false
}

// at returns the occurrences that stand at a place: those that are still given, or those that go.
func (d *document) at(origin podman.Origin, off bool) []int {
	if origin.File != d.path || origin.Line == 0 {
		return nil
	}
	offset := offsetOf(d.text, origin.Line, origin.Column)
	var found []int
	for i, o := range d.occurrences {
		if o.off != off {
			continue
		}
		start := o.group >= 0 && d.groups[o.group].sole && lineOf(d.text, d.groups[o.group].from) == origin.Line
		if offset >= o.from && offset < o.to || start {
			found = append(found, i)
		}
	}
	return found
}

// of returns the occurrences of a flag, those with a value where one is given.
func (d *document) of(flag, value string) []int {
	var found []int
	for i, o := range d.occurrences {
		if !o.off && o.flag == flag && (value == "" || sameItem(flag, o.value, value)) {
			found = append(found, i)
		}
	}
	return found
}

// meant returns those of several occurrences in one word that are meant: the one whose value it is, else all.
func (d *document) meant(found []int, part, value string) []int {
	if part == "" && len(found) > 1 {
		part = value
	}
	for _, i := range found {
		o := d.occurrences[i]
		if len(found) > 1 && part != "" && podman.Capability(o.value) == podman.Capability(part) {
			return []int{i}
		}
	}
	return found
}

// named writes an occurrence for people, as the document does: a flag, or the line of a unit; with a value where that
// is no variable's.
func (d *document) named(o occurrence) string {
	name, value := "--"+o.flag, o.value
	if o.group >= 0 && d.groups[o.group].key != "PodmanArgs" {
		name, value = d.groups[o.group].key, string(d.text[o.wordFrom:o.wordTo])
	}
	switch {
	case o.flag == "env" || o.flag == "label" || o.flag == "annotation":
		variable, _, _ := strings.Cut(value, "=")
		return name + "=" + strings.Trim(variable, `"'`) + "=…"
	case name == "--"+o.flag && (value == "" || value == "true"):
		return name
	}
	return name + "=" + value
}

// add plans an option, unless it is there; what it contradicts goes. It reports whether it has to be written.
func (d *document) add(c rules.Change, inGroup int) bool {
	name, value, ok := strings.Cut(strings.TrimPrefix(c.Flag, "--"), "=")
	if !ok {
		value = "true"
	}
	there := false
	for i := range d.occurrences {
		o := &d.occurrences[i]
		if o.off {
			continue
		}
		switch {
		case o.flag == name && strings.EqualFold(o.value, value):
			there = true
		case name == "userns" && command.ForUserNamespace(o.flag),
			o.flag == name && !command.Repeats(name),
			name == "security-opt" && o.flag == name && contradicts(o.value, value):
			o.off = true
			if inGroup < 0 {
				inGroup = o.group
			}
		case name == "cap-add" && o.flag == name:
			there = true // what is added by name stays
		}
	}
	if there || slices.ContainsFunc(d.added, func(a addition) bool { return a.change.Flag == c.Flag }) {
		return false
	}
	d.added = append(d.added, addition{c, inGroup})
	return true
}

// contradicts reports whether a security option says otherwise than another: no-new-privileges=false.
func contradicts(old, wanted string) bool {
	return strings.HasPrefix(old, wanted+"=") || strings.HasPrefix(old, wanted+":")
}

// written is an option in the document's language.
func (d *document) written(c rules.Change) string {
	if !d.isUnit {
		return command.Quote(c.Flag)
	}
	return c.In(podman.SyntaxQuadlet, d.version)
}

// edited returns the text with what was planned.
func (d *document) edited() ([]byte, error) {
	parts := d.makeParts()
	gone := d.wholeGroups()
	edits, added := d.replacements(gone)
	for i, o := range d.occurrences {
		if !o.off || o.group >= 0 && gone[o.group] || d.sharesWord(o) {
			continue
		}
		if i > 0 && d.occurrences[i-1].off && d.occurrences[i-1].from == o.from && d.occurrences[i-1].to == o.to {
			continue // the same word, which goes already
		}
		edits = append(edits, d.removal(o))
	}
	for _, p := range parts {
		if !slices.ContainsFunc(edits, func(e edit) bool { return e.from <= p.from && p.to <= e.to }) { // the word stays
			edits = append(edits, p)
		}
	}
	if len(added) > 0 {
		edits = append(edits, d.insertion(added, edits))
	}
	return apply(d.text, edits)
}

// wholeGroups says of each assignment whether all that it gives goes.
func (d *document) wholeGroups() []bool {
	gone := make([]bool, len(d.groups))
	kept := make([]bool, len(d.groups))
	for _, o := range d.occurrences {
		if o.group >= 0 {
			gone[o.group], kept[o.group] = true, kept[o.group] || !o.off
		}
	}
	for g := range gone {
		gone[g] = gone[g] && !kept[g]
	}
	return gone
}

// replacements returns the edits of the assignments that go, with what takes their place, and what is added elsewhere.
func (d *document) replacements(gone []bool) (edits []edit, added []string) {
	replaced := map[int]string{}
	for _, a := range d.added {
		text := d.written(a.change)
		if a.group >= 0 && gone[a.group] {
			replaced[a.group] += text + "\n"
			continue
		}
		added = append(added, text)
	}
	for g, whole := range gone {
		if whole {
			edits = append(edits, edit{d.groups[g].from, d.groups[g].to, replaced[g]})
		}
	}
	return edits, added
}

// sharesWord reports whether another value of an occurrence's word stays.
func (d *document) sharesWord(o occurrence) bool {
	return slices.ContainsFunc(d.occurrences, func(other occurrence) bool {
		return !other.off && other.wordFrom == o.wordFrom && other.wordTo == o.wordTo
	})
}

// insertion adds words where the document has new ones, which other edits may have changed.
func (d *document) insertion(added []string, edits []edit) edit {
	if !d.isUnit {
		return edit{d.place, d.place, d.separator + strings.Join(added, d.separator)}
	}
	text := strings.Join(added, "\n") + "\n"
	lastGoes := slices.ContainsFunc(edits, func(e edit) bool { return e.from < e.to && e.to == d.place })
	if d.place > 0 && d.text[d.place-1] != '\n' && !lastGoes {
		text = "\n" + text
	}
	return edit{d.place, d.place, text}
}

// removal takes a word away with the white space before it, or behind it where it is a value's first; of a continued
// line that it is all of, nothing is left.
func (d *document) removal(o occurrence) edit {
	start, end := offsetOf(d.text, lineOf(d.text, o.from), 1), o.to
	rest := d.text[end:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	if len(bytes.TrimSpace(d.text[start:o.from])) == 0 && string(bytes.TrimSpace(rest)) == `\` {
		return edit{start, end + len(rest) + 1, ""}
	}
	from := leading(d.text, o.from)
	first := d.isUnit && !slices.ContainsFunc(d.occurrences,
		func(other occurrence) bool { return other.group == o.group && other.from < o.from })
	if first && from > 0 && d.text[from-1] == '=' {
		for end < len(d.text) && (d.text[end] == ' ' || d.text[end] == '\t') {
			end++
		}
	}
	return edit{from, end, ""}
}

// makeParts makes the changes of parts of words, those of one word one after the other. A word of which nothing is left
// goes with its flag.
func (d *document) makeParts() (edits []edit) {
	for _, o := range d.occurrences {
		if o.off && d.sharesWord(o) { // of a list separated by commas
			d.parts = append(d.parts, d.part(o, o.value, ""))
		}
	}
	for _, p := range d.parts {
		i := slices.IndexFunc(edits, func(e edit) bool { return e.from == p.from && e.to == p.to })
		if i < 0 {
			i = len(edits)
			edits = append(edits, edit{p.from, p.to, string(d.text[p.from:p.to])})
		}
		text, left := p.change(edits[i].text)
		if edits[i].text = text; left {
			continue
		}
		for o := range d.occurrences {
			if d.occurrences[o].wordFrom == p.from && d.occurrences[o].wordTo == p.to {
				d.occurrences[o].off = true
			}
		}
	}
	return edits
}

// leading returns where the white space before an offset begins, continued lines with it.
func leading(text []byte, from int) int {
	for from > 0 {
		switch c := text[from-1]; {
		case c == ' ' || c == '\t':
			from--
		case c == '\n' && from > 1 && text[from-2] == '\\':
			from -= 2
		case c == '\n' && from > 2 && text[from-2] == '\r' && text[from-3] == '\\':
			from -= 3
		default:
			return from
		}
	}
	return from
}

// errOverlap says that two planned edits change the same bytes.
var errOverlap = errors.New("its edit overlaps that of another finding")

// apply makes edits. What is inserted where a word is taken away comes first; deletions that overlap become one. Other
// overlapping edits are an error, since making one of them would lose the other. Inserted lines end as the line before
// them does.
func apply(text []byte, edits []edit) ([]byte, error) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(min(a.to-a.from, 1), min(b.to-b.from, 1)))
	})
	var merged []edit
	for _, e := range edits {
		if n := len(merged); n > 0 && e.from < merged[n-1].to {
			if e.text != "" || merged[n-1].text != "" {
				return nil, errOverlap
			}
			merged[n-1].to = max(merged[n-1].to, e.to)
			continue
		}
		merged = append(merged, e)
	}
	var out bytes.Buffer
	at := 0
	for _, e := range merged {
		out.Write(text[at:e.from])
		out.WriteString(withEnding(e.text, lineEnding(text, e.from)))
		at = e.to
	}
	out.Write(text[at:])
	return out.Bytes(), nil
}

// lineEnding returns how the line before an offset ends, or the first line where there is none before.
func lineEnding(text []byte, offset int) string {
	i := bytes.LastIndexByte(text[:offset], '\n')
	if i < 0 {
		i = bytes.IndexByte(text, '\n')
	}
	if i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

func withEnding(text, ending string) string {
	if ending == "\n" {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", ending)
}

// without takes an item out of the list that a flag's value is, or puts another in its place: a capability, an option
// of a mount, a network's option. Where it is not found the word is as it was; where it is all there is nothing is
// left.
func without(word, flag, item, becomes string) (text string, found, left bool) {
	bare := strings.TrimRight(word, `"'`)
	tail := word[len(bare):]
	head, list := "", bare
	switch flag {
	case "volume", "tmpfs", "network":
		i := strings.LastIndexByte(bare, ':')
		if i < 0 || flag == "volume" && strings.Count(bare, ":") < 2 {
			return word, false, true
		}
		head, list = bare[:i], bare[i+1:]
	default:
		if i := strings.IndexByte(bare, '='); i >= 0 && flag != "mount" {
			head, list = bare[:i+1], bare[i+1:]
		}
	}
	inner := strings.TrimLeft(list, `"'`)
	head, list = head+list[:len(list)-len(inner)], inner
	var kept []string
	for s := range strings.SplitSeq(list, ",") {
		switch {
		case !sameItem(flag, strings.Trim(s, `"'`), item):
			kept = append(kept, s)
			continue
		case becomes != "" && flag == "mount":
			kept = append(kept, "relabel=shared")
		case becomes != "":
			kept = append(kept, becomes)
		}
		found = true
	}
	switch {
	case !found:
		return word, false, true
	case len(kept) > 0 && (flag == "volume" || flag == "tmpfs" || flag == "network"):
		return head + ":" + strings.Join(kept, ",") + tail, true, true
	case len(kept) > 0:
		return head + strings.Join(kept, ",") + tail, true, true
	case flag == "volume" || flag == "tmpfs" || flag == "network":
		return head + tail, true, true
	}
	return "", true, false
}

func sameItem(flag, s, item string) bool {
	if flag == "mount" {
		key, value, _ := strings.Cut(s, "=")
		switch item {
		case "Z":
			return key == "relabel" && value == "private"
		case "z":
			return key == "relabel" && value == "shared"
		case "U":
			return key == "U" || key == "chown"
		default:
			return key == "bind-propagation" && value == item || s == item
		}
	}
	if strings.HasPrefix(flag, "cap-") {
		return podman.Capability(s) == podman.Capability(item)
	}
	return s == item
}

// offsetOf returns the offset of a 1-based line and column.
func offsetOf(text []byte, line, column int) int {
	offset := 0
	for n := 1; n < line; n++ {
		i := bytes.IndexByte(text[offset:], '\n')
		if i < 0 {
			return len(text)
		}
		offset += i + 1
	}
	return min(offset+max(column-1, 0), len(text))
}

// lineOf returns the 1-based line of an offset.
func lineOf(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }
