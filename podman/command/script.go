package command

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/podlint/podlint/podman"
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
}

// Read returns the containers that a script's `podman run` and `podman create` command lines make. The script is parsed
// as Bash reads it, which takes in POSIX shell; nothing of it is run.
func (s Script) Read(host *podman.Host) ([]*podman.Container, []podman.Problem) {
	return s.read(host, 0)
}

// read reads a script that is so many shells within another.
func (s Script) read(host *podman.Host, within int) ([]*podman.Container, []podman.Problem) {
	if !MentionsPodman(s.Text) {
		return nil, nil
	}
	if before, _, found := strings.Cut(s.Text, "\x00"); found {
		return nil, []podman.Problem{{Origin: s.position(strings.Count(before, "\n")+1, 1), Message: "not a " +
			"text file: a shell passes over its NUL byte and reads on, podlint does not", Hint: "remove it"}}
	}
	parsed, err := parse(s.Text)
	var problems []podman.Problem
	if err != nil {
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
		return nil, []podman.Problem{problem}
	}
	b := collector{host: host, pods: map[string]*PodCommand{}}
	behind := map[syntax.Command]bool{} // what runs in the background
	syntax.Walk(parsed, func(node syntax.Node) bool {
		if stmt, ok := node.(*syntax.Stmt); ok && (stmt.Background || stmt.Coprocess || stmt.Disown) {
			behind[stmt.Cmd] = true
		}
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		b.waits = !behind[call]
		words := make([]Word, len(call.Args))
		for i, arg := range call.Args {
			words[i] = s.word(arg)
		}
		if p := b.call(words); p != nil {
			problems = append(problems, *p)
		}
		const deepest = 3
		if inner, ok := innerScript(words); ok && within < deepest {
			origin := inner.Origin
			script := Script{File: s.File, Text: inner.Text, At: func(int, int) (int, int) {
				return origin.Line, origin.Column
			}}
			found, wrong := script.read(host, within+1)
			b.found, problems = append(b.found, found...), append(problems, wrong...)
		}
		return true
	})
	return b.containers(), append(problems, b.problems...)
}

// innerScript returns the script that a command hands to another shell (sh -c) or to its own (eval).
func innerScript(words []Word) (Word, bool) {
	for i, w := range words {
		name := path.Base(w.Text)
		switch {
		case name == "eval" && i+1 < len(words):
			inner := words[i+1]
			for _, more := range words[i+2:] {
				inner.Text += " " + more.Text
			}
			return inner, true
		case slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "zsh"}, name):
			for j := i + 1; j+1 < len(words) && strings.HasPrefix(words[j].Text, "-"); j++ {
				if !strings.HasPrefix(words[j].Text, "--") && strings.Contains(words[j].Text, "c") {
					return words[j+1], true
				}
			}
			return Word{}, false
		case i == 0 && !slices.Contains(prefixes, name):
			return Word{}, false
		}
	}
	return Word{}, false
}

// unquoting takes away what a shell takes away within a word.
var unquoting = strings.NewReplacer("\\\n", "", `\`, "", `'`, "", `"`, "")

// MentionsPodman reports whether a script has the word podman, however it is quoted.
func MentionsPodman(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "podman") ||
		strings.ContainsAny(text, "\\'\"\x00") &&
			strings.Contains(unquoting.Replace(strings.ReplaceAll(text, "\x00", "")), "podman")
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

// Calls returns the command lines of a script that make a container or a pod.
func (s Script) Calls() []Call {
	parsed, err := parse(s.Text)
	if err != nil {
		return nil
	}
	var calls []Call
	syntax.Walk(parsed, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		words, spans := make([]Word, len(call.Args)), make([][2]int, len(call.Args))
		for i, arg := range call.Args {
			words[i] = s.word(arg)
			spans[i] = [2]int{int(arg.Pos().Offset()), int(arg.End().Offset())}
		}
		if c, ok := CallIn(words, spans); ok {
			calls = append(calls, c)
		}
		return true
	})
	return calls
}

