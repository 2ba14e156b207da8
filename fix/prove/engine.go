package prove

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// Engine runs podman's own program: what a proof does can be printed, and repeated by hand.
type Engine struct {
	// Program is podman with the options that name a service or a storage.
	Program []string
	// Dry, where set, receives each command that would change something instead of it being run. Secrets are masked.
	Dry func(line string)
	// Log receives each command before it is run. Secrets are masked.
	Log func(line string)
	// RuntimeDir is where the private directory of a proof is made; empty for /run, $XDG_RUNTIME_DIR or the
	// directory for temporary files.
	RuntimeDir string

	secrets redactor
}

// Label marks what podlint makes for a proof; its value names the process that makes it.
const Label = "podlint.proof"

// namePrefix begins the name of everything that podlint makes for a proof.
const namePrefix = "podlint-proof-"

const (
	// queryTimeout bounds a command that only asks Podman, cleanupTimeout all attempts to remove one thing.
	queryTimeout   = time.Minute
	cleanupTimeout = 30 * time.Second
	// maxOutput is how many bytes of a command's output are kept.
	maxOutput = 4 << 20
)

// CommandError is a podman command that failed. Its text is what Podman printed, with secrets masked.
type CommandError struct {
	// Status is the exit status, -1 where the command could not be run or was killed.
	Status int
	Text   string
}

// Error returns what Podman printed.
func (e *CommandError) Error() string { return e.Text }

// podmanStatus is the exit status with which `podman run` reports a failure of its own; 126 and 127 are about the
// command in the container, and all others are the container's.
const podmanStatus = 125

// isPodmanFailure reports whether Podman, and not what runs in the container, has failed.
func isPodmanFailure(err error) bool {
	var failed *CommandError
	return !errors.As(err, &failed) || failed.Status == podmanStatus || failed.Status < 0
}

// HideSecrets adds values that are replaced wherever Podman prints them.
func (e *Engine) HideSecrets(values ...string) { e.secrets.add(values...) }

// Redact replaces all secrets that the engine knows, and all that look like one.
func (e *Engine) Redact(text string) string { return e.secrets.redact(text) }

// run runs podman and returns what it prints. What it prints of errors is the error's text.
func (e *Engine) run(ctx context.Context, args ...string) (string, error) {
	return e.runWith(ctx, nil, args...)
}

// query is run for a command that only asks.
func (e *Engine) query(ctx context.Context, args ...string) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return e.run(bounded, args...)
}

// runWith is run with additional variables in Podman's own environment.
func (e *Engine) runWith(ctx context.Context, environment []string, args ...string) (string, error) {
	words := append(append([]string{}, e.Program...), args...)
	e.logCommand(words)
	if err := ctx.Err(); err != nil { // the log may have ended it
		return "", context.Cause(ctx)
	}
	cmd := e.command(ctx, words)
	cmd.Env = append(os.Environ(), environment...)
	out, errs := capped{left: maxOutput}, capped{left: maxOutput}
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err == nil {
		return out.String(), nil
	}
	if ctx.Err() != nil {
		return out.String(), context.Cause(ctx)
	}
	failed := &CommandError{Status: cmd.ProcessState.ExitCode(), Text: lastLine(e.Redact(errs.String()))}
	if failed.Text == "" {
		failed.Text = e.Redact(err.Error())
	}
	return out.String(), failed
}

func (e *Engine) logCommand(words []string) {
	if e.Log != nil {
		e.Log(e.Redact(command.Join(words)))
	}
}

// command prepares a program that ends with the context, and its children with it: a rootless podman starts itself
// once more, and that one would go on making a container.
func (e *Engine) command(ctx context.Context, words []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// lastLine returns the last line of what Podman printed of an error, without its prefix.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	return shortened(strings.TrimPrefix(text, "Error: "))
}

// capped keeps the first bytes that are written to it.
type capped struct {
	bytes.Buffer
	left int
}

// Write is io.Writer's.
func (c *capped) Write(p []byte) (int, error) {
	kept := p[:min(len(p), c.left)]
	c.left -= len(kept)
	c.Buffer.Write(kept)
	return len(p), nil
}

// retry tries to remove something, also after the proof was interrupted.
func (e *Engine) retry(ctx context.Context, args ...string) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	const attempts, pause = 5, 200 * time.Millisecond
	var err error
	for i := range attempts { // Podman 4.3 reports a mount as busy right after its last process has ended
		if i > 0 {
			time.Sleep(pause)
		}
		if _, err = e.run(bounded, args...); err == nil || isMissing(err) {
			return nil
		}
	}
	return err
}

// isMissing reports whether Podman has not found what it was to remove.
func isMissing(err error) bool {
	return strings.Contains(err.Error(), "no such ") || strings.Contains(err.Error(), "not found")
}

// remove removes a container by its ID or by a name that is podlint's.
func (e *Engine) remove(ctx context.Context, container string) error {
	return e.retry(ctx, "rm", "--force", "--volumes", "--time", "0", container)
}

// removeOwn removes the container of a name if this process has made it: a container that had the name before is not
// podlint's to remove.
func (e *Engine) removeOwn(ctx context.Context, name string) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	out, err := e.run(bounded, "ps", "--all", "--no-trunc", "--filter", "name=^"+name+"$",
		"--filter", "label="+Label+"="+owner(), "--format", "{{.ID}}")
	if err != nil {
		return err
	}
	for _, id := range strings.Fields(out) {
		err = errors.Join(err, e.remove(ctx, id))
	}
	return err
}

