package live

import (
	"context"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// namespaceKinds are the kinds of namespace that are followed, with their names below /proc/PID/ns.
var namespaceKinds = []struct {
	kind podman.NamespaceKind
	file string
}{
	{podman.NamespacePID, "pid"}, {podman.NamespaceIPC, "ipc"}, {podman.NamespaceNetwork, "net"},
	{podman.NamespaceUTS, "uts"}, {podman.NamespaceCgroup, "cgroup"},
}

// joins follows the namespaces that a container takes from others to their end, whether those are scanned or not.
func (r *reader) joins(ctx context.Context, c *podman.Container) {
	for _, k := range namespaceKinds {
		mode := c.Mode(k.kind)
		if !mode.Known() || !strings.Contains(mode.Value, ":") {
			continue
		}
		if end, ok := r.follow(ctx, k.kind, mode.Value); ok {
			if c.Namespaces.Joins == nil {
				c.Namespaces.Joins = map[podman.NamespaceKind]podman.Join{}
			}
			c.Namespaces.Joins[k.kind] = end
		}
	}
}

// follow follows one mode, "container:ID", up to one that names no container. A path is left to resolveJoins.
func (r *reader) follow(ctx context.Context, kind podman.NamespaceKind, mode string) (podman.Join, bool) {
	var end podman.Join
	for range mostJoined {
		id, ok := strings.CutPrefix(mode, "container:")
		if !ok {
			end.Mode = mode
			return end, true
		}
		data, err := r.inspect(ctx, id)
		if err != nil {
			return end, false
		}
		end.Container = strings.TrimPrefix(data.Name, "/")
		next := r.modes(data).Mode(kind)
		if !next.Known() {
			return end, false
		}
		mode = next.Value
	}
	return end, false
}

// modes returns a container of which only the modes of its namespaces are read.
func (r *reader) modes(data *inspected) *podman.Container {
	made, err := command.Parse(data.Config.CreateCommand)
	if err != nil {
		made = nil
	}
	c := &podman.Container{}
	asked := intent(data, made)
	r.namespaces(c, data, made)
	r.otherNamespaces(c, data, asked)
	network(c, data, asked, made)
	return c
}

// takeable asks whether a container that has the host's processes before it could take one of root's over, where
// podlint may look.
func takeable(c *podman.Container, place place) {
	if !c.Running() || !c.SharesHost(podman.NamespacePID) || c.Host.Rootless.Value || !c.Capabilities.Bounding.Known() {
		return
	}
	if paths := place.of(c); paths != nil {
		c.Namespaces.Takeable = podman.Set(paths.Takeable(c.Capabilities.Bounding.Value), podman.Field("/proc/*/status"))
	}
}

// resolveJoins says of the namespaces that are taken by a path whether they are the host's. Where podlint may not look,
// only the path of the host's first process tells.
func resolveJoins(c *podman.Container, here bool) {
	for _, k := range namespaceKinds {
		join := c.Namespaces.Joins[k.kind]
		at, ok := strings.CutPrefix(join.Mode, "ns:")
		if !ok {
			continue
		}
		if join.Mode = "host"; isHostNamespace(at, k.file, here) {
			c.Namespaces.Joins[k.kind] = join
		} else {
			delete(c.Namespaces.Joins, k.kind)
		}
	}
}

// isHostNamespace reports whether a path is known to be the host's own namespace: that of its first process, or of
// another process in the same, or in podlint's.
func isHostNamespace(at, file string, here bool) bool {
	at = path.Clean(at)
	rest, ok := strings.CutPrefix(at, "/proc/")
	if !ok {
		return false
	}
	pid, name, _ := strings.Cut(rest, "/ns/")
	if strings.TrimSuffix(name, "_for_children") != file {
		return false
	}
	number, err := strconv.ParseUint(pid, 10, 31)
	if err != nil {
		return false
	}
	if number == 1 {
		return true
	}
	var theirs unix.Stat_t
	if !here || unix.Stat(at, &theirs) != nil {
		return false
	}
	for _, process := range []string{"1", "self"} { // podlint runs where Podman does
		var host unix.Stat_t
		if unix.Stat("/proc/"+process+"/ns/"+file, &host) == nil && host.Ino == theirs.Ino && host.Dev == theirs.Dev {
			return true
		}
	}
	return false
}

// processes reads the containers whose processes one sees that joins another's PID namespace: that other one, and where
// it is a pod's, the pod's members in it.
func (r *reader) processes(ctx context.Context, c *readContainer, row listed) {
	id, ok := strings.CutPrefix(c.Namespaces.PID.Value, "container:")
	if !ok || c.Namespaces.Joins[podman.NamespacePID].Mode == "" {
		return
	}
	names := []string{id}
	const mostMembers = 64
	for _, member := range r.members[row.Pod] {
		if row.Pod != "" && member != c.ID && member != id && len(names) < mostMembers {
			names = append(names, member)
		}
	}
	for i, name := range names {
		data, err := r.inspect(ctx, name)
		if err != nil {
			continue
		}
		other := r.build(ctx, listed{ID: data.ID}, data)
		if i > 0 && other.Namespaces.PID.Value != c.Namespaces.PID.Value {
			continue
		}
		r.joins(ctx, other.Container)
		c.Namespaces.Processes = append(c.Namespaces.Processes, other.Container)
		c.others = append(c.others, other)
	}
}
