package live

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/podman/machine"
)

// settings reads what is left: from the service where it tells, and where it does not from the command line, which is
// only what was asked for, and what containers that were made over the API do not have.
func (r *reader) settings(ctx context.Context, c *podman.Container, data *inspected, made *command.Command) {
	asked := intent(data, made)
	r.otherNamespaces(c, data, asked)
	network(c, data, asked, made)
	r.profiles(ctx, c, data, asked, made)
	c.Files.Tmpfs = r.tmpfs(data, asked)
	devices(c, data, asked)
	podUnit, known := r.podUnits[data.Pod]
	limits(c, data, !known || podUnit != "")
	upkeep(c, data)
	c.Lifecycle.RunsOnce = asked.Lifecycle.RunsOnce && c.Unit == ""

	c.Process.Groups = asked.Process.Groups
	if groups := data.HostConfig.GroupAdd; groups.present && len(groups.value) > 0 && !c.Process.Groups.Known() {
		c.Process.Groups = podman.Set(groups.value, podman.Field("HostConfig.GroupAdd"))
	}
	keepGroups(c, data)
	if data.Path != "" {
		words := []podman.Sensitive{podman.Sensitive(data.Path)}
		for _, a := range data.Args {
			words = append(words, podman.Sensitive(a))
		}
		c.Process.Command = podman.Set(words, podman.Field("Path"))
	}
	c.HostEnvironment, c.SecretVariables, c.SecretFiles = asked.HostEnvironment, asked.SecretVariables,
		asked.SecretFiles
	if len(data.Config.Secrets) > 0 {
		c.SecretFiles = podman.Set([]string{}, podman.Field("Config.Secrets"))
		for _, s := range data.Config.Secrets {
			c.SecretFiles.Value = append(c.SecretFiles.Value, s.Name)
		}
	}
	c.Image.Written, c.Image.TLSVerify = asked.Image.Written, asked.Image.TLSVerify
	c.Process.PrivilegedExec = r.privilegedExec(ctx, c, data.ExecIDs)
}

// keepGroups reads the annotation that keep-groups stands for, which counts whoever wrote it.
func keepGroups(c *podman.Container, data *inspected) {
	value, given := data.Config.Annotations[podman.KeepGroupsAnnotation]
	if !given || value == "0" || slices.Contains(c.Process.Groups.Value, podman.KeepGroups) {
		return
	}
	c.Process.Groups = podman.Set(append(slices.Clone(c.Process.Groups.Value), podman.KeepGroups),
		podman.Field("Config.Annotations["+podman.KeepGroupsAnnotation+"]"))
}

// intent returns the container that the recorded command line asks for, and one of which nothing is known without one.
func intent(data *inspected, made *command.Command) *podman.Container {
	if made == nil {
		return &podman.Container{}
	}
	words := make([]command.Word, len(data.Config.CreateCommand))
	for i, text := range data.Config.CreateCommand {
		words[i] = command.Word{Text: text, Origin: podman.Field(word(i))}
	}
	return made.Container(command.Context{
		Words: words, Host: &podman.Host{},
		Definition: podman.Definition{Origin: podman.Field("Config.CreateCommand")},
	})
}

func mode(value *string, field string) podman.Setting[string] {
	switch {
	case value == nil:
		return podman.Setting[string]{}
	case *value == "" || *value == "private":
		return podman.DefaultTo("private", podman.Field(field))
	}
	return podman.Set(*value, podman.Field(field))
}

// otherNamespaces reads the namespaces' modes, which say "host" on every version, and the sysctls of the command line.
func (r *reader) otherNamespaces(c *podman.Container, data *inspected, asked *podman.Container) {
	config := data.HostConfig
	n := &c.Namespaces
	n.PID = mode(config.PidMode, "HostConfig.PidMode")
	n.UTS = mode(config.UTSMode, "HostConfig.UTSMode")
	n.Cgroup = mode(config.CgroupMode, "HostConfig.CgroupMode")
	n.Sysctls = asked.Namespaces.Sysctls
}

