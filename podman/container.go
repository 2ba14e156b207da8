package podman

import (
	"slices"
	"time"
)

// Kind tells containers that run a workload from those that Podman makes for itself.
type Kind string

// The kinds of container.
const (
	// KindContainer is a container somebody made to run a workload.
	KindContainer Kind = "container"
	// KindInfra is a pod's infra container, which only holds the pod's namespaces and ports.
	KindInfra Kind = "infra"
	// KindImage is no container but an image by itself, of which only what is about images is known.
	KindImage Kind = "image"
	// KindResource is no container but what containers are made with: a Secret, a ConfigMap, an .image or .build unit. Of
	// it only the texts are known in which people leave secrets, and how its image is pulled.
	KindResource Kind = "resource"
	// KindService is the container that `podman kube play` makes to keep a pod's service alive.
	KindService Kind = "service"
)

// Container is what a rule can know about one container, live or defined.
type Container struct {
	// Name is the container's name, without a leading slash. It is an attacker's word: see package report.
	Name string
	// ID is the full container ID, empty for a definition.
	ID string
	// Kind tells a workload from Podman's own containers.
	Kind Kind
	// State is Podman's word for it: created, running, paused, exited, …; empty for a definition.
	State string
	// Created is when the container was made, the zero time where not known.
	Created time.Time
	// Started is when it was last started, the zero time where it never was.
	Started time.Time
	// Pod is the name of the pod it belongs to, or its ID where the name is not known, empty without one.
	Pod string
	// SharesLabel is whether a definition's container has the SELinux label of its pod, whose IPC or PID namespace it is
	// in.
	SharesLabel bool
	// Unit is the systemd unit that made the container (its label PODMAN_SYSTEMD_UNIT), empty without one.
	Unit string
	// Definition is the file that defines the container; its zero value is a container that no file is known for.
	Definition Definition
	// FromUnit is, for a live container whose definition was found, what that says now; else nil.
	FromUnit *Container
	// Host is the machine that the container runs on; rules may rely on it being there.
	Host *Host

	Process      Process
	Namespaces   Namespaces
	Network      Network
	Capabilities Capabilities
	Confinement  Confinement
	Files        Files
	Limits       Limits
	Lifecycle    Lifecycle
	Image        Image
	Environment  Setting[[]Variable]
	// HostEnvironment is whether the environment of whoever makes the container is handed over as a whole (--env-host).
	HostEnvironment Setting[bool]
	// SecretFiles names the Podman secrets that are mounted as files, SecretVariables those that are handed over as
	// variables.
	SecretFiles, SecretVariables Setting[[]string]
	ConfigStrings                Setting[[]ConfigString]
	// Ignored holds what the definition sets that does nothing.
	Ignored []Ignored
	// CreateCommand holds the words that a live container was made with; none for one that was made over the API.
	CreateCommand Setting[[]Sensitive]
}

// Running reports whether the container's processes are there now.
func (c *Container) Running() bool { return c.State == "running" }

// Syntax is the language that a container is defined in.
type Syntax string

// The languages.
const (
	SyntaxQuadlet Syntax = "quadlet"
	SyntaxCommand Syntax = "command" // a podman command line, in a script or a .service unit
	SyntaxKube    Syntax = "kube"
	SyntaxCompose Syntax = "compose"
	SyntaxAnsible Syntax = "ansible" // a task of a module that makes containers
)

// Definition is where a container is defined.
type Definition struct {
	// Syntax is empty where no file is known.
	Syntax Syntax
	// Origin is the place that a setting belongs to which the definition does not have yet: a unit's section, the word
	// `run` of a command line, a container's mapping in YAML.
	Origin Origin
	// Files holds what it is made of, as far as that can be told: a unit, its drop-ins, its environment files.
	Files []SourceFile
	// Installed is whether it lies where Podman or systemd takes it from, rather than in a repository.
	Installed bool
}

