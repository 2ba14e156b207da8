package machine

import (
	"testing"

	"github.com/podlint/podlint/podman"
)

// TestTakeable holds which processes one may take over that has some capabilities, by what the kernel says of them.
func TestTakeable(t *testing.T) {
	defaults := capabilitySet(podman.DefaultCapabilities())
	const wanted = 0x800405fb // what the kernel shows of a container with Podman's defaults
	if defaults != wanted {
		t.Errorf("the default capabilities are %x", defaults)
	}
	if all := capabilitySet(podman.AllCapabilities()); all != 1<<41-1 {
		t.Errorf("all capabilities are %x", all)
	}
	for name, test := range map[string]struct {
		status string
		want   bool
	}{
		"none":             {"Uid:\t0\t0\t0\t0\nCapPrm:\t0000000000000000\n", true},
		"the same":         {"Uid:\t0\t0\t0\t0\nCapPrm:\t00000000800405fb\n", true},
		"one more":         {"Uid:\t0\t0\t0\t0\nCapPrm:\t00000000800405ff\n", false},
		"every one":        {"Uid:\t0\t0\t0\t0\nCapPrm:\t000001ffffffffff\n", false},
		"another user's":   {"Uid:\t33\t33\t33\t33\nCapPrm:\t0000000000000000\n", false},
		"partly another's": {"Uid:\t0\t33\t0\t0\nCapPrm:\t0000000000000000\n", false},
		"nothing known":    {"Name:\tx\n", false},
		"no number":        {"Uid:\t0\t0\t0\t0\nCapPrm:\tx\n", false},
	} {
		if got := takeable(test.status, defaults); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
