package command

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name  string
		words []string
		want  *Command
	}{
		{
			name: "flags before and after the subcommand",
			words: []string{"/usr/bin/podman", "--root", "/srv/x", "--log-level=debug", "run", "-d", "--name", "web",
				"img", "-p", "x"},
			want: &Command{
				Options: []Option{{"detach", "true", 5, 5}, {"name", "web", 6, 7}},
				Image:   "img", ImageIndex: 8, Args: []string{"-p", "x"}, Run: true,
			},
		},
		{
			name:  "shorthands in one word, the last with a value",
			words: []string{"podman", "container", "create", "-dtv/a:/b", "-v=/c:/d", "-e", "A=b=c", "img"},
			want: &Command{
				Options: []Option{{"detach", "true", 3, 3}, {"tty", "true", 3, 3}, {"volume", "/a:/b", 3, 3},
					{"volume", "/c:/d", 4, 4}, {"env", "A=b=c", 5, 6}},
				Image: "img", ImageIndex: 7, Args: []string{},
			},
		},
		{
			name:  "a list separated by commas, with a quoted comma",
			words: []string{"podman", "run", `--cap-add=CHOWN,"A,B"`, "--cap-add", "", "img"},
			want: &Command{
				Options: []Option{{"cap-add", "CHOWN", 2, 2}, {"cap-add", "A,B", 2, 2}},
				Image:   "img", ImageIndex: 5, Args: []string{}, Run: true,
			},
		},
		{
			name:  "former names and an explicit end of flags",
			words: []string{"podman", "run", "--net", "host", "--privileged=false", "--", "img"},
			want: &Command{
				Options: []Option{{"network", "host", 2, 3}, {"privileged", "false", 4, 4}},
				Image:   "img", ImageIndex: 6, Args: []string{}, Run: true,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.words)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, words := range map[string][]string{
		"nothing":                    {},
		"only the program":           {"podman"},
		"another subcommand":         {"podman", "kube", "play", "x.yaml"},
		"a service's command line":   {"podman", "--log-level=error", "system", "service", "--time", "0", "unix:///x"},
		"no image":                   {"podman", "run", "--rm"},
		"an unknown flag":            {"podman", "run", "--no-such-flag", "img"},
		"an unknown shorthand":       {"podman", "run", "-X", "img"},
		"a flag without its value":   {"podman", "run", "--name"},
		"a boolean that is none":     {"podman", "run", "--privileged=perhaps", "img"},
		"a list that is no CSV":      {"podman", "run", `--cap-add=a"b`, "img"},
		"an unknown flag of podman":  {"podman", "--no-such-flag", "run", "img"},
		"a shorthand with no value":  {"podman", "run", "-e"},
		"container with nothing":     {"podman", "container"},
		"container and another verb": {"podman", "container", "clone", "x"},
	} {
		if c, err := Parse(words); err == nil {
			t.Errorf("%s: %q was read as %+v", name, words, c)
		}
	}
	if _, err := Parse([]string{"podman", "kube", "play", "x.yaml"}); !errors.Is(err, ErrNotCreate) {
		t.Errorf("kube play: got %v, want ErrNotCreate", err)
	}
}

// TestMeaning holds what podlint reads from single flags.
func TestMeaning(t *testing.T) {
	c, err := Parse([]string{
		"podman", "run", "--secret", "db", "--secret", "db,type=env,target=DB_PW", "--secret=api,type=env", "--secret",
		"f,type=mount,target=x", "-e", "A=1", "--env", "B", "--cap-add", "net_admin,CAP_CHOWN", "--cap-add=ALL",
		"--read-only", "--read-only=false", "img",
	})
	if err != nil {
		t.Fatal(err)
	}
	secrets := c.SecretVariables()
	if len(secrets) != 2 || secrets["DB_PW"].Index != 4 || secrets["api"].Index != 6 {
		t.Errorf("secret variables: %+v", secrets)
	}
	if vars := c.Variables(); len(vars) != 2 || vars["A"].ValueIndex != 10 || vars["B"].Value != "B" {
		t.Errorf("variables: %+v", vars)
	}
	if diff := cmp.Diff([]string{"CAP_NET_ADMIN", "CAP_CHOWN"}, c.Capabilities()); diff != "" {
		t.Error(diff)
	}
	if c.Bool("read-only") {
		t.Error("--read-only --read-only=false counts as read-only")
	}
}

// FuzzParse compares Parse with pflag, the library that Podman itself reads its flags with.
func FuzzParse(f *testing.F) {
	f.Add("-dt", "--name=x", "--cap-add", "a,b", "img")
	f.Add("-v/a:/b", "-e", "A=b", "--", "--read-only")
	f.Add("--env", "--rm", "-it=false", "-", "--net=x")
	f.Add("-d=true", "-e=", "--cap-add=", "-pP", "")
	f.Fuzz(func(t *testing.T, a, b, c, d, e string) {
		words := []string{a, b, c, d, e}
		reference := pflag.NewFlagSet("run", pflag.ContinueOnError)
		reference.SetInterspersed(false)
		reference.Usage = func() {}
		reference.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
			if present, ok := aliases[name]; ok {
				name = present
			}
			return pflag.NormalizedName(name)
		})
		for _, row := range containerFlags {
			switch row.takes {
			case boolean:
				reference.BoolP(row.name, row.shorthand, false, "")
			case commaList:
				reference.StringSliceP(row.name, row.shorthand, nil, "")
			case list:
				reference.StringArrayP(row.name, row.shorthand, nil, "")
			default:
				reference.StringP(row.name, row.shorthand, "", "")
			}
		}
		referenceErr := reference.Parse(words)
		i, opts, err := options(words, 0, container, aliases)
		if (err == nil) != (referenceErr == nil) {
			t.Fatalf("%q: podlint says %v, pflag %v", words, err, referenceErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(reference.Args(), append([]string{}, words[i:]...)); diff != "" {
			t.Fatalf("%q: arguments: %s", words, diff)
		}
		got := &Command{Options: opts}
		reference.Visit(func(fl *pflag.Flag) {
			switch v := fl.Value.(type) {
			case pflag.SliceValue:
				values := []string{}
				for _, o := range got.All(fl.Name) {
					values = append(values, o.Value)
				}
				if diff := cmp.Diff(append([]string{}, v.GetSlice()...), values); diff != "" {
					t.Fatalf("%q: --%s: %s", words, fl.Name, diff)
				}
			default:
				last, _ := got.Last(fl.Name)
				if fl.Value.Type() == "bool" && (fl.Value.String() == "true") != got.Bool(fl.Name) ||
					fl.Value.Type() != "bool" && last.Value != v.String() {
					t.Fatalf("%q: --%s is %q for podlint, %q for pflag", words, fl.Name, last.Value, v)
				}
			}
		})
	})
}
