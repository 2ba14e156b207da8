package live

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
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
	// volumes asks for the paths that volumes are bound to, once, when the first volume is met.
	volumes func(context.Context) (map[string]string, error)
	// podUnits holds, by the pod's ID, the systemd unit of each infra container, empty for none.
	podUnits map[string]string

	mu       sync.Mutex
	problems []Problem
}

func newReader(c *client) *reader {
	r := &reader{client: c, images: imageCache{client: c, asked: map[string]*lookup{}}, podUnits: map[string]string{}}
	var once sync.Once
	var paths map[string]string
	var failure error
	r.volumes = func(ctx context.Context) (map[string]string, error) {
		once.Do(func() {
			if paths, failure = c.boundVolumes(ctx); failure != nil {
				r.problem("volumes", failure)
			}
		})
		return paths, failure
	}
	return r
}

// problem names a failed look-up, once for each target: many containers may share an image.
func (r *reader) problem(target string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Target == target }) {
		r.problems = append(r.problems, Problem{target, err})
	}
}

// container inspects one container. What depends on the host is left to onHost.
func (r *reader) container(ctx context.Context, row listed) (*podman.Container, error) {
	var data inspected
	if err := r.client.get(ctx, "/containers/"+url.PathEscape(row.ID)+"/json", nil, maxAnswer, &data); err != nil {
		return nil, err
	}
	if data.ID == "" || data.Config == nil || data.HostConfig == nil {
		return nil, errors.New("the service's answer is not what Podman sends: it has no Id, Config or HostConfig")
	}
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
	r.namespaces(c, &data, made)
	r.capabilities(c, &data, made)
	confinement(c, &data, made)
	r.files(ctx, c, &data)
	r.settings(ctx, c, &data, made)
	if data.Pod == "" || r.client.version.Before(podman.Version{Major: 4, Minor: 5}) {
		c.Lifecycle.UpdateUnit = podman.Set(c.Unit, podman.Field("Config.Labels"))
	} else if unit, ok := r.podUnits[data.Pod]; ok {
		c.Lifecycle.UpdateUnit = podman.Set(unit, podman.Field("the infra container's Config.Labels"))
	}
	image := r.image(ctx, c, &data)
	r.process(ctx, c, &data)
	c.Environment = environment(&data, made, image, r.client.version)
	c.ConfigStrings = texts(&data, made, image)
	return c, nil
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
	if made != nil {
		c.Capabilities.Requested = podman.Set(made.Capabilities(), podman.Field("Config.CreateCommand"))
	}
}

// confinement reads no-new-privileges, which inspect takes from the OCI spec, and --privileged, which it takes from an
// annotation that anybody can give a container on Podman 5: it only counts with the capabilities that go with it.
func confinement(c *podman.Container, data *inspected, made *command.Command) {
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
	case made != nil && made.Bool("privileged"), slices.Contains(data.BoundingCaps.value, "CAP_SYS_ADMIN"):
		c.Confinement.Privileged = podman.Set(true, podman.Field(field))
	case data.BoundingCaps.present:
		c.Confinement.Privileged = podman.Set(false, podman.Field("BoundingCaps"))
	}
}

