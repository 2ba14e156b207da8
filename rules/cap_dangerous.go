package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// capDangerous flags capabilities that reach beyond the container, but for those that are allowed.
func capDangerous(allowed []string) Rule {
	return Rule{
		ID:       "cap-dangerous",
		Step:     "take the dangerous capabilities away from %s",
		Title:    "A capability reaches beyond the container",
		Severity: High,
		Why: `Some capabilities are not about the container's own files and processes but about the machine: with
SYS_ADMIN one mounts, with SYS_MODULE one loads code into the kernel, with SYS_PTRACE one reads other processes'
memory. Whoever takes the container over has them too.`,
		Remedy: "Drop it. Where the service needs it, give it a user namespace of its own " +
			"(`--userns=auto`), in which it counts for little.",
		CIS:             "5.4",
		See:             []string{"https://man7.org/linux/man-pages/man7/capabilities.7.html"},
		RootlessMatters: true,
		Drift:           []podman.Drift{podman.DriftCapabilities, podman.DriftPrivileged},
		Check: func(c *podman.Container) []Finding {
			bounding := c.Capabilities.Bounding
			if !bounding.Known() || isPrivileged(c) {
				return nil
			}
			var found []Finding
			var names []string
			for _, d := range dangerousCapabilities {
				if !slices.Contains(bounding.Value, d.name) || slices.Contains(allowed, d.name) {
					continue
				}
				// What the engine gives every container, as MKNOD and NET_RAW by Podman 4.3, is cap-drop-all's.
				if slices.Contains(c.Host.DefaultCapabilities, d.name) &&
					!slices.Contains(c.Capabilities.Requested.Value, d.name) {
					continue
				}
				// Where the engine's own are not known, what may be one of them is not known to be asked for.
				if c.Host.DefaultCapabilities == nil && !slices.Contains(c.Capabilities.Requested.Value, d.name) &&
					(d.name == "CAP_MKNOD" || d.name == "CAP_NET_RAW") {
					continue
				}
				short := podman.ShortCapability(d.name)
				severity, bound := lowered(c, d.severity)
				names = append(names, short)
				found = append(found, Finding{
					Message: short + " " + d.gives + bound, Severity: severity, Confidence: Certain, Cause: d.name,
					Evidence: []Evidence{{"capabilities", short, bounding.Origin}},
					Fix: Fix{Summary: "leave " + short + " out of the capabilities that are added", Drop: true,
						Of: "cap-add", Part: short},
				})
			}
			const many = 5 // --cap-add=ALL, and the like
			if len(found) < many {
				return found
			}
			worst := found[0]
			for _, f := range found {
				if f.Severity > worst.Severity {
					worst = f
				}
			}
			_, bound := lowered(c, High)
			worst.Message = fmt.Sprintf("holds %d capabilities that reach beyond the container%s: %s", len(names),
				bound, strings.Join(names, ", "))
			worst.Cause = "many"
			worst.Evidence[0].Value = strings.Join(names, " ")
			worst.Fix = Fix{Summary: "drop every capability and add back by name what the service needs", Drop: true,
				Of: "cap-add", Changes: []Change{{Flag: "--cap-drop=ALL"}}}
			return []Finding{worst}
		},
	}
}

// dangerousCapabilities says what each gives its holder, after capabilities(7). None of them is a default of Podman's.
var dangerousCapabilities = []struct {
	name     string
	severity Severity
	gives    string
}{
	{"CAP_SYS_ADMIN", High, "lets it mount filesystems, enter namespaces and reconfigure most of the kernel: root by " +
		"another name"},
	{"CAP_SYS_MODULE", High, "loads code into the host's kernel"},
	{"CAP_SYS_RAWIO", High, "talks to the hardware past the kernel: ports, memory, disks"},
	{"CAP_SYS_PTRACE", High, "reads and changes the memory of other processes; with the host's PID namespace, of " +
		"every one"},
	{"CAP_DAC_READ_SEARCH", High, "opens any file of a mounted filesystem by its handle, outside the container too " +
		"(the shocker exploit)"},
	{"CAP_BPF", High, "loads programs into the kernel, whose verifier has been fooled before"},
	{"CAP_PERFMON", Medium, "watches the whole machine through perf events, and lets BPF programs read kernel memory"},
	{"CAP_MAC_ADMIN", High, "changes the host's SELinux or AppArmor policy"},
	{"CAP_MAC_OVERRIDE", High, "passes by the host's mandatory access control"},
	{"CAP_SYS_BOOT", High, "reboots the host, or boots another kernel"},
	{"CAP_SYS_TIME", Medium, "sets the host's clock, on which certificates, logs and timers rely"},
	{"CAP_SYSLOG", Medium, "reads the kernel's log and addresses"},
	{"CAP_NET_ADMIN", Medium, "reconfigures interfaces, routes and firewalls of its network namespace; the host's, " +
		"with the host's network"},
	{"CAP_NET_RAW", Low, "forges packets on the networks it is on: ARP and DNS spoofing of its neighbours"},
	{"CAP_MKNOD", Medium, "makes device files; only the device cgroup keeps them from the host's disks"},
	{"CAP_LINUX_IMMUTABLE", Medium, "takes the immutable flag off files of mounted directories"},
	{"CAP_AUDIT_CONTROL", Medium, "switches the host's audit log off"},
	{"CAP_CHECKPOINT_RESTORE", Medium, "opens files of other processes through /proc"},
	{"CAP_SYS_RESOURCE", Low, "exceeds limits and quotas"},
}
