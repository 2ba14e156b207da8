// Package word writes numbers with their nouns.
package word

import "strconv"

// Count writes a number with its noun: "1 path", "3 paths".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
