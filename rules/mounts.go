package rules

import "github.com/podlint/podlint/podman"

// mountFinding is a finding about one mount.
func mountFinding(m podman.Mount, severity Severity, message string) Finding {
	return Finding{
		Message: message, Severity: severity, Confidence: Certain, Cause: m.Destination,
		Evidence: []Evidence{{"mount", m.Source + " → " + m.Destination, m.Origin}},
		Fix:      Fix{Summary: "leave the mount of " + m.Source + " out", Drop: true},
	}
}
