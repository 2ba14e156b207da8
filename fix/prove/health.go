package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// state is what inspect reports of a copy.
type state struct {
	State struct {
		Running  bool
		ExitCode int
	}
	Config struct {
		Env         []string
		Healthcheck *struct{ Test []string }
	}
	NetworkSettings struct {
		IPAddress string
		Networks  map[string]struct{ IPAddress string }
	}
}

// hasHealthCheck reports whether the image or the container has a health check.
func (s *state) hasHealthCheck() bool {
	check := s.Config.Healthcheck
	return check != nil && len(check.Test) > 0 && check.Test[0] != "NONE"
}

func (p *prover) inspect(ctx context.Context, name string) (*state, error) {
	out, err := p.engine.query(ctx, "inspect", "--type", "container", name)
	if err != nil {
		return nil, err
	}
	var list []state
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 {
		return nil, errors.New("podlint cannot read what podman inspect prints of the copy")
	}
	return &list[0], nil
}

// look waits until a copy is healthy, or is not, and returns what was seen.
func (p *prover) look(ctx context.Context, name string) result {
	reason := p.wait(ctx, name)
	if reason != "" {
		if line := p.failureLine(ctx, name); line != "" {
			reason = line
		}
		return result{reason: reason}
	}
	if len(p.opts.Probe) == 0 && p.opts.URL == "" {
		if p.denied == nil { // the unmodified copy
			p.denied = map[string]bool{}
			for _, line := range p.log(ctx, name) {
				p.denied[withoutDigits(line)] = true
			}
		} else if line := p.newDenial(ctx, name); line != "" {
			return result{reason: line}
		}
	}
	if process := p.incomplete(ctx, name); process != "" {
		return result{reason: "the process " + process + " is not running"}
	}
	return result{healthy: true, written: p.engine.Written(ctx, name)}
}

// wait waits for a copy to be healthy and returns why it is not, empty where it is.
func (p *prover) wait(ctx context.Context, name string) string {
	deadline := time.Now().Add(max(p.opts.Patience, p.opts.For))
	steady := time.Now().Add(p.opts.For)
	const pause = 250 * time.Millisecond
	for {
		s, err := p.inspect(ctx, name)
		switch {
		case ctx.Err() != nil:
			return "interrupted"
		case err != nil:
			return err.Error()
		case !s.State.Running:
			return fmt.Sprintf("it exited with status %d", s.State.ExitCode)
		}
		for _, pair := range s.Config.Env { // the image's variables, too
			variable, value, _ := strings.Cut(pair, "=")
			p.engine.HideSecrets(PairSecrets(variable, value)...)
		}
		unhealthy := p.check(ctx, name, s, steady, deadline)
		if unhealthy == "" {
			return ""
		}
		if time.Now().After(deadline) {
			return unhealthy
		}
		select {
		case <-ctx.Done():
			return "interrupted"
		case <-time.After(pause):
		}
	}
}

// check looks at a running copy once and returns why it is not healthy yet, empty where it is. A check that hangs ends
// at the deadline.
func (p *prover) check(ctx context.Context, name string, s *state, steady, deadline time.Time) string {
	bounded, cancel := context.WithDeadlineCause(ctx, deadline, errors.New("it did not end in time"))
	defer cancel()
	var err error
	switch {
	case len(p.opts.Probe) > 0:
		_, err = p.engine.run(bounded, append([]string{"exec", name}, p.opts.Probe...)...)
	case p.opts.URL != "":
		err = answers(bounded, p.opts.URL, s)
	case s.hasHealthCheck():
		if _, err = p.engine.run(bounded, "healthcheck", "run", name); err != nil {
			return "its health check fails"
		}
	default:
		if !time.Now().After(steady) {
			return "it did not become healthy in time"
		}
	}
	if err != nil {
		return p.engine.Redact("the probe fails: " + err.Error())
	}
	return ""
}

