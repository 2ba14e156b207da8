package podman

// Files is what a container's processes can read and write.
type Files struct {
	// ReadOnly is whether the root filesystem is mounted read-only.
	ReadOnly Setting[bool]
	// Mounts holds what the user mounted, Podman's own bookkeeping left out.
	Mounts Setting[[]Mount]
	// Missing says why not every mount is among Mounts, empty where they all are.
	Missing string
	// Tmpfs holds the in-memory filesystems that were asked for; those that Podman adds by itself are not among them.
	Tmpfs Setting[[]Tmpfs]
	// Devices holds the host's devices, but not what a privileged container has of them.
	Devices Setting[[]Device]
	// DeviceRules holds the rules of --device-cgroup-rule, such as "a *:* rwm".
	DeviceRules Setting[[]string]
	// AnyDevice is whether no cgroup keeps it from a device whose file it has: --cgroups=disabled, or a user namespace,
	// in which the runtime sets up none.
	AnyDevice Setting[bool]
}

// Access is who may do what with a file of the host.
type Access struct {
	// UID and GID own it.
	UID, GID uint32
	// Mode is its permission bits.
	Mode uint32
}

// Mount is a path of the host, a volume or an image that a container sees.
type Mount struct {
	// Type is "bind", "volume" or "image".
	Type string
	// Name is the volume's name, empty for others.
	Name string
	// Source is the path on the host: for a volume that is bound to a host path (type=none, o=bind) that path, and for
	// an overlay (:O) the directory below it. Symbolic links and ".." in it are resolved where podlint may look.
	Source string
	// Written is the source as it was given where Source is what that leads to, else empty.
	Written string
	// Access is who owns Source; unknown where podlint may not look.
	Access Setting[Access]
	// Disk is the block device of the host whose filesystem a volume is, empty for none.
	Disk string
	// Destination is the path in the container.
	Destination string
	// Writable is whether the container can write to it; an overlay's writes do not reach Source and count as not
	// writable.
	Writable bool
	// WritableBelow holds, for a mount that is not writable, the host's paths of filesystems that are mounted below
	// Source and stay writable: "ro" does not reach them. It is nil where podlint may not look.
	WritableBelow []string
	// ReadOnlyBelow is whether a mount that is not writable makes what is mounted below it read-only too ("rro").
	ReadOnlyBelow bool
	// Recursive is whether what is mounted below Source comes along.
	Recursive bool
	// Propagation is "rprivate" where nothing else was asked for: "shared", "rshared", "slave", "rslave", "private".
	Propagation string
	// Relabel is "z" or "Z" where Podman changes the SELinux label of Source. Inspect shows it only on a host with
	// SELinux.
	Relabel string
	// Chown is whether Podman changes the owner of Source to the container's user (:U).
	Chown bool
	// Origin is where the mount was read, such as the field "Mounts[3]".
	Origin Origin
}

// Tmpfs is an in-memory filesystem.
type Tmpfs struct {
	Destination string
	// Options holds the mount options as they are in force: "noexec", "nosuid", "nodev", "size=64m", …
	Options []string
	Origin  Origin
}

// Device is a device of the host that a container may use.
type Device struct {
	// Path is the device's on the host, or a CDI name such as "nvidia.com/gpu=all". Symbolic links in it are resolved
	// where podlint may look.
	Path string
	// Written is the path as it was given where Path is what that leads to, else empty.
	Written string
	// Block is whether it is known to be a block device, whatever its name.
	Block bool
	// Destination is its path in the container.
	Destination string
	// Permissions is made of "r", "w" and "m"; empty where not known, which is all three.
	Permissions string
	Origin      Origin
}
