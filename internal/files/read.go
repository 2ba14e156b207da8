// Package files reads files that anyone may have made, and writes files so that nobody sees half of one.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Largest is how many bytes of a file are read: more than any definition that somebody wrote.
const Largest = 8 << 20

// Read reads a regular file of at most Largest bytes. Opening it does not wait, whatever it is, and what the kernel
// makes up (/proc, /sys) is refused. The error does not repeat the path.
func Read(path string) ([]byte, error) { return ReadUpTo(path, Largest) }

// ReadUpTo is Read with another number of bytes.
func ReadUpTo(path string, largest int64) ([]byte, error) {
	return read(path, largest, func(string) error { return nil })
}

// read reads a file that may allows, which is told where it really is.
func read(path string, largest int64, may func(resolved string) error) ([]byte, error) {
	file, err := open(path, may)
	if err != nil {
		return nil, Pathless(err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, Pathless(err)
	case !info.Mode().IsRegular():
		return nil, NotRegular(info.Mode())
	case info.Size() > largest:
		return nil, tooLarge(largest)
	}
	return readAll(file, largest)
}

// NotRegular says what a file is instead of a regular one.
func NotRegular(mode fs.FileMode) error {
	what := "a directory"
	switch {
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&(fs.ModeDevice|fs.ModeCharDevice) != 0:
		what = "a device"
	}
	return fmt.Errorf("not a regular file but %s", what)
}

// ReadAll reads a stream of at most Largest bytes to its end.
func ReadAll(r io.Reader) ([]byte, error) { return readAll(r, Largest) }

func readAll(r io.Reader, largest int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, largest+1))
	if err == nil && int64(len(data)) > largest {
		err = tooLarge(largest)
	}
	return data, err
}

func tooLarge(largest int64) error { return fmt.Errorf("larger than %d MiB", largest>>20) }

// Pathless returns what went wrong with a file without the file's path, which the caller names in its own way.
func Pathless(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Relative returns a path as it is from the working directory, where it is in it, else as it is.
func Relative(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if below, err := filepath.Rel(dir, path); err == nil && below != ".." && !strings.HasPrefix(below, "../") {
		return below
	}
	return path
}
