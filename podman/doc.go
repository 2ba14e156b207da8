// Package podman holds what podlint knows about one container: plain data, filled by the packages below it from a live
// service or from the files that define containers, and read by the rules.
//
// Every setting carries where it was read and whether it is known at all. Nothing here does I/O.
//
// # Where the truth is
//
// Most obvious fields of Podman's API mislead. What the fields of Container mean was measured on Podman 4.3.1 and
// 5.4.2 and read in the source of 5.8.4; the comments at the fields name what was found. The ones that matter most:
//
//   - CapAdd and CapDrop are computed from the bounding set against the service's present default; neither says what
//     the user typed. EffectiveCaps is empty for every user that Podman does not recognise as root. BoundingCaps is
//     the truth.
//   - UsernsMode says "private" for a mapping that maps every UID to itself. Only the mapping tells.
//   - SecurityOpt's seccomp, label and apparmor entries are annotations that anybody can write; no-new-privileges is
//     read from the OCI spec and can be relied upon.
//   - HostConfig.Privileged is an annotation too: Podman 5 believes `--annotation
//     io.podman.annotations.privileged=TRUE`.
//   - IpcMode is "shareable" for --ipc=host on Podman 4.3.
//   - Config.Env on Podman before 5.3 shows the values of secrets that were handed over as variables.
//   - What a container keeps that is given nothing differs from machine to machine: eleven capabilities by Podman's
//     own containers.conf, fourteen on a 4.3.1 without one. Only the service's info says.
//   - hostUsers: false in Kubernetes YAML is --userns=auto on 4.3 and on 5.4; the annotation
//     io.podman.annotations.userns counts from 5 on. Of a Deployment only its own annotations count, for seccomp those
//     of its template. seccompProfile, runAsNonRoot and fsGroup do nothing, and runAsGroup alone makes the user root.
//   - A secretKeyRef reads Secrets that kube play has made, not what podman secret create makes of a value alone; 4.3
//     cannot read even those of its own.
//   - The generator of 5.4 hands a unit's pod over in a file (--pod-id-file) and keeps the container's ID in one
//     (--cidfile); that of 5.8 does not. Neither makes anything of NoNewPrivileges=no.
//   - Top runs ps for a descriptor that it does not know, 4.3 in the container itself; "uid" is one of these there.
//   - An overlay volume (:O) is refused with a user namespace; a copy mounted with :idmap keeps its owners under a
//     rootful Podman, whose kernel does not let a rootless one map mounts.
//   - 4.3 finds a container's shm busy whose last process is only just gone: rm --force fails once and works a moment
//     later.
//   - A file of a container whose user its passwd does not name cannot be read: the service answers 500, "unknown
//     user".
//   - 4.3 answers 500, "nil pointer dereference", when asked for an image without a layer.
//   - An image that was pulled through an index has the index's digest and its own among its digests. The registry's
//     index gets another digest when any platform's image is made anew. An image whose names are all gone has no
//     RepoDigests, though the storage knows its digests.
//   - podman auto-update looks at running containers only, and wants a D-Bus connection to systemd before anything
//     else, which --dry-run does not use. It starts a pod member's unit anew before 4.5, the infra container's from
//     then on. An error of the registry is no failure on 4.3: the container counts as up to date. With the policy
//     registry a short name is refused when the container is made.
//   - podman auto-update goes back only from a unit whose start fails. A health check has no part in that unless
//     systemd waits for it (--sdnotify=healthy); Quadlet's own is --sdnotify=conmon, which is content with a process.
//   - A process that is not root holds what was added by name (--user 33 --cap-add DAC_OVERRIDE), since Podman makes
//     that ambient; EffectiveCaps shows it.
//   - With SETUID a process becomes every UID of the map, not UID 0 alone: root in a rootless keep-id container is the
//     account that runs Podman. Podman drops the user namespace of a rootful keep-id, whose map is 0:0:4294967295.
//   - The group of a user is that of its line in the container's passwd, and 0 for a number that has no line; a socket
//     of mode 0660 lets it in. A name means what that passwd says: nobody may be UID 0, and root another.
//   - crun keeps the groups of whoever runs Podman for any value of the annotation run.oci.keep_original_groups but
//     "0", whoever wrote it.
//   - unmask takes globs, as path.Match has them, and paths separated by colons, of which only those count that Podman
//     hides; mask counts more, in whatever order. A container of the API shows neither.
//   - A container with --volumes-from has the binds of the other one too, which inspect does not list among its Mounts:
//     HostConfig.VolumesFrom names the other. Binds that the other has from a third one are not handed on, named
//     volumes are. A volume with an overlay (VOLUME:/path:O) is listed as the volume itself, writable, with "O" among
//     its options. What kube play mounts of a volume's part (subPath) has a source below overlay-containers; only the
//     machine's mountinfo tells what is behind it.
//   - "ro" does not reach what is mounted below a source; "rro" does. crun 1.8, which comes with Podman 4.3, binds
//     recursively what is to be bound without what is below it (":bind").
//   - A volume of another type than none is a filesystem: of a disk (type=ext4), or an overlay of directories.
//   - A device's file can be opened where a cgroup lets it: not that of a disk below a bind of /dev, unless
//     --cgroups=disabled or a --device-cgroup-rule says so, or in a user namespace: crun sets up no device cgroup
//     there, but for --userns=auto of Podman 4. Such a rule alone gives nothing without MKNOD.
//   - Who sees a process may take it over with SYS_PTRACE, or as its user with every capability that it has. conmon
//     runs in Podman's own user namespace with the host's files, which is what a rootless --pid=host container with
//     SYS_PTRACE gets.
//   - What a rootless container mounts with rshared ends in Podman's own mount namespace.
//   - Inspect shows what limits were asked for: on 4.3 podman update changes the kernel's only. A cgroup's parent
//     (--cgroup-parent) limits too. A pod has no --pids-limit of its own.
//   - --mount type=tmpfs,noexec=false is noexec: Podman does not look at the value. A ramfs has no options by default.
package podman
