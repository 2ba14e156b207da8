package rules

import "github.com/podlint/podlint/podman"

var noNewPrivileges = Rule{
	ID:       "no-new-privileges",
	Step:     "forbid %s to gain privileges",
	Title:    "Processes can gain privileges through setuid files",
	Severity: Medium,
	Why: `Without no_new_privs, a setuid or file-capability program in the image lifts a taken-over process to
whatever that program holds, up to the bounding set: su, mount or ping, which most images bring along.`,
	Remedy: "Run with `--security-opt=no-new-privileges`. A pod does not hand it down: every member needs it.",
	CIS:    "5.26",
	See:    []string{"https://docs.kernel.org/userspace-api/no_new_privs.html"},
	Drift:  []podman.Drift{podman.DriftNoNewPrivileges},
	Check: func(c *podman.Container) []Finding {
		nnp := c.Confinement.NoNewPrivileges
		if !nnp.Known() || nnp.Value {
			return nil
		}
		severity, message := Medium, "setuid programs in the image can still raise a process's privileges"
		switch {
		case isolated(c):
			severity, message = Low, message+", though only inside its own user namespace"
		case c.Capabilities.Bounding.Known() && len(c.Capabilities.Bounding.Value) == 0:
			severity, message = Low,
				"setuid programs in the image can still change a process's user, though no capability comes with it"
		}
		return violated(nnp, violation{
			Message:  message,
			Severity: severity,
			Setting:  "no-new-privileges",
			Value:    "false",
			Fix: Fix{
				Summary: "forbid gaining privileges",
				Changes: []Change{{Flag: "--security-opt=no-new-privileges"}},
			},
		})
	},
}
