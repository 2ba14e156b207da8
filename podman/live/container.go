package live

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// reader turns a service's answers into containers. It asks once for each image and once for the volumes, whatever the
// number of containers that use them.
type reader struct {
	client *client
	images imageCache
	// volumes asks for the volumes that stand for something of the host's, once, when the first volume is met.
	volumes func(context.Context) (map[string]volume, error)
	// noSecrets asks, once, whether the service has no secret at all.
	noSecrets func(context.Context) bool
	// podUnits holds, by the pod's ID, the systemd unit of each infra container, empty for none.
	podUnits map[string]string
	// members holds, by the pod's ID, the IDs of its containers.
	members map[string][]string

	mu       sync.Mutex
	problems []podman.Problem
	// others holds the containers that others refer to, by the name or ID that they say.
	others map[string]*other
}

func newReader(c *client) *reader {
	r := &reader{client: c, images: imageCache{client: c, asked: map[string]*lookup{}}, podUnits: map[string]string{},
		others: map[string]*other{}, members: map[string][]string{}}
	var asked sync.Once
	var none bool
	r.noSecrets = func(ctx context.Context) bool {
		asked.Do(func() { none = c.noSecrets(ctx) })
		return none
	}
	var once sync.Once
	var found map[string]volume
	var failure error
	r.volumes = func(ctx context.Context) (map[string]volume, error) {
		once.Do(func() {
			if found, failure = c.hostVolumes(ctx); failure != nil {
				r.problem("volumes", failure)
			}
		})
		return found, failure
	}
	return r
}

// noSecrets reports whether the service is known to have no secrets. Their names are asked for, never their values.
func (c *client) noSecrets(ctx context.Context) bool {
	var secrets []struct {
		ID string `json:"ID"`
	}
	err := c.get(ctx, "/secrets/json", nil, maxList, &secrets)
	return err == nil && len(secrets) == 0
}

// problem names a failed look-up, once for each target: many containers may share an image.
func (r *reader) problem(target string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.problems, func(p podman.Problem) bool { return p.Target == target }) {
		r.problems = append(r.problems, podman.Problem{Target: target, Err: err})
	}
}

// unknown names a look-up that failed and leaves one setting of a container unknown, which does not make the scan
// incomplete.
func (r *reader) unknown(containers []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	target := containers[0]
	if more := containers[1:]; len(more) > 0 {
		err = fmt.Errorf("%w (the same for %s)", err, firstFew(more))
	}
	r.problems = append(r.problems, podman.Problem{Target: target, Err: err, Warning: true})
}

// container inspects one container. What depends on the host is left to onHost.
func (r *reader) container(ctx context.Context, row listed) (*readContainer, error) {
	var data inspected
	if err := r.client.get(ctx, "/containers/"+url.PathEscape(row.ID)+"/json", nil, maxAnswer, &data); err != nil {
		return nil, err
	}
	if data.ID == "" || data.Config == nil || data.HostConfig == nil {
		return nil, errors.New("the service's answer is not what Podman sends: it has no Id, Config or HostConfig")
	}
	c := r.build(ctx, row, &data)
	r.joins(ctx, c.Container)
	r.processes(ctx, c, row)
	return c, nil
}

// build makes a container of an inspect answer.
func (r *reader) build(ctx context.Context, row listed, data *inspected) *readContainer {
	c := &podman.Container{
		Name:    strings.TrimPrefix(data.Name, "/"),
		ID:      data.ID,
		Kind:    podman.KindContainer,
		Created: data.Created,
		Pod:     data.Pod,
		Unit:    data.Config.Labels["PODMAN_SYSTEMD_UNIT"],
	}
	switch {
	case data.IsInfra:
		c.Kind = podman.KindInfra
	case data.IsService:
		c.Kind = podman.KindService
	}
	c.State, c.Started = data.State.Status, data.State.StartedAt
	if row.PodName != "" {
		c.Pod = row.PodName
	}
	made, err := command.Parse(data.Config.CreateCommand)
	if err != nil {
		made = nil // not there, or no command line that tells how the container was made
	}

	if made != nil {
		words := make([]podman.Sensitive, len(data.Config.CreateCommand))
		for i, w := range data.Config.CreateCommand {
			words[i] = podman.Sensitive(w)
		}
		c.CreateCommand = podman.Set(words, podman.Field("Config.CreateCommand"))
	}
	r.namespaces(c, data, made)
	r.capabilities(c, data, made)
	r.confinement(c, data, made)
	r.files(ctx, c, data, made)
	r.settings(ctx, c, data, made)
	if data.Pod == "" || r.client.version.Before(podman.Version{Major: 4, Minor: 5}) {
		c.Lifecycle.UpdateUnit = podman.Set(c.Unit, podman.Field("Config.Labels"))
	} else if unit, ok := r.podUnits[data.Pod]; ok {
		c.Lifecycle.UpdateUnit = podman.Set(unit, podman.Field("the infra container's Config.Labels"))
	}
	image := r.image(ctx, c, data)
	named := process(c, data, made)
	c.Environment = environment(data, made, image, r.client.version, func() bool { return r.noSecrets(ctx) })
	c.ConfigStrings = texts(data, made, image)
	return &readContainer{Container: c, named: named, pid: data.State.Pid}
}

