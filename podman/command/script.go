package command

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/jinja"
)

// Script is a shell script, or a piece of one, in a file.
type Script struct {
	// File is the file's path.
	File string
	// Text is the script.
	Text string
	// At returns where a byte of the script stands in the file, by its 1-based line and column in the script; nil where
	// the script is the whole file.
	At func(line, column int) (int, int)
	// Open is set where its command lines are given further flags, which are not known.
	Open bool
	// Template is set where Jinja makes the script: what an expression stands for is not known.
	Template bool
}

// Read returns the containers that a script's `podman run` and `podman create` command lines make. The script is parsed
// as Bash reads it, which takes in POSIX shell; nothing of it is run.
func (s Script) Read(host *podman.Host) podman.Found {
	b := collector{host: host, pods: map[string]*PodCommand{}, waits: true, open: s.Open}
	b.script(s, host, nil, nil, 0)
	return podman.Found{Containers: b.containers(), Problems: b.problems}
}

// deepestScripts is how many scripts may be within one another.
const deepestScripts = 4

// script reads a script that is so many others within.
func (b *collector) script(s Script, host *podman.Host, outer *shell, input []Word, within int) {
	if within > deepestScripts || !MentionsPodman(s.Text) && input == nil &&
		(outer == nil || !strings.Contains(s.Text, "$")) {
		return
	}
	if outer != nil {
		const most = 1 << 22
		if b.read += len(s.Text); b.read > most {
			if b.read-len(s.Text) <= most {
				b.problems = append(b.problems, podman.Problem{Origin: s.position(1, 1), Message: "the scripts within this " +
					"one are too long together for podlint to read", Hint: "split it"})
			}
			return
		}
	}
	if before, _, found := strings.Cut(s.Text, "\x00"); found {
		b.problems = append(b.problems, podman.Problem{Origin: s.position(strings.Count(before, "\n")+1, 1), Message: "not " +
			"a text file: a shell passes over its NUL byte and reads on, podlint does not", Hint: "remove it"})
		return
	}
	parsed, err := newShell(s, outer)
	if err != nil {
		problem := s.unreadable(err)
		problem.Warning = !Mentions(s.Text, "podman") // what is Docker's is read as far as it can be
		b.problems = append(b.problems, problem)
		return
	}
	parsed.input = input
	before := b.waits
	defer func() { b.waits = before }()
	parsed.commands(func(c shellCommand) {
		l := launched(c.words)
		b.waits = before && c.waits && !l.leaves(c.words)
		as := l.host(host)
		if p := b.call(l, as); p != nil {
			b.problems = append(b.problems, *p)
		}
		inner := l.script
		if l.reads {
			inner = c.input
		}
		if len(inner) > 0 {
			b.script(scriptOf(inner), as, parsed, c.input, within+1)
		}
	})
}

// unreadable is the problem about a script that cannot be parsed.
func (s Script) unreadable(err error) podman.Problem {
	problem := podman.Problem{Origin: podman.Origin{File: s.File}, Message: err.Error(), Hint: "podlint reads " +
		"scripts as Bash does"}
	var at syntax.ParseError
	var lang syntax.LangError
	switch {
	case errors.Is(err, errTooDeep):
		problem.Origin = s.position(1, 1)
	case errors.As(err, &at):
		problem.Origin, problem.Message = s.origin(at.Pos), "this is no shell script: "+at.Text
	case errors.As(err, &lang):
		problem.Origin = s.origin(lang.Pos)
	}
	return problem
}

// shellCommand is a command of a script.
type shellCommand struct {
	words []Word
	// spans says where the words are written.
	spans [][2]int
	// input is what the command reads from its standard input, where the script says that.
	input []Word
	// waits is set where the script goes on only after the command.
	waits bool
}

