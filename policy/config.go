package policy

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// Config is a podlint.toml.
type Config struct {
	// File is its path, empty where there is none.
	File string
	// Profile, FailOn and MinSeverity are nil where the file does not say.
	Profile     *rules.Profile
	FailOn      *string
	MinSeverity *rules.Severity
	// Rules says what is to be done about rules, in the order of the file.
	Rules []Choice
	// Parameters are those of the rules that have any.
	Parameters rules.Parameters
	// Sections are for some containers only; a later one counts more.
	Sections []Section
	// Accepted are the findings that have been accepted.
	Accepted []Accepted
	// Custom holds the rules of one's own.
	Custom []rules.Rule
	// Tests holds what the custom rules must do.
	Tests  []Test
	failed *failures
	// Places says where each setting is written, by its key such as "parameters.image-age".
	Places map[string]podman.Origin
}

// Choice is what is to be done about a rule.
type Choice struct {
	Rule string
	// Off is set where the rule is not used.
	Off bool
	// Severity replaces that of the rule's findings, 0 to leave it.
	Severity rules.Severity
	Origin   podman.Origin
}

// Section is a choice of rules for the containers that match.
type Section struct {
	Match
	Rules  []Choice
	Origin podman.Origin
}

// Match says which containers something is about: those whose name and whose definition's path match the globs. An
// empty glob matches all; ** at the end of a path's matches everything below.
type Match struct {
	Container, Path string
}

// Accepted is a waiver of the configuration.
type Accepted struct {
	Match
	Rule, Reason string
	// Expires is the last day on which it counts, the zero time for never.
	Expires time.Time
	Origin  podman.Origin

	used, seen bool
}

// file is the TOML.
type file struct {
	Profile     *string           `toml:"profile"`
	FailOn      *string           `toml:"fail-on"`
	MinSeverity *string           `toml:"min-severity"`
	Rules       map[string]string `toml:"rules"`
	Parameters  struct {
		ImageAge     *string  `toml:"image-age"`
		Capabilities []string `toml:"allowed-capabilities"`
		Mounts       []string `toml:"allowed-mounts"`
		Registries   []string `toml:"trusted-registries"`
	} `toml:"parameters"`
	Containers []struct {
		Name  string            `toml:"name"`
		Path  string            `toml:"path"`
		Rules map[string]string `toml:"rules"`
	} `toml:"container"`
	Waivers []struct {
		Rule      string    `toml:"rule"`
		Container string    `toml:"container"`
		Path      string    `toml:"path"`
		Reason    string    `toml:"reason"`
		Expires   time.Time `toml:"expires"`
	} `toml:"waiver"`
	Custom []customRule `toml:"rule"`
}

// Keys lists the keys that a podlint.toml may have, for the documentation and for what was probably meant.
var keys = []string{
	"profile", "fail-on", "min-severity", "rules", "parameters", "parameters.image-age",
	"parameters.allowed-capabilities", "parameters.allowed-mounts", "parameters.trusted-registries", "container",
	"container.name", "container.path", "container.rules", "waiver", "waiver.rule", "waiver.container", "waiver.path",
	"waiver.reason", "waiver.expires", "rule", "rule.id", "rule.title", "rule.severity", "rule.why", "rule.remedy",
	"rule.when", "rule.message", "rule.fix", "rule.test", "rule.test.container", "rule.test.fires", "rule.test.name",
}

// wrongType is what the TOML library says of a value of another type than is wanted.
var wrongType = regexp.MustCompile(`^toml: line (\d+) \(last key "(.*)"\): (.*)$`)

// largestConfig is how long a podlint.toml may be.
const largestConfig = 256 << 10

