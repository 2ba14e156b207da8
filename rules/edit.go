package rules

// Edit replaces a piece of a file's text.
type Edit struct {
	File string
	// Start and End are where the piece begins and what follows it; the same where something is put in.
	Start, End Place
	// Text is what is put there.
	Text string
}

// Place is a place in a text: a line and a column from 1. Columns count UTF-16 code units, as SARIF and editors do.
type Place struct{ Line, Column int }
