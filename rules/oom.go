package rules

import (
	"fmt"

	"github.com/podlint/podlint/podman"
)

var oom = Rule{
	ID:       "oom",
	Title:    "The container is protected from the OOM killer",
	Severity: Low,
	Why: `When memory runs out the kernel kills what has the highest score. A container that is exempt, or scores
below the host's own services, makes it kill those instead: sshd, the journal, other containers.`,
	Remedy: "Leave `--oom-kill-disable` and a negative `--oom-score-adj` out, and limit the container's memory.",
	See:    []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#oom-score-adj-num"},
	Check: func(c *podman.Container) []Finding {
		if off := c.Limits.OOMKillDisabled; off.Known() && off.Value {
			return violated(off, violation{
				Message:  "the kernel must not kill it when memory runs out: it kills the host's services instead",
				Severity: Low,
				Setting:  "oom-kill-disable",
				Value:    "true",
				Fix:      Fix{Summary: "leave --oom-kill-disable out", Drop: true, Safe: true},
			})
		}
		if score := c.Limits.OOMScore; score.Known() && score.Value < 0 {
			return violated(score, violation{
				Message: fmt.Sprintf("scores %d: when memory runs out the kernel kills the host's services before it",
					score.Value),
				Severity: Low,
				Setting:  "oom-score-adj",
				Value:    fmt.Sprint(score.Value),
				Fix:      Fix{Summary: "leave --oom-score-adj out", Drop: true, Safe: true},
			})
		}
		return nil
	},
}
