package policy

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules"
)

// sample makes a container for a test of a custom rule.
func sample(given map[string]any) (*podman.Container, error) {
	host := podman.AssumedHost(podman.Set(false, podman.Field("test")), time.Time{})
	c := &podman.Container{Name: "test", Kind: podman.KindContainer, Host: host}
	c.Process.User, c.Process.UID = podman.DefaultTo("", podman.Origin{}), podman.DefaultTo(uint32(0), podman.Origin{})
	c.Namespaces.UIDs, c.Namespaces.GIDs = podman.DefaultTo(host.UIDs, podman.Origin{}),
		podman.DefaultTo(host.GIDs, podman.Origin{})
	c.Capabilities.Bounding = podman.DefaultTo(podman.DefaultCapabilities(), podman.Origin{})
	c.Capabilities.Requested = podman.DefaultTo([]string{}, podman.Origin{})
	c.Confinement.Privileged, c.Confinement.NoNewPrivileges = podman.DefaultTo(false, podman.Origin{}),
		podman.DefaultTo(false, podman.Origin{})
	c.Confinement.Seccomp = podman.DefaultTo("", podman.Origin{})
	c.Files.ReadOnly, c.Files.Mounts = podman.DefaultTo(false, podman.Origin{}),
		podman.DefaultTo([]podman.Mount{}, podman.Origin{})
	c.Network.Mode, c.Network.Names = podman.DefaultTo("bridge", podman.Origin{}),
		podman.DefaultTo([]string{podman.DefaultNetwork}, podman.Origin{})
	c.Network.Ports = podman.DefaultTo([]podman.Port{}, podman.Origin{})
	c.Environment, c.ConfigStrings = podman.DefaultTo([]podman.Variable{}, podman.Origin{}),
		podman.DefaultTo([]podman.ConfigString{}, podman.Origin{})
	c.Limits = podman.Limits{Memory: podman.DefaultTo(int64(0), podman.Origin{}),
		PIDs: podman.DefaultTo(int64(2048), podman.Origin{})}
	c.Lifecycle.Health, c.Lifecycle.LogDriver = podman.DefaultTo("", podman.Origin{}),
		podman.DefaultTo("journald", podman.Origin{})
	c.Lifecycle.Restart, c.Lifecycle.AutoUpdate = podman.DefaultTo("no", podman.Origin{}),
		podman.DefaultTo("", podman.Origin{})
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if err := put(c, key, given[key]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func put(c *podman.Container, key string, value any) error {
	var err error
	switch key {
	case "name":
		c.Name, err = as[string](key, value)
	case "pod":
		c.Pod, err = as[string](key, value)
	case "unit":
		c.Unit, err = as[string](key, value)
	case "state":
		c.State, err = as[string](key, value)
	case "file":
		c.Definition.Origin.File, err = as[string](key, value)
	case "image":
		c.Image.Name, err = as[string](key, value)
	case "user":
		c.Process.User, err = setting[string](key, value)
	case "uid":
		var n podman.Setting[int64]
		n, err = setting[int64](key, value)
		c.Process.UID = podman.Set(uint32(n.Value), podman.Field("test"))
	case "rootless":
		c.Host.Rootless, err = setting[bool](key, value)
	case "mapped":
		var mapped podman.Setting[bool]
		if mapped, err = setting[bool](key, value); mapped.Value {
			c.Namespaces.UIDs, c.Namespaces.GIDs = podman.Set(podman.OwnRange(), podman.Field("test")),
				podman.Set(podman.OwnRange(), podman.Field("test"))
		}
	case "privileged":
		c.Confinement.Privileged, err = setting[bool](key, value)
	case "read_only":
		c.Files.ReadOnly, err = setting[bool](key, value)
	case "no_new_privileges":
		c.Confinement.NoNewPrivileges, err = setting[bool](key, value)
	case "seccomp":
		c.Confinement.Seccomp, err = setting[string](key, value)
	case "network_mode":
		c.Network.Mode, err = setting[string](key, value)
	case "health":
		c.Lifecycle.Health, err = setting[string](key, value)
	case "log_driver":
		c.Lifecycle.LogDriver, err = setting[string](key, value)
	case "restart":
		c.Lifecycle.Restart, err = setting[string](key, value)
	case "auto_update":
		c.Lifecycle.AutoUpdate, err = setting[string](key, value)
	case "memory":
		c.Limits.Memory, err = setting[int64](key, value)
	case "pids":
		c.Limits.PIDs, err = setting[int64](key, value)
	case "capabilities":
		c.Capabilities.Bounding.Value, err = texts(key, value)
	case "networks":
		c.Network.Names.Value, err = texts(key, value)
	case "variables":
		var names []string
		names, err = texts(key, value)
		for _, name := range names {
			c.Environment.Value = append(c.Environment.Value, podman.Variable{Name: name, Owner: podman.OwnerUser})
		}
	case "labels":
		labels, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is not a table", key)
		}
		for name, v := range labels {
			c.ConfigStrings.Value = append(c.ConfigStrings.Value, podman.ConfigString{Place: "label", Name: name,
				Words: []podman.Sensitive{podman.Sensitive(fmt.Sprint(v))}})
		}
	case "mounts", "ports":
		err = putList(c, key, value)
	default:
		err = fmt.Errorf("a container has no %q", key)
		if near := rules.Nearest(key, Names()); near != "" {
			err = fmt.Errorf("%w: did you mean %s?", err, near)
		}
	}
	return err
}

// putList puts mounts or ports, each a table with the View's names.
func putList(c *podman.Container, key string, value any) error {
	list, ok := value.([]map[string]any)
	if !ok {
		plain, _ := value.([]any)
		for _, entry := range plain {
			if table, ok := entry.(map[string]any); ok {
				list = append(list, table)
			}
		}
		if len(list) != len(plain) || plain == nil {
			return fmt.Errorf("%s is not a list of tables", key)
		}
	}
	for _, entry := range list {
		text := func(name string) string { s, _ := entry[name].(string); return s }
		number := func(name string) uint16 { n, _ := entry[name].(int64); return uint16(max(0, min(n, 1<<16-1))) }
		if key == "mounts" {
			writable, _ := entry["writable"].(bool)
			c.Files.Mounts.Value = append(c.Files.Mounts.Value, podman.Mount{Type: text("type"), Source: text("source"),
				Destination: text("destination"), Writable: writable, Recursive: true})
		} else {
			c.Network.Ports.Value = append(c.Network.Ports.Value, podman.Port{Address: text("address"),
				Host: number("host"), Container: number("container"), Protocol: text("protocol"), Count: 1})
		}
		for name := range entry {
			if !slices.Contains([]string{"type", "source", "destination", "writable", "address", "host", "container",
				"protocol"}, name) {
				return fmt.Errorf("an entry of %s has no %q", key, name)
			}
		}
	}
	return nil
}

func as[T any](key string, value any) (T, error) {
	v, ok := value.(T)
	if !ok {
		return v, fmt.Errorf("%s is a %T here, not a %T", key, value, v)
	}
	return v, nil
}

func setting[T any](key string, value any) (podman.Setting[T], error) {
	v, err := as[T](key, value)
	return podman.Set(v, podman.Field("test")), err
}

func texts(key string, value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is not a list", key)
	}
	words := []string{}
	for _, v := range list {
		s, err := as[string](key, v)
		if err != nil {
			return nil, err
		}
		words = append(words, s)
	}
	return words, nil
}
