package prove

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// refusal returns why a container is not copied, empty where it is.
func refusal(subject *Subject) string {
	calls := command.Script{Text: subject.Text}.Calls()
	if len(calls) == 0 {
		return "podlint cannot read its command line"
	}
	for _, o := range calls[0].Options {
		if reason := optionRefusal(o); reason != "" {
			return reason
		}
	}
	if c := subject.Container; c != nil {
		asRoot := *c
		if !c.Process.UID.Known() { // the image may run it as root
			asRoot.Process.UID = podman.Set[uint32](0, podman.Origin{Field: "--user"})
		}
		if reach := rules.ReachOf(&asRoot); reach.Level >= rules.HostUser {
			return "a copy could take over the host, no bug needed: " + strings.Join(reach.Why, ", ")
		}
	}
	return ""
}

// optionRefusal returns why a container with an option is not copied, empty where it is.
func optionRefusal(o command.Option) string {
	switch o.Name {
	case "network", "pid", "ipc", "uts", "userns", "cgroupns":
		return namespaceRefusal(o)
	case "pod", "pod-id-file":
		return "it is a member of a pod, whose network a copy would share; prove it outside of the pod"
	case "device", "device-cgroup-rule", "gpus":
		return "it uses a device of the host (--" + o.Name + "=" + o.Value +
			"), which a copy would use at the same time"
	case "volumes-from":
		return "it mounts the volumes of another container"
	case "privileged":
		if o.Value != "false" {
			return "it is privileged: a copy could do to the host whatever it does"
		}
	case "cap-add":
		if strings.EqualFold(strings.TrimPrefix(strings.ToLower(o.Value), "cap_"), "all") {
			return "it has all capabilities (--cap-add=" + o.Value + "), which a copy would have too"
		}
	case "security-opt":
		if o.Value == "seccomp=unconfined" || o.Value == "seccomp:unconfined" {
			return "its system calls are not filtered (seccomp=unconfined), and neither would be a copy's"
		}
	case "volume":
		source, _, ok := strings.Cut(o.Value, ":")
		if ok {
			return sourceRefusal(source)
		}
	case "mount":
		if m, err := parseMount(o.Value); err == nil && m != nil {
			return sourceRefusal(m.source)
		}
	}
	return ""
}

func namespaceRefusal(o command.Option) string {
	switch {
	case strings.HasPrefix(o.Value, "container:"), strings.HasPrefix(o.Value, "ns:"):
		return fmt.Sprintf("it joins another's namespace (--%s=%s), which a copy would disturb", o.Name, o.Value)
	case o.Value != "host" || o.Name == "userns" || o.Name == "cgroupns":
		return ""
	case o.Name == "network":
		return "it is on the host's network, where a copy would want the same ports"
	}
	return fmt.Sprintf("it is in a namespace of the host (--%s=host), where a copy would reach the same processes",
		o.Name)
}

// sourceRefusal returns why a mount of a source is not copied: what is mounted is not only files.
func sourceRefusal(source string) string {
	for _, socket := range []string{"podman.sock", "docker.sock", "containerd.sock", "system_bus_socket"} {
		if strings.Contains(source, socket) {
			return "it connects to " + socket + ", and a copy would too"
		}
	}
	if !strings.HasPrefix(source, "/") {
		return ""
	}
	clean := filepath.Clean(source)
	if clean == "/" {
		return "it mounts the host's root directory"
	}
	for _, dir := range []string{"/run", "/var/run", "/dev", "/proc", "/sys"} {
		if clean == dir || dir != "/run" && dir != "/var/run" && strings.HasPrefix(clean, dir+"/") {
			return "it mounts " + clean +
				" of the host, through which a copy would reach running services or the kernel"
		}
	}
	if socket := socketBelow(clean); socket != "" {
		return "it can connect to the socket " + socket + " of the host, and a copy could too"
	}
	return ""
}

// socketBelow returns a socket, pipe or device at or below a path, empty for none that is found. The search is bounded.
func socketBelow(path string) string {
	const most, deepest = 5000, 6
	found, seen := "", 0
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	const special = fs.ModeSocket | fs.ModeNamedPipe | fs.ModeDevice
	_ = filepath.WalkDir(resolved, func(at string, entry fs.DirEntry, err error) error {
		seen++
		switch {
		case err != nil:
			return fs.SkipDir
		case seen > most:
			return fs.SkipAll
		case entry.Type()&special != 0:
			found = at
			return fs.SkipAll
		case entry.IsDir() && strings.Count(strings.TrimPrefix(at, resolved), "/") >= deepest:
			return fs.SkipDir
		}
		return nil
	})
	return found
}

// enforcesLabels reports whether SELinux keeps a container from files without its label.
func enforcesLabels() bool {
	_, err := os.Stat("/sys/fs/selinux/enforce")
	return err == nil
}
