package kube

import (
	"fmt"
	"slices"
	"strings"
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
	containers, problems := read(parsed{"pod.yaml", documents}, options{host: host})
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
		"mountPath: /e, subPathExpr: $(POD_NAME)": "/",
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

// TestAsPodmanPlays holds which settings count, as tried on Podman 4.3 and 5.4: what it ignores does not.
func TestAsPodmanPlays(t *testing.T) {
	const plain = "containers: [{name: c, image: i}]"
	seccomp := func(c *podman.Container) string { return "seccomp " + c.Confinement.Seccomp.Value }
	label := func(c *podman.Container) string { return "label " + c.Confinement.Label.Value }
	user := func(c *podman.Container) string {
		return fmt.Sprint("user ", c.Process.UID.Known(), c.Process.User.Value)
	}
	users := func(c *podman.Container) string {
		return fmt.Sprint("users ", c.Namespaces.UIDs.Known(), " ", c.Identity(0) == podman.IdentitySubordinate)
	}
	pids := func(c *podman.Container) string {
		return fmt.Sprint("pids ", c.Limits.PIDs.Known(), c.Limits.PIDs.Value)
	}
	devices := func(c *podman.Container) string {
		return fmt.Sprint("devices ", len(c.Files.Devices.Value), len(c.Files.Mounts.Value))
	}
	for _, test := range []struct {
		metadata, spec string
		get            func(*podman.Container) string
		want           string
	}{
		{"", "securityContext: {seccompProfile: {type: Unconfined}}, " + plain, seccomp, "seccomp "},
		{"", "containers: [{name: c, image: i, securityContext: {seccompProfile: {type: Unconfined}}}]", seccomp, "seccomp "},
		{"annotations: {container.seccomp.security.alpha.kubernetes.io/c: unconfined}", plain, seccomp, "seccomp unconfined"},
		{"annotations: {container.seccomp.security.alpha.kubernetes.io/d: unconfined}", plain, seccomp, "seccomp "},
		{"annotations: {seccomp.security.alpha.kubernetes.io/pod: unconfined}", plain, seccomp, "seccomp unconfined"},
		{"annotations: {seccomp.security.alpha.kubernetes.io/pod: unconfined, " +
			"container.seccomp.security.alpha.kubernetes.io/c: runtime/default}", plain, seccomp, "seccomp "},
		{"annotations: {io.podman.annotations.seccomp/c: unconfined, io.podman.annotations.seccomp: unconfined}", plain,
			seccomp, "seccomp "},
		{"annotations: {io.podman.annotations.label/c: disable}", plain, label, "label disable"},
		{"annotations: {io.podman.annotations.label/c: 'type:spc_t'}", plain, label, "label spc_t"},
		{"annotations: {io.podman.annotations.label: disable}", plain, label, "label "},
		{"", "securityContext: {seLinuxOptions: {type: spc_t}}, containers: [{name: c, image: i, securityContext: " +
			"{seLinuxOptions: {level: s0}}}]", label, "label "},
		{"", "hostUsers: false, " + plain, users, "users true true"},
		{"", "hostUsers: true, " + plain, users, "users true false"},
		{"annotations: {io.podman.annotations.userns: host}", "hostUsers: false, " + plain, users, "users true false"},
		{"", "securityContext: {runAsNonRoot: true}, " + plain, user, "user false"},
		{"", "containers: [{name: c, image: i, securityContext: {runAsGroup: 7}}]", user, "user true0:7"},
		{"", "securityContext: {runAsGroup: 9}, " + plain, user, "user true0:9"},
		{"annotations: {io.podman.annotations.pids-limit/c: '5'}", plain, pids, "pids true 5"},
		{"annotations: {io.podman.annotations.pids-limit/c: '-1'}", plain, pids, "pids true 0"},
		{"annotations: {io.podman.annotations.pids-limit: '5'}", plain, pids, "pids false 0"},
		{"", "containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /k}]}], volumes: [{name: v, " +
			"hostPath: {path: /dev/kmsg, type: CharDevice}}]", devices, "devices 1 0"},
		{"", "containers: [{name: c, image: i, resources: {limits: {podman.io/device=/dev/kmsg: 1, memory: 1Mi}}}]", devices,
			"devices 1 0"},
	} {
		if got := test.get(container(t, test.metadata, test.spec)); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.metadata, test.spec, got, test.want)
		}
	}
}

