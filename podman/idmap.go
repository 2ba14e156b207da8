package podman

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// IDRange maps Size IDs from Inside onwards to IDs from Outside onwards, as a line of /proc/PID/uid_map does.
type IDRange struct {
	Inside, Outside, Size uint32
}

// IDMap is how a user namespace maps UIDs, or GIDs, to those outside it.
type IDMap []IDRange

// IdentityMap returns the map of a process in the initial user namespace, where every ID is itself.
func IdentityMap() IDMap { return IDMap{{0, 0, math.MaxUint32}} }

// ParseIDMap reads the "INSIDE:OUTSIDE:SIZE" strings of an inspect answer's IDMappings.
func ParseIDMap(lines []string) (IDMap, error) {
	m := make(IDMap, 0, len(lines))
	for _, line := range lines {
		parts := strings.Split(line, ":")
		if len(parts) != 3 {
			return nil, fmt.Errorf("ID mapping %q is not INSIDE:OUTSIDE:SIZE", line)
		}
		var n [3]uint32
		for i, part := range parts {
			v, err := strconv.ParseUint(part, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("ID mapping %q is not INSIDE:OUTSIDE:SIZE", line)
			}
			n[i] = uint32(v)
		}
		m = append(m, IDRange{n[0], n[1], n[2]})
	}
	return m, nil
}

// Outside returns the ID that an ID of the namespace is outside, and false where the map has none for it.
func (m IDMap) Outside(id uint32) (uint32, bool) {
	for _, r := range m {
		if id < r.Inside || id-r.Inside >= r.Size {
			continue
		}
		if outside := uint64(r.Outside) + uint64(id-r.Inside); outside <= math.MaxUint32 {
			return uint32(outside), true
		}
	}
	return 0, false
}

// Through returns the map that m and then outer make: an inspect answer of a rootless Podman is relative to the user
// namespace that Podman runs in, so it takes that one's map to get down to the host's IDs. What outer does not map is
// left out.
func (m IDMap) Through(outer IDMap) IDMap {
	var composed IDMap
	for _, r := range m {
		for _, o := range outer {
			first := max(uint64(r.Outside), uint64(o.Inside))
			end := min(uint64(r.Outside)+uint64(r.Size), uint64(o.Inside)+uint64(o.Size))
			if first >= end {
				continue
			}
			composed = append(composed, IDRange{
				Inside:  r.Inside + uint32(first-uint64(r.Outside)),
				Outside: o.Outside + uint32(first-uint64(o.Inside)),
				Size:    uint32(end - first),
			})
		}
	}
	return composed
}

// String returns the map as inspect prints it, its ranges separated by spaces.
func (m IDMap) String() string {
	lines := make([]string, len(m))
	for i, r := range m {
		lines[i] = fmt.Sprintf("%d:%d:%d", r.Inside, r.Outside, r.Size)
	}
	return strings.Join(lines, " ")
}
