package author

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/sdk/client"
)

// Connect makes the way to the server that a command line names.
type Connect func(cmd *cobra.Command) (*client.Client, error)

func packDevCommand(connect Connect) *cobra.Command {
	d := &developing{}
	cmd := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Build and install a pack again on each change, and show what it does",
		Long: `Watch the pack in DIR (default: this folder). On each change build it and install it on
the server; in between show what becomes of its executions. Mistakes are told, and the
next change is waited for. Ctrl-C ends it; what was installed last stays.

A pack that asks for more permissions than it was granted is installed only with --yes.`,
		Example: "  petrel pack dev hello\n  petrel pack dev hello --yes",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := connect(cmd)
			if err != nil {
				return err
			}
			d.dir, d.server, d.out = folderOf(args), server, &lines{to: cmd.OutOrStdout()}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVarP(&d.yes, "yes", "y", false, "grant the permissions that the pack asks for")
	cmd.Flags().StringP("token", "t", "", "access token")
	cmd.Flags().String("api-key", "", "API key")
	return cmd
}

// developing is one pack being worked on.
type developing struct {
	dir    string
	server *client.Client
	yes    bool
	out    io.Writer
}

// run goes on until ctx is done.
func (d *developing) run(ctx context.Context) error {
	f, err := openPack(d.dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	changed, watched := make(chan struct{}), make(chan error, 1)
	var helpers sync.WaitGroup
	defer func() {
		cancel()
		helpers.Wait()
	}()
	helpers.Go(func() { watched <- watch(ctx, f.dir, changed) })
	helpers.Go(func() { (&follower{server: d.server, pack: f.pack.Ref, out: d.out}).run(ctx) })
	var built [sha256.Size]byte
	for {
		select {
		case <-changed:
			built = d.look(ctx, built)
		case err := <-watched:
			return err // nil when ctx is done
		}
	}
}

// look builds and installs the pack unless its sources are what they were.
func (d *developing) look(ctx context.Context, before [sha256.Size]byte) [sha256.Size]byte {
	began := time.Now()
	f, err := openPack(d.dir)
	if err != nil {
		d.tell(ctx, err)
		return before
	}
	now, err := f.fingerprint()
	if err != nil {
		d.tell(ctx, err)
		return before
	}
	if now == before {
		return now
	}
	if err := f.build(ctx, d.out); err != nil {
		d.tell(ctx, err)
		return now
	}
	if err := d.install(ctx, f); err != nil {
		d.tell(ctx, err)
		return before // so that saving a file once more tries again
	}
	fmt.Fprintf(d.out, "installed %s after %s; waiting for changes\n", f.pack.Ref, since(began))
	return now
}

// tell says what went wrong, unless that is because the whole thing ends.
func (d *developing) tell(ctx context.Context, err error) {
	if ctx.Err() == nil {
		fmt.Fprintf(d.out, "error: %v\nwaiting for changes\n", err)
	}
}

// lines lets several goroutines print without mixing their lines.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

// Write prints whole lines at once: each call of fmt.Fprintf is one.
func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(text)
}
