package podman

import (
	"strings"
	"time"
)

// Host is what podlint knows about the machine and the Podman that containers run on.
type Host struct {
	// Podman is its version, such as "5.4.2"; empty for a definition.
	Podman string
	// Rootless is whether Podman runs as an ordinary user. For a definition it is Set where a flag or the file's place
	// tells, and Default where it is only assumed; its Origin then is what speaks for it, without a file for nothing.
	Rootless Setting[bool]
	// UIDs and GIDs is the user namespace that Podman itself runs in; the identity map for a rootful one.
	UIDs, GIDs IDMap
	// DefaultCapabilities is what a container gets that is given nothing, such as "CAP_CHOWN"; nil where not known.
	DefaultCapabilities []string
	// SELinux and AppArmor say whether the host has them switched on.
	SELinux, AppArmor Setting[bool]
	// API is how the service was reached: "unix", "ssh", "tcp" (neither encrypted nor authenticated) or "tls"; unknown
	// for a definition.
	API Setting[string]
	// Engine is what containers.conf changes for every container; unknown where the file could not be read.
	Engine Setting[EngineDefaults]
	// SubUIDs and SubGIDs are the ranges of /etc/subuid and /etc/subgid; unknown where the files could not be read.
	SubUIDs, SubGIDs Setting[[]SubIDs]
	// Registries holds what registries.conf says, by prefix; unknown where the service does not tell.
	Registries Setting[map[string]Registry]
	// Policy is the signature policy; unknown where it could not be read.
	Policy Setting[Policy]
	// UpdateTimer is whether podman-auto-update.timer is on; unknown where there is no systemd, or it is not this
	// machine's.
	UpdateTimer Setting[bool]
	// CgroupVersion is "v1" or "v2", empty where not known.
	CgroupVersion string
	// Now is the moment that ages are counted to.
	Now time.Time
}

// EngineDefaults is what containers.conf gives every container that does not say otherwise.
type EngineDefaults struct {
	// Privileged is privileged=true, which Podman 5 reads.
	Privileged bool
	// Capabilities is default_capabilities.
	Capabilities []string
	// Seccomp is seccomp_profile, "unconfined" for none.
	Seccomp string
	// Labels is whether SELinux labels are used (label=true, the default).
	Labels bool
	// PIDs is pids_limit, 0 or less for none.
	PIDs int64
	// HostNamespaces names the namespaces that every container shares with the host: "pid", "ipc", "network", …
	HostNamespaces []string
}

// SubIDs is a line of /etc/subuid or /etc/subgid.
type SubIDs struct {
	// User is the name or number of the account whose range it is.
	User   string
	Start  uint32
	Size   uint32
	Origin Origin
}

// Registry is what registries.conf says about a registry or a prefix of names.
type Registry struct {
	// Insecure is whether Podman takes HTTP, or a certificate that it cannot verify.
	Insecure bool
	// Blocked is whether Podman refuses to pull from it.
	Blocked bool
	Origin  Origin
}

// RegistryOf returns what registries.conf says about an image's name, and the prefix that it says it of: of all that
// match, the longest counts (containers-registries.conf(5)), of two as long the first by name, since Podman's library
// sorts them.
func RegistryOf(registries map[string]Registry, image string) (prefix string, r Registry, ok bool) {
	for p, entry := range registries {
		if (len(p) > len(prefix) || len(p) == len(prefix) && p < prefix) && matchesPrefix(image, p) {
			prefix, r, ok = p, entry, true
		}
	}
	return prefix, r, ok
}

// matchesPrefix reports whether a name begins with a prefix that ends where a part of the name does, or is of a
// subdomain of "*.DOMAIN".
func matchesPrefix(image, prefix string) bool {
	domain, ok := strings.CutPrefix(prefix, "*.")
	if !ok {
		rest, ok := strings.CutPrefix(image, prefix)
		return ok && (rest == "" || strings.ContainsRune("/:@", rune(rest[0])))
	}
	host, _, _ := strings.Cut(image, "/")
	if i := strings.IndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	return strings.HasSuffix(host, "."+domain)
}

// Policy is a signature policy (containers-policy.json(5)), reduced to what it accepts without a signature.
type Policy struct {
	// Default is the type of the default requirement: "insecureAcceptAnything", "reject", "signedBy", "sigstoreSigned".
	Default string
	// Docker holds the types by scope of the transport "docker": a registry, a prefix, an image's name, or "" for all.
	Docker map[string]string
	Origin Origin
}

// Requires returns the type of the requirement for an image's name and the scope that it stands under, most specific
// first: the name with its tag or digest, the name, every prefix of it, "*." and the registry's domain, all of docker,
// the default.
func (p *Policy) Requires(image string) (kind, scope string) {
	for _, s := range scopes(image) {
		if kind, ok := p.Docker[s]; ok {
			return kind, s
		}
	}
	return p.Default, "default"
}

func scopes(image string) []string {
	list := []string{image}
	name, _, _ := splitReference(image)
	for {
		list = append(list, name)
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			break
		}
		name = name[:i]
	}
	for domain := name; ; {
		_, parent, ok := strings.Cut(domain, ".")
		if !ok {
			break
		}
		list = append(list, "*."+parent)
		domain = parent
	}
	return append(list, "")
}