// readText reads documents as one file.
func readText(t *testing.T, text string) []*podman.Container {
	t.Helper()
	documents, err := yamlpath.Documents([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	file := parsed{"pod.yaml", documents}
	all := &objects{}
	all.collect(file)
	containers, problems := read(file, options{objects: all,
		host: podman.AssumedHost(podman.Set(false, podman.Origin{}), time.Time{})})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return containers
}

// TestAnnotationsOfDeployment holds whose annotations count: the Deployment's, and for seccomp its template's.
func TestAnnotationsOfDeployment(t *testing.T) {
	const settings = "{annotations: {io.podman.annotations.userns: auto, " +
		"container.seccomp.security.alpha.kubernetes.io/c: unconfined}, name: d}"
	for _, test := range []struct{ own, template, want string }{
		{settings, "{}", "true "}, {"{name: d}", settings, "false unconfined"},
	} {
		c := readText(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: "+test.own+"\nspec: {template: {metadata: "+
			test.template+", spec: {containers: [{name: c, image: i}]}}}\n")[0]
		got := fmt.Sprint(c.Identity(0) == podman.IdentitySubordinate, " ", c.Confinement.Seccomp.Value)
		if got != test.want {
			t.Errorf("%s %s: %s, want %s", test.own, test.template, got, test.want)
		}
	}
}

// TestVolumes holds what a claim is bound to, and what comes from another container.
func TestVolumes(t *testing.T) {
	all := readText(t, `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: root, annotations: {volume.podman.io/type: none, volume.podman.io/device: /, `+
		`volume.podman.io/mount-options: bind}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: other, annotations: {volume.podman.io/driver: sshfs, volume.podman.io/device: /x, `+
		`volume.podman.io/mount-options: bind}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, annotations: {io.podman.annotations.volumes-from/b: "a:ro"}}
spec:
  containers:
  - name: a
    image: i
    volumeMounts: [{name: v, mountPath: /host}, {name: v, mountPath: /e, subPath: etc}, {name: o, mountPath: /o}]
  - {name: b, image: i}
  volumes: [{name: v, persistentVolumeClaim: {claimName: root}}, {name: o, persistentVolumeClaim: {claimName: other}}]
`)
	var got []string
	for _, c := range all {
		for _, m := range c.Files.Mounts.Value {
			got = append(got, fmt.Sprint(c.Name, m.Source, ":", m.Destination, m.Writable))
		}
	}
	want := "[p-a/:/hosttrue p-a/etc:/etrue p-a:/otrue p-b/:/hostfalse p-b/etc:/efalse p-b:/ofalse]"
	if fmt.Sprint(got) != want {
		t.Errorf("mounts: %s, want %s", got, want)
	}
}

// TestResources holds what is read of Secrets and ConfigMaps, and where: not what a container's variables say already.
func TestResources(t *testing.T) {
	all := readText(t, `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: c, annotations: {volume.podman.io/mount-options: "username=u,password=p"}}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {a: x}
data: {b: eQ==, c: "<base64>"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: m}
binaryData: {d: eg==}
data:
  used: u
  f.ini: |
    k = v
    password = w
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: a, image: i, env: [{name: U, valueFrom: {configMapKeyRef: {name: m, key: used}}}]}]}
`)
	var got []string
	for _, c := range all {
		if c.Kind != podman.KindResource {
			continue
		}
		for _, text := range c.ConfigStrings.Value {
			got = append(got, fmt.Sprintf("%s %s %s=%s:%d", c.Name, text.Place, text.Name, text.Words[0].Reveal(),
				text.Origin.Line))
		}
	}
	want := []string{"persistentvolumeclaim/c volume option username=u:3", "persistentvolumeclaim/c volume option " +
		"password=p:3", "secret/s secret a=x:8", "secret/s secret b=y:9", "configmap/m config m=d=z:14",
		"configmap/m config f.ini=k = v:18", "configmap/m config f.ini=password = w:19"}
	if !slices.Equal(got, want) {
		t.Errorf("texts: %q, want %q", got, want)
	}
}

// TestIgnored holds what counts as a setting that does nothing: not what is done in another way.
func TestIgnored(t *testing.T) {
	const c = "containers: [{name: c, image: i}]"
	for _, test := range []struct{ metadata, spec, want string }{
		{"", c, ""},
		{"", "securityContext: {runAsNonRoot: true}, " + c, "securityContext.runAsNonRoot"},
		{"", "securityContext: {runAsNonRoot: true, runAsUser: 5}, " + c, ""},
		{"", "securityContext: {runAsNonRoot: true, runAsUser: 5}, containers: [{name: c, image: i, securityContext: " +
			"{runAsUser: 0}}]", "securityContext.runAsNonRoot"},
		{"", "securityContext: {runAsNonRoot: false}, " + c, ""},
		{"", "containers: [{name: c, image: i, securityContext: {runAsNonRoot: true}}]", "securityContext.runAsNonRoot"},
		{"", "securityContext: {fsGroup: 5, seccompProfile: {type: RuntimeDefault}}, " + c, "securityContext.fsGroup"},
		{"", "securityContext: {seccompProfile: {type: Unconfined}}, " + c, "securityContext.seccompProfile"},
		{"", "runtimeClassName: kata, " + c, "runtimeClassName"},
		{"", "containers: [{name: c, image: i, readinessProbe: {exec: {command: [x]}}, livenessProbe: {exec: {command: " +
			"[x]}}}]", "readinessProbe"},
		{"", "containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /e, subPathExpr: $(A)}]}], volumes: " +
			"[{name: v, emptyDir: {sizeLimit: 1Mi}}]", "subPathExpr emptyDir.sizeLimit"},
		{"annotations: {io.podman.annotations.seccomp/c: unconfined, io.podman.annotations.label/c: disable}", c,
			"annotation io.podman.annotations.seccomp/c"},
	} {
		var got []string
		for _, i := range container(t, test.metadata, test.spec).Ignored {
			got = append(got, i.Setting)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s %s: %s, want %s", test.metadata, test.spec, got, test.want)
		}
	}
	all := readText(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: "+
		"{seccomp.security.alpha.kubernetes.io/pod: unconfined}}\nspec: {template: {metadata: {annotations: "+
		"{io.podman.annotations.userns: auto}}, spec: {containers: [{name: a, image: i}, {name: b, image: i}]}}}\n---\n"+
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\n")
	got := fmt.Sprint(len(all[0].Ignored), len(all[1].Ignored), all[2].Ignored[0].Setting)
	if got != "2 0kind: NetworkPolicy" {
		t.Errorf("Deployment and NetworkPolicy: %s", got)
	}
}

// TestVolumesFromMany holds that mounts which containers take from one another do not grow without limit.
func TestVolumesFromMany(t *testing.T) {
	const containers, mounts = 400, 200
	var annotations, list, volumes strings.Builder
	for i := range mounts {
		fmt.Fprintf(&volumes, "{name: v, mountPath: /m%d}, ", i)
	}
	for i := range containers {
		fmt.Fprintf(&annotations, "io.podman.annotations.volumes-from/c%d: c%d, ", i+1, i)
		fmt.Fprintf(&list, "{name: c%d, image: i", i)
		if i == 0 {
			fmt.Fprintf(&list, ", volumeMounts: [%s]", volumes.String())
		}
		list.WriteString("}, ")
	}
	all := readText(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {"+annotations.String()+
		"}}\nspec: {containers: ["+list.String()+"], volumes: [{name: v, hostPath: {path: /}}]}\n")
	total := 0
	for _, c := range all {
		total += len(c.Files.Mounts.Value)
	}
	if last := all[containers-1].Files.Mounts; total > mostTaken+mounts || last.Known() {
		t.Errorf("%d mounts, of the last %v", total, last.State)
	}
}
