package live

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"

	"github.com/kevinburke/ssh_config"
	"github.com/skeema/knownhosts"

	"github.com/podlint/podlint/internal/hint"
)

// verifiedHost makes sure that the bindings will not trust an ssh server on first sight. They append the key of a host
// that ~/.ssh/known_hosts does not name to that file, and do not look at the key at all for a Podman machine; a host
// that the file does name they check. So a host must be known already, under the very address that will be dialled: an
// alias of ssh_config is resolved here, and the bindings get the result.
func verifiedHost(to candidate, address *url.URL) (candidate, error) {
	host, port := address.Hostname(), address.Port()
	if to.Machine {
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			return to, nil // a virtual machine of this very host, whose key Podman does not keep
		}
		to.Machine = false
	}
	settings := ssh_config.DefaultUserSettings
	settings.IgnoreErrors = true
	alias := host
	if name := settings.Get(alias, "Hostname"); name != "" {
		host = name
		if next := settings.Get(host, "Hostname"); next != "" && next != host {
			return to, hint.With(fmt.Errorf("ssh_config leads from %s to %s to %s", alias, host, next),
				"give the host's own name in --url")
		}
	}
	if port == "" {
		port = settings.Get(alias, "Port")
	}
	if port == "" {
		port = "22"
	}
	if address.User == nil {
		name := settings.Get(alias, "User")
		if name == "" {
			current, err := user.Current()
			if err != nil {
				return to, fmt.Errorf("who runs podlint: %w", err)
			}
			name = current.Username
		}
		address.User = url.User(name)
	}
	if to.Identity == "" {
		if file := settings.Get(alias, "IdentityFile"); file != "" && file != ssh_config.Default("IdentityFile") {
			to.Identity = file
		}
	}
	dialled := net.JoinHostPort(host, port)
	known, err := knownHost(dialled)
	if err != nil {
		return to, err
	}
	if !known {
		return to, hint.With(fmt.Errorf("the ssh host key of %s is not known", dialled),
			fmt.Sprintf("compare it with what its owner says and accept it with `ssh -p %s %s true`", port, host))
	}
	address.Host = dialled
	to.URI = address.String()
	return to, nil
}

// knownHost reports whether ~/.ssh/known_hosts names a key of the host. A certificate authority's line does not count:
// the bindings would take a plain key of such a host for that of an unknown one.
func knownHost(dialled string) (bool, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return false, fmt.Errorf("the home directory: %w", err)
	}
	path := filepath.Join(home, ".ssh", "known_hosts")
	hosts, err := knownhosts.NewDB(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", path, err)
	}
	for _, key := range hosts.HostKeys(dialled) {
		if !key.Cert {
			return true, nil
		}
	}
	return false, nil
}
