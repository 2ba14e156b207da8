package yamlpath

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// byteColumns makes the columns of nodes count bytes, as those of every other definition do: the YAML reader counts
// characters. A text without others than ASCII is left as it is.
type byteColumns struct {
	lines [][]byte
	// line is the one that was looked at last, and in it the column that begins at the byte with the offset.
	line, column, offset int
}

func newByteColumns(data []byte) *byteColumns {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return &byteColumns{lines: bytes.Split(data, []byte("\n"))}
		}
	}
	return nil
}

// convert converts the columns of a tree. Nodes come in the order in which they stand, so that each line is walked
// through once.
func (c *byteColumns) convert(n *yaml.Node) {
	if c == nil {
		return
	}
	n.Column = c.of(n.Line, n.Column)
	for _, child := range n.Content {
		c.convert(child)
	}
}

func (c *byteColumns) of(line, column int) int {
	if line < 1 || line > len(c.lines) {
		return column
	}
	if line != c.line || column < c.column {
		c.line, c.column, c.offset = line, 1, 0
	}
	text := c.lines[line-1]
	for c.column < column && c.offset < len(text) {
		_, size := utf8.DecodeRune(text[c.offset:])
		c.offset += size
		c.column++
	}
	return c.offset + 1 + column - c.column
}
