package rules

import (
	"fmt"
	"time"
)

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// days writes a duration in whole days.
func days(d time.Duration) string {
	return count(int(d.Hours()/24), "day", "days")
}
