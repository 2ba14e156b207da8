package podman

import "errors"

// Problem is an error of reading: something of a definition or of a service that could not be read, or not wholly.
type Problem struct {
	// Origin is where it is; its Line is 0 where it is the file as a whole, and its File empty where there is none.
	Origin Origin
	// Target is what it is about where there is no file: a container's name, or a service's address.
	Target string
	// Message says what is wrong and Hint what to do about it, each in a few words without a full stop.
	Message, Hint string
	// Err is the error that it comes of, nil for none. It says what is wrong where there is no message.
	Err error
	// Warning is set where what is defined was read all the same, or but for one setting, which is unknown.
	Warning bool
}

// Place returns what is in front of the message: the file and line, or what it is about.
func (p *Problem) Place() string {
	if p.Origin.File == "" && p.Target != "" {
		return p.Target
	}
	origin := p.Origin
	origin.Column = 0
	return origin.String()
}

// Text returns what is wrong, without the place.
func (p *Problem) Text() string {
	if p.Message == "" && p.Err != nil {
		return p.Err.Error()
	}
	return p.Message
}

// Error returns the place and what is wrong.
func (p *Problem) Error() string { return p.Place() + ": " + p.Text() }

// Unwrap returns the error that it comes of.
func (p *Problem) Unwrap() error { return p.Err }

// Advice returns what to do about it: its own hint, else that of the error that it comes of.
func (p *Problem) Advice() string {
	var inner interface{ Advice() string }
	if p.Hint == "" && errors.As(p.Err, &inner) {
		return inner.Advice()
	}
	return p.Hint
}
