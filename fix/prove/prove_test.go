package prove

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/fix/prove/fakepodman"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(fakepodman.Variable); dir != "" {
		os.Exit(fakepodman.Main(dir, os.Args[1:], os.Stdout, os.Stderr)) //nolint:forbidigo // it plays podman
	}
	os.Exit(m.Run()) //nolint:forbidigo // as testing does
}

// subjectOf returns what is to be proven of a command line, with the findings of some rules.
func subjectOf(t *testing.T, text string, ids ...string) Subject {
	t.Helper()
	read := command.Script{File: "c",
		Text: text}.Read(&podman.Host{Rootless: podman.Set(false, podman.Field("test")),
		DefaultCapabilities: []string{"CAP_CHOWN", "CAP_SETUID", "CAP_KILL"}})
	if len(read.Containers) != 1 {
		t.Fatalf("%d containers in %s: %v", len(read.Containers), text, read.Problems)
	}
	containers := read.Containers
	s := Subject{Name: "c", Path: "c", Text: text, Image: "abc", Capabilities: []string{"CHOWN", "SETUID", "KILL"}}
	var chosen []rules.Rule
	for _, r := range rules.All(rules.Parameters{}) {
		if slices.Contains(ids, r.ID) {
			chosen = append(chosen, r)
		}
	}
	found := rules.Check(chosen, containers[0])
	for i := range found {
		s.Findings = append(s.Findings, &found[i])
	}
	return s
}

// outcome is what a proof with a fake podman came to, and all that it printed.
type outcome struct {
	fake   fakepodman.Fake
	result *Result
	err    error
	output string
}

// proved runs a proof with a fake podman. at, where set, is called before each command with its number.
func proved(t *testing.T, ctx context.Context, script fakepodman.Script, s Subject, opts Options,
	at func(int, fakepodman.Fake)) outcome {
	t.Helper()
	o := outcome{}
	var program string
	o.fake, program = fakepodman.New(t, script)
	var out strings.Builder
	runtime := t.TempDir()
	number := 0
	engine := &Engine{Program: []string{program}, RuntimeDir: runtime, Log: func(line string) {
		fmt.Fprintln(&out, line)
		if number++; at != nil {
			at(number, o.fake)
		}
	}}
	if opts.Patience == 0 {
		opts.Patience = time.Minute
	}
	opts.Step = func(what string, healthy bool, _ time.Duration) { fmt.Fprintln(&out, what, healthy) }
	opts.Notice = func(text string) { fmt.Fprintln(&out, text) }
	o.result, o.err = Prove(ctx, engine, s, opts)
	fmt.Fprintln(&out, o.err)
	if o.result != nil {
		fmt.Fprintln(&out, o.result.Why, o.result.NotTried, o.result.Tmpfs)
	}
	o.output = out.String()
	if left, _ := os.ReadDir(runtime); len(left) > 0 {
		t.Errorf("left in the runtime directory: %v", left)
	}
	return o
}

const plainText = "podman run --name web --hostname shop --label traefik.enable=true --network front -e A=b " +
	"-p 80:80 docker.io/library/nginx:1.27 serve\n"

