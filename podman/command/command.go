// Package command reads a `podman run`, `podman create` or `podman pod create` command line: the words that somebody
// typed, that a unit's generator made, or that Podman recorded as a container's CreateCommand.
//
// It is the one place that knows Podman's flags. Which flags there are and what they take is generated from Podman's
// own command definitions (flags.go, see internal/generate); what a flag's value means stands here. A command line is
// intent, not state: `podman update`, containers.conf and a pod change what comes of it.
package command

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// flag is one row of a generated table.
type flag struct {
	name, shorthand string
	takes           kind
}

// kind says how a flag takes its value.
type kind uint8

const (
	single    kind = iota // one value; the last one given counts
	boolean               // a value only after "="; without one it is true
	list                  // each occurrence adds a value
	commaList             // each occurrence adds values, separated by commas as in CSV
)

// Option is one occurrence of a flag.
type Option struct {
	// Name is the flag's present name, without dashes; former names are rewritten.
	Name string
	// Value is what it was given, "true" for a boolean flag without one. It may be a secret.
	Value string
	// Index is the 0-based index, among the words of the command line, of the word that the flag stands in.
	Index int
	// ValueIndex is that of the word that the value stands in; it is Index where both stand in one word.
	ValueIndex int
}

// Command is a command line that makes a container or a pod.
type Command struct {
	// Options holds the flags in their order.
	Options []Option
	// Image is the image's name, or the root filesystem's path with --rootfs; empty for a pod, and where it is not
	// known.
	Image string
	// ImageIndex is the index of the image's word.
	ImageIndex int
	// Args holds the words after the image.
	Args []string
	// Run is set for `podman run`, which starts the container at once.
	Run bool
	// Pod is set for a command line that makes a pod.
	Pod bool
	// Open is set where a word of the command line, only known when it is run, may hold more flags: what is not among
	// Options may have been given all the same.
	Open bool
}

// ErrNotCreate says that a command line makes no container that it describes: `podman kube play`, a service's own
// command line (which the Docker-compatible API of Podman 4.3 records), `podman container clone`.
var ErrNotCreate = errors.New("not a podman run or create command line")

var errNoImage = fmt.Errorf("no image is named: %w", ErrNotCreate)

// Parse reads the words of a command line, the program's name first. Flags that Podman does not have make it an error,
// since whether such a flag takes the next word as its value, and so where the image stands, is not known.
func Parse(words []string) (*Command, error) {
	if len(words) == 0 {
		return nil, ErrNotCreate
	}
	i, _, err := options(words, 1, global, nil)
	if err != nil {
		return nil, err
	}
	rest := words[i:]
	if len(rest) > 1 && rest[0] == "container" {
		rest, i = rest[1:], i+1
	}
	if len(rest) > 1 && rest[0] == "pod" && rest[1] == "create" {
		_, found, err := options(words, i+2, pod, aliases)
		if err != nil {
			return nil, err
		}
		return &Command{Options: found, Pod: true, ImageIndex: len(words)}, nil
	}
	if len(rest) == 0 || rest[0] != "run" && rest[0] != "create" {
		return nil, ErrNotCreate
	}
	run := rest[0] == "run"
	i, found, err := options(words, i+1, container, aliases)
	if err != nil {
		return nil, err
	}
	if i == len(words) {
		return nil, errNoImage
	}
	return &Command{Options: found, Image: words[i], ImageIndex: i, Args: words[i+1:], Run: run}, nil
}

// set is a table of flags, by name and by shorthand.
type set struct {
	byName      map[string]flag
	byShorthand map[byte]flag
}

func newSet(flags []flag) set {
	s := set{make(map[string]flag, len(flags)), map[byte]flag{}}
	for _, f := range flags {
		s.byName[f.name] = f
		if f.shorthand != "" {
			s.byShorthand[f.shorthand[0]] = f
		}
	}
	return s
}

var (
	global    = newSet(globalFlags)
	container = newSet(containerFlags)
	pod       = newSet(podFlags)
)

// options reads flags from words[i] on, up to the first word that is none, as pflag does with interspersed flags off.
// It returns that word's index.
func options(words []string, i int, known set, renamed map[string]string) (int, []Option, error) {
	var found []Option
	for i < len(words) {
		word := words[i]
		switch {
		case word == "--":
			return i + 1, found, nil
		case len(word) < 2 || word[0] != '-':
			return i, found, nil
		}
		var (
			next int
			opts []Option
			err  error
		)
		if strings.HasPrefix(word, "--") {
			next, opts, err = long(words, i, known, renamed)
		} else {
			next, opts, err = short(words, i, known)
		}
		if err != nil {
			return i, nil, err
		}
		found = append(found, opts...)
		i = next
	}
	return i, found, nil
}

