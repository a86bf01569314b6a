// Command petrel is Petrel's server and its command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/petrelhq/petrel/cmd/internal/author"
	"github.com/petrelhq/petrel/cmd/internal/cli"
	"github.com/petrelhq/petrel/cmd/internal/demo"
)

// version is set by the build.
var version = "0.1.0-dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := cli.New(filepath.Base(os.Args[0]), os.Stdin, os.Stdout, os.Stderr, os.Environ())
	root.AddCommand(serverCommand(), configCommand(), backupCommand(), restoreCommand(), doctorCommand(), demo.Command(), author.ExprCommand(), author.WorkflowCommand())
	return cli.Execute(ctx, root, os.Args[1:])
}
