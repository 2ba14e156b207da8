// Setuid stands in for a program that needs its setuid bit: it fails where that does not make it root.
package main

import (
	"fmt"
	"os"
)

func main() {
	if os.Geteuid() != 0 {
		fmt.Fprintf(os.Stderr, "setuid: I am UID %d and must be root: Operation not permitted\n", os.Geteuid())
		os.Exit(1)
	}
}
