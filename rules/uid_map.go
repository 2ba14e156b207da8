package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

var uidMap = Rule{
	ID:       "uid-map",
	Step:     "map the UIDs of %s to ranges of their own",
	Title:    "Container UIDs are not mapped to a range of their own",
	Severity: High,
	Kind:     FixIDMap,
	Why: `Without a user namespace, or with one that maps a user to itself, the container's root and its service user
are the host's own. Whoever gets out of the container, or finds a file of the host's in it, has their rights. With
UIDs and GIDs mapped to a range of its own, they own nothing outside.`,
	Remedy: "Run with `--userns=auto`, which takes a free range for each container, or name one: `--subuidname=NAME " +
		"--subgidname=NAME`, or " +
		"`--uidmap=0:100000:65536 --gidmap=0:100000:65536`. A pod's members get the mapping of the pod.",
	CIS:     "5.31",
	Profile: Standard,
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-run.1.html#userns-mode",
		"https://man7.org/linux/man-pages/man7/user_namespaces.7.html"},
	RootlessMatters: true,
	Drift:           []podman.Drift{podman.DriftUserNamespace, podman.DriftUser},
	Check: func(c *podman.Container) []Finding {
		uids, gids := c.Namespaces.UIDs, c.Namespaces.GIDs
		if !uids.Known() || !c.Host.Rootless.Known() {
			return nil
		}
		severity, message, which, wrong := uidMapping(c)
		if message == "" {
			severity, message = gidMapping(c)
			which, wrong = "GID map", gids
		}
		if message == "" {
			return nil
		}
		fix := Fix{
			Summary: "map the container's UIDs and GIDs to a range of its own",
			Changes: []Change{{Flag: "--userns=auto"}},
		}
		if c.Pod != "" {
			fix.Summary =
				"map the UIDs and GIDs of its pod to a range of its own, with this on `podman pod create` or in the " +
					".pod unit"
			fix.Changes[0].OfPod = true
		}
		return violated(wrong, violation{
			Message:  message,
			Severity: severity,
			Setting:  which,
			Value:    described(c, wrong),
			Fix:      fix,
		})
	},
}

// uidMapping judges the UIDs: container root first, then the process's own, then those that it can become.
func uidMapping(c *podman.Container) (Severity, string, string, podman.Setting[podman.IDMap]) {
	uids := c.Namespaces.UIDs
	severity, message := Severity(0), ""
	process := c.Process.UID
	judged, p := c.Identity(0), powersOf(c)
	switch {
	case judged == podman.IdentityRoot && process.Known() && process.Value != 0 && staysUser(c):
		judged = c.Identity(process.Value)
		severity, message = processMapping(c, process.Value, judged)
	case judged == podman.IdentityRoot:
		severity, message = High, "UIDs are not mapped: UID 0 inside is UID 0 on the host"
		if uids.State == podman.StateSet {
			message = "a user namespace that isolates nothing: UID 0 inside is UID 0 on the host"
		}
	case judged == podman.IdentityHost:
		severity, message = Medium, fmt.Sprintf("UID 0 inside is UID %d on the host, which is not set aside for containers",
			c.HostUID(0).Value)
	case judged == podman.IdentityEngine:
		severity, message = Medium, "UID 0 inside is "+onHost(c, c.HostUID(0).Value)+
			"the account that runs Podman, which its other containers share"
		if process.Known() && process.Value != 0 {
			severity = Low
		}
	default:
		if !process.Known() || process.Value == 0 {
			break
		}
		judged = c.Identity(process.Value)
		severity, message = processMapping(c, process.Value, judged)
	}
	if worse(judged, p.files) != judged && p.files < podman.IdentitySubordinate {
		severity, message = Medium, p.howFiles
		if p.files == podman.IdentityRoot {
			severity = High
		}
	}
	return severity, message, "UID map", uids
}

// staysUser reports whether an escape from a container is known to end at an ordinary user of the host.
func staysUser(c *podman.Container) bool {
	switch ReachOf(c).Level {
	case Contained, EscapeToUser, HostUser:
		return true
	case ReachUnknown, EscapeToRoot, HostRoot:
	}
	return false
}

// processMapping judges the UID that the process starts with.
func processMapping(c *podman.Container, uid uint32, who podman.Identity) (Severity, string) {
	switch who {
	case podman.IdentityRoot:
		return High, fmt.Sprintf("the process's UID %d is UID 0 on the host", uid)
	case podman.IdentityHost:
		if outside := c.HostUID(uid).Value; outside != uid {
			return Medium, fmt.Sprintf("the process's UID %d is UID %d on the host, which is not set aside for containers",
				uid, outside)
		}
		return Medium, fmt.Sprintf("the process's UID %d is UID %d on the host too", uid, uid)
	case podman.IdentityEngine:
		if c.Namespaces.PlaceholderIDs {
			return Medium, "the process's user is the account that runs Podman"
		}
		return Medium, fmt.Sprintf("the process's UID %d is %sthe account that runs Podman", uid,
			onHost(c, c.HostUID(uid).Value))
	case podman.IdentitySubordinate, podman.IdentityUnknown:
	}
	return 0, ""
}

// gidMapping judges the GIDs of a container whose UIDs are mapped to a range of their own: those that it has or can
// take.
func gidMapping(c *podman.Container) (Severity, string) {
	if c.GroupIdentity(0) == podman.IdentityRoot {
		return Medium, "the UIDs are mapped and the GIDs are not: GID 0 inside is GID 0 on the host"
	}
	p := powersOf(c)
	who, gid := c.WorstGroup()
	if p.group != who { // it cannot become that group
		return 0, ""
	}
	switch who {
	case podman.IdentityRoot, podman.IdentityHost:
		return Medium, fmt.Sprintf("the UIDs are mapped and a GID is not: GID %d inside is GID %d on the host", gid,
			c.HostGID(gid).Value)
	case podman.IdentityEngine:
		return Low, fmt.Sprintf("GID %d inside is the group of the account that runs Podman", gid)
	case podman.IdentitySubordinate, podman.IdentityUnknown:
	}
	return 0, ""
}

// described writes a mapping as evidence.
func described(c *podman.Container, m podman.Setting[podman.IDMap]) string {
	if m.State == podman.StateDefault {
		return "none"
	}
	text := m.Value.String()
	if c.Namespaces.PlaceholderIDs {
		text = c.Namespaces.User.Value
	}
	if mode := c.Namespaces.User.Value; strings.HasPrefix(mode, "container:") {
		text += " (its pod's)"
	}
	return text
}