// SourceFile is a file that says how a container is made.
type SourceFile struct {
	Path string
	// Mode is the permission bits.
	Mode uint32
	// Owner is the UID that owns it.
	Owner uint32
	// Environment is set for a file of variables, which may hold secrets.
	Environment bool
}

// KeepGroups stands among Process.Groups for all groups of the account that runs Podman.
const KeepGroups = "keep-groups"

// KeepGroupsAnnotation is what Podman makes of keep-groups, and what crun goes by: any value but "0".
const KeepGroupsAnnotation = "run.oci.keep_original_groups"

// Process is what a container starts and as whom.
type Process struct {
	// User is the user as it was written, "USER[:GROUP]" by name or number, the image's where the container was given
	// none; an empty value is root.
	User Setting[string]
	// UID is the UID, inside the container, that the process starts with. It is unknown where User is a name and the
	// container's passwd could not be read.
	UID Setting[uint32]
	// GID is the GID, inside the container, that the process starts with. It is unknown where the container's passwd
	// decides and was not read: Podman takes the group of the user's line, and 0 for a number that has none.
	GID Setting[uint32]
	// Groups holds the groups that it is given beside its own, as they were written; "keep-groups" is all that the
	// account has which runs Podman.
	Groups Setting[[]string]
	// Command is what it starts, entrypoint and arguments; unknown where the image decides and is not known.
	Command Setting[[]Sensitive]
	// PrivilegedExec is whether a session of `podman exec --privileged` is open in it.
	PrivilegedExec Setting[bool]
}

// Namespaces is which of the host's namespaces a container has kept.
type Namespaces struct {
	// UIDs and GIDs map the container's IDs down to the host's, through every user namespace on the way. A container
	// without one has the identity map; a rootless one has that of the user who runs Podman.
	UIDs, GIDs Setting[IDMap]
	// PlaceholderIDs is set where the outside IDs of the maps and the host only stand for some that are chosen when the
	// container is made: by --userns=auto, by /etc/subuid, by who runs a rootless Podman. Whether an ID is the host's
	// root, the account's or a range set aside is known then, its number is not.
	PlaceholderIDs bool
	// User is Podman's word for the mode: "" (none of its own), "private", "container:ID", "ns:PATH". It says nothing
	// about isolation: "private" may map every UID to itself.
	User Setting[string]
	// IPC is "host", "private", "shareable", "none", "container:ID" or "ns:PATH". Podman 4.3 reports "shareable" for
	// most of them; then only the command line tells and the setting is unknown without one.
	IPC Setting[string]
	// PID, UTS and Cgroup are "host", "private", "container:ID" or "ns:PATH". A cgroup namespace of the host is the
	// default on cgroup v1.
	PID, UTS, Cgroup Setting[string]
	// Joins says, for each namespace that a live container takes from another container or a path, whose it is in the
	// end, by its kind; what could not be followed is not among it.
	Joins map[NamespaceKind]Join
	// Takeable is whether, among the host's processes that a live container of the host's PID namespace sees, there is
	// one of root's that holds no capability but those of the container; unknown where podlint may not look.
	Takeable Setting[bool]
	// Processes holds the containers whose processes a live container sees: those in the PID namespace that it joins.
	Processes []*Container
	// Sysctls holds what was set of the kernel's parameters, in the order of the command line; inspect does not show
	// them.
	Sysctls Setting[[]Sysctl]
}

// NamespaceKind is a kind of namespace that containers share.
type NamespaceKind string

// The kinds of namespace.
const (
	NamespacePID     NamespaceKind = "pid"
	NamespaceIPC     NamespaceKind = "ipc"
	NamespaceNetwork NamespaceKind = "network"
	NamespaceUTS     NamespaceKind = "uts"
	NamespaceCgroup  NamespaceKind = "cgroup"
)

// Join is what a namespace leads to that a container takes from elsewhere.
type Join struct {
	// Mode is the mode of the container at the end, such as "private"; "host" where the namespace is the host's.
	Mode string
	// Container is the name of that container, empty where a path led there.
	Container string
}