// commands calls visit for each command of a script.
func (s *shell) commands(visit func(shellCommand)) {
	walkWithin(s.file, func(node syntax.Node, around ancestors) {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return
		}
		at := around.place()
		var words []Word
		var spans [][2]int
		for _, arg := range call.Args {
			made := s.words(arg, at)
			words = append(words, made...)
			for range made {
				spans = append(spans, [2]int{int(arg.Pos().Offset()), int(arg.End().Offset())})
			}
			if len(words) > mostFields*10 {
				return
			}
		}
		if len(words) > 0 {
			visit(shellCommand{words, spans, s.inputOf(around, at), around.waits()})
		}
	})
}

// waits reports whether a script waits for the last node of a stack, a command.
func (a ancestors) waits() bool {
	if len(a) < 2 {
		return true
	}
	stmt, ok := a[len(a)-2].(*syntax.Stmt)
	return !ok || !stmt.Background && !stmt.Coprocess && !stmt.Disown
}

// leaves reports whether what launches a command line does not wait for its end.
func (l launch) leaves(words []Word) bool {
	return slices.ContainsFunc(words[:min(l.first, len(words))], func(w Word) bool {
		return slices.Contains([]string{"exec", "nohup", "systemd-run"}, path.Base(w.Text))
	})
}

// inputOf returns what the last command of a stack reads from its standard input, where that is written in the script.
func (s *shell) inputOf(around ancestors, at place) []Word {
	var command *syntax.Stmt
	for i := len(around) - 2; i >= 0; i-- {
		switch node := around[i].(type) {
		case *syntax.Stmt:
			if input := s.redirected(node, at); input != nil {
				return input
			}
			command = node
		case *syntax.BinaryCmd:
			if node.Op != syntax.Pipe && node.Op != syntax.PipeAll || command != node.Y {
				return nil
			}
			return s.piped(node.X, at)
		case *syntax.TimeClause:
		default:
			return s.input
		}
	}
	return s.input
}

// redirected returns the here-document, or here-string, that a command reads.
func (s *shell) redirected(statement *syntax.Stmt, at place) []Word {
	for _, r := range slices.Backward(statement.Redirs) {
		text := r.Hdoc
		if r.Op == syntax.WordHdoc {
			text = r.Word
		}
		if text == nil || r.N != nil && r.N.Value != "0" {
			continue
		}
		b := &fields{single: true}
		b.last.at = int(text.Pos().Offset())
		quoted := r.Op != syntax.WordHdoc
		if quoted && r.Word.Lit() == "" { // its delimiter is in quotes: nothing is put into it
			for _, part := range text.Parts {
				if l, ok := part.(*syntax.Lit); ok {
					b.add(piece{text: l.Value, from: int(l.ValuePos.Offset())})
				}
			}
		} else {
			s.parts(b, text.Parts, at, quoted, 0)
		}
		b.end(0)
		words := make([]Word, len(b.done))
		for i, f := range b.done {
			words[i] = s.word(f)
		}
		return words
	}
	return nil
}

// piped returns what cat and echo write into a pipe.
func (s *shell) piped(from *syntax.Stmt, at place) []Word {
	call, ok := from.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return nil
	}
	switch call.Args[0].Lit() {
	case "cat":
		return s.redirected(from, at)
	case "echo", "printf":
		var words []Word
		for _, arg := range call.Args[1:] {
			words = append(words, s.words(arg, at)...)
		}
		for len(words) > 0 && (strings.HasPrefix(words[0].Text, "-") || strings.HasPrefix(words[0].Text, "%")) {
			words = words[1:]
		}
		return words
	}
	return nil
}

// IsShell reports whether a file's first line names a shell.
func IsShell(data []byte) bool {
	const longest = 200
	first, _, _ := strings.Cut(string(data[:min(len(data), longest)]), "\n")
	command, ok := strings.CutPrefix(first, "#!")
	words := strings.Fields(command)
	if ok && len(words) > 1 && path.Base(words[0]) == "env" {
		for words = words[1:]; len(words) > 1 && (strings.HasPrefix(words[0], "-") || isAssignment(words[0])); {
			words = words[1:]
		}
	}
	return ok && len(words) > 0 && slices.Contains(shells, path.Base(words[0]))
}