// network reads the mode, the networks and the ports. A port without an address is an empty HostIp before Podman 5.0
// and 0.0.0.0 since; what is only exposed has no binding.
func network(c *podman.Container, data *inspected, asked *podman.Container, made *command.Command) {
	config := data.HostConfig
	n := &c.Network
	n.Mode = mode(config.NetworkMode, "HostConfig.NetworkMode")
	if n.Mode.Value == "default" || n.Mode.Value == "private" {
		n.Mode.Value = "bridge"
	}
	if s := data.NetworkSettings; s != nil && n.Mode.Value == "bridge" {
		n.Names = podman.Set(slices.Sorted(maps.Keys(s.Networks)), podman.Field("NetworkSettings.Networks"))
		if !asked.Network.Mode.Known() || asked.Network.Mode.State == podman.StateDefault {
			n.Names.State = podman.StateDefault
		}
	}
	if config.PublishAllPorts != nil {
		n.PublishAll = podman.Set(*config.PublishAllPorts, podman.Field("HostConfig.PublishAllPorts"))
	}
	n.HostLoopback = asked.Network.HostLoopback
	if !config.PortBindings.present {
		return
	}
	n.Ports = podman.Set([]podman.Port{}, podman.Field("HostConfig.PortBindings"))
	for _, key := range slices.SortedFunc(maps.Keys(config.PortBindings.value), comparePorts) {
		number, protocol, _ := strings.Cut(key, "/")
		inside, _ := strconv.ParseUint(number, 10, 16)
		for _, b := range config.PortBindings.value[key] {
			outside, _ := strconv.ParseUint(b.HostPort, 10, 16)
			n.Ports.Value = append(n.Ports.Value, podman.Port{
				Address: b.HostIP, Host: uint16(outside), Container: uint16(inside), Count: 1, Protocol: protocol,
				Origin: podman.Field(fmt.Sprintf("HostConfig.PortBindings[%s]", key)),
			})
		}
	}
	if made == nil {
		return
	}
	for _, o := range made.All("network") { // what pasta's own options publish, inspect does not show
		if command.PastaFollows(o.Value) {
			n.Follows = podman.Set(true, podman.Field(word(o.ValueIndex)))
		}
		for _, p := range command.PastaPorts(o.Value) {
			p.Origin = podman.Field(word(o.ValueIndex))
			n.Ports.Value = append(n.Ports.Value, p)
		}
	}
}

// comparePorts sorts "25/tcp" before "143/tcp", and both before "143/udp".
func comparePorts(a, b string) int {
	numberOf := func(key string) uint64 {
		number, _, _ := strings.Cut(key, "/")
		n, _ := strconv.ParseUint(number, 10, 16)
		return n
	}
	return cmp.Or(cmp.Compare(numberOf(a), numberOf(b)), strings.Compare(a, b))
}

// profiles reads seccomp, AppArmor, SELinux and what is unmasked. What inspect says of seccomp is an annotation that
// the command line's parser writes: a member has that of its pod, though the kernel filters it; a container of the API
// or of kube play has none, filtered or not; a privileged one has none and is not filtered. The processes tell, where
// there are any.
func (r *reader) profiles(ctx context.Context, c *podman.Container, data *inspected, asked *podman.Container,
	made *command.Command) {
	f := &c.Confinement
	const field = "HostConfig.SecurityOpt"
	if made != nil {
		f.Seccomp, f.Unmasked, f.Masked = asked.Confinement.Seccomp, asked.Confinement.Unmasked,
			asked.Confinement.Masked
		f.Label, f.AppArmor = asked.Confinement.Label, asked.Confinement.AppArmor
	} else if c.State == "running" && c.Namespaces.PID.Value == "private" {
		f.Seccomp = r.seccomp(ctx, c.ID)
	}
	if f.Privileged.Value && f.Seccomp.State != podman.StateSet {
		f.Seccomp = podman.Set("unconfined", podman.Field("HostConfig.Privileged"))
	}
	if f.Privileged.Value { // Podman 4 does not show it, and none does beside mask=
		f.Unmasked = podman.Set([]string{"ALL"}, podman.Field("HostConfig.Privileged"))
	}
	if unmasksAll(data) { // shown only where nothing at all is masked
		f.Unmasked, f.Masked = podman.Set([]string{"ALL"}, podman.Field(field)), nil
	}
	if data.AppArmorProfile != nil && *data.AppArmorProfile != "" {
		f.AppArmor = podman.Set(*data.AppArmorProfile, podman.Field("AppArmorProfile"))
		if strings.HasPrefix(*data.AppArmorProfile, "containers-default-") {
			f.AppArmor = podman.DefaultTo("", podman.Field("AppArmorProfile"))
		}
	}
	if data.ProcessLabel != nil && *data.ProcessLabel != "" {
		if parts := strings.Split(*data.ProcessLabel, ":"); len(parts) > 2 {
			f.Label = podman.Set(parts[2], podman.Field("ProcessLabel"))
			if parts[2] == "container_t" {
				f.Label = podman.DefaultTo("", podman.Field("ProcessLabel"))
			}
		}
	}
}

// unmasksAll reports whether inspect says that nothing is masked, as it does from Podman 4.7 on.
func unmasksAll(data *inspected) bool {
	return data.HostConfig.SecurityOpt.present && slices.Contains(data.HostConfig.SecurityOpt.value, "unmask=all")
}