// long reads the flag in words[i], "--name", "--name=value" or "--name" "value".
func long(words []string, i int, known set, renamed map[string]string) (int, []Option, error) {
	name, value, hasValue := strings.Cut(words[i][2:], "=")
	if present, ok := renamed[name]; ok {
		name = present
	}
	f, ok := known.byName[name]
	if !ok {
		return i, nil, fmt.Errorf("word %d: podman %s has no flag --%s", i+1, TableVersion, name)
	}
	at := i
	switch {
	case hasValue:
	case f.takes == boolean:
		value = "true"
	default:
		if at++; at == len(words) {
			return i, nil, fmt.Errorf("word %d: --%s needs a value", i+1, name)
		}
		value = words[at]
	}
	opts, err := occurrences(f, value, i, at)
	return at + 1, opts, err
}

// short reads the flags in words[i]: "-d", "-dt", "-v/a:/b", "-v=/a:/b" or "-v" "/a:/b".
func short(words []string, i int, known set) (int, []Option, error) {
	var found []Option
	letters := words[i][1:]
	for len(letters) > 0 {
		f, ok := known.byShorthand[letters[0]]
		if !ok {
			return i, nil, fmt.Errorf("word %d: podman %s has no flag -%c", i+1, TableVersion, letters[0])
		}
		at, value, last := i, "true", true
		switch {
		case len(letters) > 2 && letters[1] == '=':
			value = letters[2:]
		case f.takes == boolean:
			last = false
		case len(letters) > 1:
			value = letters[1:]
		default:
			if at++; at == len(words) {
				return i, nil, fmt.Errorf("word %d: -%s needs a value", i+1, f.shorthand)
			}
			value = words[at]
		}
		opts, err := occurrences(f, value, i, at)
		if err != nil {
			return i, nil, err
		}
		found = append(found, opts...)
		if last {
			return at + 1, found, nil
		}
		letters = letters[1:]
	}
	return i + 1, found, nil
}

// occurrences returns the options that a flag with a value makes: several for a list separated by commas.
func occurrences(f flag, value string, index, valueIndex int) ([]Option, error) {
	switch f.takes {
	case single, list:
	case boolean:
		// what is only known when it is run may be either
		if _, err := strconv.ParseBool(value); err != nil && !strings.ContainsAny(value, "$%{") {
			return nil, fmt.Errorf("word %d: --%s takes true or false", index+1, f.name)
		}
	case commaList:
		if value == "" {
			return nil, nil
		}
		values := strings.Split(value, ",")
		if strings.ContainsAny(value, "\"\r\n") { // as pflag does; a reader of CSV costs four kilobytes
			var err error
			if values, err = csv.NewReader(strings.NewReader(value)).Read(); err != nil {
				return nil, fmt.Errorf("word %d: --%s takes values separated by commas", index+1, f.name)
			}
		}
		opts := make([]Option, len(values))
		for i, v := range values {
			opts[i] = Option{f.name, v, index, valueIndex}
		}
		return opts, nil
	}
	return []Option{{f.name, value, index, valueIndex}}, nil
}

// Flags reads words that are all flags of a container or, where pod is set, of a pod: those of a unit's PodmanArgs.
func Flags(words []string, ofPod bool) ([]Option, error) {
	known := container
	if ofPod {
		known = pod
	}
	i, found, err := options(words, 0, known, aliases)
	if err == nil && i < len(words) {
		err = fmt.Errorf("word %d is no flag", i+1)
	}
	return found, err
}

// Takes reports whether there is a flag of a name, and whether it is on or off rather than given a value.
func Takes(name string, ofPod bool) (known, onOff bool) {
	flags := container
	if ofPod {
		flags = pod
	}
	f, known := flags.byName[name]
	return known, f.takes == boolean
}

// Repeats reports whether each occurrence of a flag adds to those before it; of others the last one counts.
func Repeats(name string) bool {
	f, ok := container.byName[name]
	return ok && (f.takes == list || f.takes == commaList)
}

// All returns every occurrence of a flag.
func (c *Command) All(name string) []Option {
	var found []Option
	for _, o := range c.Options {
		if o.Name == name {
			found = append(found, o)
		}
	}
	return found
}

// Last returns the occurrence of a flag that counts where only one can, and false where it was not given.
func (c *Command) Last(name string) (Option, bool) {
	for i := len(c.Options) - 1; i >= 0; i-- {
		if c.Options[i].Name == name {
			return c.Options[i], true
		}
	}
	return Option{}, false
}

// Bool returns whether a boolean flag was given and is true.
func (c *Command) Bool(name string) bool {
	o, ok := c.Last(name)
	if !ok {
		return false
	}
	v, err := strconv.ParseBool(o.Value)
	return err == nil && v
}
