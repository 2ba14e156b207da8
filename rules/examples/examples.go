// Package examples holds, for each rule that shows in a definition, one that it flags and one that it does not. The
// tests run them, the documentation shows them.
package examples

import "embed"

// Files holds RULE/bad.EXTENSION and RULE/good.EXTENSION, with what stands beside a bad one as RULE/bad-NAME.EXTENSION.
//
//go:embed */*
var Files embed.FS
