package prove

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/podlint/podlint/podman/command"
)

// Engine runs podman's own program: what a proof does can be printed, and done by hand.
type Engine struct {
	// Program is podman with the options that name a service or a storage.
	Program []string
	// Dry is told each command in place of running it, where set; what would change nothing is run all the same.
	Dry func(line string)
	// Log is told each command that is run.
	Log func(line string)
}

// Label marks what podlint makes for a proof; its value names the process that makes it.
const Label = "podlint.proof"

// run runs podman and returns what it prints. What it prints of errors is the error's text.
func (e *Engine) run(ctx context.Context, args ...string) (string, error) {
	words := append(append([]string{}, e.Program...), args...)
	if e.Log != nil {
		e.Log(command.Join(words))
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.WaitDelay = time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		if ctx.Err() != nil {
			return out.String(), context.Cause(ctx)
		}
		text := strings.TrimSpace(errs.String())
		if i := strings.LastIndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
		if text == "" {
			text = err.Error()
		}
		return out.String(), errors.New(strings.TrimPrefix(text, "Error: "))
	}
	return out.String(), nil
}

// remove removes a container and waits for nothing. It works after the run was interrupted too.
func (e *Engine) remove(ctx context.Context, name string) {
	const enough = 30 * time.Second
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), enough)
	defer cancel()
	const times, pause = 5, 200 * time.Millisecond
	for range times { // Podman 4.3 finds a mount busy whose last process is only just gone
		if _, err := e.run(bounded, "rm", "--force", "--volumes", "--time", "0", name); err == nil {
			return
		}
		time.Sleep(pause)
	}
}

func (e *Engine) removeVolume(ctx context.Context, name string) {
	const enough = 30 * time.Second
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), enough)
	defer cancel()
	_, _ = e.run(bounded, "volume", "rm", "--force", name)
}

// owner names this process in the label: its ID and when it was started, since IDs are given again.
func owner() string {
	pid := os.Getpid()
	return fmt.Sprintf("%d-%s", pid, startOf(pid))
}

// startOf returns when a process was started, in the kernel's clock ticks; empty where there is none (proc(5), field 22 of stat).
func startOf(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	const start = 19
	if fields := strings.Fields(rest); len(fields) > start {
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

// Sweep removes what a podlint that is gone has left, and returns the names.
func (e *Engine) Sweep(ctx context.Context) []string {
	var gone []string
	out, err := e.run(ctx, "ps", "--all", "--no-trunc", "--filter", "label="+Label, "--format", "{{.ID}}")
	if err == nil {
		for _, id := range strings.Fields(out) {
			by, err := e.run(ctx, "inspect", "--type", "container", "--format", "{{.Name}} {{index .Config.Labels \""+Label+"\"}}", id)
			name, label, _ := strings.Cut(strings.TrimSpace(by), " ")
			if err != nil || alive(label) || !strings.HasPrefix(strings.TrimPrefix(name, "/"), namePrefix) {
				continue
			}
			e.remove(ctx, id)
			gone = append(gone, strings.TrimPrefix(name, "/"))
		}
	}
	out, err = e.run(ctx, "volume", "ls", "--filter", "label="+Label, "--format", "{{.Name}}")
	if err == nil {
		for _, name := range strings.Fields(out) {
			by, err := e.run(ctx, "volume", "inspect", "--format", "{{index .Labels \""+Label+"\"}}", name)
			if err != nil || alive(strings.TrimSpace(by)) || !strings.HasPrefix(name, namePrefix) {
				continue
			}
			e.removeVolume(ctx, name)
			gone = append(gone, name)
		}
	}
	return gone
}

// Rootless reports whether Podman runs as an ordinary user.
func (e *Engine) Rootless(ctx context.Context) (bool, error) {
	out, err := e.run(ctx, "info", "--format", "{{.Host.Security.Rootless}}")
	return strings.TrimSpace(out) == "true", err
}

// ImageID returns the ID of an image that is in the storage.
func (e *Engine) ImageID(ctx context.Context, name string) (string, error) {
	out, err := e.run(ctx, "image", "inspect", "--format", "{{.Id}}", name)
	return strings.TrimSpace(out), err
}

// Version returns Podman's version.
func (e *Engine) Version(ctx context.Context) (string, error) {
	out, err := e.run(ctx, "version", "--format", "{{.Client.Version}}")
	return strings.TrimSpace(out), err
}
