// Podlint is the hardening linter for Podman: it says what leaves a container soft, and what to change.
package main

import (
	"context"
	"os"
	"runtime/debug"
)

func main() {
	// A run is over in a moment, and what it keeps (the findings, half a kilobyte of each container for what is between them) is
	// little: collecting garbage less often makes it a third faster for a few megabytes more.
	debug.SetGCPercent(200)
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
