package prove

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/podman/command"
)

// result is how one copy behaved.
type result struct {
	healthy bool
	// reason is what was seen of a copy that is not healthy: a line of its log, or Podman's error.
	reason string
	// notTried is set where Podman, and not the service, failed: nothing is known about the fixes then.
	notTried bool
	// written holds the paths that it has written.
	written []string
}

// dropped holds the options that a copy does not get: those that tie the original to its name, unit, addresses, ports
// and labels, by which others find it, and those that write files of the host.
var dropped = []string{
	"name", "replace", "rm", "detach", "cidfile", "pidfile", "conmon-pidfile", "pod", "pod-id-file", "cgroups",
	"cgroup-parent", "sdnotify", "restart", "publish", "publish-all", "ip", "ip6", "mac-address", "network-alias",
	"hostname", "label", "label-file", "annotation", "interactive", "tty", "attach", "log-driver", "log-opt", "pull",
	"stop-timeout", "stop-signal", "tls-verify", "requires", "rmi", "init-ctr", "preserve-fds", "preserve-fd",
	"detach-keys", "sig-proxy", "timeout", "health-log-destination", "health-max-log-count", "health-max-log-size",
	"creds", "authfile", "decryption-key", "cert-dir", "signature-policy", "infra-name", "init-path", "hooks-dir",
}

// copyCommand is the command line that makes a copy, without the program.
type copyCommand struct {
	args []string
	// image is the index of the image: the words behind it are the service's.
	image int
	// variables holds the original's --env, in order; a copy gets them by a file that others cannot read.
	variables []string
}

// copyCommand makes the command line of a copy from that of the original, with the fixes of a candidate.
func (p *prover) copyCommand(ctx context.Context, words []string) (*copyCommand, error) {
	made, err := command.Parse(words)
	if err != nil {
		return nil, err
	}
	ownUsers := slices.ContainsFunc(made.Options, func(o command.Option) bool {
		return command.ForUserNamespace(o.Name) && (o.Name != "userns" || o.Value != "host" && o.Value != "")
	})
	c := &copyCommand{args: []string{
		"run", "--detach", "--name", p.current, "--label", Label + "=" + owner(), "--log-driver", "k8s-file", "--pull",
		"never",
		"--timeout", fmt.Sprint(p.lifetime()),
	}}
	if p.opts.Memory != "" && len(made.All("memory")) == 0 {
		c.args = append(c.args, "--memory", p.opts.Memory)
	}
	networks := false
	for _, o := range made.Options {
		value, keep, err := p.copyOption(ctx, o, ownUsers, c)
		if err != nil {
			return nil, err
		}
		networks = networks || keep && o.Name == "network"
		switch {
		case !keep:
		case value == "true" && isSwitch(o.Name):
			c.args = append(c.args, "--"+o.Name)
		default:
			c.args = append(c.args, "--"+o.Name+"="+value)
		}
	}
	if !networks && p.opts.Network != NetworkShared {
		c.args = append(c.args, "--network="+p.network)
	}
	image := p.subject.Image
	switch {
	case made.Bool("rootfs"):
		directory, _, _ := strings.Cut(made.Image, ":")
		image = directory + ":O"
	case image == "":
		image = made.Image
	}
	c.image = len(c.args)
	c.args = append(append(c.args, image), made.Args...)
	return c, nil
}

// shown returns the command line with the variables in it, as a person would write it.
func (c *copyCommand) shown() []string {
	variables := make([]string, len(c.variables))
	for i, v := range c.variables {
		variables[i] = "--env=" + v
	}
	return slices.Insert(slices.Clone(c.args), c.image, variables...)
}

