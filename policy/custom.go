package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	exprfile "github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// View is a container as the expressions of custom rules see it. What is not known of a container has no value: a rule
// that asks for it says nothing about that container.
type View struct {
	Name         string            `expr:"name"`
	Pod          string            `expr:"pod"`
	Unit         string            `expr:"unit"`
	State        string            `expr:"state"`
	File         string            `expr:"file"`
	Image        string            `expr:"image"`
	User         string            `expr:"user"`
	UID          int               `expr:"uid"`
	Rootless     bool              `expr:"rootless"`
	Mapped       bool              `expr:"mapped"`
	Privileged   bool              `expr:"privileged"`
	ReadOnly     bool              `expr:"read_only"`
	NNP          bool              `expr:"no_new_privileges"`
	Capabilities []string          `expr:"capabilities"`
	Seccomp      string            `expr:"seccomp"`
	NetworkMode  string            `expr:"network_mode"`
	Networks     []string          `expr:"networks"`
	Ports        []PortView        `expr:"ports"`
	Mounts       []MountView       `expr:"mounts"`
	Variables    []string          `expr:"variables"`
	Labels       map[string]string `expr:"labels"`
	Memory       int               `expr:"memory"`
	PIDs         int               `expr:"pids"`
	Health       string            `expr:"health"`
	LogDriver    string            `expr:"log_driver"`
	Restart      string            `expr:"restart"`
	AutoUpdate   string            `expr:"auto_update"`
	Reach        string            `expr:"reach"`
	Exposure     float64           `expr:"exposure"`
	// Budget is what the evaluation may still take; expressions do not see it.
	Budget *Budget `expr:"podlint_budget"`
}

// PortView is a published port.
type PortView struct {
	Address   string `expr:"address"`
	Host      int    `expr:"host"`
	Container int    `expr:"container"`
	Protocol  string `expr:"protocol"`
}

// MountView is a mount.
type MountView struct {
	Type        string `expr:"type"`
	Source      string `expr:"source"`
	Destination string `expr:"destination"`
	Writable    bool   `expr:"writable"`
}

// view fills in what is known, and names what is not.
func view(c *podman.Container) (*View, map[string]bool) {
	v := &View{Name: c.Name, Pod: c.Pod, Unit: c.Unit, State: c.State, File: c.Definition.Origin.File,
		Image: c.Image.Name}
	unknown := map[string]bool{}
	fill(unknown, "user", c.Process.User, &v.User)
	v.UID = int(c.Process.UID.Value)
	unknown["uid"] = !c.Process.UID.Known()
	fill(unknown, "rootless", c.Host.Rootless, &v.Rootless)
	fill(unknown, "mapped", c.OwnUsers(), &v.Mapped)
	fill(unknown, "privileged", c.Confinement.Privileged, &v.Privileged)
	fill(unknown, "read_only", c.Files.ReadOnly, &v.ReadOnly)
	fill(unknown, "no_new_privileges", c.Confinement.NoNewPrivileges, &v.NNP)
	fill(unknown, "capabilities", c.Capabilities.Bounding, &v.Capabilities)
	fill(unknown, "seccomp", c.Confinement.Seccomp, &v.Seccomp)
	fill(unknown, "network_mode", c.Network.Mode, &v.NetworkMode)
	fill(unknown, "networks", c.Network.Names, &v.Networks)
	if c.Network.Mode.Known() && c.Network.Mode.Value != "bridge" {
		unknown["networks"] = false
	}
	for _, p := range c.Network.Ports.Value {
		v.Ports = append(v.Ports, PortView{p.Address, int(p.Host), int(p.Container), p.Protocol})
	}
	unknown["ports"] = !c.Network.Ports.Known()
	for _, m := range c.Files.Mounts.Value {
		v.Mounts = append(v.Mounts, MountView{m.Type, m.Source, m.Destination, m.Writable})
	}
	unknown["mounts"] = !c.Files.Mounts.Known()
	for _, e := range c.Environment.Value {
		v.Variables = append(v.Variables, e.Name)
	}
	unknown["variables"] = !c.Environment.Known()
	v.Labels = map[string]string{}
	for _, t := range c.ConfigStrings.Value {
		if t.Place == "label" && len(t.Words) > 0 {
			v.Labels[t.Name] = shown(t.Name, t.Words[0])
		}
	}
	unknown["labels"] = !c.ConfigStrings.Known()
	v.Memory, v.PIDs = int(c.Limits.Memory.Value), int(c.Limits.PIDs.Value)
	unknown["memory"], unknown["pids"] = !c.Limits.Memory.Known(), !c.Limits.PIDs.Known()
	fill(unknown, "health", c.Lifecycle.Health, &v.Health)
	fill(unknown, "log_driver", c.Lifecycle.LogDriver, &v.LogDriver)
	fill(unknown, "restart", c.Lifecycle.Restart, &v.Restart)
	fill(unknown, "auto_update", c.Lifecycle.AutoUpdate, &v.AutoUpdate)
	return v, unknown
}

