package cli

import (
	"errors"
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

// colorMode is the value of --color.
type colorMode string

// The modes.
const (
	colorAuto   colorMode = "auto"
	colorAlways colorMode = "always"
	colorNever  colorMode = "never"
)

// String implements pflag.Value.
func (m *colorMode) String() string { return string(*m) }

// Type implements pflag.Value.
func (m *colorMode) Type() string { return "when" }

// Set implements pflag.Value.
func (m *colorMode) Set(text string) error {
	switch mode := colorMode(text); mode {
	case colorAuto, colorAlways, colorNever:
		*m = mode
		return nil
	}
	return errors.New("must be one of auto, always, never")
}

// noColor is the value of --no-color, which is --color=never.
type noColor struct{ mode *colorMode }

// String implements pflag.Value.
func (n noColor) String() string { return "" }

// Type implements pflag.Value.
func (n noColor) Type() string { return "bool" }

// Set implements pflag.Value.
func (n noColor) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("must be true or false")
	}
	if on {
		*n.mode = colorNever
	}
	return nil
}

// wantsColor decides on colour: --color, then NO_COLOR, then FORCE_COLOR, then TERM=dumb, then whether it is a
// terminal.
func wantsColor(w io.Writer, mode colorMode) bool {
	force, forced := os.LookupEnv("FORCE_COLOR")
	switch {
	case mode == colorAlways:
		return true
	case mode == colorNever || os.Getenv("NO_COLOR") != "":
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
