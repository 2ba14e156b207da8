package machine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Owner is an account of the machine that has containers of its own.
type Owner struct {
	// Name is empty where passwd does not name the account.
	Name string
	UID  uint32
	// Containers is how many there are, 0 where only their processes were seen.
	Containers int
}

// String names the account and says how many containers it has.
func (o Owner) String() string {
	who := fmt.Sprintf("UID %d", o.UID)
	if o.Name != "" {
		who = fmt.Sprintf("%s (UID %d)", o.Name, o.UID)
	}
	switch o.Containers {
	case 0:
		return who + " has containers that run"
	case 1:
		return who + " has 1 container"
	}
	return fmt.Sprintf("%s has %d containers", who, o.Containers)
}

// Owners returns the ordinary accounts that have containers of a rootless Podman, by their UIDs: those in whose home is
// a storage with some, and those whose containers run. Only root sees all of them.
func Owners() []Owner { return owners("", NewPaths()) }

// mostAccounts is how many accounts' homes are looked into.
const mostAccounts = 10000

// owners is Owners below another root directory.
func owners(root string, paths *Paths) []Owner {
	found := map[uint32]Owner{}
	data, err := os.ReadFile(root + "/etc/passwd")
	if err != nil || paths == nil || len(data) > 16<<20 {
		data = nil
	}
	names := map[uint32]string{}
	for line := range strings.Lines(string(data)) {
		const name, uid, home, parts = 0, 2, 5, 7
		fields := strings.Split(strings.TrimSpace(line), ":")
		number, err := strconv.ParseUint(fields[min(uid, len(fields)-1)], 10, 32)
		if len(fields) < parts || err != nil || number == 0 || names[uint32(number)] != "" || len(names) >= mostAccounts {
			continue
		}
		names[uint32(number)] = fields[name]
		if n := stored(root+fields[home], paths); n > 0 && filepath.IsAbs(fields[home]) {
			found[uint32(number)] = Owner{fields[name], uint32(number), n}
		}
	}
	for _, uid := range monitors(root) {
		if _, ok := found[uid]; !ok {
			found[uid] = Owner{Name: names[uid], UID: uid}
		}
	}
	list := make([]Owner, 0, len(found))
	for _, o := range found {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b Owner) int { return cmp.Compare(a.UID, b.UID) })
	return list
}

// stored counts the containers of the storage in a home.
func stored(home string, paths *Paths) int {
	total := 0
	for _, driver := range []string{"overlay", "vfs", "btrfs"} {
		name := filepath.Join(home, ".local/share/containers/storage", driver+"-containers", "containers.json")
		found, ok := paths.Find(name)
		if !ok || !found.Owned {
			continue
		}
		// The account may have put anything there: only a plain file is read, and not more than there can be.
		fd, err := unix.Open(found.Path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		file := os.NewFile(uintptr(fd), found.Path)
		const most = 16 << 20
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() <= most {
			data, _ := io.ReadAll(io.LimitReader(file, most))
			var containers []struct{}
			if json.Unmarshal(bytes.TrimSpace(data), &containers) == nil {
				total += len(containers)
			}
		}
		_ = file.Close()
	}
	return total
}

// monitors returns the UIDs, other than root's, under which containers' monitors run.
func monitors(root string) []uint32 {
	names, _ := filepath.Glob(root + "/proc/[0-9]*/comm")
	var uids []uint32
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil || strings.TrimSpace(string(data)) != "conmon" {
			continue
		}
		info, err := os.Stat(filepath.Dir(name))
		if err != nil {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && !slices.Contains(uids, stat.Uid) {
			uids = append(uids, stat.Uid)
		}
	}
	return uids
}
