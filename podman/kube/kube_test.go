package kube

import (
	"fmt"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/yamlpath"
)

// container returns the one container of a pod with the given metadata and specification.
func container(t *testing.T, metadata, spec string) *podman.Container {
	t.Helper()
	documents, err := yamlpath.Documents([]byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p, " + metadata +
		"}\nspec: {" + spec + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	host := podman.AssumedHost(podman.Set(false, podman.Origin{}), time.Time{})
	containers, problems := Read(File{"pod.yaml", documents}, Options{Host: host})
	if len(containers) != 1 || len(problems) > 0 {
		t.Fatalf("%d containers, %v", len(containers), problems)
	}
	return containers[0]
}

// TestSubPath holds that of a host's directory the part counts that is mounted.
func TestSubPath(t *testing.T) {
	for mount, want := range map[string]string{
		"mountPath: /e":                           "/",
		"mountPath: /e, subPath: etc":             "/etc",
		"mountPath: /e, subPath: srv/../etc/":     "/etc",
		"mountPath: /e, subPathExpr: $(POD_NAME)": "/$(POD_NAME)",
	} {
		c := container(t, "", "containers: [{name: c, image: i, volumeMounts: [{name: v, "+mount+
			"}]}], volumes: [{name: v, hostPath: {path: /}}]")
		if got := c.Files.Mounts.Value[0].Source; got != want {
			t.Errorf("%s: %q, want %q", mount, got, want)
		}
	}
}

// TestProcess holds which groups and capabilities a process starts with.
func TestProcess(t *testing.T) {
	for _, test := range []struct{ metadata, security, want string }{
		{"", "{}", "false [] []"},
		{"", "{runAsUser: 33, runAsGroup: 0, capabilities: {add: [dac_override]}}", "true [] [CAP_DAC_OVERRIDE]"},
		{"annotations: {run.oci.keep_original_groups: '1'}", "{}", "false [keep-groups] []"},
		{"annotations: {run.oci.keep_original_groups: '0'}", "{}", "false [] []"},
	} {
		c := container(t, test.metadata, "containers: [{name: c, image: i, securityContext: "+test.security+"}]")
		got := fmt.Sprint(c.Process.GID.Known(), " ", c.Process.Groups.Value, " ", c.Capabilities.Effective.Value)
		if got != test.want {
			t.Errorf("%s %s: %s, want %s", test.metadata, test.security, got, test.want)
		}
	}
}

// TestSecrets holds which Secrets fill variables, by their names.
func TestSecrets(t *testing.T) {
	c := container(t, "", `containers: [{name: c, image: i, envFrom: [{secretRef: {name: all}}], env: [
		{name: PW, valueFrom: {secretKeyRef: {name: db, key: password}}}, {name: USER, valueFrom: {secretKeyRef:
		{name: db, key: user}}}, {name: PLAIN, value: x}]}]`)
	if got := fmt.Sprint(c.SecretVariables.Value); got != "[all db]" {
		t.Errorf("secrets: %s", got)
	}
	for _, v := range c.Environment.Value {
		if want := v.Name != "PLAIN"; (v.Owner == podman.OwnerSecret) != want {
			t.Errorf("%s: %s", v.Name, v.Owner)
		}
	}
}
