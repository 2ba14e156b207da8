// Package machine reads what Podman goes by on the machine that podlint runs on, and its service does not tell:
// subordinate IDs, containers.conf, the signature policy, timers.
package machine

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// SubIDs reads /etc/subuid or /etc/subgid (subuid(5)). Lines that are none are passed over, as newuidmap does.
func SubIDs(path string) podman.Setting[[]podman.SubIDs] {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return podman.DefaultTo([]podman.SubIDs{}, podman.Field(path))
	case err != nil || len(data) > 1<<20:
		return podman.Setting[[]podman.SubIDs]{}
	}
	ranges := []podman.SubIDs{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(strings.TrimSpace(lines.Text()), ":")
		const three = 3
		if len(fields) != three || fields[0] == "" || strings.HasPrefix(fields[0], "#") {
			continue
		}
		start, err := strconv.ParseUint(fields[1], 10, 32)
		size, err2 := strconv.ParseUint(fields[2], 10, 32)
		if err != nil || err2 != nil || size == 0 {
			continue
		}
		ranges = append(ranges, podman.SubIDs{User: fields[0], Start: uint32(start), Size: uint32(size),
			Origin: podman.Origin{File: path, Line: n, Column: 1}})
	}
	return podman.Set(ranges, podman.Field(path))
}
