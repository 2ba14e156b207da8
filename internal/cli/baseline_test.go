package cli

import (
	"os"
	"strings"
	"testing"
)

// TestBaselineKnowsHowBad holds that a baseline accepts the finding that it knew and not a worse one of the same place.
func TestBaselineKnowsHowBad(t *testing.T) {
	const head = "[Container]\nImage=docker.io/library/x:1\nUser=0\n"
	tests := []struct {
		name, before, after, rule string
		// same is set where the finding is the one that was known.
		same bool
	}{
		{name: "another directory, writable", before: "Volume=/var/lib:/data:ro\n", after: "Volume=/etc:/data:rw\n",
			rule: "host-path"},
		{name: "another directory", before: "Volume=/var/lib:/data:ro\n", after: "Volume=/etc:/data:ro\n",
			rule: "host-path"},
		{name: "writable now", before: "Volume=/etc:/data:ro\n", after: "Volume=/etc:/data:rw\n", rule: "host-path"},
		{name: "another socket", before: "Volume=/run/dbus/system_bus_socket:/s\n",
			after: "Volume=/run/systemd/private:/s\n", rule: "host-socket"},
		{name: "another engine's socket", before: "Volume=/run/podman/podman.sock:/s\n",
			after: "Volume=/run/docker.sock:/s\n", rule: "engine-socket"},
		{name: "another secret", before: "Environment=DB_PASSWORD=changeme\n",
			after: "Environment=DB_PASSWORD=ghp_Zq601Xv7Kp2Lm9Rt4Zq601Xv7Kp2Lm9Rt4ab\n", rule: "plaintext-secret"},
		{name: "more ports", before: "PublishPort=8080:80\n", after: "PublishPort=8080:80\nPublishPort=22:22\n",
			rule: "port-exposed"},
		{name: "another sysctl's value", before: "Sysctl=net.ipv4.ip_forward=1\n",
			after: "Sysctl=net.ipv4.ip_forward=1\nSysctl=net.ipv4.conf.all.accept_redirects=1\n", rule: "sysctl"},
		{name: "another image", before: "", after: "Image=evil\n", rule: "image-short-name"},
		{name: "other lines", before: "Volume=/etc:/data:ro\n", after: "# text\n\nVolume=/etc:/data:ro\n",
			rule: "host-path", same: true},
		{name: "another value of the kind", before: "Environment=DB_PASSWORD=Zq601Xv7Kp2Lm9Rt4\n",
			after: "Environment=DB_PASSWORD=Zq602Xv7Kp2Lm9Rt5\n", rule: "plaintext-secret", same: true},
		{name: "less bad", before: "Volume=/etc:/data:ro\n", after: "Volume=/etc:/data:ro\nUserNS=auto\n",
			rule: "host-path", same: true},
		{name: "worse as a whole", before: "Volume=/etc:/data:ro\nUserNS=auto\n", after: "Volume=/etc:/data:ro\n",
			rule: "host-path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(writeTree(t, map[string]string{"a.container": head + tt.before}))
			if status, out, errs := invoke(t, "baseline", "write", "check", "."); status != 0 {
				t.Fatalf("status %d, %s%s", status, out, errs)
			}
			if err := os.WriteFile("a.container", []byte(head+tt.after), 0o600); err != nil {
				t.Fatal(err)
			}
			_, out, errs := checkAt(t, "", ".", "--baseline", baselineName, "-f", "json", "--rule", tt.rule)
			isNew := strings.Contains(out, `"status":"open"`)
			if isNew == tt.same || tt.same && !strings.Contains(out, `"status":"baseline"`) {
				t.Errorf("new: %t\n%s%s", isNew, errs, out)
			}
		})
	}
}

// TestOldBaseline holds that a baseline of version 1 is not taken as it is, and that update makes it one of this
// version that accepts what it accepted.
func TestOldBaseline(t *testing.T) {
	old := `{"format":"podlint-baseline","version":1,"findings":[
{"fingerprint":"756e438030acc08e0cde051dd3f061f7","rule":"host-path","container":"systemd-w"},
{"fingerprint":"503c9234488b4e956bba102c0f627904","rule":"root-user","container":"systemd-w"}
]}
`
	t.Chdir(writeTree(t, map[string]string{"b.json": old,
		"w.container": "[Container]\nImage=docker.io/library/x:1\nUser=0\nVolume=/etc:/data:rw\n"}))
	status, out, errs := checkAt(t, "", ".", "--baseline", "b.json", "--config", "none")
	if status != 2 || !strings.Contains(errs, "b.json: a baseline of version 1") ||
		!strings.Contains(errs, "podlint baseline update") || out != "" {
		t.Errorf("status %d, %s%s", status, errs, out)
	}
	if status, out, errs = invoke(t, "baseline", "update", "check", ".", "--baseline", "b.json"); status != 0 ||
		!strings.Contains(out, "b.json: 2 findings") {
		t.Fatalf("status %d, %s%s", status, errs, out)
	}
	text, err := os.ReadFile("b.json")
	if err != nil || !strings.Contains(string(text), `"version":2`) || !strings.Contains(string(text),
		`"severity":"critical"`) {
		t.Errorf("%v\n%s", err, text)
	}
	status, out, _ = checkAt(t, "", ".", "--baseline", "b.json", "--rule", "host-path,root-user", "-f", "json")
	if status != 0 || strings.Count(out, `"status":"baseline"`) != 2 {
		t.Errorf("status %d\n%s", status, out)
	}
}
