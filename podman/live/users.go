package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// readContainer is a container as it was read, with what only its passwd tells.
type readContainer struct {
	*podman.Container
	named *namedUser
	// pid is its first process on the host, 0 for none.
	pid int
	// others are the containers whose processes it sees.
	others []*readContainer
}

// namedUser is a user of a container that is looked up in its passwd: a name for its UID, or a UID for its GID.
type namedUser struct {
	// name is the user's name, empty where the UID is known and only its group is asked for.
	name string
	// group is whether the GID is the one of the user's line.
	group bool
	// source tells which passwd decides: the image's, or the container's own, where something is mounted over it.
	source string
}

// asks reports whether a container's user, or that of one whose processes it sees, is to be looked up.
func (c *readContainer) asks() bool {
	return c.named != nil || slices.ContainsFunc(c.others, (*readContainer).asks)
}

const userField = "Config.User"

// process resolves the user to a UID as the runtime does: nothing is root, digits are a UID. A name is looked up in the
// container's own passwd, and so is the group of a UID where it decides; what is to be looked up is returned.
func process(c *podman.Container, data *inspected, made *command.Command) *namedUser {
	if data.Config.User == nil {
		return nil
	}
	c.Process.User = podman.Set(*data.Config.User, podman.Field(userField))
	name, group, given := strings.Cut(*data.Config.User, ":")
	if *data.Config.User == "" {
		c.Process.User.State = podman.StateDefault
	}
	if number, err := strconv.ParseUint(group, 10, 32); given && err == nil {
		c.Process.GID = podman.Set(uint32(number), podman.Field(userField))
	} else if given && group == "root" {
		c.Process.GID = podman.Set(uint32(0), podman.Field(userField))
	}
	asked := &namedUser{name: name, group: !given, source: passwdOf(c, data, made)}
	switch number, err := strconv.Atoi(name); {
	case name == "":
		c.Process.UID = podman.DefaultTo(uint32(0), podman.Field(userField))
	case err == nil && number >= 0 && int64(number) <= 1<<32-2:
		c.Process.UID = podman.Set(uint32(number), podman.Field(userField))
		asked.name = ""
		if number != 0 && !given && groupDecides(c) {
			return asked
		}
	case err != nil:
		return asked
	}
	if !given && c.Process.UID.Known() && c.Process.UID.Value == 0 {
		c.Process.GID = podman.Derive(c.Process.UID, uint32(0))
	}
	return nil
}

// groupDecides reports whether the group of an ordinary user is worth a question: a socket is mounted that lets root's
// group in, and nothing else makes the process root.
func groupDecides(c *podman.Container) bool {
	if !c.Confinement.NoNewPrivileges.Value {
		return false
	}
	return slices.ContainsFunc(c.Files.Mounts.Value, func(m podman.Mount) bool {
		source := path.Clean(m.Source)
		return path.Base(source) == "podman.sock" || source == "/" || source == "/run" || source == "/var/run" ||
			path.Base(source) == "podman"
	})
}

// passwdOf tells containers apart that may have another passwd: those of one image share the image's, but for those
// that something is mounted into, or that Podman adds accounts to.
func passwdOf(c *podman.Container, data *inspected, made *command.Command) string {
	own := data.Image == "" || len(data.HostConfig.VolumesFrom) > 0
	for _, m := range c.Files.Mounts.Value {
		destination := path.Clean(m.Destination)
		own = own || destination == "/" || destination == "/etc" || destination == "/etc/passwd"
	}
	if made != nil {
		for _, flag := range []string{"hostuser", "passwd-entry", "passwd", "rootfs"} {
			_, given := made.Last(flag)
			own = own || given
		}
	}
	for _, t := range c.Files.Tmpfs.Value {
		own = own || path.Clean(t.Destination) == "/etc"
	}
	if own || !c.Files.Mounts.Known() {
		return "container " + c.ID
	}
	return "image " + data.Image
}

