package kube

import (
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

// FuzzRead reads YAML: it neither crashes nor expands without limit, and every place that it names is one.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {io.podman.annotations.userns: auto}}\nspec:\n  " +
			"securityContext: {runAsUser: 1}\n  volumes: [{name: v, hostPath: {path: /run}}]\n  containers:\n  - " +
			"name: c\n    image: i\n    securityContext: {privileged: true, capabilities: {drop: [ALL], add: " +
			"[CHOWN]}}\n    volumeMounts: [{name: v, mountPath: /x}]\n    env: [{name: A, value: b}, {name: B, " +
			"valueFrom: {configMapKeyRef: {name: m, key: k}}}]\n    args: [x]\n---\napiVersion: v1\nkind: " +
			"ConfigMap\nmetadata: {name: m}\ndata: {k: v}\n",
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {hostUsers: false, " +
			"containers: [{name: b, image: c}]}}}",
		"apiVersion: v1\nkind: Pod\nspec: &a {containers: [*a]}", "a: &a [*a]",
		"apiVersion: v1\nkind: Pod\nspec: {<<: [{containers: [{name: 1}]}]}",
	} {
		f.Add(seed)
	}
	host := podman.AssumedHost(podman.Setting[bool]{}, time.Time{})
	f.Fuzz(func(t *testing.T, text string) {
		documents, err := yamlpath.Documents([]byte(text))
		if err != nil {
			if p := yamlpath.Problem("x", err); p.Message == "" {
				t.Fatal("no message")
			}
			return
		}
		file := parsed{"x.yaml", documents}
		all := &objects{}
		all.collect(file)
		containers, _ := read(file, options{host: host, objects: all})
		lines := strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029",
			"\n").Replace(text), "\n") + 1
		for _, c := range containers {
			if at := c.Definition.Origin; at.Line < 1 || at.Line > lines {
				t.Fatalf("%s at %v of %d lines", c.Name, at, lines)
			}
		}
	})
}
