package lint

import (
	"strings"
	"testing"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// TestRootlessByEvidence holds that what a definition, its pod and the guides beside it say tells for whom it is, where
// no option and no place does, and that the report says what told.
func TestRootlessByEvidence(t *testing.T) {
	unit := func(more string) string { return "[Container]\n" + image + "User=0\n" + more }
	one := func(more string) map[string]string { return map[string]string{"a.container": unit(more)} }
	const yaml = "services:\n  web:\n    image: docker.io/library/nginx:1.27\n    user: '0'\n"
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":        {one(""), ""},
		"keep-id":        {one("UserNS=keep-id:uid=0\n"), "UserNS=keep-id at a.container:4"},
		"a comment":      {one("# UserNS=keep-id in %h/x\n"), ""},
		"an option":      {one("PodmanArgs=--userns keep-id\n"), "--userns=keep-id at a.container:4"},
		"the home":       {one("Volume=%h/data:/data\n"), "%h at a.container:4"},
		"a percent sign": {one("Environment=A=%%h/\n"), ""},
		"the socket":     {one("Volume=%t/podman/podman.sock:/s\n"), "%t/podman/podman.sock at a.container:4"},
		"the target":     {one("[Install]\nWantedBy=default.target\n"), "WantedBy=default.target at a.container:5"},
		"both targets":   {one("[Install]\nWantedBy=multi-user.target default.target\n"), ""},
		"the system's target": {map[string]string{
			"a.container": unit("Volume=%h/d:/d\n[Install]\nWantedBy=multi-user.target\n"),
			"README.md":   "systemctl --user start a"}, ""},
		"a drop-in": {map[string]string{
			"a.container": unit(""), "a.container.d/x.conf": "[Container]\nVolume=%h/d:/d\n"},
			"%h at a.container.d/x.conf:2"},
		"its pod": {map[string]string{"a.container": unit("Pod=p.pod\n"), "p.pod": "[Pod]\nUserNS=keep-id\n"},
			"UserNS=keep-id at p.pod:2"},
		"a guide": {map[string]string{
			"units/a.container": unit(""), "README.md": "# x\n\n    systemctl --user daemon-reload\n"},
			"systemctl --user at README.md:3"},
		"a script": {map[string]string{"a.container": unit(""), "up.sh": "systemctl enable --user --now a\n"},
			"systemctl --user at up.sh:1"},
		"a guide to both": {map[string]string{"a.container": unit(""),
			"README": "`systemctl --user start a`, or `sudo systemctl start a`\n"}, ""},
		"a guide elsewhere": {map[string]string{"a.container": unit(""), "other/README": "systemctl --user start b\n"},
			""},
		"a generated service": {map[string]string{
			"a.service": "[Service]\nExecStart=podman run -u 0 docker.io/library/x:1\n" +
				"[Install]\nWantedBy=default.target\n"}, ""},
		"a compose file": {map[string]string{"compose.yaml": yaml + "    userns_mode: keep-id\n"},
			"userns_mode=keep-id at compose.yaml:5"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, given := range []podman.Setting[bool]{{}, podman.Set(false, podman.Origin{})} {
				r := checked(t, tt.files, Choice{Only: []string{"root-user", "uid-map"}}, definition.Options{Rootless: given})
				told, rootless := "", false
				for _, c := range r.Containers {
					if c.Kind == podman.KindContainer {
						told = c.Assumed
					}
				}
				for i := range r.Findings {
					f := &r.Findings[i]
					if rootless = strings.Contains(f.Message, "(rootless assumed)"); rootless && f.Confidence != rules.Derived {
						t.Errorf("confidence %s: %s", f.Confidence, f.Message)
					}
				}
				want := tt.want
				if want != "" {
					want = "rootless is assumed: " + want
				}
				if given.Known() { // an option counts more
					want = ""
				}
				if told != want || rootless != (want != "") && len(r.Findings) > 0 {
					t.Errorf("%q, findings for rootless: %t; want %q", told, rootless, want)
				}
			}
		})
	}
}

// TestSeverityOfReach holds that a container which can become no root of the host has no high finding about whom its
// UIDs are.
func TestSeverityOfReach(t *testing.T) {
	const hardened = "DropCapability=all\nNoNewPrivileges=true\nReadOnly=true\n"
	for more, want := range map[string]rules.Severity{
		"User=1000:1000\n" + hardened: rules.Medium, "User=0\n" + hardened: rules.High, hardened: rules.High,
		"User=1000\n": rules.High, "User=1000\nAddCapability=SETUID\n" + hardened: rules.High,
	} {
		r := checked(t, map[string]string{"a.container": "[Container]\n" + image + more},
			Choice{Only: []string{"uid-map"}}, definition.Options{})
		if len(r.Findings) != 1 || r.Findings[0].Severity != want {
			t.Errorf("%s: %q, want %s", more, found(r), want)
		}
		if reach := r.Containers[0].Reach.Level; (reach == rules.EscapeToUser) != (want == rules.Medium) {
			t.Errorf("%s: reach %s, %q", more, reach, found(r))
		}
	}
}
