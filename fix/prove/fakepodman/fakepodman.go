// Package fakepodman plays podman for tests: a test program starts itself again as podman, which answers from a script
// and records each call.
package fakepodman

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Variable names the directory of a fake podman's state in its environment. A program that has it plays podman.
const Variable = "PODLINT_FAKE_PODMAN"

// Script is what a fake podman answers.
type Script struct {
	// Answers are for any command, the first that matches counts.
	Answers []Answer
	// Copies say how a container of `podman run` behaves, the first that matches counts; one that nothing matches is
	// healthy.
	Copies []Behaviour
}

// Answer is the answer to commands that match a pattern.
type Answer struct {
	Match          string
	Status         int
	Stdout, Stderr string
	// Hang is set for a command that never ends, HangAfter for one that first does what it is for.
	Hang, HangAfter bool
}

// Behaviour is how a container behaves whose command line matches, and does not match Unless.
type Behaviour struct {
	Match, Unless string
	// Runs are the runs that it is for, from 1; empty for all.
	Runs []int
	// Exited is set for a container that has ended with Status.
	Exited bool
	Status int
	// Log and ErrorLog are its two streams.
	Log, ErrorLog string
	// HealthCheck is set for an image with a health check, Unhealthy for one whose check or probe fails.
	HealthCheck, Unhealthy bool
	// Written are lines of podman diff, Processes lines of podman top, Env the container's variables.
	Written, Processes, Env []string
	// Late is a process that podman top shows from the second time on.
	Late string
}

// Container is a container of the fake.
type Container struct {
	ID, Name string
	Labels   map[string]string
	Args     []string
	// Variables is the content of the environment files.
	Variables string
	Behaviour Behaviour
}

// Fake is a fake podman's state on disk.
type Fake struct{ Dir string }

