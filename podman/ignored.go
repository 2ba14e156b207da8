package podman

// Ignored is a setting of a definition that does nothing under Podman, and reads as if it did.
type Ignored struct {
	// Setting is what it is called where it is written: "securityContext.runAsNonRoot", "ReadOnly=".
	Setting string
	// Why says who passes it over, as a clause: "podman kube play does not read it".
	Why string
	// Instead says what would do it, as a verb phrase; empty where nothing does.
	Instead string
	// Protects is whether it is meant to protect, so that somebody may rely on it.
	Protects bool
	Origin   Origin
}
