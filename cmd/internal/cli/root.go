package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const longHelp = `Petrel turns events into actions: webhooks, timers and sensors raise trigger
instances, rules match them, actions and workflows run.

Start a server with "petrel server"; all other verbs speak to one, by default at
` + defaultURL + `. Log in first:

  petrel login admin
  petrel run core.local -- uname -a
  petrel execution list

Where the server is: --url, else PETREL_URL, else ~/.st2/config, else the ST2_*_URL
variables. Who is asking: -t/--token or --api-key, else PETREL_TOKEN or
PETREL_API_KEY, else ST2_AUTH_TOKEN or ST2_API_KEY, else the config file.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           a.prog,
		Short:         "Event-driven automation in one binary",
		Long:          strings.ReplaceAll(longHelp, "petrel ", a.prog+" "),
		Args:          cobra.ArbitraryArgs, // an unknown command is reported by RunE
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          a.noCommand,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse("%s", err) })
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-")) // --trace_tag is --trace-tag
	})
	root.SetUsageFunc(usage)
	root.SetVersionTemplate("{{.DisplayName}} {{.Version}}\n")
	a.options.register(root.Flags())
	for _, c := range a.commands() {
		a.options.register(c.PersistentFlags())
		root.AddCommand(c)
	}
	return root
}

// commands are the client's commands, one line per noun.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.run(),
		a.auth(), a.login(), a.whoami(), a.version(),
		a.actions(),
		a.executions(), a.inquiries(),
		a.rules(), a.enforcements(),
		a.policies(), a.policyTypes(),
		a.triggers(), a.triggerInstances(), a.webhooks(), a.timers(),
		a.runners(), a.sensors(),
		a.packs(), a.keys(),
		a.apiKeys(),
	}
}

// noCommand answers a command line without a (known) command.
func (a *app) noCommand(root *cobra.Command, args []string) error {
	if a.options.printConfig {
		s := &session{app: a}
		return a.report(s.configure(), 1)
	}
	if len(args) > 0 {
		return unknownCommand(root, args[0])
	}
	root.SetOut(a.stderr)
	defer root.SetOut(a.stdout)
	if err := root.Help(); err != nil {
		return err
	}
	return &exit{code: 2}
}

func unknownCommand(parent *cobra.Command, name string) error {
	parent.SuggestionsMinimumDistance = 2
	if similar := parent.SuggestionsFor(name); len(similar) > 0 {
		return misuse("unknown command %q, did you mean %s?", name, strings.Join(similar, " or "))
	}
	return misuse("unknown command %q, choose from %s", name, strings.Join(names(parent), ", "))
}

func names(parent *cobra.Command) []string {
	var all []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() {
			all = append(all, c.Name())
		}
	}
	return all
}

// group is a noun: a command that only has verbs below it.
func (a *app) group(noun, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: noun, Short: short, Args: cobra.ArbitraryArgs}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		// st2 differs: the noun's own help, not the whole program's.
		if err := c.Help(); err != nil {
			return err
		}
		return &exit{code: 2}
	}
	c.AddCommand(verbs...)
	return c
}

// verb describes a command that does something.
type verb struct {
	name  string
	short string
	long  string
	args  string // "ref-or-id", "ref-or-id+" one or more, "file?" optional, "parameters*" any number

	attributes []string // default of -a/--attr; nil = no such option
	attrLong   bool     // only --attr: -a means something else here
	widths     bool     // has -w/--width
	anonymous  bool     // has no -t/--token and --api-key
	exitCode   int      // of failures; 0 = 1

	flags func(f *pflag.FlagSet)
	do    func(ctx context.Context, s *session, args []string) error
}

// command makes the cobra command for v.
func (a *app) command(v verb) *cobra.Command {
	s := &session{app: a}
	arity := parseArity(v.args)
	c := &cobra.Command{
		Use:   strings.TrimSpace(v.name + " " + arity.usage()),
		Short: v.short,
		Long:  v.long,
		Args:  arity.check,
	}
	if v.exitCode == 0 {
		v.exitCode = 1
	}
	s.register(c.Flags(), v)
	if v.flags != nil {
		v.flags(c.Flags())
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		s.cmd = c
		if err := s.configure(); err != nil {
			return a.report(err, 1)
		}
		return a.report(v.do(c.Context(), s, args), v.exitCode)
	}
	return c
}
