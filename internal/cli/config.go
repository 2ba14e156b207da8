package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podlint/podlint/internal/safe"
	"github.com/podlint/podlint/internal/word"
	"github.com/podlint/podlint/policy"
	"github.com/podlint/podlint/rules"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check podlint.toml, or show which file and line decides what",
		Long: `A podlint.toml says which rules a team uses, how severe they are, and what it has accepted. podlint
takes the first from the working directory upwards, else ~/.config/podlint/podlint.toml, else
/etc/podlint/podlint.toml; --config names another. Options on the command line count more.

  profile = "standard"              # baseline, standard or strict
  fail-on = "medium"                # critical, high, medium, low, info or none
  min-severity = "low"

  [rules]
  cpu-limit = "on"                  # also of a stricter profile
  healthcheck = "off"
  read-only = "high"                # another severity

  [parameters]
  image-age = "30d"
  allowed-capabilities = ["NET_ADMIN"]
  allowed-mounts = ["/srv/**"]
  trusted-registries = ["quay.io", "docker.io/library"]

  [[container]]                     # for some containers only; the later one counts
  name = "ci-*"
  path = "units/ci/**"
  rules = { read-only = "off" }

  [[waiver]]
  rule = "network-host"
  container = "node-exporter"
  reason = "measures the host's interfaces"
  expires = 2027-06-30

  [[rule]]                          # a rule of your own, see docs/custom-rules.md
  id = "our-registry"
  severity = "high"
  when = 'not (image startsWith "registry.example.org/")'
  message = "{image} is not from our registry"
  [[rule.test]]
  container = { image = "docker.io/library/nginx:1" }
  fires = true

An expression can look at:` + strings.Join(policy.Names(), ", ") + `.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &usageError{fmt.Errorf("config has no command %q: check or show", args[0])}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var named string
	check := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check podlint.toml and run the tests of its rules",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				named = args[0]
			}
			return a.checkConfig(named)
		},
	}
	var format string
	show := &cobra.Command{
		Use:   "show",
		Short: "Show the settings in force, each with the file and line that decides",
		Args:  noArguments,
		RunE: func(_ *cobra.Command, _ []string) error {
			return a.showConfig(named, format)
		},
	}
	formatFlag(show, &format)
	for _, c := range []*cobra.Command{check, show} {
		c.Flags().StringVar(&named, "config", "", "the configuration's `file`, or none")
	}
	cmd.AddCommand(check, show)
	return cmd
}

// checkConfig says what is wrong with a configuration, or that nothing is, and runs its tests.
func (a *app) checkConfig(named string) error {
	config, err := policy.Load(named)
	if err != nil {
		return err
	}
	if config.File == "" {
		fmt.Fprintln(a.Out, "no podlint.toml found: using the standard profile, no waivers")
		return nil
	}
	failed := 0
	for i := range config.Tests {
		if err := config.Tests[i].Run(); err != nil {
			failed++
			at := config.Tests[i].Origin
			at.Column = 0
			fmt.Fprintf(a.Err, "podlint: %s: %s\n", safe.Text(at.String()), safe.Text(err.Error()))
		}
	}
	for _, p := range config.Stale(func(string) bool { return true }, a.now()) {
		p.Origin.Column = 0
		fmt.Fprintf(a.Err, "podlint: %s: %s\n", safe.Text(p.Origin.String()), safe.Text(p.Message))
	}
	if failed > 0 {
		a.status = statusUsage
		return nil
	}
	fmt.Fprintf(a.Out, "%s: ok (%s, %s, %s passed)\n", safe.Text(config.File),
		word.Count(len(config.Custom), "rule of its own", "rules of its own"),
		word.Count(len(config.Accepted), "waiver", "waivers"), word.Count(len(config.Tests), "test", "tests"))
	return nil
}

// effective is one setting in force.
type effective struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	// Origin is the file and line, or "default".
	Origin string `json:"origin"`
}

// effectiveRule returns whether a rule is on, or its severity, with what decides it.
func effectiveRule(config *policy.Config, r *rules.Rule, profile rules.Profile, origin func(string) string) effective {
	word, from := "off", "the profile "+profile.String()
	if config.Uses(r, profile) {
		word = "on"
	}
	if slices.ContainsFunc(config.Custom, func(c rules.Rule) bool { return c.ID == r.ID }) {
		from = config.File
	}
	for _, c := range config.Rules {
		if c.Rule == r.ID {
			from = origin("rules." + r.ID)
			if c.Severity > 0 {
				word = c.Severity.String()
			}
		}
	}
	return effective{"rules." + r.ID, word, from}
}

// showConfig lists the settings in force with what decides them.
func (a *app) showConfig(named, format string) error {
	config, err := policy.Load(named)
	if err != nil {
		return err
	}
	list := []effective{{"file", config.File, "found"}}
	if config.File == "" {
		list[0] = effective{"file", "none", "no podlint.toml was found"}
	}
	origin := func(key string) string {
		at, ok := config.Places[key]
		if !ok {
			return "default"
		}
		at.Column = 0
		return at.String()
	}
	profile, failOn, least := rules.Standard, "medium", rules.Info
	if config.Profile != nil {
		profile = *config.Profile
	}
	if config.FailOn != nil {
		failOn = *config.FailOn
	}
	if config.MinSeverity != nil {
		least = *config.MinSeverity
	}
	age := config.Parameters.ImageAge
	if age == 0 {
		age = rules.DefaultImageAge
	}
	list = append(list, effective{"profile", profile.String(), origin("profile")},
		effective{"fail-on", failOn, origin("fail-on")},
		effective{"min-severity", least.String(), origin("min-severity")},
		effective{"parameters.image-age", fmt.Sprintf("%dd", int(age.Hours())/24), origin("parameters.image-age")},
		effective{"parameters.allowed-capabilities", strings.Join(config.Parameters.Capabilities, " "),
			origin("parameters.allowed-capabilities")},
		effective{"parameters.allowed-mounts", strings.Join(config.Parameters.Mounts, " "),
			origin("parameters.allowed-mounts")},
		effective{"parameters.trusted-registries", strings.Join(config.Parameters.Registries, " "),
			origin("parameters.trusted-registries")})
	catalogue := config.Catalogue(rules.Parameters{})
	for i := range catalogue {
		list = append(list, effectiveRule(config, &catalogue[i], profile, origin))
	}
	for _, s := range config.Sections {
		for _, c := range s.Rules {
			word := "on"
			if c.Off {
				word = "off"
			} else if c.Severity > 0 {
				word = c.Severity.String()
			}
			at := s.Origin
			at.Column = 0
			list = append(list,
				effective{"rules." + c.Rule + " for " + strings.TrimSpace(s.Container+" "+s.Path), word, at.String()})
		}
	}
	return a.describe(format, list, func() {
		width := 0
		for _, e := range list {
			width = max(width, len(e.Setting))
		}
		for _, e := range list {
			fmt.Fprintf(a.Out, "%-*s  %-12s  %s\n", width, safe.Text(e.Setting), safe.Text(e.Value),
				safe.Text(e.Origin))
		}
	})
}
