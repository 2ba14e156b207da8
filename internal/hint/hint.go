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

// Unwrap returns the error that the hint is about.
func (e *Error) Unwrap() error { return e.Err }

// With returns err with a hint.
func With(err error, hint string) error { return &Error{err, hint} }

// Of returns the hint that err carries, and whether it carries one.
func Of(err error) (string, bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint, true
	}
	return "", false
}