// Parse reads a podlint.toml. Every mistake in it is a problem with its line: the caller must not go on with a
// configuration that has one, since what it would have switched off or accepted is not known.
func Parse(name string, data []byte) (*Config, []podman.Problem) {
	if len(data) > largestConfig {
		return nil, []podman.Problem{{Origin: podman.Origin{File: name},
			Message: fmt.Sprintf("larger than %d KiB", largestConfig>>10)}}
	}
	text := string(data)
	if line := tooNested(text); line > 0 {
		return nil, []podman.Problem{{Origin: podman.Origin{File: name, Line: line}, Message: "nested too deep"}}
	}
	l := newLines(name, text)
	var f file
	meta, err := toml.Decode(text, &f)
	if err != nil {
		problem := podman.Problem{Origin: podman.Origin{File: name}, Message: err.Error()}
		var parse toml.ParseError
		if errors.As(err, &parse) {
			problem.Origin.Line, problem.Origin.Column = parse.Position.Line, parse.Position.Col
			problem.Message = parse.Message
			if parse.LastKey != "" {
				problem.Message = fmt.Sprintf("%s (at %s)", parse.Message, parse.LastKey)
			}
		} else if place := wrongType.FindStringSubmatch(err.Error()); place != nil { // the library has the line only in words
			problem.Origin.Line, _ = strconv.Atoi(place[1])
			problem.Message = place[3] + " (at " + place[2] + ")"
		}
		return nil, []podman.Problem{problem}
	}
	c := &parser{lines: l, config: &Config{File: name, Places: map[string]podman.Origin{},
		failed: &failures{told: map[string]bool{}}}}
	for _, key := range meta.Undecoded() {
		path := strings.Join(key, ".")
		// these are checked by sample; the library calls tables within a list undecoded
		if strings.HasPrefix(path, "rule.test.container.") {
			continue
		}
		hint := "podlint config --help lists the keys"
		if near := rules.Nearest(path, keys); near != "" {
			hint = "did you mean " + near + "?"
		}
		c.fail(l.of(key...), hint, "%s is not a key of podlint.toml", path)
	}
	c.read(&f)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return c.config, nil
}

type parser struct {
	lines    *lines
	config   *Config
	problems []podman.Problem
}

