package podman

import (
	"fmt"
	"strconv"
)

// State says how much is known about a setting.
type State uint8

// The states of a setting. The zero value is StateUnknown, so that what a reader forgets to fill never passes for safe.
const (
	// StateUnknown means that the input does not tell. No rule may call an unknown setting good or bad.
	StateUnknown State = iota
	// StateDefault means that nobody chose the value: it is what Podman does by itself.
	StateDefault
	// StateSet means that the value was chosen, or that the service reports it as what is in force.
	StateSet
)

// String returns the state's name, as reports print it.
func (s State) String() string {
	switch s {
	case StateDefault:
		return "default"
	case StateSet:
		return "set"
	default:
		return "unknown"
	}
}

// Origin says where a value was read. The zero value is no known place.
type Origin struct {
	// Field is the API field of a live container, such as "HostConfig.ReadonlyRootfs", or the key or flag of a
	// definition.
	Field string
	// File is the path of the file that the value was read from, empty for a live container.
	File string
	// Line and Column are 1-based, 0 where there is no file. Column counts bytes.
	Line, Column int
	// OfPod is set where a pod's definition says it: every member of the pod has what is written there.
	OfPod bool
	// Unless names the variables that could take the place of what was read, which is their default; empty for none.
	Unless string
}

// Field returns the origin of what an API field or a key says, such as "HostConfig.ReadonlyRootfs".
func Field(name string) Origin { return Origin{Field: name} }

// String returns the origin as reports print it: "FILE:LINE:COLUMN", or the field.
func (o Origin) String() string {
	if o.File == "" {
		return o.Field
	}
	s := o.File
	if o.Line > 0 {
		s += ":" + strconv.Itoa(o.Line)
		if o.Column > 0 {
			s += ":" + strconv.Itoa(o.Column)
		}
	}
	return s
}

// At returns the origin with another field, for a setting that is not written: it points where it would have to be.
func (o Origin) At(field string) Origin {
	o.Field = field
	return o
}

// Setting is a value of a container's configuration with what is known about it and where it was read.
type Setting[T any] struct {
	// Value means nothing while State is StateUnknown.
	Value T
	// State says whether the value was set, is Podman's default, or is not known.
	State State
	// Origin is where the value was read, or where it would have to be written.
	Origin Origin
}

// Known reports whether the setting's value may be relied upon.
func (s Setting[T]) Known() bool { return s.State != StateUnknown }

// Set returns a setting that was chosen, or that the service reports as being in force.
func Set[T any](value T, origin Origin) Setting[T] {
	return Setting[T]{Value: value, State: StateSet, Origin: origin}
}

// DefaultTo returns a setting that nobody chose. Its value is Podman's default.
func DefaultTo[T any](value T, origin Origin) Setting[T] {
	return Setting[T]{Value: value, State: StateDefault, Origin: origin}
}

// UnknownAt returns a setting whose value is not known although its place is. Where neither is, write the zero value.
func UnknownAt[T any](origin Origin) Setting[T] {
	return Setting[T]{Origin: origin}
}

// Derive returns a setting that follows from another: its state and origin are those of from.
func Derive[T, F any](from Setting[F], value T) Setting[T] {
	return Setting[T]{Value: value, State: from.State, Origin: from.Origin}
}

// Sensitive is a string that may hold a secret. However it is formatted or marshalled it shows as "[redacted]"; only
// Reveal returns it, and only the search for secrets calls that.
type Sensitive string

const redacted = "[redacted]"

// Reveal returns the string itself. What it returns must never reach a report, a log or an error.
func (s Sensitive) Reveal() string { return string(s) }

// RevealAll returns the strings themselves, under the conditions of Reveal.
func RevealAll(list []Sensitive) []string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = s.Reveal()
	}
	return words
}

// String returns "[redacted]".
func (s Sensitive) String() string { return redacted }

// GoString returns "[redacted]".
func (s Sensitive) GoString() string { return redacted }

// Format writes "[redacted]" whatever the verb, including %q and %x.
func (s Sensitive) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[redacted]", in JSON and in every other encoding that asks.
func (s Sensitive) MarshalText() ([]byte, error) { return []byte(redacted), nil }
