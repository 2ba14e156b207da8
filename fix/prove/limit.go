package prove

import (
	"errors"
	"io"
)

// limitedReader fails once it has read more bytes than it may.
type limitedReader struct {
	from io.Reader
	left int64
}

var errTooLarge = errors.New("too large")

// Read is io.Reader's.
func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