// namespaces reads the ID mappings, which are relative to the user namespace that Podman runs in.
func (r *reader) namespaces(c *podman.Container, data *inspected, made *command.Command) {
	const field = "HostConfig.IDMappings"
	config := data.HostConfig
	if config.UsernsMode != nil {
		c.Namespaces.User = podman.Set(*config.UsernsMode, podman.Field("HostConfig.UsernsMode"))
		mapped := config.IDMappings != nil && (len(config.IDMappings.UIDMap) > 0 || len(config.IDMappings.GIDMap) > 0)
		switch {
		case mapped:
			c.Namespaces.UIDs = mapping(config.IDMappings.UIDMap, field+".UidMap")
			c.Namespaces.GIDs = mapping(config.IDMappings.GIDMap, field+".GidMap")
		case *config.UsernsMode == "" || *config.UsernsMode == "host":
			c.Namespaces.UIDs = podman.DefaultTo[podman.IDMap](nil, podman.Field("HostConfig.UsernsMode"))
			c.Namespaces.GIDs = podman.DefaultTo[podman.IDMap](nil, podman.Field("HostConfig.UsernsMode"))
		}
	}

	if config.IpcMode == nil {
		return
	}
	const ipc = "HostConfig.IpcMode"
	if *config.IpcMode != "shareable" || !r.client.version.Before(podman.Version{Major: 4, Minor: 4}) {
		c.Namespaces.IPC = podman.Set(*config.IpcMode, podman.Field(ipc))
		return
	}
	// Podman before 4.4 says "shareable" for host, private, none and the default alike.
	if made == nil {
		return
	}
	if o, ok := made.Last("ipc"); ok && o.Value != "" {
		c.Namespaces.IPC = podman.Set(o.Value, podman.Field(word(o.Index)))
	} else {
		c.Namespaces.IPC = podman.DefaultTo(*config.IpcMode, podman.Field(ipc))
	}
}

func mapping(lines []string, field string) podman.Setting[podman.IDMap] {
	m, err := podman.ParseIDMap(lines)
	if err != nil || len(m) == 0 {
		return podman.Setting[podman.IDMap]{}
	}
	return podman.Set(m, podman.Field(field))
}

// onHost puts a container on its host: it composes the mappings down to the host's IDs. A container without a user
// namespace of its own has Podman's.
func onHost(c *podman.Container, host *podman.Host) {
	c.Host = host
	c.Namespaces.UIDs = composed(c.Namespaces.UIDs, host.UIDs)
	c.Namespaces.GIDs = composed(c.Namespaces.GIDs, host.GIDs)
}

func composed(own podman.Setting[podman.IDMap], engine podman.IDMap) podman.Setting[podman.IDMap] {
	switch {
	case len(engine) == 0:
		return podman.Setting[podman.IDMap]{}
	case own.State == podman.StateDefault:
		own.Value = engine
	case own.State == podman.StateSet:
		own.Value = own.Value.Through(engine)
	}
	return own
}

// capabilities reads the bounding set, where null means none. EffectiveCaps is empty for every process that Podman does
// not recognise as root's, CapAdd and CapDrop are differences to a default that may have changed since.
func (r *reader) capabilities(c *podman.Container, data *inspected, made *command.Command) {
	if data.BoundingCaps.present {
		slices.Sort(data.BoundingCaps.value)
		c.Capabilities.Bounding = podman.Set(data.BoundingCaps.value, podman.Field("BoundingCaps"))
	}
	if data.EffectiveCaps.present {
		c.Capabilities.Effective = podman.Set(data.EffectiveCaps.value, podman.Field("EffectiveCaps"))
	}
	if made != nil {
		c.Capabilities.Requested = podman.Set(made.Capabilities(), podman.Field("Config.CreateCommand"))
	}
}

