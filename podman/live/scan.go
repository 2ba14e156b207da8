package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/podman"
)

// Selection says which containers to read; the zero value is all of them.
type Selection struct {
	// Names holds names, IDs and prefixes of IDs; each must match a container.
	Names []string
	// Pods holds names and IDs of pods, or prefixes of their IDs; each must match a pod with containers.
	Pods []string
	// Running leaves out what does not run.
	Running bool
	// Filters are Podman's own, such as "label" with the value "app=web".
	Filters map[string][]string
}

// Progress is told after each container how many of them have been read.
type Progress func(done, total int)

// listed is what podlint needs of a list answer's row.
type listed struct {
	ID      string   `json:"Id"`
	Names   []string `json:"Names"`
	State   string   `json:"State"`
	Pod     string   `json:"Pod"`
	PodName string   `json:"PodName"`
	IsInfra bool     `json:"IsInfra"`
	Labels  struct {
		Unit string `json:"PODMAN_SYSTEMD_UNIT"`
	} `json:"Labels"`
}

func (l listed) name() string {
	if len(l.Names) > 0 {
		return l.Names[0]
	}
	return l.ID
}

// host asks the service what it is and where it runs.
func (s *Service) host(ctx context.Context) (*podman.Host, place, error) {
	var info hostInfo
	if err := s.client.get(ctx, "/info", nil, maxAnswer, &info); err != nil {
		return &podman.Host{Podman: s.client.version.String()}, place{}, fmt.Errorf("what this service is: %w", err)
	}
	host := info.host()
	s.machine(host)
	return host, s.place(&info), nil
}

// identified is what a service says that it is.
type identified struct {
	host  *podman.Host
	place place
	err   error
}

// settle puts a container on its host, and the containers whose processes it sees.
func (i *identified) settle(c *readContainer) {
	for _, one := range append([]*readContainer{c}, c.others...) {
		onHost(one.Container, i.host)
		unseenDevices(one.Container)
		locate(one, i.place)
		kernelLimits(one, i.place)
		resolveJoins(one.Container, i.place.of(one.Container) != nil)
		takeable(one.Container, i.place)
	}
}

// ahead is how many containers may have been read before the first is visited: a service needs some 70 ms to say what
// it is, in which it answers a hundred inspections.
const ahead = 256