func (p *parser) fail(at podman.Origin, hint, format string, args ...any) {
	p.problems = append(p.problems, podman.Problem{Origin: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (p *parser) place(key string, at podman.Origin) { p.config.Places[key] = at }

func (p *parser) read(f *file) {
	c := p.config
	if f.Profile != nil {
		at := p.lines.of("profile")
		p.place("profile", at)
		if profile, err := rules.ParseProfile(*f.Profile); err != nil {
			p.fail(at, "", "%v", err)
		} else {
			c.Profile = &profile
		}
	}
	if f.FailOn != nil {
		at := p.lines.of("fail-on")
		p.place("fail-on", at)
		if _, err := rules.ParseSeverity(*f.FailOn); err != nil && *f.FailOn != "none" {
			p.fail(at, "", "%v, or none", err)
		}
		c.FailOn = f.FailOn
	}
	if f.MinSeverity != nil {
		at := p.lines.of("min-severity")
		p.place("min-severity", at)
		if severity, err := rules.ParseSeverity(*f.MinSeverity); err != nil {
			p.fail(at, "", "%v", err)
		} else {
			c.MinSeverity = &severity
		}
	}
	p.parameters(f)
	p.custom(f.Custom)
	c.Rules = p.choices(f.Rules, "rules")
	for i, s := range f.Containers {
		at := p.lines.nth("container", i)
		section := Section{Match: Match{s.Name, s.Path}, Origin: at}
		p.match(section.Match, at)
		section.Rules = p.choicesAt(s.Rules, at)
		c.Sections = append(c.Sections, section)
	}
	for i, w := range f.Waivers {
		at := p.lines.nth("waiver", i)
		switch {
		case w.Rule == "":
			p.fail(at, "", "this waiver names no rule")
		case strings.TrimSpace(w.Reason) == "":
			p.fail(at, "say why it is accepted: reason = \"…\"", "this waiver has no reason")
		case p.known(w.Rule) != nil:
			p.fail(at, "", "%v", p.known(w.Rule))
		}
		accepted := Accepted{Match: Match{w.Container, w.Path}, Rule: w.Rule, Reason: w.Reason, Expires: w.Expires,
			Origin: at}
		p.match(accepted.Match, at)
		c.Accepted = append(c.Accepted, accepted)
	}
}

func (p *parser) match(m Match, at podman.Origin) {
	for _, glob := range []string{m.Container, strings.TrimSuffix(m.Path, "/**")} {
		if _, err := path.Match(glob, ""); err != nil {
			p.fail(at, "* and ? stand for any characters, [abc] for one of some", "%q is not a valid glob", glob)
		}
	}
}

func (p *parser) parameters(f *file) {
	out := &p.config.Parameters
	if age := f.Parameters.ImageAge; age != nil {
		at := p.lines.of("parameters", "image-age")
		p.place("parameters.image-age", at)
		d, err := ParseAge(*age)
		if err != nil {
			p.fail(at, "write 30d or 720h", "%v", err)
		}
		out.ImageAge = d
	}
	if len(f.Parameters.Capabilities) > 0 {
		at := p.lines.of("parameters", "allowed-capabilities")
		p.place("parameters.allowed-capabilities", at)
		for _, name := range f.Parameters.Capabilities {
			full := podman.Capability(name)
			if !slices.Contains(podman.AllCapabilities(), full) {
				p.fail(at, didYouMean(full, podman.AllCapabilities()), "%q is not a capability", name)
			}
			out.Capabilities = append(out.Capabilities, full)
		}
	}
	if len(f.Parameters.Mounts) > 0 {
		at := p.lines.of("parameters", "allowed-mounts")
		p.place("parameters.allowed-mounts", at)
		for _, glob := range f.Parameters.Mounts {
			p.match(Match{Path: glob}, at)
			if !strings.HasPrefix(glob, "/") {
				p.fail(at, "", "%q is not an absolute path", glob)
			}
		}
		out.Mounts = f.Parameters.Mounts
	}
	if len(f.Parameters.Registries) > 0 {
		p.place("parameters.trusted-registries", p.lines.of("parameters", "trusted-registries"))
		out.Registries = f.Parameters.Registries
	}
}

func didYouMean(word string, all []string) string {
	if near := rules.Nearest(word, all); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// ParseAge reads a duration in days ("30d") or as Go writes them ("720h").
func ParseAge(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if number, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(number); err == nil && n > 0 && n < 1<<16 {
			return time.Duration(n) * day, nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is not a valid age", text)
}

// known reports whether a rule is there, of the catalogue or of the file.
func (p *parser) known(id string) error {
	_, err := rules.Find(slices.Concat(rules.All(rules.Parameters{}), p.config.Custom), id)
	return err
}

func (p *parser) choices(table map[string]string, key string) []Choice {
	var list []Choice
	for id, word := range table {
		list = append(list, p.choice(id, word, p.lines.of(key, id)))
	}
	slices.SortFunc(list, func(a, b Choice) int { return a.Origin.Line - b.Origin.Line })
	for _, c := range list {
		p.place(key+"."+c.Rule, c.Origin)
	}
	return list
}

func (p *parser) choicesAt(table map[string]string, at podman.Origin) []Choice {
	var list []Choice
	for id, word := range table {
		list = append(list, p.choice(id, word, at))
	}
	slices.SortFunc(list, func(a, b Choice) int { return strings.Compare(a.Rule, b.Rule) })
	return list
}

func (p *parser) choice(id, word string, at podman.Origin) Choice {
	c := Choice{Rule: id, Origin: at}
	if err := p.known(id); err != nil {
		p.fail(at, "", "%v", err)
	}
	switch word {
	case "on":
	case "off":
		c.Off = true
	default:
		severity, err := rules.ParseSeverity(word)
		if err != nil {
			p.fail(at, "", "%q is neither on, off nor a severity (critical, high, medium, low, info)", word)
		}
		c.Severity = severity
	}
	return c
}

// Catalogue returns the rules with the configuration's parameters, and those of its own.
func (c *Config) Catalogue(p rules.Parameters) []rules.Rule {
	merged := c.Parameters
	if p.ImageAge > 0 {
		merged.ImageAge = p.ImageAge
	}
	return slices.Concat(rules.All(merged), c.Custom)
}

// Uses reports whether a rule is used with a profile: the configuration's own word counts, then the profile. A rule
// that is off for all but one section is used, and its findings for the others are left out.
func (c *Config) Uses(r *rules.Rule, profile rules.Profile) bool {
	used := r.Profile <= profile
	for _, choice := range c.Rules {
		if choice.Rule == r.ID {
			used = !choice.Off
		}
	}
	for _, s := range c.Sections {
		for _, choice := range s.Rules {
			if choice.Rule == r.ID && !choice.Off {
				return true
			}
		}
	}
	return used
}

// Adjust leaves out the findings that are switched off for their container, sets severities, and marks those that have
// been accepted. The profile is the one in use.
func (c *Config) Adjust(findings []rules.Finding, profile rules.Profile, now time.Time) []rules.Finding {
	if c.File == "" {
		return findings
	}
	kept := findings[:0]
	for _, f := range findings {
		off, severity := c.decide(&f, profile)
		if off {
			continue
		}
		if severity > 0 {
			f.Severity = severity
		}
		c.accept(&f, now)
		kept = append(kept, f)
	}
	return kept
}

// decide returns whether a finding's rule is off for its container, and the severity that was chosen for it, 0 for
// none.
func (c *Config) decide(f *rules.Finding, profile rules.Profile) (off bool, severity rules.Severity) {
	off = f.Rule.Profile > profile
	choose := func(choices []Choice) {
		for _, choice := range choices {
			if choice.Rule == f.Rule.ID {
				off, severity = choice.Off, choice.Severity
			}
		}
	}
	choose(c.Rules)
	for _, s := range c.Sections {
		if s.matches(f) {
			choose(s.Rules)
		}
	}
	return off, severity
}

// accept marks a finding that a waiver is about, and the waivers that are about its container.
func (c *Config) accept(f *rules.Finding, now time.Time) {
	for i := range c.Accepted {
		w := &c.Accepted[i]
		if !w.matches(f) {
			continue
		}
		w.seen = true
		if w.Rule == f.Rule.ID && !w.expired(now) {
			w.used = true
			if f.Waived == "" {
				f.Waived, f.WaivedIn = w.Reason, c.File
			}
		}
	}
}

func (m Match) matches(f *rules.Finding) bool {
	if m.Container != "" {
		if ok, err := path.Match(m.Container, f.Container); err != nil || !ok {
			return false
		}
	}
	if m.Path == "" {
		return true
	}
	file := f.Definition.Origin.File
	if dir, ok := strings.CutSuffix(m.Path, "/**"); ok {
		return file == dir || strings.HasPrefix(file, dir+"/") || strings.Contains(file, "/"+dir+"/")
	}
	for _, name := range []string{file, path.Base(file)} {
		if ok, err := path.Match(m.Path, name); err == nil && ok {
			return true
		}
	}
	return false
}

func (w *Accepted) expired(now time.Time) bool {
	return !w.Expires.IsZero() && now.After(w.Expires.AddDate(0, 0, 1))
}

// Stale returns a warning for each waiver that has expired, and for each that accepts nothing though what it is about
// was looked at.
func (c *Config) Stale(used func(rule string) bool, now time.Time) []podman.Problem {
	var problems []podman.Problem
	for i := range c.Accepted {
		w := &c.Accepted[i]
		switch {
		case w.expired(now):
			problems = append(problems, podman.Problem{Origin: w.Origin, Warning: true,
				Message: fmt.Sprintf("this waiver of %s expired on %s", w.Rule, w.Expires.Format(time.DateOnly)),
				Hint:    "fix what it is about, or set a new date with a new reason"})
		case w.seen && !w.used && used(w.Rule):
			problems = append(problems, podman.Problem{Origin: w.Origin, Warning: true,
				Message: fmt.Sprintf("this waiver of %s matches no finding", w.Rule), Hint: "remove it"})
		}
	}
	return problems
}

// NoEffect is the effect of a configuration that changes nothing.
const NoEffect = "changes nothing"

// Effect says what the configuration changes, for a report: what it switches off first. The severity that fails a run
// is left out where the command line says another.
func (c *Config) Effect(failOn bool) string {
	off, changed := map[string]bool{}, map[string]bool{}
	note := func(choices []Choice) {
		for _, choice := range choices {
			if choice.Off {
				off[choice.Rule] = true
			} else {
				changed[choice.Rule] = true
			}
		}
	}
	note(c.Rules)
	for _, s := range c.Sections {
		note(s.Rules)
	}
	var parts []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	count(len(off), "rule off", "rules off")
	if failOn && c.FailOn != nil {
		parts = append(parts, "fail-on "+*c.FailOn)
	}
	if c.MinSeverity != nil {
		parts = append(parts, "min-severity "+c.MinSeverity.String())
	}
	if c.Profile != nil {
		parts = append(parts, "profile "+c.Profile.String())
	}
	count(len(c.Accepted), "waiver", "waivers")
	count(len(changed), "rule changed", "rules changed")
	count(len(c.Parameters.Mounts)+len(c.Parameters.Capabilities)+len(c.Parameters.Registries), "exception",
		"exceptions")
	count(len(c.Custom), "rule of its own", "rules of its own")
	if len(parts) == 0 {
		return NoEffect
	}
	return strings.Join(parts, ", ")
}
