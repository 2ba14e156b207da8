package compose

import (
	"errors"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// FuzzRead reads compose files: it neither crashes nor reads what it is not given.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"services:\n  web:\n    image: nginx:${TAG:-1}\n    privileged: true\n    cap_drop: [ALL]\n    environment: " +
			"{A: b, C: null}\n    volumes: [\"/a:/b:ro\", \"v:/c\"]\n    env_file: x\n    command: [a, b]\n",
		"x-a: &a {read_only: true}\nservices:\n  a: {<<: *a, image: i, environment: [A=b, C]}\n  b: {extends: a, " +
			"profiles: [p], healthcheck: {test: [CMD, x]}}\n",
		"services:\n  a:\n    extends: {file: b.yml, service: c}\n", "include: [x.yml]\nservices: {}\n",
		"services: {a: &a {build: ., depends_on: *a}}",
	} {
		f.Add(seed)
	}
	host := podman.AssumedHost(podman.Setting[bool]{}, time.Time{})
	f.Fuzz(func(t *testing.T, text string) {
		read := func(string) ([]byte, error) { return nil, errors.New("not there") }
		found := Reader{ReadFile: read}.Read(podman.File{Path: "/project/compose.yaml", Text: text}, host)
		for _, c := range found.Containers {
			if c.Definition.Origin.Line < 1 {
				t.Fatalf("%s stands nowhere", c.Name)
			}
		}
		for _, p := range found.Problems {
			if p.Message == "" {
				t.Fatal("no message")
			}
		}
	})
}
