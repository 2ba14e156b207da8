package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

var device = Rule{
	ID:       "device",
	Step:     "take the host's devices away from %s",
	Title:    "A device of the host is in the container",
	Severity: High,
	Why: `A block device is the filesystem on it past every permission; /dev/mem is the machine's memory; an input
device is every key that is pressed. Other devices give an attacker in the container the hardware and its driver in
the kernel.`,
	Remedy: "Give the one device that the service needs, with the permissions it needs: " +
		"`--device=/dev/ttyUSB0:/dev/ttyUSB0:rw`.",
	CIS: "5.18",
	See: []string{
		"https://docs.podman.io/en/latest/markdown/podman-run.1.html#device-host-device-container-device-permissions",
	},
	RootlessMatters: true,
	OnPod:           true,
	Manual:          "only the owner knows whether the service works without the device",
	Check: func(c *podman.Container) []Finding {
		if isPrivileged(c) {
			return nil
		}
		var found []Finding
		add := func(full Severity, message, value, cause string, origin podman.Origin) {
			severity := full
			if !c.Host.Rootless.Known() {
				severity = max(full-1, Low)
			} else if rootless(c) {
				severity = max(full-1, Low)
				message += ", as far as the account that runs Podman may use it"
			}
			found = append(found, Finding{Message: message, Severity: severity, Confidence: Certain, Cause: cause,
				Evidence: []Evidence{{"device", value, origin}},
				Fix:      Fix{Summary: "leave it out, or give only what the service needs", Drop: true}})
		}
		for _, d := range c.Files.Devices.Value {
			if severity, gives := deviceGives(d); severity > 0 && c.Files.Devices.Known() {
				value := d.Path
				if d.Written != "" {
					value = d.Written + " (" + d.Path + ")"
				}
				if d.Permissions != "" {
					value += " " + d.Permissions
				}
				add(severity, d.Path+" is in it: "+gives, value, d.Path, d.Origin)
			}
		}
		for _, m := range c.Files.Mounts.Value {
			switch {
			case !c.Files.Mounts.Known() || isolated(c):
			case m.Disk != "":
				_, gives := deviceGives(podman.Device{Path: m.Disk, Block: true})
				add(High, "volume "+m.Name+" is "+m.Disk+": "+gives, mountText(m), m.Destination, m.Origin)
			case isDeviceMount(m) && disksAllowed(c) && hostPath(m.Source) != "/dev":
				_, gives := deviceGives(podman.Device{Path: m.Source})
				add(High, m.Source+" is mounted, and no cgroup keeps it from that device: "+gives, mountText(m),
					m.Destination, m.Origin)
			}
		}
		deviceRules(c, add)
		return found
	},
}

// deviceRules judges the rules of --device-cgroup-rule, which give nothing without a device's file: one that is
// mounted, or one that the container can make.
func deviceRules(c *podman.Container, add func(Severity, string, string, string, podman.Origin)) {
	rules := c.Files.DeviceRules
	p := powersOf(c)
	mounted := slices.ContainsFunc(c.Files.Mounts.Value, isDeviceMount)
	makes := p.initial && p.has("CAP_MKNOD")
	if !rules.Known() || !mounted && !makes {
		return
	}
	for _, rule := range rules.Value {
		switch {
		case strings.HasPrefix(rule, "a"), strings.HasPrefix(rule, "b *"), strings.HasPrefix(rule, "c *"):
			add(High, "the rule "+rule+" lets it use every such device of the host", rule, rule, rules.Origin)
		case strings.HasPrefix(rule, "b"):
			add(High, "the rule "+rule+" lets it use disks of the host", rule, rule, rules.Origin)
		default:
			add(Medium, "the rule "+rule+" lets it use devices of the host", rule, rule, rules.Origin)
		}
	}
}

// isDeviceMount reports whether a mount brings files of the host's devices: /dev, what lies in it, or all.
func isDeviceMount(m podman.Mount) bool {
	source := hostPath(m.Source)
	if m.Type != "bind" && m.Type != "volume" || m.Disk != "" {
		return false
	}
	_, gives := deviceGives(podman.Device{Path: source})
	return source == "/dev" || source == "/" && m.Recursive || strings.HasPrefix(source, "/dev/") && givesDisk(gives)
}

// everyDevice is what the directory of all devices gives.
const everyDevice = "every device"

// deviceGives says what a device gives who may use it, and 0 for those that give nothing.
func deviceGives(d podman.Device) (Severity, string) {
	p := d.Path
	if strings.HasPrefix(p, "/") {
		p = path.Clean(p)
	}
	name := strings.TrimPrefix(p, "/dev/")
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	const disk = "the filesystem on it, past every permission"
	switch {
	case d.Block:
		return High, disk
	case slices.Contains([]string{"null", "zero", "full", "random", "urandom", "tty", "shm"}, name):
		return 0, ""
	case name == "mem" || name == "kmem" || name == "port":
		return High, "the machine's memory"
	case name == "kmsg":
		return High, "the kernel's log, to read and to write"
	case has("input", "uinput", "hidraw"):
		return High, "the keys that are pressed"
	case has("sd", "nvme", "vd", "xvd", "dm-", "mapper/", "loop", "md", "mmcblk", "hd", "disk/", "zd", "bcache", "sr"):
		return High, disk
	case name == "" || p == "/dev":
		return High, everyDevice
	case name == "net/tun" || name == "fuse" || has("dri/render", "snd"):
		return Low, "its driver in the host's kernel"
	case strings.Contains(p, "=") && !strings.HasPrefix(p, "/"):
		return Medium, "a device of the vendor's choice, with its driver"
	}
	return Medium, "the hardware, and its driver in the host's kernel"
}