// seccomp asks for the processes of a container. Podman 4.3 answers what it cannot tell with nothing at all.
func (r *reader) seccomp(ctx context.Context, id string) podman.Setting[string] {
	var top struct{ Processes [][]string }
	err := r.client.get(ctx, "/containers/"+url.PathEscape(id)+"/top",
		url.Values{"ps_args": {"pid,seccomp"}, "stream": {"false"}}, maxAnswer, &top)
	if err != nil || len(top.Processes) == 0 {
		return podman.Setting[string]{}
	}
	const disabled = "disabled"
	for _, row := range top.Processes {
		switch {
		case len(row) != 2 || row[1] != disabled && row[1] != "filter":
			return podman.Setting[string]{}
		case row[1] == disabled:
			return podman.Set("unconfined", podman.Field("top seccomp"))
		}
	}
	return podman.DefaultTo("", podman.Field("top seccomp"))
}

// tmpfs reads HostConfig.Tmpfs, in which Podman before 5 lists those of --read-only too.
func (r *reader) tmpfs(data *inspected, asked *podman.Container) podman.Setting[[]podman.Tmpfs] {
	if asked.Files.Tmpfs.Known() {
		return asked.Files.Tmpfs
	}
	listed := data.HostConfig.Tmpfs
	if !listed.present {
		return podman.Setting[[]podman.Tmpfs]{}
	}
	s := podman.Set([]podman.Tmpfs{}, podman.Field("HostConfig.Tmpfs"))
	own := data.HostConfig.ReadonlyRootfs != nil && *data.HostConfig.ReadonlyRootfs &&
		r.client.version.Before(podman.Version{Major: 5})
	for _, destination := range slices.Sorted(maps.Keys(listed.value)) {
		if own && slices.Contains([]string{"/run", "/tmp", "/var/tmp"}, destination) {
			continue
		}
		s.Value = append(s.Value, podman.Tmpfs{
			Destination: destination, Options: strings.Split(listed.value[destination], ","),
			Origin: podman.Field("HostConfig.Tmpfs[" + destination + "]"),
		})
	}
	return s
}

// devices reads what inspect lists; of a rootless container that is nothing, since Podman binds the device's file, and
// of no container the permissions. The command line tells both, but not what a member has of its pod.
func devices(c *podman.Container, data *inspected, asked *podman.Container) {
	c.Files.DeviceRules = asked.Files.DeviceRules
	if asked.Files.Devices.Known() && data.Pod == "" {
		c.Files.Devices = asked.Files.Devices
		return
	}
	claimed := data.HostConfig.Privileged != nil && *data.HostConfig.Privileged
	if !data.HostConfig.Devices.present || claimed && !c.Confinement.Privileged.Value {
		c.Files.Devices = asked.Files.Devices
		return // of a container that only says that it is privileged inspect lists no devices
	}
	c.Files.Devices = podman.Set(slices.Clone(asked.Files.Devices.Value), podman.Field("HostConfig.Devices"))
	for i, d := range data.HostConfig.Devices.value {
		if slices.ContainsFunc(asked.Files.Devices.Value, func(own podman.Device) bool {
			return own.Path == d.PathOnHost && own.Destination == d.PathInContainer
		}) {
			continue
		}
		c.Files.Devices.Value = append(c.Files.Devices.Value, podman.Device{
			Path: d.PathOnHost, Destination: d.PathInContainer, Permissions: d.CgroupPermissions,
			Origin: podman.Field(fmt.Sprintf("HostConfig.Devices[%d]", i)),
		})
	}
}

// unseenDevices takes back what inspect does not know: of a rootless container it lists no device, whoever gave it one,
// since Podman binds the device's file (4.3.1 and 5.4.2).
func unseenDevices(c *podman.Container) {
	if d := &c.Files.Devices; c.Host.Rootless.Known() && c.Host.Rootless.Value && len(d.Value) == 0 &&
		d.Origin == podman.Field("HostConfig.Devices") {
		*d = podman.UnknownAt[[]podman.Device](d.Origin)
	}
}

