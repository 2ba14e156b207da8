// Package cli is podlint's command line: the commands, their flags, and what they show on a terminal. What a command
// does lies in the packages that it calls.
package cli
