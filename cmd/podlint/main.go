// Podlint is the hardening linter for Podman: it says what leaves a container soft, and what to change.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