// confinement reads no-new-privileges, which inspect takes from the OCI spec, and --privileged, which it takes from an
// annotation.
func (r *reader) confinement(c *podman.Container, data *inspected, made *command.Command) {
	config := data.HostConfig
	if config.SecurityOpt.present {
		c.Confinement.NoNewPrivileges = podman.DefaultTo(false, podman.Field("HostConfig.SecurityOpt"))
		if slices.Contains(config.SecurityOpt.value, "no-new-privileges") {
			c.Confinement.NoNewPrivileges = podman.Set(true, podman.Field("HostConfig.SecurityOpt"))
		}
	}
	if config.Privileged == nil {
		return
	}
	const field = "HostConfig.Privileged"
	switch {
	case !*config.Privileged:
		c.Confinement.Privileged = podman.DefaultTo(false, podman.Field(field))
	case r.isPrivileged(data, made):
		c.Confinement.Privileged = podman.Set(true, podman.Field(field))
	case data.BoundingCaps.present:
		c.Confinement.Privileged = podman.Set(false, podman.Field("BoundingCaps"))
	}
}

// isPrivileged reports whether a container that says that it is privileged has what goes with that. Podman 5 believes
// an annotation that anybody can give a container; Podman 4 writes it itself. What --privileged gives is every
// capability of the host, and nothing masked, which inspect shows from 4.7 on; where the command line asked for that by
// name it says nothing.
func (r *reader) isPrivileged(data *inspected, made *command.Command) bool {
	has := func(name string) bool { return slices.Contains(data.BoundingCaps.value, name) }
	switch {
	case !has("CAP_SYS_ADMIN"):
		return made != nil && made.Bool("privileged") && !data.BoundingCaps.present
	case made != nil && made.Bool("privileged"), r.client.version.Before(podman.Version{Major: 5, Minor: 0}):
		return true
	case made == nil: // one of the API
		return unmasksAll(data) && has("CAP_SYS_MODULE") && has("CAP_SYS_PTRACE")
	}
	// privileged=true of containers.conf leaves no trace in the command line
	unmasked := slices.ContainsFunc(made.All("security-opt"), func(o command.Option) bool {
		return strings.HasPrefix(o.Value, "unmask") || strings.HasPrefix(o.Value, "systempaths")
	})
	return unmasksAll(data) && !unmasked && has("CAP_SYS_MODULE") && has("CAP_SYS_PTRACE")
}

// files reads the root filesystem's mode and what the user mounted.
func (r *reader) files(ctx context.Context, c *podman.Container, data *inspected, made *command.Command) {
	if ro := data.HostConfig.ReadonlyRootfs; ro != nil {
		c.Files.ReadOnly = podman.DefaultTo(false, podman.Field("HostConfig.ReadonlyRootfs"))
		if *ro {
			c.Files.ReadOnly = podman.Set(true, podman.Field("HostConfig.ReadonlyRootfs"))
		}
	}
	if config := data.HostConfig; config.Cgroups != "" {
		c.Files.AnyDevice = r.anyDevice(c, data, made)
	}
	r.mounts(ctx, c, data)
}

// anyDevice tells whether no cgroup keeps a container from a device. In a user namespace the runtime sets up none; with
// --userns=auto Podman 4 chooses the map when the container's specification is made already, with its device cgroup,
// and what is in a pod with a map has one, too (4.3.1).
func (r *reader) anyDevice(c *podman.Container, data *inspected, made *command.Command) podman.Setting[bool] {
	disabled := podman.Set(data.HostConfig.Cgroups == "disabled", podman.Field("HostConfig.Cgroups"))
	uids := c.Namespaces.UIDs
	if disabled.Value || uids.State != podman.StateSet || slices.Equal(uids.Value, podman.IdentityMap()) {
		return disabled
	}
	mapped := podman.Set(true, podman.Field("HostConfig.IDMappings"))
	if !r.client.version.Before(podman.Version{Major: 5}) {
		return mapped
	}
	if made == nil {
		return podman.Setting[bool]{}
	}
	own := false
	for _, flag := range []string{"userns", "uidmap", "gidmap", "subuidname", "subgidname"} {
		o, ok := made.Last(flag)
		if ok && strings.HasPrefix(o.Value, "auto") {
			return disabled
		}
		own = own || ok
	}
	if _, inPod := made.Last("pod"); inPod && !own {
		return disabled
	}
	return mapped
}

// word names a word of the recorded command line as an API field.
func word(index int) string {
	return fmt.Sprintf("Config.CreateCommand[%d]", index)
}