// rate fills in what is worked out from the rest, for the rules that ask.
func (v *View) rate(c *podman.Container, unknown map[string]bool) {
	reach := rules.ReachOf(c)
	exposure, ok := rules.Exposure(c, reach)
	v.Reach, v.Exposure = reach.Level.String(), exposure
	unknown["reach"], unknown["exposure"] = !ok, !ok
}

func fill[T any](unknown map[string]bool, name string, s podman.Setting[T], into *T) {
	*into = s.Value
	unknown[name] = !s.Known()
}

// shown returns a label's value without what may be a secret.
func shown(name string, value podman.Sensitive) string {
	if _, ok := secret.DetectPair(name, value.Reveal()); ok {
		return value.String()
	}
	return value.Reveal()
}

// customRule is a [[rule]] of podlint.toml.
type customRule struct {
	ID       string       `toml:"id"`
	Title    string       `toml:"title"`
	Severity string       `toml:"severity"`
	Why      string       `toml:"why"`
	Remedy   string       `toml:"remedy"`
	When     string       `toml:"when"`
	Message  string       `toml:"message"`
	Fix      string       `toml:"fix"`
	Tests    []customTest `toml:"test"`
}

type customTest struct {
	Name      string         `toml:"name"`
	Container map[string]any `toml:"container"`
	Fires     *bool          `toml:"fires"`
}

// Test is what a custom rule must do with a container of its own.
type Test struct {
	Rule, Name string
	Origin     podman.Origin
	run        func() error
}

// Run returns an error where the rule does otherwise.
func (t *Test) Run() error { return t.run() }

// Bounds of a custom rule: how many nodes its expression may have, and how deep loops may nest. Together with the size
// of what they go through, the container's own lists, they bound the time.
const (
	mostNodes = 500
	mostLoops = 2
)

func (p *parser) custom(list []customRule) {
	seen := map[string]bool{}
	for i := range list {
		r := &list[i]
		at := p.lines.nth("rule", i)
		before := len(p.problems)
		_, err := rules.Find(rules.All(rules.Parameters{}), r.ID)
		severity, severityErr := rules.ParseSeverity(r.Severity)
		switch {
		case r.ID == "" || r.ID != strings.ToLower(r.ID) || strings.ContainsAny(r.ID, " _/"):
			p.fail(at, "", "a rule needs an id in lower case with dashes, not %q", r.ID)
		case err == nil:
			p.fail(at, "change its severity in [rules]", "%s is a rule of podlint's own", r.ID)
		case seen[r.ID]:
			p.fail(at, "", "the rule %s is defined twice", r.ID)
		case severityErr != nil:
			p.fail(at, "", "rule %s: %v", r.ID, severityErr)
		case r.When == "" || r.Message == "":
			p.fail(at, "when = \"…\" says when it fires, message = \"…\" what it says", "rule %s has no when or no "+
				"message", r.ID)
		}
		seen[r.ID] = true
		if len(p.problems) > before {
			continue
		}
		when, problem := compile(r.When, p.lines.within("rule", i, "when"), expr.AsBool())
		if problem != nil {
			p.problems = append(p.problems, *problem)
			continue
		}
		message, problem := template(r.Message, p.lines.within("rule", i, "message"))
		if problem != nil {
			p.problems = append(p.problems, *problem)
			continue
		}
		rule := r.rule(severity, when, message, at, p.config.failed)
		p.config.Custom = append(p.config.Custom, rule)
		for n, t := range r.Tests {
			p.test(&rule, t, n, at)
		}
	}
}

