package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// global marks the options that all client commands have; only the root's help lists them.
const global = "petrel_global"

// usage prints how a command is called, below what it does.
func usage(c *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n", synopsis(c))
	if c.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	describeCommands(&b, c)
	own, shared := split(c)
	if own.HasAvailableFlags() {
		fmt.Fprintf(&b, "\nOptions:\n%s", own.FlagUsages())
	}
	switch {
	case !shared.HasAvailableFlags():
	case c.HasParent():
		fmt.Fprintf(&b, "\nOptions that say where the server is: see %s --help\n", c.Root().Name())
	default:
		fmt.Fprintf(&b, "\nOptions of all commands that speak to a server:\n%s", shared.FlagUsages())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nMore about a command: %s COMMAND --help\n", c.CommandPath())
	}
	_, err := fmt.Fprint(c.OutOrStdout(), b.String())
	return err
}

func synopsis(c *cobra.Command) string {
	if c.HasAvailableSubCommands() {
		return c.CommandPath() + " COMMAND"
	}
	return strings.Replace(c.UseLine(), "[flags]", "[options]", 1)
}

func describeCommands(b *strings.Builder, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	b.WriteString("\nCommands:\n")
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(b, "  %-*s  %s\n", sub.NamePadding(), sub.Name(), sub.Short)
		}
	}
}

// split parts a command's own options from the global ones.
func split(c *cobra.Command) (own, shared *pflag.FlagSet) {
	own, shared = pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	place := func(f *pflag.Flag) {
		if f.Annotations[global] != nil {
			shared.AddFlag(f)
		} else {
			own.AddFlag(f)
		}
	}
	c.LocalFlags().VisitAll(place)
	c.InheritedFlags().VisitAll(place)
	return own, shared
}
