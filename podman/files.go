package podman

// Files is what a container's processes can read and write.
type Files struct {
	// ReadOnly is whether the root filesystem is mounted read-only.
	ReadOnly Setting[bool]
	// Mounts holds what the user mounted, Podman's own bookkeeping left out.
	Mounts Setting[[]Mount]
	// Tmpfs holds the in-memory filesystems that were asked for; those that Podman adds by itself are not among them.
	Tmpfs Setting[[]Tmpfs]
	// Devices holds the host's devices, but not what a privileged container has of them.
	Devices Setting[[]Device]
	// DeviceRules holds the rules of --device-cgroup-rule, such as "a *:* rwm".
	DeviceRules Setting[[]string]
}

// Mount is a path of the host, a volume or an image that a container sees.
type Mount struct {
	// Type is "bind", "volume" or "image".
	Type string
	// Name is the volume's name, empty for others.
	Name string
	// Source is the path on the host: for a volume that is bound to a host path (type=none, o=bind) that path, and for
	// an overlay (:O) the directory below it. Symbolic links in it are not resolved.
	Source string
	// Destination is the path in the container.
	Destination string
	// Writable is whether the container can write to it; an overlay's writes do not reach Source and count as not
	// writable.
	Writable bool
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
	// Path is the device's on the host, or a CDI name such as "nvidia.com/gpu=all".
	Path string
	// Destination is its path in the container.
	Destination string
	// Permissions is made of "r", "w" and "m"; empty where not known, which is all three.
	Permissions string
	Origin      Origin
}
