package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"
)

// tooLong ends what hangs; no run of podlint in a test comes near it, however slow the machine is.
const tooLong = 10 * time.Minute

// invoke runs podlint in this process.
func invoke(t testing.TB, args ...string) (status int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	var stdout, stderr bytes.Buffer
	status = Main(ctx, args, Streams{bytes.NewReader(nil), &stdout, &stderr})
	return status, stdout.String(), stderr.String()
}

// jsonReport is what the tests read of the JSON report.
type jsonReport struct {
	Sources    []struct{ Podman string }
	Containers []struct {
		Name, ID, Kind, State, Pod string
		Changed                    []string
	}
	Findings []struct {
		Rule, Severity, Confidence, Container, Message, Fingerprint, Status string
		Evidence                                                            []struct{ Setting, Value, Origin string }
		Location                                                            struct {
			File         string
			Line, Column int
		}
		Fix struct {
			Summary        string
			Flags, Quadlet []string
		}
	}
	Errors  []struct{ Target, Message string }
	Summary struct {
		Containers int
		Complete   bool
	}
}

func parseReport(t testing.TB, out string) *jsonReport {
	t.Helper()
	var r jsonReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("the JSON report: %v\n%s", err, out)
	}
	return &r
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // in standard error
	}{
		{[]string{"scann"}, "did you mean scan?"},
		{[]string{"scan", "--no-such-flag"}, "hint: see `podlint scan --help`"},
		{[]string{"scan", "--format", "xml"}, `"xml" must be one of text, line, json, sarif`},
		{[]string{"scan", "--format", "json", "--format", "text"}, "only one format can go to standard output"},
		{[]string{"scan", "--fail-on", "awful"}, "critical, high, medium, low or info, or none"},
		{[]string{"scan", "--rule", "readonly"}, "did you mean read-only?"},
		{[]string{"scan", "--filter", "nonsense"}, "not KEY=VALUE"},
		{[]string{"scan", "--filter", "colour=red"}, `"colour" must be one of label`},
		{[]string{"scan", "--url", "http://x"}, "is no address of a Podman service"},
		{[]string{"scan", "--url", "unix:///no/such.sock"}, "there is no such socket"},
		{[]string{"scan", "--concurrency", "0"}, "at least 1"},
		{[]string{"explain", "privilege"}, "did you mean privileged?"},
		{[]string{"explain"}, "the name of one rule"},
		{[]string{"version", "x"}, "takes no arguments"},
	} {
		status, out, errs := invoke(t, test.args...)
		if status != 2 || out != "" || !bytes.Contains([]byte(errs), []byte(test.want)) {
			t.Errorf("%q: status %d, output %q, errors %q; want status 2 and %q", test.args, status, out, errs,
				test.want)
		}
	}
}

func TestDescriptions(t *testing.T) {
	for _, args := range [][]string{{"rules"}, {"rules", "--format", "json"}, {"explain", "uid-map"},
		{"explain", "uid-map", "-f", "json"}, {"version"}, {"version", "-f", "json"}, {"completion", "bash"},
		{"--help"}, {"--version"}} {
		if status, out, errs := invoke(t, args...); status != 0 || out == "" || errs != "" {
			t.Errorf("%q: status %d, %d bytes, errors %q", args, status, len(out), errs)
		}
	}
}

// planted are values that stand where a secret can; none may show anywhere. Each is unique.
func planted(place string) string { return "planted-" + place + "-9f3Kq7" }