// New writes a script and returns the fake with the program that plays it.
func New(t testing.TB, script Script) (fake Fake, program string) {
	t.Helper()
	fake = Fake{t.TempDir()}
	fake.write(t, "script.json", script)
	for _, kind := range []string{"containers", "volumes", "networks"} {
		if err := os.Mkdir(filepath.Join(fake.Dir, kind), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(fake.Dir, "podman")
	// A program built with the race detector sleeps for a second before it ends, unless told not to.
	text := fmt.Sprintf("#!/bin/sh\nGORACE=atexit_sleep_ms=0 %s='%s' exec '%s' \"$@\"\n", Variable, fake.Dir, self)
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return fake, program
}

func (f Fake) write(t testing.TB, name string, value any) {
	t.Helper()
	data, err := json.Marshal(value)
	if err == nil {
		err = os.WriteFile(filepath.Join(f.Dir, name), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Add puts a container, volume or network there that was not made by a proof.
func (f Fake) Add(t testing.TB, kind, name string, labels map[string]string) {
	t.Helper()
	f.write(t, kind+"/"+name, Container{ID: "id-" + name, Name: name, Labels: labels})
}

// List returns the names of what there is, by kind.
func (f Fake) List() []string {
	var found []string
	for _, kind := range []string{"containers", "volumes", "networks"} {
		entries, _ := os.ReadDir(filepath.Join(f.Dir, kind))
		for _, e := range entries {
			found = append(found, kind+"/"+e.Name())
		}
	}
	return found
}

// Calls returns the words of each call, and the containers as they were made.
func (f Fake) Calls() (calls [][]string, made []Container) {
	data, _ := os.ReadFile(filepath.Join(f.Dir, "calls"))
	for line := range strings.Lines(string(data)) {
		var c []string
		if json.Unmarshal([]byte(line), &c) == nil {
			calls = append(calls, c)
		}
	}
	data, _ = os.ReadFile(filepath.Join(f.Dir, "made"))
	for line := range strings.Lines(string(data)) {
		var c Container
		if json.Unmarshal([]byte(line), &c) == nil {
			made = append(made, c)
		}
	}
	return calls, made
}

// Main plays podman and returns its exit status.
func Main(dir string, args []string, stdout, stderr io.Writer) int {
	f := Fake{dir}
	f.append("calls", args)
	var script Script
	data, err := os.ReadFile(filepath.Join(dir, "script.json"))
	if err == nil {
		err = json.Unmarshal(data, &script)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 99
	}
	line := strings.Join(args, " ")
	for _, a := range script.Answers {
		if !regexp.MustCompile(a.Match).MatchString(line) {
			continue
		}
		if a.HangAfter {
			f.play(script, args, stdout, stderr)
		}
		if a.Hang || a.HangAfter {
			time.Sleep(time.Hour)
		}
		fmt.Fprint(stdout, a.Stdout)
		fmt.Fprint(stderr, a.Stderr)
		return a.Status
	}
	return f.play(script, args, stdout, stderr)
}

func (f Fake) append(name string, value any) {
	data, _ := json.Marshal(value)
	file, err := os.OpenFile(filepath.Join(f.Dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, _ = file.Write(append(data, '\n'))
		_ = file.Close()
	}
}

func (f Fake) play(script Script, args []string, stdout, stderr io.Writer) int {
	fail := func(status int, format string, a ...any) int {
		fmt.Fprintf(stderr, "Error: "+format+"\n", a...)
		return status
	}
	name := args[len(args)-1]
	switch args[0] {
	case "run":
		return f.run(script, args, stdout, fail)
	case "ps":
		f.list("containers", args, func(c Container) { fmt.Fprintln(stdout, c.ID) })
		return 0
	case "info":
		fmt.Fprintln(stdout, "false")
		return 0
	case "version":
		fmt.Fprintln(stdout, "5.4.2")
		return 0
	case "image":
		fmt.Fprintln(stdout, strings.Repeat("ab", 32))
		return 0
	case "secret":
		return fail(125, "no such secret")
	case "volume", "network":
		return f.other(args, stdout, fail)
	case "exec", "healthcheck":
		if args[0] == "exec" {
			name = args[1]
		}
	case "top", "diff", "logs", "inspect", "rm":
		if args[0] == "top" {
			name = args[1]
		}
	default:
		return fail(125, "unrecognized command %q", args[0])
	}
	c, ok := f.container(name)
	if !ok {
		return fail(1, "no such container %q", name)
	}
	b := c.Behaviour
	switch args[0] {
	case "rm":
		_ = os.Remove(filepath.Join(f.Dir, "containers", c.Name))
	case "inspect":
		inspect(&c, args, stdout)
	case "logs":
		fmt.Fprint(stdout, b.Log)
		fmt.Fprint(stderr, b.ErrorLog)
	case "top":
		processes := b.Processes
		if calls, _ := f.Calls(); b.Late != "" && count(calls, args) > 1 {
			processes = append(processes, b.Late)
		}
		fmt.Fprintln(stdout, strings.Join(append([]string{"COMMAND"}, processes...), "\n"))
	case "diff":
		fmt.Fprintln(stdout, strings.Join(b.Written, "\n"))
	default:
		if b.Unhealthy {
			return fail(1, "%s", "unhealthy "+b.ErrorLog)
		}
	}
	return 0
}

// count counts the calls with some words.
func count(calls [][]string, words []string) int {
	n := 0
	for _, call := range calls {
		if slices.Equal(call, words) {
			n++
		}
	}
	return n
}

func inspect(c *Container, args []string, stdout io.Writer) {
	if slices.Contains(args, "--format") {
		fmt.Fprintln(stdout, c.Name, c.Labels["podlint.proof"])
		return
	}
	b := c.Behaviour
	check := map[string]any{"Test": []string{"NONE"}}
	if b.HealthCheck {
		check["Test"] = []string{"CMD", "true"}
	}
	_ = json.NewEncoder(stdout).Encode([]any{map[string]any{
		"State":  map[string]any{"Running": !b.Exited, "ExitCode": b.Status},
		"Config": map[string]any{"Env": b.Env, "Healthcheck": check},
	}})
}

func (f Fake) run(script Script, args []string, stdout io.Writer, fail func(int, string, ...any) int) int {
	c := Container{Labels: map[string]string{}, Args: args}
	for i, a := range args {
		switch {
		case a == "--name":
			c.Name = args[i+1]
		case a == "--label":
			k, v, _ := strings.Cut(args[i+1], "=")
			c.Labels[k] = v
		case strings.HasPrefix(a, "--env-file="):
			data, err := os.ReadFile(strings.TrimPrefix(a, "--env-file="))
			if err != nil {
				return fail(125, "%v", err)
			}
			c.Variables += string(data)
		}
	}
	if _, err := os.Stat(filepath.Join(f.Dir, "containers", c.Name)); !errors.Is(err, os.ErrNotExist) {
		return fail(125, "the container name %q is already in use", c.Name)
	}
	c.ID = "id-" + c.Name
	line := strings.Join(args, " ")
	_, before := f.Calls()
	for _, b := range script.Copies {
		if len(b.Runs) > 0 && !slices.Contains(b.Runs, len(before)+1) {
			continue
		}
		if regexp.MustCompile(b.Match).MatchString(line) &&
			(b.Unless == "" || !regexp.MustCompile(b.Unless).MatchString(line)) {
			c.Behaviour = b
			break
		}
	}
	f.append("made", c)
	data, _ := json.Marshal(c)
	if err := os.WriteFile(filepath.Join(f.Dir, "containers", c.Name), data, 0o600); err != nil {
		return fail(125, "%v", err)
	}
	fmt.Fprintln(stdout, c.ID)
	return 0
}

// list calls show for what has the label, and the name, of the filters.
func (f Fake) list(kind string, args []string, show func(Container)) {
	entries, _ := os.ReadDir(filepath.Join(f.Dir, kind))
	for _, e := range entries {
		var c Container
		data, _ := os.ReadFile(filepath.Join(f.Dir, kind, e.Name()))
		matches := json.Unmarshal(data, &c) == nil
		for i, a := range args {
			if a != "--filter" {
				continue
			}
			key, value, _ := strings.Cut(args[i+1], "=")
			label, want, exact := strings.Cut(value, "=")
			got, has := c.Labels[label]
			switch key {
			case "name":
				matches = matches && regexp.MustCompile(value).MatchString(c.Name)
			case "label":
				matches = matches && has && (!exact || got == want)
			}
		}
		if matches {
			show(c)
		}
	}
}

func (f Fake) container(name string) (found Container, ok bool) {
	f.list("containers", nil, func(c Container) {
		if c.Name == name || c.ID == name {
			found, ok = c, true
		}
	})
	return found, ok
}

// other plays podman volume and podman network.
func (f Fake) other(args []string, stdout io.Writer, fail func(int, string, ...any) int) int {
	kind, name := args[0]+"s", args[len(args)-1]
	path := filepath.Join(f.Dir, kind, name)
	switch args[1] {
	case "create":
		c := Container{ID: "id-" + name, Name: name, Labels: map[string]string{}}
		for i, a := range args {
			if a == "--label" {
				k, v, _ := strings.Cut(args[i+1], "=")
				c.Labels[k] = v
			}
		}
		data, _ := json.Marshal(c)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return fail(125, "%v", err)
		}
		return 0
	case "ls":
		f.list(kind, args, func(c Container) { fmt.Fprintln(stdout, c.Name) })
		return 0
	case "import":
		return 0
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fail(1, "no such %s %q", args[0], name)
	}
	switch {
	case args[1] == "rm":
		_ = os.Remove(path)
	case strings.Contains(strings.Join(args, " "), "Mountpoint"):
		fmt.Fprintln(stdout, f.Dir)
	case slices.Contains(args, "--format"):
		var c Container
		_ = json.Unmarshal(data, &c)
		fmt.Fprintln(stdout, c.Labels["podlint.proof"])
	default:
		fmt.Fprintln(stdout, "[{}]")
	}
	return 0
}
