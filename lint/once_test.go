package lint

import (
	"slices"
	"testing"

	"github.com/podlint/podlint/definition"
)

// TestRunsOnce holds that a container that does its work and ends needs no health check and no updates while it runs,
// and that one does which may be a service.
func TestRunsOnce(t *testing.T) {
	const kube = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	for name, tt := range map[string]struct {
		file, text string
		// serves holds the containers that are services all the same.
		serves []string
	}{
		"a oneshot unit": {"a.container", "[Container]\n" + image + "Exec=/backup.sh\n[Service]\nType=oneshot\n", nil},
		"a oneshot unit that is labelled": {"a.container",
			"[Container]\n" + image + "AutoUpdate=registry\n[Service]\nType=oneshot\nRemainAfterExit=yes\n", nil},
		"a oneshot unit that detaches": {"a.container",
			"[Container]\n" + image + "PodmanArgs=-d\n[Service]\nType=oneshot\n", []string{"systemd-a"}},
		"a unit":        {"a.container", "[Container]\n" + image + "PodmanArgs=-it\n", []string{"systemd-a"}},
		"at a terminal": {"a.sh", "podman run --rm -it docker.io/library/golang:1.22 go test ./...", nil},
		"a shell":       {"a.sh", "sudo podman run -ti --rm --name x docker.io/library/golang:1.22", nil},
		"a filter":      {"a.sh", "podman run --rm -i docker.io/library/x:1 < in > out", nil},
		"a tool":        {"a.sh", "podman run --rm -v .:/src docker.io/library/golang:1.22 go vet", nil},
		"a tool in CI": {"ci.yml", "jobs:\n  a:\n    steps:\n      - run: podman run --rm docker.io/library/x:1 make\n",
			nil},
		"detached":          {"a.sh", "podman run --rm -dit docker.io/library/x:1 serve", []string{"x"}},
		"in the background": {"a.sh", "podman run --rm docker.io/library/x:1 serve &", []string{"x"}},
		"with a port":       {"a.sh", "podman run --rm -p 80:80 docker.io/library/x:1 serve", []string{"x"}},
		"with a name":       {"a.sh", "podman run --rm --name web docker.io/library/x:1 serve", []string{"web"}},
		"the host's network": {"a.sh", "podman run --rm --net=host docker.io/library/x:1 serve",
			[]string{"x"}},
		"started anew":        {"a.sh", "podman run -it --restart=always docker.io/library/x:1", []string{"x"}},
		"kept":                {"a.sh", "podman run -it docker.io/library/x:1", []string{"x"}},
		"the image's command": {"a.sh", "podman run --rm docker.io/library/x:1", []string{"x"}},
		"made, not run":       {"a.sh", "podman create --rm -it docker.io/library/x:1 a", []string{"x"}},
		"the script's last":   {"a.sh", "exec podman run --rm docker.io/library/x:1 serve", []string{"x"}},
		"a pod's first":       {"a.sh", "podman create --init-ctr=once --pod=p docker.io/library/x:1", nil},
		"a oneshot service": {"a.service", "[Service]\nType=oneshot\nExecStart=podman run --name a docker.io/library/x:1\n",
			nil},
		"a oneshot service that detaches": {"a.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\n" +
			"ExecStart=podman run -d --name a docker.io/library/x:1\n", []string{"a"}},
		"a service": {"a.service", "[Service]\nExecStartPre=podman run docker.io/library/y:1 migrate\n" +
			"ExecStart=podman run --rm -i docker.io/library/x:1 serve\n", []string{"x"}},
		"a service by a shell": {"a.service", "[Service]\nExecStart=sh -c 'podman run --rm docker.io/library/x:1 serve'\n",
			[]string{"x"}},
		"an init container": {"p.yaml", kube + "  initContainers: [{name: i, image: docker.io/library/x:1}]\n" +
			"  containers: [{name: c, image: docker.io/library/x:1}]\n", []string{"p-c"}},
		"a Job": {"j.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec:\n" +
			"      containers: [{name: c, image: docker.io/library/x:1}]\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := tt.text
			if tt.file == "a.sh" {
				text = "#!/bin/sh\n" + text + "\n"
			}
			r := checked(t, map[string]string{tt.file: text}, Choice{Only: []string{"healthcheck", "auto-update"}},
				definition.Options{})
			if len(r.Containers) == 0 {
				t.Fatalf("nothing is read: %+v", r)
			}
			var serves []string
			for i := range r.Findings {
				if name := r.Findings[i].Container; !slices.Contains(serves, name) {
					serves = append(serves, name)
				}
			}
			if !slices.Equal(serves, tt.serves) {
				t.Errorf("%q have findings, want %q", serves, tt.serves)
			}
		})
	}
}
