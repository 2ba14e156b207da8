package command

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// made returns the container that a command line makes.
func made(t *testing.T, rootless bool, words ...string) *podman.Container {
	t.Helper()
	words = append(append([]string{"podman", "run"}, words...), "img")
	c, err := Parse(words)
	if err != nil {
		t.Fatal(err)
	}
	ctx := Context{Host: podman.AssumedHost(podman.Set(rootless, podman.Origin{}), time.Time{})}
	for _, w := range words {
		ctx.Words = append(ctx.Words, Word{Text: w})
	}
	return c.Container(ctx)
}

// TestWhoItIs holds which IDs and groups a command line gives, and which capabilities it makes effective.
func TestWhoItIs(t *testing.T) {
	for _, test := range []struct {
		rootless bool
		words    []string
		want     string // the worst user and group of the map, the GID, the groups, the capabilities
	}{
		{false, nil, "1 1 - [] []"},
		{false, []string{"--userns=auto"}, "4 4 - [] []"},
		{false, []string{"--userns=auto:uidmapping=1000:0:1"}, "1 4 - [] []"},
		{false, []string{"--userns=auto:size=2000,gidmapping=0:6:1"}, "4 3 - [] []"},
		{false, []string{"--userns=auto:uidmapping=x"}, "0 4 - [] []"},
		{false, []string{"--uidmap=0:1000:1", "--uidmap=1:100001:65535"}, "3 3 - [] []"},
		{true, []string{"--userns=keep-id", "--user=0"}, "2 2 0 [] []"},
		{true, []string{"--userns=auto"}, "4 4 - [] []"},
		{true, []string{"--uidmap=0:1:500", "--uidmap=500:0:1"}, "2 2 - [] []"},
		{false, []string{"--user=1000:0", "--group-add=6"}, "1 1 0 [6] []"},
		{false, []string{"--user=1000"}, "1 1 - [] []"},
		{false, []string{"--user=app:root"}, "1 1 0 [] []"},
		{false, []string{"--group-add=keep-groups"}, "1 1 - [keep-groups] []"},
		{false, []string{"--annotation=run.oci.keep_original_groups=1"}, "1 1 - [keep-groups] []"},
		{false, []string{"--annotation=run.oci.keep_original_groups=0"}, "1 1 - [] []"},
		{false, []string{"--user=33", "--cap-add=dac_override,CAP_CHOWN"}, "1 1 - [] [CAP_DAC_OVERRIDE CAP_CHOWN]"},
	} {
		c := made(t, test.rootless, test.words...)
		user, _ := c.WorstUser()
		group, _ := c.WorstGroup()
		gid := "-"
		if c.Process.GID.Known() {
			gid = fmt.Sprint(c.Process.GID.Value)
		}
		got := fmt.Sprint(user, " ", group, " ", gid, " ", c.Process.Groups.Value, " ", c.Capabilities.Effective.Value)
		if got != test.want {
			t.Errorf("%v, rootless %v: %s, want %s", test.words, test.rootless, got, test.want)
		}
	}
	if got := made(t, false, "--user=33", "--cap-add=ALL").Capabilities.Effective.Value; len(got) < 40 {
		t.Errorf("--cap-add=ALL makes effective %v", got)
	}
}

// TestUnmask holds what --security-opt hides and unhides, in every order.
func TestUnmask(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  string
	}{
		{[]string{"--security-opt=unmask=/proc/s*"}, "[/proc/sched_debug /proc/scsi /proc/sys /proc/sysrq-trigger]"},
		{[]string{"--security-opt=unmask=/proc/kcore:/proc/sys"}, "[/proc/kcore /proc/sys]"},
		{[]string{"--security-opt=unmask=/proc/kcore,/proc/sys"}, "[]"},
		{[]string{"--security-opt=unmask=/proc/nonexistent"}, "[]"},
		{[]string{"--security-opt=unmask=/sys/*"}, "[/sys/firmware]"},
		{[]string{"--security-opt=mask=/proc/sys", "--security-opt=unmask=/proc/sys"}, "[]"},
		{[]string{"--security-opt=unmask=/proc/scsi:/proc/bus", "--security-opt=mask=/proc/bus"}, "[/proc/scsi]"},
		{[]string{"--security-opt=unmask=/proc/bus", "--security-opt=systempaths=unconfined", "--security-opt=mask=/proc",
			"--security-opt=mask=/sys/firmware:/sys/fs:/sys/dev"}, "[/sys/devices/virtual/powercap]"},
		{[]string{"--security-opt=unmask=["}, "[]"},
	} {
		c := made(t, false, test.words...)
		if got := fmt.Sprint(c.Confinement.OpenPaths()); got != test.want {
			t.Errorf("%v: %s, want %s", test.words, got, test.want)
		}
	}
}

