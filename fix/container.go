package fix

import (
	"fmt"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// Matched returns, of what is found in a live container, what its definition shows too, with the definition's places;
// what only the live one shows keeps its changes and is placed where the definition stands.
func Matched(found, defined []rules.Finding) []rules.Finding {
	var list []rules.Finding
	for _, f := range found {
		for _, d := range defined {
			if d.Rule.ID == f.Rule.ID && d.Cause == f.Cause {
				d.Message, d.Severity, d.Waived = f.Message, f.Severity, f.Waived
				// what the live one needs
				d.Fix.Changes, d.Fix.Safe, d.Fix.MountOption = f.Fix.Changes, f.Fix.Safe, f.Fix.MountOption
				d.Proven, d.Breaks = f.Proven, f.Breaks
				f = d
				break
			}
		}
		list = append(list, f)
	}
	return list
}

// CommandLine plans the edits of the command line that a live container was made with.
func CommandLine(c *podman.Container, found []rules.Finding) *Plan {
	p := &Plan{Path: c.Name, CommandLine: true}
	give := func(why string) *Plan {
		for i := range found {
			p.Left = append(p.Left, Left{&found[i], why})
		}
		return p
	}
	if !c.CreateCommand.Known() || len(c.CreateCommand.Value) == 0 {
		return give("the container has no recorded command line: it was made over the API, by kube play or by compose")
	}
	text := command.FormatMultiline(podman.RevealAll(c.CreateCommand.Value))
	containers := command.Script{File: c.Name, Text: text}.Read(c.Host).Containers
	if len(containers) != 1 {
		return give("podlint cannot read the command line that it was made with")
	}
	used := rulesOf(found)
	p.Before = []byte(text)
	p.request = Request{Path: c.Name, Text: p.Before, Lint: func(text []byte) ([]rules.Finding, error) {
		made := command.Script{File: c.Name, Text: string(text)}.Read(c.Host)
		if len(made.Containers) != 1 {
			return nil, fmt.Errorf("podlint cannot read the edited command line: %v", made.Problems)
		}
		return rules.Check(used, made.Containers[0]), nil
	}}
	p.group(Placed(found, containers[0]))
	p.settle(nil)
	return p
}

// Placed places what is found in a container on the command line that makes it.
func Placed(found []rules.Finding, line *podman.Container) []*rules.Finding {
	placed := Matched(found, rules.Check(rulesOf(found), line))
	list := make([]*rules.Finding, len(placed))
	for i := range placed {
		placed[i].Definition = line.Definition
		list[i] = &placed[i]
	}
	return list
}

// rulesOf returns the rules that findings are of, each once.
func rulesOf(found []rules.Finding) []rules.Rule {
	var list []rules.Rule
	seen := map[string]bool{}
	for i := range found {
		if r := found[i].Rule; !seen[r.ID] {
			seen[r.ID] = true
			list = append(list, *r)
		}
	}
	return list
}
