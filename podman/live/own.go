package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/containers/podman/v5/pkg/bindings"

	"github.com/podlint/podlint/internal/hint"
)

// privateService is a `podman system service` that podlint started for the length of a scan.
type privateService struct {
	dir    string
	exited chan struct{} // closed once the process has ended
	kill   func(syscall.Signal)
}

const (
	ownPrefix = "podlint-service-"
	// ownIdle is when the service ends by itself without a request, in seconds, should podlint be killed and the signal
	// that the kernel then sends it be lost.
	ownIdle = "20"
)

// startOwn starts a service on a socket in a directory that only this user can enter.
func startOwn(ctx context.Context, opts Options) (*Service, error) {
	program, err := exec.LookPath("podman")
	if err != nil {
		return nil, hint.With(errors.New("no Podman service answers here and there is no podman program to start "+
			"one with"), "install podman, or name a service with --url")
	}
	base := socketBase()
	sweep(base)
	dir, err := os.MkdirTemp(base, fmt.Sprintf("%s%d-", ownPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("a directory for podlint's own service: %w", err)
	}
	own := &privateService{dir: dir, exited: make(chan struct{})}
	socket := filepath.Join(dir, "podman.sock")
	var stderr tail
	started := make(chan error, 1)
	go own.run(program, socket, &stderr, started)
	if err := <-started; err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	opts.Log("no socket answers: started %s system service on %s", program, socket)

	service, err := own.wait(ctx, socket, opts)
	if err != nil {
		own.stop()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, hint.With(fmt.Errorf("podlint's own Podman service did not come up: %w%s", err, stderr.line()),
			"see what `podman info` says here")
	}
	service.own = own
	service.URI = "podman system service"
	return service, nil
}

// socketBase returns the directory to make the service's own in: where sockets belong, or where temporary files do. The
// kernel takes no address of a socket longer than 107 bytes.
func socketBase() string {
	const room = 107 - len("/"+ownPrefix+"4194304-4294967295/podman.sock")
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir()} {
		if info, err := os.Stat(dir); filepath.IsAbs(dir) && len(dir) <= room && err == nil && info.IsDir() {
			return dir
		}
	}
	return "/tmp"
}

// run starts the process and waits for its end. The kernel sends it SIGTERM when podlint is killed; it ties that to the
// thread that started it, so this goroutine keeps its thread until the process is gone.
func (o *privateService) run(program, socket string, stderr io.Writer, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(o.exited)
	command := exec.CommandContext(context.Background(), program, "system", "service", "--time", ownIdle, "unix://"+
		socket)
	command.Stderr = stderr
	command.Dir = "/"
	// The process does not end with the scan's context but with stop, which gives it time to go.
	//
	// A process group of its own keeps a Ctrl-C at the terminal from it: podlint ends it in its own time.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	command.WaitDelay = time.Second
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	pid := command.Process.Pid
	o.kill = func(signal syscall.Signal) { _ = syscall.Kill(-pid, signal) }
	started <- nil
	_ = command.Wait()
}

// wait connects to the service as soon as it listens.
func (o *privateService) wait(ctx context.Context, socket string, opts Options) (*Service, error) {
	deadline := time.Now().Add(max(opts.Timeout, 10*time.Second))
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		probe, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err == nil {
			probe.Close()
			return dial(ctx, candidate{Options: bindings.Options{URI: "unix://" + socket}}, opts)
		}
		if time.Now().After(deadline) {
			return nil, errors.New("it does not listen")
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-o.exited:
			return nil, errors.New("it ended at once")
		case <-time.After(pause):
		}
	}
}

// stop ends the service and removes its directory. It returns within half a second.
func (o *privateService) stop() {
	o.kill(syscall.SIGTERM)
	select {
	case <-o.exited:
	case <-time.After(300 * time.Millisecond):
		o.kill(syscall.SIGKILL)
		select {
		case <-o.exited:
		case <-time.After(200 * time.Millisecond):
		}
	}
	os.RemoveAll(o.dir)
}

// sweep removes what a podlint that was killed has left: this user's directories of that name whose process is gone.
func sweep(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, ownPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Getuid() {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), ownPrefix), "-")
		pid, err := strconv.Atoi(name)
		if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		_ = os.Remove(filepath.Join(dir, "podman.sock"))
		_ = os.Remove(dir)
	}
}

// tail keeps the end of what a process says.
type tail struct{ buf bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if t.buf.Len() > 16<<10 {
		t.buf.Reset()
	}
	return t.buf.Write(p)
}

// line returns the last line, introduced for an error message.
func (t *tail) line() string {
	lines := strings.Split(strings.TrimSpace(t.buf.String()), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}