// answers requests an address; the host "container" is the copy.
func answers(ctx context.Context, address string, s *state) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Hostname() == "container" {
		ip := s.NetworkSettings.IPAddress
		for _, n := range s.NetworkSettings.Networks {
			if ip == "" {
				ip = n.IPAddress
			}
		}
		if ip == "" {
			return errors.New("the copy has no address that podlint could request; use --probe")
		}
		u.Host = ip + ":" + u.Port()
	}
	const probeTimeout = 3 * time.Second
	bounded, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(bounded, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("it answers %s", response.Status)
	}
	return nil
}

// failureLine returns the line of a copy's log that best tells why it is not healthy.
func (p *prover) failureLine(ctx context.Context, name string) string {
	lines := p.log(ctx, name)
	for _, line := range slices.Backward(lines) {
		if isDenial(line) {
			return line
		}
	}
	for _, line := range slices.Backward(lines) {
		lower := strings.ToLower(line)
		for _, sign := range []string{"cannot", "can't", "failed", "error"} {
			if strings.Contains(lower, sign) {
				return line
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// log returns the last lines of a copy's log, with secrets masked.
func (p *prover) log(ctx context.Context, name string) []string {
	const tail, logTimeout = "200", 10 * time.Second
	bounded, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	words := append(slices.Clone(p.engine.Program), "logs", "--tail", tail, name)
	p.engine.logCommand(words)
	const most = 1 << 20
	out := capped{left: most} // of both streams, in their order
	cmd := p.engine.command(bounded, words)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(p.engine.Redact(out.String()), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, shortened(line))
		}
	}
	return lines
}

// shortened cuts what nobody reads off a line.
func shortened(line string) string {
	const most = 500
	if len(line) <= most {
		return line
	}
	return strings.ToValidUTF8(line[:most], "") + "…"
}

// isDenial reports whether a line of a log says that the kernel has refused something: EACCES, EPERM or EROFS in the C
// library's words.
func isDenial(line string) bool {
	lower := strings.ToLower(line)
	return strings.Contains(lower, "permission denied") || strings.Contains(lower, "not permitted") ||
		strings.Contains(lower, "read-only file system")
}

// newDenial returns a line of a copy's log that shows a denial which the unmodified copy's log does not show. A service
// may keep running after that, with workers that die or files that are not written.
func (p *prover) newDenial(ctx context.Context, name string) string {
	for _, line := range p.log(ctx, name) {
		if isDenial(line) && !p.denied[withoutDigits(line)] {
			return line
		}
	}
	return ""
}

// incomplete is missing, asked again for as long as a start may take here: a probe may succeed before a service's last
// process is there, and how long the unmodified copy took says how slow the machine is.
func (p *prover) incomplete(ctx context.Context, name string) string {
	const times = 3
	end := time.Now().Add(min(times*p.started, p.opts.Patience))
	for {
		process := p.missing(ctx, name)
		if process == "" || time.Now().After(end) {
			return process
		}
		const pause = 250 * time.Millisecond
		select {
		case <-ctx.Done():
			return process
		case <-time.After(pause):
		}
	}
}

// missing returns a process that the unmodified copy runs and this one does not, empty for none: a service's master may
// keep running while its workers cannot be started. Where Podman cannot list the processes, none is missing.
func (p *prover) missing(ctx context.Context, name string) string {
	out, err := p.engine.query(ctx, "top", name, "args")
	if err != nil {
		return ""
	}
	running := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSpace(p.engine.Redact(out)), "\n") {
		if i > 0 { // the heading
			running[withoutDigits(strings.TrimSpace(line))] = true
		}
	}
	if p.processes == nil {
		p.processes = running
		return ""
	}
	for _, process := range slices.Sorted(mapKeys(p.processes)) {
		if !running[process] {
			return shortened(process)
		}
	}
	return ""
}

// withoutDigits makes lines equal that differ in times and process IDs.
func withoutDigits(line string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, line)
}
