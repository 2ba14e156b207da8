package prove

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

const namePrefix = "podlint-proof-"

// trial is how one copy fared.
type trial struct {
	well bool
	// why is what was seen where it is not well: the last words of its log, or Podman's.
	why string
	// written holds the paths that it has written.
	written []string
}

// refusal returns why a container is not copied, empty where it is.
func refusal(text string) string {
	calls := command.Script{Text: text}.Calls()
	if len(calls) == 0 {
		return "podlint cannot read its command line"
	}
	for _, o := range calls[0].Options {
		switch o.Name {
		case "network", "pid", "ipc", "uts", "userns", "cgroupns":
			if strings.HasPrefix(o.Value, "container:") || strings.HasPrefix(o.Value, "ns:") {
				return fmt.Sprintf("it joins another's namespace (--%s=%s), whom a copy would disturb", o.Name, o.Value)
			}
			if o.Name == "network" && o.Value == "host" {
				return "it is on the host's network, where a copy would want the same ports"
			}
		case "pod", "pod-id-file":
			return "it is a member of a pod, whose network a copy would share; prove it outside of the pod"
		case "device", "device-cgroup-rule", "gpus":
			return "it uses a device of the host (--" + o.Name + "=" + o.Value + "), which a copy would use at the same time"
		case "volumes-from":
			return "it mounts the volumes of another container"
		case "privileged":
			return "it is privileged: a copy could do to the host whatever it does"
		case "volume", "mount":
			for _, socket := range []string{"podman.sock", "docker.sock", "containerd.sock", "system_bus_socket"} {
				if strings.Contains(o.Value, socket) {
					return "it speaks to " + socket + ", and a copy would too"
				}
			}
		}
	}
	return ""
}

// left out of a copy: what ties the original to its name, its unit and its ports.
var leftOut = []string{
	"name", "replace", "rm", "detach", "cidfile", "pidfile", "conmon-pidfile", "pod-id-file", "cgroups", "cgroup-parent", "sdnotify", "restart", "publish",
	"publish-all", "ip", "ip6", "mac-address", "network-alias", "interactive", "tty", "attach", "log-driver", "log-opt", "pull", "stop-timeout", "stop-signal", "tls-verify",
	"requires", "rmi", "init-ctr", "preserve-fds", "detach-keys", "sig-proxy",
}

// copied makes of a command line that of a copy. The copies of volumes that it needs are made by the given function, which returns a name.
func (p *prover) copied(name string, words []string, copyVolume func(source string) (string, error)) ([]string, error) {
	made, err := command.Parse(words)
	if err != nil {
		return nil, err
	}
	ownUsers := slices.ContainsFunc(made.Options, func(o command.Option) bool {
		return o.Name == "userns" && o.Value != "host" && o.Value != "" || o.Name == "uidmap" || o.Name == "gidmap" || o.Name == "subuidname" || o.Name == "subgidname"
	})
	args := []string{"run", "--detach", "--name", name, "--label", Label + "=" + owner(), "--log-driver", "k8s-file", "--pull", "never"}
	if p.opts.Memory != "" && len(made.All("memory")) == 0 {
		args = append(args, "--memory", p.opts.Memory)
	}
	for _, o := range made.Options {
		value := o.Value
		switch {
		case slices.Contains(leftOut, o.Name):
			continue
		case o.Name == "memory" && value == "512m" && p.opts.Memory != "": // podlint's own suggestion is no measurement
			value = p.opts.Memory
		case o.Name == "label" && (strings.HasPrefix(value, "PODMAN_SYSTEMD_UNIT=") || strings.HasPrefix(value, "io.containers.autoupdate")):
			continue
		case o.Name == "volume":
			if value, err = throwAway(value, ownUsers || !p.engine.hasVolume(value), copyVolume); err != nil {
				return nil, err
			}
		case o.Name == "mount":
			if plain, ok := asVolume(value); ok {
				if plain, err = throwAway(plain, ownUsers || !p.engine.hasVolume(plain), copyVolume); err != nil {
					return nil, err
				}
				args = append(args, "--volume="+plain)
				continue
			}
		}
		if value == "true" && isSwitch(o.Name) {
			args = append(args, "--"+o.Name)
			continue
		}
		args = append(args, "--"+o.Name+"="+value)
	}
	if ownUsers { // anonymous volumes of the image are Podman's own and are removed with the copy
		args = append(args, "--label", Label+".users=own")
	}
	image := p.subject.Image
	if image == "" {
		image = made.Image
	}
	return append(append(args, image), made.Args...), nil
}

