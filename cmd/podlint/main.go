// Podlint is the hardening linter for Podman: it says what leaves a container soft, and what to change.
package main

import (
	"context"
	"os"
	"runtime/debug"
)

func main() {
	// A scan's live memory is a few megabytes whatever the number of containers, and it is over in a moment: collecting
	// garbage less often makes it faster for a few megabytes more.
	debug.SetGCPercent(200)
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