// limits reads what the kernel was told. With --cgroups=disabled inspect goes on to show what was asked for, and
// nothing is enforced. Where a pod, a service's unit or a cgroup of the user's choice may set a limit for its members,
// none is not known to be none; inUnit is whether the pod is a unit's, or not known to be none's.
func limits(c *podman.Container, data *inspected, inUnit bool) {
	config := data.HostConfig
	l := &c.Limits
	disabled := config.Cgroups == "disabled"
	if config.Memory != nil {
		l.Memory = podman.Set(*config.Memory, podman.Field("HostConfig.Memory"))
	}
	if config.PidsLimit != nil {
		l.PIDs = podman.Set(*config.PidsLimit, podman.Field("HostConfig.PidsLimit"))
	}
	if config.NanoCpus != nil {
		l.CPU = podman.Set(*config.NanoCpus > 0 || config.CpuQuota > 0 || config.CpusetCpus != "",
			podman.Field("HostConfig.NanoCpus"))
	}
	if disabled {
		const field = "HostConfig.Cgroups"
		l.Memory, l.PIDs, l.CPU = podman.Set(int64(0), podman.Field(field)), podman.Set(int64(0), podman.Field(field)),
			podman.Set(false, podman.Field(field))
	} else if above := c.Unit != "" || ownParent(config.CgroupParent); above || c.Pod != "" {
		if l.Memory.Value == 0 {
			l.Memory.State = podman.StateUnknown
		}
		if l.PIDs.Value <= 0 && (above || inUnit) { // a pod by itself has no --pids-limit
			l.PIDs.State = podman.StateUnknown
		}
		if !l.CPU.Value {
			l.CPU.State = podman.StateUnknown
		}
	}
	if config.OomKillDisable != nil {
		l.OOMKillDisabled = podman.Set(*config.OomKillDisable, podman.Field("HostConfig.OomKillDisable"))
	}
	if config.OomScoreAdj != nil {
		l.OOMScore = podman.Set(*config.OomScoreAdj, podman.Field("HostConfig.OomScoreAdj"))
	}
}

// ownParent reports whether a cgroup's parent is one that somebody chose (--cgroup-parent) and none of Podman's.
func ownParent(parent string) bool {
	return !slices.Contains([]string{"", "/libpod_parent", "libpod_parent", "machine.slice", "user.slice"}, parent)
}

// kernelLimits takes the limits from the kernel, where the container runs here: a pod's, a unit's and a parent's count,
// and what inspect says is out of date after podman update on Podman 4.
func kernelLimits(c *readContainer, place place) {
	if c.pid <= 0 || !c.Running() || place.of(c.Container) == nil {
		return
	}
	l, limits := machine.LimitsOf(c.pid, c.ID), &c.Limits
	const field = "the cgroup of its first process"
	if l.Memory != nil {
		limits.Memory = podman.Set(*l.Memory, podman.Field(field))
	}
	if l.PIDs != nil {
		limits.PIDs = podman.Set(*l.PIDs, podman.Field(field))
	}
	if l.CPU != nil && (*l.CPU || !limits.CPU.Value) {
		limits.CPU = podman.Set(*l.CPU, podman.Field(field))
	}
}

func upkeep(c *podman.Container, data *inspected) {
	u := &c.Lifecycle
	switch h := data.Config.Healthcheck; {
	case h == nil || len(h.Test) == 0:
		u.Health = podman.DefaultTo("", podman.Field("Config.Healthcheck"))
	case len(h.Test) == 1 && h.Test[0] == "NONE":
		u.Health = podman.Set("none", podman.Field("Config.Healthcheck"))
	default:
		u.Health = podman.Set("check", podman.Field("Config.Healthcheck"))
	}
	if log := data.HostConfig.LogConfig; log != nil && log.Type != "" {
		u.LogDriver = podman.Set(log.Type, podman.Field("HostConfig.LogConfig.Type"))
	}
	if policy := data.HostConfig.RestartPolicy; policy != nil {
		u.Restart, u.Retries = podman.Set(policy.Name, podman.Field("HostConfig.RestartPolicy")),
			policy.MaximumRetryCount
		if policy.Name == "" || policy.Name == "no" {
			u.Restart = podman.DefaultTo("no", podman.Field("HostConfig.RestartPolicy"))
		}
	}
	u.AutoUpdate = podman.DefaultTo("", podman.Field("Config.Labels"))
	if value, ok := data.Config.Labels["io.containers.autoupdate"]; ok {
		u.AutoUpdate = podman.Set(value, podman.Field("Config.Labels"))
	}
	u.AuthFile = data.Config.Labels["io.containers.autoupdate.authfile"]
	if mode := data.Config.SdNotifyMode; mode != "" {
		u.Notify = podman.Set(mode, podman.Field("Config.SdNotifyMode"))
	}
}

// privilegedExec reports whether a session of `podman exec --privileged` is open. Inspect names the sessions; what each
// may is asked for.
func (r *reader) privilegedExec(ctx context.Context, c *podman.Container, ids []string) podman.Setting[bool] {
	const most = 32 // sessions that are asked for; nobody has as many open
	found := podman.DefaultTo(false, podman.Field("ExecIDs"))
	for _, id := range ids[:min(len(ids), most)] {
		var session struct {
			Running       bool
			ProcessConfig struct {
				Privileged bool `json:"privileged"`
			}
		}
		switch err := r.client.get(ctx, "/exec/"+url.PathEscape(id)+"/json", nil, maxAnswer, &session); {
		case err == nil && session.Running && session.ProcessConfig.Privileged:
			return podman.Set(true, podman.Field("ExecIDs"))
		case err != nil && !isNotFound(err):
			r.problem(c.Name, fmt.Errorf("an exec session: %w", err))
			return podman.Setting[bool]{}
		}
	}
	return found
}
