// Package hint gives an error the advice that is printed below it: "podlint: MESSAGE" and "hint: ADVICE".
package hint

import "errors"

// Error is an error with what to do about it.
type Error struct {
	Err error
	// Hint is a sentence without a full stop, in the imperative.
	Hint string
}

// Error returns the message without the hint.
func (e *Error) Error() string { return e.Err.Error() }

// Advice returns the hint.
func (e *Error) Advice() string { return e.Hint }

// Unwrap returns the error that the hint is about.
func (e *Error) Unwrap() error { return e.Err }

// With returns err with a hint.
func With(err error, hint string) error { return &Error{err, hint} }

// Of returns the hint that err carries, and whether it carries one: an Error's, or that of another error with an
// Advice that is not empty.
func Of(err error) (string, bool) {
	var e interface {
		error
		Advice() string
	}
	if errors.As(err, &e) {
		advice := e.Advice()
		_, own := e.(*Error)
		return advice, own || advice != ""
	}
	return "", false
}
