package command

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman"
)

// InWorkflow returns the containers that a workflow of GitHub's, or of those that read the same, starts for its jobs
// and their services, as command lines. Only those whose flags, mounts or variables the workflow gives are returned;
// the runner adds others (docs.github.com, "Running jobs in a container").
func InWorkflow(file, text string, document *yaml.Node) []Script {
	jobs := valueOf(document, "jobs")
	if jobs == nil || jobs.Kind != yaml.MappingNode {
		return nil
	}
	w := &yamlWords{file: file, lines: strings.Split(text, "\n")}
	var found []Script
	for i := 0; i+1 < len(jobs.Content); i += 2 {
		name, job := jobs.Content[i].Value, jobs.Content[i+1]
		if c := valueOf(job, "container"); c != nil {
			found = append(found, w.container(name, c)...)
		}
		services := valueOf(job, "services")
		if services == nil || services.Kind != yaml.MappingNode {
			continue
		}
		for j := 0; j+1 < len(services.Content); j += 2 {
			found = append(found, w.container(services.Content[j].Value, services.Content[j+1])...)
		}
	}
	return found
}

// yamlWords makes words of the values of YAML.
type yamlWords struct {
	file  string
	lines []string
	words []Word
}

// add adds words that stand at a node.
func (w *yamlWords) add(at *yaml.Node, words ...string) {
	origin := podman.Origin{File: w.file, Line: at.Line, Column: at.Column}
	if at.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		origin.Column++
	}
	for _, text := range words {
		w.words = append(w.words, Word{Text: text, Origin: origin})
	}
}

// container returns the command line of a job's container or service.
func (w *yamlWords) container(name string, node *yaml.Node) []Script {
	w.words = nil
	image := valueOf(node, "image")
	if image == nil {
		return nil
	}
	w.add(node, "podman", "create", "--name", Quote(name))
	given := false
	if env := valueOf(node, "env"); env != nil && env.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(env.Content); i += 2 {
			given = true
			w.add(env.Content[i+1], "-e", inQuotes(env.Content[i].Value+"="+env.Content[i+1].Value))
		}
	}
	for key, flag := range map[string]string{"volumes": "-v", "ports": "-p"} {
		list := valueOf(node, key)
		if list == nil || list.Kind != yaml.SequenceNode {
			continue
		}
		for _, item := range list.Content {
			given = given || flag == "-v"
			w.add(item, flag, inQuotes(item.Value))
		}
	}
	if options := valueOf(node, "options"); options != nil && options.Kind == yaml.ScalarNode {
		given = given || strings.TrimSpace(options.Value) != ""
		w.options(options)
	}
	if !given {
		return nil
	}
	w.add(image, inQuotes(image.Value))
	script := scriptOf(w.words)
	script.Open = true
	return []Script{script}
}

// options adds the words of one string, each where it stands.
func (w *yamlWords) options(node *yaml.Node) {
	line, column := node.Line, node.Column
	for _, text := range strings.Fields(node.Value) {
		w.add(node, text)
		i := -1
		for ; line <= len(w.lines); line, column = line+1, 1 {
			written := w.lines[line-1]
			if i = strings.Index(written[min(column-1, len(written)):], text); i >= 0 {
				break
			}
		}
		if i >= 0 {
			origin := &w.words[len(w.words)-1].Origin
			origin.Line, origin.Column = line, column+i
			column += i + len(text)
		}
	}
}

// inQuotes writes a word for a shell, which puts in what only a CI system knows.
func inQuotes(text string) string {
	if !strings.Contains(text, "${") {
		return Quote(text)
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "${{") && strings.Contains(text[i:], "}}"):
			b.WriteString("${expression}")
			i += strings.Index(text[i:], "}}") + 1
		case strings.HasPrefix(text[i:], "${") && strings.Contains(text[i:], "}"):
			end := i + strings.IndexByte(text[i:], '}')
			b.WriteString("${" + variableOf(text[i+2:end]) + "}")
			i = end
		case strings.IndexByte("$`\"\\", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// variableOf returns the shell's name of a variable such as localEnv:HOME.
func variableOf(name string) string {
	if kind, rest, given := strings.Cut(name, ":"); given && strings.HasSuffix(kind, "nv") {
		name, _, _ = strings.Cut(rest, ":")
	}
	plain := strings.TrimLeft(strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name), "0123456789")
	if plain == "" {
		return "unknown"
	}
	return plain
}
