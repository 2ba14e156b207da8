package rules

import (
	"fmt"
	"slices"
	"strings"
)

// Find returns a rule by its name. The error of a name that no rule has says which was probably meant.
func Find(catalogue []Rule, id string) (*Rule, error) {
	names := make([]string, len(catalogue))
	var items []string
	for i := range catalogue {
		if names[i] = catalogue[i].ID; names[i] == id {
			return &catalogue[i], nil
		}
		if id != "" && catalogue[i].CIS == id {
			items = append(items, names[i])
		}
	}
	if len(items) > 0 {
		return nil, fmt.Errorf("%q is not a rule but an item of the CIS benchmark: did you mean %s?", id,
			strings.Join(items, " or "))
	}
	if near := meantBy(id, names); near != "" {
		return nil, fmt.Errorf("%q is not a rule: did you mean %s?", id, near)
	}
	return nil, fmt.Errorf("%q is not a rule; podlint rules lists them", id)
}

// meantBy returns the names that another was probably meant to be: in other letters, a part of it, or nearly it.
func meantBy(id string, names []string) string {
	plain := strings.Trim(strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(id)), "-")
	if slices.Contains(names, plain) {
		return plain
	}
	const fewest, few = 3, 3
	if len(plain) >= fewest {
		for _, holds := range []func(string, string) bool{strings.HasPrefix, strings.Contains} {
			var parts []string
			for _, name := range names {
				if holds(name, plain) {
					parts = append(parts, name)
				}
			}
			if len(parts) > 0 && len(parts) <= few {
				return strings.Join(parts, " or ")
			}
		}
	}
	return Nearest(plain, names)
}

// Nearest returns the word that another was probably meant to be, and nothing where none is near.
func Nearest(word string, known []string) string {
	near, distance := "", min(4, len(word)/2+1) // of a short word fewer letters are wrong
	for _, k := range known {
		if d := editDistance(k, word); d < distance {
			near, distance = k, d
		}
	}
	return near
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, above+1, row[j]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}