// CallIn returns the command line among words that makes a container or a pod, whatever stands before it, such as sudo;
// false where there is none. The spans say where the words stand.
func CallIn(words []Word, spans [][2]int) (Call, bool) {
	for i := range words {
		if !isPodman(words[i]) {
			continue
		}
		if c, err := ParseWords(words[i:]); err == nil {
			return Call{c, words[i:], spans[i:]}, true
		}
	}
	return Call{}, false
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

// word reads a word of the shell: its quotes are taken away, what the shell would put into it stands as it was written.
func (s Script) word(w *syntax.Word) Word {
	word := Word{Origin: s.origin(w.Pos())}
	var b strings.Builder
	literal := false
	var read func(parts []syntax.WordPart, quoted bool)
	read = func(parts []syntax.WordPart, quoted bool) {
		for _, part := range parts {
			switch part := part.(type) {
			case *syntax.Lit:
				b.WriteString(unescaped(part.Value, quoted))
				literal = true
			case *syntax.SglQuoted:
				b.WriteString(part.Value)
				literal = true
			case *syntax.DblQuoted:
				literal = true
				read(part.Parts, true)
			default:
				word.Unknown = true
				from, to := part.Pos().Offset(), part.End().Offset()
				text := s.Text[min(int(from), len(s.Text)):min(int(to), len(s.Text))]
				b.WriteString(text)
				if text == "$@" || strings.HasSuffix(text, "[@]}") {
					word.Splits = true
				}
			}
		}
	}
	read(w.Parts, false)
	word.Text = b.String()
	word.Splits = word.Splits || word.Unknown && !literal
	return word
}

// unescaped takes the backslashes away.
func unescaped(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			switch next := text[i+1]; {
			case next == '\n':
				i++
				continue
			case !quoted || strings.IndexByte("$`\"\\", next) >= 0:
				i++
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// collector gathers the command lines of a file.
type collector struct {
	host  *podman.Host
	pods  map[string]*PodCommand
	found []*podman.Container
	// waits is set while the commands of a script are read that it waits for.
	waits bool

	problems []podman.Problem
}

// prefixes are the programs that run another one that stands behind them.
var prefixes = []string{"sudo", "doas", "env", "exec", "command", "nohup", "nice", "ionice", "time", "timeout",
	"systemd-run", "runuser", "setpriv", "chrt", "-"}

// call reads the words of a command, if it is one of Podman's.
func (b *collector) call(words []Word) *podman.Problem {
	first := strings.TrimLeft(path.Base(words[0].Text), "-@:+!")
	if !isPodman(words[0]) && !slices.Contains(prefixes, first) {
		return nil
	}
	for i := range words {
		if !isPodman(words[i]) {
			continue
		}
		c, err := ParseWords(words[i:])
		if errors.Is(err, ErrNotCreate) {
			continue
		}
		if err != nil {
			return &podman.Problem{Origin: words[i].Origin, Message: "this podman command line: " + err.Error(),
				Hint: "podlint knows the flags of Podman " + TableVersion}
		}
		b.waits = b.waits && !slices.Contains([]string{"exec", "nohup", "systemd-run"}, first)
		b.add(c, words[i:], b.mode(words[:i]))
		return nil
	}
	return nil
}

// isPodman reports whether a word is Podman's program, or a variable that is called by it.
func isPodman(w Word) bool {
	name := strings.ToLower(path.Base(w.Text))
	return strings.TrimLeft(name, "-@:+!") == "podman" || w.Unknown && strings.Trim(name, "${}") == "podman"
}

// mode returns the host with what sudo says about who runs Podman.
func (b *collector) mode(before []Word) *podman.Host {
	if len(before) == 0 {
		return b.host
	}
	name := path.Base(before[0].Text)
	if name != "sudo" && name != "doas" && name != "runuser" {
		return b.host
	}
	rootless := podman.Set(false, before[0].Origin)
	for i, w := range before[1:] {
		user, given := "", false
		switch {
		case w.Text == "-u" || w.Text == "--user":
			if i+2 < len(before) {
				user, given = before[i+2].Text, true
			}
		case strings.HasPrefix(w.Text, "--user="):
			user, given = strings.TrimPrefix(w.Text, "--user="), true
		case strings.HasPrefix(w.Text, "-u"):
			user, given = w.Text[2:], true
		}
		if given {
			rootless.Value = user != "root" && user != "0" && user != "#0"
		}
	}
	return podman.AssumedHost(rootless, b.host.Now)
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
	if c.Open {
		for _, w := range words {
			if w.Splits {
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
func Lines(lines [][]Word, host *podman.Host) ([]*podman.Container, []podman.Problem) {
	b := collector{host: host, pods: map[string]*PodCommand{}}
	var problems []podman.Problem
	for _, words := range lines {
		if len(words) < 2 {
			continue
		}
		if p := b.call(words); p != nil {
			problems = append(problems, *p)
		}
	}
	return b.containers(), append(problems, b.problems...)
}
