package policy

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"

	"github.com/podlint/podlint/podman"
)

// A rule of podlint.toml may come from a pull request, and what it goes through from another. So that neither can hold
// podlint up, an expression has a length, no variables (which double a string at every step), only the functions that
// do not make much of little, and a time that its loops look at.
const (
	longestExpression = 4000
	// evaluationTime is how long one evaluation may take, allTime all those of a run.
	evaluationTime = time.Second / 2
	allTime        = 30 * time.Second
	// largestText is how long a text may be that expressions look at, and one that join makes.
	largestText = 64 << 10
	// mostKept is how large the lists may be that an evaluation makes, in bytes.
	mostKept = 8 << 20
)

// builtins are the functions that an expression may call: those that go through a list, and those whose result is not
// larger than what they are given. join and string are podlint's own, with a limit.
var builtins = []string{"all", "none", "any", "one", "filter", "map", "count", "find", "findIndex", "findLast",
	"findLastIndex", "sum", "len", "type", "int", "float", "upper", "lower", "trim", "trimPrefix", "trimSuffix", "split",
	"hasPrefix", "hasSuffix", "indexOf", "lastIndexOf", "max", "min", "abs", "ceil", "floor", "round", "first", "last",
	"get", "keys", "values"}

// boundedOptions are what an expression is compiled with.
func boundedOptions() []expr.Option {
	options := []expr.Option{expr.DisableAllBuiltins(), expr.Patch(ticker{}),
		expr.Function(tickName, tick, new(func(*Budget) bool)),
		expr.Function(keepName, keep, new(func(*Budget, any) any)),
		expr.Function("join", join, new(func(any, string) string), new(func(any) string)),
		expr.Function("string", scalarString, new(func(any) string))}
	for _, name := range builtins {
		options = append(options, expr.EnableBuiltin(name))
	}
	return options
}

// Budget is what an evaluation may still take.
type Budget struct {
	deadline time.Time
	// kept is how many bytes are in the lists that it has made.
	kept int
}

const (
	tickName   = "podlint_tick"
	keepName   = "podlint_keep"
	budgetName = "podlint_budget"
)

var errBudget = fmt.Errorf("it takes longer than %s for a container", evaluationTime)

// tick ends an evaluation that takes too long.
func tick(params ...any) (any, error) {
	if budget, ok := params[0].(*Budget); !ok || budget == nil || time.Now().After(budget.deadline) {
		return false, errBudget
	}
	return true, nil
}

// keep is tick for a value that goes into a list.
func keep(params ...any) (any, error) {
	if _, err := tick(params[0]); err != nil {
		return nil, err
	}
	budget, _ := params[0].(*Budget)
	const element = 16
	budget.kept += element
	switch value := reflect.ValueOf(params[1]); value.Kind() {
	case reflect.String:
		budget.kept += value.Len()
	case reflect.Slice, reflect.Map:
		budget.kept += element * value.Len()
	default:
	}
	if budget.kept > mostKept {
		return nil, fmt.Errorf("it makes lists of more than %d MiB", mostKept>>20)
	}
	return params[1], nil
}

// ticker puts a look at the time into every step of every loop.
type ticker struct{}

// Visit is ast.Visitor's.
func (ticker) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.BuiltinNode)
	if !ok {
		return
	}
	for _, argument := range call.Arguments {
		predicate, ok := argument.(*ast.PredicateNode)
		if !ok {
			continue
		}
		spend := func(function string, arguments ...ast.Node) ast.Node {
			return &ast.CallNode{Callee: &ast.IdentifierNode{Value: function},
				Arguments: append([]ast.Node{&ast.IdentifierNode{Value: budgetName}}, arguments...)}
		}
		switch call.Name {
		case "map", "sum":
			predicate.Node = spend(keepName, predicate.Node)
		default:
			predicate.Node = &ast.BinaryNode{Operator: "and", Left: spend(tickName), Right: predicate.Node}
		}
	}
}

