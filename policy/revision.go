package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/internal/hint"
)

// Revision is a commit from which the configuration is taken, so that a change cannot bring along its own judge: the
// base of a pull request.
type Revision struct {
	// Name is how it was named, such as "origin/main".
	Name string
	// top is the repository's top directory, commit the commit's hash.
	top, commit string
}

// IsRevision tells a revision from the path of a file, which ends in .toml or starts with a dot, a slash or a tilde: no
// branch can start with a dot. What it is does not depend on which files there are.
func IsRevision(name string) bool {
	return !strings.HasSuffix(name, ".toml") && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "/") &&
		!strings.HasPrefix(name, "~")
}

// OpenRevision finds a commit of the repository that the working directory is in, with the git program.
func OpenRevision(ctx context.Context, name string) (*Revision, error) {
	top, err := git(ctx, ".", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, hint.With(fmt.Errorf("--config-from %s: %w", name, err),
			"run podlint in the repository, or name a file: --config-from ./podlint.toml")
	}
	r := &Revision{Name: name, top: strings.TrimSuffix(string(top), "\n")}
	commit, err := git(ctx, r.top, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return nil, hint.With(fmt.Errorf("--config-from %s: there is no such commit here", name),
			"fetch it first, or name a file: --config-from ./podlint.toml")
	}
	r.commit = strings.TrimSpace(string(commit))
	return r, nil
}

// Read returns a file as the commit has it: an error that is fs.ErrNotExist where it has none.
func (r *Revision) Read(ctx context.Context, path string) ([]byte, error) {
	below, err := r.below(path)
	if err != nil {
		return nil, err
	}
	object := r.commit + ":" + filepath.ToSlash(below)
	kind, err := git(ctx, r.top, "ls-tree", "-z", "--full-tree", r.commit, "--", filepath.ToSlash(below))
	if err != nil {
		return nil, err
	}
	switch mode, _, _ := strings.Cut(string(kind), " "); mode {
	case "":
		return nil, fmt.Errorf("%s has no %s: %w", r.Name, below, fs.ErrNotExist)
	case "100644", "100755":
		return git(ctx, r.top, "cat-file", "blob", object)
	default:
		return nil, fmt.Errorf("%s in %s is not a regular file", below, r.Name)
	}
}

// below returns a path relative to the repository's top directory.
func (r *Revision) below(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(filepath.Dir(absolute)); err == nil { // as git names the top directory
		absolute = filepath.Join(resolved, filepath.Base(absolute))
	}
	below, err := filepath.Rel(r.top, absolute)
	if err != nil || below == ".." || strings.HasPrefix(below, "../") {
		return "", fmt.Errorf("%s is not in the repository", path)
	}
	return below, nil
}

// config returns the first podlint.toml of the commit from the working directory upwards, and its path.
func (r *Revision) config(ctx context.Context) (path string, data []byte, err error) {
	for dir := "."; ; dir = filepath.Join(dir, "..") {
		path = filepath.Join(dir, FileName)
		if _, err := r.below(path); err != nil {
			return "", nil, nil //nolint:nilerr // above the top directory there is nothing of the commit
		}
		data, err = r.Read(ctx, path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return path, data, err
		}
	}
}

// git runs the git program and returns what it prints. It is given nothing of the environment that would change what it
// does, and of the repository's configuration nothing that would run another program or fetch anything.
func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, errors.New("the git program is not there")
	}
	const patience = 20 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, append([]string{"--no-pager", "--literal-pathspecs",
		"-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false", "-c", "protocol.allow=never",
		"-c", "safe.bareRepository=explicit", "-c", "safe.directory=*"}, args...)...)
	command.Dir = dir
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GIT_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_NO_LAZY_FETCH=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	command.WaitDelay = time.Second
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var said bytes.Buffer
	command.Stderr = &limited{to: &said}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("the git program does not start: %w", files.Pathless(err))
	}
	data, readErr := files.ReadAll(out)
	if readErr != nil {
		cancel()
	}
	if err := command.Wait(); err != nil && readErr == nil {
		first, _, _ := strings.Cut(strings.TrimPrefix(said.String(), "fatal: "), "\n")
		return nil, fmt.Errorf("git: %s", strings.TrimSpace(first))
	}
	return data, readErr
}

// limited keeps the beginning of what is written.
type limited struct{ to *bytes.Buffer }

// Write is io.Writer's.
func (l *limited) Write(p []byte) (int, error) {
	const most = 4 << 10
	l.to.Write(p[:min(len(p), max(most-l.to.Len(), 0))])
	return len(p), nil
}

var _ io.Writer = (*limited)(nil)

// LoadFrom reads the configuration as a revision has it, else that of the user or the system.
func LoadFrom(ctx context.Context, r *Revision) (*Config, error) {
	path, data, err := r.config(ctx)
	if err != nil {
		return nil, fmt.Errorf("--config-from %s: %w", r.Name, err)
	}
	if path == "" {
		path, err = findIn(machineCandidates())
		if err != nil || path == "" {
			return &Config{}, err
		}
		return load(path, path)
	}
	config, problems := Parse(path+" of "+r.Name, data)
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return config, nil
}

// ReadBaselineFrom reads a baseline as a revision has it.
func ReadBaselineFrom(ctx context.Context, r *Revision, path string) (*Baseline, error) {
	data, err := r.Read(ctx, path)
	if err != nil {
		return nil, hint.With(fmt.Errorf("--config-from %s: the baseline: %w", r.Name, err),
			"a baseline counts once it is in "+r.Name)
	}
	b, err := ParseBaseline(data)
	if err != nil {
		return b, fmt.Errorf("%s of %s: %w", path, r.Name, err)
	}
	b.File = path + " of " + r.Name
	return b, nil
}

// Has reports whether a revision's version of a file has a waiver: of the same rules, with the same reason, above the
// same text.
func (r *Revision) Has(ctx context.Context, w *Waiver, known func(rule string) error) bool {
	data, err := r.Read(ctx, w.Origin.File)
	if err != nil {
		return false
	}
	accepted, _ := Waivers(w.Origin.File, string(data), known)
	for i := range accepted {
		a := &accepted[i]
		if strings.Join(a.Rules, ",") == strings.Join(w.Rules, ",") && a.Reason == w.Reason && a.Covered == w.Covered {
			return true
		}
	}
	return false
}