// noSuchUser reports whether the service could not read a container's file because it does not find the container's
// user.
func noSuchUser(err error) bool {
	var answer *answerError
	return errors.As(err, &answer) && strings.Contains(answer.message, "unknown user")
}

// lookFor is how long the look-up of users may take in all, as a multiple of the time limit for one answer: each makes
// the service mount a container.
const lookFor = 6

// lookUsers asks for the passwds that decide who the users of some containers are: once for each image, after
// everything else, and for a bounded time. A passwd that cannot be read leaves the user unknown, which is said.
func (r *reader) lookUsers(ctx context.Context, containers []*readContainer, workers int) {
	groups := map[string][]*readContainer{}
	var order []string
	put := func(c *readContainer) {
		if c.named == nil {
			return
		}
		if _, ok := groups[c.named.source]; !ok {
			order = append(order, c.named.source)
		}
		groups[c.named.source] = append(groups[c.named.source], c)
	}
	for _, c := range containers {
		put(c)
		for _, other := range c.others {
			put(other)
		}
	}
	if ctx.Err() != nil { // the scan was interrupted, which is said
		return
	}
	limited, cancel := context.WithTimeout(ctx, lookFor*r.client.timeout)
	defer cancel()
	next := make(chan []*readContainer)
	var group sync.WaitGroup
	for range max(1, workers) {
		group.Go(func() {
			for members := range next {
				r.lookUsersOf(limited, members)
			}
		})
	}
	for _, source := range order {
		next <- groups[source]
	}
	close(next)
	group.Wait()
}

// lookUsersOf asks for the passwd that some containers share: one that runs is asked first, since nothing has to be
// mounted for it, and another one where the first cannot be read.
func (r *reader) lookUsersOf(ctx context.Context, members []*readContainer) {
	slices.SortStableFunc(members, func(a, b *readContainer) int {
		switch {
		case a.Running() == b.Running():
			return 0
		case a.Running():
			return -1
		}
		return 1
	})
	const tries = 2
	var accounts []podman.Account
	var err error
	for _, c := range members[:min(tries, len(members))] {
		if accounts, err = r.client.accounts(ctx, c.ID); err == nil || isNotFound(err) || ctx.Err() != nil {
			break
		}
	}
	if ctx.Err() != nil && err != nil {
		err = fmt.Errorf("not looked up: this took longer than %s", (lookFor * r.client.timeout).Round(time.Second))
	}
	failed := map[string][]string{} // by the user's name, the containers
	for _, c := range members {
		if !resolve(c, accounts, err) {
			failed[c.named.name] = append(failed[c.named.name], c.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		slices.Sort(failed[name])
		r.unknown(failed[name], fmt.Errorf("who user %q is: %w", name, err))
	}
}

// resolve takes a container's user from a passwd. It returns false for one that could not be read, and whose user is
// unknown for that.
func resolve(c *readContainer, accounts []podman.Account, err error) bool {
	process, asked := &c.Process, c.named
	at := podman.Field("/etc/passwd")
	for _, a := range accounts {
		if err != nil || asked.name != "" && a.Name != asked.name || asked.name == "" && a.UID != process.UID.Value {
			continue
		}
		process.UID = podman.Set(a.UID, at)
		if asked.group {
			process.GID = podman.Set(a.GID, at)
		}
		return true
	}
	switch {
	case asked.name == "" && (err == nil || isNotFound(err)): // a number without a line has group 0
		process.GID = podman.Set(uint32(0), at)
	case asked.name == "root": // which every passwd has, as UID 0, but for one made to deceive
		process.UID = podman.Set(uint32(0), podman.Field(userField))
		if asked.group {
			process.GID = podman.Set(uint32(0), podman.Field(userField))
		}
	case err == nil, isNotFound(err), noSuchUser(err): // such a container does not start
	default:
		return asked.name == ""
	}
	return true
}
