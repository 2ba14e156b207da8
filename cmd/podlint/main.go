// Podlint is the hardening linter for Podman: it says what leaves a container soft, and what to change.
package main

import (
	"context"
	"os"
	"runtime/debug"
)

func main() {
	// A run is over in a moment, and what it keeps (the findings, what relations need of each container) is some ten
	// kilobytes a container: collecting garbage less often makes it a third faster for a few megabytes more.
	debug.SetGCPercent(200)
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
