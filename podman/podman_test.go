package podman

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestIDMap(t *testing.T) {
	parse := func(s string) IDMap {
		m, err := ParseIDMap(strings.Fields(s))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	// What a rootless Podman of UID 1001 with the range 100000:65536 says of itself.
	engine := parse("0:1001:1 1:100000:65536")
	for _, test := range []struct{ own, want string }{
		{"0:0:65537", "0:1001:1 1:100000:65536"},
		{"0:1:1001 1001:0:1 1002:1002:64535", "0:100000:1001 1001:1001:1 1002:101001:64535"}, // keep-id
		{"0:1:65536", "0:100000:65536"},                                                      // nomap
		{"0:70000:5", ""},
	} {
		if got := parse(test.own).Through(engine).String(); got != test.want {
			t.Errorf("%s through %s is %q, want %q", test.own, engine, got, test.want)
		}
	}
	for id, want := range map[uint32]string{0: "1001 true", 1: "100000 true", 65536: "165535 true", 65537: "0 false"} {
		outside, ok := engine.Outside(id)
		if got := fmt.Sprint(outside, ok); got != want {
			t.Errorf("outside of %d: %s, want %s", id, got, want)
		}
	}
	if outside, ok := (IDMap{{0, 4294967290, 100}}).Outside(50); ok {
		t.Errorf("an ID past the last one: %d", outside)
	}
	for _, bad := range []string{"", "0:0", "0:0:x", "0:0:-1", "0:0:4294967296", "0:0:1:1"} {
		if _, err := ParseIDMap([]string{bad}); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestIdentity(t *testing.T) {
	rootful := &Host{Rootless: Set(false, Origin{}), UIDs: IdentityMap()}
	rootless := &Host{Rootless: Set(true, Origin{}), UIDs: IDMap{{0, 1001, 1}, {1, 100000, 65536}}}
	for _, test := range []struct {
		host *Host
		uids IDMap
		uid  uint32
		want Identity
	}{
		{rootful, IdentityMap(), 0, IdentityRoot},
		{rootful, IdentityMap(), 33, IdentityHost},
		{rootful, IDMap{{0, 100000, 65536}}, 0, IdentitySubordinate},
		{rootful, IDMap{{0, 100000, 10}}, 33, IdentityUnknown},
		{rootless, rootless.UIDs, 0, IdentityEngine},
		{rootless, rootless.UIDs, 33, IdentitySubordinate},
		{&Host{}, IdentityMap(), 0, IdentityUnknown},
	} {
		c := Container{Host: test.host, Namespaces: Namespaces{UIDs: Set(test.uids, Origin{})}}
		if got := c.Identity(test.uid); got != test.want {
			t.Errorf("UID %d through %s: %d, want %d", test.uid, test.uids, got, test.want)
		}
	}
	if (&Container{Host: rootful}).OwnUsers().Known() {
		t.Error("without a mapping it is known whose the users are")
	}
}

// TestSensitive holds that a sensitive string does not show however it is printed.
func TestSensitive(t *testing.T) {
	s := struct{ V Sensitive }{"geheim"}
	data, err := json.Marshal(s)
	shown := string(data) + fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s.V, s.V, s.V, s.V) + s.V.String()
	if err != nil || strings.Contains(shown, "geheim") || strings.Contains(shown, fmt.Sprintf("%x", "geheim")) {
		t.Errorf("%v: %s", err, shown)
	}
	if s.V.Reveal() != "geheim" {
		t.Error("Reveal does not")
	}
}

func TestOrigin(t *testing.T) {
	for want, o := range map[string]Origin{"X": {Field: "X"}, "f": {File: "f"}, "f:3": {File: "f", Line: 3},
		"f:3:4": {Field: "X", File: "f", Line: 3, Column: 4}} {
		if o.String() != want {
			t.Errorf("%+v is %s, want %s", o, o, want)
		}
	}
}
