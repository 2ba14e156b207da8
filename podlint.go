// Package podlint is the hardening linter for Podman as a library. Check lints the files that define containers, Scan
// the containers of a Podman service; both return the report that the command of the same name prints, with the
// waivers, the configuration, the pods and the masking of secrets that the command has. Package report writes it as
// text, JSON, SARIF and so on.
//
// Neither function changes anything on the machine or in the process: no environment variable, no logger, no working
// directory. Both may be called several times at once. The libraries that Scan reaches Podman with log through
// github.com/sirupsen/logrus; a program that does not want to see that sets logrus's output.
package podlint

import (
	"context"
	"errors"
	"time"

	"github.com/podlint/podlint/definition"
	"github.com/podlint/podlint/internal/version"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/podman/machine"
	"github.com/podlint/podlint/podman/registry"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// Options says which rules are used and what counts. The zero value is what the command does without options.
type Options struct {
	// Rules holds the IDs of the rules to use, empty for those of the profile. Skip holds the IDs of rules not to use.
	Rules, Skip []string
	// Profile is "baseline", "standard" or "strict", empty for the configuration's, else "standard".
	Profile string
	// FailOn is the severity from which on the report fails (report.Report.ExitStatus), or "none"; empty for the
	// configuration's, else "medium". MinSeverity is the severity below which findings are left out, empty for the
	// configuration's, else "info".
	FailOn, MinSeverity string
	// Config is the path of a podlint.toml, "none" for no configuration, empty for the one that the command finds.
	Config string
	// ConfigFrom is a revision of the repository that the working directory is in, such as "origin/main", or the path
	// of a podlint.toml; of a revision, the configuration, the baseline and the waivers in comments count as it has
	// them, so that a change does not bring along its own judge. It excludes Config.
	ConfigFrom string
	// Baseline is the path of a baseline whose findings do not count, empty for none.
	Baseline string
	// ImageAge is how old an image may be, 0 for the configuration's limit, else 30 days.
	ImageAge time.Duration
	// Rootless says, for Check, whether the definitions are for rootless Podman; nil where the place of each file is to
	// tell.
	Rootless *bool
	// Markdown is, for Check, whether the code blocks of Markdown files are read.
	Markdown bool
	// Edits is, for Check, whether each finding is given the edits that end it, as SARIF shows them.
	Edits bool
	// AllowOutside is, for Check, whether files outside of the paths are read that definitions name, or that symbolic
	// links lead to.
	AllowOutside bool
	// Texts holds, for Check, texts by the names that they would have as files; they are linted beside the paths.
	Texts map[string][]byte
}

// configuration reads the configuration, and returns the revision that it is from where ConfigFrom names one.
func (o *Options) configuration(ctx context.Context) (*policy.Config, *policy.Revision, error) {
	switch {
	case o.ConfigFrom == "":
		config, err := policy.Load(o.Config)
		return config, nil, err
	case o.Config != "":
		return nil, nil, errors.New("both of Config and ConfigFrom are set")
	case !policy.IsRevision(o.ConfigFrom):
		config, err := policy.Load(o.ConfigFrom)
		return config, nil, err
	}
	revision, err := policy.OpenRevision(ctx, o.ConfigFrom)
	if err != nil {
		return nil, nil, err
	}
	config, err := policy.LoadFrom(ctx, revision)
	return config, revision, err
}

// linter returns the linter that the options ask for.
func (o *Options) linter(ctx context.Context) (*lint.Linter, error) {
	config, revision, err := o.configuration(ctx)
	if err != nil {
		return nil, err
	}
	l, err := lint.New(config, lint.Choice{
		Only: o.Rules, Skip: o.Skip, Profile: o.Profile, FailOn: o.FailOn, Least: o.MinSeverity,
		Parameters: rules.Parameters{ImageAge: o.ImageAge},
	})
	if err != nil {
		return nil, err
	}
	if o.Baseline != "" {
		if revision != nil {
			l.Baseline, err = policy.ReadBaselineFrom(ctx, revision, o.Baseline)
		} else {
			l.Baseline, err = policy.ReadBaseline(o.Baseline)
		}
		if err != nil {
			return nil, err
		}
	}
	if revision != nil {
		known := func(rule string) error { _, err := rules.Find(l.Catalogue, rule); return err }
		l.Accepts = func(w *policy.Waiver) bool { return revision.Has(ctx, w, known) }
	}
	l.Tool.Version = version.String()
	l.Proofs = lint.ReadProofs(lint.ProofsPath())
	return l, nil
}

// Check lints the definitions at the paths: files, and what lies in directories. What cannot be read is an error of the
// report, and the rest is linted all the same. The error is not nil where the options are not valid, or a configuration
// or baseline cannot be read (*policy.Error with the places in a configuration).
func Check(ctx context.Context, paths []string, o Options) (*report.Report, error) {
	l, err := o.linter(ctx)
	if err != nil {
		return nil, err
	}
	options := definition.Options{
		Markdown: o.Markdown, Given: o.Texts, Policy: machine.Policy(""), Registries: registry.Registries(""),
		Now: l.Now(), AllowOutside: o.AllowOutside, Stopped: func() bool { return ctx.Err() != nil },
	}
	if o.Rootless != nil {
		options.Rootless = podman.Set(*o.Rootless, podman.Field("Options.Rootless"))
	}
	l.Propose = o.Edits
	set, problems := definition.Open(paths, options)
	r := l.NewReport()
	for _, p := range problems {
		r.Add(p)
	}
	l.Check(ctx, set, r, noProgress)
	l.Finish(r)
	return r, nil
}

// Service says which Podman service is asked and for which containers. The zero value is the service that the command
// finds and all of its containers.
type Service struct {
	// URL is the service's address (unix, tcp or ssh), Connection the name of one of `podman system connection`'s;
	// empty for the one that the command finds: CONTAINER_HOST, the default connection, the account's socket, root's,
	// and at last a service that podlint starts and ends.
	URL, Connection string
	// Identity is the path of an ssh key; TLSCert, TLSKey and TLSCA are paths of PEM files for tcp.
	Identity, TLSCert, TLSKey, TLSCA string
	// Timeout limits each request, 0 for 10 seconds.
	Timeout time.Duration
	// Concurrency is how many requests may be under way at once, 0 for 4.
	Concurrency int
	// Names holds names, IDs and beginnings of IDs of containers, Pods those of pods; empty for all.
	Names, Pods []string
	// Running leaves out what does not run.
	Running bool
	// Filters are those of `podman ps --filter`, such as "label" with the value "app=web".
	Filters map[string][]string
	// Online is whether registries are asked for newer images, each for at most 15 seconds.
	Online bool
}

// Scan lints the containers of a service. What cannot be read of some containers is an error of the report, which is
// then incomplete. The error is not nil where the options are not valid, no service answers, or a name matches no
// container.
func Scan(ctx context.Context, s Service, o Options) (*report.Report, error) {
	l, err := o.linter(ctx)
	if err != nil {
		return nil, err
	}
	options := live.Options{
		URL: s.URL, Connection: s.Connection, Identity: s.Identity, TLSCert: s.TLSCert, TLSKey: s.TLSKey,
		TLSCA:   s.TLSCA,
		Timeout: s.Timeout, Concurrency: s.Concurrency, Now: l.Now, Machine: true, Log: func(string, ...any) {},
	}
	if options.Timeout == 0 {
		options.Timeout = live.DefaultTimeout
	}
	if options.Concurrency == 0 {
		options.Concurrency = live.DefaultConcurrency
	}
	service, err := live.Connect(ctx, options)
	if err != nil {
		return nil, err
	}
	defer service.Close()
	var registries *lint.Registries
	if s.Online {
		registries = &lint.Registries{
			Timeout: lint.RegistryTimeout, CacheFile: lint.CachePath(), AuthFiles: true, Log: options.Log,
		}
	}
	which := live.Selection{Names: s.Names, Pods: s.Pods, Running: s.Running, Filters: s.Filters}
	r := l.NewReport()
	if err := l.Scan(ctx, service, which, registries, r, noProgress); err != nil {
		return nil, err
	}
	l.Finish(r)
	r.Sort()
	return r, nil
}

func noProgress(string, int, int) {}
