package rules

import "fmt"

// Find returns a rule by its name. The error of a name that no rule has says which was probably meant.
func Find(catalogue []Rule, id string) (*Rule, error) {
	names := make([]string, len(catalogue))
	for i := range catalogue {
		if names[i] = catalogue[i].ID; names[i] == id {
			return &catalogue[i], nil
		}
	}
	if near := Nearest(id, names); near != "" {
		return nil, fmt.Errorf("%q is not a rule: did you mean %s?", id, near)
	}
	return nil, fmt.Errorf("%q is not a rule; podlint rules lists them", id)
}

// Nearest returns the word that another was probably meant to be, and nothing where none is near.
func Nearest(word string, known []string) string {
	near, distance := "", 4
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
