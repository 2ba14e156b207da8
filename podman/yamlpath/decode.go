package yamlpath

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

var errEnd = errors.New("no more documents")

func reader(data []byte) io.Reader { return bytes.NewReader(data) }

// decode reads the next document. The YAML reader panics on some input that is none.
func decode(decoder *yaml.Decoder, document *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML reader gives up: %v", p)
		}
	}()
	err = decoder.Decode(document)
	if errors.Is(err, io.EOF) {
		return errEnd
	}
	return err
}