// hasVolume reports whether the source of a mount is there: an overlay over a volume that is not would make it.
func (e *Engine) hasVolume(value string) bool {
	source, _, ok := strings.Cut(value, ":")
	if !ok || strings.ContainsAny(source, "/.") {
		return true
	}
	const enough = 10 * time.Second
	bounded, cancel := context.WithTimeout(context.Background(), enough)
	defer cancel()
	_, err := e.run(bounded, "volume", "exists", source)
	return err == nil
}

func isSwitch(flag string) bool {
	opts, err := command.Flags([]string{"--" + flag}, false)
	return err == nil && len(opts) == 1
}

// throwAway makes a mount of which nothing that is written stays: an overlay, or a copy where a user namespace forbids these or there is nothing
// to lay one over. Read-only mounts stay as they are.
func throwAway(value string, copied bool, copyVolume func(string) (string, error)) (string, error) {
	parts := strings.SplitN(value, ":", 3)
	if len(parts) == 1 { // an anonymous volume
		return value, nil
	}
	var options []string
	if len(parts) == 3 {
		options = strings.Split(parts[2], ",")
	}
	if slices.Contains(options, "ro") || slices.Contains(options, "O") {
		return value, nil
	}
	if !copied {
		kept := slices.DeleteFunc(options, func(o string) bool { return o != "z" && o != "Z" })
		for i, o := range kept { // a label of the copy's own would be taken from the original
			if o == "Z" {
				kept[i] = "z"
			}
		}
		return parts[0] + ":" + parts[1] + ":" + strings.Join(append([]string{"O"}, kept...), ","), nil
	}
	name, err := copyVolume(parts[0])
	if err != nil {
		return "", err
	}
	mapped := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return o != "U" && !strings.HasPrefix(o, "idmap") })
	return strings.TrimSuffix(name+":"+parts[1]+":"+strings.Join(mapped, ","), ":"), nil
}

// asVolume writes a --mount of type bind or volume as --volume takes it.
func asVolume(value string) (string, bool) {
	fields := map[string]string{}
	for field := range strings.SplitSeq(value, ",") {
		k, v, _ := strings.Cut(field, "=")
		fields[k] = v
	}
	first := func(names ...string) string {
		for _, n := range names {
			if v, ok := fields[n]; ok {
				return v
			}
		}
		return ""
	}
	source, target := first("source", "src"), first("target", "destination", "dst")
	kind := first("type")
	if kind != "bind" && kind != "volume" && kind != "" || source == "" || target == "" {
		return "", false
	}
	text := source + ":" + target
	for _, n := range []string{"ro", "readonly"} {
		if v, ok := fields[n]; ok && v != "false" {
			return text + ":ro", true
		}
	}
	for _, n := range []string{"idmap", "U", "chown"} {
		if v, ok := fields[n]; ok && v != "false" {
			return text + ":" + map[string]string{"idmap": "idmap", "U": "U", "chown": "U"}[n], true
		}
	}
	return text, true
}

// try makes a copy, waits for it to be well, and removes it. An error means that podlint cannot go on.
func (p *prover) try(ctx context.Context, what string, r recipe) (trial, error) {
	if err := ctx.Err(); err != nil {
		return trial{}, context.Cause(ctx)
	}
	begun := time.Now()
	t, err := p.copyOnce(ctx, r)
	if ctx.Err() != nil {
		return t, context.Cause(ctx)
	}
	if err != nil {
		t = trial{why: err.Error()}
	}
	p.result.Copies++
	if p.opts.Step != nil {
		p.opts.Step(what, t.well, time.Since(begun))
	}
	return t, nil
}

func (p *prover) copyOnce(ctx context.Context, r recipe) (trial, error) {
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return trial{}, err
	}
	name := namePrefix + hex.EncodeToString(random[:])
	var volumes []string
	defer func() {
		for _, v := range volumes {
			p.engine.removeVolume(ctx, v)
		}
	}()
	args, err := p.copied(name, p.words(r), func(source string) (string, error) {
		volume := fmt.Sprintf("%s-%d", name, len(volumes))
		volumes = append(volumes, volume)
		return volume, p.copyVolume(ctx, source, volume)
	})
	if err != nil {
		return trial{}, err
	}
	if p.engine.Dry != nil {
		p.engine.Dry(command.Join(append(slices.Clone(p.engine.Program), args...)))
		return trial{well: true}, nil
	}
	defer p.engine.remove(ctx, name)
	if _, err := p.engine.run(ctx, args...); err != nil {
		if log := p.lastWords(ctx, name); log != "" {
			return trial{why: log}, nil
		}
		return trial{why: err.Error()}, nil
	}
	why := p.wait(ctx, name)
	t := trial{well: why == "", why: why}
	if t.well && len(p.opts.Probe) == 0 && p.opts.URL == "" {
		if p.denied == nil { // the first copy, as it is
			p.denied = map[string]bool{}
			for _, line := range p.log(ctx, name) {
				p.denied[withoutDigits(line)] = true
			}
		} else if line := p.newDenial(ctx, name); line != "" {
			return trial{why: line}, nil
		}
	}
	if t.well {
		if gone := p.missing(ctx, name); gone != "" {
			return trial{why: "the process " + gone + " is not there"}, nil
		}
		t.written = p.written(ctx, name)
	} else if log := p.lastWords(ctx, name); log != "" {
		t.why = log
	}
	return t, nil
}

