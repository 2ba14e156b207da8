package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// hostPathRule flags directories of the host that hold more than the service's data, but for those that are allowed.
func hostPathRule(allowed []string) Rule {
	return Rule{
		ID:       "host-path",
		Step:     "take the host's own paths away from %s",
		Title:    "A directory of the host's own is mounted",
		Severity: High,
		Why: `What lies in /etc, /usr, /root or /boot decides who the host is: with write access to it one adds an
account, a unit, a program that root will run. Read access gives away keys and password hashes. A container needs its
data, not the system's.`,
		Remedy: "Mount the one file or directory that the service needs, read-only where it only reads; " +
			"keep data in volumes or below /srv.",
		CIS: "5.6",
		See: []string{
			"https://docs.podman.io/en/latest/markdown/podman-run.1.html#volume-v-source-volume-host-dir-container-dir-options",
		},
		RootlessMatters: true,
		Drift:           []podman.Drift{podman.DriftMounts},
		OnPod:           true,
		Manual:          "only the owner knows whether the service works without the mount",
		Check: func(c *podman.Container) []Finding {
			if !c.Files.Mounts.Known() {
				return nil
			}
			var found []Finding
			for _, m := range c.Files.Mounts.Value {
				if matchesAny(allowed, m.Source) || m.Written != "" && matchesAny(allowed, m.Written) {
					continue
				}
				found = append(found, hostPathFinding(c, m)...)
			}
			return found
		},
	}
}

// hostPathFinding judges one mount.
func hostPathFinding(c *podman.Container, m podman.Mount) []Finding {
	if m.Disk != "" || m.Type != "bind" && (m.Type != "volume" || !strings.HasPrefix(m.Source, "/") ||
		strings.Contains(m.Source, "/volumes/")) {
		return nil
	}
	open := writableSystem(m)
	what := sensitive(hostPath(m.Source), m.Writable)
	if what == "" && len(open) == 0 {
		return nil
	}
	judged := m
	judged.Writable = m.Writable || len(open) > 0
	severity, who := hostPathSeverity(c, judged)
	how := "read-only"
	if m.Writable {
		how = "writable"
	}
	if len(open) > 0 {
		how = "read-only, but " + firstOf(open) + " below it " + isOrAre(len(open)) + " writable"
	}
	if what == "" {
		what = sensitive(open[0], true)
	}
	f := mountFinding(m, severity, fmt.Sprintf("%s is mounted %s%s: %s", m.Source, how, who, what))
	f.Fix.Summary = "mount only what the service needs of it"
	if m.Writable {
		f.Fix.Summary += ", read-only where it only reads (:ro)"
	}
	return []Finding{f}
}

// firstOf names the first few of some paths and counts the rest.
func firstOf(paths []string) string {
	const most = 4
	if len(paths) <= most {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), len(paths)-most)
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// hostPathSeverity says how bad a mount of the system's files is, and who the container is to them.
func hostPathSeverity(c *podman.Container, m podman.Mount) (Severity, string) {
	switch {
	case !c.Host.Rootless.Known():
		return Low, ", with rights that are not known"
	case isolated(c) && m.Writable:
		return Medium, ", though as a user who owns nothing there"
	case isolated(c):
		return Low, ", though as a user who owns nothing there"
	case rootless(c) && isInHome(m.Source):
		if m.Writable {
			return High, " as the account that owns it"
		}
		return Medium, " as the account that owns it"
	case rootless(c):
		return Low, ", with the rights of an ordinary account"
	case below(hostPath(m.Source), "/dev") && !disksAllowed(c):
		return Medium, ", though the device cgroup keeps it from the disks"
	case !m.Writable:
		return Medium, ""
	case c.Process.UID.Known() && (c.Process.UID.Value != 0 || c.Identity(0) != podman.IdentityRoot) &&
		startsWith(c).files == podman.IdentityRoot:
		return Critical, ", and " + startsWith(c).howFiles
	case c.Identity(0) == podman.IdentityRoot && (!c.Process.UID.Known() || c.Process.UID.Value == 0):
		if c.Process.UID.Known() {
			return Critical, " and UID 0 inside is UID 0 here"
		}
		return High, ", and UID 0 inside is UID 0 here"
	}
	return High, ""
}