// copyOption returns the value of an option for a copy, and whether the copy gets the option at all.
func (p *prover) copyOption(ctx context.Context, o command.Option, ownUsers bool,
	c *copyCommand) (string, bool, error) {
	value := o.Value
	switch o.Name {
	case "env":
		c.variables = append(c.variables, value)
		return "", false, nil
	case "network":
		network, keep := p.copyNetwork(value)
		return network, keep, nil
	case "dns":
		return value, p.opts.Network == NetworkShared, nil
	case "memory":
		if value == "512m" && p.opts.Memory != "" { // podlint's own suggestion is not a measurement
			value = p.opts.Memory
		}
	case "volume":
		if m := parseVolume(value); m != nil {
			volume, err := p.throwAway(ctx, m, ownUsers)
			return volume, true, err
		}
	case "mount":
		m, err := parseMount(value)
		if err != nil {
			return "", false, err
		}
		if m != nil {
			volume, err := p.throwAway(ctx, m, ownUsers)
			c.args = append(c.args, "--volume="+volume)
			return "", false, err
		}
	}
	return value, !slices.Contains(dropped, o.Name), nil
}

// copyNetwork returns the value of --network for a copy. An isolated copy is in no network of the original's. In a
// shared one it has no address, alias or port of the original's.
func (p *prover) copyNetwork(value string) (string, bool) {
	if p.opts.Network != NetworkShared {
		return value, value == "none"
	}
	name, details, _ := strings.Cut(value, ":")
	switch name {
	case "container", "ns", "host", "none":
		return value, true
	case "pasta", "slirp4netns": // their details publish ports
		return name, true
	}
	kept := slices.DeleteFunc(strings.Split(details, ","), func(detail string) bool {
		key, _, _ := strings.Cut(detail, "=")
		return slices.Contains([]string{"", "ip", "ip6", "mac", "alias", "host_interface_name"}, key)
	})
	return strings.TrimSuffix(name+":"+strings.Join(kept, ","), ":"), true
}

// lifetime is how many seconds a copy may run before Podman ends it. A copy that podlint looks at has ended long
// before; one whose podlint was killed ends by itself.
func (p *prover) lifetime() int {
	const margin = 2 * time.Minute
	return int((max(p.opts.Patience, p.opts.For) + margin).Seconds())
}

// environment returns the content of an environment file, options of the command line and variables of Podman's own
// environment that pass a copy's variables. No value of theirs is on a command line, which every account can read.
func (c *copyCommand) environment() (file string, options, own []string, err error) {
	values, order := map[string]string{}, []string{}
	for _, v := range c.variables {
		name, _, _ := strings.Cut(v, "=")
		if _, again := values[name]; again {
			order = slices.DeleteFunc(order, func(n string) bool { return n == name })
		}
		values[name] = v
		order = append(order, name)
	}
	for _, name := range order {
		v := values[name]
		_, _, assigned := strings.Cut(v, "=")
		const longestLine = 60000 // Podman reads lines of up to 64 KiB
		switch {
		case !assigned: // it comes from the environment of whoever runs Podman
			options = append(options, "--env="+name)
		case !strings.ContainsAny(v, "\n\r") && len(v) < longestLine && !strings.ContainsAny(name[:1], "# \t"):
			file += v + "\n"
		case steersPodman(name):
			return "", nil, nil, fmt.Errorf("a copy cannot have the variable %s: its value has several lines", name)
		default:
			options = append(options, "--env="+name)
			own = append(own, v)
		}
	}
	return file, options, own, nil
}

// steersPodman reports whether Podman, or a program that it starts, reads a variable of its own environment.
func steersPodman(name string) bool {
	return slices.ContainsFunc([]string{
		"PATH", "HOME", "USER", "TMPDIR", "XDG_", "CONTAINER", "CONTAINERS_", "PODMAN_", "DOCKER_", "BUILDAH_",
		"STORAGE_", "LD_", "GO", "LISTEN_", "NOTIFY_SOCKET", "DBUS_", "REGISTRY_", "SSL_", "_", "HTTP_PROXY",
		"HTTPS_PROXY", "NO_PROXY", "http", "TZ", "LC_", "LANG", "NETAVARK", "SSH_",
	}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// start runs the command line of a copy and returns the container's ID.
func (p *prover) start(ctx context.Context, c *copyCommand) (string, error) {
	file, options, own, err := c.environment()
	if err != nil {
		return "", err
	}
	if file != "" {
		path := filepath.Join(p.dir, p.current+".env")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			return "", err
		}
		defer os.Remove(path)
		options = append([]string{"--env-file=" + path}, options...)
	}
	// Behind the original's own --env-file, since of two values the last one counts.
	out, err := p.engine.runWith(ctx, own, slices.Insert(slices.Clone(c.args), c.image, options...)...)
	return strings.TrimSpace(out), err
}

// isSwitch reports whether an option takes no value.
func isSwitch(flag string) bool {
	opts, err := command.Flags([]string{"--" + flag}, false)
	return err == nil && len(opts) == 1
}

// randomName returns a name that nothing else has.
func randomName() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it does not fail, by its documentation
	return namePrefix + hex.EncodeToString(random[:])
}

