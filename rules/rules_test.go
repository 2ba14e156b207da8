package rules

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

func TestCatalogue(t *testing.T) {
	catalogue := All(Parameters{})
	if err := Validate(catalogue); err != nil {
		t.Error(err)
	}
	for _, r := range catalogue {
		if _, err := os.Stat(strings.ReplaceAll(r.ID, "-", "_") + ".go"); err != nil {
			t.Errorf("rule %s: its file is not called by it: %v", r.ID, err)
		}
		for _, address := range r.See {
			if !strings.HasPrefix(address, "https://") {
				t.Errorf("rule %s: %s is no https address", r.ID, address)
			}
		}
	}
	for _, broken := range [][]Rule{{{}}, {readOnly, readOnly},
		{{ID: "Upper", Title: "x", Why: "x", Remedy: "x", Severity: Low, Check: readOnly.Check}}, {{ID: "bare"}}} {
		if Validate(broken) == nil {
			t.Errorf("%q passes", broken[0].ID)
		}
	}
}

// TestUnknown holds that of a container of which nothing is known nothing is claimed.
func TestUnknown(t *testing.T) {
	c := &podman.Container{Name: "x", Kind: podman.KindContainer, Host: &podman.Host{}}
	if found := Check(All(Parameters{}), c); len(found) > 0 {
		t.Errorf("%s: %s", found[0].Rule.ID, found[0].Message)
	}
}

// soft is a rootful container with everything that Podman does by itself.
func soft() *podman.Container {
	caps := []string{"CAP_CHOWN", "CAP_KILL", "CAP_SETUID"}
	return &podman.Container{
		Name: "soft", Kind: podman.KindContainer,
		Host: &podman.Host{
			Podman: "5.4.2", Rootless: podman.Set(false, podman.Origin{}), UIDs: podman.IdentityMap(),
			GIDs:                podman.IdentityMap(),
			DefaultCapabilities: caps, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		},
		Process: podman.Process{User: podman.DefaultTo("", podman.Field("Config.User")),
			UID: podman.DefaultTo(uint32(0), podman.Field("Config.User"))},
		Namespaces: podman.Namespaces{UIDs: podman.DefaultTo(podman.IdentityMap(), podman.Origin{}),
			GIDs: podman.DefaultTo(podman.IdentityMap(), podman.Origin{})},
		Capabilities: podman.Capabilities{Bounding: podman.Set(caps, podman.Field("BoundingCaps")),
			Requested: podman.Set([]string{}, podman.Origin{})},
		Confinement: podman.Confinement{NoNewPrivileges: podman.DefaultTo(false, podman.Origin{}),
			Privileged: podman.DefaultTo(false, podman.Origin{})},
		Files: podman.Files{ReadOnly: podman.DefaultTo(false, podman.Origin{}),
			Mounts: podman.Set([]podman.Mount{}, podman.Field("Mounts"))},
		Environment: podman.Set([]podman.Variable{}, podman.Field("Config.Env")),
	}
}