// state is what inspect says of a copy.
type state struct {
	State struct {
		Running  bool
		ExitCode int
	}
	Config struct {
		Healthcheck *struct{ Test []string }
	}
	NetworkSettings struct {
		IPAddress string
		Networks  map[string]struct{ IPAddress string }
	}
}

func (p *prover) inspect(ctx context.Context, name string) (*state, error) {
	out, err := p.engine.run(ctx, "inspect", "--type", "container", name)
	if err != nil {
		return nil, err
	}
	var list []state
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 {
		return nil, fmt.Errorf("podman inspect of the copy says nothing that podlint knows")
	}
	return &list[0], nil
}

// wait waits for a copy to be well and returns why it is not, empty where it is.
func (p *prover) wait(ctx context.Context, name string) string {
	deadline := time.Now().Add(max(p.opts.Patience, p.opts.For))
	steady := time.Now().Add(p.opts.For)
	last := "it did not get well in time"
	const pause = 250 * time.Millisecond
	for {
		s, err := p.inspect(ctx, name)
		switch {
		case ctx.Err() != nil:
			return "interrupted"
		case err != nil:
			return err.Error()
		case !s.State.Running:
			return fmt.Sprintf("it ended with status %d", s.State.ExitCode)
		}
		checked := s.Config.Healthcheck != nil && len(s.Config.Healthcheck.Test) > 0 && s.Config.Healthcheck.Test[0] != "NONE"
		switch {
		case len(p.opts.Probe) > 0:
			if _, err = p.engine.run(ctx, append([]string{"exec", name}, p.opts.Probe...)...); err == nil {
				return ""
			}
			last = "the probe fails: " + err.Error()
		case p.opts.URL != "":
			if err = answers(ctx, p.opts.URL, s); err == nil {
				return ""
			}
			last = "the probe fails: " + err.Error()
		case checked:
			if _, err = p.engine.run(ctx, "healthcheck", "run", name); err == nil {
				return ""
			}
			last = "its health check fails"
		default:
			if time.Now().After(steady) {
				return ""
			}
		}
		if time.Now().After(deadline) {
			return last
		}
		select {
		case <-ctx.Done():
			return "interrupted"
		case <-time.After(pause):
		}
	}
}

// answers asks an address; a host of "container" is the copy's.
func answers(ctx context.Context, address string, s *state) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Hostname() == "container" {
		ip := s.NetworkSettings.IPAddress
		for _, n := range s.NetworkSettings.Networks {
			if ip == "" {
				ip = n.IPAddress
			}
		}
		if ip == "" {
			return fmt.Errorf("the copy has no address that podlint could ask; use --probe")
		}
		u.Host = ip + ":" + u.Port()
	}
	const enough = 3 * time.Second
	bounded, cancel := context.WithTimeout(ctx, enough)
	defer cancel()
	request, err := http.NewRequestWithContext(bounded, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("it answers %s", response.Status)
	}
	return nil
}