// join writes the texts of a list one behind the other.
func join(params ...any) (any, error) {
	separator := ""
	if len(params) > 1 {
		separator, _ = params[1].(string)
	}
	list := reflect.ValueOf(params[0])
	if list.Kind() != reflect.Slice {
		return nil, errors.New("join takes a list of texts")
	}
	var b strings.Builder
	for i := range list.Len() {
		text, ok := list.Index(i).Interface().(string)
		if !ok {
			return nil, errors.New("join takes a list of texts")
		}
		if i > 0 {
			b.WriteString(separator)
		}
		if b.WriteString(text); b.Len() > largestText {
			return nil, fmt.Errorf("it joins more than %d KiB", largestText>>10)
		}
	}
	return b.String(), nil
}

// scalarString writes a value that is not a list.
func scalarString(params ...any) (any, error) {
	switch value := params[0].(type) {
	case string, bool, int, float64, nil:
		return fmt.Sprint(value), nil
	}
	return nil, errors.New("string takes a text, a number or true or false")
}

// show writes the beginning of a value for a message.
func show(b *strings.Builder, value any) {
	const longest = 200
	switch value := value.(type) {
	case string:
		b.WriteString(strings.ToValidUTF8(value[:min(len(value), longest)], ""))
		return
	case bool, int, float64, nil:
		fmt.Fprint(b, value)
		return
	}
	if table, ok := value.(map[string]string); ok {
		value = slices.Collect(func(yield func(string) bool) {
			for _, key := range slices.Sorted(maps.Keys(table)) {
				if !yield(key + ":" + table[key]) {
					return
				}
			}
		})
	}
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		fmt.Fprint(b, reflect.TypeOf(value))
		return
	}
	b.WriteByte('[')
	for i := 0; i < list.Len() && b.Len() < longest; i++ {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch element := list.Index(i).Interface().(type) {
		case string:
			b.WriteString(strings.ToValidUTF8(element[:min(len(element), longest)], ""))
		case PortView, MountView, bool, int, float64:
			fmt.Fprint(b, element)
		}
	}
	b.WriteByte(']')
}

// tooLarge names a text of a container that is longer than expressions look at, empty for none.
func (v *View) tooLarge(names []string) string {
	long := func(list ...string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return len(s) > largestText })
	}
	for _, name := range names {
		switch {
		case name == "labels":
			for key, value := range v.Labels {
				if long(key, value) {
					return name
				}
			}
		case name == "variables" && long(v.Variables...), name == "networks" && long(v.Networks...),
			name == "capabilities" && long(v.Capabilities...), name == "user" && long(v.User),
			name == "image" && long(v.Image), name == "name" && long(v.Name):
			return name
		case name == "mounts":
			for _, m := range v.Mounts {
				if long(m.Source, m.Destination) {
					return name
				}
			}
		}
	}
	return ""
}

// failures holds the rules that could not be evaluated.
type failures struct {
	mu    sync.Mutex
	spent time.Duration
	rules []podman.Problem
	told  map[string]bool
}

// add keeps the first failure of a rule.
func (f *failures) add(rule, container string, at podman.Origin, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told[rule] {
		return
	}
	f.told[rule] = true
	f.rules = append(f.rules, podman.Problem{Origin: at,
		Message: fmt.Sprintf("the rule %s could not be applied to %s, and perhaps to others: %v", rule, container, err)})
}

// spend counts the time of a rule, and returns an error where the rules have had enough.
func (f *failures) spend(took time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spent += took; f.spent > allTime {
		return fmt.Errorf("the configuration's own rules take longer than %s", allTime)
	}
	return nil
}

// Failures returns an error for each rule of the configuration's own that could not be applied to some container.
func (c *Config) Failures() []podman.Problem {
	if c.failed == nil {
		return nil
	}
	c.failed.mu.Lock()
	defer c.failed.mu.Unlock()
	return slices.Clone(c.failed.rules)
}
