package main

import "encoding/json"

// recorded is one answer of a service in testdata/captures.
type recorded struct {
	Status  int
	Version string          `json:",omitempty"`
	JSON    json.RawMessage `json:",omitempty"`
	Body    []byte          `json:",omitempty"`
}
