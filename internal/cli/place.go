package cli

import (
	"net/url"
	"os"
	"os/user"
	"strings"

	"github.com/podlint/podlint/report"
)

// place says in a report which machine and which account it is about, as far as that is known: those of the service
// that was asked, else those that podlint runs on and as.
func (a *app) place(r *report.Report) {
	if !a.machine {
		return
	}
	r.Host, _ = os.Hostname()
	if me, err := user.Current(); err == nil {
		r.Account = me.Username
	}
	for _, s := range r.Sources {
		if s.Kind != "podman" {
			continue
		}
		address, err := url.Parse(s.URI)
		switch {
		case err != nil:
			r.Host, r.Account = "", ""
		case address.Scheme == "unix":
			uid, _, ok := strings.Cut(strings.TrimPrefix(address.Path, "/run/user/"), "/")
			if owner, err := user.LookupId(uid); ok && err == nil && strings.HasPrefix(address.Path, "/run/user/") {
				r.Account = owner.Username
			} else if s.Rootless != nil && !*s.Rootless {
				r.Account = "root"
			}
		default:
			r.Host, r.Account = address.Hostname(), address.User.Username()
			if s.Rootless != nil && !*s.Rootless && r.Account == "" {
				r.Account = "root"
			}
		}
	}
}