// program is a compiled expression with the names that it looks at.
type program struct {
	*vm.Program
	names []string
}

// compile type-checks an expression over a View.
func compile(code string, at podman.Origin, options ...expr.Option) (*program, *podman.Problem) {
	fail := func(format string, args ...any) (*program, *podman.Problem) {
		return nil, &podman.Problem{Origin: at, Message: fmt.Sprintf(format, args...), Hint: "podlint config --help " +
			"lists what an expression can look at"}
	}
	if len(code) > longestExpression {
		return fail("an expression has at most %d bytes", longestExpression)
	}
	watch := &watcher{names: map[string]bool{}}
	options = append(options, expr.Env(View{}), expr.MaxNodes(mostNodes), expr.Patch(watch))
	compiled, err := expr.Compile(code, append(options, boundedOptions()...)...)
	if err != nil {
		var located *exprfile.Error
		if errors.As(err, &located) {
			hint := ""
			if name, ok := strings.CutPrefix(located.Message, "unknown name "); ok {
				if near := rules.Nearest(name, Names()); near != "" {
					hint = ": did you mean " + near + "?"
				}
			}
			return fail("column %d of the expression: %s%s", located.Column+1, located.Message, hint)
		}
		return fail("%v", err)
	}
	if watch.deepest > mostLoops {
		return fail("loops nest %d deep, at most %d may", watch.deepest, mostLoops)
	}
	if watch.names[budgetName] {
		return fail("unknown name %s", budgetName)
	}
	if watch.function != "" {
		return fail("%s is not available in a rule", watch.function)
	}
	if watch.variables {
		return fail("variables (let) are not taken: write the value where it is used")
	}
	if watch.ranges {
		return fail("ranges (1..9) are not taken: a rule goes through the container's own lists")
	}
	return &program{compiled, slices.Sorted(maps.Keys(watch.names))}, nil
}

// Names returns the names that an expression of a custom rule can look at.
func Names() []string {
	return []string{"name", "pod", "unit", "state", "file", "image", "user", "uid", "rootless", "mapped", "privileged",
		"read_only", "no_new_privileges", "capabilities",
		"seccomp", "network_mode", "networks", "ports", "mounts", "variables", "labels", "memory", "pids", "health",
		"log_driver", "restart", "auto_update", "reach", "exposure"}
}

// watcher notes what an expression looks at and how it loops.
type watcher struct {
	names   map[string]bool
	deepest int
	ranges  bool
	// variables is set where the expression declares one.
	variables bool
	// function is one that an expression may not call.
	function string
}

// Visit is ast.Visitor's; children come before their parents.
func (w *watcher) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		w.names[n.Value] = true
	case *ast.VariableDeclaratorNode:
		w.variables = true
	case *ast.BinaryNode:
		w.ranges = w.ranges || n.Operator == ".."
	case *ast.BuiltinNode:
		if !slices.Contains(builtins, n.Name) {
			w.function = n.Name
		}
		w.deepest = max(w.deepest, depth(n))
	}
}

// depth counts how deep predicates nest below a node.
func depth(node ast.Node) int {
	d := &depths{}
	ast.Walk(&node, d)
	return d.count
}

// depths counts the predicates along the longest way; the count of all of them is an upper bound, which does.
type depths struct{ count int }

// Visit is ast.Visitor's.
func (d *depths) Visit(node *ast.Node) {
	if _, ok := (*node).(*ast.PredicateNode); ok {
		d.count++
	}
}

