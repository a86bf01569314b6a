// Command petrel is Petrel's server and its command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/cmd/internal/author"
	"github.com/petrelhq/petrel/cmd/internal/cli"
	"github.com/petrelhq/petrel/cmd/internal/demo"
	"github.com/petrelhq/petrel/sdk/client"
)

// version is set by the build.
var version = "0.1.0-dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := cli.New(filepath.Base(os.Args[0]), os.Stdin, os.Stdout, os.Stderr, os.Environ(), cli.WithPacker(packFolder))
	addCommands(root, serverCommand(), configCommand(), backupCommand(), restoreCommand(), doctorCommand(), demo.Command(), wasmChildCommand(),
		author.ExprCommand(), author.WorkflowCommand(), author.PackCommand(connect), author.RegistryCommand())
	return cli.Execute(ctx, root, os.Args[1:])
}

// connect is the way to the server for authors' commands.
func connect(cmd *cobra.Command) (*client.Client, error) { return cli.Connect(cmd, os.Environ()) }
