// The testbed runs the tests against real Podman: each test in a storage, a process and a network namespace of its own,
// on Podman 4.3 (Debian 12's) and 5.4 (Debian 13's, in a root of its own), rootful and rootless, several side by side.
// It needs root on a Debian 12.
//
// It prints a line for each test as it ends, with its time, the log of those that fail, and at the end how many passed,
// failed and were skipped, with why. Nothing is left but the cache in $TESTBED, however it ends: what one that was
// killed has left, the next removes.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// setup is a Podman and how it runs.
type setup struct{ podman, mode string }

func (s setup) String() string { return s.podman + " " + s.mode }

var setups = []setup{{"4.3", "rootful"}, {"4.3", "rootless"}, {"5.4", "rootful"}, {"5.4", "rootless"}}

// longest are the tests that take longest: begun first, they do not run on alone at the end.
var longest = []string{"TestRealKernel", "TestRealServices", "TestRealProve", "TestRealProveKilled",
	"TestRealDebianImages"}

// job is a test on a set-up, and how it went.
type job struct {
	setup setup
	test  string
	// result is PASS, FAIL or SKIP.
	result string
	// skips holds why the test, or a part of it, was skipped.
	skips []string
	took  time.Duration
	log   []byte
}

func main() {
	podman := flag.String("podman", "", "only this `version`: 4.3 or 5.4")
	mode := flag.String("mode", "", "only this `mode`: rootful or rootless")
	pattern := flag.String("run", "", "only tests that match this `pattern`")
	jobs := flag.Int("jobs", 2*runtime.NumCPU(), "how many tests run at once")
	update := flag.Bool("update", false, "record the services' answers anew in testdata/captures and "+
		"testdata/services/proven")
	verbose := flag.Bool("v", false, "print the log of tests that pass, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := run(ctx, *podman, *mode, *pattern, *jobs, *update, *verbose)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testbed:", err)
		status = 1
	}
	os.Exit(status)
}

func run(ctx context.Context, podman, mode, pattern string, atOnce int, update, verbose bool) (int, error) {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return 1, fmt.Errorf("-run: %w", err)
	}
	chosen := slices.DeleteFunc(slices.Clone(setups), func(s setup) bool {
		return podman != "" && s.podman != podman || mode != "" && s.mode != mode
	})
	if len(chosen) == 0 {
		return 1, fmt.Errorf("there is no set-up %q %q: Podman is 4.3 or 5.4, the mode rootful or rootless", podman,
			mode)
	}
	if why := unfit(); why != "" {
		fmt.Printf("the tests against real Podman are not run: %s\n0 passed, 0 failed, %d skipped\n", why, len(chosen))
		if os.Getenv("CI") != "" {
			return 1, nil
		}
		return 0, nil
	}
	cache := os.Getenv("TESTBED")
	if cache == "" {
		cache = "/var/tmp/podlint-testbed"
	}
	if err := sweep(cache); err != nil {
		return 1, err
	}
	defer removeCgroups()
	work, err := os.MkdirTemp("/var/tmp", workPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil { //nolint:gosec // the account podlint-test reads it
		return 1, err
	}
	prepare := command(ctx, "testdata/testbed/prepare", work)
	prepare.Stdout, prepare.Stderr = os.Stdout, os.Stderr
	if err := prepare.Run(); err != nil {
		return 1, fmt.Errorf("preparing: %w", err)
	}
	tests, err := list(ctx, work, wanted)
	if err != nil {
		return 1, err
	}
	var queue []*job
	for _, test := range tests {
		for _, s := range chosen {
			queue = append(queue, &job{setup: s, test: test})
		}
	}
	fmt.Printf("-- %d tests on %d set-ups, %d at once\n", len(tests), len(chosen), atOnce)
	begun := time.Now()
	environment := append(os.Environ(),
		"PODLINT="+work+"/podlint", "CAPTURES="+work+"/captures", "DEFINITIONS="+work+"/definitions", "SETUID_PROGRAM="+
			work+"/setuid",
		"REGISTRY_PROGRAM="+work+"/docker-registry", "DEPLOY="+work+"/deploy", "SERVICES="+work+"/services",
		"SERVICES_IMAGE="+cache+"/debian-12-services.tar", "DEBIAN_IMAGES="+cache, "TESTBED="+cache)
	runAll(ctx, queue, atOnce, func(j *job) {
		j.run(ctx, work, environment, update)
		if ctx.Err() == nil {
			j.print(verbose)
		}
	})
	if ctx.Err() != nil {
		return 1, errors.New("interrupted")
	}
	if update {
		if err := keepCaptures(work); err != nil {
			return 1, err
		}
	}
	return summary(queue, time.Since(begun)), nil
}

// unfit returns why the tests cannot run on this machine, empty where they can.
func unfit() string {
	release, _ := os.ReadFile("/etc/os-release")
	switch {
	case os.Getuid() != 0:
		return "they need root"
	case !bytes.Contains(release, []byte("VERSION_CODENAME=bookworm")):
		return "they need a Debian 12"
	}
	return ""
}

// command makes a process that ends when this one does, however that ends.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// list returns the names of the tests that are wanted, the longest first.
func list(ctx context.Context, work string, wanted *regexp.Regexp) ([]string, error) {
	out, err := command(ctx, work+"/real.test", "-test.list", "^TestReal").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tests: %w", err)
	}
	tests := slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool { return !wanted.MatchString(name) })
	if len(tests) == 0 {
		return nil, fmt.Errorf("no test matches %q", wanted)
	}
	rank := func(name string) int {
		if i := slices.Index(longest, name); i >= 0 {
			return i
		}
		return len(longest)
	}
	slices.SortStableFunc(tests, func(a, b string) int { return rank(a) - rank(b) })
	return tests, nil
}

