package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fatih/color"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// What the text report looks like is decided here and nowhere else:
//
//   - Many containers are an overview: see overview.go. Else
//   - A container is a block: who it is on the first line, its findings below, worst first. The worst container is
//     first, since reports are read from the top, in a pager and in a CI log. What is clean is one line.
//   - A finding is what is wrong, and below it, after an arrow, what to type. In a unit's words where a unit made the
//     container. What is to be done about several findings of a rule is said once, below the last of them.
//   - Columns are aligned over the whole report, lines are wrapped at the terminal's width and never cut: half a flag
//     is of no use.
//   - Colour marks severities and dims what can be passed over. Nothing is said by colour alone.
//   - Every word that is not podlint's own goes through Safe.

// Style says how a text report is drawn.
type Style struct {
	// Color switches colour on.
	Color bool
	// Width is the number of columns, 0 for no wrapping.
	Width int
	// Verbose adds the evidence to each finding.
	Verbose bool
	// Overview says what the containers have in common rather than what each has, and shows the plan.
	Overview bool
	// Options holds what the commands have to be given that lead on from here, such as which service was asked.
	Options []string
}

// palette holds the few colours; each is a function that may do nothing.
type palette struct {
	severity  map[rules.Severity]func(string) string
	bold, dim func(string) string
	good      func(string) string
	fix       func(string) string
}

func newPalette(on bool) palette {
	paint := func(attributes ...color.Attribute) func(string) string {
		c := color.New(attributes...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return func(s string) string { return c.Sprint(s) }
	}
	return palette{
		severity: map[rules.Severity]func(string) string{
			rules.Critical: paint(color.FgWhite, color.BgRed, color.Bold),
			rules.High:     paint(color.FgRed, color.Bold),
			rules.Medium:   paint(color.FgYellow),
			rules.Low:      paint(color.FgCyan),
			rules.Info:     paint(color.Faint),
		},
		bold: paint(color.Bold), dim: paint(color.Faint), good: paint(color.FgGreen), fix: paint(color.FgGreen),
	}
}

// Text writes the report for people.
func Text(w io.Writer, r *Report, style Style) error {
	t := &textWriter{to: w, style: style, palette: newPalette(style.Color), report: r}
	t.header()
	for _, c := range r.Configuration {
		t.print(t.wrapped(safe.Text(c.String()), 2, t.palette.dim), "\n")
	}
	blocks, clean := t.blocks()
	if style.Overview {
		t.overview(blocks, clean)
		t.errors("errors", t.report.Errors)
		t.alike("warnings", t.report.Warnings)
	} else {
		for _, b := range blocks {
			t.block(b)
		}
		t.clean(clean)
		t.errors("errors", t.report.Errors)
		t.errors("warnings", t.report.Warnings)
	}
	t.skipped()
	if style.Overview {
		t.plan()
	}
	flagged := 0
	for _, b := range blocks {
		if b.container.isLinted() {
			flagged++
		}
	}
	t.summary(flagged, len(clean), blocks)
	return t.err
}

type textWriter struct {
	to      io.Writer
	style   Style
	palette palette
	report  *Report
	// quiet names the containers in which nothing is found that counts and is shown, but which are not clean.
	quiet []string
	err   error
}

func (t *textWriter) print(parts ...string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.to, strings.Join(parts, ""))
	}
}

func (t *textWriter) header() {
	for _, s := range t.report.Sources {
		if s.Kind == "files" {
			judged := 0
			for _, c := range t.report.Containers {
				if c.isLinted() {
					judged++
				}
			}
			t.print(t.palette.bold(word.Count(judged, "container", "containers")),
				t.palette.dim("   "+safe.Text(s.URI)), "\n")
			continue
		}
		line := "podman " + safe.Text(s.Podman)
		if s.Rootless != nil && *s.Rootless {
			line += ", rootless"
		} else if s.Rootless != nil {
			line += ", rootful"
		}
		t.print(t.palette.bold(line), ", ", t.containers(), t.palette.dim("   "+safe.Text(s.URI)), "\n")
	}
}