// lastWords returns the line of a copy's log that says best why it is not well.
func (p *prover) lastWords(ctx context.Context, name string) string {
	lines := p.log(ctx, name)
	for _, line := range slices.Backward(lines) {
		if isDenial(line) {
			return line
		}
	}
	for _, line := range slices.Backward(lines) {
		lower := strings.ToLower(line)
		for _, sign := range []string{"cannot", "can't", "failed", "error"} {
			if strings.Contains(lower, sign) {
				return line
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// log returns the last lines of a copy's log.
func (p *prover) log(ctx context.Context, name string) []string {
	const tail = "200"
	words := append(slices.Clone(p.engine.Program), "logs", "--tail", tail, name)
	const enough = 10 * time.Second
	bounded, cancel := context.WithTimeout(ctx, enough)
	defer cancel()
	out, err := exec.CommandContext(bounded, words[0], words[1:]...).CombinedOutput()
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(string(out), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// isDenial reports whether a line of a log says that the kernel has refused something: EACCES, EPERM or EROFS in the C library's words.
func isDenial(line string) bool {
	lower := strings.ToLower(line)
	return strings.Contains(lower, "permission denied") || strings.Contains(lower, "not permitted") || strings.Contains(lower, "read-only file system")
}

// newDenial returns a line of a copy's log by which it was refused what the copy without any change was not. A service may go on running
// after that, with workers that die or files that are not written, so that to run is not to be well.
func (p *prover) newDenial(ctx context.Context, name string) string {
	for _, line := range p.log(ctx, name) {
		if isDenial(line) && !p.denied[withoutDigits(line)] {
			return line
		}
	}
	return ""
}

// missing returns a process that the copy without any change has and this one has not, empty for none: a service's master may run on while
// its workers cannot be started. Where Podman does not tell which processes there are, none is missing.
func (p *prover) missing(ctx context.Context, name string) string {
	out, err := p.engine.run(ctx, "top", name, "args")
	if err != nil {
		return ""
	}
	there := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if i > 0 { // the heading
			there[withoutDigits(strings.TrimSpace(line))] = true
		}
	}
	if p.processes == nil {
		p.processes = there
		return ""
	}
	for process := range p.processes {
		if !there[process] {
			return process
		}
	}
	return ""
}

// withoutDigits makes lines alike that differ in times and process IDs.
func withoutDigits(line string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, line)
}

// written returns the files that a copy has added or changed outside of its volumes.
func (p *prover) written(ctx context.Context, name string) []string {
	return p.engine.Written(ctx, name)
}

// Written returns the files that a container has added or changed outside of its volumes, by podman diff. Directories that stand there only
// since something below them was written are left out.
func (e *Engine) Written(ctx context.Context, name string) []string {
	out, err := e.run(ctx, "diff", name)
	if err != nil {
		return nil
	}
	var paths []string
	for line := range strings.SplitSeq(out, "\n") {
		kind, file, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && (kind == "A" || kind == "C") {
			paths = append(paths, file)
		}
	}
	return podman.Leaves(paths)
}

// copyVolume makes a volume with a copy of another's content, or a directory's, up to the limit.
func (p *prover) copyVolume(ctx context.Context, source, volume string) error {
	if p.engine.Dry != nil {
		p.engine.Dry(command.Join(append(slices.Clone(p.engine.Program), "volume", "create", volume)) + "  # and a copy of " + source)
		return nil
	}
	dir := source
	if !strings.HasPrefix(source, "/") {
		out, err := p.engine.run(ctx, "volume", "inspect", "--format", "{{.Mountpoint}}", source)
		if err != nil {
			if strings.Contains(err.Error(), "no such volume") {
				_, err = p.engine.run(ctx, "volume", "create", "--label", Label+"="+owner(), volume)
			}
			return err
		}
		dir = strings.TrimSpace(out)
	}
	if _, err := p.engine.run(ctx, "volume", "create", "--label", Label+"="+owner(), volume); err != nil {
		return err
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file, which a copy with users of its own cannot have", source)
	}
	// Files of a rootless Podman's users can be read only from within its user namespace.
	tar := []string{"tar", "-C", dir, "-c", "."}
	if os.Geteuid() != 0 {
		tar = append(append(slices.Clone(p.engine.Program), "unshare"), tar...)
	}
	load := append(slices.Clone(p.engine.Program), "volume", "import", volume, "-")
	reader := exec.CommandContext(ctx, tar[0], tar[1:]...)
	writer := exec.CommandContext(ctx, load[0], load[1:]...)
	pipe, err := reader.StdoutPipe()
	if err != nil {
		return err
	}
	limited := &limitedReader{from: pipe, left: p.opts.CopyLimit}
	writer.Stdin = limited
	if err := reader.Start(); err != nil {
		return err
	}
	out, err := writer.CombinedOutput()
	_ = pipe.Close()
	if limited.left < 0 {
		_ = reader.Wait()
		return fmt.Errorf("%s is larger than %d MiB, which is the most that is copied (--copy-limit)", source, p.opts.CopyLimit>>20)
	}
	if err := reader.Wait(); err != nil {
		return fmt.Errorf("copying %s: %w", source, err)
	}
	if err != nil {
		return fmt.Errorf("copying %s: %s", source, strings.TrimSpace(string(out)))
	}
	return nil
}
