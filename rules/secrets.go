package rules

import (
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules/secret"
)

// secretFinding is a finding about a secret, as sure as the match is. It never holds the secret.
func secretFinding(match secret.Match, what, setting, cause string, origin podman.Origin, fix Fix) Finding {
	f := Finding{
		Message: what, Severity: High, Confidence: Certain, Cause: cause, Extent: match.What,
		Fix:      fix,
		Evidence: []Evidence{{setting, "[redacted]", origin}},
	}
	switch match.Confidence {
	case secret.Guess:
		f.Severity, f.Confidence = Medium, Guessed
	case secret.Likely:
		f.Confidence = Derived
	case secret.Sure:
	}
	return f
}

// shownName returns a name as it may be shown: one that is a secret itself is not.
func shownName(name string) string {
	if _, ok := secret.DetectText(name); ok {
		return "[redacted]"
	}
	return name
}
