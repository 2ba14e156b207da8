package command

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// mostMappings is how many ranges the kernel takes in a map (user_namespaces(7)).
const mostMappings = 340

// idMaps reads the values of --uidmap or --gidmap as Podman 5 does (pkg/util, ParseIDMap): relative to Podman's own
// user namespace, whose map is parent. "+" puts a range over those before it, and in a rootless container without any
// over the default map; "@" names an ID outside of Podman's namespace; "u" and "g" say which of the two maps is meant.
func (b builder) idMaps(options []Option, which byte, parent podman.IDMap) (podman.IDMap, bool) {
	if len(options) > mostMappings {
		return nil, false
	}
	var made podman.IDMap
	fill := false
	for _, o := range options {
		value, ok := b.idMapValue(o, parent)
		if !ok {
			return nil, false
		}
		parts := strings.Split(value, ":")
		if len(parts)%3 != 0 {
			return nil, false
		}
		for ; len(parts) > 0; parts = parts[3:] {
			digits := strings.TrimLeft(parts[0], "+ug")
			flags := parts[0][:len(parts[0])-len(digits)]
			ranges, ok := idRanges(digits, parts[1], parts[2], parent)
			if !ok || len(made) > mostMappings {
				return nil, false
			}
			if strings.ContainsAny(flags, "ug") && !strings.Contains(flags, string(which)) {
				continue
			}
			for _, r := range ranges {
				if !strings.Contains(flags, "+") {
					made = append(made, r)
					continue
				}
				fill = fill || len(made) == 0 && b.ctx.Host.Rootless.Value
				made = append(without(made, r), r)
			}
		}
	}
	if fill {
		made = filled(made, parent)
	}
	return made, true
}

// idMapValue returns a value with its size. Of what is only known when it is run, %U is known so far that the account
// is the ID 0 of Podman's namespace.
func (b builder) idMapValue(o Option, parent podman.IDMap) (string, bool) {
	value := o.Value
	if b.unknown(o) {
		account, ok := parent.Outside(0)
		number := "@" + strconv.FormatUint(uint64(account), 10)
		value = strings.NewReplacer("@%U", number, "@%G", number).Replace(value)
		if !ok || strings.ContainsAny(value, "%$`{") {
			return "", false
		}
	}
	if strings.Count(value, ":") == 1 {
		value += ":1"
	}
	return value, true
}

// idRanges returns the ranges that INSIDE:OUTSIDE:SIZE makes: several where an "@" names IDs of several ranges of
// Podman's namespace.
func idRanges(inside, outside, size string, parent podman.IDMap) (podman.IDMap, bool) {
	outer, named := strings.CutPrefix(outside, "@")
	line, err := podman.ParseIDMap([]string{inside + ":" + outer + ":" + size})
	if err != nil {
		return nil, false
	}
	if line[0].Size == 0 {
		return nil, true
	}
	if !named {
		return line, true
	}
	var found podman.IDMap
	r, total := line[0], uint64(0)
	for _, p := range parent {
		first := max(uint64(r.Outside), uint64(p.Outside))
		end := min(uint64(r.Outside)+uint64(r.Size), uint64(p.Outside)+uint64(p.Size))
		if first >= end {
			continue
		}
		total += end - first
		found = append(found, podman.IDRange{Inside: r.Inside + uint32(first-uint64(r.Outside)),
			Outside: p.Inside + uint32(first-uint64(p.Outside)), Size: uint32(end - first)})
	}
	return found, total == uint64(r.Size)
}

// without returns a map without the IDs that a range has, inside or outside (breakInsert).
func without(m podman.IDMap, r podman.IDRange) podman.IDMap {
	var kept podman.IDMap
	for _, piece := range m {
		size := int64(piece.Size)
		cuts := [][2]int64{
			{int64(r.Inside) - int64(piece.Inside), int64(r.Inside) - int64(piece.Inside) + int64(r.Size)},
			{int64(r.Outside) - int64(piece.Outside), int64(r.Outside) - int64(piece.Outside) + int64(r.Size)},
		}
		slices.SortFunc(cuts, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
		from := int64(0)
		keep := func(to int64) {
			if to = min(to, size); to > from {
				kept = append(kept, podman.IDRange{Inside: piece.Inside + uint32(from), Outside: piece.Outside + uint32(from),
					Size: uint32(to - from)})
			}
		}
		for _, cut := range cuts {
			keep(cut[0])
			from = max(from, cut[1])
		}
		keep(size)
	}
	return kept
}

// filled gives the IDs that a map leaves free those of Podman's namespace that are left, in their order (fillIDMap).
func filled(m, parent podman.IDMap) podman.IDMap {
	m = slices.Clone(m)
	slices.SortFunc(m, func(a, b podman.IDRange) int { return cmp.Compare(a.Inside, b.Inside) })
	var free podman.IDMap // as ranges of Podman's namespace; what they are inside is not looked at
	for _, p := range parent {
		free = append(free, podman.IDRange{Inside: p.Inside, Outside: p.Inside, Size: p.Size})
	}
	for _, used := range m {
		var left podman.IDMap
		for _, f := range free {
			left = append(left, without(podman.IDMap{f}, podman.IDRange{Inside: used.Outside, Outside: used.Outside,
				Size: used.Size})...)
		}
		free = left
	}
	var made podman.IDMap
	next := uint64(0)
	give := func(until uint64) {
		for next < until && len(free) > 0 {
			size := min(until-next, uint64(free[0].Size))
			made = append(made, podman.IDRange{Inside: uint32(next), Outside: free[0].Outside, Size: uint32(size)})
			next += size
			if free[0].Outside, free[0].Size = free[0].Outside+uint32(size), free[0].Size-uint32(size); free[0].Size == 0 {
				free = free[1:]
			}
		}
	}
	for _, r := range m {
		give(uint64(r.Inside))
		made = append(made, r)
		next = max(next, uint64(r.Inside)) + uint64(r.Size)
	}
	give(1 << 32)
	return made
}
