package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containers/podman/v5/pkg/bindings"
	"github.com/containers/podman/v5/pkg/errorhandling"
	"github.com/containers/podman/v5/version"
	"github.com/podlint/podlint/podman"
)

// Limits on what a service may answer. A real inspect answer is some 10 KB; one with a label of 1 MB and 5,000
// variables stays far below. A service that sends more is broken or hostile.
const (
	maxAnswer = 64 << 20
	maxList   = 256 << 20
	maxError  = 64 << 10
)

// giveUpAfter is how many requests in a row may fail for want of a working service before the rest is not tried.
const giveUpAfter = 3

// client asks one service. It goes through the bindings' connection, which knows unix, tcp, TLS and ssh, but sends its
// requests itself: the bindings' DoRequest tries three times with 0.6 s of sleep in all, even after the context has
// been cancelled and when the socket is dead, and sets no time limit.
type client struct {
	http     *http.Client
	base     string
	timeout  time.Duration
	version  podman.Version
	failures atomic.Int32 // in a row, of the kind that means the service is gone
}

func newClient(ctx context.Context, secure bool, timeout time.Duration, concurrency int) (*client, error) {
	conn, err := bindings.GetClient(ctx)
	if err != nil {
		return nil, err
	}
	if transport, ok := conn.Client.Transport.(*http.Transport); ok {
		transport.MaxIdleConnsPerHost = concurrency // the default of 2 would dial anew for every further request
	}
	base := "http://d"
	if conn.URI.Scheme == "tcp" {
		scheme := "http"
		if secure {
			scheme = "https"
		}
		base = scheme + "://" + conn.URI.Host + conn.URI.Path
	}
	api := version.APIVersion[version.Libpod][version.CurrentAPI]
	return &client{
		http:    conn.Client,
		base:    fmt.Sprintf("%s/v%d.%d.%d/libpod", base, api.Major, api.Minor, api.Patch),
		timeout: timeout,
		version: versionOf(ctx),
	}, nil
}

// answerError is an answer of the service that reports a failure.
type answerError struct {
	code    int
	because string
	message string
}

func (e *answerError) Error() string {
	text := e.message
	if text == "" {
		text = e.because
	}
	if text == "" {
		text = http.StatusText(e.code)
	}
	const long = 300
	if len(text) > long {
		text = text[:long] + "…"
	}
	return fmt.Sprintf("the service answered %d: %s", e.code, text)
}

// isNotFound reports whether an error says that the thing asked for is not there any more. During a removal Podman
// answers 500 with the cause of a 404.
func isNotFound(err error) bool {
	var answer *answerError
	if !errors.As(err, &answer) {
		return false
	}
	return answer.code == http.StatusNotFound || answer.because == "no such container" ||
		strings.HasSuffix(answer.message, "no such container")
}

// errGaveUp says that a request was not sent because those before it found no working service.
var errGaveUp = errors.New("not asked: the service had stopped answering")

// get asks for a path below the API's root and decodes the JSON answer. Path elements must be escaped by the caller.
func (c *client) get(ctx context.Context, path string, query url.Values, limit int64, into any) error {
	return c.read(ctx, path, query, limit, func(body io.Reader) error {
		// Reading the whole answer into a buffer that is used again is a third cheaper than json.Decoder.
		buffer, _ := buffers.Get().(*bytes.Buffer)
		defer func() {
			if buffer.Cap() <= largestKept {
				buffer.Reset()
				buffers.Put(buffer)
			}
		}()
		if _, err := buffer.ReadFrom(body); err != nil {
			return err
		}
		if err := json.Unmarshal(buffer.Bytes(), into); err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) && syntax.Offset >= int64(buffer.Len()) {
				return errors.New("the service's answer ends in the middle")
			}
			if errors.Is(err, errTooMany) {
				return err
			}
			return fmt.Errorf("the service's answer is not what Podman sends: %w", describe(err))
		}
		return nil
	})
}

// buffers holds what answers are read into; one that has grown large for a strange answer is not kept.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const largestKept = 256 << 10

// describe keeps what a decoding error says about the place and drops what it quotes of the answer, which may be a
// secret's value.
func describe(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("field %q, byte %d: not a %s", kind.Field, kind.Offset, kind.Type.Kind())
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("byte %d: no valid JSON", syntax.Offset)
	}
	return errors.New("no valid JSON")
}

// read asks for a path and hands the body of a successful answer to a function.
func (c *client) read(ctx context.Context, path string, query url.Values, limit int64,
	consume func(io.Reader) error) error {
	if c.failures.Load() >= giveUpAfter {
		return errGaveUp
	}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(limited, http.MethodGet, target, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the service: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.failed(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		c.failures.Store(0)
		var model errorhandling.ErrorModel
		answer := &answerError{code: response.StatusCode}
		if json.NewDecoder(io.LimitReader(response.Body, maxError)).Decode(&model) == nil {
			answer.because, answer.message = model.Because, model.Message
		}
		return answer
	}
	body := &boundedReader{from: response.Body, left: limit}
	if err := consume(body); err != nil {
		if body.err != nil {
			return c.failed(ctx, body.err)
		}
		return err
	}
	c.failures.Store(0)
	// What is left of the body is read so that the connection can be used again; a hostile service gets no further than
	// this.
	_, _ = io.CopyN(io.Discard, body, 4<<10)
	return nil
}

// failed names a failure of the connection, and counts it unless it was podlint that ended it.
func (c *client) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, errTooLong) {
		return err
	}
	c.failures.Add(1)
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no answer within %s", c.timeout)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("the service closed the connection in the middle of its answer")
	}
	var inner *url.Error
	if errors.As(err, &inner) { // the URL adds nothing, and may hold a password
		err = inner.Err
	}
	return fmt.Errorf("no connection to the service: %w", err)
}

var errTooLong = errors.New("the service's answer is longer than any that Podman sends")

// boundedReader passes on a body up to a limit and remembers how reading it failed.
type boundedReader struct {
	from io.Reader
	left int64
	err  error
}

func (r *boundedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		r.err = errTooLong
		return 0, r.err
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.from.Read(p)
	r.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// versionOf returns the service's version, as it says with each answer.
func versionOf(ctx context.Context) podman.Version {
	v := bindings.ServiceVersion(ctx)
	const most = 1 << 16
	return podman.Version{Major: int(min(v.Major, most)), Minor: int(min(v.Minor, most)),
		Patch: int(min(v.Patch, most))}
}
