package command

import (
	"errors"
	"io"
	"runtime"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// errTooDeep says that a script is nested deeper than podlint follows it.
var errTooDeep = errors.New("nested too deep for podlint to read")

const (
	// deepestCalls is how many calls the parser may be in: its stack would grow with the nesting of the script until
	// the program dies. A script that somebody wrote takes some hundred.
	deepestCalls = 5000
	// deepestTree is how deep the tree of a script may be; a long chain of && makes one without nesting.
	deepestTree = 2000
)

// shallow is a text that is read in pieces for as long as the reader of it is not in too many calls.
type shallow struct{ text *strings.Reader }

// Read is io.Reader's. The parser asks for at most 1 KiB at a time, in which it cannot get much deeper.
func (s shallow) Read(p []byte) (int, error) {
	const piece = 512
	var caller [1]uintptr
	if runtime.Callers(deepestCalls, caller[:]) > 0 {
		return 0, errTooDeep
	}
	return s.text.Read(p[:min(len(p), piece)])
}

var _ io.Reader = shallow{}

// parse parses a script as Bash reads it, which takes in POSIX shell. A script that is nested too deep is an error.
func parse(text string) (*syntax.File, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(shallow{strings.NewReader(expressions(text))}, "")
	if err != nil {
		return nil, err
	}
	depth := 0
	syntax.Walk(file, func(node syntax.Node) bool {
		if node == nil {
			depth--
			return true
		}
		if depth++; depth > deepestTree {
			depth--
			err = errTooDeep
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}
