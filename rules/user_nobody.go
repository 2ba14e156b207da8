package rules

import (
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

// overflowUID is what the kernel shows for every UID that a user namespace does not map, and what distributions call
// nobody.
const overflowUID = 65534

var userNobody = Rule{
	ID:       "user-nobody",
	Title:    "The process runs as nobody",
	Severity: Medium,
	Kind:     FixUser,
	Manual:   "only the owner knows as which user the image can run",
	Why: `nobody (65534) is not a user without rights but one that everybody shares: NFS and every user namespace show
what they cannot map as its files, and other services that were told to run as nobody are the same user, whose
processes can be signalled and whose memory can be read.`,
	Remedy:  "Give the service a user of its own: a `USER` with a number of its own in the image, or `--user=UID:GID`.",
	Profile: Standard,
	See:     []string{"https://systemd.io/UIDS-GIDS/", "https://wiki.ubuntu.com/nobody"},
	Drift:   []podman.Drift{podman.DriftUser},
	Check: func(c *podman.Container) []Finding {
		user := c.Process.User
		if !user.Known() {
			return nil
		}
		name, _, _ := strings.Cut(user.Value, ":")
		uid := c.Process.UID
		var as string
		switch {
		case uid.Known() && uid.Value != overflowUID: // whatever its name
			return nil
		case c.ID != "" && !uid.Known(): // a live container's passwd decides, and was not read
			return nil
		case name == "nobody" || name == "nfsnobody":
			as = name
		case uid.Known() && uid.Value == overflowUID:
			as = "UID 65534, which is nobody"
			if name != "65534" {
				as = fmt.Sprintf("%s, which is UID 65534: nobody", name)
			}
		default:
			return nil
		}
		severity, message := Medium, fmt.Sprintf("runs as %s, a user shared with everything that has no other", as)
		if isolated(c) {
			severity, message = Low, message+"; its own user namespace keeps it apart"
		}
		return violated(user, violation{
			Message:  message,
			Severity: severity,
			Setting:  "user",
			Value:    user.Value,
			Fix: Fix{
				Summary: "run as a user of the service's own",
				Changes: []Change{{Flag: "--user=10001:10001"}},
			},
		})
	},
}
