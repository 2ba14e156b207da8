package fix

import (
	"errors"
	"strings"
	"testing"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// TestVerified holds what becomes of edits that do not hold when the edited text is linted again.
func TestVerified(t *testing.T) {
	at := podman.Definition{Syntax: podman.SyntaxQuadlet,
		Origin: podman.Origin{File: "a.container", Line: 1, Column: 1}}
	finding := func(rule string, severity rules.Severity, key string) rules.Finding {
		flag := "--" + strings.ReplaceAll(strings.ToLower(key), "pidslimit", "pids-limit")
		return rules.Finding{Container: "a", Rule: &rules.Rule{ID: rule}, Severity: severity, Definition: at,
			Fix: rules.Fix{Changes: []rules.Change{{Flag: flag}}}}
	}
	const text = "[Container]\nImage=x\n"
	user, memory := finding("user", rules.Medium, "User=10"), finding("memory", rules.Low, "Memory=1m")
	for _, c := range []struct {
		name string
		lint func(text string) ([]rules.Finding, error)
		want string // the lines that are added
		why  string // of what failed
	}{
		{"both hold", func(string) ([]rules.Finding, error) { return nil, nil }, "User=10 Memory=1m", ""},
		{"a finding is still there", func(string) ([]rules.Finding, error) { return []rules.Finding{user}, nil },
			"Memory=1m", "still there"},
		{"a new one as severe", func(text string) ([]rules.Finding, error) {
			if strings.Contains(text, "Memory") {
				return []rules.Finding{finding("worse", rules.High, "User=1")}, nil
			}
			return nil, nil
		}, "User=10", "new finding, worse (high)"},
		{"a milder one gets its own edit", func(text string) ([]rules.Finding, error) {
			if strings.Contains(text, "User") && !strings.Contains(text, "PidsLimit") {
				return []rules.Finding{finding("pids", rules.Low, "PidsLimit=5")}, nil
			}
			return nil, nil
		}, "User=10 Memory=1m PidsLimit=5", ""},
		{"the text cannot be read", func(text string) ([]rules.Finding, error) {
			if strings.Contains(text, "User") {
				return nil, errors.New("line 3")
			}
			return nil, nil
		}, "Memory=1m", "not read as it was: line 3"},
		{"nothing can be linted", func(string) ([]rules.Finding, error) { return nil, errors.New("no") }, "",
			"cannot be linted"},
	} {
		first := true
		out := Verified(&Request{
			Path: "a.container", Version: "5.5", Text: []byte(text), Groups: [][]*rules.Finding{{&user, &memory}},
			Lint: func(edited []byte) ([]rules.Finding, error) {
				if first && c.name != "nothing can be linted" {
					first = false
					return []rules.Finding{user, memory}, nil
				}
				return c.lint(string(edited))
			},
			Regroup: func(findings []rules.Finding) (groups [][]*rules.Finding) {
				for i := range findings {
					groups = append(groups, []*rules.Finding{&findings[i]})
				}
				return groups
			},
		})
		got := strings.Join(strings.Fields(strings.TrimPrefix(string(out.After), text)), " ")
		if got != c.want || (len(out.Failed) > 0) != (c.why != "") ||
			c.why != "" && !strings.Contains(out.Failed[0].Why, c.why) {
			t.Errorf("%s: %q, failed %v", c.name, got, out.Failed)
		}
	}
}