// TestCases holds the rules on what a real Podman makes hard to have: what it does have is tried there.
func TestCases(t *testing.T) {
	mount := func(m podman.Mount) func(*podman.Container) {
		return func(c *podman.Container) {
			m.Recursive = true
			c.Files.Mounts = podman.Set([]podman.Mount{m}, podman.Field("Mounts"))
		}
	}
	for _, test := range []struct {
		name   string
		change func(*podman.Container)
		rule   string
		want   string // severity and a piece of the message; empty for silence
	}{
		{"capabilities without a command line, the default set",
			func(c *podman.Container) { c.Capabilities.Requested = podman.Setting[[]string]{} }, "cap-drop-all",
			"medium keeps 3"},
		{"capabilities without a command line, another set", func(c *podman.Container) {
			c.Capabilities.Requested = podman.Setting[[]string]{}
			c.Capabilities.Bounding.Value = []string{"CAP_KILL"}
		}, "cap-drop-all", ""},
		{"all capabilities asked for by name",
			func(c *podman.Container) { c.Capabilities.Requested.Value = c.Capabilities.Bounding.Value },
			"cap-drop-all", ""},
		{"process mapped to the host's root", func(c *podman.Container) {
			c.Process.UID = podman.Set(uint32(7), podman.Origin{})
			c.Namespaces.UIDs = podman.Set(podman.IDMap{{Inside: 0, Outside: 100000, Size: 7},
				{Inside: 7, Outside: 0, Size: 1}}, podman.Origin{})
			c.Namespaces.GIDs = c.Namespaces.UIDs
		}, "uid-map", "high UID 7 is UID 0 on the host"},
		{"rootless unknown", func(c *podman.Container) { c.Host.Rootless = podman.Setting[bool]{} }, "uid-map", ""},
		{"docker's socket", mount(podman.Mount{Type: "bind", Source: "/var/run/docker.sock", Destination: "/s"}),
			"engine-socket", "critical /var/run/docker.sock is mounted"},
		{"a user's runtime directory", mount(podman.Mount{Type: "bind", Source: "/run/user/1000", Destination: "/s"}),
			"engine-socket", "critical /run/user/1000/podman/podman.sock included"},
		{"another directory of a user's",
			mount(podman.Mount{Type: "bind", Source: "/run/user/1000/pulse", Destination: "/s"}), "engine-socket", ""},
		{"a directory of a similar name", mount(podman.Mount{Type: "bind", Source: "/running", Destination: "/s"}),
			"engine-socket", ""},
		{"an image's", mount(podman.Mount{Type: "image", Source: "/", Destination: "/s"}), "engine-socket", ""},
		{"a volume bound to /run",
			mount(podman.Mount{Type: "volume", Name: "v", Source: "/var/run/", Destination: "/s"}), "engine-socket",
			"critical"},
		{"the socket for another user", func(c *podman.Container) {
			c.Process.UID = podman.Set(uint32(33), podman.Origin{})
			c.Files.Mounts = podman.Set([]podman.Mount{{Type: "bind", Source: "/run/podman/podman.sock",
				Destination: "/s"}}, podman.Origin{})
		}, "engine-socket", "high UID 33"},
		{"a young image", func(c *podman.Container) {
			c.Image.Built = podman.Set(c.Host.Now.AddDate(0, 0, -30),
				podman.Origin{})
		}, "stale-image", ""},
		{"an old image", func(c *podman.Container) {
			c.Image.Built = podman.Set(c.Host.Now.AddDate(0, 0, -31),
				podman.Origin{})
		}, "stale-image", "medium the image is 31 days old"},
		{"an image by digest", func(c *podman.Container) {
			c.Image.ID = "abc"
			c.Image.Current = podman.Set("abc",
				podman.Origin{})
		}, "stale-image", ""},
		{"a proxy's password", func(c *podman.Container) {
			c.Environment.Value = []podman.Variable{{Name: "http_proxy", Value: "http://me:geheim@proxy:1",
				Owner: podman.OwnerProxy}}
		}, "plaintext-secret", "high variable http_proxy holds a password in a URL, which Podman copied"},
		{"a variable that may be a secret's", func(c *podman.Container) {
			c.Environment.Value = []podman.Variable{{Name: "DB_PASSWORD", Value: "hunter2", Owner: podman.OwnerUnknown}}
		}, "plaintext-secret", ""},
		{"the image's variable", func(c *podman.Container) {
			c.Environment.Value = []podman.Variable{{Name: "DB_PASSWORD", Value: "hunter2", Owner: podman.OwnerImage}}
		}, "plaintext-secret", ""},
		{"registry credentials", func(c *podman.Container) {
			c.ConfigStrings = podman.Set([]podman.ConfigString{{Place: "option", Name: "--creds",
				Words: []podman.Sensitive{"me:geheim"}}}, podman.Origin{})
		}, "plaintext-secret", "high option --creds holds a registry's password"},
		{"a Secret's token", func(c *podman.Container) {
			c.Kind, c.ConfigStrings = podman.KindResource, kubeSecret("a", "ghp_qhuMk9zUGIAJsam9cDIPYSTGnAvqGCAk7E3V")
		}, "plaintext-secret", "high the Secret's a holds a GitHub token in clear text or base64"},
		{"a Secret's key by its file", func(c *podman.Container) {
			c.Kind, c.ConfigStrings = podman.KindResource, kubeSecret(".dockerconfigjson",
				`{"auths":{"quay.io":{"auth":"dXNlcjpnZWhlaW0xMjM="}}}`)
		}, "plaintext-secret", "high the Secret's .dockerconfigjson holds registry credentials in clear text or base64"},
		{"a Secret that sops has encrypted", func(c *podman.Container) {
			c.Kind, c.ConfigStrings = podman.KindResource, kubeSecret("password",
				"ENC[AES256_GCM,data:Tr7oc19nc6t1m9OrUeo=,iv:1vzlPZLfy6wa14/x17P8Ix8wEGDeY0v2dIboZmmwoww=,tag:x,type:str]")
		}, "plaintext-secret", ""},
		{"the user of a Secret", func(c *podman.Container) {
			c.Kind, c.ConfigStrings = podman.KindResource, kubeSecret("username", "admin")
		}, "plaintext-secret", ""},
		{"ports on the host's network", func(c *podman.Container) {
			c.Definition.Syntax, c.Network.Mode = podman.SyntaxQuadlet, podman.Set("host", podman.Origin{})
			c.Network.Ports = podman.Set([]podman.Port{{Host: 80}}, podman.Origin{})
		}, "ignored-setting", "low --publish has no effect: on the host's network every port that the service listens on " +
			"is open, whatever is published"},
		{"a device rule without a device", func(c *podman.Container) {
			c.Definition.Syntax = podman.SyntaxQuadlet
			c.Files.DeviceRules = podman.Set([]string{"c 1:1 r"}, podman.Origin{})
			c.Files.Devices, c.Files.Mounts.State = podman.DefaultTo[[]podman.Device](nil, podman.Origin{}), podman.StateSet
			c.Capabilities.Bounding = podman.Set([]string{"CAP_CHOWN"}, podman.Origin{})
		}, "ignored-setting", "info --device-cgroup-rule has no effect: without a device in the container, or MKNOD to " +
			"make one, there is nothing to open"},
		{"a device rule with MKNOD", func(c *podman.Container) {
			c.Definition.Syntax = podman.SyntaxQuadlet
			c.Files.DeviceRules = podman.Set([]string{"c 1:1 r"}, podman.Origin{})
			c.Files.Devices, c.Files.Mounts.State = podman.DefaultTo[[]podman.Device](nil, podman.Origin{}), podman.StateSet
			c.Capabilities.Bounding = podman.Set([]string{"CAP_MKNOD"}, podman.Origin{})
		}, "ignored-setting", ""},
		{"a resource is no container", func(c *podman.Container) {
			c.Kind = podman.KindResource
		}, "privileged", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := soft()
			test.change(c)
			got := ""
			for _, f := range Check(All(Parameters{}), c) {
				if f.Rule.ID == test.rule {
					got += f.Severity.String() + " " + f.Message
				}
			}
			severity, piece, _ := strings.Cut(test.want, " ")
			if (test.want == "") != (got == "") || !strings.HasPrefix(got, severity) || !strings.Contains(got, piece) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	c := soft()
	hidden := podman.ConfigString{Place: "option", Name: "--log-opt", Words: []podman.Sensitive{"token=abcdef0123"}}
	c.ConfigStrings = podman.Set([]podman.ConfigString{hidden, hidden}, podman.Origin{})
	found := Check(All(Parameters{}), c)
	var prints []string
	for _, f := range found {
		if f.Rule == nil || f.Container != "soft" || f.Message == "" || f.Fix.Summary == "" ||
			!regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(f.Fingerprint) {
			t.Errorf("incomplete: %+v", f)
		}
		prints = append(prints, f.Fingerprint)
	}
	slices.Sort(prints)
	if len(slices.Compact(slices.Clone(prints))) != len(prints) {
		t.Error("two findings have one fingerprint")
	}
	if !slices.IsSortedFunc(found, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) }) {
		t.Error("the findings are not worst first")
	}
	c.Kind = podman.KindInfra
	if len(Check(All(Parameters{}), c)) > 0 {
		t.Error("an infra container is judged")
	}
}

