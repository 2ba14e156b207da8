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

// Evidence asks what a container has done so far: which files it has written outside of its volumes, as whom its processes run, and which
// accounts its passwd names. What the service does not tell is unknown. It only reads.
func (s *Service) Evidence(ctx context.Context, c *podman.Container) podman.Evidence {
	var e podman.Evidence
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
		e.Written = podman.Read(podman.Leaves(paths), "changes")
	}
	// Podman before 5 keeps only the last of repeated ps_args, and any version runs a program for a descriptor that it does not know: these it
	// knows (libpod's psgo).
	var top struct{ Processes [][]string }
	if c.Running() {
		if err := s.client.get(ctx, at+"/top", url.Values{"ps_args": {"pid,user,uid,capeff,args"}}, maxAnswer, &top); err == nil {
			processes := []podman.Seen{}
			for _, row := range top.Processes {
				if len(row) < 4 {
					continue
				}
				uid, err := strconv.ParseUint(row[2], 10, 32)
				if err != nil {
					continue
				}
				processes = append(processes, podman.Seen{User: row[1], UID: uint32(uid), Capabilities: capabilityNames(row[3])})
			}
			e.Processes = podman.Read(processes, "top")
		}
	}
	if accounts, err := s.client.accounts(ctx, c.ID); err == nil {
		e.Accounts = podman.Read(accounts, "/etc/passwd")
	}
	return e
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
	err := c.read(ctx, "/containers/"+url.PathEscape(id)+"/archive", url.Values{"path": {"/etc/passwd"}}, 1<<20, func(body io.Reader) error {
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
