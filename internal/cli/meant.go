package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podlint/podlint/rules"
)

// meant asks whether something else was meant, and nothing where nothing is near.
func meant(near string) string {
	if near == "" {
		return ""
	}
	return ": did you mean " + near + "?"
}

// nearestCommand returns the command that a word was probably meant to be, empty for none.
func nearestCommand(root *cobra.Command, word string) string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return rules.Nearest(strings.ToLower(word), names)
}

// flagError says of a flag that there is not which one was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	word := "--" + unknown.GetSpecifiedName()
	if shorthands := unknown.GetSpecifiedShortnames(); shorthands != "" {
		if len(shorthands) == 1 {
			return err
		}
		word = "--" + shorthands // -rule is not --rule
	}
	word, _, _ = strings.Cut(word, "=")
	near := rules.Nearest(word, names)
	if near == "" {
		near = prefixed(word, names)
	}
	if near == "" {
		return err
	}
	return fmt.Errorf("%w%s", err, meant(near))
}

// prefixed returns the only flag that begins with a word.
func prefixed(word string, names []string) string {
	found := ""
	for _, name := range names {
		if strings.HasPrefix(name, word) {
			if found != "" {
				return ""
			}
			found = name
		}
	}
	return found
}
