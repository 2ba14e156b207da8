package rules

import (
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// TestFollowedPorts holds that ports which pasta publishes by itself are found, whether or not others are known.
func TestFollowedPorts(t *testing.T) {
	c := &podman.Container{Host: podman.AssumedHost(podman.Set(false, podman.Field("test")), time.Time{})}
	c.Network.Ports = podman.Set([]podman.Port{}, podman.Field("test"))
	if found := portExposed.Check(c); len(found) > 0 {
		t.Fatalf("without a port: %v", found)
	}
	c.Network.Follows = podman.Set(true, podman.Field("--network"))
	found := portExposed.Check(c)
	if len(found) != 1 || found[0].Cause != "auto" || found[0].Severity != Medium {
		t.Errorf("pasta:-t,auto: %+v", found)
	}
}
