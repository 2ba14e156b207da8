package podman

import "testing"

// TestRequires holds which scope of a signature policy counts for an image's name: the longest that is there.
func TestRequires(t *testing.T) {
	p := Policy{Default: "reject", Docker: map[string]string{
		"quay.io/team/app:1": "tag", "quay.io/team/app": "name", "quay.io/team": "prefix", "quay.io": "registry",
		"*.example.org": "domain", "*.eu.example.org": "subdomain", "reg.example.org:5000": "port",
	}}
	for image, want := range map[string][2]string{
		"quay.io/team/app:1":             {"tag", "quay.io/team/app:1"},
		"quay.io/team/app:2":             {"name", "quay.io/team/app"},
		"quay.io/team/app@sha256:0":      {"name", "quay.io/team/app"},
		"quay.io/team/other:1":           {"prefix", "quay.io/team"},
		"quay.io/teams/app":              {"registry", "quay.io"},
		"a.example.org/app:1":            {"domain", "*.example.org"},
		"a.b.example.org/x/app":          {"domain", "*.example.org"},
		"a.eu.example.org/x/app":         {"subdomain", "*.eu.example.org"},
		"reg.example.org:5000/x/app":     {"port", "reg.example.org:5000"},
		"example.org/app":                {"reject", "default"},
		"docker.io/library/debian:12":    {"reject", "default"},
		"badexample.org/app":             {"reject", "default"},
		"quay.io.attacker.example/app:1": {"reject", "default"},
	} {
		if kind, scope := p.Requires(image); kind != want[0] || scope != want[1] {
			t.Errorf("%s: %s by %q, want %s", image, kind, scope, want)
		}
	}
	p.Docker[""] = "all"
	if kind, scope := p.Requires("docker.io/library/debian:12"); kind != "all" || scope != "" {
		t.Errorf("all of docker: %s by %q", kind, scope)
	}
}
