package machine

import (
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// capabilityBits are the kernel's names in the order of their numbers (include/uapi/linux/capability.h).
const capabilityBits = "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
	"NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE " +
	"SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL " +
	"SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"

// capabilitySet returns the set of some names ("CAP_CHOWN") as the kernel writes it.
func capabilitySet(names []string) uint64 {
	var set uint64
	for i, name := range strings.Fields(capabilityBits) {
		for _, n := range names {
			if n == "CAP_"+name {
				set |= 1 << i
			}
		}
	}
	return set
}

// Takeable reports whether a process of root's runs on the machine, with the machine's root directory, that holds no
// capability but those named: one that has these and sees it may take it over (ptrace(2)).
func (p *Paths) Takeable(capabilities []string) bool {
	statuses, _ := filepath.Glob("/proc/[0-9]*/status")
	own := strconv.Itoa(os.Getpid())
	for _, name := range statuses {
		dir := filepath.Dir(name)
		data, err := os.ReadFile(name)
		if err != nil || filepath.Base(dir) == own || !takeable(string(data), capabilitySet(capabilities)) {
			continue
		}
		var root unix.Stat_t
		if unix.Stat(dir+"/root", &root) == nil && root.Dev == p.root.Dev && root.Ino == p.root.Ino {
			return true
		}
	}
	return false
}

// takeable reports whether a process's status says that it is root's and holds no capability outside of a set.
func takeable(status string, set uint64) bool {
	const all = 4
	root, fewer := false, false
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		switch key {
		case "Uid":
			root = len(fields) == all && strings.Trim(strings.Join(fields, ""), "0") == ""
		case "CapPrm":
			held, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			fewer = err == nil && bits.OnesCount64(held&^set) == 0
		}
	}
	return root && fewer
}