// try makes a copy, waits for it to be healthy, and removes it. An error means that podlint cannot go on.
func (p *prover) try(ctx context.Context, what string, c candidate) (result, error) {
	if ctx.Err() != nil {
		return result{}, context.Cause(ctx)
	}
	begun := time.Now()
	r, err := p.copyOnce(ctx, c)
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	if err != nil {
		r = result{reason: p.engine.Redact(err.Error()), notTried: true}
	}
	if p.started == 0 {
		p.started = time.Since(begun)
	}
	p.result.Copies++
	if p.opts.Step != nil {
		p.opts.Step(p.engine.Redact(what), r.healthy, time.Since(begun))
	}
	return r, nil
}

// copyOnce makes a copy, looks at it and removes it. An error means that no copy could be made.
func (p *prover) copyOnce(ctx context.Context, c candidate) (result, error) {
	p.current, p.volumes = randomName(), nil
	defer func() {
		for _, v := range p.volumes {
			p.cleaned(v, p.engine.removeVolume(ctx, v))
		}
	}()
	made, err := p.copyCommand(ctx, p.words(c))
	if err != nil {
		return result{}, err
	}
	if p.engine.Dry != nil {
		p.engine.Dry(p.engine.Redact(command.Join(append(slices.Clone(p.engine.Program), made.shown()...))))
		return result{healthy: true}, nil
	}
	id := ""
	defer func() {
		if id != "" {
			p.cleaned(p.current, p.engine.remove(ctx, id))
			return
		}
		p.cleaned(p.current, p.engine.removeOwn(ctx, p.current))
	}()
	if id, err = p.start(ctx, made); err != nil {
		id = ""
		if isPodmanFailure(err) {
			return result{}, err
		}
		return result{reason: err.Error()}, nil
	}
	return p.look(ctx, p.current), nil
}

// cleaned reports what could not be removed.
func (p *prover) cleaned(name string, err error) {
	if err != nil && p.engine.Dry == nil {
		p.notice(fmt.Sprintf("%s could not be removed: %s", name, err))
	}
}

func (p *prover) notice(text string) {
	if p.opts.Notice != nil {
		p.opts.Notice(p.engine.Redact(text))
	}
}

// isolate makes the network that copies are in, and returns what removes it.
func (p *prover) isolate(ctx context.Context) (remove func(), err error) {
	p.network = "none"
	if p.opts.Network == NetworkShared || p.usesNoNetwork() {
		return func() {}, nil
	}
	name := randomName()
	args := []string{"network", "create", "--internal", "--label", Label + "=" + owner()}
	if p.opts.URL == "" { // the host has an address in the network, by which it asks, only with a name server there
		args = append(args, "--disable-dns")
	}
	args = append(args, name)
	if p.engine.Dry != nil {
		p.network = name
		p.engine.Dry(command.Join(append(slices.Clone(p.engine.Program), args...)))
		return func() {}, nil
	}
	_, err = p.engine.run(ctx, args...)
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err != nil:
		p.notice("copies have no network at all, since podman network create fails: " + err.Error())
		return func() {}, nil //nolint:nilerr // the copies go without
	default:
		p.network = name
	}
	return func() { p.cleaned(name, p.engine.removeNetwork(ctx, name)) }, err
}

func (p *prover) usesNoNetwork() bool {
	made, err := command.Parse(p.originalWords())
	if err != nil {
		return false
	}
	networks := made.All("network")
	return len(networks) == 1 && networks[0].Value == "none"
}
