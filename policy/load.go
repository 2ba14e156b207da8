package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/podman"
)

// FileName is the name that a configuration is found by.
const FileName = "podlint.toml"

// Error is what is wrong with a configuration, each mistake with its place.
type Error struct{ Problems []podman.Problem }

// Error names the first mistake.
func (e *Error) Error() string {
	first := e.Problems[0]
	return first.Origin.String() + ": " + first.Message
}

// find returns the path of the configuration that counts: the one that was named, else the first podlint.toml from the
// working directory upwards, else the user's, else the system's. It is empty where there is none, or where "none" was
// named.
func find(named string) (string, error) {
	switch named {
	case "":
	case "none":
		return "", nil
	default:
		return named, nil
	}
	var candidates []string
	if dir, err := os.Getwd(); err == nil {
		for {
			candidates = append(candidates, filepath.Join(dir, FileName))
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	if dir, err := os.UserConfigDir(); err == nil {
		candidates = append(candidates, filepath.Join(dir, "podlint", FileName))
	}
	candidates = append(candidates, filepath.Join("/etc/podlint", FileName))
	for _, path := range candidates {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("the configuration: %w", err)
		}
		return path, mayTrust(path, info)
	}
	return "", nil
}

// mayTrust refuses a configuration that was found rather than named and that another user may have put there: it could
// switch rules off for whoever happens to work below it, in /tmp for example.
func mayTrust(path string, info fs.FileInfo) error {
	const advice = "name it with --config if it is meant, or leave it out with --config none"
	const othersWrite = 0o002
	if info.Mode().Perm()&othersWrite != 0 {
		return hint.With(fmt.Errorf("%s may be written by everybody, so it is not used", path), advice)
	}
	dir, err := os.Stat(filepath.Dir(path))
	stat, ok := info.Sys().(*syscall.Stat_t)
	if err != nil || !ok || dir.Mode().Perm()&othersWrite == 0 {
		return nil //nolint:nilerr // a directory that cannot be asked has been read from
	}
	if int(stat.Uid) != os.Geteuid() && stat.Uid != 0 {
		return hint.With(fmt.Errorf("%s lies in a directory where everybody may put one, so it is not used", path),
			advice)
	}
	return nil
}

// Load reads the configuration that counts: the named file, none where "none" is named, else the one that is found.
func Load(named string) (*Config, error) {
	path, err := find(named)
	if err != nil {
		return nil, err
	}
	if path == "" {
		return &Config{}, nil
	}
	data, err := files.Read(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration %s: %w", path, err)
	}
	if wd, err := os.Getwd(); err == nil && named == "" {
		if relative, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(relative, "../../..") {
			path = relative
		}
	}
	config, problems := Parse(path, data)
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return config, nil
}

// ReadBaseline reads a baseline file. One of version 1 is returned with ErrOldBaseline.
func ReadBaseline(path string) (*Baseline, error) {
	data, err := files.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.With(fmt.Errorf("the baseline %s does not exist", path), "create one with podlint baseline "+
			"write")
	}
	if err != nil {
		return nil, fmt.Errorf("the baseline %s: %w", path, err)
	}
	b, err := ParseBaseline(data)
	if err != nil {
		return b, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}
