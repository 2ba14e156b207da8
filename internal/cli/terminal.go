package cli

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// terminal returns a stream's file descriptor where it is a terminal.
func terminal(stream any) (int, bool) {
	file, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	return int(file.Fd()), true
}

// wantsColor decides on colour: --no-color, then NO_COLOR, then FORCE_COLOR, then TERM=dumb, then whether it is a
// terminal.
func wantsColor(w io.Writer, switchedOff bool) bool {
	force, forced := os.LookupEnv("FORCE_COLOR")
	switch {
	case switchedOff || os.Getenv("NO_COLOR") != "":
		return false
	case forced && force != "" && force != "0":
		return true
	case os.Getenv("TERM") == "dumb":
		return false
	}
	_, ok := terminal(w)
	return ok
}

// width returns how many columns the stream has, 0 for no limit: a file is not wrapped, nor is a pipe, unless COLUMNS
// says so.
func width(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	fd, ok := terminal(w)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(fd)
	if err != nil {
		return 0
	}
	return columns
}