// containers counts them: those that are judged, how many of them run, and Podman's own.
func (t *textWriter) containers() string {
	if noun := t.noun(); noun != "container" {
		return word.Count(len(t.report.Containers), noun, noun+"s")
	}
	judged, running, own := 0, 0, 0
	for _, c := range t.report.Containers {
		switch {
		case !c.isLinted():
			own++
		case c.State == "running":
			judged, running = judged+1, running+1
		default:
			judged++
		}
	}
	line := fmt.Sprintf("%s (%d running)", word.Count(judged, "container", "containers"), running)
	if own > 0 {
		line += fmt.Sprintf(" and %d of Podman's own", own)
	}
	return line
}

// block is a container with its findings.
type block struct {
	container Container
	findings  []*rules.Finding
}

// blocks groups the findings, the worst container first, and returns the names of those without any.
func (t *textWriter) blocks() (blocks []block, clean []string) {
	found := map[containerKey][]*rules.Finding{}
	for i := range t.report.Findings {
		f := &t.report.Findings[i]
		if f.Waived == "" && !f.Baseline || t.style.Verbose {
			found[keyOf(f)] = append(found[keyOf(f)], f)
		}
	}
	accepted := t.report.accepted()
	for _, c := range t.report.Containers {
		switch found := found[c.key()]; {
		case !c.isLinted() && len(found) == 0:
		case len(found) == 0 && accepted[c.key()]:
			t.quiet = append(t.quiet, safe.Text(c.Name))
		case len(found) == 0:
			clean = append(clean, safe.Text(c.Name))
		default:
			blocks = append(blocks, block{c, found})
		}
	}
	if of := found[containerKey{}]; len(of) > 0 {
		blocks = append(blocks, block{Container{}, of})
	}
	if t.report.Definitions { // the files worst first, what a file defines in its order
		files := map[string]*block{}
		for _, b := range blocks {
			file := b.container.Definition.Origin.File
			if files[file] == nil {
				files[file] = &block{}
			}
			files[file].findings = append(files[file].findings, b.findings...)
		}
		of := func(b block) block { return *files[b.container.Definition.Origin.File] }
		slices.SortStableFunc(blocks, func(a, b block) int {
			return cmp.Or(of(a).compare(of(b)),
				strings.Compare(a.container.Definition.Origin.File, b.container.Definition.Origin.File))
		})
		return blocks, clean
	}
	slices.SortStableFunc(blocks, func(a, b block) int {
		return cmp.Or(a.compare(b), strings.Compare(a.container.Name, b.container.Name))
	})
	return blocks, clean
}

// compare orders blocks by how many findings they have of the worst severity, then of the next.
func (b block) compare(other block) int {
	for _, s := range severities {
		if d := other.count(s) - b.count(s); d != 0 {
			return d
		}
	}
	return 0
}

