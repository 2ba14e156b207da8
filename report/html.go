package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/rules"
)

//go:embed html.css
var htmlStyle string

//go:embed html.js
var htmlScript string

//go:embed html.tmpl
var htmlPage string

// page is what the HTML template is given. Every string of it that is not podlint's own has gone through Safe; the
// template escapes it for its place.
type page struct {
	Tool, Date, Verdict string
	Passed              bool
	Sources             []string
	Totals              []total
	Containers          []pageContainer
	// Bars holds the containers that have a reach, the most exposed first.
	Bars     []pageContainer
	Levels   []pageLevel
	Rules    []string
	Problems []pageProblem
	Policy   template.HTML
	Style    template.CSS
	Script   template.JS
}

type total struct {
	Name  string
	Count int
}

type pageContainer struct {
	Name, Image, State, Place, Reach, Exposure string
	Why                                        []string
	Percent                                    int
	Worst, Hidden                              string
	Findings                                   []pageFinding
}

type pageFinding struct {
	Severity, Rule, Title, Message, Place, Quote, Status, Why string
	Changes                                                   []string
	Summary                                                   string
}

type pageLevel struct {
	Name, Meaning string
	Containers    []string
}

type pageProblem struct{ Kind, Target, Message string }

// HTML writes the report as one page that needs nothing else: it loads nothing, and its policy forbids it to.
func HTML(w io.Writer, r *Report) error {
	p := page{
		Tool: "podlint " + safe.Text(r.Tool.Version), Date: r.Finished.UTC().Format(time.RFC1123),
		Verdict: verdict(r), Passed: r.ExitStatus() == 0,
		Style: template.CSS(htmlStyle), Script: template.JS(htmlScript), //nolint:gosec // podlint's own, embedded
	}
	p.Policy = template.HTML(fmt.Sprintf( //nolint:gosec // nothing foreign is in it
		`<meta http-equiv="Content-Security-Policy" `+
			`content="default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'">`,
		hashed(htmlStyle), hashed(htmlScript)))
	for _, s := range r.Sources {
		text := safe.Text(s.URI)
		if s.Podman != "" {
			text = "Podman " + safe.Text(s.Podman) + ", " + text
		}
		p.Sources = append(p.Sources, text)
	}
	for _, c := range r.Configuration {
		p.Sources = append(p.Sources, safe.Text(c.String()))
	}
	counts := r.Count()
	for _, s := range severities {
		p.Totals = append(p.Totals, total{s.String(), counts[s]})
	}
	p.addContainers(r)
	for _, e := range r.Errors {
		p.Problems = append(p.Problems, pageProblem{"error", safe.Text(e.Target), safe.Text(e.Message)})
	}
	for _, e := range r.Warnings {
		p.Problems = append(p.Problems, pageProblem{"warning", safe.Text(e.Target), safe.Text(e.Message)})
	}
	parsed, err := template.New("report").Parse(htmlPage)
	if err != nil {
		return err
	}
	return parsed.Execute(w, p)
}

// addContainers adds the containers with their findings, the levels of reach and the rules that have found something.
func (p *page) addContainers(r *Report) {
	of := byContainer(r)
	used := map[string]bool{}
	byLevel := map[rules.Level][]string{}
	hidden := map[containerKey]int{}
	for i := range r.Hidden {
		hidden[keyOf(&r.Hidden[i])]++
	}
	for _, c := range append([]Container{{}}, r.Containers...) {
		found := of[c.key()]
		if !c.isLinted() && len(found) == 0 {
			continue
		}
		shown := pageContainerOf(&c)
		for _, f := range found {
			used[f.Rule.ID] = true
			if shown.Worst == "" && f.Waived == "" && !f.Baseline {
				shown.Worst = f.Severity.String()
			}
			shown.Findings = append(shown.Findings, r.pageFinding(f))
		}
		if n := hidden[c.key()]; n > 0 {
			shown.Hidden = fmt.Sprintf("%d hidden below %s", n, r.Least)
		}
		p.Containers = append(p.Containers, shown)
		if c.Reach != nil {
			byLevel[c.Reach.Level] = append(byLevel[c.Reach.Level], shown.Name)
			p.Bars = append(p.Bars, shown)
		}
	}
	slices.SortStableFunc(p.Bars, func(a, b pageContainer) int {
		return cmp.Or(cmp.Compare(b.Percent, a.Percent), cmp.Compare(len(b.Exposure), len(a.Exposure)))
	})
	for _, l := range rules.Levels() {
		p.Levels = append(p.Levels, pageLevel{l.String(), l.Meaning(), byLevel[l]})
	}
	for i := range r.Rules {
		if used[r.Rules[i].ID] {
			p.Rules = append(p.Rules, r.Rules[i].ID)
		}
	}
}

// pageContainerOf returns what the page says about a container besides its findings; a container without a name is the
// host.
func pageContainerOf(c *Container) pageContainer {
	shown := pageContainer{Name: safe.Text(c.Name), Image: safe.Text(c.Image), State: safe.Text(c.State)}
	if c.Name == "" {
		shown.Name, shown.Image = "the host", "this machine and its Podman"
	}
	if c.Definition.Origin.File != "" {
		shown.Place = safe.Text(short(c.Definition.Origin))
	}
	if c.Provenance != nil {
		shown.State = "made of " + safe.Text(c.Provenance.MadeOf())
	}
	if c.Reach != nil {
		shown.Reach = c.Reach.Level.String()
		for _, link := range c.Reach.Why {
			shown.Why = append(shown.Why, safe.Text(link))
		}
	}
	if c.Exposure != nil {
		const full = 10
		shown.Exposure, shown.Percent = fmt.Sprintf("%.1f", *c.Exposure), int(*c.Exposure*full)
	}
	return shown
}

func (r *Report) pageFinding(f *rules.Finding) pageFinding {
	shown := pageFinding{
		Severity: f.Severity.String(), Rule: f.Rule.ID, Title: f.Rule.Title, Message: safe.Text(f.Message),
		Quote: safe.Text(f.Quote), Summary: safe.Text(f.Fix.Summary),
		Why: strings.Join(strings.Fields(f.Rule.Why), " "), Status: "open",
	}
	if f.Location.File != "" {
		shown.Place = safe.Text(short(f.Location))
	}
	switch {
	case f.Waived != "":
		shown.Status = "waived: " + safe.Text(f.Waived)
	case f.Baseline:
		shown.Status = "in the baseline"
	}
	for _, change := range f.Fix.Words(f.Definition.Syntax, r.podman()) {
		shown.Changes = append(shown.Changes, safe.Text(change))
	}
	return shown
}

// hashed is the source expression of Content-Security-Policy for an inline script or style.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
