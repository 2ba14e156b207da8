package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var registryInsecure = Rule{
	ID:       "registry-insecure",
	Title:    "The image comes from a registry without TLS",
	Severity: High, OnResource: true,
	Why: `Without TLS, or with certificates that nobody checks, anyone on the network path between the registry and
the host can send the image that they like, and it runs here.`,
	Remedy: "Give the registry a certificate, put its authority into /etc/containers/certs.d, and leave " +
		"`insecure=true` and `--tls-verify=false` out.",
	CIS:   "2.5",
	See:   []string{"https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md"},
	Drift: []podman.Drift{podman.DriftImage},
	Check: func(c *podman.Container) []Finding {
		if verify := c.Image.TLSVerify; verify.Known() && !verify.Value {
			return violated(verify, violation{
				Message:  "its image is pulled without checking the registry's certificate",
				Severity: High,
				Setting:  "tls-verify",
				Value:    "false",
				Fix:      Fix{Summary: "leave --tls-verify=false out", Drop: true},
			})
		}
		name, ok := podman.ParseImageName(c.Image.Name)
		if !ok || !c.Host.Registries.Known() {
			return nil
		}
		prefix, r, ok := podman.RegistryOf(c.Host.Registries.Value, c.Image.Name)
		if !ok || !r.Insecure || strings.HasPrefix(name.Registry, "localhost") ||
			strings.HasPrefix(name.Registry, "127.") {
			return nil
		}
		return violated(podman.UnknownAt[bool](r.Origin), violation{
			Message:  fmt.Sprintf("its image comes from %s, which registries.conf calls insecure", prefix),
			Severity: High,
			Setting:  "insecure",
			Value:    "true",
			Fix: Fix{
				Summary: "give the registry a certificate and leave insecure=true out",
			},
		})
	},
}