// Mode returns the mode of a container's namespace of a kind.
func (c *Container) Mode(kind NamespaceKind) Setting[string] {
	switch kind {
	case NamespacePID:
		return c.Namespaces.PID
	case NamespaceIPC:
		return c.Namespaces.IPC
	case NamespaceNetwork:
		return c.Network.Mode
	case NamespaceUTS:
		return c.Namespaces.UTS
	case NamespaceCgroup:
		return c.Namespaces.Cgroup
	}
	return Setting[string]{}
}

// SharesHost reports whether a container is known to have the host's namespace of a kind, by itself or through others.
func (c *Container) SharesHost(kind NamespaceKind) bool {
	mode := c.Mode(kind)
	return mode.Known() && kind.IsHost(mode.Value) || c.Namespaces.Joins[kind].Mode == "host"
}

// IsHost reports whether a mode is the host's namespace by itself: "host", or the path of its first process's.
func (kind NamespaceKind) IsHost(mode string) bool {
	file := string(kind)
	if kind == NamespaceNetwork {
		file = "net"
	}
	return mode == "host" || mode == "ns:/proc/1/ns/"+file
}

// Sysctl is a kernel parameter that is set in a container's namespaces.
type Sysctl struct {
	Name, Value string
	Origin      Origin
}

// Capabilities is what the kernel lets the container's processes gain.
type Capabilities struct {
	// Bounding holds the names, such as "CAP_CHOWN", that any process of the container can ever have.
	Bounding Setting[[]string]
	// Effective holds those that the container's first process starts with where it is not root, which are the ones
	// that were added by name: Podman makes them ambient. Root starts with the bounding set, whatever this says.
	Effective Setting[[]string]
	// Requested holds the capabilities that were asked for by name; unknown where the command line is not known.
	// "ALL" is not a name.
	Requested Setting[[]string]
}

// Confinement is what keeps a container's processes from gaining more than they were given.
type Confinement struct {
	// NoNewPrivileges is the kernel's no_new_privs bit. Podman reads it from the container's own OCI spec; what a pod
	// was given does not reach its members.
	NoNewPrivileges Setting[bool]
	// Privileged is whether the container really has what --privileged gives, not only the annotation that says so.
	Privileged Setting[bool]
	// Seccomp is the profile: empty for Podman's own, "unconfined" for none, else a path. Inspect shows what the
	// command line said, which is neither what a privileged container has nor what a pod's member has.
	Seccomp Setting[string]
	// AppArmor is the profile's name, empty for Podman's own, "unconfined" for none. It means something only where the
	// host has AppArmor.
	AppArmor Setting[string]
	// Label is the SELinux type, empty for Podman's own (container_t), "disable" for none. It means something only
	// where the host has SELinux.
	Label Setting[string]
	// LabelLevel is the SELinux level that was asked for, such as "s0:c100,c200", empty for one of the container's own.
	LabelLevel Setting[string]
	// Unmasked holds the patterns of the paths of /proc and /sys that are not to be hidden, "ALL" for every one.
	// Inspect shows "ALL" from Podman 4.7 on and nothing else: of a container without a command line it is unknown.
	Unmasked Setting[[]string]
	// Masked holds the paths that are hidden besides, which counts more than Unmasked.
	Masked []string
}