func (b block) count(s rules.Severity) int {
	n := 0
	for _, f := range b.findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Columns: two spaces, the severity, a space, the rule's name, two spaces, the rest.
const severityWidth = len("critical")

func (t *textWriter) ruleWidth() int {
	width := 0
	for _, r := range t.report.Rules {
		width = max(width, len(r.ID))
	}
	return width
}

func (t *textWriter) block(b block) {
	c := b.container
	name, what := safe.Text(c.Name), safe.Text(c.Image)
	switch {
	case name == "":
		name, what = "the host", "this machine and its Podman"
	case c.Kind == podman.KindInfra:
		what = "what the pod's members share"
	case c.Kind == podman.KindResource && what == "":
		what = "what containers use"
	}
	t.print("\n", t.palette.bold(name))
	if c.Kind != podman.KindImage { // whose name it is
		t.print("   ", what)
	}
	if uptime := t.uptime(c); uptime != "" {
		t.print("   ", t.palette.dim(uptime))
	}
	switch origin := c.Definition.Origin; {
	case origin.File != "":
		t.print(t.palette.dim("   " + safe.Text(short(origin))))
	case c.Unit != "":
		t.print(t.palette.dim("   " + safe.Text(c.Unit)))
	}
	t.print("\n")
	t.reach(c)
	if p := c.Provenance; p != nil {
		if p.Distribution != "" {
			t.print("  ", t.wrapped(safe.Text(p.Distribution), 2, t.palette.dim), "\n")
		}
		const column = "  made of   "
		t.print(column, t.wrapped(safe.Text(p.MadeOf()), len(column), t.palette.dim), "\n")
	}
	if c.Assumed != "" {
		t.print("  ", t.wrapped(safe.Text(c.Assumed), 2, t.palette.dim), "\n")
	}
	if len(c.Changed) > 0 {
		t.print("  ", t.wrapped("the unit was changed after the container was made: "+strings.Join(c.Changed, ", "), 2,
			t.palette.severity[rules.Medium]), "\n")
	}
	ruleWidth := t.ruleWidth()
	indent := 2 + severityWidth + 1 + ruleWidth + 2
	const narrow = 40
	for i, f := range b.findings {
		name := f.Severity.String()
		head := "  " + t.palette.severity[f.Severity](name) + strings.Repeat(" ", severityWidth-len(name)+1) +
			f.Rule.ID + strings.Repeat(" ", ruleWidth-len(f.Rule.ID)+2)
		body := indent
		if t.style.Width > 0 && t.style.Width-indent < narrow { // no room for columns: the text goes below the name
			head, body = strings.TrimRight(head, " ")+"\n"+strings.Repeat(" ", 4), 4
		}
		message := safe.Text(f.Message)
		if f.Confidence == rules.Guessed {
			message += " (a guess)"
		}
		if f.Waived != "" {
			message += " (waived: " + safe.Text(f.Waived) + ")"
		} else if f.Baseline {
			message += " (in the baseline)"
		}
		t.print(head, t.wrapped(message, body, func(s string) string { return s }), "\n")
		if t.style.Verbose {
			for _, e := range f.Evidence {
				t.print(strings.Repeat(" ", body),
					t.wrapped(fmt.Sprintf("%s: %s   (%s)", safe.Text(e.Setting), safe.Text(e.Value),
						safe.Text(e.Origin.String())), body, t.palette.dim), "\n")
			}
		}
		t.quote(c, f, body)
		remedy := t.remedy(c, f)
		if next := i + 1; next < len(b.findings) && b.findings[next].Rule == f.Rule &&
			t.remedy(c, b.findings[next]) == remedy {
			continue // said once, below the last that it is for
		}
		t.print(strings.Repeat(" ", body), t.wrapped("→ "+remedy, body, t.palette.fix), "\n")
	}
}

// reach says how far someone gets who takes the container over; by what way where that needs no bug, or where asked.
func (t *textWriter) reach(c Container) {
	if c.Reach == nil {
		return
	}
	line := "reach " + c.Reach.Level.String()
	if c.Exposure != nil {
		line += fmt.Sprintf(", exposure %.1f", *c.Exposure)
	}
	if c.Reach.Level >= rules.HostUser || c.Reach.Level == rules.ReachUnknown || t.style.Verbose {
		line += ": " + safe.Text(strings.Join(c.Reach.Why, "; "))
	}
	paint := t.palette.dim
	switch c.Reach.Level {
	case rules.HostRoot:
		paint = t.palette.severity[rules.Critical]
	case rules.HostUser:
		paint = t.palette.severity[rules.High]
	default:
	}
	t.print("  ", t.wrapped(line, 2, paint), "\n")
}

// quote shows the line that a finding is about, and points at it.
func (t *textWriter) quote(c Container, f *rules.Finding, body int) {
	if f.Quote == "" {
		return
	}
	where := fmt.Sprint(f.Location.Line)
	if f.Location.File != c.Definition.Origin.File {
		where = short(f.Location)
	}
	line, pad := f.Quote, max(f.Location.Column-1, 0)
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	line, pad = line[indent:], pad-indent
	head := safe.Text(where) + " | "
	before := -1
	if pad >= 0 && pad <= len(line) {
		before = utf8.RuneCountInString(safe.Text(line[:pad]))
	}
	text, before := window(safe.Text(line), before, t.style.Width-body-utf8.RuneCountInString(head))
	t.print(strings.Repeat(" ", body), t.palette.dim(head), text, "\n")
	if before >= 0 {
		t.print(strings.Repeat(" ", body+utf8.RuneCountInString(head)+before), t.palette.dim("^"), "\n")
	}
}

// window returns what has room of a quoted line, with the place that is pointed at in it, and where that is then. Where
// the terminal wraps a line, the pointer stands below another word.
func window(line string, at, room int) (string, int) {
	runes := []rune(line)
	const least = 20
	if room < least || len(runes) <= room {
		return line, at
	}
	from := 0
	if at > room*2/3 {
		from = min(at-room/3, len(runes)-room)
	}
	shown := slices.Clone(runes[from : from+room])
	if from > 0 {
		shown[0] = '…'
	}
	if from+room < len(runes) {
		shown[room-1] = '…'
	}
	if at >= 0 {
		at -= from
	}
	return string(shown), at
}

// short writes a place without its column.
func short(o podman.Origin) string {
	o.Column = 0
	return o.String()
}

// remedy is the change in the words of what made the container.
func (t *textWriter) remedy(c Container, f *rules.Finding) string {
	syntax := c.Definition.Syntax
	if syntax == "" && c.Unit != "" {
		syntax = podman.SyntaxQuadlet
	}
	changes := f.Fix.Words(syntax, t.report.podman())
	text := safe.Text(strings.Join(changes, "  "))
	switch {
	case len(changes) == 0:
		text = safe.Text(f.Fix.Summary)
	case t.style.Verbose:
		text += "   (" + safe.Text(f.Fix.Summary) + ")"
	}
	switch {
	case f.Proven != "":
		text += "   (proven " + safe.Text(f.Proven) + ")"
	case f.Breaks != "":
		text += "   (" + safe.Text(f.Breaks) + ")"
	}
	return text
}

// uptime is the container's state, with how long it has been running.
func (t *textWriter) uptime(c Container) string {
	if c.State != "running" || c.Started.IsZero() || t.report.Finished.Before(c.Started) {
		return safe.Text(c.State)
	}
	d := t.report.Finished.Sub(c.Started)
	switch {
	case d >= 48*time.Hour:
		return "running " + word.Count(int(d.Hours()/24), "day", "days")
	case d >= 2*time.Hour:
		return "running " + word.Count(int(d.Hours()), "hour", "hours")
	case d >= 2*time.Minute:
		return "running " + word.Count(int(d.Minutes()), "minute", "minutes")
	default:
		return "running, just started"
	}
}

func (t *textWriter) clean(names []string) {
	t.listed("clean", names, t.palette.good)
	t.listed("nothing shown", t.quiet, t.palette.bold)
}

// listed writes names behind what is said of them.
func (t *textWriter) listed(what string, names []string, paint func(string) string) {
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	const gap = "   "
	t.print("\n", paint(what), gap,
		t.wrapped(strings.Join(names, " "), len(what)+len(gap), t.palette.dim), "\n")
}

func (t *textWriter) errors(title string, list []Error) {
	if len(list) == 0 {
		return
	}
	t.print("\n", t.palette.bold(title), "\n")
	for i, e := range list {
		t.print("  ", t.wrapped(safe.Text(e.Target)+": "+safe.Text(e.Message), 4, func(s string) string { return s }),
			"\n")
		if hint := HintAfter(list, i); hint != "" {
			t.print("    ", t.wrapped(safe.Text(hint), 4, t.palette.dim), "\n")
		}
	}
}

// skipped lists what was passed over, where asked.
func (t *textWriter) skipped() {
	if !t.style.Verbose || len(t.report.Skipped) == 0 {
		return
	}
	t.print("\n", t.palette.bold("passed over"), "\n")
	for _, s := range t.report.Skipped {
		t.print("  ", t.wrapped(safe.Text(s.Path)+": "+safe.Text(s.Reason), 4, t.palette.dim), "\n")
	}
}

func (t *textWriter) summary(flagged, clean int, blocks []block) {
	r := t.report
	judged := clean + flagged + len(t.quiet)
	first := fmt.Sprintf("%d clean", clean)
	if judged == 0 {
		first = "nothing to lint"
	}
	if r.baselined() > 0 && len(r.Count()) == 0 {
		if first += ", nothing new"; clean == 0 {
			first = "nothing new"
		}
	}
	parts := append([]string{first}, r.totals(newPalette(false))...)
	painted := append([]string{first}, r.totals(t.palette)...)
	for i := range parts[:len(parts)-1] {
		parts[i], painted[i] = parts[i]+",", painted[i]+","
	}
	parts[len(parts)-1] += "."
	painted[len(parts)-1] += "."
	add := func(text string, paint func(string) string) {
		parts, painted = append(parts, text), append(painted, paint(text))
	}
	errs := word.Count(len(r.Errors), "error", "errors")
	switch r.ExitStatus() {
	case 2:
		if r.Empty {
			add("Exit status 2.", plain)
			break
		}
		add("Not everything could be read: "+errs+".", t.palette.severity[rules.High])
		add("Exit status 2.", plain)
	case 3:
		add("Incomplete: "+errs+".", t.palette.severity[rules.High])
		add("Exit status 3.", plain)
	case 1:
		add("Exit status 1 (--fail-on="+r.FailOn.String()+").", plain)
	}
	head := word.Count(judged, t.noun(), t.noun()+"s") + ":"
	t.print("\n", t.palette.bold(head))
	column := utf8.RuneCountInString(head)
	for i, part := range parts {
		width := 1 + utf8.RuneCountInString(part)
		if t.style.Width > 0 && column+width > t.style.Width {
			t.print("\n ")
			column = 1
		}
		t.print(" ", painted[i])
		column += width
	}
	t.print("\n")
	t.next(blocks)
}

// noun is what is judged.
func (t *textWriter) noun() string {
	if len(t.report.Containers) > 0 && t.report.Containers[0].Kind == podman.KindImage {
		return "image"
	}
	return "container"
}

// next names the commands that lead on from here: about the container to look at first, and the rule that is worst or,
// of equals, found most.
func (t *textWriter) next(blocks []block) {
	rule := t.worstRule()
	if rule == "" {
		return
	}
	var commands [][]string
	with := func(words ...string) {
		commands = append(commands, append(append([]string{"podlint"}, words...), t.style.Options...))
	}
	if c, ok := t.worstContainer(blocks); ok {
		switch file := c.Definition.Origin.File; {
		case !t.report.Definitions:
			if t.style.Overview {
				with("scan", c.Name)
			}
			with("fix", c.Name)
			if c.State == "running" {
				with("prove", c.Name)
			}
		case !t.report.given(file): // standard input
		case t.style.Overview:
			with("check", "--full", file)
			with("fix", file)
		default:
			with("fix", file)
		}
	}
	commands = append(commands, []string{"podlint", "explain", rule})
	line, width := "Next:", len("Next:")
	for _, words := range commands {
		text := safe.Whole(command.Join(words))
		const gap = "  "
		if width += len(gap) + utf8.RuneCountInString(text); t.style.Width > 0 && width > t.style.Width {
			line += "\n     "
			width = len("Next:") + len(gap) + utf8.RuneCountInString(text)
		}
		line += gap + text
	}
	for text := range strings.SplitSeq(line, "\n") {
		t.print(t.palette.dim(text), "\n")
	}
}

// given reports whether there is a file to name in a command.
func (r *Report) given(file string) bool {
	return file != "" && !strings.HasPrefix(file, "-") && !slices.Contains(r.Given, file)
}

// worstRule returns the rule that counts most of what counts, empty for none.
func (t *textWriter) worstRule() string {
	type tally struct {
		worst rules.Severity
		n     int
	}
	tallies := map[string]tally{}
	for i := range t.report.Findings {
		f := &t.report.Findings[i]
		if f.Waived != "" || f.Baseline {
			continue
		}
		y := tallies[f.Rule.ID]
		y.n++
		y.worst = max(y.worst, f.Severity)
		tallies[f.Rule.ID] = y
	}
	best := ""
	for i := range t.report.Rules {
		id := t.report.Rules[i].ID
		if y, b := tallies[id],
			tallies[best]; y.n > 0 && (best == "" || y.worst > b.worst || y.worst == b.worst && y.n > b.n) {
			best = id
		}
	}
	return best
}

// wrapped breaks a text at spaces so that it fits the width, continuing at the given column, and paints each line by
// itself.
func (t *textWriter) wrapped(text string, indent int, paint func(string) string) string {
	room := t.style.Width - indent
	const least = 20
	if t.style.Width == 0 || room < least {
		return paint(text)
	}
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room:
			lines = append(lines, strings.TrimRight(line, " "))
			line = word
		default:
			line += " " + word
		}
	}
	lines = append(lines, strings.TrimRight(line, " "))
	for i := range lines {
		lines[i] = paint(lines[i])
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}
