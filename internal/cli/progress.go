package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress shows on a terminal how far a scan has come, from half a second on; the line is gone when it ends.
type progress struct {
	to    io.Writer
	mu    sync.Mutex
	done  int
	total int
	what  string
	stop  chan struct{}
	ended sync.WaitGroup
}

// patience is how long a scan may take before anything is shown.
const patience = 500 * time.Millisecond

// startProgress shows nothing where the stream is no terminal.
func startProgress(to io.Writer, quiet bool) *progress {
	p := &progress{to: to, what: "reading containers", stop: make(chan struct{})}
	if _, ok := terminal(to); !ok || quiet {
		return p
	}
	p.ended.Go(p.draw)
	return p
}

// show says what is counted and how far it has come.
func (p *progress) show(what string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.done, p.total = what, done, total
}

func (p *progress) draw() {
	select {
	case <-p.stop:
		return
	case <-time.After(patience):
	}
	tick := time.NewTicker(patience / 5)
	defer tick.Stop()
	const back = "\r\x1b[K"
	defer fmt.Fprint(p.to, back)
	for {
		p.mu.Lock()
		done, total, what := p.done, p.total, p.what
		p.mu.Unlock()
		switch {
		case done == 0 && total == 0:
			fmt.Fprint(p.to, back+"asking Podman …")
		case total == 0: // nobody knows how much there is
			fmt.Fprintf(p.to, "%s%s: %d", back, what, done)
		default:
			fmt.Fprintf(p.to, "%s%s: %d of %d", back, what, done, total)
		}
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
	}
}

// end removes the line.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
}