// Image is what a container was made from and what its name means today.
type Image struct {
	// ID is the image that the container was made from, without "sha256:"; empty for --rootfs.
	ID string
	// Name is the name that was used to make it, as Podman completed it; it may be an ID.
	Name string
	// Digest is the manifest digest of that image, "sha256:…".
	Digest string
	// Current is the ID of the image that Name stands for in the local storage now. Unknown where the name is gone, or
	// never was a tag.
	Current Setting[string]
	// Built is when the image says that its newest layer was made. Unknown where the image has a fixed date, as
	// reproducible builds have (1970, SOURCE_DATE_EPOCH), or none.
	Built Setting[time.Time]
	// Written is the name as it was written, where Name is what Podman made of it; unknown for a container of the API.
	Written Setting[string]
	// TLSVerify is false where the image may be pulled without TLS (--tls-verify=false).
	TLSVerify Setting[bool]
	// ConfigStrings holds the strings of the image itself in which people leave secrets: its environment, labels and
	// history. They are unknown for a definition. The slice is shared by the containers of an image.
	ConfigStrings Setting[[]ConfigString]
	// HostVariables holds the entries of the image's environment that have no value: Podman before 5.8.6 takes that of
	// the host's variable of this name, or of those that a pattern ("AWS_*") matches (CVE-2026-57231). It is unknown for
	// a definition.
	HostVariables Setting[[]string]
	// User is the image's own user, empty for root; unknown for a container and for a definition.
	User Setting[string]
	// Digests holds the digests that it was pulled by, and those of its manifests: of the index of several platforms,
	// and of its own.
	Digests []string
	// Latest is what the registry has behind Name now; unknown unless it was asked.
	Latest Setting[Latest]
	// Content is what its layers hold; unknown unless they were asked for.
	Content Setting[*ImageContent]
}

// Latest is the image that a name stands for in its registry.
type Latest struct {
	// Digest is that of the manifest, or of the index of several platforms.
	Digest string `json:"digest"`
	// Platforms holds the digests of an index's images, as far as it was read.
	Platforms []string `json:"platforms,omitempty"`
	// Created is when it was built, the zero time where that was not asked.
	Created time.Time `json:"created,omitzero"`
}

// IsOf reports whether an image is the one that stands in the registry: an index gets another digest when any
// platform's image is made anew, so that of an index the image of any platform counts.
func (l Latest) IsOf(image *Image) bool {
	for _, known := range append(slices.Clone(image.Digests), image.Digest) {
		if known != "" && (known == l.Digest || slices.Contains(l.Platforms, known)) {
			return true
		}
	}
	return false
}

// Owner says who put a variable into a container's environment.
type Owner string

// The owners of a variable.
const (
	// OwnerImage means that the image sets it to this very value.
	OwnerImage Owner = "image"
	// OwnerPodman means that Podman sets it for every container: PATH, TERM, HOME, HOSTNAME, container.
	OwnerPodman Owner = "podman"
	// OwnerProxy means that Podman copied a proxy variable from the environment of the host (--http-proxy).
	OwnerProxy Owner = "proxy"
	// OwnerUser means that whoever made the container set it, on the command line, from a file or in containers.conf.
	OwnerUser Owner = "user"
	// OwnerSecret means that its value comes from `podman secret`; podlint does not keep the value.
	OwnerSecret Owner = "secret"
	// OwnerUnknown means that it may be the user's or a secret's: Podman before 5.3 shows the values of secrets, and
	// there is no command line to tell them apart.
	OwnerUnknown Owner = "unknown"
)

// Variable is one variable of a container's environment.
type Variable struct {
	Name  string
	Value Sensitive
	Owner Owner
	// Origin is where the variable was set, as nearly as it is known.
	Origin Origin
}

// ConfigString is a string of a container's configuration, other than a variable, that anybody can read who can inspect
// the container, and in which people write secrets.
type ConfigString struct {
	// Place is what holds it: "argument", "label", "annotation", "health check", "hostname" or "option"; in a compose
	// file, and of a resource, also "build argument", "build variable", "config" (a line of one) and "volume option";
	// "secret" is a value of a Kubernetes Secret.
	Place string
	// Name is the label's, annotation's, argument's, config's or option's name, empty for others.
	Name string
	// Words is the text; an argument list and a health check have several, a label's value is one.
	Words []Sensitive
	// Origin is where it was set, as nearly as it is known.
	Origin Origin
	// WordOrigins is where each word was, nil where only Origin is known.
	WordOrigins []Origin
}
