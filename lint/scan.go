package lint

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/internal/hint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
	"github.com/podlint/podlint/rules/secret"
)

// Scan lints the containers of a service, each as it comes in, and puts what is found into the report. Registries are
// asked where it is not nil. What fails goes into the report; an error is returned only where nothing of the report is
// of use, such as for a name that no container has.
func (l *Linter) Scan(ctx context.Context, service *live.Service, which live.Selection, registries *Registries,
	result *report.Report, progress Progress,
) error {
	atOnce, afterwards := l.Rules, []rules.Rule(nil)
	if registries != nil { // what they are asked about is judged when they have answered
		atOnce, afterwards = onlineRules(l.Rules)
	}
	installed := definition.NewInstalled(service.URI)
	var peers []*rules.Peer
	var waiting []*podman.Container // for the answers of registries
	count := func(done, total int) { progress("reading containers", done, total) }
	host, problems, err := service.Containers(ctx, which, count, func(c *podman.Container) {
		installed.Define(c)
		result.Containers = append(result.Containers, report.Describe(c))
		if l.Keep != nil {
			l.Keep(c)
		}
		found := rules.Check(atOnce, c)
		l.Proofs.MarkLive(c, found)
		l.keep(result, found)
		peers = append(peers, rules.PeerOf(c))
		if len(afterwards) > 0 {
			waiting = append(waiting, rules.WithoutTexts(c))
		}
	})
	slices.SortFunc(peers, func(a, b *rules.Peer) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	if len(afterwards) > 0 {
		failed := registries.ask(ctx, waiting, l.Now, progress)
		for _, name := range slices.Sorted(maps.Keys(failed)) {
			result.Fail(name, failed[name])
		}
		for _, c := range waiting {
			l.keep(result, rules.Check(afterwards, c))
		}
	}
	l.keep(result, rules.CheckPeers(l.Rules, peers))
	l.keep(result, rules.CheckHost(l.Rules, host))
	result.Sources = append(result.Sources, source(service, host))
	if err != nil {
		if _, hinted := hint.Of(err); hinted {
			return err
		}
		result.Fail(service.URI, err)
	}
	for i := range problems {
		result.Missed(&problems[i])
	}
	return nil
}

func source(service *live.Service, host *podman.Host) report.Source {
	s := report.Source{Kind: "podman", URI: service.URI, Podman: host.Podman}
	if host.Rootless.Known() {
		s.Rootless = &host.Rootless.Value
	}
	return s
}

// onlineRules parts the rules that judge what registries answer from the others.
func onlineRules(all []rules.Rule) (others, online []rules.Rule) {
	for _, r := range all {
		if r.Online {
			online = append(online, r)
		} else {
			others = append(others, r)
		}
	}
	return others, online
}

// Images lints images of a service one after the other: each is a stream of its own size.
func (l *Linter) Images(ctx context.Context, service *live.Service, names []string, result *report.Report,
	progress Progress) error {
	result.Sources = append(result.Sources, report.Source{Kind: "podman", URI: service.URI})
	look := live.FileScanner{Wants: secret.MayHold, Bytes: secret.WantedBytes, Secret: secret.DetectFile}
	for i, name := range names {
		read := func(bytes int64) { progress("reading "+name+", MiB", int(bytes>>20), 0) }
		c, err := service.Image(ctx, name, look, read)
		if err != nil {
			if _, hinted := hint.Of(err); hinted && len(names) == 1 {
				return err
			}
			result.Fail(name, err)
			continue
		}
		if i == 0 {
			result.Sources[0] = source(service, c.Host)
		}
		result.Containers = append(result.Containers, report.Describe(c))
		l.keep(result, rules.Check(l.Rules, c))
		if c.Image.Content.Value.Truncated {
			result.Warn(name, errors.New("it holds more than podlint keeps: not everything is named"))
		}
	}
	return nil
}
