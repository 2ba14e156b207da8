package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/containers/podman/v5/pkg/bindings"
	"go.podman.io/common/pkg/config"

	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/podman"
)

// What a service is asked with where nobody says otherwise.
const (
	DefaultTimeout     = 10 * time.Second
	DefaultConcurrency = 4
)

// Options says which service to ask and how patiently.
type Options struct {
	// URL is the service's address (unix, tcp or ssh), empty for none.
	URL string
	// Connection is the name of one of `podman system connection`'s entries, empty for none.
	Connection string
	// Identity is the path of an ssh key, empty for the agent's or the configured one.
	Identity string
	// TLSCert, TLSKey and TLSCA are paths of PEM files for tcp, empty for no TLS.
	TLSCert, TLSKey, TLSCA string
	// Timeout limits each request, and the wait for a connection.
	Timeout time.Duration
	// Concurrency is how many requests may be under way at once, at least 1.
	Concurrency int
	// Now tells the moment that ages are counted to; it must not be nil.
	Now func() time.Time
	// Machine is whether the files of this machine are read that a local service does not tell of: containers.conf,
	// policy.json, /etc/subuid.
	Machine bool
	// Log receives what --verbose shows; it must not be nil.
	Log func(format string, args ...any)
}

// Service is a connection to a Podman service.
type Service struct {
	// URI is its address, without a password.
	URI    string
	client *client
	own    *privateService
	opts   Options
}

// candidate is a place where a service may be.
type candidate struct {
	bindings.Options
	// asked says who named it: "--url", "CONTAINER_HOST", …; empty for the sockets that are only tried.
	asked string
}

// Connect finds a service: the one that --url, --connection, CONTAINER_CONNECTION or CONTAINER_HOST names, else
// Podman's default connection, else the user's socket, else root's, else one of podlint's own making that ends with
// Close. One that was named is the one or none; of the sockets, the first that answers is taken.
func Connect(ctx context.Context, opts Options) (*Service, error) {
	named, err := namedService(opts)
	if err != nil {
		return nil, err
	}
	if named != nil {
		service, err := dial(ctx, *named, opts)
		if err == nil || ctx.Err() != nil {
			return service, err
		}
		if _, hinted := hint.Of(err); hinted {
			return nil, err
		}
		return nil, hint.With(fmt.Errorf("no Podman service at %s (%s): %w", redact(named.URI), named.asked, err),
			"start one there with `podman system service -t 0`, or leave "+named.asked+" out to use this machine's")
	}
	for _, socket := range localSockets() {
		service, err := dial(ctx, candidate{Options: bindings.Options{URI: "unix://" + socket}}, opts)
		switch {
		case err == nil:
			return service, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, errNoSocket):
		default:
			opts.Log("%s: %v", socket, err)
		}
	}
	return startOwn(ctx, opts)
}

// namedService returns the service that somebody named, or nil.
func namedService(opts Options) (*candidate, error) {
	tls := bindings.Options{Identity: opts.Identity, TLSCertFile: opts.TLSCert, TLSKeyFile: opts.TLSKey,
		TLSCAFile: opts.TLSCA}
	if opts.URL != "" {
		tls.URI = opts.URL
		return &candidate{tls, "--url"}, nil
	}
	name, asked := opts.Connection, "--connection"
	if name == "" {
		name, asked = os.Getenv("CONTAINER_CONNECTION"), "CONTAINER_CONNECTION"
	}
	if uri := os.Getenv("CONTAINER_HOST"); name == "" && uri != "" {
		tls.URI = uri
		return &candidate{tls, "CONTAINER_HOST"}, nil
	}
	settings, err := config.Default()
	if err != nil {
		if name == "" {
			opts.Log("containers.conf: %v", err)
			return nil, nil //nolint:nilnil // no file that names a service is no failure
		}
		return nil, fmt.Errorf("reading containers.conf: %w", err)
	}
	connection, err := settings.GetConnection(name, name == "")
	if err != nil {
		if name == "" {
			return nil, nil //nolint:nilnil // there is no default connection
		}
		return nil, hint.With(fmt.Errorf("%s: no connection is called %q", asked, name), "list them with `podman "+
			"system connection list`")
	}
	if name == "" {
		asked = "the default connection " + connection.Name
	}
	found := bindings.Options{
		URI: connection.URI, Identity: connection.Identity, Machine: connection.IsMachine,
		TLSCertFile: connection.TLSCert, TLSKeyFile: connection.TLSKey, TLSCAFile: connection.TLSCA,
	}
	if opts.Identity != "" {
		found.Identity = opts.Identity
	}
	return &candidate{found, asked}, nil
}

