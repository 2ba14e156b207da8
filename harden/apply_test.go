package harden

import (
	"path"
	"testing"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/examples"
)

// bad returns the containers that a rule's bad examples define.
func bad(t *testing.T, rule string) []*podman.Container {
	t.Helper()
	entries, err := examples.Files.ReadDir(rule)
	if err != nil {
		return nil // a rule that shows in no definition
	}
	given := map[string][]byte{}
	for _, e := range entries {
		text, err := examples.Files.ReadFile(path.Join(rule, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		given[e.Name()] = text
	}
	set, _ := definition.Open(nil, definition.Options{Given: given})
	var list []*podman.Container
	for _, file := range set.Paths() {
		list = append(list, set.Read(file).Containers...)
	}
	return list
}

// TestApply holds that what is worked out for a container is what its rule asks for: of each rule with a step, the
// finding of its bad example ends, the container is not more exposed, and the original stays as it was.
func TestApply(t *testing.T) {
	for _, rule := range rules.All(rules.Parameters{}) {
		if !Counts(&rule) {
			continue
		}
		applied := false
		for _, c := range bad(t, rule.ID) {
			before := rate(c)
			for _, f := range rules.Check([]rules.Rule{rule}, c) {
				after, ok := Apply(c, &f)
				if !ok {
					continue
				}
				applied = true
				if now := rate(after); now.reach > before.reach || now.known && now.exposure > before.exposure {
					t.Errorf("%s: %v with its fix, %v without", rule.ID, now, before)
				}
				if again := rules.Check([]rules.Rule{rule}, c); len(again) == 0 {
					t.Errorf("%s: the container itself was changed", rule.ID)
				}
			}
		}
		if !applied {
			t.Errorf("%s: its fix cannot be applied to its bad example", rule.ID)
		}
	}
}

// TestNotCounted holds that a plan does not count what is not known: a privileged container whose capabilities nobody
// wrote down, a namespace that is another container's to give up, a fix that is no setting.
func TestNotCounted(t *testing.T) {
	host := podman.AssumedHost(podman.Set(false, podman.Origin{}), definition.Options{}.Now)
	privileged := &podman.Container{Name: "p", Host: host, Kind: podman.KindContainer}
	privileged.Confinement.Privileged = podman.Set(true, podman.Origin{})
	joining := &podman.Container{Name: "j", Host: host, Kind: podman.KindContainer}
	joining.Namespaces.PID = podman.Set("container:other", podman.Origin{})
	joining.Namespaces.Joins = map[podman.NamespaceKind]podman.Join{
		podman.NamespacePID: {Mode: "host", Container: "other"}}
	for _, c := range []*podman.Container{privileged, joining} {
		found := rules.Check(rules.All(rules.Parameters{}), c)
		if len(found) == 0 {
			t.Errorf("%s: nothing is found", c.Name)
		}
		for _, f := range found {
			if f.Rule.ID != "privileged" && f.Rule.ID != "pid-host" {
				continue
			}
			if _, ok := Apply(c, &f); ok {
				t.Errorf("%s: %s counts", c.Name, f.Rule.ID)
			}
		}
	}
}

// TestNew holds the order of a plan, what it counts, and that no step promises more than is left.
func TestNew(t *testing.T) {
	var subjects []Subject
	for _, rule := range rules.All(rules.Parameters{}) {
		for _, c := range bad(t, rule.ID) {
			found := rules.Check(rules.All(rules.Parameters{}), c)
			s := Subject{Container: c}
			for i := range found {
				s.Findings = append(s.Findings, &found[i])
			}
			subjects = append(subjects, s)
		}
	}
	const steps = 50
	judge := func(c *podman.Container) []rules.Finding { return rules.Check(rules.All(rules.Parameters{}), c) }
	plan := New(subjects, steps, judge)
	if len(plan.Steps) < 5 || len(plan.Steps) == steps {
		t.Fatalf("%d steps", len(plan.Steps))
	}
	last := plan.Before.Exposure
	for i, s := range plan.Steps {
		if s.Before.Exposure != last || s.After.Exposure > s.Before.Exposure-least+1e-6 || len(s.Subjects) == 0 {
			t.Errorf("step %d: %v → %v of %d", i+1, s.Before, s.After, len(s.Subjects))
		}
		last = s.After.Exposure
	}
	if last != plan.After.Exposure {
		t.Errorf("it ends at %v, its last step at %v", plan.After.Exposure, last)
	}
	if short := New(subjects, 2, judge); len(short.Steps) != 2 || short.Steps[1].Rule.ID != plan.Steps[1].Rule.ID {
		t.Errorf("a short plan is not the beginning of a long one: %v", short.Steps)
	}
}
