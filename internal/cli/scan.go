package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/lint"
	"github.com/podlint/podlint/podman/live"
	"github.com/podlint/podlint/report"
	"github.com/podlint/podlint/rules"
)

// scanFlags holds the flags of `podlint scan`.
type scanFlags struct {
	output
	overviewFlags
	service  live.Options
	running  bool
	pods     []string
	filters  []string
	imageAge time.Duration
	// online is whether registries are asked, registryTimeout for how long each.
	online          bool
	registryTimeout time.Duration
}

func (a *app) scanCommand(after func(*output, *report.Report) error) *cobra.Command {
	flags := scanFlags{output: output{after: after}}
	cmd := &cobra.Command{
		Use:   "scan [NAME|ID ...]",
		Short: "Lint containers that Podman runs or defines",
		Long: `Scan asks a Podman service for its containers, running or not, and reports what leaves them unhardened.
It only reads.

The text is an overview above eight containers: how far an attacker gets, what only some containers have, what nearly
all have, and the changes that take away the most exposure. A container's name, or --full, shows the details.

The service is the one that --url, --connection, CONTAINER_CONNECTION or CONTAINER_HOST names, else Podman's default
connection, else the socket of this user, else that of root. Where none answers, podlint starts "podman system
service" on a private socket for the length of the scan: there is nothing to enable first.

Exit status: 0 no finding at or above --fail-on, 1 findings at or above it, 2 wrong usage or no service, 3 the scan is
incomplete or was interrupted; what was read is reported.`,
		Example: `  podlint scan                                   every container
  podlint scan web db                            two of them
  podlint scan --running --filter label=env=prod
  podlint scan --format text --format sarif=podlint.sarif
  podlint scan --url ssh://admin@host/run/podman/podman.sock`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.scan(cmd, &flags, args)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.connection(cmd)
	f := cmd.Flags()
	f.BoolVar(&flags.running, "running", false, "only containers that run")
	f.StringSliceVar(&flags.pods, "pod", nil, "only containers of these `pods`, by name or ID")
	f.StringArrayVar(&flags.filters, "filter", nil, "filter containers by `KEY=VALUE`, with the keys of podman ps "+
		"--filter")
	f.IntVar(&flags.service.Concurrency, "concurrency", live.DefaultConcurrency, "maximum number of concurrent "+
		"`requests`")
	f.BoolVar(&flags.online, "online", false, "ask the registries whether they have newer images")
	f.DurationVar(&flags.registryTimeout, "registry-timeout", lint.RegistryTimeout, "timeout for each registry request")
	f.DurationVar(&flags.imageAge, "image-age", rules.DefaultImageAge, "how old an image may be")
	flags.add(cmd)
	flags.flags(cmd)
	return cmd
}

// connection adds the flags that say which service is asked.
func (f *scanFlags) connection(cmd *cobra.Command) {
	s, set := &f.service, cmd.Flags()
	set.StringVar(&s.URL, "url", "", "the service's `address`: unix:///PATH, tcp://HOST:PORT or "+
		"ssh://USER@HOST[:PORT][/PATH]")
	set.StringVar(&s.Connection, "connection", "", "the `name` of a connection (podman system connection list)")
	set.StringVar(&s.Identity, "identity", "", "an ssh key's `file`")
	set.StringVar(&s.TLSCert, "tls-cert", "", "a client certificate's PEM `file`, for tcp")
	set.StringVar(&s.TLSKey, "tls-key", "", "the client certificate's key, a PEM `file`")
	set.StringVar(&s.TLSCA, "tls-ca", "", "the certificate authority's PEM `file`, for tcp")
	set.DurationVar(&s.Timeout, "timeout", live.DefaultTimeout, "how long to wait for each answer of the service")
	s.Concurrency = live.DefaultConcurrency
}

// podmanFilters are the keys of --filter.
var podmanFilters = []string{"label", "label!", "name", "status", "id", "ancestor", "volume", "network", "health",
	"pod", "before", "since", "exited"}

func (f *scanFlags) selection(names []string) (live.Selection, error) {
	s := live.Selection{Names: names, Pods: f.pods, Running: f.running, Filters: map[string][]string{}}
	for _, filter := range f.filters {
		key, value, ok := strings.Cut(filter, "=")
		if strings.HasSuffix(key, "!") && key != "label!" {
			ok = false
		}
		if !ok || value == "" {
			return s, fmt.Errorf("--filter: %q is not KEY=VALUE", filter)
		}
		if !slices.Contains(podmanFilters, key) {
			return s, fmt.Errorf("--filter: the key %q must be one of %s", key, strings.Join(podmanFilters, ", "))
		}
		s.Filters[key] = append(s.Filters[key], value)
	}
	return s, nil
}

// scan reads the containers, runs the rules over each as it comes in, and writes the report.
func (a *app) scan(cmd *cobra.Command, flags *scanFlags, names []string) error {
	var parameters rules.Parameters
	if cmd.Flags().Changed("image-age") {
		parameters.ImageAge = flags.imageAge
	}
	if err := a.prepare(cmd, &flags.output, parameters); err != nil {
		return err
	}
	selection, err := flags.selection(names)
	if err != nil {
		return &usageError{err}
	}
	switch {
	case flags.service.Concurrency < 1:
		return &usageError{errors.New("--concurrency must be at least 1")}
	case flags.service.Timeout <= 0:
		return &usageError{errors.New("--timeout must be greater than 0")}
	case flags.imageAge <= 0:
		return &usageError{errors.New("--image-age must be greater than 0")}
	case flags.service.URL != "" && flags.service.Connection != "":
		return &usageError{errors.New("--url and --connection both name a service")}
	}
	flags.service.Now, flags.service.Machine = a.now, a.machine
	flags.service.Log = func(format string, args ...any) {
		if flags.verbose {
			fmt.Fprintf(a.Err, "podlint: %s\n", safe.Text(fmt.Sprintf(format, args...)))
		}
	}

	finish, err := flags.view(cmd, flags.overviewFlags, len(names) > 0)
	if err != nil {
		return err
	}
	result := flags.linter.NewReport()
	bar := startProgress(a.Err, flags.quiet)
	err = a.scanService(cmd.Context(), flags, selection, result, bar)
	bar.end()
	if err != nil {
		return err
	}
	flags.linter.Finish(result)
	if flags.running || len(flags.pods)+len(flags.filters) > 0 {
		flags.empty(result, "scan", "no container matches")
	}
	finish(result, nil)
	return a.finish(&flags.output, result)
}

// scanService connects to the service and lints its containers.
func (a *app) scanService(ctx context.Context, flags *scanFlags, which live.Selection, r *report.Report,
	bar *progress) error {
	service, err := live.Connect(ctx, flags.service)
	if err != nil {
		return err
	}
	defer service.Close()
	var registries *lint.Registries
	if flags.online {
		registries = &lint.Registries{Timeout: flags.registryTimeout, AuthFiles: a.machine, Log: flags.service.Log}
		if a.machine {
			registries.CacheFile = lint.CachePath()
		}
	}
	return flags.linter.Scan(ctx, service, which, registries, r, bar.show)
}

// finish writes the report of a service and takes the exit status from it.
func (a *app) finish(o *output, r *report.Report) error {
	r.Sort()
	a.place(r)
	if !o.onTerminal(a.Out) { // where the report shows them
		a.tell(r.Errors)
	}
	if err := o.write(a.Streams, r); err != nil {
		return err
	}
	a.end(o, r)
	return nil
}
