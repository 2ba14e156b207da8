package rules

import (
	"time"

	"github.com/podlint/podlint/internal/word"
)

// days writes a duration in whole days.
func days(d time.Duration) string {
	return word.Count(int(d.Hours()/24), "day", "days")
}