// sensitive says what a path of the host gives away, empty for one that holds nothing but data. Below some directories
// everything counts, of others only the directory itself.
func sensitive(source string, writable bool) string {
	harmless := []string{"/etc/localtime", "/etc/timezone", "/etc/hosts", "/etc/resolv.conf", "/etc/machine-id",
		"/etc/os-release", "/etc/ssl/certs", "/etc/pki/ca-trust", "/etc/pki/tls/certs", "/etc/ca-certificates",
		"/etc/nsswitch.conf", "/etc/services", "/etc/protocols", "/etc/passwd", "/etc/group", "/etc/letsencrypt"}
	for _, h := range harmless {
		if below(source, h) && !writable {
			return ""
		}
	}
	whole := map[string]string{
		"/": "the whole host", "/etc": "accounts, keys and units are in it", "/boot": "the kernel is in it",
		"/dev": "every device is in it", "/proc": "every process of the host is in it",
		"/sys": "the kernel's switches are in it", "/root": "root's keys and shell are in it",
		"/home": "everybody's keys are in it", "/usr": "the host's programs are in it", "/bin": "the host's programs " +
			"are in it", "/sbin": "the host's programs are in it", "/lib": "the host's libraries are in it",
		"/lib64": "the host's libraries are in it", "/var": "everybody's data and the cron tables are in it",
		"/var/lib": "every service's data is in it", "/var/lib/containers": "every container's files are in it",
		"/var/lib/docker": "every container's files are in it", "/var/lib/containerd": "every container's files are in it",
		"/var/lib/kubelet": "every pod's files and secrets are in it", "/var/lib/incus": "every container's files are in it",
		"/var/lib/lxd": "every container's files are in it", "/var/lib/libvirt": "every virtual machine's disk is in it",
		"/run": "the host's sockets are in it",
		"/opt": "the host's programs are in it", "/run/user": "everybody's sockets are in it",
		"/run/secrets": "the host's secrets are in it", "/var/spool/cron": "what cron runs as root is in it",
		"/lib/modules": "the kernel's modules are in it", "/var/log": "everybody's logs are in it",
		"/run/systemd": "systemd's state is in it", "/run/containers": "every container's state is in it",
	}
	switch source { // what only gives something away to who may write
	case "/lib/modules", "/usr/lib/modules", "/opt", "/var/log", "/lib", "/lib64", "/usr", "/bin", "/sbin":
		if !writable {
			return ""
		}
	case "/run": // engine-socket says so
		return ""
	}
	if what := whole[source]; what != "" {
		return what
	}
	dir, _, _ := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	switch {
	case dir == "etc" && writable:
		for _, own := range []string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/sudoers", "/etc/sudoers.d",
			"/etc/systemd", "/etc/cron.d", "/etc/crontab", "/etc/pam.d", "/etc/ssh", "/etc/ld.so.preload",
			"/etc/profile.d", "/etc/init.d", "/etc/apt", "/etc/ssl", "/etc/pki", "/etc/containers"} {
			if below(source, own) {
				return "what the host trusts is in it"
			}
		}
	case dir == "etc" && below(source, "/etc/shadow"):
		return "the accounts' password hashes are in it"
	case dir == "root" && !strings.Contains(strings.TrimPrefix(source, "/root/"), "/") &&
		strings.HasPrefix(source, "/root/."):
		return "root's own settings are in it"
	case isInHome(source):
		return inHome(source, writable)
	case (dir == "proc" || dir == "sys") && writable:
		return "switches of the host's kernel are in it"
	case dir == "boot":
		return "the kernel is in it"
	case (dir == "usr" || dir == "bin" || dir == "sbin" || dir == "lib") && writable &&
		!below(source, "/usr/local/share") && !below(source, "/usr/share") && !below(source, "/usr/local/etc"):
		return "the host's programs are in it"
	case below(source, "/var/lib/containers") && !strings.Contains(source, "/volumes/"):
		return "every container's files are in it"
	case below(source, "/var/spool/cron"):
		return "what cron runs is in it"
	}
	return ""
}

// homes are the ways to write the home of the account that starts a container.
var homes = []string{"~", "%h", "${HOME}", "$HOME"}

// ofHome returns the path below a home that a path of the host leads to, empty for the home itself; false for one that
// is in none. That of an account in /home counts, and root's.
func ofHome(source string) (rest string, ok bool) {
	for _, home := range homes {
		if below(source, home) {
			return strings.Trim(strings.TrimPrefix(source, home), "/"), true
		}
	}
	if rest, ok = strings.CutPrefix(source, "/home/"); ok && rest != "" {
		_, rest, _ = strings.Cut(rest, "/")
		return rest, true
	}
	if below(source, "/root") {
		return strings.Trim(strings.TrimPrefix(source, "/root"), "/"), true
	}
	return "", false
}

func isInHome(source string) bool {
	_, ok := ofHome(hostPath(source))
	return ok
}

// inHome says what a path of a home gives away: keys to who may read it, and what starts programs to who may write.
func inHome(source string, writable bool) string {
	rest, _ := ofHome(source)
	keys := []string{".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config/gcloud", ".netrc", ".password-store",
		".local/share/keyrings", ".mozilla", ".git-credentials"}
	starts := []string{".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile", ".zshrc", ".zprofile",
		".zshenv", ".config/fish", ".config/systemd", ".config/autostart", ".config/containers", ".config/environment.d",
		".local/bin", ".local/share/systemd", "bin", ".pam_environment", ".xsession", ".xprofile"}
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return below(rest, p) || below(p, rest) })
	}
	switch {
	case rest == "":
		return "its owner's keys and shell are in it"
	case has(keys):
		return "its owner's keys are in it"
	case writable && has(starts):
		return "what starts its owner's programs is in it"
	}
	return ""
}

// isSystemDirectory reports whether a path is the system's, or a whole home, rather than a service's data.
func isSystemDirectory(source string) bool { return sensitive(hostPath(source), true) != "" }
