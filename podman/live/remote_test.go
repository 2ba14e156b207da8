package live

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"

	"github.com/podlint/podlint/internal/hint"
)

func remoteOptions(t *testing.T, url string) Options {
	return Options{URL: url, Timeout: 5 * time.Second, Concurrency: 1, Now: time.Now, Log: t.Logf}
}

func minimal(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Libpod-API-Version", "5.4.2")
	if strings.HasSuffix(r.URL.Path, "/info") {
		_, _ = w.Write([]byte(rootful))
		return
	}
	_, _ = w.Write([]byte("OK"))
}

func asksInfo(t *testing.T, opts Options) error {
	t.Helper()
	s, err := Connect(t.Context(), opts)
	if err != nil {
		return err
	}
	defer s.Close()
	host, _, err := s.host(t.Context())
	if err == nil && !host.Rootless.Known() {
		t.Error("info was not read")
	}
	return err
}

// TestTLS talks to a service over tcp with TLS, which is refused without the certificate authority.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(minimal))
	defer server.Close()
	server.Config.ErrorLog = nil
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	url := "tcp://" + server.Listener.Addr().String()
	opts := remoteOptions(t, url)
	if err := asksInfo(t, opts); err == nil {
		t.Error("a TLS service answers without TLS")
	}
	opts.TLSCA = ca
	if err := asksInfo(t, opts); err != nil {
		t.Error(err)
	}
}

// sshServer is an ssh server that lets one key in and forwards to sockets. It returns its address and its host key.
func sshServer(t *testing.T, client ssh.PublicKey) (string, ssh.PublicKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	host, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions,
		error) {
		if string(key.Marshal()) != string(client.Marshal()) {
			return nil, errors.New("another key")
		}
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, channels, requests, err := ssh.NewServerConn(raw, config)
				if err != nil {
					return
				}
				go ssh.DiscardRequests(requests)
				for c := range channels {
					go forward(c)
				}
			}()
		}
	}()
	return listener.Addr().String(), host.PublicKey()
}

func forward(c ssh.NewChannel) {
	var to struct {
		Path     string
		Reserved string
		Port     uint32
	}
	if c.ChannelType() != "direct-streamlocal@openssh.com" || ssh.Unmarshal(c.ExtraData(), &to) != nil {
		_ = c.Reject(ssh.UnknownChannelType, "")
		return
	}
	socket, err := net.Dial("unix", to.Path)
	if err != nil {
		_ = c.Reject(ssh.ConnectionFailed, "")
		return
	}
	channel, requests, err := c.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	go func() { _, _ = io.Copy(channel, socket); channel.Close() }()
	_, _ = io.Copy(socket, channel)
	socket.Close()
}

// TestSSH talks to a service through ssh: a host that known_hosts names is let in, another key for it is not, and an
// unknown host is refused before anything is sent. Nothing is ever written to known_hosts.
func TestSSH(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", "")
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	identity := filepath.Join(home, "key")
	if err := os.WriteFile(identity, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	clientKey, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	address, hostKey := sshServer(t, clientKey)
	behind := service(t, "5.4.2", map[string]string{"/info": rootful})
	opts := remoteOptions(t, "ssh://someone@"+address+strings.TrimPrefix(behind.URI, "unix://"))
	opts.Identity = identity

	var hinted *hint.Error
	if err := asksInfo(t, opts); !errors.As(err, &hinted) || !strings.Contains(err.Error(), "is not known") {
		t.Errorf("an unknown host: %v", err)
	}
	if _, err := os.Stat(filepath.Join(home, ".ssh")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("~/.ssh: %v", err)
	}

	known := filepath.Join(home, ".ssh", "known_hosts")
	if err := os.Mkdir(filepath.Dir(known), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		key ssh.PublicKey
		ok  bool
	}{{hostKey, true}, {clientKey, false}} {
		line := knownhosts.Line([]string{knownhosts.Normalize(address)}, test.key) + "\n"
		if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := asksInfo(t, opts); (err == nil) != test.ok {
			t.Errorf("the host's key is right: %v; got %v", test.ok, err)
		}
		if now, err := os.ReadFile(known); err != nil || string(now) != line {
			t.Errorf("known_hosts was changed: %s", now)
		}
	}
}