// TestProve holds the outcome of each way in which copies behave, that nothing is left, and what a copy is made with.
func TestProve(t *testing.T) {
	three := []string{"no-new-privileges", "read-only", "cap-drop-all"}
	for _, tt := range []struct {
		name   string
		script fakepodman.Script
		opts   Options
		want   string // the rules kept, with exceptions; or what the error says
		is     error
	}{
		{name: "healthy", want: "all []"},
		{name: "health check", script: fakepodman.Script{Copies: []fakepodman.Behaviour{{HealthCheck: true}}},
			want: "all []"},
		{name: "probe", opts: Options{Probe: []string{"true"}}, want: "all []"},
		{name: "unhealthy", script: fakepodman.Script{Copies: []fakepodman.Behaviour{{Exited: true, Status: 3}}},
			want: "it exited with status 3", is: ErrUnhealthy},
		{name: "unhealthy, as its log tells", want: "error: no disk", is: ErrUnhealthy, script: fakepodman.Script{
			Copies: []fakepodman.Behaviour{{Exited: true, Log: "starting\nerror: no disk\nbye\n"}}}},
		{name: "probe fails", opts: Options{Probe: []string{"true"}, Patience: time.Millisecond},
			want: "the probe fails", is: ErrUnhealthy,
			script: fakepodman.Script{Copies: []fakepodman.Behaviour{{Unhealthy: true}}}},
		{name: "probe hangs", opts: Options{Probe: []string{"true"}, Patience: time.Second},
			want: "did not end in time", is: ErrUnhealthy,
			script: fakepodman.Script{Answers: []fakepodman.Answer{{Match: "^exec ", Hang: true}}}},
		{name: "flaky", want: "exited", is: ErrFlaky, opts: Options{For: time.Millisecond},
			script: fakepodman.Script{Copies: []fakepodman.Behaviour{{Runs: []int{3, 5}, Exited: true, Status: 3}}}},
		{name: "needs a capability", want: "all [CHOWN]", script: fakepodman.Script{Copies: []fakepodman.Behaviour{
			{Match: "--cap-drop=(all|ALL)", Unless: "CHOWN", Exited: true, Log: "chown: Operation not permitted\n"}}}},
		{name: "needs two capabilities of three", want: "all [CHOWN SETUID]",
			script: fakepodman.Script{Copies: []fakepodman.Behaviour{
				{Match: "--cap-drop=(all|ALL)", Unless: "CHOWN", Exited: true},
				{Match: "--cap-drop=(all|ALL)", Unless: "SETUID", Exited: true}}}},
		{name: "a denial before another error", want: "read-only: mkdir: Read-only file system",
			script: fakepodman.Script{
				Copies: []fakepodman.Behaviour{{Match: "--read-only", Exited: true,
					Log: "mkdir: Read-only file system\nerror: giving up\n"}}}},
		{name: "denied while it runs", want: "read-only: open: Read-only file system", script: fakepodman.Script{
			Copies: []fakepodman.Behaviour{{Match: "--read-only", Log: "open: Read-only file system\n"}}}},
		{name: "a process is missing", want: "read-only: the process worker is not running",
			script: fakepodman.Script{Copies: []fakepodman.Behaviour{
				{Match: "--read-only", Processes: []string{"master"}}, {Processes: []string{"master", "worker"}}}}},
		{name: "a process is late", want: "all []", script: fakepodman.Script{Copies: []fakepodman.Behaviour{
			{Match: "--read-only", Processes: []string{"master"}, Late: "worker"},
			{Processes: []string{"master", "worker"}}}}},
		{name: "needs a tmpfs", want: "all [] [/var/cache/x]", script: fakepodman.Script{Copies: []fakepodman.Behaviour{
			{Match: "--read-only", Unless: "/var/cache/x", Exited: true},
			{Written: []string{"C /var", "C /var/cache/x", "A /var/cache/x/a"}}}}},
		{name: "changes a file of the image", want: "all [] [/var/cache/app]",
			script: fakepodman.Script{Copies: []fakepodman.Behaviour{
				{Match: "--read-only", Unless: "/var/cache/app", Exited: true},
				{Written: []string{"C /var", "C /var/cache/app", "C /var/cache/app/index"}}}}},
		{name: "Podman fails", want: "no subordinate IDs", is: ErrNotTried, script: fakepodman.Script{
			Answers: []fakepodman.Answer{{Match: "^run ", Status: 125, Stderr: "Error: no subordinate IDs\n"}}}},
		{name: "Podman fails with a fix", want: "read-only not tried: no such controller", script: fakepodman.Script{
			Answers: []fakepodman.Answer{{Match: "^run .*--read-only", Status: 125,
				Stderr: "Error: no such controller\n"}}}},
		{name: "the program is not there", want: "read-only: crun: not found", script: fakepodman.Script{
			Answers: []fakepodman.Answer{{Match: "^run .*--read-only", Status: 127,
				Stderr: "Error: crun: not found\n"}}}},
		{name: "no network", want: "all []", script: fakepodman.Script{
			Answers: []fakepodman.Answer{{Match: "^network create", Status: 125, Stderr: "Error: no netavark\n"}}}},
		{name: "no network for a container", want: "all []", script: fakepodman.Script{
			Answers: []fakepodman.Answer{{Match: "^run .*--network=podlint", Status: 125,
				Stderr: "Error: no bridge\n"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := subjectOf(t, plainText, three...)
			o := proved(t, t.Context(), tt.script, s, tt.opts, nil)
			if left := o.fake.List(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			got := ""
			if o.err != nil {
				got = o.err.Error()
			} else {
				if !slices.Contains(o.result.Kept, false) {
					got = "all "
				}
				for id, why := range o.result.Why {
					got += id + ": " + why + "\n"
				}
				for id, why := range o.result.NotTried {
					got += id + " not tried: " + why + "\n"
				}
				if strings.HasPrefix(got, "all ") {
					got = fmt.Sprint("all ", o.result.Capabilities, o.result.Tmpfs)
				}
			}
			if !strings.Contains(strings.ReplaceAll(got, "][", "] ["), tt.want) ||
				tt.is != nil && !errors.Is(o.err, tt.is) {
				t.Errorf("got %s, want %s\n%s", got, tt.want, o.output)
			}
			_, made := o.fake.Calls()
			for _, c := range made {
				line := strings.Join(c.Args, " ")
				for _, never := range []string{"shop", "traefik", "front", "80:80", "A=b", " web"} {
					if strings.Contains(line, never) {
						t.Errorf("a copy has %q: %s", never, line)
					}
				}
				if c.Variables != "A=b\n" || !strings.Contains(line, " --timeout ") || c.Labels[Label] != owner() {
					t.Errorf("variables %q, %s", c.Variables, line)
				}
			}
		})
	}
}

// TestProveInterrupted holds that a proof which is interrupted before any of its commands leaves nothing, and removes
// nothing that it has not made.
func TestProveInterrupted(t *testing.T) {
	s := subjectOf(t, strings.Replace(plainText, "--name web", "--name web --userns=auto -v data:/d", 1),
		"no-new-privileges", "read-only")
	others := func(t *testing.T, f fakepodman.Fake) {
		f.Add(t, "containers", "other", map[string]string{Label: "1-1"})
		f.Add(t, "containers", "podlint-proof-mine", nil)
		f.Add(t, "volumes", "data", nil)
	}
	want := []string{"containers/other", "containers/podlint-proof-mine", "volumes/data"}
	for _, hang := range []bool{false, true} {
		script := fakepodman.Script{}
		if hang { // what is interrupted has done its work, and was killed before it said so
			script.Answers = []fakepodman.Answer{{Match: "^(run|volume create|network create) ", HangAfter: true}}
		}
		total := 0
		for at := 1; at == 1 || at <= total; at++ {
			ctx, cancel := context.WithCancelCause(t.Context())
			o := proved(t, ctx, script, s, Options{For: time.Millisecond}, func(n int, f fakepodman.Fake) {
				total = max(total, n)
				if n == 1 {
					others(t, f)
				}
				switch {
				case n == at && hang:
					calls := len(f.List())
					go func() { // once the command has made what it makes
						for len(f.List()) == calls && ctx.Err() == nil {
							time.Sleep(time.Millisecond)
						}
						cancel(errors.New("interrupted"))
					}()
				case n == at:
					cancel(errors.New("interrupted"))
				}
			})
			cancel(nil)
			if got := o.fake.List(); !slices.Equal(got, want) {
				t.Errorf("interrupted at command %d (hang %v): %v\n%s", at, hang, got, o.output)
			}
			if hang { // the first one hangs
				break
			}
		}
		if !hang && total < 10 {
			t.Errorf("only %d commands", total)
		}
	}
}

// TestSweep holds that what a killed podlint has left is removed, and nothing else.
func TestSweep(t *testing.T) {
	fake, program := fakepodman.New(t, fakepodman.Script{})
	for _, kind := range []string{"containers", "volumes", "networks"} {
		fake.Add(t, kind, "podlint-proof-dead", map[string]string{Label: "1-1"})
		fake.Add(t, kind, "podlint-proof-alive", map[string]string{Label: owner()})
		fake.Add(t, kind, "podlint-proof-unlabelled", nil)
		fake.Add(t, kind, "podlint-proof-odd", map[string]string{Label: ""})
		fake.Add(t, kind, "other", map[string]string{Label: "1-1"})
	}
	runtime := t.TempDir()
	for _, name := range []string{"podlint-proof-1-1-x", "podlint-proof-" + owner() + "-x", "other-1-1-x"} {
		if err := os.Mkdir(filepath.Join(runtime, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	engine := &Engine{Program: []string{program}, RuntimeDir: runtime}
	swept := engine.Sweep(t.Context())
	if len(swept) != 4 {
		t.Errorf("swept %v", swept)
	}
	for _, left := range fake.List() {
		if strings.HasSuffix(left, "-dead") {
			t.Errorf("left: %s", left)
		}
	}
	if n := len(fake.List()); n != 12 {
		t.Errorf("%d are left: %v", n, fake.List())
	}
	if entries, _ := os.ReadDir(runtime); len(entries) != 2 {
		t.Errorf("directories: %v", entries)
	}
}

// TestNoSecretInOutput plants a secret in each place, and looks for it in all that a proof prints.
func TestNoSecretInOutput(t *testing.T) {
	const planted = "Zq319Xv7Kp2Lm9Rt4"
	dir := t.TempDir()
	envFile := filepath.Join(dir, "env")
	if err := os.WriteFile(envFile, []byte("DB_PASSWORD="+planted+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for place, words := range map[string]string{
		"variable":    "-e DB_PASSWORD=" + planted + " img",
		"two lines":   "-e 'DB_PASSWORD=first-line-of-it\n" + planted + "' img",
		"URL":         "-e URL=postgres://u:" + planted + "@h/db img",
		"file":        "--env-file " + envFile + " img",
		"label":       "--label db.password=" + planted + " img",
		"JSON label":  `--label 'x={"password":"` + planted + `"}' img`,
		"annotation":  "--annotation token=" + planted + " img",
		"health":      "--health-cmd 'mysqladmin -p" + planted + " ping' img",
		"health JSON": `--health-cmd '["CMD","redis-cli","-a","` + planted + `"]' img`,
		"argument":    "img app --requirepass " + planted,
		"argument =":  "img app --password=" + planted,
		"shell":       "img sh -c 'PGPASSWORD=" + planted + " psql'",
		"mysql":       "img mysql -p" + planted,
		"header":      `img curl -H "Authorization: Bearer ` + planted + `" http://x`,
		"Podman's":    "--secret db,type=env,target=DB_PASSWORD img",
	} {
		for printed, text := range map[string]string{
			"plain": "cannot log in as admin/" + planted + ": Permission denied\n", "quoted": "gave up after '" +
				planted + "'\n",
			"nothing": "",
		} {
			t.Run(place+" "+printed, func(t *testing.T) {
				s := subjectOf(t, "podman run "+words+"\n", "no-new-privileges", "read-only", "cap-drop-all")
				answers := []fakepodman.Answer{
					{Match: "^secret inspect --showsecret", Stdout: planted + "\n"},
					{Match: "^run .*--cap-drop", Status: 127, Stderr: "Error: crun: " + text + "\n"},
					{Match: "^run .*no-new-privileges", Status: 125, Stderr: "Error: " + text + "\n"},
				}
				for _, behaviour := range []fakepodman.Behaviour{
					{Match: "--read-only", Exited: true, Log: text, ErrorLog: text},
					{Exited: true, ErrorLog: text},
					{Unhealthy: true, HealthCheck: true, ErrorLog: text},
				} {
					o := proved(t, t.Context(),
						fakepodman.Script{Answers: answers, Copies: []fakepodman.Behaviour{behaviour}}, s,
						Options{Patience: time.Millisecond, Network: NetworkShared}, nil)
					if strings.Contains(o.output, planted) {
						t.Errorf("the secret is printed:\n%s", o.output)
					}
				}
			})
		}
	}
}

// TestMounts holds that a copy changes nothing of what the original mounts.
func TestMounts(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		"-v " + dir + ":/x":               "--volume=" + dir + ":/x:O",
		"-v " + dir + ":/x:ro":            "--volume=" + dir + ":/x:ro,bind,private",
		"-v " + dir + ":/x:ro,Z":          "--volume=" + dir + ":/x:ro,bind,private",
		"-v " + dir + ":/x:rw,z,shared":   "--volume=" + dir + ":/x:O",
		"-v " + dir + ":/x:O,upperdir=/a": "--volume=" + dir + ":/x:O",
		"-v " + dir + ":/x:ro,U":          "--volume=COPY-0:/x:ro,U",
		"-v " + dir + ":/x:U":             "--volume=COPY-0:/x:U",
		"-v data:/x":                      "--volume=data:/x:O",
		"-v data:/x:ro,U":                 "--volume=COPY-0:/x:ro,U",
		"-v new:/x":                       "--volume=COPY-0:/x",
		"--userns=auto -v data:/x":        "--volume=COPY-0:/x",
		"-v /anonymous":                   "--volume=/anonymous",
		"--mount type=bind,src=" + dir + ",dst=/x,relabel=private,chown":    "--volume=COPY-0:/x:U",
		"--mount type=bind,src=" + dir + ",dst=/x,bind-propagation=rshared": "--volume=" + dir + ":/x:O",
		"--mount type=tmpfs,dst=/x":                                         "--mount=type=tmpfs,dst=/x",
		"-v ./rel:/x":                                                       "",
		"--mount type=volume,src=data,dst=/x,subpath=/y":                    "",
		"--rootfs": "--rootfs",
	} {
		text := "podman run --network none " + words + " img true\n"
		s := subjectOf(t, text, "no-new-privileges")
		o := proved(t, t.Context(), fakepodman.Script{}, s, Options{CopyLimit: 1 << 20},
			func(n int, f fakepodman.Fake) {
				if n == 1 {
					f.Add(t, "volumes", "data", nil)
				}
			})
		_, made := o.fake.Calls()
		if want == "" {
			if !errors.Is(o.err, ErrNotTried) || len(made) > 0 {
				t.Errorf("%s: %v", words, o.err)
			}
			continue
		}
		if len(made) == 0 {
			t.Errorf("%s: no copy: %s", words, o.output)
			continue
		}
		want = strings.ReplaceAll(want, "COPY", made[0].Name)
		if !slices.Contains(made[0].Args, want) {
			t.Errorf("%s: %q, want %s", words, made[0].Args, want)
		}
		if words == "--rootfs" && !slices.Contains(made[0].Args, "img:O") {
			t.Errorf("%s: %q", words, made[0].Args)
		}
	}
	s := subjectOf(t, "podman run --network none -v "+file+":/x img true\n", "no-new-privileges")
	o := proved(t, t.Context(), fakepodman.Script{}, s, Options{CopyLimit: 1 << 20}, nil)
	if _, made := o.fake.Calls(); len(made) == 0 || strings.Contains(strings.Join(made[0].Args, " "), file) {
		t.Errorf("a file: %v\n%s", made, o.output)
	}
	o = proved(t, t.Context(), fakepodman.Script{}, s, Options{CopyLimit: 0}, nil)
	if !errors.Is(o.err, ErrNotTried) || !strings.Contains(o.err.Error(), "--copy-limit") {
		t.Errorf("over the limit: %v", o.err)
	}
}
