// Package files reads files that anyone may have made, and writes files so that nobody sees half of one.
package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Largest is how many bytes of a file are read: more than any definition that somebody wrote.
const Largest = 8 << 20

// Read reads a regular file of at most Largest bytes. Opening it does not wait, whatever it is. The error does not
// repeat the path.
func Read(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, Pathless(err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, Pathless(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > Largest:
		return nil, tooLarge()
	}
	return ReadAll(file)
}

// ReadAll reads a stream of at most Largest bytes to its end.
func ReadAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, Largest+1))
	if err == nil && len(data) > Largest {
		err = tooLarge()
	}
	return data, err
}

func tooLarge() error { return fmt.Errorf("larger than %d MiB", Largest>>20) }

// Pathless returns what went wrong with a file without the file's path, which the caller names in its own way.
func Pathless(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
