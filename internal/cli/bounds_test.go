package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCheckHugePorts holds that ranges of ports do not hold a run up: a wide one is read, many are an error.
func TestCheckHugePorts(t *testing.T) {
	text := "services:\n"
	for i := range 20 {
		text += fmt.Sprintf("  a%d: {image: x, ports: [\"1-65535:1-65535\"]}\n", i)
	}
	t.Chdir(writeTree(t, map[string]string{"compose.yaml": text, "b.container": softUnit +
		strings.Repeat("PublishPort=1-65535:1-65535\n", 1000)}))
	status, out, errs := checkAt(t, "", ".", "-f", "json")
	if status != 2 || !strings.Contains(errs, "compose.yaml:3: the services publish more than") ||
		!strings.Contains(out, `"systemd-b"`) {
		t.Errorf("status %d, %s", status, errs)
	}
}

// TestCheckHugeIgnoreFile holds that a .gitignore beyond the bounds is not applied, and that patterns that are slow to
// compare do not hold a run up.
func TestCheckHugeIgnoreFile(t *testing.T) {
	slow := strings.Repeat("*a", 190)
	for name, text := range map[string]string{"many": strings.Repeat("*.container\n", 3000),
		"long": strings.Repeat("*", 1000) + "\n*.container\n", "slow": "*.container\n" + strings.Repeat(slow+"b\n", 1900)} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{".gitignore": text, ".git/HEAD": "x", "a.container": openUnit}
			for i := range 200 {
				files[fmt.Sprintf("%s/%s/%d.container", strings.Repeat("a", 200), strings.Repeat("a", 200), i)] = openUnit
			}
			t.Chdir(writeTree(t, files))
			status, _, errs := checkAt(t, "", ".", "-q")
			if status != 1 || name != "slow" && !strings.Contains(errs, "not applied") {
				t.Errorf("status %d, %s", status, errs)
			}
		})
	}
}

// TestCheckUnitsInCircles holds that units that name one another, and none of which can be read, end.
func TestCheckUnitsInCircles(t *testing.T) {
	files := map[string]string{}
	for i := range 60 {
		text := "[Unit]\n"
		for j := range 60 {
			text += fmt.Sprintf("After=u%d.container\n", j)
		}
		files[fmt.Sprintf("u%d.container", i)] = text
	}
	t.Chdir(writeTree(t, files))
	if status, _, errs := checkAt(t, "", ".", "-q"); status != 2 || strings.Contains(errs, "takes longer") {
		t.Errorf("status %d, %s", status, errs)
	}
}

// TestCheckHugeYAML holds that YAML of millions of values is an error, not gigabytes of memory.
func TestCheckHugeYAML(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{
		"a.yaml": "apiVersion: v1\nkind: Pod\nx: [" + strings.Repeat("a,", 3<<20) + "]\n", "b.container": softUnit}))
	status, out, errs := checkAt(t, "", ".", "-f", "json")
	if status != 2 || !strings.Contains(errs, "a.yaml: this is no YAML: ") || !strings.Contains(out, `"systemd-b"`) {
		t.Errorf("status %d, %s", status, errs)
	}
}

// TestOlderReport holds that a report file of an earlier run is not taken for that of one that did not end, and that
// the file keeps its mode.
func TestOlderReport(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{"a.container": softUnit, "old.json": "{}", "broken.toml": "x"}))
	if err := os.Chmod("old.json", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--config", "broken.toml"}, {"--rule", "no-such-rule"}, {"--baseline", "none.json"}} {
		if err := os.WriteFile("old.json", []byte(`{"complete":true}`), 0o600); err != nil {
			t.Fatal(err)
		}
		status, _, _ := checkAt(t, "", append([]string{".", "-f", "json=old.json", "-f", "sarif=new.sarif"}, args...)...)
		text, err := os.ReadFile("old.json")
		if status != 2 || err != nil || !strings.Contains(string(text), "this run has not finished") {
			t.Errorf("%s: status %d, %v\n%s", args, status, err, text)
		}
		if _, err := os.Stat("new.sarif"); err == nil {
			t.Errorf("%s: a report was made", args)
		}
	}
	if status, _, errs := checkAt(t, "", ".", "-f", "json=old.json"); status != 1 {
		t.Errorf("status %d, %s", status, errs)
	}
	info, err := os.Stat("old.json")
	text, _ := os.ReadFile("old.json")
	if err != nil || info.Mode().Perm() != 0o600 || strings.Contains(string(text), "not finished") {
		t.Errorf("%v, %v\n%s", info.Mode(), err, text)
	}
}

// TestCheckTimeout holds that --timeout and a signal end a run that waits, and that the report says what was read.
func TestCheckTimeout(t *testing.T) {
	dir := writeTree(t, map[string]string{"a.container": softUnit})
	waiting, end := io.Pipe()
	defer end.Close()
	run := func(ctx context.Context, args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		a := &app{Streams: Streams{waiting, &stdout, &stderr}, now: time.Now}
		return a.run(ctx, append([]string{"check", "--config", "none"}, args...)), stdout.String(), stderr.String()
	}
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	status, _, errs := run(ctx, "-", "--stdin-name", "x.container", "--timeout", "50ms")
	if status != 2 || !strings.Contains(errs, "ended by --timeout") {
		t.Errorf("status %d, %s", status, errs)
	}
	status, out, _ := run(ctx, dir, "--timeout", "1ns", "-f", "json")
	if status != 3 || !strings.Contains(out, "ended by --timeout") || !strings.Contains(out, `"complete":false`) {
		t.Errorf("status %d, %s", status, out)
	}
	go func() {
		time.Sleep(200 * time.Millisecond)
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}()
	if status, _, errs = run(ctx, "-", "--stdin-name", "x.container"); status != 3 {
		t.Errorf("status %d, %s", status, errs)
	}
}

// TestReportThroughLink holds that a report does not follow a link that another user has put into a directory of
// everybody's.
func TestReportThroughLink(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can make another user's link")
		return
	}
	dir := writeTree(t, map[string]string{"a.container": softUnit, "precious": "precious", "tmp/x": ""})
	if err := os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tmp/podlint.json")
	link(t, "../precious", path)
	if err := os.Lchown(path, 65533, 65533); err != nil {
		t.Fatal(err)
	}
	status, _, errs := checkAt(t, "", filepath.Join(dir, "a.container"), "-f", "json="+path)
	text, _ := os.ReadFile(filepath.Join(dir, "precious"))
	if status != 2 || !strings.Contains(errs, "another user") || string(text) != "precious" {
		t.Errorf("status %d, %s, %q", status, errs, text)
	}
}
