package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/podlint/podlint/podman"
)

var secretFile = Rule{
	ID:       "secret-file",
	Title:    "Keys or passwords of the host are mounted",
	Severity: Medium,
	Why: `Somebody's keys for other machines, clouds or registries are in the container: who takes it over goes on
from there. A file of passwords on the host is also read by everyone who may read the directory.`,
	Remedy: "Keep what the service needs with `podman secret create` and mount that (`--secret`); give it a key of " +
		"its own rather than a person's.",
	See:   []string{"https://docs.podman.io/en/latest/markdown/podman-secret-create.1.html"},
	Drift: []podman.Drift{podman.DriftMounts},
	OnPod: true,
	Check: func(c *podman.Container) []Finding {
		if !c.Files.Mounts.Known() {
			return nil
		}
		var found []Finding
		for _, m := range c.Files.Mounts.Value {
			if m.Type != "bind" {
				continue
			}
			what := secretPath(hostPath(m.Source))
			if what == "" {
				continue
			}
			f := mountFinding(m, Medium, fmt.Sprintf("%s is mounted: %s", m.Source, what))
			f.Confidence = Derived
			f.Fix.Summary = "hand it over as a Podman secret (--secret)"
			found = append(found, f)
		}
		return found
	},
}

// secretPath says what a path holds by its name, empty for nothing to hide.
func secretPath(p string) string {
	base := path.Base(p)
	lower := strings.ToLower(base)
	switch {
	case base == ".ssh" || strings.Contains(p, "/.ssh/id_") || strings.HasPrefix(base, "id_rsa") ||
		strings.HasPrefix(base, "id_ed25519") || strings.HasPrefix(base, "id_ecdsa"):
		if strings.HasSuffix(base, ".pub") {
			return ""
		}
		return "ssh keys are in it"
	case strings.HasPrefix(base, "ssh_host_") && strings.HasSuffix(base, "_key"):
		return "it is the host's own ssh key"
	case base == ".aws" || strings.HasSuffix(p, "/.aws/credentials"), base == ".azure",
		strings.HasSuffix(p, "/.config/gcloud"):
		return "a cloud's keys are in it"
	case base == ".docker" || strings.HasSuffix(p, "/.docker/config.json"),
		strings.HasSuffix(p, "/containers/auth.json"):
		return "registries' passwords are in it"
	case base == ".kube" || strings.HasSuffix(p, "/.kube/config"):
		return "a cluster's keys are in it"
	case base == ".gnupg", base == ".netrc", base == ".pgpass", base == ".git-credentials", base == ".password-store":
		return "passwords and keys are in it"
	case base == ".env" || strings.HasSuffix(base, ".env") && base != "example.env":
		return "files of this name hold passwords"
	case strings.HasSuffix(lower, ".key") || strings.HasSuffix(lower, ".pem") && strings.Contains(lower, "key") ||
		lower == "privkey.pem" || strings.HasSuffix(lower, ".p12") || strings.HasSuffix(lower, ".pfx"):
		return "it is a private key by its name"
	case below(p, "/etc/ssl/private"), below(p, "/etc/pki/tls/private"):
		return "the host's private keys are in it"
	case below(p, "/etc/shadow"), below(p, "/etc/gshadow"):
		return "the accounts' password hashes are in it"
	case below(p, "/etc/krb5.keytab"):
		return "the host's Kerberos key is in it"
	}
	return ""
}
