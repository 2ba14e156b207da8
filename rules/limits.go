package rules

import "github.com/podlint/podlint/podman"

// limitsDropped says that a limit would not hold: rootless Podman on cgroup v1 drops them without a word.
func limitsDropped(c *podman.Container) string {
	if rootless(c) && c.Host.CgroupVersion == "v1" {
		return "; rootless Podman drops limits on cgroup v1, boot with v2"
	}
	return ""
}
