package rules

import "strings"

// shortNames lists capabilities without the prefix that all of them have.
func shortNames(names []string) string {
	return strings.ReplaceAll(strings.Join(names, " "), "CAP_", "")
}
