package fix

import (
	"slices"
	"strings"

	"github.com/podlint/podlint/podman/quadlet"
)

// DropInName is the name of the drop-in that podlint writes beside a unit.
const DropInName = "50-podlint.conf"

// DropIn returns the drop-in that makes of a unit what it would be after an edit. What it holds already stays. A list
// that has lost or changed an entry is reset by an empty assignment and given anew; a key that is gone is reset.
func DropIn(path string, have, before, after []byte) []byte {
	section := quadlet.Section(path)
	old, new := byKey(path, before, section), byKey(path, after, section)
	var lines []string
	for _, key := range union(path, before, after, section) {
		was, is := old[key], new[key]
		switch {
		case slices.Equal(was, is):
		case len(is) > len(was) && slices.Equal(is[:len(was)], was):
			for _, value := range is[len(was):] {
				lines = append(lines, key+"="+value)
			}
		case !quadlet.Repeats(key) && len(is) > 0:
			lines = append(lines, key+"="+is[len(is)-1])
		default:
			lines = append(lines, key+"=")
			for _, value := range is {
				lines = append(lines, key+"="+value)
			}
		}
	}
	ending := lineEnding(have, 0)
	text := strings.TrimRight(string(have), "\r\n")
	if text != "" {
		text += ending
	} else {
		text = "[" + section + "]\n"
	}
	return []byte(text + strings.Join(lines, ending) + ending)
}

func byKey(path string, text []byte, section string) map[string][]string {
	values := map[string][]string{}
	list, _ := quadlet.Assignments(path, text)
	for _, a := range list {
		if a.Section != section {
			continue
		}
		if a.Value == "" {
			values[a.Key] = nil
			continue
		}
		values[a.Key] = append(values[a.Key], strings.Join(strings.Fields(a.Value), " "))
	}
	return values
}

// union returns the keys of both texts in their order, those of the new one last.
func union(path string, before, after []byte, section string) []string {
	var keys []string
	for _, text := range [][]byte{before, after} {
		list, _ := quadlet.Assignments(path, text)
		for _, a := range list {
			if a.Section == section && !slices.Contains(keys, a.Key) {
				keys = append(keys, a.Key)
			}
		}
	}
	return keys
}