// unquoting takes away what a shell takes away within a word.
var unquoting = strings.NewReplacer("\\\n", "", `\`, "", `'`, "", `"`, "")

// MentionsPodman reports whether a script has the word podman, however it is quoted, or docker, whose command lines are
// read as Podman's.
func MentionsPodman(text string) bool { return Mentions(text, "podman") || Mentions(text, "docker") }

// Mentions reports whether a script has the name of a program in it, however it is quoted.
func Mentions(text, program string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, program) ||
		strings.ContainsAny(text, "\\'\"\x00") &&
			strings.Contains(unquoting.Replace(strings.ReplaceAll(text, "\x00", "")), program)
}

// expressions puts a variable in place of each ${{ … }} that a CI system fills in before a shell sees the script,
// without moving anything.
func expressions(text string) string {
	if !strings.Contains(text, "${{") {
		return text
	}
	out := []byte(text)
	for from := 0; ; {
		start := strings.Index(text[from:], "${{")
		if start < 0 {
			return string(out)
		}
		start += from
		length := strings.Index(text[start:], "}}")
		if length < 0 {
			return string(out)
		}
		end := start + length + 2
		for i := start + 2; i < end-1; i++ {
			out[i] = 'x'
		}
		from = end
	}
}

// Call is a command line of a script with where its words stand.
type Call struct {
	*Command
	// Words holds the words from the program's name on, and Spans where each stands in the script: the offsets of its
	// first byte and of the one behind it.
	Words []Word
	Spans [][2]int
}

// Calls returns Podman's command lines of a script that make a container or a pod, but for those that it gives to
// another shell.
func (s Script) Calls() []Call {
	parsed, err := newShell(s, nil)
	if err != nil {
		return nil
	}
	var calls []Call
	parsed.commands(func(made shellCommand) {
		if c, ok := CallIn(made.words, made.spans); ok {
			calls = append(calls, c)
		}
	})
	return calls
}

// CallIn returns Podman's command line among words that makes a container or a pod, whatever stands before it, such as
// sudo; false where there is none. The spans say where the words stand.
func CallIn(words []Word, spans [][2]int) (Call, bool) {
	l := launched(words)
	for i := range l.words {
		if l.words[i].engine() != "podman" {
			continue
		}
		if c, err := ParseWords(l.words[i:]); err == nil {
			return Call{c, l.words[i:], spans[min(l.first+i, len(spans)):]}, true
		}
	}
	return Call{}, false
}

// parse parses the script with variables in place of what a template fills in.
func (s Script) parse() (*syntax.File, error) {
	if s.Template {
		return parse(jinja.Script(s.Text))
	}
	return parse(s.Text)
}

func (s Script) origin(pos syntax.Pos) podman.Origin {
	return s.position(int(pos.Line()), int(pos.Col()))
}

func (s Script) position(line, column int) podman.Origin {
	if s.At != nil {
		line, column = s.At(line, column)
	}
	return podman.Origin{File: s.File, Line: line, Column: column}
}

// collector gathers the command lines of a file.
type collector struct {
	host  *podman.Host
	pods  map[string]*PodCommand
	found []*podman.Container
	// waits is set while the commands of a script are read that it waits for.
	waits bool

	problems []podman.Problem
	// read counts the bytes of the scripts within others.
	read int
	// open is set where every command line is given further flags.
	open bool
}

// call reads the words of a command, if it is one of Podman's.
func (b *collector) call(l launch, host *podman.Host) *podman.Problem {
	for i, w := range l.words {
		program := w.engine()
		if program == "" {
			continue
		}
		c, err := ParseWords(l.words[i:])
		if errors.Is(err, ErrNotCreate) {
			continue
		}
		if err != nil {
			return &podman.Problem{Origin: w.Origin, Message: "this " + program + " command line: " + err.Error(),
				Hint: "podlint knows the flags of Podman " + TableVersion, Warning: program == "docker" || w.Unknown}
		}
		b.add(c, l.words[i:], host)
		return nil
	}
	return nil
}

