package command

import (
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// word returns the setting of a flag whose value is one word.
func (b builder) word(flag, missing string) podman.Setting[string] {
	o, ok := b.Last(flag)
	switch {
	case !ok:
		return unset(b, missing, "--"+flag)
	case b.unknown(o):
		return podman.UnknownAt[string](b.origin(o))
	}
	return podman.Set(o.Value, b.origin(o))
}

// list returns the setting of a flag that can be given several times.
func (b builder) list(flag string) podman.Setting[[]string] {
	s := unset(b, []string{}, "--"+flag)
	for _, o := range b.All(flag) {
		if b.unknown(o) {
			continue
		}
		if s.State != podman.StateSet {
			s.State, s.Origin = podman.StateSet, b.origin(o)
		}
		s.Value = append(s.Value, o.Value)
	}
	return s
}

// pod returns the pod that a container joins as a builder of its own, and false where it joins none or one that is not
// known.
func (b builder) pod() (builder, bool) {
	if b.ctx.Pod == nil {
		return builder{}, false
	}
	return builder{b.ctx.Pod.Command, Context{Words: b.ctx.Pod.Words, Definition: b.ctx.Pod.Definition,
		Host: b.ctx.Host, Volume: b.ctx.Pod.Volume}}, true
}

// shared returns the setting of a namespace's flag. A container in a pod has the pod's namespace where the pod shares
// that (podman-pod-create(1), --share: ipc, net and uts where nothing is said) and the container asks for none of its
// own.
func (b builder) shared(made *podman.Container, flag, kind, missing string) podman.Setting[string] {
	if _, own := b.Last(flag); own || made.Pod == "" {
		return b.word(flag, missing)
	}
	pod, ok := b.pod()
	if !ok {
		return podman.UnknownAt[string](b.defaultOrigin("--" + flag))
	}
	if !pod.shares(kind) {
		return b.word(flag, missing)
	}
	return pod.word(flag, missing)
}

func (c *Command) shares(kind string) bool {
	if !c.infra() {
		return false
	}
	o, ok := c.Last("share")
	if !ok {
		return kind != "pid" && kind != "cgroup"
	}
	added, isMore := strings.CutPrefix(o.Value, "+")
	return isMore && kind != "pid" && kind != "cgroup" || slices.Contains(strings.Split(added, ","), kind)
}

// sharesLabel reports whether a container has its pod's SELinux label, as those have that are in its IPC or PID
// namespace (podman pkg/specgen/generate, setLabelOpts).
func (b builder) sharesLabel() bool {
	pod, ok := b.pod()
	if !ok {
		return false
	}
	in := func(flag string) bool {
		_, own := b.Last(flag)
		return !own && pod.shares(flag)
	}
	return in("ipc") || in("pid")
}

// otherNamespaces reads --pid, --uts, --cgroupns and --sysctl.
func (b builder) otherNamespaces(made *podman.Container) {
	n := &made.Namespaces
	n.PID = b.shared(made, "pid", "pid", "private")
	n.UTS = b.shared(made, "uts", "uts", "private")
	n.Cgroup = b.word("cgroupns", "private")
	for _, mode := range []*podman.Setting[string]{&n.PID, &n.UTS, &n.Cgroup} {
		if mode.Value == "" {
			mode.Value = "private"
		}
	}
	from := b
	if pod, ok := b.pod(); ok {
		from = pod
	}
	n.Sysctls = unset(from, []podman.Sysctl{}, "--sysctl")
	for _, o := range from.All("sysctl") {
		name, value, _ := strings.Cut(o.Value, "=")
		n.Sysctls.State = podman.StateSet
		n.Sysctls.Value = append(n.Sysctls.Value,
			podman.Sysctl{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value), Origin: from.origin(o)})
	}
}

