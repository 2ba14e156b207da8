package live

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Evidence asks what a container has done so far: which files it has written outside of its volumes, as whom its
// processes run, and which accounts its passwd names. What the service does not tell is unknown. It only reads.
func (s *Service) Evidence(ctx context.Context, c *podman.Container) podman.Observation {
	var e podman.Observation
	at := "/containers/" + url.PathEscape(c.ID)
	var changes []struct {
		Path string
		Kind int // 0 changed, 1 added, 2 deleted
	}
	if err := s.client.get(ctx, at+"/changes", nil, maxAnswer, &changes); err == nil {
		const deleted = 2
		paths := []string{}
		for _, change := range changes {
			if change.Kind != deleted {
				paths = append(paths, change.Path)
			}
		}
		e.Written = podman.Set(podman.Leaves(paths), podman.Field("changes"))
	}
	if accounts, err := s.client.accounts(ctx, c.ID); err == nil {
		e.Accounts = podman.Set(accounts, podman.Field("/etc/passwd"))
	}
	if c.Running() {
		var top struct{ Processes [][]string }
		if err := s.client.get(ctx, at+"/top", url.Values{"ps_args": {topDescriptors}}, maxAnswer, &top); err == nil {
			processes := []podman.ProcessInfo{}
			for _, row := range top.Processes {
				const user, effective = 1, 2
				if len(row) <= effective {
					continue
				}
				uid, ok := uidOf(row[user], e.Accounts.Value)
				if !ok {
					continue
				}
				processes = append(processes,
					podman.ProcessInfo{User: row[user], UID: uid, Capabilities: capabilityNames(row[effective])})
			}
			e.Processes = podman.Set(processes, podman.Field("top"))
		}
	}
	return e
}

// topDescriptors are those that every Podman from 4.3 on knows by itself. For one that it does not know it runs ps, 4.3
// in the container: a program that the container's owner, or whoever took it over, has put there. "uid" is one that 4.3
// does not know. Several have to be one string: of repeated ps_args 4.3 keeps the last.
const topDescriptors = "pid,user,capeff"

// uidOf returns the UID of a user as top names it: by the container's own name for it, or by number.
func uidOf(user string, accounts []podman.Account) (uint32, bool) {
	if n, err := strconv.ParseUint(user, 10, 32); err == nil {
		return uint32(n), true
	}
	for _, a := range accounts {
		if a.Name == user {
			return a.UID, true
		}
	}
	return 0, user == "root"
}

func capabilityNames(list string) []string {
	if list == "none" || list == "" {
		return []string{}
	}
	names := strings.Split(list, ",")
	slices.Sort(names)
	return names
}

// accounts reads the container's /etc/passwd.
func (c *client) accounts(ctx context.Context, id string) ([]podman.Account, error) {
	var found []podman.Account
	err := c.read(ctx, "/containers/"+url.PathEscape(id)+"/archive", url.Values{"path": {"/etc/passwd"}}, 1<<20,
		func(body io.Reader) error {
			archive := tar.NewReader(body)
			header, err := archive.Next()
			if err != nil || header.Typeflag != tar.TypeReg {
				return errors.New("its /etc/passwd is no plain file")
			}
			lines := bufio.NewScanner(archive)
			for lines.Scan() {
				fields := strings.Split(lines.Text(), ":")
				const uid, gid = 2, 3
				if len(fields) <= gid {
					continue
				}
				u, err := strconv.ParseUint(fields[uid], 10, 32)
				g, err2 := strconv.ParseUint(fields[gid], 10, 32)
				if err == nil && err2 == nil {
					found = append(found, podman.Account{Name: fields[0], UID: uint32(u), GID: uint32(g)})
				}
			}
			return lines.Err()
		})
	return found, err
}