// localSockets returns where Podman's systemd units put their sockets, the user's before root's.
func localSockets() []string {
	const below = "podman/podman.sock"
	var sockets []string
	if os.Getuid() != 0 {
		if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
			sockets = append(sockets, filepath.Join(dir, below))
		} else {
			sockets = append(sockets, fmt.Sprintf("/run/user/%d/%s", os.Getuid(), below))
		}
	}
	return append(sockets, "/run/"+below)
}

// dial connects to one service. The bindings' dialling heeds neither the context nor a time limit, so it is left behind
// where it takes too long.
func dial(ctx context.Context, to candidate, opts Options) (*Service, error) {
	address, err := url.Parse(to.URI)
	if err != nil {
		return nil, hint.With(errors.New("the service's address is no URL"), "write unix:///run/podman/podman.sock, "+
			"tcp://HOST:PORT or ssh://USER@HOST/run/podman/podman.sock")
	}
	switch address.Scheme {
	case "unix":
		// What does not listen is told apart here, where it costs nothing: the bindings try three times.
		path := filepath.Join("/", address.Host, address.Path)
		probe, err := (&net.Dialer{Timeout: opts.Timeout}).DialContext(ctx, "unix", path)
		if err != nil {
			return nil, probeError(err)
		}
		probe.Close()
	case "tcp":
		probe, err := (&net.Dialer{Timeout: opts.Timeout}).DialContext(ctx, "tcp", address.Host)
		if err != nil {
			return nil, probeError(err)
		}
		probe.Close()
	case "ssh":
		if to, err = verifiedHost(to, address); err != nil {
			return nil, err
		}
	default:
		return nil, hint.With(fmt.Errorf("%q is no address of a Podman service", redact(to.URI)),
			"write unix:///run/podman/podman.sock, tcp://HOST:PORT or ssh://USER@HOST/run/podman/podman.sock")
	}

	type result struct {
		ctx context.Context
		err error
	}
	done := make(chan result, 1)
	go func() {
		connected, err := bindings.NewConnectionWithOptions(context.WithoutCancel(ctx), to.Options)
		done <- result{connected, err}
	}()
	timer := time.NewTimer(opts.Timeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-timer.C:
		return nil, fmt.Errorf("no answer within %s", opts.Timeout)
	case r := <-done:
		if r.err != nil {
			return nil, unwrapConnect(r.err)
		}
		secure := to.TLSCertFile != "" || to.TLSKeyFile != "" || to.TLSCAFile != ""
		if versionOf(r.ctx) == (podman.Version{}) {
			return nil, errors.New("what answers there is no Podman service")
		}
		c, err := newClient(r.ctx, secure, opts.Timeout, opts.Concurrency)
		if err != nil {
			return nil, err
		}
		return &Service{URI: redact(to.URI), client: c, opts: opts}, nil
	}
}

var errNoSocket = errors.New("there is no such socket")

// probeError says why nothing listens, without the address, which the caller names.
func probeError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errNoSocket
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("nothing listens there")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("permission denied")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// unwrapConnect drops the bindings' own introduction of a connection error.
func unwrapConnect(err error) error {
	var connect bindings.ConnectError
	if errors.As(err, &connect) {
		err = connect.Err
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return err
}

// redact removes a password from a service's address.
func redact(uri string) string {
	address, err := url.Parse(uri)
	if err != nil {
		_, rest, found := strings.Cut(uri, "@")
		if !found {
			return uri
		}
		return rest
	}
	return address.Redacted()
}

// Close ends the service if podlint started it, and the connection.
func (s *Service) Close() {
	s.client.http.CloseIdleConnections()
	if s.own != nil {
		s.own.stop()
	}
}

// Own reports whether podlint started the service.
func (s *Service) Own() bool { return s.own != nil }