// network reads --network, --publish and --publish-all, of the pod where the container joins one.
func (b builder) network(made *podman.Container) {
	n := &made.Network
	from := b
	if made.Pod != "" {
		n.Ports, n.PublishAll = unset(b, []podman.Port{}, "--publish"), unset(b, false, "--publish-all")
		if len(b.All("network")) == 0 {
			pod, ok := b.pod()
			if !ok || !pod.shares("net") {
				return
			}
			from = pod
		}
	} else {
		n.PublishAll = b.boolean("publish-all")
		n.Ports = b.ports()
	}
	rootless := made.Host.Rootless.Value
	missing := "bridge"
	if rootless {
		missing = "pasta"
	}
	n.Mode, n.HostLoopback = unset(from, missing, "--network"), unset(from, false, "--network")
	names := []string{}
	for _, o := range from.All("network") {
		if from.unknown(o) {
			n.Mode.State, n.Names.State, n.HostLoopback.State = podman.StateUnknown, podman.StateUnknown,
				podman.StateUnknown
			return
		}
		mode, _, _ := strings.Cut(o.Value, ":")
		n.Mode.State, n.Mode.Origin = podman.StateSet, from.origin(o)
		switch mode {
		case "host", "none", "pasta", "slirp4netns":
			n.Mode.Value = mode
			if made.Pod == "" { // else the pod's, whose infra container has it
				byPasta(n, o.Value, from.origin(o))
			}
			if ReachesHostLoopback(o.Value) {
				n.HostLoopback = podman.Set(true, from.origin(o))
			}
		case "container", "ns":
			n.Mode.Value = o.Value
		case "", "private", "default":
			n.Mode.Value = missing
		case "bridge":
			n.Mode.Value = "bridge"
		default:
			n.Mode.Value = "bridge"
			names = append(names, mode)
		}
	}
	if n.Mode.Value == "bridge" && len(names) == 0 {
		names = []string{podman.DefaultNetwork}
	}
	n.Names = podman.Derive(n.Mode, names)
}

// byPasta adds what options of pasta publish.
func byPasta(n *podman.Network, value string, origin podman.Origin) {
	if PastaFollows(value) {
		n.Follows = podman.Set(true, origin)
	}
	for _, p := range PastaPorts(value) {
		p.Origin = origin
		n.Ports.Value = append(n.Ports.Value, p)
		if n.Ports.State != podman.StateSet {
			n.Ports.State, n.Ports.Origin = podman.StateSet, origin
		}
	}
}

// ReachesHostLoopback reports whether a value of --network lets the container talk to what listens on the host's
// loopback address (podman-run(1), --network): slirp4netns' allow_host_loopback, and pasta's --map-gw,
// --map-host-loopback and -T/-U, all of which Podman leaves off.
func ReachesHostLoopback(value string) bool {
	mode, options, _ := strings.Cut(value, ":")
	words := strings.Split(options, ",")
	switch mode {
	case "slirp4netns":
		return slices.Contains(words, "allow_host_loopback=true")
	case "pasta":
		for i, w := range words {
			name, given, hasValue := strings.Cut(w, "=")
			if !hasValue && i+1 < len(words) {
				given = words[i+1]
			}
			switch name {
			case "--map-gw":
				return true
			case "--map-host-loopback", "-T", "--tcp-ns", "-U", "--udp-ns":
				if given != "none" {
					return true
				}
			}
		}
	}
	return false
}

// PastaPorts returns the ports that a value of --network publishes by options of pasta(1): -t, --tcp-ports, -u and
// --udp-ports with "all", or ports and ranges of them after an address and an interface, "127.0.0.1%eth0/22-23:8022",
// or all but some, "~22".
func PastaPorts(value string) []podman.Port {
	var ports []podman.Port
	eachPastaPort(value, func(given, protocol string) {
		ports = append(ports, pastaPorts(given, protocol)...)
	})
	return ports
}

// PastaFollows reports whether a value of --network has pasta publish, on every address, what the container comes to
// listen on: "auto" of -t and -u, which podman-run(1) leaves out unless it is asked for.
func PastaFollows(value string) bool {
	follows := false
	eachPastaPort(value, func(given, _ string) { follows = follows || given == "auto" })
	return follows
}