func (e *Engine) removeVolume(ctx context.Context, name string) error {
	return e.retry(ctx, "volume", "rm", "--force", name)
}

// removeNetwork removes a network. It does not force it: that would remove the containers of others in it, too.
func (e *Engine) removeNetwork(ctx context.Context, name string) error {
	return e.retry(ctx, "network", "rm", name)
}

// owner names this process in the label: its ID and when it was started, since IDs are used again.
func owner() string {
	pid := os.Getpid()
	return fmt.Sprintf("%d-%s", pid, startOf(pid))
}

// startOf returns when a process was started, in the kernel's clock ticks; empty if there is no such process (proc(5),
// field 22 of stat).
func startOf(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	text := string(data)
	const start = 19 // after the program's name, which is in parentheses and may hold some itself
	if fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]); len(fields) > start {
		return fields[start]
	}
	return ""
}

// alive reports whether the process that a label names still runs.
func alive(label string) bool {
	id, start, ok := strings.Cut(label, "-")
	pid, err := strconv.Atoi(id)
	return ok && err == nil && start != "" && startOf(pid) == start
}

// isAbandoned reports whether something with a name and a label was made by a podlint that no longer runs.
func isAbandoned(name, label string) bool {
	return strings.HasPrefix(name, namePrefix) && strings.Contains(label, "-") && !alive(label)
}

// Sweep removes what a podlint that no longer runs has left behind, and returns the names.
func (e *Engine) Sweep(ctx context.Context) []string {
	var swept []string
	const labelOf = "{{index .Config.Labels \"" + Label + "\"}}"
	out, err := e.query(ctx, "ps", "--all", "--no-trunc", "--filter", "label="+Label, "--format", "{{.ID}}")
	if err == nil {
		for _, id := range strings.Fields(out) {
			text, err := e.query(ctx, "inspect", "--type", "container", "--format", "{{.Name}} "+labelOf, id)
			name, label, _ := strings.Cut(strings.TrimSpace(text), " ")
			name = strings.TrimPrefix(name, "/")
			if err == nil && isAbandoned(name, label) && e.remove(ctx, id) == nil {
				swept = append(swept, name)
			}
		}
	}
	for _, kind := range []struct {
		command string
		remove  func(context.Context, string) error
	}{{"volume", e.removeVolume}, {"network", e.removeNetwork}} {
		out, err := e.query(ctx, kind.command, "ls", "--filter", "label="+Label, "--format", "{{.Name}}")
		if err != nil {
			continue
		}
		for _, name := range strings.Fields(out) {
			label, err := e.query(ctx, kind.command, "inspect", "--format", "{{index .Labels \""+Label+"\"}}", name)
			if err == nil && isAbandoned(name, strings.TrimSpace(label)) && kind.remove(ctx, name) == nil {
				swept = append(swept, name)
			}
		}
	}
	return append(swept, e.sweepDirectories()...)
}

// sweepDirectories removes the private directories of this account that no running podlint uses.
func (e *Engine) sweepDirectories() []string {
	var swept []string
	entries, _ := os.ReadDir(e.runtimeDir())
	for _, entry := range entries {
		rest, ok := strings.CutPrefix(entry.Name(), namePrefix)
		end := strings.LastIndexByte(rest, '-')
		if !ok || end < 0 || !isAbandoned(entry.Name(), rest[:end]) {
			continue
		}
		info, err := entry.Info()
		if err != nil || !info.IsDir() {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
			continue
		}
		if os.RemoveAll(filepath.Join(e.runtimeDir(), entry.Name())) == nil {
			swept = append(swept, entry.Name())
		}
	}
	return swept
}

// runtimeDir is where private directories are made: in memory, if possible.
func (e *Engine) runtimeDir() string {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	switch {
	case e.RuntimeDir != "":
		return e.RuntimeDir
	case os.Geteuid() == 0:
		dir = "/run"
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() && filepath.IsAbs(dir) {
		return dir
	}
	return os.TempDir()
}

// privateDir makes a directory that only this account can enter, named for this process.
func (e *Engine) privateDir() (string, error) {
	return os.MkdirTemp(e.runtimeDir(), namePrefix+owner()+"-")
}

// Rootless reports whether Podman runs as an ordinary user.
func (e *Engine) Rootless(ctx context.Context) (bool, error) {
	out, err := e.query(ctx, "info", "--format", "{{.Host.Security.Rootless}}")
	return strings.TrimSpace(out) == "true", err
}

// ImageID returns the ID of an image that is in the storage.
func (e *Engine) ImageID(ctx context.Context, name string) (string, error) {
	out, err := e.query(ctx, "image", "inspect", "--format", "{{.Id}}", name)
	return strings.TrimSpace(out), err
}

// Version returns Podman's version.
func (e *Engine) Version(ctx context.Context) (string, error) {
	out, err := e.query(ctx, "version", "--format", "{{.Client.Version}}")
	return strings.TrimSpace(out), err
}

// Written returns the files that a container has added or changed outside of its volumes, by podman diff. Directories
// that are listed only because something below them was written are left out.
func (e *Engine) Written(ctx context.Context, name string) []string {
	out, err := e.query(ctx, "diff", name)
	if err != nil {
		return nil
	}
	var paths []string
	for line := range strings.SplitSeq(out, "\n") {
		kind, file, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && (kind == "A" || kind == "C") {
			paths = append(paths, file)
		}
	}
	return podman.Leaves(paths)
}