// TestFix holds that an older Podman is not given a key that makes its generator drop the unit.
func TestFix(t *testing.T) {
	f := Fix{Changes: []Change{{Flag: "--userns=auto"}, {Flag: "--cpus=1"}}}
	for version, want := range map[string]string{"": "UserNS=auto", "4.5.0": "UserNS=auto", "5.4.2": "UserNS=auto",
		"4.4.1": "PodmanArgs=--userns=auto", "10.0": "UserNS=auto"} {
		if got := f.In(podman.SyntaxQuadlet, version); got[0] != want || got[1] != "PodmanArgs=--cpus=1" {
			t.Errorf("%q: %q, want %s first", version, got, want)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	catalogue, c := All(Parameters{}), soft()
	for _, v := range []string{"PATH=/usr/bin:/bin", "TZ=Europe/Berlin", "APP_PORT=8080", "DB_HOST=db",
		"DB_PASSWORD=hunter2", "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305", "BASE_URL=https://example.org/x"} {
		name, value, _ := strings.Cut(v, "=")
		c.Environment.Value = append(c.Environment.Value,
			podman.Variable{Name: name, Value: podman.Sensitive(value), Owner: podman.OwnerUser})
	}
	for b.Loop() {
		Check(catalogue, c)
	}
}

// TestPlaceInUnit holds that a finding about a live container stands where its unit says what is found, or else at the
// unit's beginning.
func TestPlaceInUnit(t *testing.T) {
	beginning := podman.Origin{File: "/etc/containers/systemd/web.container", Line: 1}
	line := podman.Origin{File: beginning.File, Line: 5}
	rule := []Rule{{ID: "user-nobody", Check: func(c *podman.Container) []Finding {
		if c.Process.User.Value != "nobody" {
			return nil
		}
		return []Finding{{Cause: "user", Evidence: []Evidence{{"User", "nobody", c.Process.User.Origin}}}}
	}}}
	for name, tt := range map[string]struct {
		written podman.Setting[string]
		want    podman.Origin
	}{
		"said in the unit":     {podman.Set("nobody", line), line},
		"not said in the unit": {podman.Setting[string]{}, beginning},
	} {
		unit := &podman.Container{Name: "web"}
		unit.Definition.Origin = beginning
		unit.Process.User = tt.written
		c := &podman.Container{Name: "web", FromUnit: unit}
		c.Definition.Origin = beginning
		c.Process.User = podman.Set("nobody", podman.Field("Config.User"))
		found := Check(rule, c)
		if len(found) != 1 || found[0].Location != tt.want {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// kubeSecret returns the texts of a Kubernetes Secret.
func kubeSecret(key, value string) podman.Setting[[]podman.ConfigString] {
	return podman.Set([]podman.ConfigString{{Place: "secret", Name: key,
		Words: []podman.Sensitive{podman.Sensitive(value)}}}, podman.Origin{})
}