// eachPastaPort calls visit with what each option of pasta for ports of the host is given.
func eachPastaPort(value string, visit func(given, protocol string)) {
	mode, options, _ := strings.Cut(value, ":")
	if mode != "pasta" {
		return
	}
	words := strings.Split(options, ",")
	for i := 0; i < len(words); i++ {
		name, given, hasValue := strings.Cut(words[i], "=")
		if letter := 2; !strings.HasPrefix(name, "--") && len(name) > letter { // -t22
			name, given, hasValue = words[i][:letter], words[i][letter:], true
		}
		protocol := map[string]string{"-t": "tcp", "--tcp-ports": "tcp", "-u": "udp", "--udp-ports": "udp"}[name]
		if protocol == "" {
			continue
		}
		if !hasValue {
			if i++; i == len(words) {
				break
			}
			given = words[i]
		}
		visit(given, protocol)
		// pasta takes several ports after one option, separated by the commas at which Podman splits
		for ; i+1 < len(words) && isPastaPort(words[i+1]); i++ {
			visit(words[i+1], protocol)
		}
	}
}

// isPastaPort reports whether a word can only be a port, or a range.
func isPastaPort(word string) bool {
	return word != "" && strings.Trim(word, "0123456789-:") == "" && word[0] != '-'
}

// pastaPorts reads one specification of ports.
func pastaPorts(spec, protocol string) []podman.Port {
	address, list, hasAddress := strings.Cut(spec, "/")
	if !hasAddress {
		address, list = "", spec
	}
	address, device, _ := strings.Cut(address, "%")
	if address == "" && device == "lo" {
		address = "127.0.0.1"
	}
	outside, inside, mapped := strings.Cut(list, ":")
	p := podman.Port{Address: strings.Trim(address, "[]"), Protocol: protocol, ByNetwork: true}
	if outside == "all" {
		const every = 1<<16 - 1
		p.Host, p.Container, p.Count = 1, 1, every
		return []podman.Port{p}
	}
	if left, exclusion := strings.CutPrefix(outside, "~"); exclusion {
		return allBut(left, p)
	}
	first, count, ok := portRange(outside)
	if !ok { // none, auto
		return nil
	}
	p.Host, p.Container, p.Count = first, first, count
	if mapped {
		if to, _, ok := portRange(inside); ok {
			p.Container = to
		}
	}
	return []podman.Port{p}
}

// allBut returns the ports that are published where only some are named that are not: "22", "8000-8009".
func allBut(left string, like podman.Port) []podman.Port {
	first, count, ok := portRange(left)
	if !ok {
		return nil
	}
	const last = 1<<16 - 1
	var ports []podman.Port
	for _, gap := range [][2]int{{1, int(first) - 1}, {int(first) + int(count), last}} {
		if gap[0] <= gap[1] {
			p := like
			p.Host, p.Container, p.Count = uint16(gap[0]), uint16(gap[0]), uint16(gap[1]-gap[0]+1)
			ports = append(ports, p)
		}
	}
	return ports
}

// ports reads --publish: [[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL], where both ports may be ranges.
func (b builder) ports() podman.Setting[[]podman.Port] {
	s := unset(b, []podman.Port{}, "--publish")
	for _, o := range b.All("publish") {
		s.State, s.Origin = podman.StateSet, b.origin(o)
		if p, ok := port(o.Value); ok {
			p.Origin = b.origin(o)
			s.Value = append(s.Value, p)
		}
	}
	return s
}

func port(value string) (podman.Port, bool) {
	value, protocol, ok := strings.Cut(value, "/")
	if !ok {
		protocol = "tcp"
	}
	p := podman.Port{Protocol: protocol, Count: 1}
	if end := strings.Index(value, "]:"); strings.HasPrefix(value, "[") && end > 0 {
		p.Address, value = value[1:end], value[end+2:]
	} else if strings.Count(value, ":") >= 2 {
		i := strings.IndexByte(value, ':')
		p.Address, value = value[:i], value[i+1:]
	}
	host, inside, both := strings.Cut(value, ":")
	if !both {
		host, inside = "", host
	}
	first, count, ok := portRange(inside)
	if !ok {
		return p, false
	}
	p.Container, p.Count = first, count
	if host != "" {
		if p.Host, count, ok = portRange(host); !ok {
			return p, false
		}
		p.Count = max(p.Count, count)
	}
	return p, true
}

func portRange(text string) (first, count uint16, ok bool) {
	from, to, isRange := strings.Cut(text, "-")
	a, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return 0, 0, false
	}
	if !isRange {
		return uint16(a), 1, true
	}
	z, err := strconv.ParseUint(to, 10, 16)
	if err != nil || z < a {
		return 0, 0, false
	}
	return uint16(a), uint16(min(z-a+1, 1<<16-1)), true
}