// runAll runs jobs, so many at once, in their order.
func runAll(ctx context.Context, queue []*job, atOnce int, do func(*job)) {
	next := make(chan *job)
	var workers sync.WaitGroup
	for range max(1, atOnce) {
		workers.Go(func() {
			// The kernel ties a child's signal at its parent's death to the thread that started it.
			runtime.LockOSThread()
			for j := range next {
				do(j)
			}
		})
	}
	for _, j := range queue {
		if ctx.Err() != nil {
			break
		}
		next <- j
	}
	close(next)
	workers.Wait()
}

var (
	ended = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): `)
	// running is the line of a test that begins or goes on, said is what one logs, skipped the line of one that was
	// skipped.
	running = regexp.MustCompile(`^=== (?:RUN|CONT|NAME) +(\S+)`)
	said    = regexp.MustCompile(`^ *\w+_test\.go:\d+: (.*)`)
	skipped = regexp.MustCompile(`^ *--- SKIP: (\S+)`)
)

// judge reads how a test went from its log and from how its process ended.
func (j *job) judge(log []byte, err error) {
	j.log, j.result = log, "FAIL"
	if match := ended.FindSubmatch(log); err == nil && match != nil {
		j.result = string(match[1])
	}
	test, last := "", map[string]string{} // what each test said last: a skipped one says why
	for line := range strings.Lines(string(log)) {
		if match := running.FindStringSubmatch(line); match != nil {
			test = match[1]
		} else if match := said.FindStringSubmatch(line); match != nil {
			last[test] = match[1]
		} else if match := skipped.FindStringSubmatch(line); match != nil {
			j.skips = append(j.skips, match[1]+": "+last[match[1]])
		}
	}
}

// run runs the test in a testbed of its own.
func (j *job) run(ctx context.Context, work string, environment []string, update bool) {
	args := []string{strings.SplitN(j.setup.podman, ".", 2)[0]}
	if j.setup.mode == "rootless" {
		args = append(args, "--rootless")
	}
	args = append(args, work+"/real.test", "-test.v", "-test.timeout", "60m", "-test.run", "^"+j.test+"$")
	if update {
		args = append(args, "-update")
	}
	cmd := command(ctx, "testdata/testbed/with-podman", args...)
	cmd.Env = environment
	const toClean = 30 * time.Second
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, toClean
	begun := time.Now()
	log, err := cmd.CombinedOutput()
	j.took = time.Since(begun)
	j.judge(log, err)
}

var printing sync.Mutex

func (j *job) print(verbose bool) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Printf("%s  %-12s %6.1f s  %s\n", j.result, j.setup, j.took.Seconds(), j.test)
	if j.result == "FAIL" || verbose {
		_, _ = os.Stdout.Write(j.log)
	}
}

// summary prints what was skipped, what failed and how many there were, and returns the exit status.
func summary(queue []*job, took time.Duration) int {
	count := map[string]int{}
	why := map[string][]string{}
	for _, j := range queue {
		count[j.result]++
		for _, s := range j.skips {
			why[s] = append(why[s], j.setup.String())
		}
	}
	fmt.Printf("-- %s\n", took.Round(time.Second))
	for _, j := range queue {
		if j.result == "FAIL" {
			fmt.Printf("failed: %s on %s\n", j.test, j.setup)
		}
	}
	for _, j := range queue {
		for _, s := range j.skips {
			if on := why[s]; len(on) > 0 {
				fmt.Printf("skipped: %s (%s)\n", s, strings.Join(on, ", "))
				delete(why, s)
			}
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", count["PASS"], count["FAIL"], count["SKIP"])
	if count["FAIL"] > 0 || count["PASS"] == 0 {
		return 1
	}
	return 0
}

// keepCaptures copies what the tests recorded into testdata.
func keepCaptures(work string) error {
	captures := filepath.Join(work, "captures")
	return filepath.WalkDir(captures, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(captures, path)
		if err != nil {
			return err
		}
		to := filepath.Join("testdata/captures", name)
		if strings.HasPrefix(name, "proven/") {
			to = filepath.Join("testdata/services", name)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
}

const workPrefix = "podlint-tests-"

// sweep removes what testbeds that were killed have left: directories that name a process which is gone.
func sweep(cache string) error {
	for _, pattern := range []string{"/var/tmp/" + workPrefix + "*", cache + "/storage-*"} {
		left, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, dir := range left {
			name := strings.TrimPrefix(strings.TrimPrefix(filepath.Base(dir), workPrefix), "storage-")
			pid, _, _ := strings.Cut(name, "-")
			id, err := strconv.Atoi(pid)
			if err == nil && !errors.Is(syscall.Kill(id, 0), syscall.ESRCH) {
				continue
			}
			fmt.Printf("-- removing %s, which an earlier run has left\n", dir)
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	removeCgroups()
	return nil
}

// removeCgroups removes the control groups of containers that were killed. The kernel refuses it for those that have
// processes.
func removeCgroups() {
	roots, _ := filepath.Glob("/sys/fs/cgroup/*/libpod_parent")
	for _, root := range append(roots, "/sys/fs/cgroup/libpod_parent") {
		var groups []string
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				groups = append(groups, path)
			}
			return nil
		})
		for _, group := range slices.Backward(groups) {
			_ = os.Remove(group)
		}
	}
}
