package machine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/podlint/podlint/podman"
)

// Policy reads a signature policy: the named file, else this account's where it is there, else the system's
// (containers-policy.json(5)). It is unknown where none can be read.
func Policy(named string) podman.Setting[podman.Policy] {
	paths := []string{named}
	if named == "" {
		paths = []string{"/etc/containers/policy.json"}
		if home, err := os.UserHomeDir(); err == nil { // whatever XDG_CONFIG_HOME is
			paths = append([]string{filepath.Join(home, ".config/containers/policy.json")}, paths...)
		}
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			break
		}
		if p, ok := parsePolicy(data); ok {
			p.Origin = podman.Origin{File: path}
			return podman.Set(p, p.Origin)
		}
		break
	}
	return podman.Setting[podman.Policy]{}
}

// parsePolicy reduces a policy to what it asks for. All of a list's requirements must be met, so the strictest counts.
func parsePolicy(data []byte) (podman.Policy, bool) {
	type requirement struct {
		Type string `json:"type"`
	}
	var file struct {
		Default    []requirement                       `json:"default"`
		Transports map[string]map[string][]requirement `json:"transports"`
	}
	if json.Unmarshal(data, &file) != nil || len(file.Default) == 0 {
		return podman.Policy{}, false
	}
	strictest := func(list []requirement) string {
		kind := "insecureAcceptAnything"
		for _, r := range list {
			if r.Type != kind {
				return r.Type
			}
		}
		return kind
	}
	p := podman.Policy{Default: strictest(file.Default), Docker: map[string]string{}}
	for scope, list := range file.Transports["docker"] {
		p.Docker[scope] = strictest(list)
	}
	return p, true
}