// template compiles a message: text with expressions in braces.
func template(text string, at podman.Origin) (func(*View) string, *podman.Problem) {
	type piece struct {
		text string
		code *program
	}
	var pieces []piece
	for rest := text; rest != ""; {
		before, after, ok := strings.Cut(rest, "{")
		pieces = append(pieces, piece{text: before})
		if !ok {
			break
		}
		code, behind, closed := strings.Cut(after, "}")
		if !closed {
			return nil, &podman.Problem{Origin: at, Message: "the message has a { without a }"}
		}
		compiled, problem := compile(code, at)
		if problem != nil {
			return nil, problem
		}
		pieces = append(pieces, piece{code: compiled})
		rest = behind
	}
	return func(v *View) string {
		var b strings.Builder
		for _, p := range pieces {
			b.WriteString(p.text)
			if p.code == nil {
				continue
			}
			if value, err := expr.Run(p.code.Program, v); err == nil {
				show(&b, value)
			}
		}
		return b.String()
	}, nil
}

// rule makes a rule like any other of it.
func (r *customRule) rule(severity rules.Severity, when *program, message func(*View) string,
	at podman.Origin, failed *failures) rules.Rule {
	title := r.Title
	if title == "" {
		title = r.ID
	}
	orElse := func(text, other string) string {
		if strings.TrimSpace(text) == "" {
			return other
		}
		return text
	}
	fix := rules.Fix{Summary: orElse(r.Fix, orElse(r.Remedy, "see the rule in podlint.toml"))}
	rated := slices.Contains(when.names, "reach") || slices.Contains(when.names, "exposure") ||
		strings.Contains(r.Message, "{")
	return rules.Rule{
		ID: r.ID, Title: title, Severity: severity, Why: orElse(r.Why, "This is a rule of the team's own: "+title+"."),
		Remedy: orElse(r.Remedy, fix.Summary),
		Check: func(c *podman.Container) []rules.Finding {
			v, unknown := view(c)
			if rated {
				v.rate(c, unknown)
			}
			for _, name := range when.names {
				if unknown[name] {
					return nil
				}
			}
			if name := v.tooLarge(when.names); name != "" {
				failed.add(r.ID, c.Name, at, fmt.Errorf("its %s hold a text of more than %d KiB", name, largestText>>10))
				return nil
			}
			started := time.Now()
			if err := failed.spend(0); err != nil {
				failed.add(r.ID, c.Name, at, err)
				return nil
			}
			defer func() { _ = failed.spend(time.Since(started)) }()
			v.Budget = &Budget{deadline: started.Add(evaluationTime)}
			fires, err := expr.Run(when.Program, v)
			if err != nil {
				failed.add(r.ID, c.Name, at, plainError(err))
				return nil
			}
			if fires != true {
				return nil
			}
			return []rules.Finding{{
				Message: message(v), Severity: severity, Confidence: rules.Certain, Fix: fix,
				Evidence: []rules.Evidence{{Setting: "rule", Value: r.When, Origin: c.Definition.Origin}},
			}}
		},
	}
}

// plainError returns what went wrong in an expression, without the expression.
func plainError(err error) error {
	var located *exprfile.Error
	if errors.As(err, &located) {
		return errors.New(located.Message)
	}
	return err
}

// test makes a container of what a test says about it: the View's names, where what is not named is that of a container
// as `podman run` makes it.
func (p *parser) test(rule *rules.Rule, t customTest, n int, at podman.Origin) {
	name := t.Name
	if name == "" {
		name = fmt.Sprintf("test %d", n+1)
	}
	if t.Fires == nil {
		p.fail(at, "fires = true or false", "rule %s, %s: it does not say whether the rule fires", rule.ID, name)
		return
	}
	c, err := sample(t.Container)
	if err != nil {
		p.fail(at, "", "rule %s, %s: %v", rule.ID, name, err)
		return
	}
	p.config.Tests = append(p.config.Tests, Test{Rule: rule.ID, Name: name, Origin: at, run: func() error {
		found := rule.Check(c)
		if fired := len(found) > 0; fired != *t.Fires {
			return fmt.Errorf("rule %s, %s: it fires: %t, wanted: %t", rule.ID, name, fired, *t.Fires)
		}
		return nil
	}})
}