// add keeps what a command line makes.
func (b *collector) add(c *Command, words []Word, host *podman.Host) {
	place := words[0].Origin
	for _, w := range words[1:] {
		if w.Text == "run" || w.Text == "create" {
			place = w.Origin.At(w.Text)
			break
		}
	}
	definition := podman.Definition{Syntax: podman.SyntaxCommand, Origin: place}
	ctx := Context{Words: words, Definition: definition, Host: host}
	if c.Pod {
		infra := c.Container(ctx)
		if infra.Name == "" {
			infra.Name = "pod"
		} else {
			b.pods[infra.Name] = &PodCommand{Command: c, Words: words, Definition: definition}
		}
		b.found = append(b.found, infra)
		return
	}
	if o, ok := c.Last("pod"); ok {
		if name, isNew := strings.CutPrefix(o.Value, "new:"); isNew {
			made := &PodCommand{Command: c.newPod(), Words: words, Definition: definition}
			b.pods[name] = made
			infra := made.Container(ctx)
			infra.Name = name
			b.found = append(b.found, infra)
		}
		ctx.Pod = b.pods[strings.TrimPrefix(o.Value, "new:")]
	}
	c.Open = c.Open || b.open
	if c.Open {
		for i, w := range words {
			if w.Splits && i < c.ImageIndex && !c.takes(i) {
				b.problems = append(b.problems, podman.Problem{Origin: w.Origin, Warning: true,
					Message: fmt.Sprintf("%s may hold more flags: what they set is unknown", w.Text)})
				break
			}
		}
	}
	made := c.Container(ctx)
	made.Lifecycle.RunsOnce = made.Lifecycle.RunsOnce || b.waits && c.isTool(made)
	b.found = append(b.found, made)
}

// newPod returns the pod that --pod=new:NAME makes: with the container's network, ports and namespaces, and nothing of
// what it mounts (tried on 4.3.1 and 5.4.2; podman cmd/podman/containers, createPodIfNecessary).
func (c *Command) newPod() *Command {
	pod := &Command{Pod: true, Open: c.Open, ImageIndex: c.ImageIndex}
	for _, o := range c.Options {
		switch o.Name {
		case "network", "publish", "userns", "pid", "hostname", "ip", "ip6", "mac-address", "network-alias", "dns":
			pod.Options = append(pod.Options, o)
		}
	}
	return pod
}

// takes reports whether a word is the value of an option.
func (c *Command) takes(word int) bool {
	return slices.ContainsFunc(c.Options, func(o Option) bool { return o.ValueIndex == word })
}

// containers returns what was found, each with a name: one that was given none is called by its image.
func (b *collector) containers() []*podman.Container {
	names := map[string]int{}
	for _, c := range b.found {
		if c.Name == "" {
			c.Name = imageName(c.Image.Name)
		}
		if names[c.Name]++; names[c.Name] > 1 {
			c.Name = fmt.Sprintf("%s#%d", c.Name, names[c.Name])
		}
	}
	return b.found
}

// imageName returns an image's name without registry, tag and digest.
func imageName(image string) string {
	name, _, _ := strings.Cut(path.Base(image), "@")
	if !strings.Contains(name, "$") {
		name, _, _ = strings.Cut(name, ":")
	}
	if name == "" || name == "." || name == "/" {
		return "unnamed"
	}
	return name
}

// Lines returns the containers that command lines make whose words have been split already, such as a service's
// ExecStart.
func Lines(lines [][]Word, host *podman.Host) podman.Found {
	b := collector{host: host, pods: map[string]*PodCommand{}}
	for _, words := range lines {
		if len(words) == 0 {
			continue
		}
		l := launched(words)
		as := l.host(host)
		if p := b.call(l, as); p != nil {
			b.problems = append(b.problems, *p)
		}
		if len(l.script) > 0 {
			b.script(scriptOf(l.script), as, nil, nil, 1)
		}
	}
	return podman.Found{Containers: b.containers(), Problems: b.problems}
}
