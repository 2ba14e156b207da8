package command

import (
	"encoding/csv"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Context is what a command line does not say about itself.
type Context struct {
	// Words holds the command line's words, those that Command's indices count.
	Words []Word
	// Definition is the definition that the command line stands in, or was made from.
	Definition podman.Definition
	// Host is the machine that it is for.
	Host *podman.Host
	// Pod is the pod that the container joins, nil where it joins none or one that is not known.
	Pod *PodCommand
	// EnvironmentFile reads a file of variables that --env-file names. An error leaves the environment unknown.
	EnvironmentFile func(path string) ([]podman.Variable, error)
	// Volume returns what a volume stands for of the host's, the zero value for one of Podman's own.
	Volume func(name string) Volume
}

// PodCommand is a pod's command line.
type PodCommand struct {
	*Command
	// Words holds its words.
	Words []Word
	// Definition is where the pod is defined.
	Definition podman.Definition
	// Volume returns what a volume stands for of the host's, as for the pod's own command line.
	Volume func(name string) Volume
}

// Container returns the container that the command line makes, as far as the command line tells: what comes from the
// image, from containers.conf and from the environment of whoever runs it stays unknown.
func (c *Command) Container(ctx Context) *podman.Container {
	b := builder{c, ctx}
	made := &podman.Container{
		Kind: podman.KindContainer, Definition: ctx.Definition, Host: ctx.Host,
		Image: podman.Image{Name: c.Image},
	}
	if o, ok := c.Last("name"); ok {
		made.Name = o.Value
	}
	if o, ok := c.Last("pod"); ok {
		made.Pod = strings.TrimPrefix(o.Value, "new:")
	}
	if c.Bool("rootfs") {
		made.Image = podman.Image{}
	} else if !c.Pod && c.ImageIndex < len(ctx.Words) {
		made.Image.Written = podman.Set(c.Image, ctx.Words[c.ImageIndex].Origin)
		if made.Image.Written.Origin.Field == "" {
			made.Image.Written.Origin.Field = "image"
		}
		if ctx.Words[c.ImageIndex].Unknown {
			made.Image.Written.State = podman.StateUnknown
		}
	}
	made.Image.TLSVerify = b.boolean("tls-verify")
	if made.Image.TLSVerify.State == podman.StateDefault {
		made.Image.TLSVerify.Value = true
	}
	b.namespaces(made)
	b.otherNamespaces(made)
	made.SharesLabel = b.sharesLabel()
	b.network(made)
	b.user(made)
	b.capabilities(made)
	b.confinement(made)
	b.files(made)
	b.limits(made)
	b.upkeep(made)
	b.environment(made)
	b.texts(made)
	if c.Pod {
		made.Kind = podman.KindInfra
	}
	return made
}

type builder struct {
	*Command
	ctx Context
}

// origin returns where an option's value stands.
func (b builder) origin(o Option) podman.Origin {
	origin := originOf(b.ctx.Words, o)
	origin.OfPod = b.Pod
	return origin
}

func originOf(words []Word, o Option) podman.Origin {
	origin := words[o.ValueIndex].Origin
	if origin.Field == "" {
		origin.Field = "--" + o.Name
	}
	return origin
}

// defaultOrigin returns where an option would have to be written.
func (b builder) defaultOrigin(flag string) podman.Origin { return b.ctx.Definition.Origin.At(flag) }

// unknown reports whether a part of an option's value is only known when the command is run.
func (b builder) unknown(o Option) bool { return b.ctx.Words[o.ValueIndex].Unknown }

// unset returns the setting of a flag that was not given: Podman's default, unless a word that is not known may hold
// it.
func unset[T any](b builder, value T, flag string) podman.Setting[T] {
	if b.Open {
		return podman.UnknownAt[T](b.defaultOrigin(flag))
	}
	return podman.DefaultTo(value, b.defaultOrigin(flag))
}

// boolean returns the setting of a boolean flag.
func (b builder) boolean(flag string) podman.Setting[bool] {
	o, ok := b.Last(flag)
	if !ok {
		return unset(b, false, flag)
	}
	value, err := strconv.ParseBool(o.Value)
	if err != nil {
		return podman.UnknownAt[bool](b.origin(o))
	}
	return podman.Set(value, b.origin(o))
}

// ForUserNamespace reports whether a flag decides on the user namespace; of two of them Podman takes none.
func ForUserNamespace(flag string) bool {
	switch flag {
	case "userns", "uidmap", "gidmap", "subuidname", "subgidname":
		return true
	}
	return false
}

func (c *Command) mapsUsers() bool {
	return slices.ContainsFunc(c.Options, func(o Option) bool { return ForUserNamespace(o.Name) })
}

// namespaces reads the ID mappings: the container's own, or those of the pod that it joins.
func (b builder) namespaces(made *podman.Container) {
	n := &made.Namespaces
	n.PlaceholderIDs = made.Host.Rootless.Value
	if o, ok := b.Last("ipc"); ok && !b.unknown(o) {
		n.IPC = podman.Set(o.Value, b.origin(o))
	} else if !ok {
		n.IPC = unset(b, "shareable", "--ipc")
	}
	inPod := made.Pod != "" && !b.mapsUsers()
	pod, known := b.pod()
	switch {
	case !inPod || known && !pod.infra():
		userNamespace(n, b, made.Host)
	case known:
		userNamespace(n, pod, made.Host)
		n.User.Value = "container:" + made.Pod
	}
}

// userNamespace reads --userns, --uidmap, --gidmap, --subuidname and --subgidname, which `podman run` and `podman pod
// create` share (podman-run(1), "User Namespace Mode").
func userNamespace(n *podman.Namespaces, b builder, host *podman.Host) {
	engine := func(own podman.IDMap) podman.IDMap { return own.Through(host.UIDs) }
	set := func(o Option, uids, gids podman.IDMap) {
		n.User = podman.Set("private", b.origin(o))
		n.UIDs = podman.Set(uids, b.origin(o))
		n.GIDs = podman.Set(gids, b.origin(o))
	}
	rootless := host.Rootless.Value
	for _, name := range []string{"subuidname", "subgidname"} {
		if o, ok := b.Last(name); ok {
			set(o, podman.OwnRange(), podman.OwnRange())
			n.PlaceholderIDs = true
			return
		}
	}
	uids, gids := b.All("uidmap"), b.All("gidmap")
	if len(uids)+len(gids) > 0 {
		if len(gids) == 0 {
			gids = uids
		} else if len(uids) == 0 {
			uids = gids
		}
		own, ok := b.idMaps(uids, 'u', host.UIDs)
		groups, okGroups := b.idMaps(gids, 'g', host.GIDs)
		switch { // of a rootless container, what only one of the maps says leaves the other the default
		case rootless && len(own) == 0:
			own = filled(nil, host.UIDs)
		case rootless && len(groups) == 0:
			groups = filled(nil, host.GIDs)
		}
		set(uids[0], engine(own), groups.Through(host.GIDs))
		n.GIDs.Origin = b.origin(gids[0])
		if !ok {
			n.UIDs.State = podman.StateUnknown
		}
		if !okGroups {
			n.GIDs.State = podman.StateUnknown
		}
		return
	}
	o, ok := b.Last("userns")
	mode, details, _ := strings.Cut(o.Value, ":")
	switch {
	case !ok || mode == "host" || mode == "":
		n.User = unset(b, "", "--userns")
		if ok {
			n.User = podman.DefaultTo("", b.origin(o))
		}
		n.UIDs, n.GIDs = podman.Derive(n.User, host.UIDs), podman.Derive(n.User, host.GIDs)
	case b.unknown(o):
	case mode == "auto":
		own, ok := autoMap(details, "uidmapping")
		groups, okGroups := autoMap(details, "gidmapping")
		set(o, own.Through(wider(host.UIDs)), groups.Through(wider(host.GIDs)))
		n.PlaceholderIDs = true
		if !ok {
			n.UIDs.State = podman.StateUnknown
		}
		if !okGroups {
			n.GIDs.State = podman.StateUnknown
		}
	case mode == "keep-id" && !rootless:
		// Podman 5 makes a user namespace that maps every ID to itself; Podman 4.3 refuses.
		set(o, podman.IdentityMap(), podman.IdentityMap())
	case mode == "keep-id":
		own, _ := podman.KeepID(keptID(details, "uid"))
		groups, _ := podman.KeepID(keptID(details, "gid"))
		set(o, engine(own), groups.Through(host.GIDs))
	case mode == "nomap" && rootless:
		set(o, engine(podman.NoMap()), podman.NoMap().Through(host.GIDs))
	default: // container:NAME, ns:PATH, or what Podman refuses
		n.User = podman.Set(o.Value, b.origin(o))
	}
}

// autoMap returns the map of --userns=auto, relative to Podman's own user namespace: a range of its own, but for what
// uidmapping=INSIDE:OUTSIDE:SIZE, or gidmapping, asks for.
func autoMap(details, which string) (podman.IDMap, bool) {
	var lines []string
	for option := range strings.SplitSeq(details, ",") {
		if value, ok := strings.CutPrefix(option, which+"="); ok {
			lines = append(lines, value)
		}
	}
	m, err := podman.ParseIDMap(lines)
	return append(m, podman.OwnRange()...), err == nil
}

// wider adds to the map of Podman's own user namespace the range that stands for one chosen later.
func wider(m podman.IDMap) podman.IDMap {
	own := podman.OwnRange()[0]
	if _, ok := m.Outside(own.Outside); ok {
		return m
	}
	return append(slices.Clone(m), podman.IDRange{Inside: own.Outside, Outside: own.Outside, Size: own.Size})
}

// keptID returns the ID that --userns=keep-id:uid=N,gid=N asks for, and -1 where it does not.
func keptID(details, which string) int64 {
	for option := range strings.SplitSeq(details, ",") {
		if value, ok := strings.CutPrefix(option, which+"="); ok {
			if id, err := strconv.ParseUint(value, 10, 31); err == nil {
				return int64(id)
			}
		}
	}
	return -1
}

// user reads --user. Without it the image decides, but for --userns=keep-id, which makes it the account that runs
// Podman.
func (b builder) user(made *podman.Container) {
	made.Process.Groups = b.groups()
	if entrypoint, ok := b.Last("entrypoint"); ok && !b.unknown(entrypoint) {
		made.Process.Command = podman.Set(sensitive(append(commandWords(entrypoint.Value), b.Args...)),
			b.origin(entrypoint))
	} else if len(b.Args) > 0 {
		made.Process.Command = podman.Set(sensitive(b.Args), b.ctx.Definition.Origin.At("arguments"))
	}
	o, ok := b.Last("user")
	if !ok {
		kind, details, _ := strings.Cut(lastValue(b, "userns"), ":")
		made.Process.User.Origin, made.Process.UID.Origin = b.defaultOrigin("--user"), b.defaultOrigin("--user")
		if kind == "keep-id" && made.Host.Rootless.Value && !b.Open {
			mode, _ := b.Last("userns")
			_, uid := podman.KeepID(keptID(details, "uid"))
			made.Process.UID = podman.Set(uid, b.origin(mode))
		}
		return
	}
	if b.unknown(o) {
		return
	}
	made.Process.User = podman.Set(o.Value, b.origin(o))
	name, _, _ := strings.Cut(o.Value, ":")
	uid := podman.UnknownAt[uint32](b.origin(o))
	switch number, err := strconv.Atoi(name); {
	case name == "root":
		uid.State = podman.StateSet
	case err == nil && number >= 0 && int64(number) <= 1<<32-2:
		uid.Value, uid.State = uint32(number), podman.StateSet
	}
	made.Process.UID = uid
	made.Process.GID = groupOf(b, o)
}

// groups reads --group-add and the annotation that keep-groups stands for, which crun reads from whoever writes it.
func (b builder) groups() podman.Setting[[]string] {
	groups := b.list("group-add")
	for _, o := range b.All("annotation") {
		name, value, _ := strings.Cut(o.Value, "=")
		if name == podman.KeepGroupsAnnotation && value != "0" && !b.unknown(o) &&
			!slices.Contains(groups.Value, podman.KeepGroups) {
			if groups.State != podman.StateSet {
				groups.State, groups.Origin = podman.StateSet, b.origin(o)
			}
			groups.Value = append(groups.Value, podman.KeepGroups)
		}
	}
	return groups
}

// groupOf returns the GID that --user gives by number: USER:GROUP. Root without a group has root's.
func groupOf(b builder, o Option) podman.Setting[uint32] {
	name, group, given := strings.Cut(o.Value, ":")
	gid := podman.UnknownAt[uint32](b.origin(o))
	number, err := strconv.ParseUint(group, 10, 32)
	switch {
	case given && err == nil:
		gid.Value, gid.State = uint32(number), podman.StateSet
	case given && group == "root", !given && (name == "root" || name == "0"):
		gid.State = podman.StateSet
	}
	return gid
}

func lastValue(b builder, flag string) string {
	o, _ := b.Last(flag)
	return o.Value
}

// capabilities works out the bounding set as Podman does (go.podman.io/common/pkg/capabilities, MergeCapabilities).
func (b builder) capabilities(made *podman.Container) {
	added, dropped := b.All("cap-add"), b.All("cap-drop")
	c := &made.Capabilities
	requested := b.Capabilities()
	origin := b.defaultOrigin("--cap-drop")
	if len(added)+len(dropped) > 0 {
		origin = b.origin(slices.Concat(dropped, added)[0])
	}
	all := func(options []Option) bool {
		return slices.ContainsFunc(options, func(o Option) bool { return strings.EqualFold(o.Value, "all") })
	}
	unknown := slices.ContainsFunc(slices.Concat(added, dropped), b.unknown) || b.label("io.containers.capabilities")
	if unknown || b.Open && len(added) == 0 {
		c.Bounding.Origin, c.Requested.Origin = origin, origin
		return
	}
	if b.Open { // what is asked for is there, whatever else is
		c.Bounding, c.Requested = podman.Set(slices.Sorted(slices.Values(requested)), origin), podman.Set(requested, origin)
		if all(added) {
			c.Bounding.Value = podman.AllCapabilities()
		}
		c.Effective = podman.Derive(c.Bounding, c.Bounding.Value)
		return
	}
	var bounding []string
	switch {
	case b.Bool("privileged"):
		bounding = podman.AllCapabilities()
	case all(dropped):
		bounding = requested
	default:
		bounding = made.Host.DefaultCapabilities
		if all(added) {
			bounding = podman.AllCapabilities()
		}
		bounding = slices.DeleteFunc(append(slices.Clone(bounding), requested...), func(name string) bool {
			return slices.ContainsFunc(dropped, func(o Option) bool { return name == podman.Capability(o.Value) })
		})
	}
	bounding = slices.Clone(bounding)
	slices.Sort(bounding)
	c.Bounding = podman.DefaultTo(slices.Compact(bounding), origin)
	if len(added)+len(dropped) > 0 {
		c.Bounding.State = podman.StateSet
	}
	c.Requested = podman.Set(requested, origin)
	c.Effective = podman.Set(requested, origin)
	if all(added) {
		c.Effective.Value = podman.AllCapabilities()
	}
}

// label reports whether a label is given.
func (b builder) label(name string) bool {
	return slices.ContainsFunc(b.All("label"), func(o Option) bool {
		key, _, _ := strings.Cut(o.Value, "=")
		return key == name
	})
}

// confinement reads --privileged and --security-opt.
func (b builder) confinement(made *podman.Container) {
	c := &made.Confinement
	c.Privileged = b.boolean("privileged")
	const flag = "--security-opt"
	c.NoNewPrivileges = unset(b, false, flag)
	c.Seccomp, c.AppArmor = unset(b, "", flag), unset(b, "", flag)
	b.selinux(c)
	c.Unmasked = unset(b, []string{}, flag)
	for _, o := range b.All("security-opt") {
		at := b.origin(o)
		key, value, given := cutSecurityOption(o.Value)
		text := podman.Set(value, at)
		if b.unknown(o) {
			text.State = podman.StateUnknown
		}
		switch key {
		case "no-new-privileges":
			on, err := strconv.ParseBool(value)
			c.NoNewPrivileges = podman.Derive(text, !given || err == nil && on)
		case "seccomp":
			c.Seccomp = text
		case "apparmor":
			c.AppArmor = text
		case "label":
		case "unmask":
			c.Unmasked = podman.Derive(text, append(c.Unmasked.Value, strings.Split(value, ":")...))
		case "systempaths":
			if value == "unconfined" {
				c.Unmasked = podman.Derive(text, append(c.Unmasked.Value, "ALL"))
			}
		case "mask":
			c.Masked = append(c.Masked, strings.Split(value, ":")...)
		case "proc-opts":
		default:
			if b.unknown(o) { // it may be any of them
				c.NoNewPrivileges = podman.UnknownAt[bool](at)
			}
		}
	}
}

// selinux reads the label's type and level. Of what a pod was given, a member has the label, unless it asks for one
// itself; its seccomp filter and no-new-privileges are its own (tried on 4.3.1 and 5.4.2).
func (b builder) selinux(c *podman.Confinement) {
	const flag = "--security-opt"
	c.Label, c.LabelLevel = unset(b, "", flag), unset(b, "", flag)
	given := false
	for _, o := range b.All("security-opt") {
		key, value, _ := cutSecurityOption(o.Value)
		if key != "label" {
			continue
		}
		given = true
		at := b.origin(o)
		kind, name, _ := strings.Cut(value, ":")
		switch {
		case b.unknown(o):
			c.Label = podman.UnknownAt[string](at)
		case value == "disable":
			c.Label = podman.Set(value, at)
		case kind == "type" && c.Label.Value != "disable":
			c.Label = podman.Set(name, at)
		case kind == "level":
			c.LabelLevel = podman.Set(name, at)
		}
	}
	if pod, ok := b.pod(); ok && !given && pod.infra() {
		var ofPod podman.Confinement
		pod.selinux(&ofPod)
		if ofPod.Label.State != podman.StateDefault {
			c.Label = ofPod.Label
		}
		if ofPod.LabelLevel.State != podman.StateDefault {
			c.LabelLevel = ofPod.LabelLevel
		}
	}
}

// cutSecurityOption splits "label=disable", or "no-new-privileges:true" as it used to be written.
func cutSecurityOption(option string) (key, value string, given bool) {
	i := strings.IndexAny(option, "=:")
	if i < 0 {
		return option, "", false
	}
	return option[:i], option[i+1:], true
}

// files reads --read-only and what is mounted.
func (b builder) files(made *podman.Container) {
	made.Files.ReadOnly = b.boolean("read-only")
	mounts := b.mounts()
	b.tmpfs(made)
	made.Files.Devices = b.devices()
	b.deviceRules(made)
	// What an unknown word or --volumes-from may add is not known, what is written here is.
	var lenders []string
	for _, o := range b.All("volumes-from") {
		name, _, _ := strings.Cut(o.Value, ":")
		lenders = append(lenders, name)
	}
	if len(lenders) > 0 && !b.Pod {
		made.Files.Missing = "what it mounts from " + strings.Join(lenders, ", ") + " is not known"
	}
	if made.Pod != "" {
		mounts = b.filesOfPod(made, mounts)
	}
	made.Files.Mounts = podman.Set(mounts, b.defaultOrigin("--volume"))
}

// filesOfPod adds what the pod of a container mounts and gives of the host's devices: Podman puts that of the infra
// container into every member, and refuses one that mounts something else there. It does not so with the pod's
// --volumes-from, nor where there is no infra container (all tried on 4.3.1 and 5.4.2).
func (b builder) filesOfPod(made *podman.Container, mounts []podman.Mount) []podman.Mount {
	pod, ok := b.pod()
	if !ok {
		made.Files.Missing = "what its pod " + made.Pod + " mounts is not known"
		if made.Files.Devices.State == podman.StateDefault {
			made.Files.Devices.State = podman.StateUnknown
		}
		return mounts
	}
	if given := pod.devices(); given.State != podman.StateDefault && !made.Confinement.Privileged.Value {
		own := made.Files.Devices
		if own.State == podman.StateDefault {
			own = podman.Derive(given, own.Value)
		}
		own.Value = append(own.Value, given.Value...)
		made.Files.Devices = own
	}
	return append(mounts, pod.mounts()...)
}

// infra reports whether a pod has an infra container, through which its members get what the pod was given.
func (c *Command) infra() bool {
	_, given := c.Last("infra")
	return !given || c.Bool("infra")
}

// mounts reads --volume and --mount.
func (b builder) mounts() []podman.Mount {
	mounts := []podman.Mount{}
	if b.Pod && !b.infra() {
		return mounts
	}
	for _, o := range b.All("volume") {
		if m, ok := b.volume(o); ok {
			mounts = append(mounts, m)
		}
	}
	for _, o := range b.All("mount") {
		if m, ok := b.mount(o); ok {
			mounts = append(mounts, m)
		}
	}
	return mounts
}

// volume reads [SOURCE:]DESTINATION[:OPTIONS].
func (b builder) volume(o Option) (podman.Mount, bool) {
	parts := splitVolume(o.Value)
	if len(parts) < 2 {
		return podman.Mount{Type: "volume", Destination: o.Value, Writable: true, Origin: b.origin(o)}, o.Value != ""
	}
	m := podman.Mount{Source: parts[0], Destination: parts[1], Writable: true, Recursive: true, Origin: b.origin(o)}
	if len(parts) > 2 {
		for option := range strings.SplitSeq(parts[2], ",") {
			switch option {
			case "ro":
				m.Writable = false
			case "O":
				m.Writable, m.Recursive = false, false
			case "rro":
				m.Writable, m.ReadOnlyBelow = false, true
			case "bind":
				m.Recursive = false
			case "z", "Z":
				m.Relabel = option
			case "U":
				m.Chown = true
			case "shared", "rshared", "slave", "rslave", "private", "rprivate":
				m.Propagation = option
			}
		}
	}
	return b.source(m), true
}

// splitVolume splits at colons, but not at those inside ${VARIABLE:-DEFAULT} or {{ EXPRESSION }}.
func splitVolume(value string) []string {
	var parts []string
	depth, from := 0, 0
	for i := range len(value) {
		switch c := value[i]; {
		case c == '{' && (depth > 0 || i > 0 && value[i-1] == '$' || strings.HasPrefix(value[i:], "{{")):
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == ':' && depth == 0 && len(parts) < 2:
			parts = append(parts, value[from:i])
			from = i + 1
		}
	}
	return append(parts, value[from:])
}

// source tells a path from the name of a volume: a path starts with a slash, a dot or a tilde, or with something that
// is only known when the command is run.
func (b builder) source(m podman.Mount) podman.Mount {
	if strings.HasPrefix(m.Source, "/") {
		m.Type, m.Source = "bind", path.Clean(m.Source)
		return m
	}
	if strings.HasPrefix(m.Source, ".") || strings.HasPrefix(m.Source, "~") || strings.ContainsAny(m.Source, "/$%{") {
		m.Type = "bind"
		return m
	}
	m.Type, m.Name = "volume", m.Source
	if b.ctx.Volume != nil && m.Name != "" {
		v := b.ctx.Volume(m.Name)
		m.Disk = v.Disk
		if v.Path != "" {
			m.Source = v.Path
		}
	}
	return m
}

// Volume is what a volume stands for of the host's.
type Volume struct {
	// Path is the path that it is bound to, empty for none.
	Path string
	// Disk is the block device whose filesystem it is, empty for none.
	Disk string
}

// VolumeOf returns what a volume stands for that is made with a type, mount options separated by commas, and a device
// (podman-volume-create(1), --opt).
func VolumeOf(kind, options, device string) Volume {
	list := strings.Split(options, ",")
	switch {
	case kind == "bind" || slices.Contains(list, "bind") || slices.Contains(list, "rbind"):
		return Volume{Path: device}
	case strings.HasPrefix(path.Clean(device), "/dev/") && kind != "none":
		return Volume{Disk: path.Clean(device)}
	}
	return Volume{}
}

// mount reads the fields of --mount.
func (b builder) mount(o Option) (podman.Mount, bool) {
	fields, err := csv.NewReader(strings.NewReader(o.Value)).Read()
	if err != nil {
		return podman.Mount{}, false
	}
	m := podman.Mount{Type: "volume", Writable: true, Recursive: true, Origin: b.origin(o)}
	for _, field := range fields {
		key, value, given := strings.Cut(field, "=")
		switch key {
		case "type":
			m.Type = value
		case "source", "src":
			m.Source = value
		case "destination", "dest", "dst", "target":
			m.Destination = value
		case "readonly", "ro":
			on, err := strconv.ParseBool(value)
			m.Writable = given && err == nil && !on
			m.ReadOnlyBelow = value == "recursive"
		case "rw":
			on, err := strconv.ParseBool(value)
			m.Writable = !given || err != nil || on
		case "bind-propagation", "propagation":
			m.Propagation = value
		case "shared", "rshared", "slave", "rslave", "private", "rprivate":
			m.Propagation = key
		case "z", "Z":
			m.Relabel = key
		case "relabel":
			m.Relabel = map[string]string{"shared": "z", "private": "Z"}[value]
		case "U", "chown":
			on, err := strconv.ParseBool(value)
			m.Chown = !given || err == nil && on
		case "bind-nonrecursive":
			on, err := strconv.ParseBool(value)
			m.Recursive = given && err == nil && !on
		}
	}
	switch m.Type {
	case "bind", "glob":
		kept := m.Type
		m = b.source(m)
		m.Type = kept
		if kept == "glob" { // one mount for each path that matches
			m.Type = "bind"
		}
		return m, true
	case "volume":
		if m.Source == "" {
			return m, true
		}
		return b.source(m), true
	case "image":
		return m, true
	default: // tmpfs, devpts, ramfs, artifact: nothing of the host
		return m, false
	}
}

// environment reads --env and --env-file. A variable without a value is taken from the environment of whoever runs the
// command: nothing is known about it.
func (b builder) environment(made *podman.Container) {
	variables := map[string]podman.Variable{}
	var order []string
	put := func(v podman.Variable) {
		if _, ok := variables[v.Name]; !ok {
			order = append(order, v.Name)
		}
		variables[v.Name] = v
	}
	known := true
	for _, o := range b.All("env-file") {
		if b.ctx.EnvironmentFile == nil || b.unknown(o) {
			known = false
			continue
		}
		found, err := b.ctx.EnvironmentFile(o.Value)
		if err != nil {
			known = false
		}
		for _, v := range found {
			put(v)
		}
	}
	for _, o := range b.All("env") {
		name, value, given := strings.Cut(o.Value, "=")
		v := podman.Variable{Name: name, Value: podman.Sensitive(value), Owner: podman.OwnerUser, Origin: b.origin(o)}
		if !given {
			v.Owner = podman.OwnerUnknown
		}
		put(v)
	}
	secrets := b.SecretVariables()
	list := make([]podman.Variable, 0, len(order))
	for _, name := range order {
		if _, ok := secrets[name]; !ok {
			list = append(list, variables[name])
		}
	}
	made.HostEnvironment = b.boolean("env-host")
	made.SecretVariables, made.SecretFiles = b.secrets()
	made.Environment = podman.Set(list, b.defaultOrigin("--env"))
	if !known && len(list) == 0 {
		made.Environment.State = podman.StateUnknown
	}
}

// texts collects the other strings in which people write secrets.
func (b builder) texts(made *podman.Container) {
	var found []podman.ConfigString
	for _, o := range b.Options {
		origin := b.origin(o)
		switch o.Name {
		case "label", "annotation":
			name, value, _ := strings.Cut(o.Value, "=")
			found = append(found, podman.ConfigString{Place: o.Name, Name: name,
				Words: []podman.Sensitive{podman.Sensitive(value)}, Origin: origin})
		case "entrypoint":
			found = append(found,
				podman.ConfigString{Place: "argument", Words: sensitive(commandWords(o.Value)), Origin: origin})
		case "health-cmd", "health-startup-cmd":
			found = append(found,
				podman.ConfigString{Place: "health check", Words: sensitive(commandWords(o.Value)), Origin: origin})
		case "hostname":
			found = append(found, podman.ConfigString{Place: "hostname",
				Words: []podman.Sensitive{podman.Sensitive(o.Value)}, Origin: origin})
		default:
			if !HasOwnField(o.Name) && !o.IsAccount() {
				found = append(found, podman.ConfigString{Place: "option", Name: "--" + o.Name,
					Words: []podman.Sensitive{podman.Sensitive(o.Value)}, Origin: origin})
			}
		}
	}
	if len(b.Args) > 0 {
		text := podman.ConfigString{Place: "argument", Words: sensitive(b.Args),
			Origin: b.ctx.Definition.Origin.At("arguments")}
		first := len(b.ctx.Words) - len(b.Args)
		for i := range b.Args {
			text.WordOrigins = append(text.WordOrigins, b.ctx.Words[first+i].Origin)
		}
		text.Origin = text.WordOrigins[0]
		found = append(found, text)
	}
	made.ConfigStrings = podman.Set(found, b.defaultOrigin(""))
}

// IsAccount reports whether an option is a line of passwd or group without a password in it.
func (o Option) IsAccount() bool {
	const name, password = 0, 1
	fields := strings.Split(o.Value, ":")
	return (o.Name == "passwd-entry" || o.Name == "group-entry") && len(fields) > password && fields[name] != "" &&
		slices.Contains([]string{"", "*", "x", "!", "!!", "!*"}, fields[password])
}

// commandWords splits a command that is given as one word: a JSON list, or words separated by spaces.
func commandWords(value string) []string {
	if words, ok := jsonWords(value); ok {
		return words
	}
	return strings.Fields(value)
}

func sensitive(words []string) []podman.Sensitive {
	out := make([]podman.Sensitive, len(words))
	for i, w := range words {
		out[i] = podman.Sensitive(w)
	}
	return out
}
