package command

import (
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// defaultPIDs is how many processes Podman allows a container that asks for no other number, where containers.conf does
// not say otherwise (go.podman.io/common/pkg/config, DefaultPidsLimit).
const defaultPIDs = 2048

// limits reads --memory, --pids-limit, the CPU's flags and those for the OOM killer. --cgroups=disabled makes them
// void.
func (b builder) limits(made *podman.Container) {
	l := &made.Limits
	if o, ok := b.Last("cgroups"); ok && o.Value == "disabled" {
		l.Memory = podman.Set[int64](0, b.origin(o))
		l.PIDs = l.Memory
		l.CPU = podman.Set(false, b.origin(o))
	} else {
		l.Memory = number(b, "memory", 0, bytes)
		l.PIDs = number(b, "pids-limit", defaultPIDs,
			func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
		l.CPU = b.cpu()
	}
	l.OOMKillDisabled = b.boolean("oom-kill-disable")
	l.OOMScore = number(b, "oom-score-adj", 0, strconv.Atoi)
}

func number[T int | int64](b builder, flag string, missing T, parse func(string) (T, error)) podman.Setting[T] {
	o, ok := b.Last(flag)
	if !ok {
		return unset(b, missing, "--"+flag)
	}
	value, err := parse(o.Value)
	if err != nil || b.unknown(o) {
		return podman.UnknownAt[T](b.origin(o))
	}
	return podman.Set(value, b.origin(o))
}

// bytes reads a size with a unit: b, k, m, g, t, with or without "b" or "ib" behind it.
func bytes(text string) (int64, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	text = strings.TrimSuffix(strings.TrimSuffix(text, "b"), "i")
	shift := 0
	if i := strings.IndexAny(text, "kmgtp"); i >= 0 && i == len(text)-1 {
		shift = 10 * (1 + strings.IndexByte("kmgtp", text[i]))
		text = text[:i]
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return int64(n * float64(int64(1)<<shift)), err
}

func (b builder) cpu() podman.Setting[bool] {
	for _, flag := range []string{"cpus", "cpu-quota", "cpuset-cpus"} {
		if o, ok := b.Last(flag); ok {
			if b.unknown(o) {
				return podman.UnknownAt[bool](b.origin(o))
			}
			n, err := strconv.ParseFloat(o.Value, 64)
			if flag == "cpuset-cpus" && o.Value != "" || err == nil && n > 0 {
				return podman.Set(true, b.origin(o))
			}
		}
	}
	return unset(b, false, "--cpus")
}

// upkeep reads the health check, the log driver, the restart policy and the label for podman auto-update.
func (b builder) upkeep(made *podman.Container) {
	u := &made.Lifecycle
	u.Health = unset(b, "", "--health-cmd")
	if o, ok := b.Last("no-healthcheck"); ok && b.Bool("no-healthcheck") {
		u.Health = podman.Set("none", b.origin(o))
	} else if o, ok := b.Last("health-cmd"); ok {
		u.Health = podman.Set("check", b.origin(o))
		if o.Value == "none" {
			u.Health.Value = "none"
		}
	}
	u.LogDriver = b.word("log-driver", "journald")
	u.Notify = b.word("sdnotify", "container")
	u.Restart = b.word("restart", "no")
	if policy, retries, ok := strings.Cut(u.Restart.Value, ":"); ok {
		u.Restart.Value = policy
		u.Retries, _ = strconv.Atoi(retries)
	}
	_, isInit := b.Last("init-ctr")
	u.Foreground = b.Run && !b.Bool("detach") && !b.Open
	u.RunsOnce = isInit || b.Bool("interactive") && b.endsAndGoes(u)
	u.AutoUpdate = unset(b, "", "--label")
	for _, o := range b.All("label") {
		if key, value, _ := strings.Cut(o.Value, "="); key == "io.containers.autoupdate" && !b.unknown(o) {
			u.AutoUpdate = podman.Set(value, b.origin(o))
		}
	}
}

// endsAndGoes reports whether a container is waited for, and is removed and not started anew when it ends.
func (b builder) endsAndGoes(u *podman.Lifecycle) bool {
	return u.Foreground && b.Bool("rm") && u.Restart.Value == "no"
}

// isTool reports whether a script runs a container for what it does, as one runs a program: it waits for the end, gives
// it a command, and neither a name nor a port to reach it by.
func (c *Command) isTool(made *podman.Container) bool {
	b := builder{Command: c}
	for _, o := range c.Options {
		switch o.Name {
		case "name", "publish", "publish-all", "expose", "pod", "network-alias", "health-cmd", "sdnotify", "cidfile":
			return false
		}
	}
	return len(c.Args) > 0 && b.endsAndGoes(&made.Lifecycle) && made.Network.Mode.Value != "host"
}

// secrets returns the names of the secrets that are handed over as variables, and of those that are mounted as files.
func (b builder) secrets() (variables, files podman.Setting[[]string]) {
	variables, files = unset(b, []string{}, "--secret"), unset(b, []string{}, "--secret")
	for _, o := range b.All("secret") {
		secret, ok := ParseSecret(o.Value)
		if !ok {
			continue
		}
		into := &files
		if secret.Variable {
			into = &variables
		}
		into.Value = append(into.Value, secret.Name)
		into.State, into.Origin = podman.StateSet, b.origin(o)
	}
	slices.Sort(variables.Value)
	return variables, files
}