// files reads the root filesystem's mode and what the user mounted.
func (r *reader) files(ctx context.Context, c *podman.Container, data *inspected) {
	if ro := data.HostConfig.ReadonlyRootfs; ro != nil {
		c.Files.ReadOnly = podman.DefaultTo(false, podman.Field("HostConfig.ReadonlyRootfs"))
		if *ro {
			c.Files.ReadOnly = podman.Set(true, podman.Field("HostConfig.ReadonlyRootfs"))
		}
	}
	if !data.Mounts.present {
		return
	}
	mounts := make([]podman.Mount, 0, len(data.Mounts.value))
	for i, m := range data.Mounts.value {
		mount := podman.Mount{
			Type: m.Type, Name: m.Name, Source: m.Source, Destination: m.Destination, Writable: m.RW,
			Recursive:   !slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind"),
			Propagation: m.Propagation, Relabel: m.Mode, Chown: slices.Contains(m.Options, "U"),
			Origin: podman.Field(fmt.Sprintf("Mounts[%d]", i)),
		}
		lower := lowerDir(m.Options)
		switch {
		case lower != "": // -v PATH:DEST:O; the writes stay in Podman's storage
			mount.Source, mount.Writable = lower, false
		case m.Type == "bind" && (strings.Contains(m.Source, "/overlay-containers/") || m.Source == "devpts"):
			continue // the second row of --mount type=image, and Podman's own terminals
		case m.Type == "volume":
			if paths, err := r.volumes(ctx); err == nil && paths[m.Name] != "" {
				mount.Source = paths[m.Name]
			}
		}
		mounts = append(mounts, mount)
	}
	c.Files.Mounts = podman.Set(mounts, podman.Field("Mounts"))
}

func lowerDir(options []string) string {
	for _, option := range options {
		if dir, ok := strings.CutPrefix(option, "lowerdir="); ok {
			return dir
		}
	}
	return ""
}

// boundVolumes returns the host paths that volumes stand for which were made with `-o type=none -o o=bind -o
// device=PATH`. Inspect shows such a volume like any other.
func (c *client) boundVolumes(ctx context.Context) (map[string]string, error) {
	var volumes []struct {
		Name    string
		Options map[string]string
	}
	if err := c.get(ctx, "/volumes/json", nil, maxList, &volumes); err != nil {
		return nil, fmt.Errorf("listing the volumes: %w", err)
	}
	paths := map[string]string{}
	for _, v := range volumes {
		device := v.Options["device"]
		if strings.HasPrefix(device, "/") && slices.ContainsFunc(strings.Split(v.Options["o"], ","),
			func(o string) bool { return o == "bind" || o == "rbind" }) {
			paths[v.Name] = device
		}
	}
	return paths, nil
}

// process resolves the user to a UID as the runtime does: nothing is root, digits are a UID, a name is looked up in the
// container's own passwd.
func (r *reader) process(ctx context.Context, c *podman.Container, data *inspected) {
	if data.Config.User == nil {
		return
	}
	const field = "Config.User"
	c.Process.User = podman.Set(*data.Config.User, podman.Field(field))
	name, _, _ := strings.Cut(*data.Config.User, ":")
	if *data.Config.User == "" {
		c.Process.User.State = podman.StateDefault
	}
	switch number, err := strconv.Atoi(name); {
	case name == "":
		c.Process.UID = podman.DefaultTo(uint32(0), podman.Field(field))
	case name == "root":
		c.Process.UID = podman.Set(uint32(0), podman.Field(field))
	case err == nil && number >= 0 && int64(number) <= 1<<32-2:
		c.Process.UID = podman.Set(uint32(number), podman.Field(field))
	case err != nil:
		uid, err := r.client.lookUser(ctx, c.ID, name)
		switch {
		case err == nil:
			c.Process.UID = podman.Set(uid, podman.Field("/etc/passwd"))
		case isNotFound(err), errors.Is(err, errNoUser), noSuchUser(err): // such a container does not start
		default:
			r.problem(c.Name, fmt.Errorf("who user %q is: %w", name, err))
		}
	}
}

// noSuchUser reports whether the service could not read a container's file because it does not find the container's
// user.
func noSuchUser(err error) bool {
	var answer *answerError
	return errors.As(err, &answer) && strings.Contains(answer.message, "unknown user")
}

var errNoUser = errors.New("no such user")

// lookUser looks a name up in the container's /etc/passwd, which the service reads without starting anything.
func (c *client) lookUser(ctx context.Context, id, name string) (uint32, error) {
	accounts, err := c.accounts(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, a := range accounts {
		if a.Name == name {
			return a.UID, nil
		}
	}
	return 0, errNoUser
}

// word names a word of the recorded command line as an API field.
func word(index int) string {
	return fmt.Sprintf("Config.CreateCommand[%d]", index)
}
