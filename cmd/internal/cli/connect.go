package cli

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

// Connect is the way to the server that the options of a command, the environment and the
// configuration file name: for commands that stand below one of New's and are none of the
// client's own.
func Connect(cmd *cobra.Command, environ []string) (*client.Client, error) {
	a := &app{
		prog: cmd.Root().Name(), environ: environ, now: time.Now,
		stdin: cmd.InOrStdin(), stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr(),
	}
	s, options := &session{app: a}, pflag.NewFlagSet("", pflag.ContinueOnError)
	a.options.register(options)
	s.register(options, verb{})
	var err error
	cmd.Flags().Visit(func(given *pflag.Flag) {
		if err == nil && options.Lookup(given.Name) != nil {
			err = options.Set(given.Name, given.Value.String())
		}
	})
	if err != nil {
		return nil, err
	}
	if err := s.configure(); err != nil {
		return nil, err
	}
	return s.api(cmd.Context())
}
