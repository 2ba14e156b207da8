package command

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/podlint/podlint/podman/yamlpath"
)

// scriptKeys are the keys under which CI systems keep shell commands: GitHub's and Forgejo's run, GitLab's script,
// Woodpecker's and Drone's commands, Azure's bash, CircleCI's command.
var scriptKeys = []string{"run", "script", "before_script", "after_script", "commands", "command", "bash", "shell"}

// InYAML returns the shell scripts in a CI system's YAML.
func InYAML(file string, text string, document *yaml.Node) []Script {
	lines := strings.Split(text, "\n")
	var found []Script
	var visit func(node *yaml.Node, isScript bool, depth int)
	visit = func(node *yaml.Node, isScript bool, depth int) {
		const deepest = 200
		if depth > deepest {
			return
		}
		switch node.Kind {
		case yaml.MappingNode:
			other := isOtherLanguage(node)
			for i := 0; i+1 < len(node.Content); i += 2 {
				if key := node.Content[i].Value; !other || key != "run" && key != "script" && key != "with" {
					visit(node.Content[i+1], slices.Contains(scriptKeys, key), depth+1)
				}
			}
		case yaml.ScalarNode:
			if isScript && MentionsPodman(node.Value) {
				found = append(found, Script{File: file, Text: node.Value, At: yamlpath.Within(node, lines)})
			}
		case yaml.AliasNode: // seen where its anchor is
		default:
			for _, child := range node.Content {
				visit(child, isScript, depth+1)
			}
		}
	}
	visit(document, false, 0)
	return found
}

// isOtherLanguage reports whether a step's script is none for a shell: what it says runs it, or the action that it is
// for, takes another language.
func isOtherLanguage(step *yaml.Node) bool {
	if uses := valueOf(step, "uses"); uses != nil && strings.Contains(strings.ToLower(uses.Value), "github-script") {
		return true
	}
	shell := valueOf(step, "shell")
	if shell == nil || shell.Kind != yaml.ScalarNode || valueOf(step, "run") == nil {
		return false
	}
	program, _, _ := strings.Cut(strings.TrimSpace(shell.Value), " ")
	return !strings.Contains(program, "$") && !slices.Contains(shells, path.Base(program))
}

// InMarkdown returns the shell scripts in a Markdown file's fenced code blocks: those that say sh, bash, shell or
// console, and those that say nothing. Of a console's session the lines after a prompt are taken.
func InMarkdown(file, text string) []Script {
	var found []Script
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		fence := strings.TrimLeft(lines[i], " \t")
		if !strings.HasPrefix(fence, "```") && !strings.HasPrefix(fence, "~~~") {
			continue
		}
		mark := fence[:len(fence)-len(strings.TrimLeft(fence, fence[:1]))]
		language, _, _ := strings.Cut(strings.TrimSpace(strings.TrimLeft(fence, fence[:1])), " ")
		first := i + 1
		for i++; i < len(lines) && !strings.HasPrefix(strings.TrimLeft(lines[i], " \t"), mark); i++ {
		}
		block := slices.Clone(lines[first:min(i, len(lines))])
		switch strings.ToLower(language) {
		case "", "sh", "bash", "shell", "console", "shell-session", "zsh":
		default:
			continue
		}
		prompts := slices.ContainsFunc(block, func(l string) bool { return prompt(l) > 0 })
		continued := false
		for j, line := range block {
			if n := prompt(line); n > 0 {
				block[j] = strings.Repeat(" ", n) + line[n:]
			} else if prompts && !continued {
				block[j] = ""
			}
			continued = strings.HasSuffix(block[j], `\`)
		}
		found = append(found, Script{File: file, Text: strings.Join(block, "\n"),
			At: func(line, column int) (int, int) { return first + line, column }})
	}
	return found
}

// prompt returns the length of the prompt that a console's line starts with, 0 for none.
func prompt(line string) int {
	trimmed := strings.TrimLeft(line, " \t")
	if strings.HasPrefix(trimmed, "$ ") || strings.HasPrefix(trimmed, "# podman") ||
		strings.HasPrefix(trimmed, "# sudo") {
		return len(line) - len(trimmed) + 2
	}
	return 0
}
