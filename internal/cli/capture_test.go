package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// captured is the moment that the replayed scans take place at.
var captured = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// scanAt is invoke for `podlint scan` of a service, at a fixed time.
func scanAt(t testing.TB, url string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{Streams: Streams{bytes.NewReader(nil), &stdout, &stderr}, now: func() time.Time { return captured }}
	status = a.run(context.Background(), append([]string{"scan", "--url", url}, args...))
	return status, stdout.String(), strings.ReplaceAll(stderr.String(), url, "unix:///SOCKET")
}
