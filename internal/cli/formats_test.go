package cli

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/podlint/podlint/report"
)

// wellFormed holds what a format's readers rely on.
func wellFormed(t *testing.T, format, out string) {
	t.Helper()
	switch format {
	case "json":
		validate(t, "report", report.Schema, out)
	case "sarif":
		validateSARIF(t, out)
	case "codequality":
		codeQualityFormed(t, out)
	case "junit":
		junitFormed(t, out)
	case "html":
		htmlFormed(t, out)
	case "gitlab-sast":
		sastFormed(t, out)
	case "openmetrics":
		metricsFormed(t, out)
	case "jsonl":
		for line := range strings.Lines(out) {
			if !json.Valid([]byte(line)) {
				t.Errorf("jsonl: %q", line)
			}
		}
	}
}

// codeQualityFormed holds what GitLab asks of the report; it drops an issue whose fingerprint it has seen.
func codeQualityFormed(t *testing.T, out string) {
	t.Helper()
	var issues []struct {
		Description, Fingerprint, Severity string
		CheckName                          string `json:"check_name"`
		Location                           struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal([]byte(out), &issues); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, i := range issues {
		if i.Description == "" || i.CheckName == "" || i.Location.Path == "" || i.Location.Lines.Begin < 1 ||
			!slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i.Severity) {
			t.Errorf("codequality: %+v", i)
		}
		if seen[i.Fingerprint] {
			t.Errorf("codequality: the fingerprint %s stands there twice: %+v", i.Fingerprint, i)
		}
		seen[i.Fingerprint] = true
	}
}

// junitFormed holds that the counts are those of the cases.
func junitFormed(t *testing.T, out string) {
	t.Helper()
	type counts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	var all struct {
		counts
		Suites []struct {
			counts
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(out), &all); err != nil {
		t.Errorf("junit: %v", err)
	}
	var sum counts
	for _, s := range all.Suites {
		var own counts
		for _, c := range s.Cases {
			own.Tests++
			switch {
			case c.Failure != nil:
				own.Failures++
			case c.Error != nil:
				own.Errors++
			case c.Skipped != nil:
				own.Skipped++
			}
			if c.Name == "" {
				t.Error("junit: a case without a name")
			}
		}
		if own != s.counts {
			t.Errorf("junit: a suite counts %+v and has %+v", s.counts, own)
		}
		sum = counts{sum.Tests + own.Tests, sum.Failures + own.Failures, sum.Errors + own.Errors, sum.Skipped +
			own.Skipped}
	}
	sum.Skipped = 0 // which Jenkins' schema has no place for
	if sum != all.counts || sum.Tests == 0 {
		t.Errorf("junit: the whole counts %+v and has %+v", all.counts, sum)
	}
}

// htmlFormed holds that the page loads nothing, has no script but its own, and that no element of it is foreign.
func htmlFormed(t *testing.T, out string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	scripts := 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			scripts++
		case "link", "iframe", "img", "object", "embed", "base", "a", "audio", "video":
			t.Errorf("html: a <%s> is in it", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "src" || a.Key == "href" || a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("html: <%s %s=%q> is in it", n.Data, a.Key, a.Val)
			}
		}
	}
	if scripts != 1 {
		t.Errorf("html: %d scripts", scripts)
	}
}

// TestHTMLInBrowser opens the page in a real Chromium, with an attacker's names in it: its own script runs and filters,
// no other does, and nothing is asked of anybody.
func TestHTMLInBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI needs a chromium")
		}
		t.Skip("there is no chromium")
	}
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	_, page, _ := scanAt(t, hostileService(t, server.URL), "--format", "html", "--profile", "strict", "plain")
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(fragment string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
			"--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+
				file+fragment)
		cmd.WaitDelay = 5 * time.Second // its helpers may keep the pipe open
		out, err := cmd.Output()
		if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			t.Fatalf("%v: %.200s", err, out)
		}
		return string(out)
	}
	shown := func(dom string) int {
		t.Helper()
		found := regexp.MustCompile(`<output id="shown">(\d+) findings?</output>`).FindStringSubmatch(dom)
		if found == nil {
			t.Fatal("the page's own script has not run")
		}
		n, _ := strconv.Atoi(found[1])
		return n
	}
	all := open("")
	if strings.Contains(all, "data-owned") {
		t.Error("a script of the container's name has run")
	}
	high := open("#severity=high&rule=plaintext-secret")
	if n, total := shown(high), shown(all); n == 0 || n >= total {
		t.Errorf("the filter shows %d of %d findings", n, total)
	}
	htmlFormed(t, all)
	if n := asked.Load(); n > 0 {
		t.Errorf("the page asked the attacker's server %d times", n)
	}
}