// TestGiven holds what a command line says of mounts and devices that the kernel goes by.
func TestGiven(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  string // recursive, read-only below, any device, missing
	}{
		{[]string{"--volume=/:/h:ro"}, "true false false "},
		{[]string{"--volume=/:/h:rro"}, "true true false "},
		{[]string{"--volume=/:/h:O"}, "false false false "},
		{[]string{"--mount=type=bind,src=/,dst=/h,ro=recursive"}, "true true false "},
		{[]string{"--mount=type=bind,src=/,dst=/h,ro,bind-nonrecursive"}, "false false false "},
		{[]string{"--volume=/:/h:ro", "--cgroups=disabled"}, "true false true "},
		{[]string{"--volume=/:/h:ro", "--uidmap=0:0:65536"}, "true false true "},
		{[]string{"--volume=/:/h:ro", "--userns=auto"}, "true false false "},
		{[]string{"--volume=/:/h:ro", "--volumes-from=holder:ro"},
			"true false false what it mounts from holder is not known"},
	} {
		f := made(t, false, test.words...).Files
		m := f.Mounts.Value[0]
		got := fmt.Sprint(m.Recursive, " ", m.ReadOnlyBelow, " ", f.AnyDevice.Value, " ", f.Missing)
		if got != test.want || m.Writable {
			t.Errorf("%v: %s, want %s; writable %v", test.words, got, test.want, m.Writable)
		}
	}
}

// TestTmpfs holds the options that a tmpfs, or a ramfs, is mounted with.
func TestTmpfs(t *testing.T) {
	for _, test := range []struct{ word, want string }{
		{"--tmpfs=/t", "[nodev nosuid]"},
		{"--tmpfs=/t:exec,suid", "[exec nodev suid]"},
		{"--mount=type=tmpfs,dst=/t", "[nodev nosuid]"},
		{"--mount=type=tmpfs,dst=/t,noexec=false", "[nodev noexec nosuid]"},
		{"--mount=type=tmpfs,dst=/t,noexec=true", "[nodev noexec nosuid]"},
		{"--mount=type=tmpfs,dst=/t,noexec,ro=false", "[nodev noexec nosuid]"},
		{"--mount=type=ramfs,dst=/t", "[]"},
		{"--mount=type=ramfs,dst=/t,noexec", "[noexec]"},
	} {
		list := made(t, false, test.word).Files.Tmpfs.Value
		if len(list) != 1 || list[0].Destination != "/t" || fmt.Sprint(list[0].Options) != test.want {
			t.Errorf("%s: %v, want %s", test.word, list, test.want)
		}
	}
}

// TestAccountLines holds that a line of passwd is no secret unless it holds a password.
func TestAccountLines(t *testing.T) {
	for value, want := range map[string]bool{
		"x:*:0:0:x:/:/bin/sh": false, "x:x:0:0::/:": false, "app:!:1:1": false, "app::1:1": false,
		"app:$6$salt$hash:1:1": true, "noline": true,
	} {
		found := false
		for _, text := range made(t, false, "--passwd-entry="+value).ConfigStrings.Value {
			found = found || text.Name == "--passwd-entry"
		}
		if found != want {
			t.Errorf("%s is searched for secrets: %v, want %v", value, found, want)
		}
	}
}

