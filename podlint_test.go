package podlint_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podlint/podlint"
	"github.com/podlint/podlint/internal/cli"
	"github.com/podlint/podlint/podman/live/livetest"
	"github.com/podlint/podlint/report"
)

// command runs the command and returns the JSON report that it prints.
func command(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--format", "json", "--config", "none")
	status := cli.Main(context.Background(), args, cli.Streams{In: bytes.NewReader(nil), Out: &out, Err: &errs})
	if status > 2 { // 2 is for the broken ones among the definitions
		t.Fatalf("podlint %q: status %d, %s", args, status, &errs)
	}
	return out.String()
}

// asJSON writes a report as the command does.
func asJSON(t *testing.T, r *report.Report, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.JSON(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// moments are what two runs differ in.
var moments = regexp.MustCompile(`"(started|finished)":"[^"]*"`)

func same(t *testing.T, want, got string) {
	t.Helper()
	want, got = moments.ReplaceAllString(want, ""), moments.ReplaceAllString(got, "")
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the command and the library differ:\n%s", diff)
	}
}

// TestLibraryIsTheCommand holds that Check and Scan return the report that the command prints.
func TestLibraryIsTheCommand(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	o := podlint.Options{Config: "none"}
	const dir = "testdata/definitions"
	r, err := podlint.Check(t.Context(), []string{dir}, o)
	same(t, command(t, "check", dir), asJSON(t, r, err))
	if len(r.Findings) == 0 {
		t.Error("there are no findings to compare")
	}
	for _, name := range livetest.Names() {
		url := livetest.Serve(t, livetest.Load(t, name))
		r, err := podlint.Scan(t.Context(), podlint.Service{URL: url}, o)
		same(t, command(t, "scan", "--url", url), asJSON(t, r, err))
	}
}

// TestLibraryAtOnce holds that several runs at once do not meet, and that none changes the process.
func TestLibraryAtOnce(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	before := strings.Join(os.Environ(), "\n")
	url := livetest.Serve(t, livetest.Load(t, "podman-5-rootful"))
	var group sync.WaitGroup
	counts := make([]int, 8)
	for i := range counts {
		group.Go(func() {
			o := podlint.Options{Config: "none", Rules: []string{"read-only"}}
			r, err := podlint.Scan(t.Context(), podlint.Service{URL: url}, o)
			if err != nil {
				t.Error(err)
				return
			}
			files, err := podlint.Check(t.Context(), []string{"testdata/definitions"}, o)
			if err != nil {
				t.Error(err)
				return
			}
			counts[i] = len(r.Findings) + len(files.Findings)
		})
	}
	group.Wait()
	for _, n := range counts {
		if n == 0 || n != counts[0] {
			t.Errorf("the runs have %v findings", counts)
			break
		}
	}
	if strings.Join(os.Environ(), "\n") != before {
		t.Error("the environment was changed")
	}
}

func TestOptionsThatAreWrong(t *testing.T) {
	ctx := t.Context()
	for _, o := range []podlint.Options{
		{Rules: []string{"no-such-rule"}}, {Profile: "lax"}, {FailOn: "awful"}, {MinSeverity: "none"},
		{Config: "no/such.toml"},
		{Baseline: "no/such.json"},
	} {
		if _, err := podlint.Check(ctx, nil, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	if _, err := podlint.Scan(ctx, podlint.Service{URL: "unix:///no/such.sock"},
		podlint.Options{Config: "none"}); err == nil {
		t.Error("a socket that is not there: no error")
	}
}

func ExampleCheck() {
	dir, err := os.MkdirTemp("", "podlint")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	unit := "[Container]\nImage=quay.io/example/web:1.4\nPodmanArgs=--privileged\n"
	if err := os.WriteFile(filepath.Join(dir, "web.container"), []byte(unit), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	r, err := podlint.Check(context.Background(), []string{dir},
		podlint.Options{Config: "none", MinSeverity: "critical"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range r.Findings {
		fmt.Printf("%s:%d: %s %s\n", filepath.Base(f.Location.File), f.Location.Line, f.Severity, f.Rule.ID)
	}
	fmt.Println("exit status", r.ExitStatus())
	// Output:
	// web.container:3: critical privileged
	// exit status 1
}

func ExampleScan() {
	r, err := podlint.Scan(context.Background(), podlint.Service{Running: true}, podlint.Options{Profile: "baseline"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := report.SARIF(os.Stdout, r); err != nil {
		fmt.Println(err)
	}
}