// Containers reads the containers of a selection and hands each to visit as soon as it has been read, from one
// goroutine, in no order. A container that is removed meanwhile is left out. It returns the host, as far as it is
// known, and what could not be read; an error means that nothing could be.
func (s *Service) Containers(ctx context.Context, selection Selection, progress Progress,
	visit func(*podman.Container)) (*podman.Host, []podman.Problem, error) {
	who := make(chan identified, 1)
	go func() {
		host, here, err := s.host(ctx)
		who <- identified{host, here, err}
	}()
	reader := newReader(s.client)
	rows, err := s.list(ctx, selection)
	if err == nil {
		for _, row := range rows {
			if row.Pod != "" {
				reader.members[row.Pod] = append(reader.members[row.Pod], row.ID)
			}
			if row.IsInfra {
				reader.podUnits[row.Pod] = row.Labels.Unit
			}
		}
		rows, err = choose(rows, selection)
	}
	if err != nil {
		service := <-who
		return service.host, nil, err
	}

	type result struct {
		row       listed
		container *readContainer
		err       error
	}
	var (
		next    = make(chan listed)
		results = make(chan result, ahead)
		workers sync.WaitGroup
	)
	go func() {
		defer close(next)
		for _, row := range rows {
			next <- row
		}
	}()
	for range max(1, s.opts.Concurrency) {
		workers.Go(func() {
			for row := range next {
				if ctx.Err() != nil {
					continue // the channel is emptied so that its sender ends
				}
				c, err := reader.container(ctx, row)
				results <- result{row, c, err}
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()

	var (
		problems []podman.Problem
		unasked  []string
		named    []*readContainer // whose users are still to be looked up
		done     int
	)
	service := <-who
	if service.err != nil && ctx.Err() == nil {
		problems = append(problems, podman.Problem{Target: s.URI, Err: service.err})
	}
	service.host.Now = s.opts.Now()
	for r := range results {
		done++
		progress(done, len(rows))
		switch {
		case r.err == nil && r.container.asks():
			named = append(named, r.container)
		case r.err == nil:
			service.settle(r.container)
			visit(r.container.Container)
		case ctx.Err() != nil: // said once, below
		case isNotFound(r.err):
			s.opts.Log("%s was removed before it could be read", r.row.name())
		case errors.Is(r.err, errGaveUp):
			unasked = append(unasked, r.row.name())
		default:
			problems = append(problems, podman.Problem{Target: r.row.name(), Err: r.err})
		}
	}
	reader.lookUsers(ctx, named, s.opts.Concurrency)
	for _, c := range named {
		service.settle(c)
		visit(c.Container)
	}
	problems = append(problems, reader.problems...)
	problems = append(problems, s.otherAccounts(service.host)...)
	if len(unasked) > 0 {
		slices.Sort(unasked)
		problems = append(problems,
			podman.Problem{Target: s.URI, Err: fmt.Errorf("the service stopped answering; not read: %s", firstFew(unasked))})
	}
	if ctx.Err() != nil {
		problems = append(problems,
			podman.Problem{Target: s.URI, Err: fmt.Errorf("%w after %d of %d containers", context.Cause(ctx), done, len(rows))})
	}
	slices.SortStableFunc(problems, func(a, b podman.Problem) int { return strings.Compare(a.Target, b.Target) })
	return service.host, problems, nil
}

// firstFew names the first few and counts the rest.
func firstFew(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// list asks for all containers, or those that Podman's own filters leave.
func (s *Service) list(ctx context.Context, selection Selection) ([]listed, error) {
	query := url.Values{"all": {"true"}}
	if len(selection.Filters) > 0 {
		filters, err := json.Marshal(selection.Filters)
		if err != nil {
			return nil, fmt.Errorf("the filters: %w", err)
		}
		query.Set("filters", string(filters))
	}
	if len(selection.Pods) > 0 {
		query.Set("pod", "true") // PodName is only filled in on request
	}
	var rows rowList
	if err := s.client.get(ctx, "/containers/json", query, maxList, &rows); err != nil {
		return nil, fmt.Errorf("listing the containers: %w", err)
	}
	for i, row := range rows {
		if row.ID == "" {
			return nil, fmt.Errorf("listing the containers: row %d has no ID, so this is no Podman service", i+1)
		}
	}
	slices.SortFunc(rows, func(a, b listed) int { return strings.Compare(a.name()+"\x00"+a.ID, b.name()+"\x00"+b.ID) })
	return rows, nil
}

// mostContainers is how many containers a service may have.
const mostContainers = 100_000

// rowList is a list answer, which is read row by row so that one without an end is not kept.
type rowList []listed

// UnmarshalJSON is json.Unmarshaler's.
func (l *rowList) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		var row listed
		if err := decoder.Decode(&row); err != nil {
			return err
		}
		if *l = append(*l, row); len(*l) > mostContainers {
			return errTooMany
		}
	}
	return nil
}

var errTooMany = fmt.Errorf("it lists more than %d containers", mostContainers)

// choose keeps the rows that were asked for by name, pod and state.
func choose(rows []listed, selection Selection) ([]listed, error) {
	rows, err := chooseBy(rows, selection.Names, "container", "podman ps -a",
		func(l listed, name string) bool { return slices.Contains(l.Names, name) || l.ID == name },
		func(l listed, name string) (string, bool) { return l.ID, isIDPrefix(name, l.ID) })
	if err != nil {
		return nil, err
	}
	rows, err = chooseBy(rows, selection.Pods, "pod", "podman pod ps",
		func(l listed, name string) bool { return l.Pod != "" && (l.PodName == name || l.Pod == name) },
		func(l listed, name string) (string, bool) { return l.Pod, isIDPrefix(name, l.Pod) })
	if err != nil {
		return nil, err
	}
	if selection.Running {
		rows = slices.DeleteFunc(rows, func(l listed) bool { return l.State != "running" })
	}
	return rows, nil
}

// chooseBy keeps the rows that any of the names stands for: exactly, or else as the beginning of one single ID.
func chooseBy(rows []listed, names []string, what, list string, exact func(listed, string) bool,
	prefix func(listed, string) (string, bool)) ([]listed, error) {
	if len(names) == 0 {
		return rows, nil
	}
	keep := map[string]bool{}
	for _, name := range names {
		found := map[string]bool{}
		ids := map[string]bool{}
		for _, row := range rows {
			if exact(row, name) {
				found[row.ID] = true
			}
		}
		if len(found) == 0 {
			for _, row := range rows {
				if id, ok := prefix(row, name); ok {
					found[row.ID], ids[id] = true, true
				}
			}
		}
		switch {
		case len(found) == 0:
			return nil, hint.With(fmt.Errorf("there is no %s %q", what, name), "list them with `"+list+"`")
		case len(ids) > 1:
			return nil, hint.With(fmt.Errorf("%q is the beginning of %d %s IDs", name, len(ids), what),
				"write more of the ID, or the name")
		}
		for id := range found {
			keep[id] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(l listed) bool { return !keep[l.ID] }), nil
}

func isIDPrefix(name, id string) bool {
	return name != "" && strings.HasPrefix(id, name)
}