// TestSecrets holds which secrets are handed over as what, in every order and spelling that Podman takes.
func TestSecrets(t *testing.T) {
	for value, want := range map[string]string{ // variables with the secrets they are filled from, and files
		"db":                                   "map[] [] [db]",
		"type=env":                             "map[] [] [type=env]",
		"db,type=env":                          "map[db:db] [db] []",
		"db,type=env,target=PW":                "map[PW:db] [db] []",
		"db,target=PW,type=env":                "map[PW:db] [db] []",
		"type=env,source=sec1,target=MY_PW":    "map[MY_PW:sec1] [sec1] []",
		"source=sec1,type=env,target=X":        "map[X:sec1] [sec1] []",
		"target=X,source=sec1,type=env":        "map[X:sec1] [sec1] []",
		"source=sec1,type=env":                 "map[sec1:sec1] [sec1] []",
		"source=sec1,type=mount,target=/run/x": "map[] [] [sec1]",
		"source=sec1,mode=0400":                "map[] [] [sec1]",
		"other,source=sec1,type=env":           "map[sec1:sec1] [sec1] []",
		"type=env,target=X":                    "map[] [] []",
		"":                                     "map[] [] []",
	} {
		words := []string{"podman", "run", "--secret=" + value, "img"}
		c, err := Parse(words)
		if err != nil {
			t.Fatal(err)
		}
		variables := map[string]string{}
		for name, o := range c.SecretVariables() {
			s, _ := ParseSecret(o.Value)
			variables[name] = s.Name
		}
		m := made(t, false, "--secret="+value)
		got := fmt.Sprint(variables, " ", m.SecretVariables.Value, " ", m.SecretFiles.Value)
		if got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// TestPastaPorts holds which ports pasta's own options publish.
func TestPastaPorts(t *testing.T) {
	for value, want := range map[string]string{
		"pasta":                                 "[]",
		"pasta:-t,18410":                        "[:18410-18410 18410/tcp]",
		"pasta:--udp-ports,18420":               "[:18420-18420 18420/udp]",
		"pasta:-u,18420,-t,18410":               "[:18420-18420 18420/udp :18410-18410 18410/tcp]",
		"pasta:--tcp-ports=8000-8009":           "[:8000-8009 8000/tcp]",
		"pasta:-t8080":                          "[:8080-8080 8080/tcp]",
		"pasta:-t,127.0.0.1/18411":              "[127.0.0.1:18411-18411 18411/tcp]",
		"pasta:-t,[::1]/18411":                  "[::1:18411-18411 18411/tcp]",
		"pasta:-t,192.0.2.1%eth0/22:8022":       "[192.0.2.1:22-22 8022/tcp]",
		"pasta:-t,%lo/22":                       "[127.0.0.1:22-22 22/tcp]",
		"pasta:-t,22,23,-u,53":                  "[:22-22 22/tcp :23-23 23/tcp :53-53 53/udp]",
		"pasta:-t,all":                          "[:1-65535 1/tcp]",
		"pasta:-t,none,-u,none,-T,none,-U,none": "[]",
		"pasta:-t,auto":                         "[]",
		"pasta:-t":                              "[]",
		"pasta:-T,5432,--map-gw":                "[]",
		"pasta:-t,~22":                          "[:1-21 1/tcp :23-65535 23/tcp]",
		"pasta:-t,~1":                           "[:2-65535 2/tcp]",
		"pasta:-u,127.0.0.1/~60000-65535":       "[127.0.0.1:1-59999 1/udp]",
		"pasta:-t,~x":                           "[]",
		"pasta:-t,99999":                        "[]",
		"slirp4netns:-t,22":                     "[]",
	} {
		if follows := made(t, true, "--network="+value).Network.Follows; follows.Value != strings.Contains(value, "auto") {
			t.Errorf("%s: what it listens on is published: %v", value, follows.Value)
		}
		var got []string
		for _, p := range made(t, true, "--network="+value).Network.Ports.Value {
			got = append(got, fmt.Sprintf("%s:%d-%d %d/%s", p.Address, p.Host, uint32(p.Host)+uint32(p.Count)-1, p.Container,
				p.Protocol))
			if !p.ByNetwork {
				t.Errorf("%s: it counts as published by --publish", value)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", value, got, want)
		}
	}
}

// TestVolumeOf holds what a volume stands for of the host's.
func TestVolumeOf(t *testing.T) {
	for _, test := range []struct {
		kind, options, device string
		want                  Volume
	}{
		{"none", "bind,ro", "/etc", Volume{Path: "/etc"}},
		{"bind", "", "/etc", Volume{Path: "/etc"}},
		{"none", "rbind", "/dev/shm", Volume{Path: "/dev/shm"}},
		{"ext4", "", "/dev/sdb1", Volume{Disk: "/dev/sdb1"}},
		{"xfs", "noatime", "/dev/../dev/sdb1", Volume{Disk: "/dev/sdb1"}},
		{"tmpfs", "size=1m", "tmpfs", Volume{}},
		{"nfs", "addr=h", ":/export", Volume{}},
		{"ext4", "loop", "/srv/image", Volume{}},
		{"", "", "", Volume{}},
	} {
		if got := VolumeOf(test.kind, test.options, test.device); got != test.want {
			t.Errorf("%s %s %s: %+v, want %+v", test.kind, test.options, test.device, got, test.want)
		}
	}
	words := []string{"podman", "run", "-v", "v:/d", "img"}
	c, err := Parse(words)
	if err != nil {
		t.Fatal(err)
	}
	ctx := Context{Host: podman.AssumedHost(podman.Set(false, podman.Origin{}), time.Time{}),
		Volume: func(string) Volume { return Volume{Disk: "/dev/sdb1"} }}
	for _, w := range words {
		ctx.Words = append(ctx.Words, Word{Text: w})
	}
	if m := c.Container(ctx).Files.Mounts.Value[0]; m.Disk != "/dev/sdb1" || m.Source != "v" || m.Type != "volume" {
		t.Errorf("%+v", m)
	}
}
