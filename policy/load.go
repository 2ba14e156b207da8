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
func (e *Error) Error() string { return e.Problems[0].Error() }

// Unwrap returns the mistakes.
func (e *Error) Unwrap() []error {
	all := make([]error, len(e.Problems))
	for i := range e.Problems {
		all[i] = &e.Problems[i]
	}
	return all
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
	return findIn(append(candidates, machineCandidates()...))
}

// machineCandidates returns where a user and a system have their configuration.
func machineCandidates() []string {
	var candidates []string
	if dir, err := os.UserConfigDir(); err == nil {
		candidates = append(candidates, filepath.Join(dir, "podlint", FileName))
	}
	return append(candidates, filepath.Join("/etc/podlint", FileName))
}

// findIn returns the first of some paths where there is a file.
func findIn(candidates []string) (string, error) {
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

// mayTrust refuses a configuration that was found rather than named and that another user may have put there, as git
// does with repositories (safe.directory): it could switch rules off for whoever happens to work below it.
func mayTrust(path string, info fs.FileInfo) error {
	const advice = "name it with --config if it is meant, or leave it out with --config none"
	refused := func(why string) error {
		return hint.With(fmt.Errorf("%s %s, so it is not used", path, why), advice)
	}
	const othersWrite, groupWrites = 0o002, 0o020
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return refused("is in a directory that cannot be asked about")
	}
	if link, err := os.Lstat(path); err == nil && link.Mode()&os.ModeSymlink != 0 {
		resolved, err := filepath.EvalSymlinks(path)
		above, dirErr := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil || dirErr != nil || filepath.Dir(resolved) != above {
			return refused("is a link out of its directory")
		}
	}
	switch everybody := dir.Mode().Perm()&othersWrite != 0; {
	case info.Mode().Perm()&othersWrite != 0:
		return refused("may be written by everybody")
	case everybody && (!isOwn(info) || dir.Mode()&os.ModeSticky == 0):
		return refused("lies in a directory where everybody may put one")
	case !isOwn(info):
		return refused("belongs to another user")
	case !everybody && !isOwn(dir):
		return refused("lies in a directory that belongs to another user")
	case info.Mode().Perm()&groupWrites != 0:
		return refused("may be written by its group")
	case dir.Mode().Perm()&groupWrites != 0 && dir.Mode()&os.ModeSticky == 0:
		return refused("lies in a directory that its group may write to")
	}
	return nil
}

// isOwn reports whether a file belongs to the account, to root, or to the user for whom sudo runs podlint as root.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	user := os.Geteuid()
	return int(stat.Uid) == user || stat.Uid == 0 ||
		user == 0 && os.Getenv("SUDO_UID") != "" && os.Getenv("SUDO_UID") == fmt.Sprint(stat.Uid)
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
	name := path
	if wd, err := os.Getwd(); err == nil && named == "" {
		if relative, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(relative, "../../..") {
			name = relative
		}
	}
	return load(path, name)
}

// load reads a configuration that is called name in messages.
func load(path, name string) (*Config, error) {
	data, err := files.Read(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration %s: %w", path, err)
	}
	config, problems := Parse(name, data)
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
	b.File = path
	return b, nil
}
