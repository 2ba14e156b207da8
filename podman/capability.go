package podman

import "strings"

// Capability returns a capability's name as the kernel spells it, such as "CAP_CHOWN", of any spelling that Podman
// takes: without the prefix, in small letters.
func Capability(name string) string {
	return "CAP_" + strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(name)), "CAP_")
}

// ShortCapability returns a capability's name as Podman's options take it, such as "CHOWN".
func ShortCapability(name string) string { return strings.TrimPrefix(Capability(name), "CAP_") }
